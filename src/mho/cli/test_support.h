// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_TEST_SUPPORT_H
#define MHO_CLI_TEST_SUPPORT_H

// Commands run inside the test, the program run as a process, and a run folder without training.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "mho/analysis/test_support.h"
#include "mho/cli/command.h"
#include "mho/io/file.h"
#include "mho/util/json.h"

namespace mho {

struct Outcome {
    int code = -1;
    std::string out;
    std::string err;
};

/// The commands of the core, in this process.
inline Outcome run(const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    Outcome o;
    o.code = run_mho(arguments, core_commands(), out, err);
    o.out = out.str();
    o.err = err.str();
    return o;
}

/// The program itself, as another process.
class Process {
  public:
    Process(const ScratchFolder& folder, const std::vector<std::string>& arguments)
        : out_(folder.file("stdout")), err_(folder.file("stderr")) {
        std::vector<std::string> words = {MHO_BINARY_DIR "/bin/mho"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> argv;
        for (std::string& w : words) {
            argv.push_back(w.data());
        }
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(::open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), 1);
            ::dup2(::open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), 2);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            wait();
        }
    }
    void signal(int number) const { ::kill(pid_, number); }
    bool running() {
        if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) {
            pid_ = -1;
        }
        return pid_ > 0;
    }
    /// Exit code, or minus the signal that ended it.
    Outcome wait() {
        if (pid_ > 0) {
            ::waitpid(pid_, &status_, 0);
            pid_ = -1;
        }
        return {WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_),
                read_file(out_),
                read_file(err_)};
    }

  private:
    std::string out_, err_;
    pid_t pid_ = -1;
    int status_ = 0;
};

/// Every file below a folder with its content.
inline std::map<std::string, std::string> contents(const std::string& folder) {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        all[entry.path().string()] =
            entry.is_regular_file() ? read_file(entry.path().string()) : "";
    }
    return all;
}

inline std::string results_without_facts(const std::string& folder) {
    Json j = Json::parse(read_file(folder + "/results.json"));
    EXPECT_TRUE(j.contains("run"));
    j.erase("run");
    return j.dump(1);
}

/// data/ with 64 + 40 pictures and run/ as `mho train` would leave it, but for the event log.
struct RunFixture {
    ScratchFolder scratch;
    std::string data = scratch.file("data");
    std::string folder = scratch.file("run");

    explicit RunFixture(const std::vector<std::string>& more = {}) {
        write_pattern_folder(data, 64, 40);
        std::filesystem::create_directory(folder);
        std::vector<std::string> set = {
            "data.folder=" + data, "evaluation.programmings=2", "evaluation.error_images=4"};
        set.insert(set.end(), more.begin(), more.end());
        const RunFile run = tiny_run(set);
        const RunNetworks networks = matched_networks(run, load_train_images(run.data));
        write_network(folder + "/float.safetensors", networks.floating_point);
        write_network(folder + "/naive.safetensors", networks.naive);
        write_network(folder + "/hwa.safetensors", networks.hardware_aware);
        put(folder + "/run.json", run_file_to_json(run));
    }
};

}  // namespace mho

#endif  // MHO_CLI_TEST_SUPPORT_H
