// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_CALIBRATION_H
#define MHO_ADAPT_CALIBRATION_H

// Input ranges from a sample of the inputs, without training (post-training calibration; aihwkit
// 1.2.0, `calibrate_input_ranges`). One RangeCalibrator watches the inputs of one tile.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mho/random/stream.h"
#include "mho/util/matrix.h"
#include "mho/util/reflect.h"

namespace mho {

enum class CalibrationKind {
    kMovingStd,       // running mean over batches of std_factor * std
    kMovingQuantile,  // running mean over batches of the quantile
    kCacheQuantile,   // the quantile of randomly kept rows
    kMax,             // the largest |x|
};

template <>
struct EnumNames<CalibrationKind> {
    static constexpr std::array<std::pair<CalibrationKind, std::string_view>, 4> names = {
        {{CalibrationKind::kMovingStd, "moving std"},
         {CalibrationKind::kMovingQuantile, "moving quantile"},
         {CalibrationKind::kCacheQuantile, "cache quantile"},
         {CalibrationKind::kMax, "max"}}};
};

struct CalibrationConfig {
    CalibrationKind kind = CalibrationKind::kCacheQuantile;
    double quantile = 0.99995;
    double std_factor = 3.0;
    int cache_rows = 1000;
    bool signed_values = false;
};

template <>
struct Schema<CalibrationConfig> {
    static constexpr std::string_view name = "Calibration";
    static void fields(auto&& visit) {
        using C = CalibrationConfig;
        visit(field("kind",
                    &C::kind,
                    {.meaning = "statistic of the inputs that becomes the input range",
                     .source = "aihwkit 1.2.0 InputRangeCalibrationType"}));
        visit(field("quantile",
                    &C::quantile,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "share of inputs inside the range, for the two quantile rules",
                     .source = "aihwkit 1.2.0: 0.99995"}));
        visit(field("std_factor",
                    &C::std_factor,
                    {.unit = "1",
                     .min = 1e-6,
                     .max = 1e6,
                     .meaning = "standard deviations inside the range, for `moving std`",
                     .source = "aihwkit 1.2.0 init_std_alpha"}));
        visit(field("cache_rows",
                    &C::cache_rows,
                    {.unit = "rows",
                     .min = 1,
                     .max = 1e6,
                     .meaning = "input vectors kept by `cache quantile`",
                     .source = "aihwkit 1.2.0"}));
        visit(field("signed_values",
                    &C::signed_values,
                    {.meaning = "quantiles of x as aihwkit takes them, instead of |x|",
                     .source = "aihwkit 1.2.0"}));
    }
};

/// The quantile of the values by linear interpolation between neighbours in order (position
/// q (n - 1), as NumPy and PyTorch have it). Reorders the values. InputError for none, or q outside
/// 0 ... 1.
float quantile_of(std::vector<float>& values, double q);

/// Gathers the inputs of one tile. Rows that are all zero (padding) do not count. A batch may come
/// in any number of pieces; results do not depend on the cut.
class RangeCalibrator {
  public:
    /// `key` chooses the rows that `cache quantile` keeps. Throws ConfigError.
    RangeCalibrator(const CalibrationConfig& config, TileKey key);

    /// Announces the largest number of values of the batch that follows: `moving quantile` then
    /// keeps only those that can matter. 0 = unknown, all are kept.
    void begin_batch(size_t most_values = 0);
    /// Rows of inputs `[rows, inputs]`, finite.
    void add(ConstFloatView inputs);
    /// Closes a batch: the moving rules take their mean over batches. A batch without spread, or of
    /// zeros only, does not count.
    void end_batch();

    /// The range so far, > 0; nothing when no batch counted. A negative quantile of signed values
    /// gives its magnitude.
    std::optional<float> range() const;

  private:
    void add_to_cache(std::span<const float> row, uint64_t number);
    void keep_top();

    struct CachedRow {
        uint64_t priority;  // rows with the smallest ones stay
        std::vector<float> values;
        friend bool operator<(const CachedRow& a, const CachedRow& b) {
            return a.priority < b.priority;
        }
    };

    CalibrationConfig config_;
    TileKey key_;
    uint64_t rows_seen_ = 0;
    uint64_t batches_ = 0;
    double moving_ = 0;
    double max_ = 0;
    // The batch: count, mean and squared deviations, and the values that a quantile needs.
    double count_ = 0;
    double mean_ = 0;
    double squares_ = 0;
    size_t needed_ = 0;  // largest values that the quantile can ask for; 0 = all
    std::vector<float> values_;
    std::vector<CachedRow> cache_;  // a heap, the largest priority in front
};

}  // namespace mho

#endif  // MHO_ADAPT_CALIBRATION_H
