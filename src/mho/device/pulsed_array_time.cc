// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// PulsedArray: decay, diffusion, resets and drift.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "mho/device/pulsed_array.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// Flicker noise as a sum of two-state traps whose rates fall by a constant ratio: 16 octaves.
constexpr size_t kTraps = 64;
constexpr double kTrapDuty = 0.5;
const double kTrapRatio = std::exp2(0.25);

}  // namespace

bool PulsedArray::decays() const {
    return !tables_.decay.empty();
}

bool PulsedArray::diffuses() const {
    return !tables_.diffusion.empty() || !traps_.empty();
}

void PulsedArray::decay(double alpha, uint64_t step) {
    if (!std::isfinite(alpha)) {
        throw InputError("the strength of a decay must be finite");
    }
    if (!decays()) {
        return;
    }
    const auto nominal = static_cast<float>(common_parameters(device_).reset);
    const auto strength = static_cast<float>(alpha);
    StaggeredFloats& w = acting();
    for (size_t i = 0; i < w.size(); i++) {
        const float bias = tables_.reset_bias.empty() ? nominal : tables_.reset_bias[i];
        const float s = 1.0f + strength * (tables_.decay[i] - 1.0f);
        w[i] = (w[i] - bias) * s + bias;
    }
    clip_to_bounds();
    draw_write_noise(step);
}

void PulsedArray::diffuse(uint64_t step) {
    if (!diffuses()) {
        return;
    }
    if (!traps_.empty()) {
        walk_traps(step);
    } else {
        StaggeredFloats& w = acting();
        std::vector<float> xi(cols_);
        for (size_t r = 0; r < rows_; r++) {
            fill_normal(key_, Stream::kDiffusion, step, r * cols_, xi);
            for (size_t c = 0; c < cols_; c++) {
                const size_t i = r * stride_ + c;
                w[i] += tables_.diffusion[i] * xi[c];
            }
        }
    }
    clip_to_bounds();
    draw_write_noise(step);
}

void PulsedArray::walk_traps(uint64_t step) {
    const double strength = common_parameters(device_).pink_diffusion;
    const auto amplitude = static_cast<float>(
        std::sqrt(std::log(kTrapRatio) * strength / (kTrapDuty * (1 - kTrapDuty))));
    std::array<float, kTraps> fill_chance{};
    std::array<float, kTraps> empty_chance{};
    for (size_t k = 0; k < kTraps; k++) {
        const double p = kTrapDuty / std::pow(kTrapRatio, static_cast<double>(k));
        fill_chance[k] = static_cast<float>(p);
        empty_chance[k] = static_cast<float>(p * (1 - kTrapDuty) / kTrapDuty);
    }
    std::array<float, kTraps> u{};
    StaggeredFloats& w = acting();
    for_cells([&](size_t i, size_t element) {
        fill_uniform(key_, Stream::kDiffusion, step, element * kTraps, u);
        const uint64_t before = traps_[i];
        uint64_t after = before;
        for (size_t k = 0; k < kTraps; k++) {
            const uint64_t bit = uint64_t{1} << k;
            const bool full = (before & bit) != 0;
            if (u[k] < (full ? empty_chance[k] : fill_chance[k])) {
                after ^= bit;
            }
        }
        traps_[i] = after;
        w[i] += amplitude * static_cast<float>(std::popcount(after) - std::popcount(before));
    });
}

void PulsedArray::reset_where(const std::vector<uint8_t>& mask, uint64_t step) {
    const PulsedCell& p = common_parameters(device_);
    const auto nominal = static_cast<float>(p.reset);
    const auto spread = static_cast<float>(p.reset_std);
    StaggeredFloats& w = acting();
    std::vector<float> xi(cols_);
    for (size_t r = 0; r < rows_; r++) {
        fill_normal(key_, Stream::kReset, step, r * cols_, xi);
        for (size_t c = 0; c < cols_; c++) {
            if (mask[r * cols_ + c] != 0) {
                const size_t i = r * stride_ + c;
                const float bias = tables_.reset_bias.empty() ? nominal : tables_.reset_bias[i];
                w[i] = bias + spread * xi[c];
                if (!hidden_state_.empty()) {
                    hidden_state_[i] = 0.0f;
                }
            }
        }
    }
    clip_to_bounds();
    draw_write_noise(step);
}

