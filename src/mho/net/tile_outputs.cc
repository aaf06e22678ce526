// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/tile_outputs.h"

#include <algorithm>
#include <cmath>

#include "mho/adapt/column_ranges.h"
#include "mho/kernels/product.h"
#include "mho/net/calibrate.h"
#include "mho/net/network_internal.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// The matrix of one group, packed piece by piece of its inputs.
struct Pieces {
    std::vector<size_t> offsets;
    std::vector<PackedMatrix> weights;
    std::vector<float> ranges;
};

Pieces pieces_of(const Network& network, const Layer& layer, size_t group) {
    const Hardware& hardware = network.analog.at(layer.name);
    const MappedWeights mapped = group_weights(network, layer, hardware, group);
    Pieces p;
    p.offsets = split_axis(mapped.weights.cols, hardware.mapping.max_inputs);
    const size_t count = p.offsets.size() - 1;
    const std::vector<float>& all = network.parameters.at(layer.name + ".input_range").values;
    for (size_t c = 0; c < count; c++) {
        p.weights.emplace_back().pack(
            mapped.weights.view().column_block(p.offsets[c], p.offsets[c + 1] - p.offsets[c]));
        p.ranges.push_back(all[group * count + c]);
    }
    return p;
}

void add_rows(const Pieces& pieces, ConstFloatView inputs, ColumnOutputs& to) {
    ProductScratch scratch;
    AlignedFloats memory;
    for (size_t c = 0; c < pieces.weights.size(); c++) {
        const size_t width = pieces.offsets[c + 1] - pieces.offsets[c];
        Matrix<float> x(inputs.rows, width);
        for (size_t r = 0; r < x.rows; r++) {
            for (size_t j = 0; j < width; j++) {
                const float v = inputs(r, pieces.offsets[c] + j);
                x(r, j) = pieces.ranges[c] > 0 ? std::clamp(v / pieces.ranges[c], -1.0f, 1.0f) : v;
            }
        }
        const PackedMatrix& w = pieces.weights[c];
        memory.resize(x.rows * w.row_stride());
        ProductSums sums;
        sums.plain = memory.data();
        sums.stride = w.row_stride();
        multiply(w, ProductSet::kPlain, x.view(), nullptr, sums, scratch);
        for (size_t r = 0; r < x.rows; r++) {
            for (size_t i = 0; i < w.outputs(); i++) {
                const double y = sums.plain[r * sums.stride + i];
                to.sum(c, i) += y;
                to.squares(c, i) += y * y;
                to.largest(c, i) = std::max(to.largest(c, i), std::abs(y));
                to.highest(c, i) = std::max(to.highest(c, i), y);
            }
        }
    }
    to.rows += static_cast<double>(inputs.rows);
}

}  // namespace

double ColumnOutputs::std(size_t piece, size_t output) const {
    const double m = mean(piece, output);
    return std::sqrt(std::max(0.0, squares(piece, output) / rows - m * m));
}

TileOutputs observe_tile_outputs(const Network& network, ConstFloatView pixels) {
    if (pixels.rows == 0) {
        throw InputError("the outputs of tiles need at least one sample");
    }
    Executor exact(exact_analog(network), 0);
    std::map<std::string, std::vector<Pieces>> pieces;
    TileOutputs outputs;
    for (const Layer& layer : network.graph.layers) {
        if (!network.is_analog(layer.name)) {
            continue;
        }
        const std::vector<TileGrid>& grids = exact.grids(layer.name);
        for (size_t g = 0; g < grids.size(); g++) {
            pieces[layer.name].push_back(pieces_of(network, layer, g));
            const size_t count = grids[g].input_pieces();
            const Matrix<double> zero(count, grids[g].outputs());
            outputs[layer.name].push_back({zero, zero, zero, zero, 0});
        }
    }
    exact.set_observer([&](const std::string& layer, size_t group, ConstFloatView inputs) {
        add_rows(pieces.at(layer)[group], inputs, outputs.at(layer)[group]);
    });
    Matrix<float> unused(pixels.rows, exact.output_features());
    exact.run(pixels, unused.view(), {});
    return outputs;
}

