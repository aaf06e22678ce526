// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_SIMD_TEST_SUPPORT_H
#define MHO_UTIL_SIMD_TEST_SUPPORT_H

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cstdint>

namespace mho {

/// Calls `body` once for every SIMD target that the library has a form for and this processor runs:
/// AVX2 alone, with AVX-512, with its population counts. A kernel takes the widest form it has of
/// those allowed. Asking Highway for other targets is not enough: what it chose before stays until
/// it is told to choose again.
template <class F>
void on_all_targets(F&& body) {
    struct Level {
        const char* name;
        int64_t widest;
        int64_t allowed;
    };
    const auto allow = [](int64_t targets) {  // 0: whatever the processor has
        hwy::SetSupportedTargetsForTest(targets);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    };
    allow(0);
    const int64_t supported = hwy::SupportedTargets();
    for (const Level& level :
         {Level{"AVX2", HWY_AVX2, HWY_AVX2},
          Level{"AVX-512", HWY_AVX3, HWY_AVX3 | HWY_AVX2},
          Level{"AVX-512 DL", HWY_AVX3_DL, HWY_AVX3_DL | HWY_AVX3 | HWY_AVX2}}) {
        if ((supported & level.widest) == 0) {
            continue;
        }
        SCOPED_TRACE(level.name);
        allow(level.allowed);
        body();
    }
    allow(0);
}

}  // namespace mho

#endif  // MHO_UTIL_SIMD_TEST_SUPPORT_H
