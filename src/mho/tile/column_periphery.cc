// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/column_periphery.h"

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr uint64_t kGainStep = 0;
constexpr uint64_t kOffsetStep = 1;
constexpr float kWholeNumbers = 0x1.8p23f;

void require_columns(ConstFloatView m, size_t rows, size_t cols, size_t columns) {
    if (m.cols != columns || cols != columns || m.rows != rows) {
        throw InputError("a periphery of " + std::to_string(columns) +
                         " columns needs outputs and counts of one shape [rows, " +
                         std::to_string(columns) + "]");
    }
}

}  // namespace

ColumnPeriphery::ColumnPeriphery(const DigitalPeriphery& config, size_t columns, TileKey key)
    : config_(config),
      columns_(columns),
      lsb_(config.full_scale / static_cast<double>((int64_t{1} << (config.count_bits - 1)) - 1)),
      gain_(columns),
      count_offset_(columns),
      slope_(columns, lsb_),
      first_slope_(columns, lsb_),
      offset_(columns, 0.0) {
    const TileKey own = make_tile_key(key.value, "counters");
    fill_uniform(own, Stream::kDeviceTable, kGainStep, 0, gain_);
    fill_normal(own, Stream::kDeviceTable, kOffsetStep, 0, count_offset_);
    for (size_t j = 0; j < columns; j++) {
        gain_[j] = 1 + static_cast<float>(config.gain_spread) * (2 * gain_[j] - 1);
        count_offset_[j] *= static_cast<float>(config.offset_std);
    }
}

void ColumnPeriphery::count(ConstFloatView outputs, MatrixView<int32_t> counts) const {
    require_columns(outputs, counts.rows, counts.cols, columns_);
    const auto most = static_cast<float>((int64_t{1} << (config_.count_bits - 1)) - 1);
    const auto per_lsb = static_cast<float>(1 / lsb_);
    const auto bend =
        static_cast<float>(config_.compression / (config_.full_scale * config_.full_scale));
    for (size_t r = 0; r < outputs.rows; r++) {
        const float* y = outputs.row(r);
        int32_t* c = counts.row(r);
        for (size_t j = 0; j < columns_; j++) {
            const float kept = std::max(0.0f, 1 - bend * y[j] * y[j]);
            const float exact = gain_[j] * y[j] * per_lsb * kept + count_offset_[j];
            // Rounded half to even: floats from 2^23 to 2^24 are the whole numbers.
            const float cut = std::clamp(exact, -most, most);
            c[j] = static_cast<int32_t>((cut + kWholeNumbers) - kWholeNumbers);
        }
    }
}

void ColumnPeriphery::calibrate(MatrixView<const int32_t> counts, ConstFloatView wanted) {
    require_columns(wanted, counts.rows, counts.cols, columns_);
    require_finite(wanted, "wanted outputs of a periphery");
    const auto n = static_cast<double>(counts.rows);
    for (size_t j = 0; j < columns_; j++) {
        double c_sum = 0;
        double y_sum = 0;
        double cc = 0;
        double cy = 0;
        for (size_t r = 0; r < counts.rows; r++) {
            const double c = counts(r, j);
            const double y = wanted(r, j);
            c_sum += c;
            y_sum += y;
            cc += c * c;
            cy += c * y;
        }
        const double spread = cc - c_sum * c_sum / n;
        const double slope = spread > 0 ? (cy - c_sum * y_sum / n) / spread : 0;
        slope_[j] = slope > 0 ? slope : lsb_;
        offset_[j] = (y_sum - slope_[j] * c_sum) / n;
    }
    first_slope_ = slope_;
}

void ColumnPeriphery::recalibrate_slope(MatrixView<const int32_t> counts, ConstFloatView wanted) {
    require_columns(wanted, counts.rows, counts.cols, columns_);
    require_finite(wanted, "wanted outputs of a periphery");
    for (size_t j = 0; j < columns_; j++) {
        double cc = 0;
        double cy = 0;
        // The zero of the counter stays where it was found: y = a (c - c0), c0 = -b / a.
        const double zero = -offset_[j] / slope_[j];
        for (size_t r = 0; r < counts.rows; r++) {
            const double c = counts(r, j) - zero;
            cc += c * c;
            cy += c * double{wanted(r, j)};
        }
        if (cc > 0 && cy > 0) {
            slope_[j] = cy / cc;
            offset_[j] = -slope_[j] * zero;
        }
    }
}

