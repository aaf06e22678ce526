// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_SIMULATED_TRACES_H
#define MHO_ANALYSIS_SIMULATED_TRACES_H

#include <cstdint>
#include <string>
#include <vector>

#include "mho/analysis/pulse_traces.h"
#include "mho/device/pulsed_device.h"

namespace mho {

/// What an experiment on cells of a device would record: `cycles` trains of `pulses` pulses up,
/// then down, on each of `cells` cells, and after them `pairs` of one pulse up and one down; a
/// reading after every pulse. Cells start at weight 0. Throws ConfigError for a bad device,
/// InputError for no cells.
std::vector<PulseTrace> simulate_traces(
    const PulsedDevice& device, size_t cells, int pulses, int cycles, int pairs, uint64_t seed);

/// The file that read_pulse_traces() reads.
std::string traces_to_csv(const std::vector<PulseTrace>& traces);

}  // namespace mho

#endif  // MHO_ANALYSIS_SIMULATED_TRACES_H
