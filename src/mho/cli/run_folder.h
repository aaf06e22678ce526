// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_RUN_FOLDER_H
#define MHO_CLI_RUN_FOLDER_H

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "mho/analysis/evaluate.h"

namespace mho {

/// The files of a run:
///   run.json                resolved configuration
///   float.safetensors       floating-point network
///   naive.safetensors       mapped as it is, input ranges set from data
///   hwa.safetensors         retrained for the hardware
///   events.jsonl            event log of training
///   evaluation.jsonl        finished units of the evaluation
///   results.json, report.html
struct RunFolder {
    std::string path;
    std::string file(const std::string& name) const { return path + "/" + name; }
    bool has(const std::string& name) const;
    /// Whether run.json describes this run; an earlier version wrote fewer parameters.
    bool holds(const RunFile& run) const;
};

/// RUN of the command line: a folder with run.json, or a run file.
struct LoadedRun {
    RunFile run;
    RunNetworks networks;
    std::string folder;    // where results go by default
    bool changed = false;  // by overrides: no longer the configuration of the folder's run.json
};

/// Throws UsageError for overrides that a trained network cannot follow any more (its structure,
/// training and hardware are in its file), IoError for what is missing.
LoadedRun load_run(const std::string& what, const std::vector<std::string>& overrides);

/// The network of a run on analog hardware: "hwa", "naive", or "" for the best that there is.
/// Throws InputError when the run has none of that name.
const Network& analog_network(const LoadedRun& run, const std::string& name);

/// One of the run's evaluation times by its name. Throws UsageError for another.
EvaluationTime evaluation_time(const RunFile& run, const std::string& name);

/// Writes texts into the files that are named (an empty name: nothing), and says so.
void write_outputs(const std::vector<std::pair<std::string, std::string>>& files,
                   std::ostream& out);

/// Removes what a killed process left of a file that it was writing. Only for the holder of the
/// folder's lock.
void remove_temporaries(const std::string& folder);

/// Largest need of an evaluation over the networks of a run, in bytes.
size_t evaluation_bytes(const RunNetworks& networks, size_t images, size_t threads);

/// Makes `folder` hold the run to be evaluated, run.json last: a folder that has one is complete.
/// Throws IoError when the folder belongs to a training run, or holds another configuration that
/// must not be replaced (`overwrite`).
void fill_result_folder(const std::string& folder, const LoadedRun& run, bool overwrite);

/// Evaluates and writes results.json and report.html into `folder`; prints table and path.
void evaluate_into(const RunFile& run,
                   const RunNetworks& networks,
                   const LabelledImages& test,
                   EvaluateOptions options,
                   std::ostream& out);

/// Writes report.html from results.json and run.json of a folder; returns the table for the
/// terminal.
std::string write_report(const std::string& folder);

}  // namespace mho

#endif  // MHO_CLI_RUN_FOLDER_H
