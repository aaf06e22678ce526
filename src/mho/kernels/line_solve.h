// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_KERNELS_LINE_SOLVE_H
#define MHO_KERNELS_LINE_SOLVE_H

// Resistive lines, many at a time. A line is a ladder: node 0 is nearest to its terminal, r_k lies
// between node k and node k - 1 (r_0 to the terminal), g_k from node k to what is held fixed. Its
// tridiagonal system T u = s is solved by elimination from the far end,
//
//     e_k = g_k + L_{k+1} e_{k+1},   L_k = 1 / (1 + r_k e_k),
//     y_k = s_k + L_{k+1} y_{k+1},   u_k = L_k (r_k y_k + u_{k-1}),   u_{-1}: the terminal,
//
// which is the Thomas algorithm in terms of resistances. Nothing is subtracted, so every digit
// holds however small r is, and r = 0 needs no special case. The current that leaves through a
// grounded terminal is L_0 y_0.
//
// Row lines run along the rows of a matrix with the terminal at column 0, eight at a time; column
// lines run along its columns, sixteen at a time. Factors of row lines are kept node by node, eight
// lines side by side, so that one register holds four lines of both kinds.

#include <cstddef>

namespace mho {

inline constexpr size_t kRowLines = 8;
inline constexpr size_t kColumnLines = 16;

/// Resistances of a line: between neighbours, and from its terminal to the first node.
struct LineResistance {
    double segment = 0.0;
    double terminal = 0.0;
};

/// Eight row lines of `nodes` nodes (a multiple of 4).
struct RowLines {
    double* factor = nullptr;  // [nodes][8]
    size_t nodes = 0;
    size_t stride = 0;  // of the matrices
    LineResistance resistance;
    double* scratch = nullptr;  // [nodes][8]
};

/// Fills `factor` from the conductances `[8, nodes]`.
void factor_row_lines(const RowLines& lines, const double* conductance);
/// u `[8, nodes]` for the sources `[8, nodes]` (null: none) and the voltages of the terminals [8].
void solve_row_lines(const RowLines& lines,
                     const double* source,
                     const double* terminal,
                     double* u);
/// out += sign g T^-1 (g p), element by element products, terminals at zero.
void add_row_coupling(
    const RowLines& lines, const double* conductance, const double* p, double sign, double* out);

/// Sixteen column lines of `nodes` nodes; the terminal is at the last row, or at the first.
struct ColumnLines {
    double* factor = nullptr;  // [nodes, 16], with the stride of the matrices
    size_t nodes = 0;
    size_t stride = 0;
    LineResistance resistance;
    bool terminal_last = true;
};

void factor_column_lines(const ColumnLines& lines, const double* conductance);
/// First source -= step * change (unless `change` is null), then u = T^-1 source with the terminals
/// at `terminal` [16] (null: zero). `current` [16] receives L_0 y_0, the current into a grounded
/// terminal. Returns the sum of source * u.
double solve_column_lines(const ColumnLines& lines,
                          double* source,
                          const double* change,
                          double step,
                          const double* terminal,
                          double* u,
                          double* current);

/// The same in plain loops, one line after the other, same operations: the tests compare bits.
namespace twin {
void factor_row_lines(const RowLines& lines, const double* conductance);
void solve_row_lines(const RowLines& lines,
                     const double* source,
                     const double* terminal,
                     double* u);
void factor_column_lines(const ColumnLines& lines, const double* conductance);
void solve_column_lines(const ColumnLines& lines,
                        double* source,
                        const double* change,
                        double step,
                        const double* terminal,
                        double* u,
                        double* current);
}  // namespace twin

}  // namespace mho

#endif  // MHO_KERNELS_LINE_SOLVE_H
