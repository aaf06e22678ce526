// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/line_solve.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace mho {
namespace {

using Doubles = std::vector<double>;

Doubles random_numbers(size_t n, double low, double high, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<double> uniform(low, high);
    Doubles v(n);
    std::generate(v.begin(), v.end(), [&] { return uniform(generator); });
    return v;
}

// Rows of a line's system, written out: T u at node k.
double residual(const Doubles& g, const Doubles& u, double source, LineResistance r, size_t k) {
    const double here = r.segment;
    double sum = g[k] * u[k] - source;
    sum += k == 0 ? u[0] / r.terminal : (u[k] - u[k - 1]) / here;
    sum += k + 1 < u.size() ? (u[k] - u[k + 1]) / here : 0.0;
    return sum;
}

TEST(LineSolve, SolvesTheTridiagonalSystem) {
    const size_t nodes = 12;
    const size_t stride = 20;
    const LineResistance r{0.3, 0.7};
    const Doubles g = random_numbers(kRowLines * stride, 0.0, 1.0, 1);
    const Doubles s = random_numbers(kRowLines * stride, -1.0, 1.0, 2);
    Doubles factor(nodes * kRowLines), scratch(nodes * kRowLines), u(kRowLines * stride);
    const Doubles terminal(kRowLines, 0.0);
    const RowLines lines{factor.data(), nodes, stride, r, scratch.data()};
    factor_row_lines(lines, g.data());
    solve_row_lines(lines, s.data(), terminal.data(), u.data());
    for (size_t l = 0; l < kRowLines; l++) {
        const auto row = [&](const Doubles& v) {
            return Doubles(v.begin() + static_cast<std::ptrdiff_t>(l * stride),
                           v.begin() + static_cast<std::ptrdiff_t>(l * stride + nodes));
        };
        for (size_t k = 0; k < nodes; k++) {
            EXPECT_NEAR(residual(row(g), row(u), s[l * stride + k], r, k), 0.0, 1e-13);
        }
    }
}

TEST(LineSolve, RowLinesHaveTheBitsOfTheTwin) {
    for (const size_t nodes : {4U, 16U, 60U}) {
        const size_t stride = nodes + 8;
        const LineResistance r{1e-3, 2e-2};
        const Doubles g = random_numbers(kRowLines * stride, 0.0, 1.0, 3);
        const Doubles s = random_numbers(kRowLines * stride, -1.0, 1.0, 4);
        const Doubles terminal = random_numbers(kRowLines, -1.0, 1.0, 5);
        Doubles factor(nodes * kRowLines), twin_factor(factor), scratch(factor);
        Doubles u(kRowLines * stride), twin_u(u);
        const RowLines lines{factor.data(), nodes, stride, r, scratch.data()};
        RowLines twin_lines = lines;
        twin_lines.factor = twin_factor.data();
        factor_row_lines(lines, g.data());
        twin::factor_row_lines(twin_lines, g.data());
        EXPECT_EQ(factor, twin_factor);
        for (const double* source : {s.data(), static_cast<const double*>(nullptr)}) {
            solve_row_lines(lines, source, terminal.data(), u.data());
            twin::solve_row_lines(twin_lines, source, terminal.data(), twin_u.data());
            EXPECT_EQ(u, twin_u);
        }
    }
}

TEST(LineSolve, ColumnLinesHaveTheBitsOfTheTwin) {
    for (const size_t nodes : {1U, 2U, 7U, 33U}) {
        for (const bool last : {true, false}) {
            const size_t stride = kColumnLines + 8;
            const Doubles g = random_numbers(nodes * stride, 0.0, 1.0, 6);
            const Doubles change = random_numbers(nodes * stride, -1.0, 1.0, 7);
            const Doubles terminal = random_numbers(kColumnLines, -1.0, 1.0, 8);
            Doubles source = random_numbers(nodes * stride, -1.0, 1.0, 9);
            Doubles twin_source = source;
            Doubles factor(nodes * stride), twin_factor(factor), u(factor), twin_u(factor);
            Doubles current(kColumnLines), twin_current(current);
            const ColumnLines lines{factor.data(), nodes, stride, {1e-2, 0.1}, last};
            ColumnLines twin_lines = lines;
            twin_lines.factor = twin_factor.data();
            factor_column_lines(lines, g.data());
            twin::factor_column_lines(twin_lines, g.data());
            EXPECT_EQ(factor, twin_factor);
            const double sum = solve_column_lines(lines,
                                                  source.data(),
                                                  change.data(),
                                                  0.25,
                                                  terminal.data(),
                                                  u.data(),
                                                  current.data());
            twin::solve_column_lines(twin_lines,
                                     twin_source.data(),
                                     change.data(),
                                     0.25,
                                     terminal.data(),
                                     twin_u.data(),
                                     twin_current.data());
            EXPECT_EQ(source, twin_source);
            EXPECT_EQ(u, twin_u);
            EXPECT_EQ(current, twin_current);
            double expected = 0.0;
            for (size_t i = 0; i < nodes; i++) {
                for (size_t l = 0; l < kColumnLines; l++) {
                    expected += source[i * stride + l] * u[i * stride + l];
                }
            }
            EXPECT_NEAR(sum, expected, 1e-12 * static_cast<double>(nodes));
        }
    }
}

TEST(LineSolve, CouplingIsTheProductOfItsParts) {
    const size_t nodes = 8;
    const size_t stride = 16;
    const Doubles g = random_numbers(kRowLines * stride, 0.0, 1.0, 10);
    const Doubles p = random_numbers(kRowLines * stride, -1.0, 1.0, 11);
    const Doubles zero(kRowLines, 0.0);
    Doubles factor(nodes * kRowLines), scratch(factor), source(kRowLines * stride), u(source);
    Doubles out(kRowLines * stride, 2.0);
    const RowLines lines{factor.data(), nodes, stride, {0.1, 0.2}, scratch.data()};
    factor_row_lines(lines, g.data());
    add_row_coupling(lines, g.data(), p.data(), -1.0, out.data());
    for (size_t i = 0; i < source.size(); i++) {
        source[i] = g[i] * p[i];
    }
    solve_row_lines(lines, source.data(), zero.data(), u.data());
    for (size_t l = 0; l < kRowLines; l++) {
        for (size_t j = 0; j < nodes; j++) {
            const size_t i = l * stride + j;
            EXPECT_NEAR(out[i], 2.0 - g[i] * u[i], 1e-15);
        }
    }
}

TEST(LineSolve, ZeroAndTinyResistance) {
    // A line without resistance is one node at its terminal; a tiny one loses no digits: current
    // out of the terminal is the sum of what enters, to rounding.
    const size_t nodes = 16;
    const Doubles g(nodes * kColumnLines, 1.0);
    for (const double r : {0.0, 1e-300, 1e-16}) {
        Doubles source(nodes * kColumnLines, 1.0), factor(source), u(source);
        Doubles current(kColumnLines);
        const ColumnLines lines{factor.data(), nodes, kColumnLines, {r, r}, true};
        factor_column_lines(lines, g.data());
        solve_column_lines(lines, source.data(), nullptr, 0.0, nullptr, u.data(), current.data());
        EXPECT_NEAR(current[3], 16.0, 1e-12);
        EXPECT_NEAR(u[0], r == 0 ? 0.0 : r * 136.0, 1e-14);
    }
}

}  // namespace
}  // namespace mho
