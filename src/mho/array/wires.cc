// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/wires.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "mho/array/line_system.h"
#include "mho/util/error.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

void require_valid(const WireConfig& c, const std::string& path) {
    std::vector<Problem> problems;
    const auto check = [&](const char* name, double value) {
        if (!(value >= 0 && value <= 1e6)) {
            problems.push_back(
                {join_path(path, name), "must be 0 to 1e+06, got " + std::to_string(value)});
        }
    };
    check("row_resistance", c.row_resistance);
    check("column_resistance", c.column_resistance);
    check("driver_resistance", c.driver_resistance);
    check("sense_resistance", c.sense_resistance);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
}

void require_conductances(MatrixView<const double> g, const char* what) {
    for (size_t i = 0; i < g.rows; i++) {
        for (size_t j = 0; j < g.cols; j++) {
            if (!(g(i, j) >= 0 && g(i, j) <= 1e12)) {
                throw InputError(std::string(what) + "[" + std::to_string(i) + "][" +
                                 std::to_string(j) + "] must be 0 to 1e+12, got " +
                                 std::to_string(g(i, j)));
            }
        }
    }
}

void require_tolerance(double tolerance) {
    if (!(tolerance > 0 && tolerance < 1)) {
        throw InputError("wires: the tolerance must be above 0 and below 1, got " +
                         std::to_string(tolerance));
    }
}

Matrix<double> copy_of(MatrixView<const double> m) {
    Matrix<double> copy(m.rows, m.cols);
    for (size_t i = 0; i < m.rows; i++) {
        std::copy_n(m.row(i), m.cols, copy.row(i));
    }
    return copy;
}

// The array seen from the other side: bit lines become word lines. The new driver sits where the
// read-out was, so both orders are reversed.
Matrix<double> turned(const Matrix<double>& g) {
    Matrix<double> t(g.cols, g.rows);
    for (size_t i = 0; i < t.rows; i++) {
        for (size_t j = 0; j < t.cols; j++) {
            t(i, j) = g(g.rows - 1 - j, g.cols - 1 - i);
        }
    }
    return t;
}

}  // namespace

CellLaw sinh_cells(double k) {
    if (!(k >= 0 && k <= 50)) {
        throw InputError("the curvature of a cell must be 0 to 50, got " + std::to_string(k));
    }
    if (k == 0) {
        return [](double g, double v) { return CellCurrent{g * v, g}; };
    }
    return [k, scale = 1.0 / std::sinh(k)](double g, double v) {
        return CellCurrent{g * scale * std::sinh(k * v), g * scale * k * std::cosh(k * v)};
    };
}

struct Wires::Impl {
    WireConfig config;
    std::vector<Matrix<double>> conductance;  // as given
    LineSystem system;                        // factored for ohmic cells (input line topologies)

    Impl(const WireConfig& c, MatrixView<const double> g, MatrixView<const double> negative)
        : config(c), system(c, g.rows, g.cols) {
        conductance.push_back(copy_of(g));
        if (has_pairs(c.topology)) {
            conductance.push_back(copy_of(negative));
        }
        if (!has_supply_lines(c.topology)) {
            set_conductance(system,
                            [&](size_t k, size_t i, size_t j) { return conductance[k](i, j); });
            system.factor();
        }
    }

    template <class F>
    static void set_conductance(LineSystem& s, const F& value) {
        for (size_t k = 0; k < s.kinds(); k++) {
            for (size_t i = 0; i < s.rows(); i++) {
                for (size_t j = 0; j < s.columns(); j++) {
                    s.conductance(k)[s.at(i, j)] = value(k, i, j);
                }
            }
        }
    }

    // Terminals of the source lines: inputs and their negatives, or the supplies.
    std::array<std::vector<double>, 2> drives(std::span<const double> inputs) const {
        std::array<std::vector<double>, 2> drive;
        for (size_t k = 0; k < system.kinds(); k++) {
            drive[k].assign(system.drives(), 0.0);
            const double sign = k == 0 ? 1.0 : -1.0;
            if (has_supply_lines(config.topology)) {
                std::fill_n(drive[k].begin(), system.columns(), sign);
            }
            for (size_t i = 0; !has_supply_lines(config.topology) && i < inputs.size(); i++) {
                drive[k][i] = sign * inputs[i];
            }
        }
        return drive;
    }

