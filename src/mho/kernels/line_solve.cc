// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/line_solve.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/kernels/line_solve.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Four lines a register on every target. Lines are independent of each other, so wider registers
// would give the same bits; the solver waits for memory, not for them.
using D = hn::FixedTag<double, 4>;
using V = hn::Vec<D>;

// Four rows of four columns become four columns of four rows, and back.
HWY_INLINE void Transpose(V& a, V& b, V& c, V& e) {
    const D d;
    const V ab0 = hn::InterleaveLower(d, a, b);  // a0 b0 a2 b2
    const V ab1 = hn::InterleaveUpper(d, a, b);  // a1 b1 a3 b3
    const V ce0 = hn::InterleaveLower(d, c, e);
    const V ce1 = hn::InterleaveUpper(d, c, e);
    a = hn::ConcatLowerLower(d, ce0, ab0);
    b = hn::ConcatLowerLower(d, ce1, ab1);
    c = hn::ConcatUpperUpper(d, ce0, ab0);
    e = hn::ConcatUpperUpper(d, ce1, ab1);
}

// The two sweeps over eight rows. `load(column, row)` gives four columns of a row of the source,
// `store(column, row, u)` takes four of the solution.
template <class Load, class Store>
HWY_INLINE void SolveRows(
    const RowLines& lines, V below0, V below1, const Load& load, const Store& store) {
    const D d;
    // Written so that one fused multiply-add is all that a node waits for in the node before it.
    V factor0 = hn::Zero(d);  // L_{k+1}
    V factor1 = hn::Zero(d);
    V y0 = hn::Zero(d);
    V y1 = hn::Zero(d);
    for (size_t j = lines.nodes; j > 0;) {
        j -= 4;
        V s[8];
        for (size_t r = 0; r < 8; r++) {
            s[r] = load(j, r);
        }
        Transpose(s[0], s[1], s[2], s[3]);
        Transpose(s[4], s[5], s[6], s[7]);
        for (size_t c = 4; c > 0;) {
            c--;
            const double* factor = lines.factor + (j + c) * kRowLines;
            double* y = lines.scratch + (j + c) * kRowLines;
            y0 = hn::MulAdd(factor0, y0, s[c]);
            y1 = hn::MulAdd(factor1, y1, s[4 + c]);
            hn::StoreU(y0, d, y);
            hn::StoreU(y1, d, y + 4);
            factor0 = hn::LoadU(d, factor);
            factor1 = hn::LoadU(d, factor + 4);
        }
    }
    V resistance = hn::Set(d, lines.resistance.terminal);
    for (size_t j = 0; j < lines.nodes; j += 4) {
        V u[8];
        for (size_t c = 0; c < 4; c++) {
            const double* factor = lines.factor + (j + c) * kRowLines;
            const double* y = lines.scratch + (j + c) * kRowLines;
            factor0 = hn::LoadU(d, factor);
            factor1 = hn::LoadU(d, factor + 4);
            const V drop0 = hn::Mul(resistance, hn::LoadU(d, y));
            const V drop1 = hn::Mul(resistance, hn::LoadU(d, y + 4));
            below0 = hn::MulAdd(factor0, below0, hn::Mul(factor0, drop0));
            below1 = hn::MulAdd(factor1, below1, hn::Mul(factor1, drop1));
            resistance = hn::Set(d, lines.resistance.segment);
            u[c] = below0;
            u[4 + c] = below1;
        }
        Transpose(u[0], u[1], u[2], u[3]);
        Transpose(u[4], u[5], u[6], u[7]);
        for (size_t r = 0; r < 8; r++) {
            store(j, r, u[r]);
        }
    }
}

void SolveRowLines(const RowLines& lines,
                   const double* HWY_RESTRICT source,
                   const double* HWY_RESTRICT terminal,
                   double* HWY_RESTRICT u) {
    const D d;
    const size_t stride = lines.stride;
    const auto store = [&](size_t j, size_t r, V v) { hn::StoreU(v, d, u + r * stride + j); };
    const V t0 = hn::LoadU(d, terminal);
    const V t1 = hn::LoadU(d, terminal + 4);
    if (source == nullptr) {
        SolveRows(lines, t0, t1, [&](size_t, size_t) { return hn::Zero(d); }, store);
        return;
    }
    SolveRows(
        lines,
        t0,
        t1,
        [&](size_t j, size_t r) { return hn::LoadU(d, source + r * stride + j); },
        store);
}

