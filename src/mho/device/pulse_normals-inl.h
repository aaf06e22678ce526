// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Lanes of the pulse kernels, and normal numbers handed out to those that need one. Included once
// per target.

#if defined(MHO_DEVICE_PULSE_NORMALS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_DEVICE_PULSE_NORMALS_INL_H
#undef MHO_DEVICE_PULSE_NORMALS_INL_H
#else
#define MHO_DEVICE_PULSE_NORMALS_INL_H
#endif

#include <hwy/highway.h>

#include <bit>
#include <new>

#include "mho/device/pulse_row.h"
#include "mho/random/block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using PulseF = hn::CappedTag<float, kVirtualLanes>;
using PulseI = hn::RebindToSigned<PulseF>;
using PulseU = hn::RebindToUnsigned<PulseF>;
using VF = hn::Vec<PulseF>;
using VI = hn::Vec<PulseI>;
using VU = hn::Vec<PulseU>;
using MF = hn::Mask<PulseF>;

constexpr size_t kPulseLanes = hn::MaxLanes(PulseF());

// Set bits that are added up before they are asked for lane by lane: by bytes on AVX2, where
// Highway's sum of the bytes of a lane takes six operations and constants that GCC makes anew in
// every loop.
struct BitCounts {
#if HWY_TARGET == HWY_AVX2
    static constexpr size_t kMostWords = 31;  // of 8 bits in a byte
    static HWY_INLINE VU of(VU v) {
        const __m256i nibbles = load(kNibbles);
        const __m256i table = load(kNibbleBits);
        const __m256i low = _mm256_and_si256(v.raw, nibbles);
        const __m256i high = _mm256_and_si256(_mm256_srli_epi16(v.raw, 4), nibbles);
        return VU{
            _mm256_add_epi8(_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high))};
    }
    static HWY_INLINE VU add(VU a, VU b) { return VU{_mm256_add_epi8(a.raw, b.raw)}; }
    static HWY_INLINE VU lanes(VU bytes) {
        const __m256i pairs = _mm256_maddubs_epi16(bytes.raw, load(kByteOnes));
        return VU{_mm256_madd_epi16(pairs, load(kWordOnes))};
    }

  private:
    static HWY_INLINE __m256i load(const PulseConstant& from) {
        return _mm256_load_si256(reinterpret_cast<const __m256i*>(from.data()));
    }
#else
    static constexpr size_t kMostWords = size_t{1} << 26;  // of 32 bits in a lane
    static HWY_INLINE VU of(VU v) { return hn::PopulationCount(v); }
    static HWY_INLINE VU add(VU a, VU b) { return hn::Add(a, b); }
    static HWY_INLINE VU lanes(VU sums) { return sums; }
#endif
};

// Set bits of every lane.
HWY_INLINE VU count_bits(VU v) {
    return BitCounts::lanes(BitCounts::of(v));
}

HWY_INLINE uint32_t bits_of(MF mask) {
#if HWY_TARGET <= HWY_AVX3
    return mask.raw;
#else
    return static_cast<uint32_t>(hn::detail::BitsFromMask(mask));
#endif
}

HWY_INLINE MF mask_of(uint32_t bits) {
#if HWY_TARGET <= HWY_AVX3
    return MF{static_cast<__mmask16>(bits)};
#else
    uint8_t bytes[8] = {static_cast<uint8_t>(bits), static_cast<uint8_t>(bits >> 8)};
    return hn::LoadMaskBits(PulseF(), bytes);
#endif
}

// Writes the lanes `who`; `old` is what is there. (A masked store takes an AMD core with AVX2 42
// operations.) Nobody else may write the other lanes meanwhile.
HWY_INLINE void store_where(VF v, MF who, VF old, float* to) {
#if HWY_TARGET <= HWY_AVX3
    (void)old;
    hn::BlendedStore(v, who, PulseF(), to);
#else
    hn::StoreU(hn::IfThenElse(who, v, old), PulseF(), to);
#endif
}

// Moves the lanes of a mask to the front; what is behind them is arbitrary. Highway's Compress of
// eight lanes has its table in the function, which GCC 12 copies to the stack, 2 kB at every call.
class Packing {
  public:
#if HWY_TARGET <= HWY_AVX3
    HWY_INLINE explicit Packing(MF who) : who_(who) {}
    HWY_INLINE VF operator()(VF v) const { return hn::Compress(v, who_); }
    HWY_INLINE VI operator()(VI v) const { return hn::Compress(v, hn::RebindMask(PulseI(), who_)); }
    HWY_INLINE size_t count() const { return hn::CountTrue(PulseF(), who_); }

