// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/weight_noise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/net/graph_internal.h"
#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

double deviation_of(std::span<const float> values) {
    double sum = 0;
    double squares = 0;
    for (const float v : values) {
        sum += v;
        squares += double{v} * v;
    }
    const auto n = static_cast<double>(values.size());
    return std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)));
}

double largest_of(std::span<const float> values) {
    float largest = 0;
    for (const float v : values) {
        largest = std::fmax(largest, std::fabs(v));
    }
    return largest;
}

void add_noise(std::span<float> values, std::span<const float> normals, double sigma) {
    for (size_t i = 0; i < values.size(); i++) {
        values[i] += static_cast<float>(sigma) * normals[i];
    }
}

}  // namespace

Network with_weight_noise(const Network& network,
                          const AdditiveNoise& noise,
                          uint64_t seed,
                          uint64_t draw) {
    if (!(noise.level >= 0 && std::isfinite(noise.level))) {
        throw InputError(
            fmt::format("the level of weight noise must be 0 or more, got {}", noise.level));
    }
    if (!network.analog.empty()) {
        throw ConfigError("network",
                          "weight noise is for digital networks; `" +
                              network.analog.begin()->first + "` is analog");
    }
    Network noisy = network;
    std::vector<float> normals;
    const auto normals_for = [&](const std::string& parameter, size_t count) {
        normals.resize(count);
        fill_normal(make_tile_key(seed, parameter), Stream::kWeightNoise, draw, 0, normals);
    };
    for (const Layer& layer : network.graph.layers) {
        const MatrixLayout layout = matrix_layout(layer.op);
        if (layout.groups > 0) {
            const std::string name = layer.name + ".weight";
            std::vector<float>& w = noisy.parameters.at(name).values;
            normals_for(name, w.size());
            if (noise.reference != NoiseReference::kChannelMax) {
                const double unit =
                    noise.reference == NoiseReference::kLayerStd ? deviation_of(w) : largest_of(w);
                add_noise(w, normals, noise.level * unit);
                continue;
            }
            for (size_t i = 0; i < w.size(); i += layout.rows) {
                const std::span<float> channel(w.data() + i, layout.rows);
                add_noise(channel,
                          std::span(normals).subspan(i, layout.rows),
                          noise.level * largest_of(channel));
            }
        } else if (std::holds_alternative<BatchNormOp>(layer.op)) {
            const auto disturb = [&](const std::string& name) {
                std::vector<float>& values = noisy.parameters.at(name).values;
                normals_for(name, values.size());
                add_noise(values,
                          normals,
                          noise.level * (noise.reference == NoiseReference::kLayerStd
                                             ? deviation_of(values)
                                             : largest_of(values)));
            };
            if (noise.norms) {
                disturb(layer.name + ".weight");
                disturb(layer.name + ".bias");
            }
            if (noise.statistics) {
                disturb(layer.name + ".running_mean");
                disturb(layer.name + ".running_var");
                for (float& v : noisy.parameters.at(layer.name + ".running_var").values) {
                    v = noise.negative_variances ? v : std::fmax(v, 0.0F);
                }
            }
        }
    }
    return noisy;
}

}  // namespace mho