void AddRowCoupling(const RowLines& lines,
                    const double* HWY_RESTRICT g,
                    const double* HWY_RESTRICT p,
                    double sign,
                    double* HWY_RESTRICT out) {
    const D d;
    const size_t stride = lines.stride;
    const V factor = hn::Set(d, sign);
    SolveRows(
        lines,
        hn::Zero(d),
        hn::Zero(d),
        [&](size_t j, size_t r) {
            const size_t at = r * stride + j;
            return hn::Mul(hn::LoadU(d, g + at), hn::LoadU(d, p + at));
        },
        [&](size_t j, size_t r, V u) {
            const size_t at = r * stride + j;
            const V gu = hn::Mul(hn::LoadU(d, g + at), u);
            hn::StoreU(hn::MulAdd(factor, gu, hn::LoadU(d, out + at)), d, out + at);
        });
}

double SolveColumnLines(const ColumnLines& lines,
                        double* HWY_RESTRICT source,
                        const double* HWY_RESTRICT change,
                        double step,
                        const double* HWY_RESTRICT terminal,
                        double* HWY_RESTRICT u,
                        double* HWY_RESTRICT current) {
    const D d;
    const size_t n = lines.nodes;
    const V minus_step = hn::Set(d, -step);
    const auto row = [&](size_t node) {
        return (lines.terminal_last ? n - 1 - node : node) * lines.stride;
    };
    V factor[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};  // L_{k+1}
    V y[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
    for (size_t k = n; k > 0;) {
        k--;
        const size_t at = row(k);
        for (size_t c = 0; c < 4; c++) {
            const size_t i = at + 4 * c;
            V s = hn::LoadU(d, source + i);
            if (change != nullptr) {
                s = hn::MulAdd(minus_step, hn::LoadU(d, change + i), s);
                hn::StoreU(s, d, source + i);
            }
            y[c] = hn::MulAdd(factor[c], y[c], s);
            hn::StoreU(y[c], d, u + i);
            factor[c] = hn::LoadU(d, lines.factor + i);
        }
    }
    V below[4];
    for (size_t c = 0; c < 4; c++) {
        hn::StoreU(hn::Mul(factor[c], y[c]), d, current + 4 * c);
        below[c] = terminal == nullptr ? hn::Zero(d) : hn::LoadU(d, terminal + 4 * c);
    }
    V sum[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
    V resistance = hn::Set(d, lines.resistance.terminal);
    for (size_t k = 0; k < n; k++) {
        const size_t at = row(k);
        for (size_t c = 0; c < 4; c++) {
            const size_t i = at + 4 * c;
            factor[c] = hn::LoadU(d, lines.factor + i);
            const V drop = hn::Mul(resistance, hn::LoadU(d, u + i));
            below[c] = hn::MulAdd(factor[c], below[c], hn::Mul(factor[c], drop));
            hn::StoreU(below[c], d, u + i);
            sum[c] = hn::MulAdd(hn::LoadU(d, source + i), below[c], sum[c]);
        }
        resistance = hn::Set(d, lines.resistance.segment);
    }
    return hn::GetLane(
        hn::SumOfLanes(d, hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]))));
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mho {
HWY_EXPORT(SolveRowLines);
HWY_EXPORT(AddRowCoupling);
HWY_EXPORT(SolveColumnLines);

namespace {

double resistance_of(const LineResistance& r, size_t node) {
    return node == 0 ? r.terminal : r.segment;
}

size_t row_of(const ColumnLines& lines, size_t node) {
    return lines.terminal_last ? lines.nodes - 1 - node : node;
}

}  // namespace

// Factors are found once per matrix; the compiler vectorises these loops over the lines.
void factor_row_lines(const RowLines& lines, const double* conductance) {
    double e[kRowLines] = {};  // L_{k+1} e_{k+1}
    for (size_t k = lines.nodes; k > 0;) {
        k--;
        const double r = resistance_of(lines.resistance, k);
        double* factor = lines.factor + k * kRowLines;
        for (size_t l = 0; l < kRowLines; l++) {
            const double sum = conductance[l * lines.stride + k] + e[l];
            factor[l] = 1.0 / (1.0 + r * sum);
            e[l] = factor[l] * sum;
        }
    }
}

void factor_column_lines(const ColumnLines& lines, const double* conductance) {
    double e[kColumnLines] = {};
    for (size_t k = lines.nodes; k > 0;) {
        k--;
        const double r = resistance_of(lines.resistance, k);
        const size_t at = row_of(lines, k) * lines.stride;
        for (size_t l = 0; l < kColumnLines; l++) {
            const double sum = conductance[at + l] + e[l];
            lines.factor[at + l] = 1.0 / (1.0 + r * sum);
            e[l] = lines.factor[at + l] * sum;
        }
    }
}

void solve_row_lines(const RowLines& lines,
                     const double* source,
                     const double* terminal,
                     double* u) {
    HWY_DYNAMIC_DISPATCH(SolveRowLines)(lines, source, terminal, u);
}

void add_row_coupling(
    const RowLines& lines, const double* conductance, const double* p, double sign, double* out) {
    HWY_DYNAMIC_DISPATCH(AddRowCoupling)(lines, conductance, p, sign, out);
}

double solve_column_lines(const ColumnLines& lines,
                          double* source,
                          const double* change,
                          double step,
                          const double* terminal,
                          double* u,
                          double* current) {
    return HWY_DYNAMIC_DISPATCH(SolveColumnLines)(
        lines, source, change, step, terminal, u, current);
}

void twin::factor_row_lines(const RowLines& lines, const double* conductance) {
    for (size_t l = 0; l < kRowLines; l++) {
        double e = 0.0;
        for (size_t k = lines.nodes; k > 0;) {
            k--;
            const double sum = conductance[l * lines.stride + k] + e;
            const double factor = 1.0 / (1.0 + resistance_of(lines.resistance, k) * sum);
            lines.factor[k * kRowLines + l] = factor;
            e = factor * sum;
        }
    }
}

void twin::solve_row_lines(const RowLines& lines,
                           const double* source,
                           const double* terminal,
                           double* u) {
    for (size_t l = 0; l < kRowLines; l++) {
        double y = 0.0;
        double factor = 0.0;
        for (size_t k = lines.nodes; k > 0;) {
            k--;
            y = std::fma(factor, y, source == nullptr ? 0.0 : source[l * lines.stride + k]);
            lines.scratch[k * kRowLines + l] = y;
            factor = lines.factor[k * kRowLines + l];
        }
        double below = terminal[l];
        for (size_t k = 0; k < lines.nodes; k++) {
            const double drop =
                resistance_of(lines.resistance, k) * lines.scratch[k * kRowLines + l];
            factor = lines.factor[k * kRowLines + l];
            below = std::fma(factor, below, factor * drop);
            u[l * lines.stride + k] = below;
        }
    }
}

void twin::factor_column_lines(const ColumnLines& lines, const double* conductance) {
    for (size_t l = 0; l < kColumnLines; l++) {
        double e = 0.0;
        for (size_t k = lines.nodes; k > 0;) {
            k--;
            const size_t at = row_of(lines, k) * lines.stride + l;
            const double sum = conductance[at] + e;
            lines.factor[at] = 1.0 / (1.0 + resistance_of(lines.resistance, k) * sum);
            e = lines.factor[at] * sum;
        }
    }
}

void twin::solve_column_lines(const ColumnLines& lines,
                              double* source,
                              const double* change,
                              double step,
                              const double* terminal,
                              double* u,
                              double* current) {
    for (size_t l = 0; l < kColumnLines; l++) {
        double y = 0.0;
        double factor = 0.0;
        for (size_t k = lines.nodes; k > 0;) {
            k--;
            const size_t at = row_of(lines, k) * lines.stride + l;
            if (change != nullptr) {
                source[at] = std::fma(-step, change[at], source[at]);
            }
            y = std::fma(factor, y, source[at]);
            u[at] = y;
            factor = lines.factor[at];
        }
        current[l] = factor * y;
        double below = terminal == nullptr ? 0.0 : terminal[l];
        for (size_t k = 0; k < lines.nodes; k++) {
            const size_t at = row_of(lines, k) * lines.stride + l;
            const double drop = resistance_of(lines.resistance, k) * u[at];
            below = std::fma(lines.factor[at], below, lines.factor[at] * drop);
            u[at] = below;
        }
    }
}

}  // namespace mho
#endif  // HWY_ONCE
