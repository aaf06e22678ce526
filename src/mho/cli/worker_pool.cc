// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/worker_pool.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <thread>

#include "mho/util/error.h"

extern char** environ;

namespace mho {
namespace {

pid_t spawn(const WorkerTask& task, std::vector<std::string> words) {
    const std::string program = words[0];
    words.insert(words.end(), task.arguments.begin(), task.arguments.end());
    std::vector<char*> argv;
    for (std::string& w : words) {
        argv.push_back(w.data());
    }
    argv.push_back(nullptr);
    std::vector<char*> environment;
    for (char** e = environ; *e != nullptr; e++) {
        if (std::strncmp(*e, "OMP_NUM_THREADS=", 16) != 0) {
            environment.push_back(*e);
        }
    }
    std::string one = "OMP_NUM_THREADS=1";
    environment.push_back(one.data());
    environment.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(
        &files, 1, task.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // A group of its own: Ctrl-C reaches this program alone, which then ends its workers in order.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    pid_t pid = -1;
    const int error =
        posix_spawn(&pid, program.c_str(), &files, &attributes, argv.data(), environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) {
        throw IoError(program + ": cannot be started: " + std::strerror(error));
    }
    return pid;
}

}  // namespace

size_t run_workers(const std::vector<std::string>& program,
                   const std::vector<WorkerTask>& tasks,
                   size_t processes,
                   const std::atomic<bool>& stop,
                   const std::function<void()>& finished) {
    std::vector<std::string> words = program;
    if (words.empty()) {
        words = {std::filesystem::read_symlink("/proc/self/exe").string()};
    }
    std::vector<pid_t> running;
    size_t next = 0;
    size_t failed = 0;
    bool interrupted = false;
    const auto collect = [&] {
        for (auto at = running.begin(); at != running.end();) {
            int status = 0;
            if (waitpid(*at, &status, WNOHANG) != *at) {
                ++at;
                continue;
            }
            at = running.erase(at);
            failed += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
            if (finished) {
                finished();
            }
        }
    };
    try {
        while (next < tasks.size() || !running.empty()) {
            if (stop.load()) {
                next = tasks.size();
                for (const pid_t pid : running) {
                    if (!interrupted) {
                        kill(pid, SIGINT);
                    }
                }
                interrupted = true;
            }
            while (next < tasks.size() && running.size() < std::max<size_t>(processes, 1)) {
                running.push_back(spawn(tasks[next++], words));
            }
            collect();
            if (!running.empty()) {
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
            }
        }
    } catch (...) {
        for (const pid_t pid : running) {
            kill(pid, SIGINT);
            waitpid(pid, nullptr, 0);
        }
        throw;
    }
    return failed;
}

}  // namespace mho
