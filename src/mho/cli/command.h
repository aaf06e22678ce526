// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_COMMAND_H
#define MHO_CLI_COMMAND_H

#include <atomic>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mho {

/// Exit codes: 0 done, 1 the work failed (a bad run file included), 2 the command line is wrong.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;  // as a shell reports Ctrl-C

/// What a command may use of its surroundings.
struct CommandContext {
    std::ostream& out;
    std::ostream& err;
    const std::atomic<bool>& stop;  // set by Ctrl-C
    std::vector<std::string> program =
        {};  // how this program is started again; empty: its own file
};

/// A sub-command: `define` adds its options and returns what to do once they are parsed.
struct Command {
    std::string name;
    std::string about;
    std::function<std::function<int()>(CLI::App& app, const CommandContext& context)> define;
};

Command adc_command();
Command budget_command();
Command compare_command();
Command cost_command();
Command devices_command();
Command evaluate_command();
Command explain_command();
Command fit_command();
Command presets_command();
Command report_command();
Command solve_command();
Command specs_command();
Command study_command();
Command sweep_command();
Command verify_command();

/// Every command that needs no LibTorch.
std::vector<Command> core_commands();

/// Parses the arguments (without the program's name) and runs the command. Errors are printed to
/// `err`; never throws. `program`: the words that start this program in a process of its own, where
/// that is not the file that runs (a module of Python).
int run_mho(const std::vector<std::string>& arguments,
            const std::vector<Command>& commands,
            std::ostream& out,
            std::ostream& err,
            const std::vector<std::string>& program = {});

}  // namespace mho

#endif  // MHO_CLI_COMMAND_H