    // Conductance of a cell as the input opens it.
    double gated(std::span<const double> inputs, size_t k, size_t i, size_t j) const {
        return conductance[k](i, j) * (has_supply_lines(config.topology) ? inputs[i] : 1.0);
    }

    void check_inputs(std::span<const double> inputs) const {
        if (inputs.size() != system.rows()) {
            throw InputError("wires: expected " + std::to_string(system.rows()) +
                             " inputs, one for each row, got " + std::to_string(inputs.size()));
        }
        for (size_t i = 0; i < inputs.size(); i++) {
            const bool gate = has_supply_lines(config.topology);
            if (!std::isfinite(inputs[i]) || std::abs(inputs[i]) > 1e6 ||
                (gate && !(inputs[i] >= 0 && inputs[i] <= 1))) {
                throw InputError("wires: input " + std::to_string(i) + " must be " +
                                 (gate ? "0 to 1 (it gates a cell), got " : "-1e6 to 1e6, got ") +
                                 std::to_string(inputs[i]));
            }
        }
    }

    WireSolution ohmic(std::span<const double> inputs, const WireOptions& o) const {
        LineScratch scratch;
        const auto drive = drives(inputs);
        LineRequest request;
        request.drive = {drive[0].data(), drive[1].data()};
        request.tolerance = o.tolerance;
        request.max_iterations = o.max_iterations;
        request.voltages = o.voltages;
        LineResult result;
        if (has_supply_lines(config.topology)) {
            LineSystem gated_system(config, system.rows(), system.columns());
            set_conductance(gated_system,
                            [&](size_t k, size_t i, size_t j) { return gated(inputs, k, i, j); });
            gated_system.factor();
            result = gated_system.solve(request, scratch);
        } else {
            result = system.solve(request, scratch);
        }
        WireSolution solution;
        solution.iterations = result.iterations;
        solution.residual = result.residual;
        solution.currents.assign(
            scratch.current.begin(),
            scratch.current.begin() + static_cast<std::ptrdiff_t>(system.columns()));
        if (o.voltages) {
            voltages(scratch.u, scratch.w, solution);
        }
        return solution;
    }

    void voltages(const std::vector<LineArray>& u, const LineArray& w, WireSolution& s) const {
        s.bit_voltages = Matrix<double>(system.rows(), system.columns());
        s.cell_voltages.assign(system.kinds(), s.bit_voltages);
        for (size_t i = 0; i < system.rows(); i++) {
            for (size_t j = 0; j < system.columns(); j++) {
                s.bit_voltages(i, j) = w[system.at(i, j)];
                for (size_t k = 0; k < system.kinds(); k++) {
                    s.cell_voltages[k](i, j) = u[k][system.at(i, j)] - w[system.at(i, j)];
                }
            }
        }
    }

    void balance(std::span<const double> inputs, const CellLaw& law, WireSolution& s) const {
        double largest = 0.0;
        double worst = 0.0;
        for (size_t j = 0; j < system.columns(); j++) {
            double sum = 0.0;
            for (size_t i = 0; i < system.rows(); i++) {
                for (size_t k = 0; k < system.kinds(); k++) {
                    sum += law(gated(inputs, k, i, j), s.cell_voltages[k](i, j)).current;
                }
            }
            worst = std::max(worst, std::abs(sum - s.currents[j]));
            largest = std::max(largest, std::abs(sum));
        }
        s.balance = largest > 0 ? worst / largest : 0.0;
    }

    WireSolution newton(std::span<const double> inputs, const WireOptions& o) const;
};

