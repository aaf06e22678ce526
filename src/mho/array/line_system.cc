// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/line_system.h"

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"

namespace mho {
namespace {

size_t round_up(size_t n, size_t to) {
    return (n + to - 1) / to * to;
}

// Eight sums side by side: a fixed order that the compiler can vectorise.
double dot(const double* a, const double* b, size_t n) {
    double sum[8] = {};
    for (size_t i = 0; i < n; i += 8) {
        for (size_t l = 0; l < 8; l++) {
            sum[l] += a[i + l] * b[i + l];
        }
    }
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

}  // namespace

LineSystem::LineSystem(const WireConfig& c, size_t rows, size_t columns)
    : along_columns_(has_supply_lines(c.topology)),
      rows_(rows),
      columns_(columns),
      padded_rows_(round_up(rows, kRowLines)),
      width_(round_up(columns, kColumnLines)),
      // A cache line more than a power of two: rows that lie 2^k bytes apart share few cache sets.
      stride_(width_ + 8),
      source_resistance_{c.row_resistance, c.row_resistance + c.driver_resistance},
      bit_resistance_{c.column_resistance, c.column_resistance + c.sense_resistance},
      conductance_(has_pairs(c.topology) ? 2 : 1, LineArray(size())),
      source_factor_(conductance_.size(),
                     LineArray(along_columns_ ? size() : padded_rows_ * width_)),
      bit_factor_(size()) {}

LineSystem::Band LineSystem::band(size_t b) const {
    return along_columns_ ? Band{0, padded_rows_} : Band{b * kRowLines, kRowLines};
}

RowLines LineSystem::row_lines(size_t k, size_t panel, LineScratch& s) const {
    // The factors are written by factor() alone.
    double* factor = const_cast<double*>(source_factor_[k].data()) + panel * kRowLines * width_;
    return {factor, width_, stride_, source_resistance_, s.row_scratch.data()};
}

ColumnLines LineSystem::supply_lines(size_t k, size_t block) const {
    double* factor = const_cast<double*>(source_factor_[k].data()) + block * kColumnLines;
    return {factor, rows_, stride_, source_resistance_, false};
}

ColumnLines LineSystem::bit_lines(size_t block) const {
    double* factor = const_cast<double*>(bit_factor_.data()) + block * kColumnLines;
    return {factor, rows_, stride_, bit_resistance_, true};
}

void LineSystem::factor() {
    LineScratch s;
    for (size_t k = 0; k < kinds(); k++) {
        const double* g = conductance_[k].data();
        for (size_t b = 0; along_columns_ && b < width_ / kColumnLines; b++) {
            factor_column_lines(supply_lines(k, b), g + b * kColumnLines);
        }
        for (size_t b = 0; !along_columns_ && b < bands(); b++) {
            factor_row_lines(row_lines(k, b, s), g + b * kRowLines * stride_);
        }
    }
    LineArray total = conductance_[0];
    for (size_t k = 1; k < kinds(); k++) {
        for (size_t i = 0; i < total.size(); i++) {
            total[i] += conductance_[k][i];
        }
    }
    for (size_t b = 0; b < width_ / kColumnLines; b++) {
        factor_column_lines(bit_lines(b), total.data() + b * kColumnLines);
    }
}

void LineSystem::prepare(LineScratch& s, bool voltages) const {
    // Unused places stay zero from the first use on; another size starts anew.
    for (LineArray* a : {&s.residual, &s.z, &s.direction, &s.bit_direction, &s.product}) {
        if (a->size() != size()) {
            a->assign(size(), 0.0);
        }
    }
    s.row_scratch.resize(kRowLines * width_);
    s.current.assign(width_, 0.0);
    s.z_current.assign(width_, 0.0);
    s.direction_current.assign(width_, 0.0);
    if (voltages) {
        s.w.assign(size(), 0.0);
        s.u.assign(kinds(), LineArray(size()));
    }
}

// out += sign N p for the rows of a band.
void LineSystem::add_coupling(
    size_t b, const double* p, double sign, double* out, LineScratch& s) const {
    const size_t first = band(b).first * stride_;
    for (size_t k = 0; k < kinds(); k++) {
        const double* g = conductance_[k].data();
        if (!along_columns_) {
            add_row_coupling(row_lines(k, b, s), g + first, p + first, sign, out + first);
            continue;
        }
        LineArray source(size());
        LineArray u(size());
        for (size_t i = 0; i < size(); i++) {
            source[i] = g[i] * p[i];
        }
        double ignored[kColumnLines];
        for (size_t c = 0; c < width_; c += kColumnLines) {
            solve_column_lines(supply_lines(k, c / kColumnLines),
                               source.data() + c,
                               nullptr,
                               0.0,
                               nullptr,
                               u.data() + c,
                               ignored);
        }
        for (size_t i = 0; i < size(); i++) {
            out[i] += sign * g[i] * u[i];
        }
    }
}

// u = T_k^-1 (v_k + s_k + G_k w); w may be null for zero.
void LineSystem::source_voltages(
    size_t k, const LineRequest& request, const double* w, double* u, LineScratch& s) const {
    const double* injection = request.injection[k];
    LineArray source;
    if (w != nullptr || injection != nullptr) {
        source.assign(size(), 0.0);
        for (size_t i = 0; i < size(); i++) {
            source[i] = (w == nullptr ? 0.0 : conductance_[k][i] * w[i]) +
                        (injection == nullptr ? 0.0 : injection[i]);
        }
    }
    if (!along_columns_) {
        for (size_t b = 0; b < bands(); b++) {
            const size_t first = b * kRowLines;
            solve_row_lines(row_lines(k, b, s),
                            source.empty() ? nullptr : source.data() + first * stride_,
                            request.drive[k] + first,
                            u + first * stride_);
        }
        return;
    }
    source.resize(size(), 0.0);
    double ignored[kColumnLines];
    for (size_t c = 0; c < width_; c += kColumnLines) {
        solve_column_lines(supply_lines(k, c / kColumnLines),
                           source.data() + c,
                           nullptr,
                           0.0,
                           request.drive[k] + c,
                           u + c,
                           ignored);
    }
}

// b = sum_k G_k T_k^-1 (v_k + s_k) - s_k, into the residual.
void LineSystem::right_hand_side(const LineRequest& request, LineScratch& s) const {
    std::fill(s.residual.begin(), s.residual.end(), 0.0);
    for (size_t k = 0; k < kinds(); k++) {
        source_voltages(k, request, nullptr, s.product.data(), s);
        const double* g = conductance_[k].data();
        const double* injection = request.injection[k];
        for (size_t i = 0; i < size(); i++) {
            s.residual[i] += g[i] * s.product[i];
        }
        for (size_t i = 0; injection != nullptr && i < size(); i++) {
            s.residual[i] -= injection[i];
        }
    }
}

// residual -= step * change, z = T_b^-1 residual; returns residual . z.
double LineSystem::precondition(LineScratch& s,
                                const double* change,
                                double step,
                                std::vector<double>& current) const {
    double sum = 0.0;
    for (size_t c = 0; c < width_; c += kColumnLines) {
        sum += solve_column_lines(bit_lines(c / kColumnLines),
                                  s.residual.data() + c,
                                  change == nullptr ? nullptr : change + c,
                                  step,
                                  nullptr,
                                  s.z.data() + c,
                                  current.data() + c);
    }
    return sum;
}

LineResult LineSystem::solve(const LineRequest& request, LineScratch& s) const {
    prepare(s, request.voltages);
    right_hand_side(request, s);
    // The start: bit lines alone, w = T_b^-1 b. What is left is N w; no digits are lost to b - A w.
    const double scale = precondition(s, nullptr, 0.0, s.current);
    if (request.voltages) {
        s.w = s.z;
    }
    std::fill(s.residual.begin(), s.residual.end(), 0.0);
    for (size_t b = 0; b < bands(); b++) {
        add_coupling(b, s.z.data(), 1.0, s.residual.data(), s);
    }
    std::fill(s.direction.begin(), s.direction.end(), 0.0);
    std::fill(s.bit_direction.begin(), s.bit_direction.end(), 0.0);
    LineResult result;
    double step = 0.0;
    double before = 0.0;
    const double limit = request.tolerance * request.tolerance * scale;
    for (;; result.iterations++) {
        const double square =
            precondition(s, result.iterations == 0 ? nullptr : s.product.data(), step, s.z_current);
        result.residual = scale > 0 ? std::sqrt(std::max(square, 0.0) / scale) : 0.0;
        if (!(square > limit)) {
            break;
        }
        if (result.iterations >= request.max_iterations) {
            throw Error("wires: after " + std::to_string(result.iterations) +
                        " iterations the relative residual is " + std::to_string(result.residual));
        }
        const double beta = result.iterations == 0 ? 0.0 : square / before;
        before = square;
        double curvature = 0.0;
        for (size_t b = 0; b < bands(); b++) {
            const size_t first = band(b).first * stride_;
            const size_t n = band(b).count * stride_;
            double* p = s.direction.data() + first;
            double* tp = s.bit_direction.data() + first;
            double* q = s.product.data() + first;
            const double* z = s.z.data() + first;
            const double* r = s.residual.data() + first;
            for (size_t i = 0; i < n; i++) {
                p[i] = z[i] + beta * p[i];
                tp[i] = r[i] + beta * tp[i];
                q[i] = tp[i];
            }
            add_coupling(b, s.direction.data(), -1.0, s.product.data(), s);
            curvature += dot(p, q, n);
        }
        step = square / curvature;
        if (!std::isfinite(step)) {
            throw Error("wires: the numbers of the circuit span too many decades to be solved");
        }
        for (size_t j = 0; j < width_; j++) {
            s.direction_current[j] = s.z_current[j] + beta * s.direction_current[j];
            s.current[j] += step * s.direction_current[j];
        }
        for (size_t i = 0; request.voltages && i < size(); i++) {
            s.w[i] += step * s.direction[i];
        }
    }
    for (size_t k = 0; request.voltages && k < kinds(); k++) {
        source_voltages(k, request, s.w.data(), s.u[k].data(), s);
    }
    return result;
}

}  // namespace mho