namespace {

// The largest result over the columns of every tile of a grid, scale and bias included.
std::vector<float> largest_results(const TileGrid& grid,
                                   const ColumnOutputs& outputs,
                                   double margin) {
    std::vector<float> ranges;
    for (size_t r = 0; r < grid.output_pieces(); r++) {
        for (size_t c = 0; c < grid.input_pieces(); c++) {
            const float gain = grid.input_ranges()[c] > 0 ? grid.input_ranges()[c] : 1.0f;
            double most = 0;
            for (size_t i = grid.output_offsets()[r]; i < grid.output_offsets()[r + 1]; i++) {
                const double bias = c == 0 && !grid.bias().empty() ? double{grid.bias()[i]} : 0.0;
                const double unit = double{grid.scales()(c, i)} * gain;
                most =
                    std::max(most,
                             grid.computes_relu() ? outputs.highest(c, i) * unit + bias
                                                  : outputs.largest(c, i) * unit + std::abs(bias));
            }
            ranges.push_back(static_cast<float>(margin * most));
        }
    }
    return ranges;
}

}  // namespace

void set_output_ranges(Executor& executor, const TileOutputs& outputs, double margin) {
    for (const std::string& layer : executor.analog_layers()) {
        const auto found = outputs.find(layer);
        if (found == outputs.end() || found->second.size() != executor.grids(layer).size()) {
            throw InputError("the outputs of layer " + layer + " were not observed");
        }
        const std::vector<ColumnOutputs>& groups = found->second;
        std::vector<TileGrid>& grids = executor.grids(layer);
        for (size_t g = 0; g < grids.size(); g++) {
            grids[g].set_output_ranges(largest_results(grids[g], groups[g], margin));
        }
    }
}

bool needs_output_ranges(const Network& network) {
    return std::any_of(network.analog.begin(), network.analog.end(), [](const auto& layer) {
        return layer.second.periphery.kind != PeripheryKind::kIdeal;
    });
}

void calibrate_output_ranges(Network& network, ConstFloatView pixels, double margin) {
    if (!needs_output_ranges(network)) {
        return;
    }
    const TileOutputs outputs = observe_tile_outputs(network, pixels);
    const Executor executor(network, 0);
    for (const auto& [layer, hardware] : network.analog) {
        if (hardware.periphery.kind == PeripheryKind::kIdeal) {
            continue;
        }
        std::vector<float> ranges;
        const std::vector<TileGrid>& grids = executor.grids(layer);
        for (size_t g = 0; g < grids.size(); g++) {
            const std::vector<float> of_grid =
                largest_results(grids[g], outputs.at(layer)[g], margin);
            ranges.insert(ranges.end(), of_grid.begin(), of_grid.end());
        }
        const size_t count = ranges.size();
        network.parameters[layer + ".output_range"] = Tensor{{count}, std::move(ranges)};
    }
}

void calibrate_column_ranges(Network& network, ConstFloatView pixels, double deviations) {
    const TileOutputs outputs = observe_tile_outputs(network, pixels);
    for (const auto& [layer, groups] : outputs) {
        const Hardware& hardware = network.analog.at(layer);
        const double w_max = hardware.mapping.omega > 0 ? hardware.mapping.omega : 1.0;
        const double bound = hardware.forward.adc.bound > 0 ? hardware.forward.adc.bound : INFINITY;
        std::vector<float>& weights = network.parameters.at(layer + ".tile_weight").values;
        std::vector<float>& scales = network.parameters.at(layer + ".scale").values;
        const size_t per_group = groups[0].sum.cols;
        const size_t all = per_group * groups.size();
        const size_t inputs = weights.size() / all;
        const std::vector<size_t> offsets = split_axis(inputs, hardware.mapping.max_inputs);
        for (size_t g = 0; g < groups.size(); g++) {
            for (size_t c = 0; c + 1 < offsets.size(); c++) {
                std::vector<double> expected;
                for (size_t i = 0; i < per_group; i++) {
                    expected.push_back(std::abs(groups[g].mean(c, i)) +
                                       deviations * groups[g].std(c, i));
                }
                const FloatView block{weights.data() + g * per_group * inputs + offsets[c],
                                      per_group,
                                      offsets[c + 1] - offsets[c],
                                      inputs};
                rescale_columns(block,
                                {scales.data() + c * all + g * per_group, per_group},
                                expected,
                                bound,
                                w_max);
            }
        }
    }
}

}  // namespace mho
