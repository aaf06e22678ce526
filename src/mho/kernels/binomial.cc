// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/binomial.h"

#include <algorithm>
#include <array>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/kernels/binomial.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The probability of k + 1 is that of k times odds * ratios[k]. The rarer of the two outcomes is
// counted, so that q >= 1/2. `kN` registers go side by side: their chains of dependent operations
// overlap, and what stays below the uniform number of a lane decides that lane alone.
template <size_t kN, class D>
HWY_INLINE void draw(D d,
                     uint32_t trials,
                     const float* ratios,
                     const float* p,
                     const float* uniforms,
                     float* counts) {
    using V = hn::Vec<D>;
    const size_t lanes = hn::Lanes(d);
    const V one = hn::Set(d, 1.0f);
    const V all = hn::Set(d, static_cast<float>(trials));
    V odds[kN], chance[kN], below[kN], u[kN], n[kN];
    for (size_t k = 0; k < kN; k++) {
        const V fires = hn::Min(hn::LoadU(d, p + k * lanes), one);
        const V rare = hn::Min(fires, hn::Sub(one, fires));
        const V q = hn::Sub(one, rare);
        u[k] = hn::LoadU(d, uniforms + k * lanes);
        odds[k] = hn::Div(rare, q);
        n[k] = hn::Zero(d);
        V power = q;
        chance[k] = one;
        for (uint32_t bits = trials; bits != 0; bits >>= 1) {
            if ((bits & 1) != 0) {
                chance[k] = hn::Mul(chance[k], power);
            }
            power = hn::Mul(power, power);
        }
        below[k] = chance[k];
    }
    for (uint32_t t = 0; t < trials; t++) {
        auto more = hn::Ge(u[0], below[0]);
        n[0] = hn::Add(n[0], hn::IfThenElseZero(more, one));
        for (size_t k = 1; k < kN; k++) {
            const auto passed = hn::Ge(u[k], below[k]);
            n[k] = hn::Add(n[k], hn::IfThenElseZero(passed, one));
            more = hn::Or(more, passed);
        }
        if (hn::AllFalse(d, more)) {
            break;
        }
        const V ratio = hn::Set(d, ratios[t]);
        for (size_t k = 0; k < kN; k++) {
            chance[k] = hn::Mul(chance[k], hn::Mul(odds[k], ratio));
            below[k] = hn::Add(below[k], chance[k]);
        }
    }
    for (size_t k = 0; k < kN; k++) {
        const V fires = hn::Min(hn::LoadU(d, p + k * lanes), one);
        const auto swapped = hn::Gt(fires, hn::Sub(one, fires));
        hn::StoreU(hn::IfThenElse(swapped, hn::Sub(all, n[k]), n[k]), d, counts + k * lanes);
    }
}

void DrawBinomial(uint32_t trials,
                  const float* ratios,
                  size_t size,
                  const float* p,
                  const float* uniforms,
                  float* counts) {
    const hn::ScalableTag<float> d;
    constexpr size_t kSide = 4;
    const size_t lanes = hn::Lanes(d);
    size_t i = 0;
    for (; i + kSide * lanes <= size; i += kSide * lanes) {
        draw<kSide>(d, trials, ratios, p + i, uniforms + i, counts + i);
    }
    for (; i + lanes <= size; i += lanes) {
        draw<1>(d, trials, ratios, p + i, uniforms + i, counts + i);
    }
    for (; i < size; i++) {
        draw<1>(hn::CappedTag<float, 1>(), trials, ratios, p + i, uniforms + i, counts + i);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mho {

HWY_EXPORT(DrawBinomial);

namespace {

using Ratios = std::array<float, kMostBinomialTrials>;

// (trials - k) / (k + 1)
Ratios ratios_of(uint32_t trials) {
    Ratios ratios{};
    for (uint32_t k = 0; k < trials; k++) {
        ratios[k] = static_cast<float>(trials - k) / static_cast<float>(k + 1);
    }
    return ratios;
}

}  // namespace

void draw_binomial(uint32_t trials,
                   std::span<const float> p,
                   std::span<const float> uniforms,
                   std::span<float> counts) {
    const Ratios ratios = ratios_of(trials);
    HWY_DYNAMIC_DISPATCH(DrawBinomial)
    (trials, ratios.data(), counts.size(), p.data(), uniforms.data(), counts.data());
}

namespace twin {

void draw_binomial(uint32_t trials,
                   std::span<const float> p,
                   std::span<const float> uniforms,
                   std::span<float> counts) {
    const Ratios ratios = ratios_of(trials);
    for (size_t i = 0; i < counts.size(); i++) {
        const float fires = std::min(p[i], 1.0f);
        const float rare = std::min(fires, 1.0f - fires);
        const float q = 1.0f - rare;
        const float odds = rare / q;
        float power = q;
        float chance = 1.0f;
        for (uint32_t bits = trials; bits != 0; bits >>= 1) {
            chance = (bits & 1) != 0 ? chance * power : chance;
            power = power * power;
        }
        float below = chance;
        float n = 0;
        for (uint32_t t = 0; t < trials && uniforms[i] >= below; t++) {
            n += 1.0f;
            chance = chance * (odds * ratios[t]);
            below = below + chance;
        }
        counts[i] = fires > 1.0f - fires ? static_cast<float>(trials) - n : n;
    }
}

}  // namespace twin
}  // namespace mho
#endif
