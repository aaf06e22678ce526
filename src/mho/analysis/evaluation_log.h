// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_EVALUATION_LOG_H
#define MHO_ANALYSIS_EVALUATION_LOG_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "mho/analysis/evaluate.h"
#include "mho/io/durable_log.h"

namespace mho {

/// Everything that the accuracies depend on, as one hash: configuration, seed, all parameters.
uint64_t evaluation_fingerprint(const RunFile& run, const RunNetworks& networks);

/// Finished units of an evaluation, one JSON line each in FOLDER/evaluation.jsonl. A unit that was
/// added is on disk; a unit of another configuration is not found.
class EvaluationLog {
  public:
    /// `folder` "" = remember nothing. Without `resume` an existing log is started anew.
    EvaluationLog(const std::string& folder, uint64_t fingerprint, bool resume);
    std::optional<size_t> find(const std::string& unit) const;
    void add(const std::string& unit, size_t correct);

  private:
    std::string fingerprint_;
    std::map<std::string, size_t> known_;
    std::optional<DurableLog> log_;
};

}  // namespace mho

#endif  // MHO_ANALYSIS_EVALUATION_LOG_H
