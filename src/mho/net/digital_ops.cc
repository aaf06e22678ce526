// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/digital_ops.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mho/util/scalar_math.h"

namespace mho {
namespace {

float sigmoid(float x) {
    return 1.0f / (1.0f + scalar_math::exp(-x));
}

// Near zero the quotient of exponentials loses its digits; there the odd polynomial of the Cephes
// library (S. Moshier) is used.
float tanh_float(float x) {
    const float a = x < 0 ? -x : x;
    if (a < 0.625f) {
        const float z = x * x;
        float p = -5.70498872745e-3f;
        p = p * z + 2.06390887954e-2f;
        p = p * z - 5.37397155531e-2f;
        p = p * z + 1.33314422036e-1f;
        p = p * z - 3.33332819422e-1f;
        return p * z * x + x;
    }
    const float t = 1.0f - 2.0f / (scalar_math::exp(2.0f * a) + 1.0f);
    return x < 0 ? -t : t;
}

float gelu(float x) {
    const float a = (x < 0 ? -x : x) * 0.70710678f;
    const float t = 1.0f / (1.0f + 0.3275911f * a);
    float p = 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const float tail = 0.5f * p * t * scalar_math::exp(-a * a);  // 1 - Phi(|x|)
    return x < 0 ? x * tail : x - x * tail;
}

}  // namespace

void normalise_pixels(const InputSpec& input, const float* pixels, float* to) {
    const auto channels = static_cast<size_t>(input.shape[0]);
    const size_t plane = static_cast<size_t>(input.shape[1]) * static_cast<size_t>(input.shape[2]);
    const auto scale = static_cast<float>(input.scale);
    for (size_t c = 0; c < channels; c++) {
        const float mean = input.mean.empty() ? 0.0f : static_cast<float>(input.mean[c]);
        const float std = input.std.empty() ? 1.0f : static_cast<float>(input.std[c]);
        const float* from = pixels + c * plane;
        float* out = to + c * plane;
        for (size_t i = 0; i < plane; i++) {
            out[i] = (from[i] * scale - mean) / std;
        }
    }
}

void activate(Activation kind, const float* from, size_t n, float* to) {
    const auto each = [&](auto f) {
        for (size_t i = 0; i < n; i++) {
            to[i] = f(from[i]);
        }
    };
    switch (kind) {
        case Activation::kRelu:
            return each([](float x) { return x > 0.0f ? x : 0.0f; });
        case Activation::kTanh:
            return each(tanh_float);
        case Activation::kSigmoid:
            return each(sigmoid);
        case Activation::kGelu:
            return each(gelu);
    }
}

void ChannelAffine::apply(const float* from, size_t plane, float* to) const {
    for (size_t c = 0; c < factor.size(); c++) {
        const float f = factor[c];
        const float s = shift[c];
        for (size_t i = 0; i < plane; i++) {
            to[c * plane + i] = from[c * plane + i] * f + s;
        }
    }
}

ChannelAffine batch_norm_affine(std::span<const float> gamma,
                                std::span<const float> beta,
                                std::span<const float> mean,
                                std::span<const float> variance,
                                double epsilon) {
    ChannelAffine affine;
    for (size_t c = 0; c < gamma.size(); c++) {
        const double g = double{gamma[c]} / std::sqrt(double{variance[c]} + epsilon);
        affine.factor.push_back(static_cast<float>(g));
        affine.shift.push_back(static_cast<float>(double{beta[c]} - double{mean[c]} * g));
    }
    return affine;
}

void pool(const Pool2dOp& op, const Shape& in, const Shape& out, const float* from, float* to) {
    const int height = in[1];
    const int width = in[2];
    const float share =
        1.0f / (static_cast<float>(op.kernel[0]) * static_cast<float>(op.kernel[1]));
    for (int c = 0; c < in[0]; c++) {
        const float* plane = from + static_cast<size_t>(c) * static_cast<size_t>(height) *
                                        static_cast<size_t>(width);
        for (int y = 0; y < out[1]; y++) {
            const int64_t top = int64_t{y} * op.stride[0] - op.padding[0];
            const int64_t y0 = std::max<int64_t>(top, 0);
            const int64_t y1 = std::min<int64_t>(top + op.kernel[0], height);
            for (int x = 0; x < out[2]; x++) {
                const int64_t left = int64_t{x} * op.stride[1] - op.padding[1];
                const int64_t x0 = std::max<int64_t>(left, 0);
                const int64_t x1 = std::min<int64_t>(left + op.kernel[1], width);
                float sum = 0.0f;
                float largest = -std::numeric_limits<float>::infinity();
                for (int64_t i = y0; i < y1; i++) {
                    const float* line = plane + i * width;
                    for (int64_t j = x0; j < x1; j++) {
                        sum += line[j];
                        largest = line[j] > largest ? line[j] : largest;
                    }
                }
                *to++ = op.average ? sum * share : largest;
            }
        }
    }
}

void global_average(const Shape& in, const float* from, float* to) {
    const size_t plane = static_cast<size_t>(in[1]) * static_cast<size_t>(in[2]);
    for (size_t c = 0; c < static_cast<size_t>(in[0]); c++) {
        double sum = 0;
        for (size_t i = 0; i < plane; i++) {
            sum += double{from[c * plane + i]};
        }
        to[c] = static_cast<float>(sum / static_cast<double>(plane));
    }
}

void accumulate(const float* from, size_t n, float* to) {
    for (size_t i = 0; i < n; i++) {
        to[i] += from[i];
    }
}

}  // namespace mho
