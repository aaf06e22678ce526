// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STATISTICS_H
#define MHO_ANALYSIS_STATISTICS_H

#include <cstdint>
#include <span>

namespace mho {

/// Mean of the values; NaN for none.
double mean(std::span<const double> values);

/// Standard deviation with n - 1 in the denominator; 0 for fewer than two values.
double standard_deviation(std::span<const double> values);

/// A mean and its 95 % interval.
struct Interval {
    double mean = 0.0;
    double low = 0.0;
    double high = 0.0;
    double half_width() const { return (high - low) / 2; }
};

/// Interval of a mean by Student's t distribution, for few values that are roughly normal.
Interval t_interval(std::span<const double> values);

/// Interval of a mean by the percentile bootstrap with `resamples` resamples and a fixed seed.
Interval bootstrap_interval(std::span<const double> values,
                            uint64_t seed,
                            size_t resamples = 10000);

/// Mean of a - b and its interval by the percentile bootstrap over pairs. Runs that share their
/// noise (same seed and chip) are compared so: what both have in common cancels. Throws InputError
/// for different lengths.
Interval paired_difference(std::span<const double> a,
                           std::span<const double> b,
                           uint64_t seed,
                           size_t resamples = 10000);

/// 97.5 % quantile of Student's t distribution.
double t_quantile_975(size_t degrees_of_freedom);

}  // namespace mho

#endif  // MHO_ANALYSIS_STATISTICS_H
