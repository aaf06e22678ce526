// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>

#include "fuzz.h"
#include "mho/io/safetensors.h"
#include "mho/train/learner.h"

namespace mho {
namespace {

template <size_t... kRules>
LearnerConfig config_of(size_t rule, std::index_sequence<kRules...>) {
    LearnerConfig config;
    ((rule == kRules ? void(config.emplace<kRules>()) : void()), ...);
    return config;
}

LearnerConfig config_of(size_t rule) {
    return config_of(rule, std::make_index_sequence<std::variant_size_v<LearnerConfig>>());
}

LearnerState state_of(const SafeTensors& file) {
    LearnerState state;
    for (const auto& [name, tensor] : file.tensors) {
        state.arrays[name] = tensor.values;
    }
    for (const auto& [name, text] : file.metadata) {
        std::from_chars(text.data(), text.data() + text.size(), state.numbers[name]);
    }
    return state;
}

}  // namespace
}  // namespace mho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        // A learner of 2 x 3 weights, of the rule that the first byte names, goes on from what a
        // checkpoint holds.
        if (input.empty()) {
            return;
        }
        const size_t rule = static_cast<uint8_t>(input[0]) % std::variant_size_v<LearnerConfig>;
        const auto learner = make_learner(config_of(rule), 2, 3, TileKey{1});
        learner->set_state(state_of(parse_safetensors(input.substr(1), "fuzz")));
        const Matrix<float> x(1, 3, 0.5f), d(1, 2, 0.25f);
        UpdateCall call;
        call.rate = 0.01;
        learner->update(x.view(), d.view(), call);
        learner->end_of_batch(1);
        for (size_t r = 0; r < 2; r++) {
            for (const float w : learner->weights().row_span(r)) {
                fuzz::require(std::isfinite(w));
            }
        }
    });
}
