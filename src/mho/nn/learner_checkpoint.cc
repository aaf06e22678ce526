// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/learner_checkpoint.h"

#include <charconv>

#include "mho/util/error.h"

namespace mho {
namespace {

std::string prefix_of(const std::string& layer, size_t tile) {
    return "learner." + layer + "." + std::to_string(tile) + "/";
}

}  // namespace

void save_learners(const GraphNetworkImpl& network, SafeTensors& checkpoint) {
    for (const auto& [name, layer] : network.analog_layers()) {
        const std::vector<LearnerState> states = layer->learner_states();
        for (size_t tile = 0; tile < states.size(); tile++) {
            const std::string prefix = prefix_of(name, tile);
            for (const auto& [array, values] : states[tile].arrays) {
                checkpoint.tensors[prefix + array] = make_tensor({values.size()}, values);
            }
            for (const auto& [number, value] : states[tile].numbers) {
                checkpoint.metadata[prefix + number] = std::to_string(value);
            }
        }
    }
}

std::map<std::string, std::vector<LearnerState>> saved_learners(const GraphNetworkImpl& network,
                                                                const SafeTensors& checkpoint) {
    std::map<std::string, std::vector<LearnerState>> all;
    for (const auto& [name, layer] : network.analog_layers()) {
        if (!layer->learns_in_memory()) {
            continue;
        }
        std::vector<LearnerState> states(layer->learners().size());
        for (size_t tile = 0; tile < states.size(); tile++) {
            const std::string prefix = prefix_of(name, tile);
            for (const auto& [key, tensor] : checkpoint.tensors) {
                if (key.starts_with(prefix)) {
                    states[tile].arrays[key.substr(prefix.size())] = tensor.values;
                }
            }
            for (const auto& [key, text] : checkpoint.metadata) {
                if (!key.starts_with(prefix)) {
                    continue;
                }
                uint64_t value = 0;
                const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
                if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
                    throw InputError("checkpoint: `" + key + "` is not a whole number");
                }
                states[tile].numbers[key.substr(prefix.size())] = value;
            }
            if (states[tile].arrays.empty()) {
                throw InputError("the checkpoint holds no in-memory learner of layer " + name);
            }
        }
        all[name] = std::move(states);
    }
    return all;
}

}  // namespace mho
