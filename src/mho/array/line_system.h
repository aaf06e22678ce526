// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ARRAY_LINE_SYSTEM_H
#define MHO_ARRAY_LINE_SYSTEM_H

// The linear circuit behind array/wires: source lines (word lines along the rows, or supply lines
// along the columns) and bit lines, coupled by conductances. Internal.
//
// With T_k the tridiagonal matrix of the source lines of kind k (wires and cells, bit lines held
// fixed), T_b that of the bit lines and G_k the diagonal of the cells, Kirchhoff's law is
//
//     T_k u_k = G_k w + v_k + s_k,     T_b w = sum_k (G_k u_k - s_k),
//
// v_k the drivers, s_k currents injected from bit to source line beside each cell (Newton's
// method). Without the source lines: A w = b, A = T_b - N, N = sum_k G_k T_k^-1 G_k. A is symmetric
// and positive definite; preconditioned with T_b, conjugate gradients take some ten iterations
// where fixed-point loops take thousands (spec: docs/models/wires.md). T_b itself is never applied:
// the search direction p = z + beta p has T_b p = r + beta (T_b p), so zero resistance is a case
// like any other.

#include <array>
#include <cstddef>
#include <new>
#include <vector>

#include "mho/array/wires.h"
#include "mho/kernels/line_solve.h"

namespace mho {

template <class T>
struct CacheLineAllocator {
    using value_type = T;
    CacheLineAllocator() = default;
    template <class U>
    CacheLineAllocator(const CacheLineAllocator<U>&) {}  // NOLINT(google-explicit-constructor)
    T* allocate(size_t n) {
        return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64)));
    }
    void deallocate(T* p, size_t) { ::operator delete(p, std::align_val_t(64)); }
    bool operator==(const CacheLineAllocator&) const { return true; }
};
using LineArray = std::vector<double, CacheLineAllocator<double>>;

/// Buffers of one solve, reused by the next.
struct LineScratch {
    LineArray residual, z, direction, bit_direction, product, row_scratch;
    LineArray w;               // voltages of the bit lines, if asked for
    std::vector<LineArray> u;  // voltages of the source lines, if asked for
    std::vector<double> current, z_current, direction_current;
};

struct LineRequest {
    std::array<const double*, 2> drive = {};      // terminals: [rows] or, supply lines, [columns]
    std::array<const double*, 2> injection = {};  // s_k in the layout of the system; null: none
    double tolerance = 1e-10;
    int max_iterations = 10000;
    bool voltages = false;
};

struct LineResult {
    int iterations = 0;
    double residual = 0.0;
};

class LineSystem {
  public:
    LineSystem(const WireConfig& config, size_t rows, size_t columns);

    size_t rows() const { return rows_; }
    size_t columns() const { return columns_; }
    size_t kinds() const { return conductance_.size(); }
    /// Position of row i, column j in every array; arrays have `size()` numbers, unused ones zero.
    size_t at(size_t i, size_t j) const { return i * stride_ + j; }
    size_t size() const { return padded_rows_ * stride_; }
    /// Lengths of LineRequest::drive, padded.
    size_t drives() const { return along_columns_ ? width_ : padded_rows_; }

    /// Conductances of kind k (0, or 1 for the negative cells of pairs), to be set before factor().
    LineArray& conductance(size_t k) { return conductance_[k]; }
    const LineArray& conductance(size_t k) const { return conductance_[k]; }
    void factor();

    /// Solves; `scratch.current` has the currents of the columns. Throws Error when the tolerance
    /// is not met.
    LineResult solve(const LineRequest& request, LineScratch& scratch) const;

  private:
    struct Band {
        size_t first = 0;  // rows
        size_t count = 0;
    };
    size_t bands() const { return along_columns_ ? 1 : padded_rows_ / kRowLines; }
    Band band(size_t b) const;
    void prepare(LineScratch& s, bool voltages) const;
    RowLines row_lines(size_t k, size_t panel, LineScratch& s) const;
    ColumnLines supply_lines(size_t k, size_t block) const;
    ColumnLines bit_lines(size_t block) const;
    void add_coupling(size_t b, const double* p, double sign, double* out, LineScratch& s) const;
    void source_voltages(
        size_t k, const LineRequest& request, const double* w, double* u, LineScratch& s) const;
    void right_hand_side(const LineRequest& request, LineScratch& s) const;
    double precondition(LineScratch& s,
                        const double* change,
                        double step,
                        std::vector<double>& current) const;

    bool along_columns_;
    size_t rows_, columns_, padded_rows_, width_, stride_;
    LineResistance source_resistance_;
    LineResistance bit_resistance_;
    std::vector<LineArray> conductance_;
    std::vector<LineArray> source_factor_;
    LineArray bit_factor_;
};

}  // namespace mho

#endif  // MHO_ARRAY_LINE_SYSTEM_H
