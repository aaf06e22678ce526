// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_circuit_reasons.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/analysis/statistics.h"
#include "mho/kernels/product.h"
#include "mho/random/stream.h"
#include "mho/tile/sliced_tile.h"

namespace mho {
namespace {

constexpr size_t kInputs = 576;  // the longest columns of the ResNet-20: 64 channels, 3 x 3
constexpr size_t kOutputs = 16;
constexpr size_t kVectors = 10;
constexpr size_t kMatrices = 8;
constexpr double kWeightStd = 0.1;  // of the largest weight

// Error of products in percent, matrix by matrix; half of the inputs are zero, as behind a ReLU.
std::vector<double> product_errors(const Crossbar& crossbar, uint64_t seed) {
    std::vector<double> errors;
    for (uint32_t chip = 0; chip < kMatrices; chip++) {
        const TileKey key = make_tile_key(seed, "study/circuits/pairs", 0, 0, chip);
        Matrix<float> w(kOutputs, kInputs);
        Matrix<float> x(kVectors, kInputs);
        fill_normal(key, Stream::kInitialWeights, 0, 0, w.values);
        fill_uniform(key, Stream::kInitialWeights, 1, 0, x.values);
        for (float& v : w.values) {
            v = std::clamp(static_cast<float>(kWeightStd) * v, -1.0f, 1.0f);
        }
        for (float& v : x.values) {
            v = std::max(0.0f, 2 * v - 1);
        }
        Matrix<double> exact(kVectors, kOutputs);
        reference_multiply(w.view(), x.view(), exact.view());
        SlicedTile tile(crossbar, {}, kOutputs, kInputs, key);
        tile.write(w.view(), 0, {}, 0);
        Matrix<float> y(kVectors, kOutputs);
        MvmScratch scratch;
        MvmCall call;
        call.range_scale = 1.0f;
        tile.apply(x.view(), y.view(), call, scratch);
        double error = 0;
        double norm = 0;
        for (size_t k = 0; k < y.values.size(); k++) {
            error += std::pow(double{y.values[k]} - exact.values[k], 2);
            norm += exact.values[k] * exact.values[k];
        }
        errors.push_back(100 * std::sqrt(error / norm));
    }
    return errors;
}

// "separate 40.1 %, interleaved 48.2 %, difference -8.1 points (-8.3 to -7.9)"
std::string both_layouts(Crossbar crossbar, uint64_t seed) {
    crossbar.weights.interleaved = false;
    const std::vector<double> separate = product_errors(crossbar, seed);
    crossbar.weights.interleaved = true;
    const std::vector<double> pairs = product_errors(crossbar, seed);
    const Interval d = paired_difference(separate, pairs, seed);
    return fmt::format(
        "separate {:.2f} %, interleaved {:.2f} %, difference {:.2f} points "
        "({:.2f} to {:.2f})",
        mean(separate),
        mean(pairs),
        d.mean,
        d.low,
        d.high);
}

}  // namespace

std::string why_pairs_lose(const Crossbar& crossbar, double resistance, uint64_t seed) {
    Crossbar driven = crossbar;
    driven.weights.weight_bits = 0;
    driven.input = {};
    driven.input.coding = InputCoding::kAnalog;
    driven.adc = {};
    driven.wires = {};
    driven.wires.column_resistance = resistance;
    Crossbar gated = driven;
    gated.wires.topology = WireTopology::kSupplyLine;
    return fmt::format(
        "where inputs are voltages, a cell loads its bit line at every input, zero included, and "
        "a shared line sees the cells of both signs. Tested by the error of products with {} "
        "inputs, half of them zero, bit lines alone: {}. Where inputs gate the cells, so that one "
        "at zero input loads nothing: {}. So the claim is one about gated cells.",
        kInputs,
        both_layouts(driven, seed),
        both_layouts(gated, seed));
}

}  // namespace mho
