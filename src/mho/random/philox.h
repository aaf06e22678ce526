// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_RANDOM_PHILOX_H
#define MHO_RANDOM_PHILOX_H

#include <array>
#include <cstdint>

namespace mho {

/// Philox4x32 with ten rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011): a bijection of the 128-bit counter for each 64-bit key.
inline constexpr uint32_t kPhiloxM0 = 0xD2511F53u;
inline constexpr uint32_t kPhiloxM1 = 0xCD9E8D57u;
inline constexpr uint32_t kPhiloxW0 = 0x9E3779B9u;
inline constexpr uint32_t kPhiloxW1 = 0xBB67AE85u;
inline constexpr int kPhiloxRounds = 10;

inline std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
    for (int round = 0; round < kPhiloxRounds; round++) {
        const uint64_t p0 = uint64_t{kPhiloxM0} * c[0];
        const uint64_t p1 = uint64_t{kPhiloxM1} * c[2];
        c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0],
             static_cast<uint32_t>(p1),
             static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1],
             static_cast<uint32_t>(p0)};
        k[0] += kPhiloxW0;
        k[1] += kPhiloxW1;
    }
    return c;
}

}  // namespace mho

#endif  // MHO_RANDOM_PHILOX_H
