// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/layer_error.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "mho/net/executor.h"

namespace mho {
namespace {

constexpr size_t kBins = 64;

// Inputs of each (layer, group), collected block by block.
using LayerInputs = std::map<std::pair<std::string, size_t>, Matrix<float>>;

LayerInputs collect_inputs(Executor& executor, ConstFloatView pixels, ReadKey key) {
    LayerInputs inputs;
    executor.set_observer([&](const std::string& layer, size_t group, ConstFloatView x) {
        Matrix<float>& all = inputs[{layer, group}];
        all.cols = x.cols;
        for (size_t r = 0; r < x.rows; r++) {
            all.values.insert(all.values.end(), x.row(r), x.row(r) + x.cols);
        }
        all.rows += x.rows;
    });
    Matrix<float> outputs(pixels.rows, executor.output_features());
    executor.run(pixels, outputs.view(), key, 1);
    executor.set_observer({});
    return inputs;
}

struct Norms {
    double error = 0;
    double exact = 0;
};

Norms compare(const TileGrid& grid,
              const Matrix<float>& logical,
              const Matrix<float>& x,
              ReadKey key) {
    Norms norms;
    PackedMatrix packed;
    packed.pack(logical.view());
    ProductScratch product;
    TileGrid::Scratch scratch;
    constexpr size_t kRows = 256;
    const size_t padded = PackedMatrix::row_stride(grid.outputs());
    Matrix<float> exact(kRows, padded);
    Matrix<float> analog(kRows, grid.outputs());
    for (size_t first = 0; first < x.rows; first += kRows) {
        const size_t count = std::min(kRows, x.rows - first);
        const ConstFloatView part = x.view().row_block(first, count);
        multiply(packed,
                 ProductSet::kPlain,
                 part,
                 nullptr,
                 {exact.values.data(), nullptr, nullptr, nullptr, padded},
                 product);
        grid.apply(
            part, analog.view().row_block(0, count), {key.step, key.first_sample + first}, scratch);
        for (size_t r = 0; r < count; r++) {
            for (size_t i = 0; i < grid.outputs(); i++) {
                const double bias = grid.bias().empty() ? 0.0 : grid.bias()[i];
                const double y = exact(r, i);
                const double difference = analog(r, i) - bias - y;
                norms.error += difference * difference;
                norms.exact += y * y;
            }
        }
    }
    return norms;
}

void add_histogram(std::vector<HistogramResult>& out,
                   const std::string& name,
                   const std::vector<float>& values,
                   double low,
                   double high) {
    HistogramResult h{name, low, high, std::vector<double>(kBins, 0.0)};
    for (const float v : values) {
        const double position = (v - low) / (high - low) * static_cast<double>(kBins);
        const double bin = std::clamp(position, 0.0, static_cast<double>(kBins - 1));
        h.counts[static_cast<size_t>(bin)] += 1.0;
    }
    out.push_back(std::move(h));
}

}  // namespace

void measure_layers(const RunFile& run,
                    const Network& network,
                    ConstFloatView pixels,
                    EvaluationResult& result) {
    Executor executor(network, run.seed, 0);
    const std::vector<std::string> layers = executor.analog_layers();
    if (layers.empty()) {
        return;
    }
    const auto logical = [&](const TileGrid& grid, const Matrix<float>& weights) {
        return logical_weights(grid.config().mapping, {weights, grid.scales()});
    };
    // Target weights first: an executor that is not programmed holds them exactly.
    std::map<std::string, std::vector<Matrix<float>>> exact;
    std::vector<float> target, programmed;
    std::vector<float> g_target, g_programmed, g_late;
    double g_max = 0;
    const auto gather = [&](std::vector<float>& weights, std::vector<float>& conductances) {
        for (const std::string& layer : layers) {
            for (TileGrid& grid : executor.grids(layer)) {
                const Matrix<float> w = grid.weights();
                weights.insert(weights.end(), w.values.begin(), w.values.end());
                for (size_t r = 0; r < grid.output_pieces(); r++) {
                    for (size_t c = 0; c < grid.input_pieces(); c++) {
                        for (const Matrix<float>& slice : grid.tile(r, c).conductances_us()) {
                            conductances.insert(
                                conductances.end(), slice.values.begin(), slice.values.end());
                        }
                    }
                }
                g_max = std::max(g_max, grid.tile(0, 0).g_max_us());
            }
        }
    };
    gather(target, g_target);
    for (const std::string& layer : layers) {
        for (const TileGrid& grid : executor.grids(layer)) {
            exact[layer].push_back(logical(grid, grid.weights()));
        }
        result.layer_errors.push_back({layer, {}});
    }
    executor.program();
    std::vector<float> unused;
    gather(unused, g_programmed);
    const std::vector<EvaluationTime>& times = run.evaluation.times;
    for (size_t t = 0; t < times.size(); t++) {
        const ReadKey key{t + 1, 0};
        executor.advance_to(times[t].t_s, t + 1);
        executor.use_compensation(true);
        const LayerInputs inputs = collect_inputs(executor, pixels, key);
        for (size_t l = 0; l < layers.size(); l++) {
            Norms sum;
            const std::vector<TileGrid>& grids = executor.grids(layers[l]);
            for (size_t g = 0; g < grids.size(); g++) {
                const Norms n =
                    compare(grids[g], exact[layers[l]][g], inputs.at({layers[l], g}), key);
                sum.error += n.error;
                sum.exact += n.exact;
            }
            result.layer_errors[l].relative.push_back(
                sum.exact > 0 ? std::sqrt(sum.error / sum.exact) : 0.0);
        }
        if (times[t].name == run.evaluation.ablation.time || t + 1 == times.size()) {
            if (programmed.empty()) {
                gather(programmed, g_late);
                add_histogram(result.weights, "target", target, -1.2, 1.2);
                add_histogram(result.weights, "after " + times[t].name, programmed, -1.2, 1.2);
                add_histogram(result.conductances_us, "target", g_target, 0, 1.2 * g_max);
                add_histogram(result.conductances_us, "programmed", g_programmed, 0, 1.2 * g_max);
                add_histogram(
                    result.conductances_us, "after " + times[t].name, g_late, 0, 1.2 * g_max);
            }
        }
    }
}

}  // namespace mho
