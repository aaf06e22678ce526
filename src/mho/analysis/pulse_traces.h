// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_PULSE_TRACES_H
#define MHO_ANALYSIS_PULSE_TRACES_H

// Measured responses to pulses. The file is CSV with a header:
//
//     [cell,] pulses, weight
//
// A row is a reading: `weight` after `pulses` more pulses (positive up, negative down) on `cell`.
// Without a column `cell` all rows belong to one cell. The pulses before the first reading of a
// cell do not matter.

#include <string>
#include <string_view>
#include <vector>

namespace mho {

/// Readings of one cell in their order.
struct PulseTrace {
    double cell = 0.0;
    std::vector<int> pulses;  // before each reading; the first is void
    std::vector<double> weight;
};

struct PulseTraceOptions {
    double zero = 0.0;   // the reading that is weight 0
    double scale = 1.0;  // weight per unit of reading
};

/// Traces in the order in which their cells first appear. Throws IoError naming `origin` for a
/// malformed file and for traces that say nothing (fewer than ten readings, a single direction),
/// InputError for bad options.
std::vector<PulseTrace> parse_pulse_traces(std::string_view csv,
                                           const std::string& origin,
                                           const PulseTraceOptions& options = {});

/// The same from a file, decompressed if need be.
std::vector<PulseTrace> read_pulse_traces(const std::string& path,
                                          const PulseTraceOptions& options = {});

}  // namespace mho

#endif  // MHO_ANALYSIS_PULSE_TRACES_H
