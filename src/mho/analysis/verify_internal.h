// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_VERIFY_INTERNAL_H
#define MHO_ANALYSIS_VERIFY_INTERNAL_H

// How single categories of golden records are run and compared. Internal: it exposes nlohmann/json.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mho/compat/json_node.h"
#include "mho/compat/translate_internal.h"
#include "mho/random/stream.h"
#include "mho/util/matrix.h"

namespace mho {

/// Collects the deviations of one record, each as a share of its limit.
class Comparison {
  public:
    /// One value: |own - recorded| against the limit. Both non-finite and equal agree.
    void value(double own, double recorded, double limit, const std::string& where);
    /// Lists of one length, one limit for all.
    void list(std::span<const float> own,
              std::span<const double> recorded,
              double limit,
              const std::string& what);
    /// A deviation that is already a share of its limit.
    void share(double of_limit, const std::string& where);
    /// Says what was compared ("forward", "backward"), in order.
    void compared(const std::string& what);

    size_t count() const { return count_; }
    double worst() const { return worst_; }
    const std::string& worst_at() const { return worst_at_; }
    std::string text() const;

    TranslationNotes notes;

  private:
    size_t count_ = 0;
    double worst_ = 0.0;
    std::string worst_at_;
    std::vector<std::string> what_;
};

/// Limit on list sizes and repetitions that a record may ask for.
inline constexpr int64_t kMaxRepetitions = 1'000'000;
inline constexpr size_t kMaxSampleValues = 100'000'000;

/// Own repetitions [sample][variable].
using Samples = Matrix<float>;

struct StatisticsRule {
    /// Limit on differences of correlations.
    double correlation_limit = 0.05;
    /// Where tables drawn once per tile enter, samples of one tile are not independent: own samples
    /// come from so many tiles of equal size, one after the other, and the recorded ones from
    /// `recorded_tiles`; errors are then taken from the spread over own tiles. 0 = independent
    /// samples.
    size_t own_tiles = 0;
    size_t recorded_tiles = 0;
    /// Where the law has no finite variance, moments say nothing.
    bool quantiles_only = false;
    /// Variables whose recorded spread is known to be wrong: only their mean is compared.
    std::vector<size_t> means_only;
    bool compares_spread_of(size_t variable) const;
};

/// `n` of a statistics object: an integer of at least 2.
size_t repetitions(const JsonNode& stats);
/// Own number of samples, at least the recorded one.
size_t own_repetitions(size_t recorded, size_t at_least, size_t variables);

/// Compares mean, std, quantiles and (if recorded) correlation of own samples with a statistics
/// object, by the table of tolerances of the golden data.
void compare_statistics(Comparison& c,
                        const Samples& own,
                        const JsonNode& stats,
                        const std::string& what,
                        const StatisticsRule& rule = {});

/// Compares the correlation matrix of own samples with one of `recorded_n` samples (null = not
/// defined). `kept`: the row and column of the recorded matrix for each variable; empty = all of
/// them in order.
void compare_correlation(Comparison& c,
                         const Samples& own,
                         const JsonNode& recorded,
                         double recorded_n,
                         const StatisticsRule& rule,
                         const std::string& what,
                         const std::vector<size_t>& kept = {});

/// Largest |value|, at least `floor`.
double largest(std::span<const double> values, double floor = 0.0);

/// The matrix W among the inputs of a record, not empty.
Matrix<float> weights_of(const JsonNode& record);

/// Statistics agree within so many standard errors.
inline constexpr double kSigmas = 5.0;

/// Numbers of one place of a record: the same for every run.
inline TileKey verify_key(std::string_view purpose, uint32_t index = 0) {
    return make_tile_key(1, purpose, index);
}

// One function per category: `record` is the whole record.
void verify_exact_mvm(const JsonNode& record, Comparison& c);
void verify_mvm_moments(const JsonNode& record, Comparison& c);
void verify_frozen_tables(const JsonNode& record, Comparison& c);
void verify_conductance(const JsonNode& record, Comparison& c);
void verify_weight_noise(const JsonNode& record, Comparison& c);
void verify_converters(const JsonNode& record, Comparison& c);
void verify_drift_compensation(const JsonNode& record, Comparison& c);
void verify_modifier(const JsonNode& record, Comparison& c);
void verify_clip_remap(const JsonNode& record, Comparison& c);
void verify_input_range(const JsonNode& record, Comparison& c);
void verify_mapping_scales(const JsonNode& record, Comparison& c);
void verify_lightning(const JsonNode& record, Comparison& c);
void verify_exact_pulses(const JsonNode& record, Comparison& c);
void verify_pulse_noise(const JsonNode& record, Comparison& c);
void verify_device_tables(const JsonNode& record, Comparison& c);
void verify_response(const JsonNode& record, Comparison& c);
void verify_temporal(const JsonNode& record, Comparison& c);
void verify_update_law(const JsonNode& record, Comparison& c);
void verify_toy(const JsonNode& record, Comparison& c);

}  // namespace mho

#endif  // MHO_ANALYSIS_VERIFY_INTERNAL_H