// Newton's method: each step is a linear circuit of the cells' slopes with a current source beside
// each cell. The wires are linear, so what a full step leaves unbalanced is the curvature of the
// cells alone, sum |I(v + d) - I(v) - I'(v) d|; of a step t d it is at most (1 - t) of what was,
// plus the curvature over t d. The step is halved until that bound falls.
WireSolution Wires::Impl::newton(std::span<const double> inputs, const WireOptions& o) const {
    const size_t kinds = system.kinds();
    const auto drive = drives(inputs);
    LineSystem local(config, system.rows(), system.columns());
    LineScratch scratch;
    LineRequest request;
    request.drive = {drive[0].data(), drive[1].data()};
    request.max_iterations = o.max_iterations;
    request.voltages = true;
    request.tolerance = std::min(o.tolerance, 1e-12);
    WireSolution solution;
    const auto each_cell = [&](const auto& f) {
        for (size_t k = 0; k < kinds; k++) {
            for (size_t i = 0; i < system.rows(); i++) {
                for (size_t j = 0; j < system.columns(); j++) {
                    f(k, i, j, system.at(i, j));
                }
            }
        }
    };
    const auto solve_linear = [&] {
        local.factor();
        solution.iterations += local.solve(request, scratch).iterations;
    };
    // The start: each cell as the resistor that it is at its undisturbed voltage.
    each_cell([&](size_t k, size_t i, size_t j, size_t at) {
        const bool supply = has_supply_lines(config.topology);
        const double v = supply ? 1.0 : inputs[i];
        const CellCurrent c = o.law(gated(inputs, k, i, j), v);
        local.conductance(k)[at] = v != 0 ? c.current / v : c.slope;
    });
    solve_linear();
    std::vector<LineArray> u = scratch.u;
    LineArray w = scratch.w;
    std::vector<double> current = scratch.current;
    double unbalanced = 0.0;
    double total = 0.0;
    each_cell([&](size_t k, size_t i, size_t j, size_t at) {
        const double v = u[k][at] - w[at];
        const double c = o.law(gated(inputs, k, i, j), v).current;
        unbalanced += std::abs(c - local.conductance(k)[at] * v);
        total += std::abs(c);
    });
    // Comparisons with what is not a number are false: they would look like convergence.
    const auto require_numbers = [&] {
        if (!std::isfinite(unbalanced) || !std::isfinite(total)) {
            throw Error("wires: the currents of the cells exceed all numbers after " +
                        std::to_string(solution.newton_steps) +
                        " steps of Newton's method: smaller voltages, or cells that are less "
                        "non-linear?");
        }
    };
    require_numbers();
    std::vector<LineArray> injection(kinds, LineArray(local.size()));
    std::vector<LineArray> value = injection;  // I(v) of the present voltages
    for (size_t k = 0; k < kinds; k++) {
        request.injection[k] = injection[k].data();
    }
    while (unbalanced > o.tolerance * total) {
        if (solution.newton_steps >= o.max_newton_steps) {
            throw Error("wires: Newton's method did not converge in " +
                        std::to_string(solution.newton_steps) + " steps; is the law of the cells " +
                        "increasing?");
        }
        solution.newton_steps++;
        each_cell([&](size_t k, size_t i, size_t j, size_t at) {
            const double v = u[k][at] - w[at];
            const CellCurrent c = o.law(gated(inputs, k, i, j), v);
            value[k][at] = c.current;
            local.conductance(k)[at] = c.slope;
            injection[k][at] = c.slope * v - c.current;
        });
        solve_linear();
        double t = 1.0;
        double next = 0.0;
        for (;; t /= 2) {
            double curvature = 0.0;
            total = 0.0;
            each_cell([&](size_t k, size_t i, size_t j, size_t at) {
                const double v = u[k][at] - w[at];
                const double change = t * (scratch.u[k][at] - scratch.w[at] - v);
                const double c = o.law(gated(inputs, k, i, j), v + change).current;
                curvature += std::abs(c - value[k][at] - local.conductance(k)[at] * change);
                total += std::abs(c);
            });
            next = (1.0 - t) * unbalanced + curvature;
            // At the end of convergence both are rounding: accept.
            if (next < unbalanced || next <= o.tolerance * total || t < 1e-9) {
                break;
            }
        }
        for (size_t k = 0; k < kinds; k++) {
            for (size_t at = 0; at < u[k].size(); at++) {
                u[k][at] += t * (scratch.u[k][at] - u[k][at]);
            }
        }
        for (size_t at = 0; at < w.size(); at++) {
            w[at] += t * (scratch.w[at] - w[at]);
        }
        for (size_t j = 0; j < current.size(); j++) {
            current[j] += t * (scratch.current[j] - current[j]);
        }
        unbalanced = next;
        require_numbers();
    }
    solution.residual = total > 0 ? unbalanced / total : 0.0;
    solution.currents.assign(current.begin(),
                             current.begin() + static_cast<std::ptrdiff_t>(system.columns()));
    if (o.voltages) {
        voltages(u, w, solution);
    }
    return solution;
}

