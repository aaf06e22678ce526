// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STUDY_CIRCUIT_REASONS_H
#define MHO_ANALYSIS_STUDY_CIRCUIT_REASONS_H

// Experiments of the study `circuits` that test why claims do not hold.

#include <cstdint>
#include <string>

#include "mho/tile/crossbar_config.h"

namespace mho {

/// Why interleaved pairs lose more on their bit lines than separate columns do, tested: the error
/// of random products where inputs drive the cells, and where inputs gate them, so that a cell at
/// zero input loads no line. `crossbar`: coding and cells of the study; `resistance`: of a segment.
std::string why_pairs_lose(const Crossbar& crossbar, double resistance, uint64_t seed);

}  // namespace mho

#endif  // MHO_ANALYSIS_STUDY_CIRCUIT_REASONS_H
