// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_NUMBERS_H
#define MHO_REPORT_NUMBERS_H

// Numbers as readers expect them: a real minus sign, no "-0.00", no "nan".

#include <string>
#include <string_view>

namespace mho {

/// Printed in place of a number that does not exist (NaN, infinity, empty input).
inline constexpr std::string_view kNoValue = "\u2013";

/// "91.82 ± 0.05"; only the mean when `std` is not finite; kNoValue when the mean is not finite.
std::string format_mean_std(double mean, double std, int decimals = 2);

/// A fraction as percentage: 0.9182 -> "91.82 %".
std::string format_percent(double fraction, int decimals = 2);

/// Fractions as percentages: (0.9182, 0.0005) -> "91.82 ± 0.05 %".
std::string format_percent_mean_std(double mean, double std, int decimals = 2);

/// A difference of two fractions in percentage points with its sign: -0.0123 -> "−1.23".
std::string format_points(double difference, int decimals = 2);

/// Groups of three digits: 1234567 -> "1 234 567" (no-break spaces).
std::string format_count(unsigned long long count);

/// At most `digits` significant digits without trailing zeros: 0.30000000000000004 -> "0.3".
std::string format_number(double value, int digits = 4);

}  // namespace mho

#endif  // MHO_REPORT_NUMBERS_H
