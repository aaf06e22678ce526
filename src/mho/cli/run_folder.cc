// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/run_folder.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <ostream>

#include "mho/analysis/results.h"
#include "mho/analysis/run_values.h"
#include "mho/cli/accuracy_page.h"
#include "mho/io/file.h"
#include "mho/report/accuracy_report.h"

namespace mho {
namespace {

constexpr const char* kLearntInMemory =
    ": trained in memory, its results are learning.json and learning.html; to evaluate one of its "
    "networks, name learning-N.safetensors as network.weights of a run file without `learning`";

}  // namespace

bool RunFolder::has(const std::string& name) const {
    return std::filesystem::exists(file(name));
}

bool RunFolder::holds(const RunFile& run) const {
    if (!has("run.json")) {
        return false;
    }
    const std::string wanted = run_file_to_json(run);
    if (read_file(file("run.json")) == wanted) {
        return true;
    }
    try {
        return run_file_to_json(read_run_file(file("run.json"))) == wanted;
    } catch (const std::exception&) {
        return false;
    }
}

LoadedRun load_run(const std::string& what, const std::vector<std::string>& overrides) {
    LoadedRun loaded;
    if (std::filesystem::is_directory(what)) {
        const RunFolder folder{what};
        if (!folder.has("run.json")) {
            throw IoError(what + " is not the folder of a run: it has no run.json");
        }
        loaded.folder = what;
        loaded.run = read_run_file(folder.file("run.json"), overrides);
        if (!overrides.empty()) {
            const RunFile stored = read_run_file(folder.file("run.json"));
            loaded.changed = run_file_to_json(stored) != run_file_to_json(loaded.run);
            const std::string fixed[] = {"network", "training", "hardware"};
            const std::vector<std::string> before = run_values(stored, fixed);
            const std::vector<std::string> after = run_values(loaded.run, fixed);
            for (size_t i = 0; i < before.size(); i++) {
                if (before[i] != after[i]) {
                    throw UsageError("--set " + fixed[i] + "...: the networks of " + what +
                                     " are trained for their " + fixed[i] +
                                     "; set it in `mho train`, or change evaluation, data or seed");
                }
            }
        }
        if (!folder.has("float.safetensors") && folder.has("learning.json")) {
            throw IoError(what + kLearntInMemory);
        }
        if (!folder.has("float.safetensors")) {
            throw IoError(what +
                          ": the run has no float.safetensors yet; finish it with `mho train "
                          "RUN_FILE --resume`");
        }
        // A network that was trained further, for a fair comparison, stands for floating point.
        loaded.networks.floating_point = read_network(folder.file(
            folder.has("further.safetensors") ? "further.safetensors" : "float.safetensors"));
        if (folder.has("naive.safetensors")) {
            loaded.networks.naive = read_network(folder.file("naive.safetensors"));
            loaded.networks.has_naive = true;
        }
        if (folder.has("hwa.safetensors")) {
            loaded.networks.hardware_aware = read_network(folder.file("hwa.safetensors"));
            loaded.networks.has_hardware_aware = true;
        }
        if (!loaded.run.evaluation.digital.empty()) {
            loaded.networks.digital = make_digital(
                loaded.run, loaded.networks.floating_point, load_train_images(loaded.run.data));
        }
        return loaded;
    }
    if (!std::filesystem::exists(what)) {
        throw IoError(what + ": no such run file or folder");
    }
    loaded.run = read_run_file(what, overrides);
    if (loaded.run.network.weights.empty()) {
        throw ConfigError("network.weights",
                          what +
                              " names no trained parameters to evaluate; train first: `mho train " +
                              what + "`");
    }
    loaded.networks.floating_point = fold_batch_norm(build_network(loaded.run));
    const LabelledImages train = load_train_images(loaded.run.data);
    loaded.networks.naive = make_naive(loaded.run, loaded.networks.floating_point, train);
    loaded.networks.has_naive = true;
    loaded.networks.digital = make_digital(loaded.run, loaded.networks.floating_point, train);
    loaded.folder = "runs/" + (loaded.run.name.empty() ? "unnamed" : loaded.run.name);
    return loaded;
}

const Network& analog_network(const LoadedRun& loaded, const std::string& name) {
    const RunNetworks& n = loaded.networks;
    if (n.has_hardware_aware && name != "naive") {
        return n.hardware_aware;
    }
    if (n.has_naive && name != "hwa") {
        return n.naive;
    }
    throw InputError("the run has no " + (name.empty() ? "" : name + " ") +
                     "network on analog hardware");
}

EvaluationTime evaluation_time(const RunFile& run, const std::string& name) {
    std::vector<std::string> known;
    for (const EvaluationTime& t : run.evaluation.times) {
        if (t.name == name) {
            return t;
        }
        known.push_back(t.name);
    }
    throw UsageError("no evaluation time is called `" + name + "`" + suggestion(name, known));
}

void write_outputs(const std::vector<std::pair<std::string, std::string>>& files,
                   std::ostream& out) {
    for (const auto& [path, text] : files) {
        if (!path.empty()) {
            write_file_atomically(path, text);
            out << "written: " << path << "\n";
        }
    }
}

void remove_temporaries(const std::string& folder) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().filename().string().starts_with(".mho-tmp-")) {
            std::filesystem::remove(entry.path());
        }
    }
}

