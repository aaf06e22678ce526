// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_VERIFY_H
#define MHO_ANALYSIS_VERIFY_H

// Golden records: what another simulator (aihwkit, aihwkit-lightning) computed for a configuration,
// exactly where it is deterministic, as statistics where it is not. `verify` runs mho on the same
// configuration and inputs and compares by the procedure and the tolerance of the record's
// category.
//
// A file holds {"category", "records": [{"id", "config", "inputs", "exact" | "stats", ...}]}.
// Nothing is known about single records: what to run follows from category and configuration.

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace mho {

struct VerifyOptions {
    std::string folder;     // all *.json files in it, not below it
    std::string json_file;  // results are also written here as JSON; "" = not
    size_t threads = 0;     // 0 = all that the process may use; results do not depend on it
};

enum class VerifyOutcome { kPassed, kFailed, kSkipped };

struct VerifyResult {
    std::string name;  // id of the record
    std::string category;
    std::string file;
    VerifyOutcome outcome = VerifyOutcome::kFailed;
    std::string compared;  // what was compared, with the number of values
    double worst = 0.0;    // largest deviation over its limit: passed when at most 1
    std::string worst_at;  // where that was
    std::string reason;    // why skipped (`pending`, `information`, ...) or what is malformed
    std::vector<std::string> notes;  // settings translated in another way, compatible laws
};

struct VerifyReport {
    std::vector<VerifyResult> results;  // in the order of the files' names and of the records
    std::vector<std::string> notes;     // files that hold no records
    size_t passed = 0;
    size_t failed = 0;
    size_t skipped = 0;
};

/// Reads and checks every record of the folder. `on_result` is called in order, while later records
/// still run. Throws IoError for a folder or file that cannot be read, is not valid JSON or holds
/// no record at all, ConfigError for a record file whose frame is wrong (file and record are
/// named). A record whose content is malformed fails, with the reason.
VerifyReport verify_folder(const VerifyOptions& options,
                           const std::function<void(const VerifyResult&)>& on_result = {});

/// One line of text for a result.
std::string verify_line(const VerifyResult& result);
/// The report as JSON.
std::string verify_json(const VerifyReport& report);

/// The command: a line per record, then `N passed, N failed, N skipped`. Returns the exit code, 0
/// only if nothing failed.
int run_verify(const VerifyOptions& options, std::ostream& out);

}  // namespace mho

#endif  // MHO_ANALYSIS_VERIFY_H
