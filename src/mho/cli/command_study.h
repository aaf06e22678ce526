// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_COMMAND_STUDY_H
#define MHO_CLI_COMMAND_STUDY_H

#include <vector>

#include "mho/analysis/study.h"
#include "mho/cli/command.h"

namespace mho {

/// The command `study` with the code of the studies that need LibTorch; without it (study_command)
/// they are only listed.
Command study_command_with(std::vector<Study> training);

}  // namespace mho

#endif  // MHO_CLI_COMMAND_STUDY_H
