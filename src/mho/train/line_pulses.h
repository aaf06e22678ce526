// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_LINE_PULSES_H
#define MHO_TRAIN_LINE_PULSES_H

// The pulses of a line that is written alone, as transfers do. The line fires in K of the L slots,
// K ~ Binomial(L, p); given K, the counts of its cells are independent, n_i ~ Binomial(K, p_i): the
// law of stochastic trains, exactly, at one random number a cell instead of L. Probabilities and L
// are those of the rule of pulse_rule.h.

#include <span>

#include "mho/train/pulse_rule.h"

namespace mho {

/// Whether an update is of this kind: stochastic trains of at most kMostBinomialTrials slots whose
/// probabilities are not rounded.
bool has_line_pulses(const PulseUpdate& update);

/// Sample k writes line lines[k], a column or a row of `line_count`, by W -= rate values(k, .). The
/// result holds counts (device/pulse_lines.h), named like trains by (step, first_sample + k).
void make_line_pulses(const PulseUpdate& update,
                      bool columns,
                      std::span<const uint32_t> lines,
                      size_t line_count,
                      ConstFloatView values,
                      double rate,
                      double granularity,
                      TileKey tile,
                      ReadKey key,
                      PulseTrains& trains);

}  // namespace mho

#endif  // MHO_TRAIN_LINE_PULSES_H
