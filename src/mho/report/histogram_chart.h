// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_HISTOGRAM_CHART_H
#define MHO_REPORT_HISTOGRAM_CHART_H

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mho {

/// Counts of values in equal bins over [lo, hi].
struct HistogramSeries {
    std::string name;
    double lo = 0.0;
    double hi = 0.0;
    std::vector<double> counts;
};

/// Counts `values` in `bins` equal bins; `hi` itself belongs to the last bin. Values outside of
/// [lo, hi] and values that are not finite are not counted. InputError unless lo < hi, both finite,
/// and 1 <= bins <= 100000.
HistogramSeries histogram(std::span<const double> values, size_t bins, double lo, double hi);
HistogramSeries histogram(std::span<const float> values, size_t bins, double lo, double hi);

/// Histograms drawn over each other. The y axis is the share of each series' own total, counted per
/// bin of the first series, so series of different totals and bin widths compare.
struct Histogram {
    std::string title;
    std::string description;
    std::string x_label;
    bool log_y = false;
    std::vector<HistogramSeries> series;  // those without counts or with lo >= hi are left out

    /// An <svg> element laid out for `width` pixels, 240 to 4000.
    std::string svg(int width = 760) const;
};

}  // namespace mho

#endif  // MHO_REPORT_HISTOGRAM_CHART_H
