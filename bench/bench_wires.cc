// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Exact currents of a crossbar with wires, one thread: factors and first solution from the
// conductances, relative residual 1e-10. Cells U(0.01, 1), inputs U(0, 1), equal resistance of
// word- and bit-line segments. bench/peers/wires.py puts SciPy's SuperLU and ngspice beside these
// rows; `bench_wires deck FILE` writes the circuit for ngspice, `bench_wires currents` checks it.

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "common.h"
#include "mho/array/wire_netlist.h"
#include "mho/array/wires.h"
#include "mho/kernels/product.h"

namespace mho::bench {
namespace {

struct Work {
    Matrix<double> g;
    std::vector<double> v;
    WireConfig config;

    Work(size_t n, double r) : g(n, n), v(n) {
        // The generator of the standard, so that the script of the peers can draw the same.
        std::mt19937 generator(1);
        const auto uniform = [&] { return static_cast<double>(generator()) / 4294967296.0; };
        for (double& x : g.values) {
            x = 0.01 + 0.99 * uniform();
        }
        for (double& x : v) {
            x = uniform();
        }
        config.row_resistance = r;
        config.column_resistance = r;
    }
};

struct Case {
    size_t n;
    double r;
    double against_s;  // a time to compare with
    bool has_goal;     // it must be met
};

void add_case(Report& report, const Case& c) {
    const std::string name = fmt::format("wires.first.{}.{:g}", c.n, c.r);
    if (!report.wants(name)) {
        return;
    }
    const Work work(c.n, c.r);
    int iterations = 0;
    double current = 0.0;
    const double seconds = median_seconds(
        [&] {
            const WireSolution s = Wires(work.config, work.g.view()).solve(work.v);
            iterations = s.iterations;
            current = s.currents[0];
        },
        1.0);
    Row row;
    row.name = name;
    row.goal = c.has_goal ? 1.0 : kNone;
    row.ratio = seconds / c.against_s;
    row.low = row.high = row.ratio;
    row.mine_s = seconds;
    row.other_s = c.against_s;
    row.note = fmt::format("{:.3g} ms against {:g}, {} iterations; current of column 0: {:.10g}",
                           1e3 * seconds,
                           1e3 * c.against_s,
                           iterations,
                           current);
    report.add(row);
}

// Later products: the effective matrix is a matrix.
void add_later(Report& report) {
    const std::string name = "wires.later.256";
    if (!report.wants(name)) {
        return;
    }
    const Work work(256, 1e-4);
    const EffectiveConductances e = Wires(work.config, work.g.view()).effective(1, 1e-9);
    const auto packed = [](const Matrix<double>& m) {
        Matrix<float> f(m.rows, m.cols);
        for (size_t i = 0; i < f.values.size(); i++) {
            f.values[i] = static_cast<float>(m.values[i]);
        }
        PackedMatrix p;
        p.pack_transposed(f.view());
        return p;
    };
    const PackedMatrix behind_wires = packed(e.conductance);
    const PackedMatrix plain = packed(work.g);
    Matrix<float> x(64, 256, 0.5F);
    Matrix<float> y(64, 256);
    ProductScratch scratch;
    const auto product = [&](const PackedMatrix& m) {
        ProductSums sums;
        sums.plain = y.row(0);
        sums.stride = 256;
        multiply(m, ProductSet::kPlain, x.view(), nullptr, sums, scratch);
    };
    const Comparison c = compare([&] { product(behind_wires); }, [&] { product(plain); }, 0.5);
    report.add(row_of(name, c, 1.1, kNone, "64 products behind wires against 64 without"));
}

int run(int argc, char** argv) {
    if (argc == 3 && std::string(argv[1]) == "deck") {
        const Work work(48, 1e-3);
        std::ofstream(argv[2]) << spice_deck(wire_netlist(work.config, work.g.view(), {}, work.v));
        return 0;
    }
    Report report(argc, argv);
    for (const Case& c : {Case{48, 1e-3, 1e-3, false},
                          Case{128, 1e-4, 1e-3, false},
                          Case{256, 1e-4, 4e-3, true},
                          Case{256, 1e-3, 4e-3, false},
                          Case{512, 1e-4, 0.1, false},
                          Case{1024, 1e-4, 0.4, true}}) {
        add_case(report, c);
    }
    add_later(report);
    return report.finish();
}

}  // namespace
}  // namespace mho::bench

int main(int argc, char** argv) {
    return mho::bench::run(argc, argv);
}
