// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/modifier.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "mho/kernels/passes.h"
#include "mho/kernels/rows.h"
#include "mho/util/error.h"
#include "mho/util/prefetch.h"

namespace mho {

namespace {

// A multiple of the random block, so that no draw is thrown away, and small enough to leave the
// first-level cache to the weights.
constexpr size_t kChunk = 1024;

// Draws of one chunk. Planes beyond 0 belong to `pcm noise`.
struct Draws {
    std::array<std::vector<float>, 3> normal;
    std::array<std::vector<float>, 5> uniform;
    std::vector<float> drop;
};

struct Needs {
    size_t normals = 0;
    size_t first_uniform = 0;
    size_t end_uniform = 0;
    bool drop = false;
};

bool rounds(ModifierKind kind) {
    return kind == ModifierKind::kDiscretize || kind == ModifierKind::kDiscretizeAddNormal ||
           kind == ModifierKind::kDorefa;
}

Needs needs_of(const WeightModifier& m) {
    Needs needs;
    switch (m.kind) {
        case ModifierKind::kMultNormal:
        case ModifierKind::kAddNormal:
        case ModifierKind::kDiscretizeAddNormal:
        case ModifierKind::kPoly:
        case ModifierKind::kProgNoise:
            needs.normals = 1;
            break;
        case ModifierKind::kPcmNoise:
            needs.normals = 3;
            // Plane 0 stays that of the rounding, so that the planes mean the same for every kind.
            needs.first_uniform = 1;
            needs.end_uniform = 5;
            break;
        case ModifierKind::kNone:
        case ModifierKind::kDiscretize:
        case ModifierKind::kDorefa:
        case ModifierKind::kDropConnect:
        case ModifierKind::kCopy:
            break;
    }
    if (rounds(m.kind) && m.stochastic_rounding && m.steps > 0) {
        needs.end_uniform = 1;
    }
    needs.drop = m.drop_probability > 0;
    return needs;
}

// Largest |w| of the first `cols` columns; throws if any weight is not finite.
float largest_weight(ConstFloatView w, size_t cols) {
    float largest = 0;
    bool finite = true;
    for (size_t r = 0; r < w.rows; r++) {
        // Short rows of a wide matrix: no hardware guesses where the one after the next is.
        if (r + 2 < w.rows) {
            prefetch_row(w.row(r + 2), cols);
        }
        const float here = row_abs_max(w.row(r), cols);
        finite &= std::isfinite(here) && (cols == w.cols || std::isfinite(w(r, cols)));
        largest = std::max(largest, here);
    }
    if (!finite) {
        require_finite(w, "weights to modify");
    }
    return largest;
}

double polynomial(const std::vector<double>& coefficients, double rho) {
    double sum = 0;
    for (size_t k = coefficients.size(); k-- > 0;) {
        sum = sum * rho + coefficients[k];
    }
    return sum;
}

template <class T>
struct Law {
    ModifierKind kind = ModifierKind::kNone;
    T a = 1;      // A
    T noise = 0;  // std * A
    T step = 0;   // quantiser, 0 = off
    T dorefa = 0;
    T std = 0;
    T g_max = 1;
    T zero_below = 0;
    T log_time = 0;  // ln(t / t0), 0 = no drift
    T root_log = 0;  // sqrt(ln((t + 250 ns) / 500 ns))
    T p_reset = 0, p_g_max = 0, p_random = 0;
    std::vector<T> coefficients;  // uS

    Law(const WeightModifier& m, double largest) : kind(m.kind) {
        const double scale = m.relative_to_max ? (largest > 0 ? largest : 1.0) : m.assumed_max;
        a = static_cast<T>(scale > 0 ? scale : 1.0);
        std = static_cast<T>(m.std);
        noise = std * a;
        step = m.steps > 0 ? static_cast<T>(2.0 / m.steps) : T{0};
        dorefa = static_cast<T>(std::fabs(m.dorefa_clip / std::tanh(static_cast<double>(a))));
        g_max = static_cast<T>(m.g_max_us);
        for (double c : m.coefficients_us) {
            coefficients.push_back(static_cast<T>(c));
        }
        if (!coefficients.empty()) {
            zero_below = static_cast<T>(m.pcm_zero_threshold * m.coefficients_us[0] * m.std);
        }
        const double t = m.pcm_t_inference_s + m.pcm_t0_s;
        log_time = m.pcm_t_inference_s > 0 ? static_cast<T>(std::log(t / m.pcm_t0_s)) : T{0};
        root_log = static_cast<T>(std::sqrt(std::max(0.0, std::log((t + 250e-9) / 500e-9))));
        p_reset = static_cast<T>(m.pcm_prob_at_reset);
        p_g_max = static_cast<T>(m.pcm_prob_at_g_max);
        p_random = static_cast<T>(m.pcm_prob_at_random);
    }

