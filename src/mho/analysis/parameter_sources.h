// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_PARAMETER_SOURCES_H
#define MHO_ANALYSIS_PARAMETER_SOURCES_H

#include <vector>

#include "mho/analysis/run_file.h"

namespace mho {

/// Fills the sources of parameters that name none of their own: that of the model they belong to,
/// of the section around them, or mho itself for what its run file defines.
void fill_sources(std::vector<Parameter>& parameters);

}  // namespace mho

#endif  // MHO_ANALYSIS_PARAMETER_SOURCES_H
