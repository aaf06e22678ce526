// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// One block of 512 random numbers; the law is written down in random/stream.h. Included once per
// target, also by kernels that draw their noise in place.

#if defined(MHO_RANDOM_BLOCK_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_RANDOM_BLOCK_INL_H
#undef MHO_RANDOM_BLOCK_INL_H
#else
#define MHO_RANDOM_BLOCK_INL_H
#endif

#include <hwy/highway.h>

#include "mho/random/philox.h"
#include "mho/random/stream.h"
#include "mho/util/simd.h"
#include "mho/util/simd_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using RandomU32 = hn::CappedTag<uint32_t, kVirtualLanes>;
using RandomF32 = hn::CappedTag<float, kVirtualLanes>;
using RandomU = hn::Vec<RandomU32>;

// High and low halves of the 32 x 32 bit products. Only even lanes can be multiplied to 64 bits.
HWY_INLINE void multiply_wide(RandomU a, uint32_t b, RandomU& high, RandomU& low) {
    const RandomU32 d;
    const hn::RepartitionToWide<RandomU32> d64;
    const RandomU vb = hn::Set(d, b);
    const auto even = hn::MulEven(a, vb);
    const auto odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(d64, a))), vb);
    high = hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even)));
    low = hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(odd)), hn::BitCast(d, even));
}

// The 16 virtual lanes of xoshiro128++ of one block.
struct LaneGenerator {
    static constexpr size_t kLanes = hn::MaxLanes(RandomU32());
    static constexpr size_t kParts = kVirtualLanes / kLanes;
    RandomU s0[kParts], s1[kParts], s2[kParts], s3[kParts];

    HWY_INLINE LaneGenerator(uint64_t key, uint32_t stream, uint64_t step, uint32_t block) {
        const RandomU32 d;
        for (size_t p = 0; p < kParts; p++) {
            RandomU c0 =
                hn::Iota(d, block * uint32_t{kVirtualLanes} + static_cast<uint32_t>(p * kLanes));
            RandomU c1 = hn::Set(d, stream);
            RandomU c2 = hn::Set(d, static_cast<uint32_t>(step));
            RandomU c3 = hn::Set(d, static_cast<uint32_t>(step >> 32));
            auto k0 = static_cast<uint32_t>(key);
            auto k1 = static_cast<uint32_t>(key >> 32);
            for (int round = 0; round < kPhiloxRounds; round++) {
                RandomU high0, low0, high1, low1;
                multiply_wide(c0, kPhiloxM0, high0, low0);
                multiply_wide(c2, kPhiloxM1, high1, low1);
                c0 = hn::Xor(hn::Xor(high1, c1), hn::Set(d, k0));
                c1 = low1;
                c2 = hn::Xor(hn::Xor(high0, c3), hn::Set(d, k1));
                c3 = low0;
                k0 += kPhiloxW0;
                k1 += kPhiloxW1;
            }
            s0[p] = c0;
            s1[p] = c1;
            s2[p] = c2;
            s3[p] = c3;
        }
    }

    // Next word of every lane of part p: xoshiro128++ (Blackman and Vigna 2021).
    HWY_INLINE RandomU next(size_t p) {
        const RandomU result = hn::Add(hn::RotateRight<25>(hn::Add(s0[p], s3[p])), s0[p]);
        const RandomU t = hn::ShiftLeft<9>(s1[p]);
        s2[p] = hn::Xor(s2[p], s0[p]);
        s3[p] = hn::Xor(s3[p], s1[p]);
        s1[p] = hn::Xor(s1[p], s2[p]);
        s0[p] = hn::Xor(s0[p], s3[p]);
        s2[p] = hn::Xor(s2[p], t);
        s3[p] = hn::RotateRight<21>(s3[p]);
        return result;
    }
};

HWY_INLINE void word_block(
    uint64_t key, uint32_t stream, uint64_t step, uint32_t block, uint32_t* HWY_RESTRICT out) {
    const RandomU32 d;
    LaneGenerator generator(key, stream, step, block);
    for (size_t i = 0; i < kRandomBlock; i += kVirtualLanes) {
        for (size_t p = 0; p < LaneGenerator::kParts; p++) {
            hn::StoreU(generator.next(p), d, out + i + p * LaneGenerator::kLanes);
        }
    }
}

HWY_INLINE void uniform_block(
    uint64_t key, uint32_t stream, uint64_t step, uint32_t block, float* HWY_RESTRICT out) {
    const RandomF32 d;
    const hn::RebindToSigned<RandomF32> di;
    LaneGenerator generator(key, stream, step, block);
    for (size_t i = 0; i < kRandomBlock; i += kVirtualLanes) {
        for (size_t p = 0; p < LaneGenerator::kParts; p++) {
            const auto top = hn::BitCast(di, hn::ShiftRight<8>(generator.next(p)));
            const auto u = hn::Mul(hn::ConvertTo(d, top), hn::Set(d, 0x1p-24f));
            hn::StoreU(u, d, out + i + p * LaneGenerator::kLanes);
        }
    }
}