void PulsedArray::reset_columns(size_t first, size_t count, double p, uint64_t step) {
    if (!(p >= 0 && p <= 1)) {
        throw InputError("the probability of a reset must lie between 0 and 1");
    }
    if (first >= cols_) {
        throw InputError("the first column of a reset lies outside the array");
    }
    std::vector<uint8_t> mask(rows_ * cols_, 0);
    std::vector<float> u(rows_ * cols_);
    fill_uniform(key_, Stream::kResetChoice, step, 0, u);
    for (size_t k = 0; k < std::min(count, cols_); k++) {
        const size_t c = (first + k) % cols_;
        for (size_t r = 0; r < rows_; r++) {
            mask[r * cols_ + c] = u[r * cols_ + c] < static_cast<float>(p) ? 1 : 0;
        }
    }
    reset_where(mask, step);
}

void PulsedArray::reset_cells(std::span<const uint8_t> mask, uint64_t step) {
    if (mask.size() != rows_ * cols_) {
        throw InputError("the mask of a reset must have one entry per cell");
    }
    if (!hidden_.empty()) {
        throw InputError(
            "single cells of a device with write noise cannot be reset: "
            "set write_noise_std to 0");
    }
    reset_where({mask.begin(), mask.end()}, step);
}

void PulsedArray::clip(double limit, uint64_t step) {
    if (!std::isfinite(limit)) {
        throw InputError("the limit of a clip must be finite");
    }
    if (limit >= 0) {
        const auto high = static_cast<float>(limit);
        for (float& w : acting()) {
            w = std::min(std::max(w, -high), high);
        }
    }
    clip_to_bounds();
    draw_write_noise(step);
}

void PulsedArray::drift(double delta_ms, uint64_t step) {
    if (!(delta_ms >= 0) || !std::isfinite(delta_ms)) {
        throw InputError("the time of a drift must be finite and at least 0 ms");
    }
    const TrainingDrift& p = common_parameters(device_).drift;
    if (p.nu == 0 && p.nu_k == 0) {
        return;
    }
    if (drift_.empty()) {
        drift_.start_time.assign(weight_.size(), 0.0f);
        drift_.start_weight.assign(acting().begin(), acting().end());
        drift_.previous.assign(acting().begin(), acting().end());
    }
    drift_.time += delta_ms / p.t_0_ms;
    double offset = p.g_offset * p.wg_ratio + p.w_offset;
    if (std::abs(offset) < p.reset_tolerance) {
        offset = 0;
    }
    std::vector<float> exponent_noise(cols_);
    std::vector<float> noise(cols_);
    StaggeredFloats w = acting();  // the exact weight: write noise is drawn anew, not drifted
    for (size_t r = 0; r < rows_; r++) {
        if (p.nu_std > 0) {
            fill_normal(key_, Stream::kTrainingDrift, step, 2 * r * cols_, exponent_noise);
        }
        if (p.w_noise_std > 0) {
            fill_normal(key_, Stream::kTrainingDrift, step, (2 * r + 1) * cols_, noise);
        }
        for (size_t c = 0; c < cols_; c++) {
            const size_t i = r * stride_ + c;
            if (std::abs(drift_.previous[i] - w[i]) > p.reset_tolerance) {
                drift_.start_time[i] = static_cast<float>(drift_.time);
                drift_.start_weight[i] = w[i];
            } else {
                const double own = tables_.drift_nu.empty() ? p.nu : double{tables_.drift_nu[i]};
                double nu = p.nu_std > 0 ? own + p.nu_std * own * exponent_noise[c] : own;
                if (p.nu_k != 0) {
                    const double g = (w[i] - p.w_offset) / p.wg_ratio + p.g_offset;
                    nu -= p.nu_k * std::log(std::max(g, 1e-12)) - p.nu_k * p.log_g0;
                }
                const double since = std::max(drift_.time - drift_.start_time[i], 1.0);
                const double k = std::pow(since, -nu);
                w[i] = static_cast<float>(drift_.start_weight[i] * k + offset * (k - 1));
            }
            w[i] += static_cast<float>(p.w_noise_std) * noise[c];
            w[i] = std::min(std::max(w[i], tables_.min_bound[i]), tables_.max_bound[i]);
        }
    }
    drift_.previous.assign(w.begin(), w.end());
    acting() = w;
    clip_to_bounds();
    draw_write_noise(step);
}

}  // namespace mho
