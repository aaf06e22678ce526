// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PULSE_ROW_H
#define MHO_DEVICE_PULSE_ROW_H

// What the pulse kernels share over their targets. Internal.

#include <array>
#include <cstddef>
#include <cstdint>

#include "mho/device/pulse_kernel.h"

// Sanitized, every inlined copy of these functions takes minutes to compile.
#ifdef MHO_SANITIZED
#define MHO_PULSE_INLINE inline HWY_NOINLINE
#else
#define MHO_PULSE_INLINE HWY_INLINE
#endif

namespace mho {

// lane_rank[m][i]: how many of the lanes below i are set in the 8-bit mask m.
inline constexpr std::array<std::array<uint8_t, 8>, 256> kLaneRank = [] {
    std::array<std::array<uint8_t, 8>, 256> table{};
    for (size_t mask = 0; mask < 256; mask++) {
        uint8_t rank = 0;
        for (size_t lane = 0; lane < 8; lane++) {
            table[mask][lane] = rank;
            rank = static_cast<uint8_t>(rank + ((mask >> lane) & 1));
        }
    }
    return table;
}();

// set_lane[m][k]: the k-th of the lanes that are set in the 8-bit mask m; 0 behind the last.
inline constexpr std::array<std::array<uint8_t, 8>, 256> kSetLane = [] {
    std::array<std::array<uint8_t, 8>, 256> table{};
    for (size_t mask = 0; mask < 256; mask++) {
        for (size_t lane = 0; lane < 8; lane++) {
            if ((mask >> lane) & 1) {
                table[mask][kLaneRank[mask][lane]] = static_cast<uint8_t>(lane);
            }
        }
    }
    return table;
}();

// Constants of AVX2 that come from memory, as operands: not const, for GCC makes known integers
// anew in every loop, by way of a general register.
using PulseConstant = std::array<uint32_t, 8>;
constexpr PulseConstant repeated(uint32_t a) {
    return {a, a, a, a, a, a, a, a};
}
alignas(32) inline PulseConstant kNibbles = repeated(0x0f0f0f0f);
alignas(32) inline PulseConstant kByteOnes = repeated(0x01010101);
alignas(32) inline PulseConstant kWordOnes = repeated(0x00010001);
// Set bits of 0 to 15, one a byte, in both halves.
alignas(32) inline PulseConstant kNibbleBits = {
    0x02010100, 0x03020201, 0x03020201, 0x04030302, 0x02010100, 0x03020201, 0x03020201, 0x04030302};

inline constexpr size_t kNoCell = ~size_t{0};  // padding of a list of cells

// The cells of one row and the bits of their columns, for all samples.
struct PulseRow {
    CellArrays cells;                    // of this row
    size_t cell_count = 0;               // a multiple of 16
    size_t offset = 0;                   // of its cells from those of the first row of the span
    const uint32_t* col_bits = nullptr;  // + sample * col_sample_stride + word * col_word_stride
    size_t col_sample_stride = 0;
    size_t col_word_stride = 0;
    const uint32_t* col_negative = nullptr;  // + sample * negative_stride
    size_t negative_stride = 0;
    bool sparse_columns = false;       // honour the column ranges of the trains
    const uint16_t* gentle = nullptr;  // find_gentle, per register, or nullptr
    // Instead, cells gathered from several rows: their coincidences and those that rise, slots of
    // all samples end to end, [word][cell_count].
    size_t first_word = 0;  // of the planes
    const uint32_t* coincidences = nullptr;
    const uint32_t* rising = nullptr;
};

}  // namespace mho

#endif  // MHO_DEVICE_PULSE_ROW_H