  private:
    MF who_;
#else
    HWY_INLINE explicit Packing(MF who)
        : bits_(bits_of(who)), lanes_(hn::IndicesFromVec(PulseI(), lanes_of(bits_))) {}
    HWY_INLINE VF operator()(VF v) const {
        return hn::BitCast(PulseF(), (*this)(hn::BitCast(PulseI(), v)));
    }
    HWY_INLINE VI operator()(VI v) const { return hn::TableLookupLanes(v, lanes_); }
    HWY_INLINE size_t count() const { return static_cast<size_t>(std::popcount(bits_)); }

  private:
    static HWY_INLINE VI lanes_of(uint32_t bits) {
        const hn::CappedTag<uint8_t, 8> d8;
        return hn::PromoteTo(PulseI(), hn::LoadU(d8, kSetLane[bits].data()));
    }
    uint32_t bits_;
    decltype(hn::IndicesFromVec(PulseI(), hn::Zero(PulseI()))) lanes_;
#endif
};

// Normal numbers handed out one after the other, made when they are needed.
class NormalSource {
  public:
    // `few`: rather few numbers are taken.
    HWY_INLINE NormalSource(
        uint64_t key, Stream stream, uint64_t step, uint32_t first_block, bool few = false)
        : key_(key),
          step_(step),
          stream_(static_cast<uint32_t>(stream)),
          block_(first_block),
          few_(few) {}

    // The next numbers, one for each lane of the mask in lane order; other lanes are arbitrary.
    MHO_PULSE_INLINE VF take(MF mask) {
        const uint32_t bits = bits_of(mask);
        const auto wanted = static_cast<size_t>(std::popcount(bits));
        if (HWY_UNLIKELY(end_ - position_ < kVirtualLanes)) {
            refill();
        }
        const VF numbers = expand(mask, bits, buffer_ + position_);
        position_ += wanted;
        return numbers;
    }
    HWY_INLINE uint64_t taken() const { return made_ - (end_ - position_); }

  private:
    static HWY_INLINE VF expand(MF mask, uint32_t bits, const float* from) {
#if HWY_TARGET <= HWY_AVX3
        (void)bits;
        return VF{_mm512_maskz_expandloadu_ps(mask.raw, from)};
#else
        (void)mask;
        const hn::CappedTag<uint8_t, 8> d8;
        const auto index = hn::PromoteTo(PulseI(), hn::Load(d8, kLaneRank[bits].data()));
        return hn::TableLookupLanes(hn::LoadU(PulseF(), from), hn::IndicesFromVec(PulseF(), index));
#endif
    }

    HWY_NOINLINE void refill() {
        const RandomF32 d;
        const size_t rest = end_ - position_;  // below kVirtualLanes
        for (size_t i = 0; i < kVirtualLanes; i += hn::MaxLanes(d)) {
            hn::StoreU(hn::LoadU(d, buffer_ + position_ + i), d, buffer_ + i);
        }
        if (left_ == 0) {
            new (storage_) LaneGenerator(key_, stream_, step_, block_++);
            left_ = kRandomBlock;
        }
        LaneGenerator& generator = *std::launder(reinterpret_cast<LaneGenerator*>(storage_));
        const bool first_of_few = few_ && made_ == 0;
        const size_t more = first_of_few || left_ < kRefill ? kNormalChunk : kRefill;
        if (more == kNormalChunk) {
            store_normals<kNormalChunk>(generator, buffer_ + rest);
        } else {
            store_normals<kRefill>(generator, buffer_ + rest);
        }
        position_ = 0;
        end_ = rest + more;
        made_ += more;
        left_ -= more;
    }

    // Two chunks at once overlap: SoftBounds takes 7 % less. Keeping a chunk ahead of what is taken
    // was slower (3 %), four chunks no faster.
    static constexpr size_t kRefill = 2 * kNormalChunk;
    static_assert(kRandomBlock % kRefill == 0);
    // What is copied before a refill may reach past the end.
    HWY_ALIGN float buffer_[kRefill + 2 * kVirtualLanes];
    alignas(LaneGenerator) unsigned char storage_[sizeof(LaneGenerator)];
    size_t position_ = 0;
    size_t end_ = 0;
    size_t left_ = 0;  // of the block
    uint64_t made_ = 0;
    uint64_t key_;
    uint64_t step_;
    uint32_t stream_;
    uint32_t block_;
    bool few_;
};

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
