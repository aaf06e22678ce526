// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/mvm_problem.h"

#include <algorithm>
#include <cmath>

#include "mho/analysis/noise_resistance.h"
#include "mho/kernels/product.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr float kTestWeightStd = 0.246f;  // before clipping to +-1

void scale_conductance(TileConfig& config, ConductanceScales scales) {
    config.conductance = scaled(config.conductance, scales);
}

}  // namespace

MvmProblem random_mvm_problem(
    uint64_t seed, const std::string& path, uint32_t chip, size_t size, size_t vectors) {
    if (size == 0 || vectors == 0) {
        throw InputError("an MVM error needs at least one weight and one input vector");
    }
    const TileKey key = make_tile_key(seed, path, 0, 0, chip);
    Matrix<float> w(size, size);
    fill_normal(key, Stream::kInitialWeights, 0, 0, w.values);
    for (float& v : w.values) {
        v = std::clamp(kTestWeightStd * v, -1.0f, 1.0f);
    }
    MvmProblem p{map_weights(Mapping{}, w.view()),
                 Matrix<float>(vectors, size),
                 Matrix<float>(vectors, size)};
    fill_uniform(key, Stream::kInitialWeights, 1, 0, p.inputs.values);
    std::vector<float> keep(p.inputs.values.size());
    fill_uniform(key, Stream::kInitialWeights, 2, 0, keep);
    for (size_t i = 0; i < keep.size(); i++) {
        p.inputs.values[i] = keep[i] < 0.5f ? 0.0f : 2 * p.inputs.values[i] - 1;
    }
    PackedMatrix packed;
    packed.pack(w.view());
    ProductScratch scratch;
    Matrix<float> padded(vectors, packed.row_stride());
    ProductSums sums;
    sums.plain = padded.values.data();
    sums.stride = padded.cols;
    multiply(packed, ProductSet::kPlain, p.inputs.view(), nullptr, sums, scratch);
    for (size_t r = 0; r < vectors; r++) {
        std::copy_n(padded.row(r), size, p.exact.row(r));
    }
    return p;
}

double mvm_error(const Tile& tile, const MvmProblem& p, uint64_t step) {
    if (p.exact.cols != tile.outputs() || p.mapped.scales.cols != p.exact.cols ||
        p.exact.rows != p.inputs.rows) {
        throw InputError("an MVM error needs a tile of the size of the problem");
    }
    Matrix<float> y(p.inputs.rows, p.exact.cols);
    MvmScratch scratch;
    MvmCall call;
    call.key.step = step;
    tile.apply(p.inputs.view(), y.view(), call, scratch);
    double error = 0;
    double exact = 0;
    for (size_t r = 0; r < y.rows; r++) {
        for (size_t i = 0; i < y.cols; i++) {
            const double target = p.exact(r, i);
            const double difference = double{p.mapped.scales(0, i)} * y(r, i) - target;
            error += difference * difference;
            exact += target * target;
        }
    }
    return std::sqrt(error / exact);
}

std::vector<StrengthKnob> strength_knobs() {
    using Group = StrengthKnob::Group;
    return {
        {"input converter",
         Group::kInputOutput,
         250,
         [](TileConfig& c, double t) { c.forward.dac.steps = 254 / t; }},
        {"output converter",
         Group::kInputOutput,
         250,
         [](TileConfig& c, double t) { c.forward.adc.steps = 254 / t; }},
        {"input noise, 0.01",
         Group::kInputOutput,
         1000,
         [](TileConfig& c, double t) { c.forward.dac.noise_std = 0.01 * t; }},
        {"output noise, 0.04",
         Group::kInputOutput,
         1000,
         [](TileConfig& c, double t) { c.forward.output_noise.std = 0.04 * t; }},
        {"read noise of the weights, 0.0175",
         Group::kWeights,
         1000,
         [](TileConfig& c, double t) { c.forward.weight_noise.std = 0.0175 * t; }},
        {"programming noise",
         Group::kWeights,
         100,
         [](TileConfig& c, double t) { scale_conductance(c, {t, 1, 1}); }},
        {"1/f noise of the cells",
         Group::kWeights,
         100,
         [](TileConfig& c, double t) { scale_conductance(c, {1, 1, t}); }},
        {"IR drop",
         Group::kOther,
         100,
         [](TileConfig& c, double t) { c.forward.ir_drop.strength = t; }},
        {"output non-linearity, 0.1",
         Group::kOther,
         100,
         [](TileConfig& c, double t) { c.forward.output_nonlinearity.strength = 0.1 * t; }},
        {"cells stuck at zero, 0.1 %",
         Group::kOther,
         1000,
         [](TileConfig& c, double t) { c.stuck_cells.probability = 0.001 * t; }},
    };
}

double matched_strength(const StrengthKnob& knob,
                        const TileConfig& standard,
                        const MvmProblem& problem,
                        TileKey key,
                        double time_s,
                        double target) {
    const auto error = [&](double times) {
        TileConfig config = standard;
        knob.set(config, times);
        Tile tile(config, problem.exact.cols, problem.inputs.cols, key);
        tile.program(problem.mapped.weights.view());
        tile.advance_to(time_s);
        return mvm_error(tile, problem, 0);
    };
    return find_level(error, target, 0.01, knob.largest, 0.01);
}

}  // namespace mho
