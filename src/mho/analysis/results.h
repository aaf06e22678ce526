// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_RESULTS_H
#define MHO_ANALYSIS_RESULTS_H

#include <string>

#include "mho/analysis/evaluate.h"

namespace mho {

/// What may differ between two equal runs: everything here stands under the key `run` of
/// results.json.
struct RunFacts {
    std::string date;
    std::string host_cpu;
    std::string version;
    size_t threads = 1;
    double wall_s = 0;
};

/// Today's date, the processor's name, the version of mho.
RunFacts run_facts(size_t threads);

/// The version of mho, "0.1.0".
std::string version();

/// results.json: accuracies as fractions by time (under `accuracy`; for a text the mean
/// cross-entropy in nats under `loss`), per-layer errors, ablation, and `run`.
std::string results_to_json(const RunFile& run,
                            const EvaluationResult& result,
                            const RunFacts& facts);

}  // namespace mho

#endif  // MHO_ANALYSIS_RESULTS_H
