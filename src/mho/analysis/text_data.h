// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_TEXT_DATA_H
#define MHO_ANALYSIS_TEXT_DATA_H

#include <string>
#include <vector>

#include "mho/analysis/data.h"
#include "mho/util/matrix.h"

namespace mho {

/// Character data for language models: a sample is a window of `positions` symbols (as an image of
/// one row of pixels) with as many labels, the symbols that follow. Windows do not overlap. The
/// first 90 % of the text train, the rest tests; symbols count from 0 in the order of the alphabet
/// of the whole text. Throws InputError when a part is too short for one window.
LabelledImages text_windows(const std::string& text, size_t positions, bool train);

/// The windows of the file that a configuration names. Throws IoError with what to set.
LabelledImages load_text_windows(const DataConfig& config, bool train);

/// Sum of the cross-entropies in nats of samples [0, outputs.rows): outputs [samples, positions *
/// vocabulary] are logits, labels [samples * positions]. In double.
double cross_entropy_sum(ConstFloatView outputs,
                         const std::vector<uint8_t>& labels,
                         size_t positions);

}  // namespace mho

#endif  // MHO_ANALYSIS_TEXT_DATA_H
