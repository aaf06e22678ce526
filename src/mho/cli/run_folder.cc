// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/run_folder.h"

#include <chrono>
#include <filesystem>
#include <ostream>

#include "mho/analysis/results.h"
#include "mho/cli/accuracy_page.h"
#include "mho/io/file.h"
#include "mho/report/accuracy_report.h"

namespace mho {

bool RunFolder::has(const std::string& name) const { return std::filesystem::exists(file(name)); }

LoadedRun load_run(const std::string& what, const std::vector<std::string>& overrides) {
    LoadedRun loaded;
    if (std::filesystem::is_directory(what)) {
        const RunFolder folder{what};
        if (!folder.has("run.json")) {
            throw IoError(what + " is not the folder of a run: it has no run.json");
        }
        loaded.folder = what;
        loaded.run = read_run_file(folder.file("run.json"), overrides);
        if (!folder.has("float.safetensors")) {
            throw IoError(what + ": the run has no float.safetensors yet; finish it with `mho train "
                                 "RUN_FILE --resume`");
        }
        loaded.networks.floating_point = read_network(folder.file("float.safetensors"));
        if (folder.has("naive.safetensors")) {
            loaded.networks.naive = read_network(folder.file("naive.safetensors"));
            loaded.networks.has_naive = true;
        }
        if (folder.has("hwa.safetensors")) {
            loaded.networks.hardware_aware = read_network(folder.file("hwa.safetensors"));
            loaded.networks.has_hardware_aware = true;
        }
        return loaded;
    }
    if (!std::filesystem::exists(what)) {
        throw IoError(what + ": no such run file or folder");
    }
    loaded.run = read_run_file(what, overrides);
    if (loaded.run.network.weights.empty()) {
        throw ConfigError("network.weights",
                          what + " names no trained parameters to evaluate; train first: `mho train " +
                              what + "`");
    }
    loaded.networks.floating_point = fold_batch_norm(build_network(loaded.run));
    loaded.networks.naive =
        make_naive(loaded.run, loaded.networks.floating_point, load_train_images(loaded.run.data));
    loaded.networks.has_naive = true;
    loaded.folder = "runs/" + (loaded.run.name.empty() ? "unnamed" : loaded.run.name);
    return loaded;
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
        accuracy_page(run, network, read_file(folder.file("results.json")), folder.file("results.json"));
    write_file_atomically(folder.file("report.html"), render(page));
    return terminal_summary(page);
}

}  // namespace mho
