// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/sonos.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "mho/device/monotone_table.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr size_t kDays = 5;

struct Spread {
    double a;
    double b;
    double at(double i) const { return a * (1 - std::exp(-i / b)); }
};

constexpr std::array<Spread, kDays + 1> kProgrammed = {{{19.887, 176.31},
                                                        {25.591, 186.86},
                                                        {28.728, 193.57},
                                                        {31.043, 198.90},
                                                        {33.762, 204.77},
                                                        {34.579, 207.34}}};
constexpr Spread kRead = {12.580, 215.37};

const std::array<MonotoneTable, kDays>& shifts() {
    const std::vector<double> i = {0, 50, 100, 200, 400, 800, 1200, 1600, 1800};
    static const std::array<MonotoneTable, kDays> tables = {
        MonotoneTable(i, {0.17, 1.70, 1.74, 1.01, 0.62, -3.83, -7.31, -11.53, -10.32}),
        MonotoneTable(i, {0.25, 2.19, 2.43, 1.52, -0.07, -8.00, -15.07, -22.37, -21.00}),
        MonotoneTable(i, {-0.02, 2.96, 3.62, 2.97, 0.82, -9.31, -18.27, -26.91, -28.80}),
        MonotoneTable(i, {0.04, 3.11, 3.62, 2.30, -1.55, -13.89, -26.03, -38.27, -42.11}),
        MonotoneTable(i, {0.32, 3.55, 4.12, 2.64, -1.47, -15.17, -28.54, -40.70, -43.40})};
    return tables;
}

}  // namespace

double sonos_std_na(double current_na, double days) {
    require_finite_number(current_na, "SONOS current");
    require_finite_number(days, "SONOS days");
    const double d = std::clamp(days, 0.0, double{kDays});
    const auto day = std::min(static_cast<size_t>(d), kDays - 1);
    const double part = d - static_cast<double>(day);
    return (1 - part) * kProgrammed[day].at(current_na) +
           part * kProgrammed[day + 1].at(current_na);
}

double sonos_shift_na(double current_na, double days) {
    require_finite_number(current_na, "SONOS current");
    require_finite_number(days, "SONOS days");
    const double d = std::clamp(days, 0.0, double{kDays});
    const auto day = std::min(static_cast<size_t>(d), kDays - 1);
    const double part = d - static_cast<double>(day);
    const double before = day == 0 ? 0.0 : shifts()[day - 1](current_na);
    return (1 - part) * before + part * shifts()[day](current_na);
}

double sonos_read_std_na(double current_na) {
    require_finite_number(current_na, "SONOS current");
    return kRead.at(current_na);
}

void require_sonos(double i_max_na, double days) {
    require_finite_number(i_max_na, "i_max_na");
    require_finite_number(days, "SONOS days");
    if (days > double{kDays} * (1 + 1e-12)) {
        throw InputError(
            "the data of the SONOS cell end 5 days (432000 s) after programming, got " +
            std::to_string(days) + " days");
    }
    if (days > 0 && i_max_na > 1800) {
        throw InputError(
            "the drift of the SONOS cell is known up to 1800 nA; set "
            "crossbar.cell.model.i_max_na, got " +
            std::to_string(i_max_na));
    }
}

}  // namespace mho
