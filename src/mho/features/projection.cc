// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/features/projection.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "mho/features/hadamard.h"
#include "mho/kernels/product.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr float kTruncation = 3.0f;
// Blocks of steps, so that no two purposes share numbers.
constexpr uint64_t kMatrixSteps = 0;
constexpr uint64_t kLengthSteps = uint64_t{1} << 20;
constexpr uint64_t kSignSteps = uint64_t{1} << 21;

// Rows become orthonormal, in double, by the modified Gram-Schmidt process run twice, which is as
// accurate as Householder reflections for matrices that are not nearly singular.
void orthonormalise(Matrix<double>& m) {
    for (size_t i = 0; i < m.rows; i++) {
        double* row = m.row(i);
        for (int pass = 0; pass < 2; pass++) {
            for (size_t k = 0; k < i; k++) {
                const double* other = m.row(k);
                double dot = 0;
                for (size_t j = 0; j < m.cols; j++) {
                    dot += row[j] * other[j];
                }
                for (size_t j = 0; j < m.cols; j++) {
                    row[j] -= dot * other[j];
                }
            }
        }
        double square = 0;
        for (size_t j = 0; j < m.cols; j++) {
            square += row[j] * row[j];
        }
        const double norm = 1 / std::sqrt(square);
        for (size_t j = 0; j < m.cols; j++) {
            row[j] *= norm;
        }
    }
}

void draw_orthogonal(Matrix<float>& w, TileKey key) {
    const size_t d = w.cols;
    // Lengths: the norm of d normal numbers each, which is a chi(d) number.
    std::vector<float> lengths(w.rows * d);
    fill_normal(key, Stream::kInitialWeights, kLengthSteps, 0, lengths);
    std::vector<float> entries(d * d);
    for (size_t first = 0, block = 0; first < w.rows; first += d, block++) {
        fill_truncated_normal(key, kMatrixSteps + 64 * block, kTruncation, entries);
        Matrix<double> q(d, d);
        std::copy(entries.begin(), entries.end(), q.values.begin());
        orthonormalise(q);
        for (size_t i = 0; i < std::min(d, w.rows - first); i++) {
            double square = 0;
            for (size_t j = 0; j < d; j++) {
                square += double{lengths[(first + i) * d + j]} * lengths[(first + i) * d + j];
            }
            for (size_t j = 0; j < d; j++) {
                w(first + i, j) = static_cast<float>(std::sqrt(square) * q(i, j));
            }
        }
    }
}

// sqrt(D) H D1 H D2 H D3, column by column: the transform of D3 e_j.
void draw_structured(Matrix<float>& w, TileKey key) {
    const size_t size = next_power_of_two(w.cols);
    std::vector<uint32_t> words(3 * size);
    std::vector<float> column(size);
    for (size_t first = 0, block = 0; first < w.rows; first += size, block++) {
        fill_words(key, Stream::kInitialWeights, kSignSteps + block, 0, words);
        const auto flip = [&](size_t diagonal) {
            for (size_t i = 0; i < size; i++) {
                if ((words[diagonal * size + i] >> 31) != 0) {
                    column[i] = -column[i];
                }
            }
        };
        for (size_t j = 0; j < w.cols; j++) {
            std::fill(column.begin(), column.end(), 0.0f);
            column[j] = std::sqrt(static_cast<float>(size));
            for (size_t diagonal = 3; diagonal-- > 0;) {
                flip(diagonal);
                fast_hadamard(column);
            }
            for (size_t i = 0; i < std::min(size, w.rows - first); i++) {
                w(first + i, j) = column[i];
            }
        }
    }
}

}  // namespace

void fill_truncated_normal(TileKey key, uint64_t step, float bound, std::span<float> out) {
    if (!(bound > 0.1f) || !std::isfinite(bound)) {
        throw InputError("normal numbers can be cut at 0.1 standard deviations or more");
    }
    fill_normal(key, Stream::kInitialWeights, step, 0, out);
    const auto outside = [&](float v) { return std::abs(v) > bound; };
    std::vector<float> again;
    while (std::any_of(out.begin(), out.end(), outside)) {
        again.resize(out.size());
        fill_normal(key, Stream::kInitialWeights, ++step, 0, again);
        for (size_t i = 0; i < out.size(); i++) {
            if (outside(out[i])) {
                out[i] = again[i];
            }
        }
    }
}

