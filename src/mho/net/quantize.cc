// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/quantize.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "mho/net/calibrate.h"
#include "mho/net/executor.h"
#include "mho/net/network_internal.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// A tile of which only the input converter is left.
Hardware integer_hardware() {
    Hardware h;
    h.mapping.omega = 0;  // weights as they are
    h.mapping.max_inputs = 0;
    h.mapping.max_outputs = 0;
    h.forward.adc.bound = 0;
    h.forward.adc.steps = 0;
    h.forward.output_noise.std = 0;
    h.forward.weight_noise = {WeightNoiseKind::kNone, 0.0};
    h.forward.ir_drop.strength = 0;
    h.forward.noise_management.kind = NoiseManagementKind::kNone;
    h.drift_compensation = DriftCompensationKind::kNone;
    return h;
}

void quantize_table(Network& network, const Layer& layer, int bits) {
    QuantizerConfig config{.bits = bits};
    std::vector<size_t> shape = table_shape(layer.op);
    if (const auto* norm = std::get_if<LayerNormOp>(&layer.op)) {
        shape = {1, static_cast<size_t>(norm->features)};
    }
    if (shape.empty()) {
        return;
    }
    config.per_channel = true;
    fake_quantize_weights(
        config, {network.parameters.at(layer.name + ".weight").values.data(), shape[0], shape[1]});
}

std::map<std::string, bool> layers_with_negative_inputs(const Network& network,
                                                        ConstFloatView pixels,
                                                        size_t batch) {
    std::map<std::string, bool> negative;
    Executor exact(exact_analog(network), 1);
    exact.set_observer([&](const std::string& layer, size_t, ConstFloatView x) {
        bool& found = negative[layer];
        for (size_t r = 0; r < x.rows && !found; r++) {
            for (const float v : x.row_span(r)) {
                found = found || v < 0;
            }
        }
    });
    for (size_t first = 0; first < pixels.rows; first += batch) {
        const ConstFloatView part = pixels.row_block(first, std::min(batch, pixels.rows - first));
        Matrix<float> outputs(part.rows, exact.output_features());
        exact.run(part, outputs.view(), {0, first}, 1);
    }
    return negative;
}

}  // namespace

Network quantize_network(const Network& digital,
                         ConstFloatView pixels,
                         const NetworkQuantization& config) {
    if (!digital.analog.empty()) {
        throw InputError("only a digital network can be quantised; `" +
                         digital.analog.begin()->first + "` is analog");
    }
    if (config.activation_bits < 2 || config.activation_bits > 16) {
        throw ConfigError("quantization.activation_bits", "must be 2 to 16");
    }
    if (config.table_bits != 0 && (config.table_bits < 2 || config.table_bits > 16)) {
        throw ConfigError("quantization.table_bits", "must be 2 to 16, or 0");
    }
    if (pixels.rows == 0 || config.batch == 0) {
        throw InputError("the ranges of activations need at least one sample");
    }
    Network folded = fold_batch_norm(digital);
    HardwareSpec spec;
    spec.base = integer_hardware();
    for (const std::string& pattern : config.exclude) {
        spec.overrides.push_back({pattern, true, ""});
    }
    for (const Layer& layer : folded.graph.layers) {
        const MatrixLayout layout = matrix_layout(layer.op);
        if (config.table_bits > 0 && spec.for_layer(layer.name)) {
            quantize_table(folded, layer, config.table_bits);
        }
        if (layout.groups == 0 || !spec.for_layer(layer.name)) {
            continue;
        }
        Tensor& weight = folded.parameters.at(layer.name + ".weight");
        fake_quantize_weights(config.weights,
                              {weight.values.data(), layout.outputs(), layout.rows});
    }
    Network quantized = map_to_hardware(folded, spec);
    const double levels = std::ldexp(1.0, config.activation_bits);
    for (const auto& [layer, negative] :
         layers_with_negative_inputs(quantized, pixels, config.batch)) {
        // Steps count over both signs; non-negative inputs use the upper half.
        quantized.analog.at(layer).forward.dac.steps = negative ? levels - 2 : 2 * (levels - 1);
    }
    calibrate_input_ranges(
        quantized,
        pixels,
        {.rule = config.activations, .batch = config.batch, .seed = config.seed});
    return quantized;
}

}  // namespace mho