void ColumnPeriphery::fold(std::span<const float> scale,
                           std::span<const float> shift,
                           float range,
                           bool relu) {
    if (scale.size() != columns_ || (!shift.empty() && shift.size() != columns_)) {
        throw InputError("a periphery of " + std::to_string(columns_) +
                         " columns needs one scale, and one shift or none, for each");
    }
    require_all_finite(scale, "scales of a periphery");
    require_all_finite(shift, "shifts of a periphery");
    require_not_negative(double{range}, "range of a periphery");
    double largest = 0;
    for (size_t j = 0; j < columns_; j++) {
        largest = std::max(largest, double{scale[j]} * config_.full_scale);
    }
    NearMemoryFormat format;
    format.scale_fraction_bits = config_.scale_fraction_bits;
    format.offset_integer_bits = config_.offset_integer_bits;
    format.offset_fraction_bits = config_.offset_fraction_bits;
    format.cut_before = config_.cut_before;
    format.output_bits = config_.output_bits;
    if (relu) {
        format = with_relu(format);
    }
    relu_ = relu;
    const double most = format.largest_result();
    step_ = range > 0 ? double{range} / most : largest > 0 ? largest / most : 1.0;
    affine_.clear();
    half_scale_.clear();
    half_offset_.clear();
    for (size_t j = 0; j < columns_; j++) {
        const double added = shift.empty() ? 0.0 : double{shift[j]};
        affine_.push_back(
            fold_column(slope_[j], offset_[j], double{scale[j]}, added, 0.0, 1.0, 0.0, step_));
        half_scale_.push_back(round_to_half(static_cast<float>(affine_[j].scale)));
        half_offset_.push_back(round_to_half(static_cast<float>(affine_[j].offset)));
    }
    if (config_.kind == PeripheryKind::kFixedPoint) {
        codes_ = near_memory_codes(format, affine_);
    }
}

void ColumnPeriphery::run(FloatView outputs, std::vector<int32_t>& counts) const {
    if (affine_.size() != columns_ && config_.kind != PeripheryKind::kIdeal) {
        throw InputError("a periphery must be folded before it runs");
    }
    counts.resize(outputs.rows * columns_);
    const MatrixView<int32_t> c{counts.data(), outputs.rows, columns_};
    count(outputs, c);
    const auto step = static_cast<float>(step_);
    for (size_t r = 0; r < outputs.rows; r++) {
        float* y = outputs.row(r);
        const int32_t* n = c.row(r);
        switch (config_.kind) {
            case PeripheryKind::kIdeal:
                break;
            case PeripheryKind::kFloat32:
                for (size_t j = 0; j < columns_; j++) {
                    y[j] = step * (static_cast<float>(affine_[j].scale) * static_cast<float>(n[j]) +
                                   static_cast<float>(affine_[j].offset));
                }
                break;
            case PeripheryKind::kFloat16:
                for (size_t j = 0; j < columns_; j++) {
                    const float product =
                        round_to_half(half_scale_[j] * round_to_half(static_cast<float>(n[j])));
                    y[j] = step * round_to_half(product + half_offset_[j]);
                }
                break;
            case PeripheryKind::kFixedPoint:
                for (size_t j = 0; j < columns_; j++) {
                    y[j] = step * static_cast<float>(near_memory(
                                      codes_.format, n[j], codes_.scales[j], codes_.offsets[j]));
                }
                break;
        }
        if (relu_ && config_.kind != PeripheryKind::kFixedPoint) {  // whose results are unsigned
            for (size_t j = 0; j < columns_; j++) {
                y[j] = std::max(y[j], 0.0f);
            }
        }
    }
}

}  // namespace mho
