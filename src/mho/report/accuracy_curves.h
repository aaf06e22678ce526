// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_ACCURACY_CURVES_H
#define MHO_REPORT_ACCURACY_CURVES_H

// How accuracies over time become text, key figures, charts and tables.

#include <string>
#include <vector>

#include "mho/report/accuracy_report.h"
#include "mho/report/html.h"
#include "mho/report/table.h"

namespace mho {

/// list[i], NaN behind the end.
double value_at(const std::vector<double>& list, size_t i);

/// An accuracy as percentage, or a loss as number.
std::string format_score(const AccuracyReport& report, double value);

/// True when a curve has a finite mean.
bool has_data(const AccuracyReport::Curve& curve);

/// Floating point; the best network and another one after about a day; the loss of the best over
/// all times. Those that the data give.
std::vector<KeyFigure> accuracy_key_figures(const AccuracyReport& report);

/// The chart of all curves, and a close-up of the compensated ones when the others squash them.
std::vector<Figure> accuracy_figures(const AccuracyReport& report);

/// Rows: times, columns: curves. `brief`: names short enough for a terminal of 80 columns.
Table accuracy_table(const AccuracyReport& report, bool brief);

}  // namespace mho

#endif  // MHO_REPORT_ACCURACY_CURVES_H
