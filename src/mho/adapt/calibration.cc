// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/calibration.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

// Quantile of n values of which `top` holds the largest ones, enough to reach the position.
float quantile_of_top(std::vector<float>& top, size_t n, double q) {
    const double position = q * static_cast<double>(n - 1);
    const auto lower = static_cast<size_t>(position);
    const double part = position - static_cast<double>(lower);
    const size_t missing = n - top.size();
    const auto at = top.begin() + static_cast<std::ptrdiff_t>(lower - missing);
    std::nth_element(top.begin(), at, top.end());
    const double low = *at;
    if (part == 0) {
        return *at;
    }
    const double high = *std::min_element(at + 1, top.end());
    return static_cast<float>(low + part * (high - low));
}

}  // namespace

float quantile_of(std::vector<float>& values, double q) {
    if (values.empty()) {
        throw InputError("a quantile needs at least one value");
    }
    if (!(q >= 0 && q <= 1)) {
        throw InputError("a quantile must be 0 to 1, got " + std::to_string(q));
    }
    require_all_finite(values, "values of a quantile");
    return quantile_of_top(values, values.size(), q);
}

RangeCalibrator::RangeCalibrator(const CalibrationConfig& config, TileKey key)
    : config_(config), key_(key) {
    if (!(config.quantile >= 0 && config.quantile <= 1)) {
        throw ConfigError("calibration.quantile", "must be 0 to 1");
    }
    if (!(config.std_factor > 0) || !std::isfinite(config.std_factor)) {
        throw ConfigError("calibration.std_factor", "must be above 0");
    }
    if (config.cache_rows < 1) {
        throw ConfigError("calibration.cache_rows", "must be at least 1");
    }
}

void RangeCalibrator::begin_batch(size_t most_values) {
    count_ = mean_ = squares_ = 0;
    values_.clear();
    // Position q (n - 1) lies this many values from the top, or fewer when n is smaller.
    needed_ = most_values == 0
                  ? 0
                  : most_values - static_cast<size_t>(config_.quantile *
                                                      static_cast<double>(most_values - 1));
}

void RangeCalibrator::add(ConstFloatView inputs) {
    require_finite(inputs, "inputs for calibration");
    for (size_t r = 0; r < inputs.rows; r++) {
        const std::span<const float> row = inputs.row_span(r);
        float largest = 0;
        for (const float v : row) {
            largest = std::max(largest, std::abs(v));
        }
        const uint64_t number = rows_seen_++;
        if (largest == 0) {
            continue;
        }
        max_ = std::max(max_, double{largest});
        switch (config_.kind) {
            case CalibrationKind::kMax:
                break;
            case CalibrationKind::kMovingStd:
                for (const float v : row) {  // Welford (1962)
                    count_++;
                    const double delta = v - mean_;
                    mean_ += delta / count_;
                    squares_ += delta * (v - mean_);
                }
                break;
            case CalibrationKind::kMovingQuantile:
                count_ += static_cast<double>(row.size());
                for (const float v : row) {
                    values_.push_back(config_.signed_values ? v : std::abs(v));
                }
                if (needed_ > 0 && values_.size() > 2 * needed_ + 4096) {
                    keep_top();
                }
                break;
            case CalibrationKind::kCacheQuantile:
                add_to_cache(row, number);
                break;
        }
    }
}

void RangeCalibrator::keep_top() {
    const auto cut = values_.begin() + static_cast<std::ptrdiff_t>(needed_);
    std::nth_element(values_.begin(), cut, values_.end(), std::greater<>());
    values_.resize(needed_);
}

// The rows with the smallest of independent random words are a uniform sample without replacement,
// whatever the order and the number of all rows.
void RangeCalibrator::add_to_cache(std::span<const float> row, uint64_t number) {
    std::array<uint32_t, 2> words;
    fill_words(key_, Stream::kShuffle, 0, 2 * number, words);
    const uint64_t priority = uint64_t{words[0]} << 32 | words[1];
    const auto limit = static_cast<size_t>(config_.cache_rows);
    if (cache_.size() == limit) {
        if (priority >= cache_.front().priority) {
            return;
        }
        std::pop_heap(cache_.begin(), cache_.end());
        cache_.pop_back();
    }
    cache_.push_back({priority, {row.begin(), row.end()}});
    std::push_heap(cache_.begin(), cache_.end());
}

void RangeCalibrator::end_batch() {
    double statistic = 0;
    if (config_.kind == CalibrationKind::kMovingStd && count_ > 1) {
        statistic = config_.std_factor * std::sqrt(squares_ / (count_ - 1));
    } else if (config_.kind == CalibrationKind::kMovingQuantile && !values_.empty()) {
        statistic = quantile_of_top(values_, static_cast<size_t>(count_), config_.quantile);
    }
    if (statistic != 0) {
        const auto k = static_cast<double>(batches_++);
        moving_ = (moving_ * k + statistic) / (k + 1);
    }
    begin_batch();
}

std::optional<float> RangeCalibrator::range() const {
    double range = 0;
    switch (config_.kind) {
        case CalibrationKind::kMax:
            range = max_;
            break;
        case CalibrationKind::kMovingStd:
        case CalibrationKind::kMovingQuantile:
            range = std::abs(moving_);
            break;
        case CalibrationKind::kCacheQuantile: {
            std::vector<float> values;
            for (const CachedRow& row : cache_) {
                for (const float v : row.values) {
                    values.push_back(config_.signed_values ? v : std::abs(v));
                }
            }
            if (!values.empty()) {
                range = std::abs(quantile_of(values, config_.quantile));
            }
            break;
        }
    }
    const auto rounded = static_cast<float>(range);
    return rounded > 0 ? std::optional<float>(rounded) : std::nullopt;
}

}  // namespace mho