Matrix<float> draw_projection(ProjectionKind kind, size_t features, size_t inputs, TileKey key) {
    if (features == 0 || inputs == 0) {
        throw InputError("a random projection needs at least one feature and one input");
    }
    Matrix<float> w(features, inputs);
    switch (kind) {
        case ProjectionKind::kGaussian:
            fill_truncated_normal(key, kMatrixSteps, kTruncation, w.values);
            break;
        case ProjectionKind::kOrthogonal:
            draw_orthogonal(w, key);
            break;
        case ProjectionKind::kStructured:
            draw_structured(w, key);
            break;
    }
    return w;
}

Matrix<float> project(const Matrix<float>& projection, ConstFloatView inputs) {
    if (inputs.cols != projection.cols) {
        throw InputError("the projection takes " + std::to_string(projection.cols) +
                         " inputs, got " + std::to_string(inputs.cols));
    }
    require_finite(projection.view(), "projection");
    require_finite(inputs, "inputs of a projection");
    PackedMatrix packed;
    packed.pack(projection.view());
    const size_t stride = packed.row_stride();
    AlignedFloats sums(inputs.rows * stride);
    ProductScratch scratch;
    ProductSums out;
    out.plain = sums.data();
    out.stride = stride;
    multiply(packed, ProductSet::kPlain, inputs, nullptr, out, scratch);
    Matrix<float> y(inputs.rows, projection.rows);
    for (size_t r = 0; r < y.rows; r++) {
        std::copy_n(sums.data() + r * stride, y.cols, y.row(r));
    }
    return y;
}

AnalogProjection::AnalogProjection(const TileConfig& config,
                                   const Matrix<float>& projection,
                                   float input_range,
                                   uint64_t seed,
                                   const std::string& name,
                                   uint32_t chip)
    : grid_(config, projection.rows, projection.cols, seed, name, chip) {
    MappedWeights mapped = map_weights(config.mapping, projection.view());
    grid_.set_scales(std::move(mapped.scales));
    grid_.set_input_ranges(std::vector<float>(grid_.input_pieces(), input_range));
    grid_.program(mapped.weights.view());
}

Matrix<float> AnalogProjection::project(ConstFloatView inputs, ReadKey key) const {
    Matrix<float> y(inputs.rows, grid_.outputs());
    TileGrid::Scratch scratch;
    grid_.apply(inputs, y.view(), key, scratch);
    return y;
}

TileConfig hermes_core(double adc_bound) {
    require_positive(adc_bound, "adc_bound of a core");
    TileConfig c;
    c.mapping.max_inputs = 256;
    c.mapping.max_outputs = 256;
    c.conductance = Hermes{};
    c.converter = SinglePair{.g_max_us = 20.7};
    c.forward.adc.bound = adc_bound;
    c.forward.output_noise.std = 0.01 * adc_bound;
    c.forward.weight_noise = {WeightNoiseKind::kNone, 0.0};  // the cells' 1/f noise is in their law
    c.forward.ir_drop.strength = 0.0;
    return c;
}

double adc_bound_for(const Matrix<float>& projection,
                     ConstFloatView inputs,
                     float input_range,
                     double margin) {
    require_finite(inputs, "inputs of a projection");
    require_positive(margin, "margin of an ADC range");
    if (!(input_range > 0) || !std::isfinite(input_range)) {
        throw InputError("an ADC range needs an input range above 0");
    }
    const MappedWeights mapped =
        map_weights({.max_inputs = 0, .max_outputs = 0}, projection.view());
    Matrix<float> cut(inputs.rows, inputs.cols);
    for (size_t r = 0; r < inputs.rows; r++) {
        for (size_t j = 0; j < inputs.cols; j++) {
            cut(r, j) = std::clamp(inputs(r, j) / input_range, -1.0f, 1.0f);
        }
    }
    float largest = 0;
    for (const float v : project(mapped.weights, cut.view()).values) {
        largest = std::max(largest, std::abs(v));
    }
    return largest > 0 ? margin * double{largest} : 1.0;
}

}  // namespace mho
