// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_DEVICE_RESPONSE_H
#define MHO_ANALYSIS_DEVICE_RESPONSE_H

// How a device answers to pulses: the curves by which devices are compared. `mho devices` draws
// them.

#include <cstdint>
#include <string>
#include <vector>

#include "mho/device/pulsed_device.h"

namespace mho {

struct DeviceResponseOptions {
    size_t pulses = 0;   // of each direction; 0 = the number of states, from 20 to 2000
    size_t cells = 400;  // for spreads, 2 to 100000
    uint64_t seed = 1;
};

/// A quantity along a train or over states: the mean of all cells and the range of 90 % of them.
struct ResponseBand {
    std::vector<double> mean;
    std::vector<double> low;   // 5 % quantile
    std::vector<double> high;  // 95 % quantile
};

struct DeviceResponse {
    double granularity = 0.0;
    double states = 0.0;
    // Weights from 0 along a train of up pulses, then down pulses.
    std::vector<double> pulse;
    std::vector<double> nominal;             // without spread and noise
    ResponseBand cycle;                      // equal cells with their noise
    ResponseBand spread;                     // cells as they are made
    std::vector<std::vector<double>> cells;  // some single ones
    // The change by one pulse over the weight, without noise and spread; down steps as they are,
    // negative.
    std::vector<double> weight;
    std::vector<double> up_step;
    std::vector<double> down_step;
    // Where up and down steps are equal: NaN where they never are.
    double symmetric_point = 0.0;
    // Found cell by cell with alternating pulses, as an experiment would: the mean of the last
    // pulses.
    std::vector<double> symmetric_points;
};

/// Throws ConfigError for a bad device, InputError for options out of range.
DeviceResponse measure_response(const PulsedDevice& device,
                                const DeviceResponseOptions& options = {});

/// The device without spread from cell to cell; `noise_free`: without any noise either.
PulsedDevice identical_cells(PulsedDevice device, bool noise_free);

}  // namespace mho

#endif  // MHO_ANALYSIS_DEVICE_RESPONSE_H
