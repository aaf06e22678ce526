// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_CONSTANTS_H
#define MHO_DEVICE_CONSTANTS_H

// What several files of this folder must agree on.

#include <cstddef>
#include <cstdint>

namespace mho {

inline constexpr double kBoltzmannEvPerK = 8.617333262e-5;

/// Numbers that a list of a piecewise or measured step may hold.
inline constexpr size_t kMostNodes = 1024;

/// Blocks of random numbers of one (key, stream, step): random/stream.h.
inline constexpr uint64_t kRandomBlocks = uint64_t{1} << 28;

}  // namespace mho

#endif  // MHO_DEVICE_CONSTANTS_H
