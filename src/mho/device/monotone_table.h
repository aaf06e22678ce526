// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_MONOTONE_TABLE_H
#define MHO_DEVICE_MONOTONE_TABLE_H

#include <vector>

namespace mho {

/// A curve through points that never overshoots them: piecewise cubic with the slopes of Fritsch
/// and Carlson (SIAM J. Numer. Anal. 17, 238, 1980). Outside of the points it is constant.
class MonotoneTable {
  public:
    MonotoneTable() = default;
    /// x ascending, at least one point. Throws InputError otherwise.
    MonotoneTable(std::vector<double> x, std::vector<double> y);
    double operator()(double x) const;
    bool empty() const { return x_.empty(); }

  private:
    std::vector<double> x_, y_, slope_;
};

}  // namespace mho

#endif  // MHO_DEVICE_MONOTONE_TABLE_H
