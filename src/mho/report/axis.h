// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_AXIS_H
#define MHO_REPORT_AXIS_H

#include <string>
#include <vector>

namespace mho {

/// True for numbers that a chart can place: finite and far from overflow.
bool plottable(double value);

/// Smallest interval that holds every plottable number given to include().
class DataRange {
  public:
    void include(double value);
    void include(const std::vector<double>& values);
    bool empty() const { return empty_; }
    double lo() const { return lo_; }
    double hi() const { return hi_; }

  private:
    bool empty_ = true;
    double lo_ = 0.0;
    double hi_ = 0.0;
};

/// A linear or logarithmic map from [lo, hi] to pixels [from_px, to_px]. A range of width zero is
/// widened, an impossible one (not plottable, log of zero) replaced, so every scale is usable.
class AxisScale {
  public:
    AxisScale(double lo, double hi, double from_px, double to_px, bool logarithmic = false);
    double lo() const { return lo_; }
    double hi() const { return hi_; }
    /// NaN for a value that has no place (not plottable; not positive on a logarithmic axis).
    double px(double value) const;

  private:
    double lo_;
    double hi_;
    double from_px_;
    double to_px_;
    bool logarithmic_;
};

struct AxisTick {
    double at;
    std::string label;
};

/// About `count` round numbers in [lo, hi] with steps of 1, 2 or 5 times a power of ten.
/// `percent`: labels are 100 x with " %".
std::vector<AxisTick> nice_ticks(double lo, double hi, int count, bool percent = false);

/// Powers of ten in [lo, hi], thinned to at most `count`; fewer than three have 2 and 5 times a
/// power of ten beside them, where `count` allows. Both bounds positive.
std::vector<AxisTick> log_ticks(double lo, double hi, int count, bool percent = false);

/// 1 s, 1 min, 1 h, 1 day, 1 month (30 days), 1 year (365 days), 10 years: those in [lo_s, hi_s].
std::vector<AxisTick> time_ticks(double lo_s, double hi_s);

}  // namespace mho

#endif  // MHO_REPORT_AXIS_H
