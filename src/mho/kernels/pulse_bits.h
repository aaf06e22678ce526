// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_KERNELS_PULSE_BITS_H
#define MHO_KERNELS_PULSE_BITS_H

// Stochastic pulse trains as bits: slot k of a line fires when its random word lies below the
// threshold p 2^32. Sixteen lines draw side by side, one word each per slot, from one sequence of
// words; groups of lines without any probability take no words.

#include <cstddef>
#include <cstdint>
#include <span>

#include "mho/random/stream.h"

namespace mho {

/// The threshold of a firing probability; above 1 a line always fires.
struct PulseThreshold {
    uint32_t below = 0;   // fires when word < below ...
    uint32_t always = 0;  // ... or when this is all ones
};

inline PulseThreshold pulse_threshold(double p) {
    if (!(p > 0)) {
        return {};
    }
    const double scaled = p * 4294967296.0;
    return scaled >= 4294967295.5 ? PulseThreshold{~0u, ~0u}
                                  : PulseThreshold{static_cast<uint32_t>(scaled + 0.5), 0};
}

/// Bits of `length` slots for lines [0, below.size()), a multiple of 16 lines. `bits` has
/// (length + 31) / 32 words per line: bits[word * below.size() + line], bit k % 32 of word k / 32.
void draw_pulse_bits(TileKey key,
                     Stream stream,
                     uint64_t step,
                     std::span<const uint32_t> below,
                     std::span<const uint32_t> always,
                     uint32_t length,
                     std::span<uint32_t> bits);

namespace twin {
void draw_pulse_bits(TileKey key,
                     Stream stream,
                     uint64_t step,
                     std::span<const uint32_t> below,
                     std::span<const uint32_t> always,
                     uint32_t length,
                     std::span<uint32_t> bits);
}

}  // namespace mho

#endif  // MHO_KERNELS_PULSE_BITS_H
