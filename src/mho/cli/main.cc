// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "mho/cli/command.h"
#ifdef MHO_WITH_TORCH
#include "mho/cli/command_study.h"
#include "mho/cli/command_train.h"
#include "mho/studies/training_studies.h"
#endif
#include "mho/util/keep_memory.h"

int main(int argc, char** argv) {
    // Compiled for x86-64-v3: say so instead of dying of an illegal instruction.
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        std::cerr << "mho: this processor lacks AVX2 or FMA, which mho needs\n";
        return mho::kExitFailed;
    }
    mho::keep_freed_memory();
    std::vector<mho::Command> commands;
#ifdef MHO_WITH_TORCH
    commands.push_back(mho::train_command());
#endif
    for (mho::Command& c : mho::core_commands()) {
#ifdef MHO_WITH_TORCH
        if (c.name == "study") {
            c = mho::study_command_with(mho::training_studies());
        }
#endif
        commands.push_back(std::move(c));
    }
    return mho::run_mho({argv + 1, argv + argc}, commands, std::cout, std::cerr);
}
