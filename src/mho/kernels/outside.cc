// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/outside.h"

#include <bit>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/kernels/outside.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

size_t FindOutside(const float* HWY_RESTRICT x,
                   size_t n,
                   float range,
                   uint32_t* HWY_RESTRICT found) {
    const hn::ScalableTag<float> d;
    const auto limit = hn::Set(d, range);
    size_t count = 0;
    size_t i = 0;
    for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
        const auto outside = hn::Not(hn::Lt(hn::Abs(hn::LoadU(d, x + i)), limit));
        if (HWY_LIKELY(hn::AllFalse(d, outside))) {
            continue;
        }
        uint8_t bytes[8] = {};
        hn::StoreMaskBits(d, outside, bytes);
        for (uint32_t bits = bytes[0] | (uint32_t{bytes[1]} << 8); bits != 0; bits &= bits - 1) {
            found[count++] =
                static_cast<uint32_t>(i) + static_cast<uint32_t>(std::countr_zero(bits));
        }
    }
    for (; i < n; i++) {
        if (!(std::fabs(x[i]) < range)) {
            found[count++] = static_cast<uint32_t>(i);
        }
    }
    return count;
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mho {
HWY_EXPORT(FindOutside);

size_t find_outside(const float* x, size_t n, float range, uint32_t* found) {
    return HWY_DYNAMIC_DISPATCH(FindOutside)(x, n, range, found);
}

size_t twin::find_outside(const float* x, size_t n, float range, uint32_t* found) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(std::fabs(x[i]) < range)) {
            found[count++] = static_cast<uint32_t>(i);
        }
    }
    return count;
}

}  // namespace mho
#endif  // HWY_ONCE
