// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "mho/util/error.h"

namespace mho {
namespace {

Matrix<float> normal_rows(size_t rows, size_t cols, uint64_t step) {
    Matrix<float> m(rows, cols);
    fill_normal({8}, Stream::kTest, step, 0, m.values);
    return m;
}

// Straight from the definition, in double.
double sorted_quantile(std::vector<float> values, double q, bool magnitudes) {
    if (magnitudes) {
        for (float& v : values) {
            v = std::abs(v);
        }
    }
    std::sort(values.begin(), values.end());
    const double position = q * static_cast<double>(values.size() - 1);
    const auto i = static_cast<size_t>(position);
    const double next = i + 1 < values.size() ? values[i + 1] : values[i];
    return values[i] + (position - static_cast<double>(i)) * (next - values[i]);
}

double plain_std(const std::vector<float>& values) {
    double sum = 0;
    for (const float v : values) {
        sum += v;
    }
    const double m = sum / static_cast<double>(values.size());
    double squares = 0;
    for (const float v : values) {
        squares += (v - m) * (v - m);
    }
    return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

// Batches of 30 rows with 17 columns, every third row zero; each batch comes in two pieces.
float calibrated(const CalibrationConfig& config, int batches, size_t announced = 30 * 17) {
    RangeCalibrator c(config, {2});
    for (int b = 0; b < batches; b++) {
        Matrix<float> x = normal_rows(20, 17, static_cast<uint64_t>(b));
        Matrix<float> padded(30, 17);
        for (size_t r = 0; r < 20; r++) {
            std::copy_n(x.row(r), 17, padded.row(r + r / 2));
        }
        c.begin_batch(announced);
        c.add(padded.view().row_block(0, 7));
        c.add(padded.view().row_block(7, 23));
        c.end_batch();
    }
    return c.range().value();
}

TEST(Calibration, QuantileInterpolates) {
    std::vector<float> v = {5, 1, 4, 2};
    EXPECT_FLOAT_EQ(quantile_of(v, 0.0), 1.0f);
    EXPECT_FLOAT_EQ(quantile_of(v, 1.0), 5.0f);
    EXPECT_FLOAT_EQ(quantile_of(v, 0.5), 3.0f);
    EXPECT_FLOAT_EQ(quantile_of(v, 0.9), 4.7f);
    std::vector<float> none;
    EXPECT_THROW(quantile_of(none, 0.5), InputError);
    EXPECT_THROW(quantile_of(v, 1.5), InputError);
}

TEST(Calibration, MovingRulesAreMeansOverBatches) {
    double std_sum = 0;
    for (int b = 0; b < 3; b++) {
        std_sum += 3.0 * plain_std(normal_rows(20, 17, static_cast<uint64_t>(b)).values);
    }
    EXPECT_NEAR(calibrated({.kind = CalibrationKind::kMovingStd}, 3), std_sum / 3, 1e-6);
    for (const bool is_signed : {false, true}) {
        for (const double q : {0.3, 0.9, 0.99, 1.0}) {
            double sum = 0;
            for (int b = 0; b < 3; b++) {
                sum += sorted_quantile(
                    normal_rows(20, 17, static_cast<uint64_t>(b)).values, q, !is_signed);
            }
            const CalibrationConfig config{.kind = CalibrationKind::kMovingQuantile,
                                           .quantile = q,
                                           .signed_values = is_signed};
            EXPECT_NEAR(calibrated(config, 3), std::abs(sum) / 3, 1e-6) << q;
            EXPECT_EQ(calibrated(config, 3), calibrated(config, 3, 0));
        }
    }
}

TEST(Calibration, LargeBatchesKeepOnlyWhatMatters) {
    // More values than the buffer of a high quantile.
    const Matrix<float> x = normal_rows(4000, 25, 5);
    for (const double q : {0.9, 0.999, 0.99995}) {
        RangeCalibrator c({.kind = CalibrationKind::kMovingQuantile, .quantile = q}, {2});
        c.begin_batch(x.values.size() + 1000);
        for (size_t r = 0; r < x.rows; r += 100) {
            c.add(x.view().row_block(r, 100));
        }
        c.end_batch();
        EXPECT_NEAR(c.range().value(), sorted_quantile(x.values, q, true), 1e-6);
    }
}

TEST(Calibration, CacheHoldsAllOfASmallSample) {
    std::vector<float> all;
    for (uint64_t b = 0; b < 3; b++) {
        const std::vector<float> x = normal_rows(20, 17, b).values;
        all.insert(all.end(), x.begin(), x.end());
    }
    for (const bool is_signed : {false, true}) {
        EXPECT_NEAR(calibrated({.quantile = 0.95, .signed_values = is_signed}, 3),
                    sorted_quantile(all, 0.95, !is_signed),
                    1e-6);
    }
}

TEST(Calibration, CacheIsARandomSample) {
    // Row r holds r + 1: the median of the kept rows shows which were kept.
    const auto median = [](uint64_t key, size_t piece) {
        RangeCalibrator c({.quantile = 0.5, .cache_rows = 100}, {key});
        Matrix<float> x(10000, 1);
        for (size_t r = 0; r < x.rows; r++) {
            x(r, 0) = static_cast<float>(r + 1);
        }
        for (size_t r = 0; r < x.rows; r += piece) {
            c.add(x.view().row_block(r, piece));
        }
        return c.range().value();
    };
    // The median of 100 uniform numbers has the standard deviation 1 / (2 sqrt(100)).
    EXPECT_NEAR(median(1, 10000), 5000, 5.5 * 500);
    EXPECT_NE(median(1, 10000), median(2, 10000));
    EXPECT_EQ(median(1, 10000), median(1, 50));
    double sum = 0;
    for (uint64_t key = 0; key < 100; key++) {
        sum += median(key, 10000);
    }
    EXPECT_NEAR(sum / 100, 5000, 5.5 * 50);
}

TEST(Calibration, Maximum) {
    float largest = 0;
    for (const uint64_t b : {0, 1}) {
        for (const float v : normal_rows(20, 17, b).values) {
            largest = std::max(largest, std::abs(v));
        }
    }
    EXPECT_EQ(calibrated({.kind = CalibrationKind::kMax}, 2), largest);
}

TEST(Calibration, NothingSeen) {
    for (const CalibrationKind kind : {CalibrationKind::kMovingStd,
                                       CalibrationKind::kMovingQuantile,
                                       CalibrationKind::kCacheQuantile,
                                       CalibrationKind::kMax}) {
        RangeCalibrator c({.kind = kind}, {2});
        EXPECT_FALSE(c.range().has_value());
        c.begin_batch(10);
        c.add(Matrix<float>(2, 5).view());
        c.end_batch();
        EXPECT_FALSE(c.range().has_value());
        Matrix<float> bad(1, 1, std::numeric_limits<float>::quiet_NaN());
        EXPECT_THROW(c.add(bad.view()), InputError);
    }
    EXPECT_THROW(RangeCalibrator({.quantile = 1.1}, {2}), ConfigError);
    EXPECT_THROW(RangeCalibrator({.std_factor = 0}, {2}), ConfigError);
    EXPECT_THROW(RangeCalibrator({.cache_rows = 0}, {2}), ConfigError);
}

}  // namespace
}  // namespace mho