// u = (whole + 1/2) 2^-31 of 31 bits lies in [2^-32, 1], so the radius ends at sqrt(64 ln 2)
// = 6.66. 31 bits convert to float alike on all targets. One fused operation rounds like the sum
// alone, for powers of two scale without rounding.
HWY_INLINE hn::Vec<RandomF32> radius_uniform(RandomU word) {
    const RandomF32 d;
    const hn::RebindToSigned<RandomF32> di;
    const auto whole = hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<1>(word)));
    return hn::MulAdd(whole, hn::Set(d, 0x1p-31f), hn::Set(d, 0x1p-32f));
}

// The next kCount standard normal numbers of a generator, a multiple of 64: by Box-Muller on pairs
// of rounds of 16 lanes. A call for 512 is eight for 64.
template <size_t kCount>
HWY_INLINE void normal_numbers(LaneGenerator& generator, float* HWY_RESTRICT out) {
    const RandomF32 d;
    const hn::RebindToSigned<RandomF32> di;
    constexpr size_t kLanes = LaneGenerator::kLanes;
    constexpr size_t kParts = LaneGenerator::kParts;
    const auto place = [&](size_t pair) {
        return out + pair / kParts * 2 * kVirtualLanes + pair % kParts * kLanes;
    };
    if constexpr (kParts == 1) {
        // Two pairs of rounds side by side.
        for (size_t pair = 0; pair < kCount / (2 * kLanes); pair += 2) {
            hn::Vec<RandomF32> radius[2], sine[2], cosine[2];
            hn::Vec<decltype(di)> angle[2];
            for (size_t n = 0; n < 2; n++) {
                radius[n] = radius_uniform(generator.next(0));
                angle[n] = hn::BitCast(di, generator.next(0));
            }
            simd_log(d, radius);
            for (size_t n = 0; n < 2; n++) {
                radius[n] = hn::Sqrt(hn::Mul(radius[n], hn::Set(d, -2.0f)));
            }
            simd_sincos_turn(d, angle, sine, cosine);
            for (size_t n = 0; n < 2; n++) {
                hn::StoreU(hn::Mul(radius[n], cosine[n]), d, place(pair + n));
                hn::StoreU(hn::Mul(radius[n], sine[n]), d, place(pair + n) + kVirtualLanes);
            }
        }
    } else {
        // Step by step: 16 registers hold the constants of one step, and the short chains of
        // several pairs fit beside each other into the scheduler of a core with AVX2 (measured: a
        // seventh faster for a block).
        HWY_ALIGN float radius[kCount / 2];
        HWY_ALIGN int32_t angle[kCount / 2];
        constexpr size_t kPairs = kCount / (2 * kLanes);
        for (size_t pair = 0; pair < kPairs; pair++) {
            const RandomU word = generator.next(pair % kParts);
            hn::Store(radius_uniform(word), d, radius + pair * kLanes);
            const RandomU turn = generator.next(pair % kParts);
            hn::Store(hn::BitCast(di, turn), di, angle + pair * kLanes);
        }
        for (size_t pair = 0; pair < kPairs; pair++) {
            const auto log = simd_log(d, hn::Load(d, radius + pair * kLanes));
            hn::Store(hn::Mul(log, hn::Set(d, -2.0f)), d, radius + pair * kLanes);
        }
        for (size_t pair = 0; pair < kPairs; pair++) {
            const hn::Vec<decltype(di)> turn[1] = {hn::Load(di, angle + pair * kLanes)};
            hn::Vec<RandomF32> sine[1], cosine[1];
            simd_sincos_turn(d, turn, sine, cosine);
            const auto r = hn::Sqrt(hn::Load(d, radius + pair * kLanes));
            hn::StoreU(hn::Mul(r, cosine[0]), d, place(pair));
            hn::StoreU(hn::Mul(r, sine[0]), d, place(pair) + kVirtualLanes);
        }
    }
}

inline constexpr size_t kNormalChunk = 4 * kVirtualLanes;

HWY_INLINE void normal_chunk(LaneGenerator& generator, float* HWY_RESTRICT out) {
    normal_numbers<kNormalChunk>(generator, out);
}

HWY_INLINE void normal_block(
    uint64_t key, uint32_t stream, uint64_t step, uint32_t block, float* HWY_RESTRICT out) {
    LaneGenerator generator(key, stream, step, block);
    normal_numbers<kRandomBlock>(generator, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
