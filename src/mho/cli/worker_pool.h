// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_WORKER_POOL_H
#define MHO_CLI_WORKER_POOL_H

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace mho {

/// A run of this program in a process of its own.
struct WorkerTask {
    std::vector<std::string> arguments;
    std::string log;  // file that takes what it prints
};

/// Runs the tasks in order, `processes` at a time, each a process of `program` (its full path and
/// first words; empty: the file that runs), with one thread of OpenMP. `finished` is called after
/// each. When `stop` is set no task is begun any more and those that run are interrupted (SIGINT)
/// and waited for. Returns how many failed.
size_t run_workers(const std::vector<std::string>& program,
                   const std::vector<WorkerTask>& tasks,
                   size_t processes,
                   const std::atomic<bool>& stop,
                   const std::function<void()>& finished);

}  // namespace mho

#endif  // MHO_CLI_WORKER_POOL_H