Wires::Wires(const WireConfig& config,
             MatrixView<const double> conductance,
             MatrixView<const double> negative,
             const std::string& path) {
    require_valid(config, path);
    if (conductance.rows == 0 || conductance.cols == 0) {
        throw InputError("wires: an array has at least one row and one column");
    }
    if (has_pairs(config.topology) != (negative.data != nullptr) ||
        (negative.data != nullptr &&
         (negative.rows != conductance.rows || negative.cols != conductance.cols))) {
        throw InputError(has_pairs(config.topology)
                             ? "wires: a topology of pairs takes two matrices of equal shape"
                             : "wires: negative cells need a topology of pairs");
    }
    require_conductances(conductance, "conductance");
    if (negative.data != nullptr) {
        require_conductances(negative, "negative conductance");
    }
    impl_ = std::make_unique<Impl>(config, conductance, negative);
}

Wires::~Wires() = default;
Wires::Wires(Wires&&) noexcept = default;
Wires& Wires::operator=(Wires&&) noexcept = default;

size_t Wires::rows() const {
    return impl_->system.rows();
}

size_t Wires::columns() const {
    return impl_->system.columns();
}

const WireConfig& Wires::config() const {
    return impl_->config;
}

WireSolution Wires::solve(std::span<const double> inputs, const WireOptions& options) const {
    impl_->check_inputs(inputs);
    require_tolerance(options.tolerance);
    WireSolution s = options.law ? impl_->newton(inputs, options) : impl_->ohmic(inputs, options);
    if (options.voltages) {
        impl_->balance(inputs, options.law ? options.law : sinh_cells(0), s);
    }
    return s;
}

EffectiveConductances Wires::effective(size_t threads, double tolerance) const {
    require_tolerance(tolerance);
    if (has_supply_lines(impl_->config.topology)) {
        throw InputError(
            "wires: with supply lines the currents are not linear in the inputs, so there is no "
            "effective matrix");
    }
    const WireConfig& c = impl_->config;
    if (c.topology == WireTopology::kInputLine && columns() < rows()) {
        // Reciprocity: driven from the other side the array is the transposed matrix.
        WireConfig other = c;
        std::swap(other.row_resistance, other.column_resistance);
        std::swap(other.driver_resistance, other.sense_resistance);
        const Wires back(other, turned(impl_->conductance[0]).view());
        EffectiveConductances e = back.effective(threads, tolerance);
        e.conductance = turned(e.conductance);
        return e;
    }
    EffectiveConductances e;
    e.conductance = Matrix<double>(rows(), columns());
    e.solves = rows();
    std::vector<LineScratch> scratch(std::max<size_t>(1, std::min(threads, rows())));
    std::mutex sums;
    parallel_for(threads, rows(), [&](size_t i, size_t worker) {
        std::vector<double> unit(rows());
        unit[i] = 1.0;
        const auto drive = impl_->drives(unit);
        LineRequest request;
        request.drive = {drive[0].data(), drive[1].data()};
        request.tolerance = tolerance;
        LineScratch& s = scratch[worker];
        const LineResult result = impl_->system.solve(request, s);
        std::copy_n(s.current.begin(), columns(), e.conductance.row(i));
        const std::lock_guard<std::mutex> lock(sums);
        e.iterations += static_cast<size_t>(result.iterations);
        e.residual = std::max(e.residual, result.residual);
    });
    return e;
}

}  // namespace mho
