// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/pulse_bits.h"

#include <algorithm>
#include <optional>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/kernels/pulse_bits.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include "mho/random/block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void DrawPulseBits(TileKey key,
                   Stream stream,
                   uint64_t step,
                   const uint32_t* below,
                   const uint32_t* always,
                   size_t lines,
                   uint32_t length,
                   uint32_t* bits) {
    constexpr size_t kParts = LaneGenerator::kParts;
    constexpr size_t kLanes = LaneGenerator::kLanes;
    constexpr uint32_t kRounds = kRandomBlock / kVirtualLanes;
    const RandomU32 d;
    uint32_t block = 0;
    uint32_t left = 0;  // rounds of the block
    LaneGenerator generator(key.value, static_cast<uint32_t>(stream), step, block++);
    left = kRounds;
    for (size_t line = 0; line < lines; line += kVirtualLanes) {
        RandomU limit[kParts], sure[kParts];
        RandomU any = hn::Zero(d);
        for (size_t p = 0; p < kParts; p++) {
            limit[p] = hn::LoadU(d, below + line + p * kLanes);
            sure[p] = hn::LoadU(d, always + line + p * kLanes);
            any = hn::Or(any, limit[p]);
        }
        const bool draws = !hn::AllTrue(d, hn::Eq(any, hn::Zero(d)));
        for (uint32_t first = 0; first < length; first += 32) {
            const uint32_t slots = HWY_MIN(length - first, 32u);
            const uint32_t all = slots == 32 ? ~0u : (1u << slots) - 1;
            RandomU word[kParts];
            for (size_t p = 0; p < kParts; p++) {
                word[p] = hn::And(sure[p], hn::Set(d, all));
            }
            for (uint32_t k = 0; draws && k < slots; k++) {
                if (left == 0) {
                    generator =
                        LaneGenerator(key.value, static_cast<uint32_t>(stream), step, block++);
                    left = kRounds;
                }
                left--;
                const RandomU bit = hn::Set(d, 1u << k);
                for (size_t p = 0; p < kParts; p++) {
                    const auto fires = hn::Lt(generator.next(p), limit[p]);
                    word[p] = hn::Or(word[p], hn::IfThenElseZero(fires, bit));
                }
            }
            for (size_t p = 0; p < kParts; p++) {
                hn::StoreU(word[p], d, bits + first / 32 * lines + line + p * kLanes);
            }
        }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mho {

HWY_EXPORT(DrawPulseBits);

void draw_pulse_bits(TileKey key,
                     Stream stream,
                     uint64_t step,
                     std::span<const uint32_t> below,
                     std::span<const uint32_t> always,
                     uint32_t length,
                     std::span<uint32_t> bits) {
    HWY_DYNAMIC_DISPATCH(DrawPulseBits)
    (key, stream, step, below.data(), always.data(), below.size(), length, bits.data());
}

namespace twin {

void draw_pulse_bits(TileKey key,
                     Stream stream,
                     uint64_t step,
                     std::span<const uint32_t> below,
                     std::span<const uint32_t> always,
                     uint32_t length,
                     std::span<uint32_t> bits) {
    const size_t lines = below.size();
    std::fill(bits.begin(), bits.end(), 0u);
    uint64_t round = 0;
    std::vector<uint32_t> words(kVirtualLanes);
    for (size_t group = 0; group < lines; group += kVirtualLanes) {
        const bool draws = std::any_of(below.begin() + static_cast<std::ptrdiff_t>(group),
                                       below.begin() + static_cast<std::ptrdiff_t>(group + 16),
                                       [](uint32_t t) { return t != 0; });
        for (uint32_t k = 0; draws && k < length; k++) {
            twin::fill_words(key, stream, step, round * kVirtualLanes, words);
            round++;
            for (size_t lane = 0; lane < kVirtualLanes; lane++) {
                const size_t line = group + lane;
                if (words[lane] < below[line] || always[line] != 0) {
                    bits[k / 32 * lines + line] |= 1u << (k % 32);
                }
            }
        }
    }
}

}  // namespace twin
}  // namespace mho
#endif
