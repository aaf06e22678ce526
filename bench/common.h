// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_BENCH_COMMON_H
#define MHO_BENCH_COMMON_H

// Comparing two ways to do the same work. Clock rates, neighbours on the machine and caches change
// within seconds, so both sides run in turns in one program and only their ratio is judged.

#include <functional>
#include <string>
#include <vector>

namespace mho::bench {

/// Seconds per run of both sides, and how they compare.
struct Comparison {
    double mine_s = 0;   // median
    double other_s = 0;  // median
    double ratio = 0;    // mine / other, of the medians
    double low = 0;      // quartiles of the ratios of neighbouring runs
    double high = 0;
};

/// Runs both sides in turns for about `seconds`, at least 11 times each after one warm-up. Short
/// work is repeated within a run, so that a run takes at least 2 ms.
Comparison compare(const std::function<void()>& mine,
                   const std::function<void()>& other,
                   double seconds = 1.5);

/// Median seconds of one call.
double median_seconds(const std::function<void()>& work, double seconds = 0.5);

/// One row of the report.
struct Row {
    std::string name;
    double ratio = 0;
    double goal = 0;
    bool at_most = true;  // the goal is an upper limit, else a lower one
    double low = 0;       // spread of the ratio
    double high = 0;
    std::string note;  // what was compared, ceilings
    bool holds() const { return at_most ? ratio <= goal : ratio >= goal; }
};

/// Prints rows as they come and merges them by name into the JSON file of all benchmarks.
class Report {
  public:
    /// Names on the command line select the rows that begin with one of them; none = all rows.
    /// `--out FILE` names the JSON file.
    Report(int argc, char** argv);
    bool wants(const std::string& name) const;
    void add(Row row);
    /// A line of text below the row: a ceiling, a rate.
    void remark(const std::string& text) const;
    /// Writes the file; returns the exit status: 0 if every goal holds, else 1.
    int finish() const;

  private:
    std::string path_;
    std::vector<std::string> selected_;
    std::vector<Row> rows_;
};

}  // namespace mho::bench

#endif  // MHO_BENCH_COMMON_H