    T sigma_us(T rho) const {
        T sum = 0;
        for (size_t k = coefficients.size(); k-- > 0;) {
            sum = sum * rho + coefficients[k];
        }
        return sum;
    }
    T quantise(T v, T offset) const { return step > 0 ? std::round(v / step + offset) * step : v; }
    T pcm(T w, const std::array<T, 3>& xi, const std::array<T, 5>& u) const {
        T g = std::clamp(w * g_max / a, -g_max, g_max);
        if (std::fabs(g) < zero_below) {
            g = 0;
        }
        if (u[1] < p_reset) {
            g = 0;
        }
        if (p_g_max > 0 && u[2] < p_g_max) {
            // One uniform decides both: below the probability it is uniform again.
            g += u[2] < p_g_max / 2 ? -g_max : g_max;
        }
        if (u[3] < p_random) {
            g = (g < 0 ? -u[4] : u[4]) * g_max;
        }
        g = std::clamp(g, -g_max, g_max);
        g += std * sigma_us(std::fabs(g) / g_max) * xi[0];
        const T rho = std::fabs(g) / g_max;
        if (log_time > 0) {
            const T spread =
                rho > 0 ? std::clamp(T(-0.0125) * std::log(rho) - T(0.0059), T(0.008), T(0.045))
                        : T(0.045);
            g *= std::exp(-std::fabs(spread * xi[1]) * log_time);
        }
        const T q = std::min(T(0.0088) / std::max(std::pow(rho, T(0.65)), T(1e-3)), T(0.2));
        g += std * std::fabs(g) * q * root_log * xi[2];
        return std::copysign(std::fabs(g) * a / g_max, w < 0 ? T(-1) : T(1));
    }
};

// The law of one stretch of weights. The loops of the cheap kinds are plain so that the compiler
// turns them into vector code.
void apply_float(const Law<float>& law,
                 const float* w,
                 float* out,
                 size_t n,
                 size_t offset,
                 const Draws& draws) {
    const float* xi = draws.normal[0].empty() ? nullptr : draws.normal[0].data() + offset;
    const float* u = draws.uniform[0].empty() ? nullptr : draws.uniform[0].data() + offset;
    const auto half_open = [&](size_t i) { return u != nullptr ? u[i] - 0.5f : 0.0f; };
    switch (law.kind) {
        case ModifierKind::kAddNormal:
            add_scaled_row(w, xi, law.noise, n, out);
            return;
        case ModifierKind::kMultNormal:
            for (size_t i = 0; i < n; i++) {
                out[i] = w[i] * (1.0f + law.noise * xi[i]);
            }
            return;
        case ModifierKind::kDiscretize:
            for (size_t i = 0; i < n; i++) {
                out[i] = law.a * law.quantise(w[i] / law.a, half_open(i));
            }
            return;
        case ModifierKind::kDiscretizeAddNormal:
            for (size_t i = 0; i < n; i++) {
                out[i] = law.a * law.quantise(w[i] / law.a, half_open(i)) + law.noise * xi[i];
            }
            return;
        case ModifierKind::kDorefa:
            // Without a quantiser to prepare the weights for, they are not transformed.
            for (size_t i = 0; i < n; i++) {
                out[i] =
                    law.step > 0 ? law.quantise(std::tanh(w[i]) * law.dorefa, half_open(i)) : w[i];
            }
            return;
        case ModifierKind::kPoly:
        case ModifierKind::kProgNoise:
            for (size_t i = 0; i < n; i++) {
                const float sigma = law.sigma_us(std::fabs(w[i]) / law.a) / law.g_max;
                const float v = w[i] + law.noise * sigma * xi[i];
                out[i] = law.kind == ModifierKind::kPoly
                             ? v
                             : std::copysign(std::fabs(v), w[i] < 0 ? -1.0f : 1.0f);
            }
            return;
        case ModifierKind::kPcmNoise:
            for (size_t i = 0; i < n; i++) {
                std::array<float, 3> x{};
                std::array<float, 5> uniform{};
                for (size_t p = 0; p < 3; p++) {
                    x[p] = draws.normal[p][offset + i];
                }
                for (size_t p = 1; p < 5; p++) {
                    uniform[p] = draws.uniform[p][offset + i];
                }
                out[i] = law.pcm(w[i], x, uniform);
            }
            return;
        case ModifierKind::kNone:
        case ModifierKind::kDropConnect:
        case ModifierKind::kCopy:
            if (out != w) {
                std::copy_n(w, n, out);
            }
            return;
    }
}

void check_shapes(ConstFloatView w, size_t rows, size_t cols) {
    if (w.rows != rows || w.cols != cols) {
        throw InputError("weight modifier: weights are " + std::to_string(w.rows) + " x " +
                         std::to_string(w.cols) + ", the result has room for " +
                         std::to_string(rows) + " x " + std::to_string(cols));
    }
}

}  // namespace

bool modifies(const WeightModifier& m) {
    return m.drop_probability > 0 ||
           !(m.kind == ModifierKind::kNone || m.kind == ModifierKind::kCopy ||
             m.kind == ModifierKind::kDropConnect);
}

struct WeightModification::Impl {
    ConstFloatView w;
    size_t kept_from;
    Law<float> law;
    Needs needs;
    float drop_below;
    TileKey key;
    uint64_t step;
    Draws draws = {};
};

WeightModification::WeightModification(const WeightModifier& modifier,
                                       ConstFloatView w,
                                       TileKey key,
                                       uint64_t step) {
    const size_t kept_from = w.cols - (modifier.keep_last_column && w.cols > 0 ? 1 : 0);
    impl_ = std::make_unique<Impl>(
        Impl{w,
             kept_from,
             Law<float>(modifier, static_cast<double>(largest_weight(w, kept_from))),
             needs_of(modifier),
             static_cast<float>(modifier.drop_probability),
             key,
             step});
}

WeightModification::~WeightModification() = default;

void WeightModification::write(size_t first_row, FloatView out) {
    Impl& m = *impl_;
    if (first_row > m.w.rows || out.rows > m.w.rows - first_row || out.cols != m.w.cols) {
        throw InputError("weight modifier: rows " + std::to_string(first_row) + " to " +
                         std::to_string(first_row + out.rows) + " with " +
                         std::to_string(out.cols) + " weights each, of a matrix of " +
                         std::to_string(m.w.rows) + " x " + std::to_string(m.w.cols));
    }
    const size_t cols = m.w.cols;
    const size_t total = m.w.rows * cols;
    const size_t end = (first_row + out.rows) * cols;
    // The law of most trainings, in one pass where the rows follow each other.
    if (m.law.kind == ModifierKind::kAddNormal && !m.needs.drop && m.kept_from == cols &&
        m.w.stride == cols && out.stride == cols && out.rows > 0) {
        const size_t count = out.rows * cols;
        add_normal(m.key,
                   Stream::kWeightModifier,
                   m.step,
                   first_row * cols,
                   {m.w.row(first_row), count},
                   m.law.noise,
                   {out.row(0), count});
        return;
    }
    for (size_t first = first_row * cols; first < end;) {
        // Chunks end with a random block, so that no block is drawn twice.
        const size_t count = std::min(kChunk - first % kRandomBlock, end - first);
        Draws& draws = m.draws;
        for (size_t at = first; at < first + count; at += cols - at % cols) {
            const size_t c = at % cols;
            prefetch_row(m.w.row(at / cols) + c, std::min(cols - c, first + count - at));
        }
        for (size_t p = 0; p < m.needs.normals; p++) {
            draws.normal[p].resize(count);
            fill_normal(m.key, Stream::kWeightModifier, m.step, p * total + first, draws.normal[p]);
        }
        for (size_t p = m.needs.first_uniform; p < m.needs.end_uniform; p++) {
            draws.uniform[p].resize(count);
            fill_uniform(
                m.key, Stream::kModifierRounding, m.step, p * total + first, draws.uniform[p]);
        }
        if (m.needs.drop) {
            draws.drop.resize(count);
            fill_uniform(m.key, Stream::kDropConnect, m.step, first, draws.drop);
        }
        for (size_t at = first; at < first + count;) {
            const size_t r = at / cols;
            const size_t c = at % cols;
            const size_t length = std::min(cols - c, first + count - at);
            const size_t changed = c < m.kept_from ? std::min(length, m.kept_from - c) : 0;
            const float* from = m.w.row(r) + c;
            float* to = out.row(r - first_row) + c;
            apply_float(m.law, from, to, changed, at - first, draws);
            if (m.needs.drop) {
                const float* u = draws.drop.data() + (at - first);
                for (size_t i = 0; i < changed; i++) {
                    to[i] = u[i] < m.drop_below ? 0.0f : to[i];
                }
            }
            for (size_t i = changed; i < length; i++) {
                to[i] = from[i];
            }
            at += length;
        }
        first += count;
    }
}

void modify_weights(
    const WeightModifier& modifier, ConstFloatView w, FloatView out, TileKey key, uint64_t step) {
    check_shapes(w, out.rows, out.cols);
    WeightModification(modifier, w, key, step).write(0, out);
}

void reference_modify_weights(
    const WeightModifier& m, ConstFloatView w, MatrixView<double> out, TileKey key, uint64_t step) {
    check_shapes(w, out.rows, out.cols);
    require_finite(w, "weights to modify");
    const size_t kept_from = w.cols - (m.keep_last_column && w.cols > 0 ? 1 : 0);
    double largest = 0;
    for (size_t r = 0; r < w.rows; r++) {
        for (size_t c = 0; c < kept_from; c++) {
            largest = std::max(largest, std::fabs(static_cast<double>(w(r, c))));
        }
    }
    const Law<double> law(m, largest);
    const double a = law.a;
    const size_t total = w.rows * w.cols;
    const auto normal = [&](size_t plane, size_t element) {
        double xi = 0;
        reference_fill_normal(
            key, Stream::kWeightModifier, step, plane * total + element, {&xi, 1});
        return xi;
    };
    const auto uniform = [&](Stream stream, size_t plane, size_t element) {
        float u = 0;
        twin::fill_uniform(key, stream, step, plane * total + element, {&u, 1});
        return static_cast<double>(u);
    };
    for (size_t r = 0; r < w.rows; r++) {
        for (size_t c = 0; c < w.cols; c++) {
            const double v = w(r, c);
            out(r, c) = v;
            if (c >= kept_from) {
                continue;
            }
            const size_t e = r * w.cols + c;
            const double offset = m.stochastic_rounding && m.steps > 0
                                      ? uniform(Stream::kModifierRounding, 0, e) - 0.5
                                      : 0.0;
            const double q =
                m.steps > 0 ? a * std::round(v / a * m.steps / 2 + offset) * 2 / m.steps : v;
            switch (m.kind) {
                case ModifierKind::kDiscretize:
                    out(r, c) = q;
                    break;
                case ModifierKind::kMultNormal:
                    out(r, c) = v * (1 + m.std * a * normal(0, e));
                    break;
                case ModifierKind::kAddNormal:
                    out(r, c) = v + m.std * a * normal(0, e);
                    break;
                case ModifierKind::kDiscretizeAddNormal:
                    out(r, c) = q + m.std * a * normal(0, e);
                    break;
                case ModifierKind::kDorefa:
                    out(r, c) = v;
                    if (m.steps > 0) {
                        const double squashed =
                            std::tanh(v) * std::fabs(m.dorefa_clip / std::tanh(a));
                        out(r, c) = std::round(squashed * m.steps / 2 + offset) * 2 / m.steps;
                    }
                    break;
                case ModifierKind::kPoly:
                case ModifierKind::kProgNoise: {
                    const double sigma =
                        polynomial(m.coefficients_us, std::fabs(v) / a) / m.g_max_us;
                    const double noisy = v + m.std * a * sigma * normal(0, e);
                    out(r, c) = m.kind == ModifierKind::kPoly ? noisy
                                : v < 0                       ? -std::fabs(noisy)
                                                              : std::fabs(noisy);
                    break;
                }
                case ModifierKind::kPcmNoise:
                    out(r, c) = law.pcm(v,
                                        {normal(0, e), normal(1, e), normal(2, e)},
                                        {0.0,
                                         uniform(Stream::kModifierRounding, 1, e),
                                         uniform(Stream::kModifierRounding, 2, e),
                                         uniform(Stream::kModifierRounding, 3, e),
                                         uniform(Stream::kModifierRounding, 4, e)});
                    break;
                case ModifierKind::kNone:
                case ModifierKind::kDropConnect:
                case ModifierKind::kCopy:
                    break;
            }
            if (m.drop_probability > 0 &&
                uniform(Stream::kDropConnect, 0, e) <
                    static_cast<double>(static_cast<float>(m.drop_probability))) {
                out(r, c) = 0;
            }
        }
    }
}

}  // namespace mho
