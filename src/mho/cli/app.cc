// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <ostream>

#include "mho/analysis/evaluate.h"
#include "mho/analysis/results.h"
#include "mho/cli/command.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// A signal handler reaches only objects of static duration. The flag is set by Ctrl-C alone; the
// second Ctrl-C ends the program at once, as users expect.
std::atomic<bool> stop_requested{false};

void on_interrupt(int) {
    stop_requested.store(true);
    std::signal(SIGINT, SIG_DFL);
}

std::string first_word(const std::vector<std::string>& arguments) {
    for (const std::string& a : arguments) {
        if (!a.starts_with("-")) {
            return a;
        }
    }
    return "";
}

// What CLI11 lets through: a negative number for a whole one without sign, which becomes a huge
// one, and an empty name of a file.
void refuse_absurd_values(CLI::App& app) {
    for (CLI::Option* option : app.get_options()) {
        if (option->get_type_name().starts_with("UINT")) {
            option->check([](const std::string& text) {
                return text.starts_with("-") ? "must be a whole number, 0 or larger, got " + text
                                             : std::string();
            });
        }
        if (option->check_name("--out")) {
            option->check([](const std::string& text) {
                return text.empty() ? std::string("needs a name, got an empty one") : std::string();
            });
        }
    }
    for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
        refuse_absurd_values(*sub);
    }
}

}  // namespace

std::vector<Command> core_commands() {
    return {adc_command(),
            budget_command(),
            compare_command(),
            cost_command(),
            devices_command(),
            evaluate_command(),
            explain_command(),
            fit_command(),
            presets_command(),
            report_command(),
            solve_command(),
            specs_command(),
            study_command(),
            sweep_command(),
            verify_command()};
}

int run_mho(const std::vector<std::string>& arguments,
            const std::vector<Command>& commands,
            std::ostream& out,
            std::ostream& err,
            const std::vector<std::string>& program) {
    try {
        CLI::App app{
            "mho: accuracy, training and cost of neural networks on analog in-memory hardware",
            "mho"};
        app.set_version_flag("--version", "mho " + version());
        app.require_subcommand(1);
        app.get_formatter()->column_width(34);
        const CommandContext context{out, err, stop_requested, program};
        std::vector<std::pair<CLI::App*, std::function<int()>>> actions;
        std::vector<std::string> names;
        for (const Command& c : commands) {
            CLI::App* sub = app.add_subcommand(c.name, c.about);
            actions.emplace_back(sub, c.define(*sub, context));
            names.push_back(c.name);
        }
        refuse_absurd_values(app);
        // CLI11 would only say "The following argument was not expected".
        const std::string word = first_word(arguments);
        if (!word.empty() && std::find(names.begin(), names.end(), word) == names.end()) {
            err << "mho: unknown command `" << word << "`";
            if (word == "train") {
                err << ": this mho was built without LibTorch (-DMHO_WITH_TORCH=OFF)\n";
            } else {
                err << suggestion(word, names) << "\n";
            }
            return kExitUsage;
        }
        // Nor would it name a wrong option that stands where the command should.
        const std::vector<std::string> options = {"--help", "--version", "-h"};
        if (word.empty() && !arguments.empty() &&
            std::find(options.begin(), options.end(), arguments[0]) == options.end()) {
            err << "mho: unknown option `" << arguments[0] << "`"
                << suggestion(arguments[0], options) << "\n";
            return kExitUsage;
        }
        try {
            // CLI11 takes the arguments last one first.
            app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
        } catch (const CLI::Success& e) {
            app.exit(e, out, err);  // --help, --version
            return kExitDone;
        } catch (const CLI::ParseError& e) {
            err << "mho: " << e.what() << "\n"
                << "Try `mho" << (word.empty() ? "" : " " + word) << " --help`.\n";
            return kExitUsage;
        }
        stop_requested.store(false);
        std::signal(SIGINT, on_interrupt);
        for (auto& [sub, action] : actions) {
            if (sub->parsed()) {
                const int code = action();
                // What a full disk swallowed was not said.
                out.flush();
                if (code == kExitDone && !out) {
                    err << "mho: the output could not be written\n";
                    return kExitFailed;
                }
                return code;
            }
        }
        return kExitUsage;
    } catch (const UsageError& e) {
        err << "mho: " << e.what() << "\n";
        return kExitUsage;
    } catch (const Interrupted& e) {
        err << "mho: " << e.what() << "\n";
        return kExitInterrupted;
    } catch (const std::bad_alloc&) {
        err << "mho: out of memory\n";
        return kExitFailed;
    } catch (const std::exception& e) {
        err << "mho: " << e.what() << "\n";
        return kExitFailed;
    }
}

}  // namespace mho
