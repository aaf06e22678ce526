// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_SIMD_H
#define MHO_UTIL_SIMD_H

// Included by every file with vector code before <hwy/foreach_target.h> and <hwy/highway.h>.
//
// Two targets: AVX2 (the baseline of the build) and AVX-512. AVX3_DL would compile the same code a
// third time for instructions that mho does not use.
#ifndef HWY_DISABLED_TARGETS  // tests include Highway first; they compile for no target of their
                              // own
#define HWY_DISABLED_TARGETS (HWY_AVX3_DL)
#endif

#include <cstddef>

namespace mho {

/// All laws of mho are defined on 16 virtual lanes, whatever the width of the registers: AVX-512
/// holds them in one register, AVX2 in two. Equal bits on both follow from equal operations.
inline constexpr size_t kVirtualLanes = 16;

}  // namespace mho

#endif  // MHO_UTIL_SIMD_H
