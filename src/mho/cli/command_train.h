// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_COMMAND_TRAIN_H
#define MHO_CLI_COMMAND_TRAIN_H

#include "mho/cli/command.h"

namespace mho {

/// Needs LibTorch, so it is not among core_commands().
Command train_command();

}  // namespace mho

#endif  // MHO_CLI_COMMAND_TRAIN_H
