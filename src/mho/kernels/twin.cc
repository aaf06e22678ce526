// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The kernels one number at a time, as a reader would write them from kernels/product.h and
// kernels/rows.h: the same operations in the same order.

#include <algorithm>
#include <cmath>

#include "mho/kernels/product.h"
#include "mho/kernels/rows.h"

namespace mho {
namespace {

// Round half to even on the grid of `step`.
float on_grid(float v, float step, const float* uniforms, size_t i) {
    float code = v / step;
    if (uniforms != nullptr) {
        code = code + (uniforms[i] - 0.5f);
    }
    return std::nearbyint(code) * step;
}

// The vector instructions give the second operand when the first is not a number: so does this.
float maximum(float v, float other) {
    return v > other ? v : other;
}
float minimum(float v, float other) {
    return v < other ? v : other;
}

float clamp(float v, float bound) {
    return minimum(maximum(v, -bound), bound);
}

float scale_negative(float v, float factor) {
    return v < 0 ? v * factor : v;
}

float array_stages(float y, const OutputStage& s, size_t i) {
    if (s.absolute != nullptr) {
        const float a = s.absolute[i] * s.ir_scale;
        float c = std::fma(0.05f, a, -0.2f);
        c = std::fma(c, a, 0.5f);
        c = c * a * s.ir_strength;
        y = std::fma(-c, s.position[i], y);
    }
    if (s.has_offset) {
        const float o = s.line_offset != nullptr ? s.line_offset[i] : 0.0f;
        const auto resisted = [&](float z) {
            return z / (1.0f + minimum(s.series_factor * std::abs(z), s.series_max));
        };
        if (!s.has_reference) {
            y = (1.0f - o) * resisted(y);
        } else if (s.series_factor == 0) {
            y = (1.0f - o) * y - (o + o) * s.reference;
        } else {
            y = (1.0f - o) * resisted(y + s.reference) - (1.0f + o) * resisted(s.reference);
        }
    }
    if (s.weight_noise != nullptr) {
        const float root = s.squares != nullptr ? std::sqrt(s.squares[i]) : s.common_root;
        y = std::fma(root * s.weight_noise_std, s.weight_noise[i], y);
    }
    return y;
}

float readout_stages(float y, const OutputStage& s, size_t i) {
    if (s.nonlinearity != nullptr) {
        y = y * s.nonlinearity_gain / (1.0f + std::abs(s.nonlinearity[i] * y));
    }
    if (s.negative_factor != 1.0f) {
        y = scale_negative(y, s.negative_factor);
    }
    if (s.output_noise != nullptr) {
        const float std =
            s.output_noise_line != nullptr ? s.output_noise_line[i] : s.output_noise_std;
        y = std::fma(std, s.output_noise[i], y);
    }
    return y;
}

}  // namespace

namespace twin {

void multiply(ConstFloatView weights,
              ProductSet set,
              ConstFloatView x,
              const float* position_weights,
              ProductSums out) {
    const bool squares = set == ProductSet::kSquares || set == ProductSet::kAll;
    const bool ir_drop = set == ProductSet::kIrDrop || set == ProductSet::kAll;
    for (size_t r = 0; r < x.rows; r++) {
        for (size_t o = 0; o < weights.rows; o++) {
            float sum = 0, position = 0, square = 0, absolute = 0;
            for (size_t k = 0; k < x.cols; k++) {
                const float w = weights(o, k);
                const float v = x(r, k);
                sum = std::fma(w, v, sum);
                if (ir_drop) {
                    position = std::fma(w, v * position_weights[k], position);
                    absolute = std::fma(std::abs(w), std::abs(v), absolute);
                }
                if (squares) {
                    square = std::fma(std::abs(w), v * v, square);
                }
            }
            const size_t at = r * out.stride + o;
            out.plain[at] = sum;
            if (ir_drop) {
                out.position[at] = position;
                out.absolute[at] = absolute;
            }
            if (squares) {
                out.squares[at] = square;
            }
        }
    }
}

void input_row(const float* x, size_t n, const InputStage& s, float* out) {
    for (size_t i = 0; i < n; i++) {
        float v = x[i];
        if (s.range_scale > 0) {
            v = clamp(v * s.range_scale, 1.0f);
        }
        v = v * s.scale;
        if (s.step > 0) {
            v = on_grid(v, s.step, s.rounding_offset, i);
        }
        if (s.bound > 0) {
            v = clamp(v, s.bound);
        }
        if (s.noise_std > 0) {
            v = std::fma(s.noise[i], s.noise_std, v);
        }
        if (s.negative_factor != 1.0f) {
            v = scale_negative(v, s.negative_factor);
        }
        out[i] = v;
    }
}

void array_row(const float* sums, float* y, size_t n, const OutputStage& s) {
    for (size_t i = 0; i < n; i++) {
        y[i] = array_stages(sums[i], s, i);
    }
}

OutputFlags finish_row(float* y, size_t n, const OutputStage& s, uint8_t* clipped) {
    OutputFlags flags;
    for (size_t i = 0; i < n; i++) {
        float v = readout_stages(y[i], s, i);
        if (s.step > 0) {
            v = on_grid(v, s.step, s.rounding_offset, i);
        }
        bool cut = false;
        if (s.bound > 0) {
            cut = std::abs(v) > s.bound;
            if (cut) {
                flags.last_is_below = v < 0;
                (v < 0 ? flags.below : flags.above) = true;
            }
            v = clamp(v, s.bound);
        }
        if (clipped != nullptr) {
            clipped[i] = cut ? 1 : 0;
        }
        y[i] = v * s.rescale;
    }
    return flags;
}

OutputFlags output_row(
    const float* sums, float* y, size_t n, const OutputStage& s, uint8_t* clipped) {
    twin::array_row(sums, y, n, s);
    return twin::finish_row(y, n, s, clipped);
}

}  // namespace twin

void reference_multiply(ConstFloatView weights, ConstFloatView x, MatrixView<double> y) {
    for (size_t r = 0; r < x.rows; r++) {
        for (size_t o = 0; o < weights.rows; o++) {
            double sum = 0;
            for (size_t k = 0; k < x.cols; k++) {
                sum += static_cast<double>(weights(o, k)) * x(r, k);
            }
            y(r, o) = sum;
        }
    }
}

}  // namespace mho
