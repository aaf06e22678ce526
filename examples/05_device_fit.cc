// From measured pulses to a device model. Here the measurement is simulated, so that the truth is
// known; a real one is a CSV file with the columns cell, pulses, weight (`mho fit`).
#include <cmath>
#include <cstdio>

#include "mho/analysis/device_fit.h"
#include "mho/analysis/device_response.h"
#include "mho/analysis/simulated_traces.h"

int main() {
    mho::SoftBounds truth;
    truth.dw_min = 0.02;
    truth.up_down = 0.15;
    truth.w_max = 0.8;
    truth.w_min = -0.7;
    truth.dw_min_std = 0.5;
    // 200 pulses up, 200 down, 100 pairs, on three equal cells.
    const std::string csv = mho::traces_to_csv(
        mho::simulate_traces(mho::identical_cells(truth, false), 3, 200, 1, 100, 1));
    const auto fits =
        mho::fit_devices(mho::parse_pulse_traces(csv, "measured.csv"), {.model = "soft bounds"});
    const auto& found = std::get<mho::SoftBounds>(fits.front().device);
    const auto show = [](const char* name, double is, double was) {
        std::printf("%-8s %5.2f  %s\n",
                    name,
                    was,
                    std::fabs(is - was) < 0.05 * std::fmax(std::fabs(was), 0.2) ? "found within 5 %"
                                                                                : "missed");
    };
    show("dw_min", found.dw_min, truth.dw_min);
    show("up_down", found.up_down, truth.up_down);
    show("w_max", found.w_max, truth.w_max);
    show("w_min", found.w_min, truth.w_min);
}
