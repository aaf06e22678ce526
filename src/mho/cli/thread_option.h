// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_THREAD_OPTION_H
#define MHO_CLI_THREAD_OPTION_H

#include <CLI/CLI.hpp>
#include <string>

namespace mho {

/// What `--threads` says of results wherever they are the same on any number.
inline constexpr const char* kAnyThreads = "threads; results do not depend on them";

/// Adds `--threads`, 1 to `most`. Commands take `available_threads()` where it is not given.
template <class Count>
void add_threads(CLI::App& app, Count& threads, const std::string& what, int most = 1024) {
    app.add_option("--threads", threads, what + " (default: all, or OMP_NUM_THREADS)")
        ->check(CLI::Range(1, most));
}

}  // namespace mho

#endif  // MHO_CLI_THREAD_OPTION_H
