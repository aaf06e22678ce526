// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/input_range.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "mho/kernels/passes.h"
#include "mho/kernels/rows.h"
#include "mho/util/error.h"

namespace mho {

void InputMoments::add(ConstFloatView x) {
    // A fixed number of lanes: the sums are the same on every machine.
    std::array<double, kDoubleLanes> s{};
    std::array<double, kDoubleLanes> q{};
    double tail = 0;
    double tail_squares = 0;
    for (size_t r = 0; r < x.rows; r++) {
        const float* row = x.row(r);
        const size_t whole = x.cols / kDoubleLanes * kDoubleLanes;
        add_moments(row, whole, s.data(), q.data());
        for (size_t c = whole; c < x.cols; c++) {
            const double v = static_cast<double>(row[c]);
            tail += v;
            tail_squares += v * v;
        }
    }
    for (size_t l = 0; l < kDoubleLanes; l++) {
        tail += s[l];
        tail_squares += q[l];
    }
    sum += tail;
    squares += tail_squares;
    count += x.rows * x.cols;
}

void InputMoments::add(const InputMoments& o) {
    sum += o.sum;
    squares += o.squares;
    count += o.count;
}

double InputMoments::mean() const {
    return count > 0 ? sum / static_cast<double>(count) : 0.0;
}

double InputMoments::std() const {
    if (count < 2) {
        return 0.0;
    }
    const auto n = static_cast<double>(count);
    const double variance = (squares - sum * (sum / n)) / (n - 1);
    // A batch of equal numbers must count as one without spread in spite of rounding.
    return variance > 1e-13 * squares / n ? std::sqrt(variance) : 0.0;
}

bool initialize_input_range(const InputRangeConfig& config,
                            const InputMoments& batch,
                            float& range,
                            uint64_t& batches_seen) {
    if (batches_seen >= static_cast<uint64_t>(std::max(config.init_batches, 0))) {
        return false;
    }
    const double std = batch.std();
    if (std > 0) {
        const auto k = static_cast<double>(batches_seen);
        range = static_cast<float>(
            std::fabs((static_cast<double>(range) * k + config.init_std_factor * std) / (k + 1)));
        batches_seen++;
    }
    return true;
}

void InputRangeSums::add(ConstFloatView x, ConstFloatView d, float range) {
    if (x.rows != d.rows || x.cols != d.cols) {
        throw InputError("input range: inputs and gradients must have the same shape");
    }
    for (size_t r = 0; r < x.rows; r++) {
        const RangeRow row = range_row_sums(x.row(r), d.row(r), range, x.cols);
        shrink += row.shrink;
        grow += row.grow;
        inside += x.cols - row.outside;
        count += x.cols;
    }
}

void InputRangeSums::add_inside(uint64_t numbers) {
    inside += numbers;
    count += numbers;
}

void InputRangeSums::add(const InputRangeSums& o) {
    shrink += o.shrink;
    grow += o.grow;
    inside += o.inside;
    count += o.count;
}

bool any_outside(ConstFloatView x, float range) {
    for (size_t r = 0; r < x.rows; r++) {
        if (row_abs_max(x.row(r), x.cols) >= range) {
            return true;
        }
    }
    return false;
}

double input_range_gradient(const InputRangeConfig& config,
                            const InputRangeSums& sums,
                            float range,
                            double share_clipped) {
    const auto r = static_cast<double>(range);
    double g = sums.shrink - sums.grow;
    // aihwkit ignores the scale of an absolute gradient; here it acts in both modes.
    g *= config.gradient_scale * (config.relative_gradient ? r : 1.0);
    if (config.manage_output_clipping && 1.0 - share_clipped < config.min_share_unclipped) {
        g -= share_clipped * r;
    }
    if (config.decay > 0 && sums.count > 0 &&
        static_cast<double>(sums.inside) / static_cast<double>(sums.count) >
            config.min_share_inside) {
        g += config.decay * r;
    }
    return g;
}

}  // namespace mho