size_t evaluation_bytes(const RunNetworks& networks, size_t images, size_t threads) {
    size_t bytes = evaluation_bytes(networks.floating_point, images, threads);
    if (networks.has_naive) {
        bytes = std::max(bytes, evaluation_bytes(networks.naive, images, threads));
    }
    if (networks.has_hardware_aware) {
        bytes = std::max(bytes, evaluation_bytes(networks.hardware_aware, images, threads));
    }
    return bytes;
}

void fill_result_folder(const std::string& path, const LoadedRun& run, bool overwrite) {
    const RunFolder folder{path};
    if (folder.has("events.jsonl")) {
        throw IoError(path + " is the folder of a training run; choose another --out");
    }
    const bool same = folder.holds(run.run);
    if (!same && folder.has("run.json") && !overwrite) {
        throw IoError(path +
                      " holds results of another configuration; choose another --out, or replace "
                      "them with --overwrite");
    }
    const auto remove = [&](const char* name) { std::filesystem::remove(folder.file(name)); };
    if (!same) {
        for (const char* old : {"results.json", "report.html", "evaluation.jsonl", "run.json"}) {
            remove(old);
        }
    }
    const auto put = [&](const char* name, const Network& network, bool there) {
        if (there) {
            write_network(folder.file(name), network);
        } else {
            remove(name);
        }
    };
    put("float.safetensors", run.networks.floating_point, true);
    put("naive.safetensors", run.networks.naive, run.networks.has_naive);
    put("hwa.safetensors", run.networks.hardware_aware, run.networks.has_hardware_aware);
    if (!same) {
        write_file_atomically(folder.file("run.json"), run_file_to_json(run.run));
    }
}

void evaluate_into(const RunFile& run,
                   const RunNetworks& networks,
                   const LabelledImages& test,
                   EvaluateOptions options,
                   std::ostream& out) {
    const auto start = std::chrono::steady_clock::now();
    const EvaluationResult result = evaluate(run, networks, test, options);
    RunFacts facts = run_facts(options.threads);
    facts.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const RunFolder folder{options.folder};
    write_file_atomically(folder.file("results.json"), results_to_json(run, result, facts));
    out << write_report(options.folder);
    out << "report: " << folder.file("report.html") << "\n";
}

std::string write_report(const std::string& path) {
    const RunFolder folder{path};
    for (const char* needed : {"run.json", "results.json"}) {
        if (!folder.has(needed) && folder.has("learning.json")) {
            throw IoError(path + kLearntInMemory);
        }
        if (!folder.has(needed)) {
            throw IoError(path + " has no " + needed + "; run `mho evaluate` on it first");
        }
    }
    const RunFile run = read_run_file(folder.file("run.json"));
    Network network;
    for (const char* file : {"hwa.safetensors", "naive.safetensors"}) {
        if (folder.has(file)) {
            network = read_network(folder.file(file));
            break;
        }
    }
    const AccuracyReport page =
        accuracy_page(run,
                      network,
                      read_file(folder.file("results.json")),
                      folder.file("results.json"),
                      folder.has("events.jsonl") ? read_file(folder.file("events.jsonl")) : "");
    write_file_atomically(folder.file("report.html"), render(page));
    return terminal_summary(page);
}

}  // namespace mho
