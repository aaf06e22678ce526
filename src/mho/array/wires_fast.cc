// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/wires_fast.h"

#include <fmt/format.h>

#include <cmath>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr double kProbeTolerance = 1e-6;

// Errors of `fast` with all inputs at 1.
FastModeError probe(const WireConfig& config,
                    MatrixView<const double> g,
                    const std::vector<double>& fast) {
    const std::vector<double> ones(g.rows, 1.0);
    WireOptions options;
    options.tolerance = kProbeTolerance;
    const WireSolution exact = Wires(config, g).solve(ones, options);
    FastModeError e;
    size_t used = 0;
    for (size_t j = 0; j < g.cols; j++) {
        double ideal = 0.0;
        for (size_t i = 0; i < g.rows; i++) {
            ideal += g(i, j);
        }
        if (!(exact.currents[j] > 0)) {
            continue;  // a column without cells has no error
        }
        const double error = std::abs(fast[j] / exact.currents[j] - 1.0);
        e.mean += error;
        e.worst = std::max(e.worst, error);
        e.drop += 1.0 - exact.currents[j] / ideal;
        used++;
    }
    if (used > 0) {
        e.mean /= static_cast<double>(used);
        e.drop /= static_cast<double>(used);
    }
    return e;
}

void require_cells(MatrixView<const double> g) {
    if (g.rows == 0 || g.cols == 0) {
        throw InputError("wires: an array has at least one row and one column");
    }
    for (size_t i = 0; i < g.rows; i++) {
        for (size_t j = 0; j < g.cols; j++) {
            require_not_negative(g(i, j), "conductance of a cell");
        }
    }
}

}  // namespace

DmrFactors dmr_factors(const WireConfig& c, MatrixView<const double> g) {
    if (c.topology != WireTopology::kInputLine) {
        throw ConfigError("wires.topology", "the fast mode DMR is for `input line`");
    }
    if (c.driver_resistance > 0 || c.sense_resistance > 0) {
        throw ConfigError(
            c.driver_resistance > 0 ? "wires.driver_resistance" : "wires.sense_resistance",
            "the fast mode DMR knows no resistance of drivers and read-outs: must be 0");
    }
    require_cells(g);
    std::vector<double> row_mean(g.rows);
    std::vector<double> column_mean(g.cols);
    for (size_t i = 0; i < g.rows; i++) {
        for (size_t j = 0; j < g.cols; j++) {
            row_mean[i] += g(i, j) / static_cast<double>(g.cols);
            column_mean[j] += g(i, j) / static_cast<double>(g.rows);
        }
    }
    DmrFactors f;
    // sum_{k<i} (i - k) mean_k, from row to row: the sum of all earlier means is added each time.
    double total = 1.0;
    for (size_t k = 0; k < g.rows; k++) {
        total += c.column_resistance * static_cast<double>(g.rows - k) * row_mean[k];
    }
    double weighted = 0.0;
    double sum = 0.0;
    for (size_t i = 0; i < g.rows; i++) {
        weighted += sum;
        f.row.push_back((1.0 + c.column_resistance * weighted) / total);
        sum += row_mean[i];
    }
    total = 1.0;
    for (size_t k = 0; k < g.cols; k++) {
        total += c.row_resistance * static_cast<double>(k + 1) * column_mean[k];
    }
    f.column.resize(g.cols);
    weighted = 0.0;
    sum = 0.0;
    for (size_t j = g.cols; j > 0;) {
        j--;
        weighted += sum;
        f.column[j] = (1.0 + c.row_resistance * weighted) / total;
        sum += column_mean[j];
    }
    return f;
}

Matrix<double> dmr_conductances(const WireConfig& config, MatrixView<const double> g) {
    const DmrFactors f = dmr_factors(config, g);
    Matrix<double> out(g.rows, g.cols);
    for (size_t i = 0; i < g.rows; i++) {
        for (size_t j = 0; j < g.cols; j++) {
            out(i, j) = f.row[i] * g(i, j) * f.column[j];
        }
    }
    return out;
}

FastModeError dmr_error(const WireConfig& config, MatrixView<const double> g) {
    const Matrix<double> effective = dmr_conductances(config, g);
    std::vector<double> fast(g.cols);
    for (size_t i = 0; i < g.rows; i++) {
        for (size_t j = 0; j < g.cols; j++) {
            fast[j] += effective(i, j);
        }
    }
    FastModeError e = probe(config, g, fast);
    if (e.drop > kDmrMaxDrop) {
        e.warnings.push_back(
            fmt::format("DMR: the wires take {:.0f} % of the current, it is meant for at most "
                        "{:.0f} %; its mean error here is {:.1f} %",
                        100 * e.drop,
                        100 * kDmrMaxDrop,
                        100 * e.mean));
    }
    return e;
}

std::vector<double> column_recursion(const WireConfig& c,
                                     MatrixView<const double> g,
                                     std::span<const double> inputs) {
    if (c.topology != WireTopology::kSupplyLine) {
        throw ConfigError("wires.topology", "the column recursion is for `supply line`");
    }
    if (inputs.size() != g.rows) {
        throw InputError("column recursion: one input for each row");
    }
    require_cells(g);
    require_all_finite(inputs, "inputs of the column recursion");
    std::vector<double> sum(g.cols);
    for (size_t i = 0; i < g.rows; i++) {
        const double below = c.column_resistance + (i + 1 == g.rows ? c.sense_resistance : 0.0);
        for (size_t j = 0; j < g.cols; j++) {
            const double all = sum[j] + g(i, j) * inputs[i];
            sum[j] = all / (1.0 + below * all);
        }
    }
    return sum;
}

FastModeError column_recursion_error(const WireConfig& config, MatrixView<const double> g) {
    const std::vector<double> ones(g.rows, 1.0);
    FastModeError e = probe(config, g, column_recursion(config, g, ones));
    if (config.row_resistance > 0 || config.driver_resistance > 0) {
        e.warnings.push_back(
            fmt::format("column recursion: the supply lines have resistance, which it leaves out; "
                        "its mean error here is {:.2g} %",
                        100 * e.mean));
    }
    return e;
}

}  // namespace mho
