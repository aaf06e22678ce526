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
            const auto lane = static_cast<uint32_t>(block * kVirtualLanes + p * kLanes);
            s0[p] = iota_from(d, lane);
            s1[p] = hn::Set(d, stream);
            s2[p] = hn::Set(d, static_cast<uint32_t>(step));
            s3[p] = hn::Set(d, static_cast<uint32_t>(step >> 32));
        }
        RandomU k0 = hn::Set(d, static_cast<uint32_t>(key));
        RandomU k1 = hn::Set(d, static_cast<uint32_t>(key >> 32));
        // Rounds outside: the chains of all parts run side by side.
        for (int round = 0; round < kPhiloxRounds; round++) {
            for (size_t p = 0; p < kParts; p++) {
                RandomU high0, low0, high1, low1;
                multiply_wide(s0[p], kPhiloxM0, high0, low0);
                multiply_wide(s2[p], kPhiloxM1, high1, low1);
                s0[p] = hn::Xor(hn::Xor(high1, s1[p]), k0);
                s1[p] = low1;
                s2[p] = hn::Xor(hn::Xor(high0, s3[p]), k1);
                s3[p] = low0;
            }
            k0 = hn::Add(k0, hn::Set(d, kPhiloxW0));
            k1 = hn::Add(k1, hn::Set(d, kPhiloxW1));
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

// u 2^31 = whole + 1/2 of 31 bits: u lies in [2^-32, 1], so the radius ends at sqrt(64 ln 2)
// = 6.66. 31 bits convert to float alike on all targets.
HWY_INLINE hn::Vec<RandomF32> scaled_uniform(RandomU word) {
    const RandomF32 d;
    const hn::RebindToSigned<RandomF32> di;
    const auto whole = hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<1>(word)));
    return hn::Add(whole, hn::Set(d, 0.5f));
}

// The next kCount standard normal numbers of a generator, a multiple of 32: by Box-Muller on pairs
// of rounds of 16 lanes. A call for 512 is sixteen for 32.
//
// Step by step: the registers hold the constants of one step, and the short chains of several pairs
// fit beside each other into the scheduler of a core (one chain through all steps is some 95 cycles
// long). How many stand side by side was measured. put(i, v) takes the numbers from i on.
template <size_t kCount, class Put>
HWY_INLINE void normal_numbers(LaneGenerator& generator, Put&& put) {
    const RandomF32 d;
    const hn::RebindToSigned<RandomF32> di;
    using F = hn::Vec<RandomF32>;
    using I = hn::Vec<decltype(di)>;
    constexpr size_t kLanes = LaneGenerator::kLanes;
    constexpr size_t kParts = LaneGenerator::kParts;
    constexpr size_t kPairs = kCount / (2 * kLanes);
    constexpr size_t kLogs = kPairs % 4 == 0 ? 4 : kPairs % 2 == 0 ? 2 : 1;
    constexpr size_t kAngles = kPairs % 2 == 0 ? 2 : 1;
    HWY_ALIGN float radius[kCount / 2];
    HWY_ALIGN int32_t angle[kCount / 2];
    for (size_t pair = 0; pair < kPairs; pair += kParts) {
        for (size_t p = 0; p < kParts; p++) {  // the index of a state must be a constant
            const size_t at = (pair + p) * kLanes;
            hn::Store(scaled_uniform(generator.next(p)), d, radius + at);
            hn::Store(hn::BitCast(di, generator.next(p)), di, angle + at);
        }
    }
    for (size_t pair = 0; pair < kPairs; pair += kLogs) {
        F square[kLogs];
        for (size_t n = 0; n < kLogs; n++) {
            square[n] = hn::Load(d, radius + (pair + n) * kLanes);
        }
        simd_log<-2, 31>(d, square);
        for (size_t n = 0; n < kLogs; n++) {
            hn::Store(square[n], d, radius + (pair + n) * kLanes);
        }
    }
    for (size_t pair = 0; pair < kPairs; pair += kAngles) {
        I turn[kAngles];
        F sine[kAngles], cosine[kAngles];
        for (size_t n = 0; n < kAngles; n++) {
            turn[n] = hn::Load(di, angle + (pair + n) * kLanes);
        }
        simd_sincos_turn(d, turn, sine, cosine);
        for (size_t n = 0; n < kAngles; n++) {
            const size_t at = pair + n;
            const size_t to = at / kParts * 2 * kVirtualLanes + at % kParts * kLanes;
            const F r = hn::Sqrt(hn::Load(d, radius + at * kLanes));
            put(to, hn::Mul(r, cosine[n]));
            put(to + kVirtualLanes, hn::Mul(r, sine[n]));
        }
    }
}

template <size_t kCount>
HWY_INLINE void store_normals(LaneGenerator& generator, float* HWY_RESTRICT out) {
    normal_numbers<kCount>(generator, [out](size_t i, hn::Vec<RandomF32> v) HWY_ATTR {
        hn::StoreU(v, RandomF32(), out + i);
    });
}

inline constexpr size_t kNormalChunk = 4 * kVirtualLanes;

HWY_INLINE void normal_block(
    uint64_t key, uint32_t stream, uint64_t step, uint32_t block, float* HWY_RESTRICT out) {
    LaneGenerator generator(key, stream, step, block);
    store_normals<kRandomBlock>(generator, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
