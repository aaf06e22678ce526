// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_SWEEP_H
#define MHO_ANALYSIS_SWEEP_H

// One run file with many values of some of its parameters: which points there are, what they are
// called, and the table that their results make. Points are independent and resumable; who runs
// them, and where, is decided elsewhere.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mho {

enum class SweepMethod {
    kGrid,            // all combinations
    kLatinHypercube,  // `samples` points; each parameter's range is cut into as many strata, each
                      // used once (McKay, Beckman, Conover, Technometrics 21, 239, 1979)
};

struct SweepParameter {
    std::string path;                 // in the run file
    std::vector<std::string> values;  // as JSON texts; or a range:
    double low = 0.0;
    double high = 0.0;
    bool has_range = false;
    bool logarithmic = false;
    bool integer = false;
    int points = 5;  // of the range, in a grid
};

struct Sweep {
    std::string name;
    std::string run;               // run file, relative to the sweep's file
    std::string command;           // "evaluate" or "train"
    std::vector<std::string> set;  // overrides of every point, "path=value"
    bool cost = false;             // energy, latency and area of every point as well
    SweepMethod method = SweepMethod::kGrid;
    int samples = 20;
    uint64_t seed = 1;
    std::vector<SweepParameter> parameters;
};

/// Throws ConfigError with the full path of every wrong parameter.
Sweep parse_sweep(const std::string& text, const std::string& origin);

inline constexpr size_t kMaxSweepPoints = 100000;

struct SweepPoint {
    std::vector<std::string> values;  // JSON text for every parameter
    std::string name;                 // depends on the overrides alone: the same in another sweep
    std::vector<std::string> overrides;
};

/// Throws InputError for more than kMaxSweepPoints points.
std::vector<SweepPoint> sweep_points(const Sweep& sweep);

/// The numbers of a results.json: "float", "naive 1 day", "naive 1 day std", ..., and, of what
/// `mho cost --json` wrote (may be empty), "energy_j", "latency_s", "area_mm2", "tops_per_w". Empty
/// for texts that are neither.
std::map<std::string, double> sweep_metrics(const std::string& results_json,
                                            const std::string& cost_json);

/// One line for a point: parameters, then metrics (columns that some point has), then its state.
struct SweepTable {
    std::vector<std::string> parameters;
    std::vector<std::string> metrics;
    struct Row {
        std::vector<std::string> values;
        std::vector<double> metrics;  // NaN: this point has none
        std::string state;            // "done", or why not
    };
    std::vector<Row> rows;
    /// Numbers of a column by name: a parameter (NaN where it is no number) or a metric. Throws
    /// InputError for another name.
    std::vector<double> column(const std::string& name) const;
    std::string csv() const;
};

/// Indices of the points that no other beats: none has y at least as high at an x at least as low
/// (and one of both better). In order of x; points with NaN are left out.
std::vector<size_t> pareto_front(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace mho

#endif  // MHO_ANALYSIS_SWEEP_H
