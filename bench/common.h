// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_BENCH_COMMON_H
#define MHO_BENCH_COMMON_H

// Comparing two ways to do the same work. Clock rates, neighbours on the machine and caches change
// within seconds, so both sides run in turns in one program and only their ratio is judged. Times
// are CPU times of the process: time that another program has the processor does not count.

#include <functional>
#include <limits>
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

/// The value below which a share `q` of the values lies.
double quantile(std::vector<double> values, double q);

/// Median seconds of one call.
double median_seconds(const std::function<void()>& work, double seconds = 0.5);

/// What this machine can do in one thread: the parts of every ceiling.
struct MachineRates {
    double normals_per_s = 0;  // fill_normal into the first-level cache
    double bytes_per_s = 0;    // read and written, copying 1 MiB from second-level cache to itself
};
const MachineRates& machine_rates();

/// The least that `yardsticks` runs of the yardstick, `normals` random numbers and `bytes` moved
/// can take, in units of the yardstick.
double ceiling(double yardsticks, double normals, double bytes, double yardstick_s);

inline constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// One row of the report.
struct Row {
    std::string name;
    double ratio = 0;
    double goal = kNone;  // none: the row is printed, not judged
    bool at_most = true;  // the goal is an upper limit, else a lower one
    double low = 0;       // spread of the ratio
    double high = 0;
    std::string note;      // what was compared
    double limit = kNone;  // the ceiling: the best that this machine allows
    double mine_s = kNone;
    double other_s = kNone;
    bool judged() const { return goal == goal; }
    bool holds() const { return !judged() || (at_most ? ratio <= goal : ratio >= goal); }
};

/// Row of a comparison of times.
Row row_of(const std::string& name,
           const Comparison& c,
           double goal,
           double limit,
           const std::string& note);

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
    /// Writes the file; returns the exit status: 0, or 1 if the file cannot be written. A missed
    /// goal is a result, not a failure.
    int finish() const;

  private:
    std::string path_;
    std::vector<std::string> selected_;
    std::vector<Row> rows_;
};

/// Rates of two threads that share a piece of work and of two processes side by side that do one
/// each, in pieces per second; the best of all rounds, and the ratios of the rounds, ascending.
struct ThreadRates {
    double threads = 0;
    double processes = 0;
    std::vector<double> ratios;
};

/// `alone` does a piece on one thread, `together` on two. Both sides need both processors for
/// themselves, which they have only now and then on a shared machine: many short rounds of `times`
/// pieces per process.
ThreadRates threads_against_processes(const std::function<void()>& alone,
                                      const std::function<void()>& together,
                                      size_t times,
                                      size_t rounds);

}  // namespace mho::bench

#endif  // MHO_BENCH_COMMON_H
