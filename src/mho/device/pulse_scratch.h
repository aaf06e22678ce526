// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PULSE_SCRATCH_H
#define MHO_DEVICE_PULSE_SCRATCH_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mho {

/// Memory that a worker of the pulse kernels keeps between rows.
struct PulseScratch {
    std::vector<float> floats;
    std::vector<int32_t> integers;
    std::vector<int32_t> counts;
    std::vector<int32_t> registers;  // in which a row of a short train fires
    std::vector<int32_t> up_counts;
    std::vector<uint16_t> gentle;
    alignas(64) std::array<float, 96> count_terms = {};  // CountTables, for the factor
    float count_factor = -1;
    std::vector<size_t> rest;
    std::vector<float> tables;
    std::vector<uint32_t> counters;
    std::vector<uint32_t> bits;
    std::vector<uint32_t> negative;
    std::vector<size_t> near;
    std::vector<float> near_tables;
    std::vector<uint32_t> near_counters;
    std::vector<uint32_t> near_bits;
};

}  // namespace mho

#endif  // MHO_DEVICE_PULSE_SCRATCH_H
