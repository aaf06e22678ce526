// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// How many pulses reach the cells of a row in one sample, and in which direction. Included once per
// target.

#if defined(MHO_DEVICE_PULSE_COUNTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_DEVICE_PULSE_COUNTS_INL_H
#undef MHO_DEVICE_PULSE_COUNTS_INL_H
#else
#define MHO_DEVICE_PULSE_COUNTS_INL_H
#endif

#include <hwy/highway.h>

#include "mho/device/pulse_normals-inl.h"
#include "mho/device/pulse_row.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr uint32_t kSignBit = 0x80000000u;

// Coincidences of one register of columns with a row in one sample; `sign` is the sign bit where
// they lead down.
struct RowBits {
    const uint32_t* bits;
    size_t stride;  // between words
    size_t words;
    uint32_t negative;
};

HWY_INLINE VI count_trains(const RowBits& line,
                           const uint32_t* bits,
                           size_t word_stride,
                           const uint32_t* negative,
                           VF& sign) {
    const PulseU du;
    VU n = count_bits(hn::And(hn::LoadU(du, bits), hn::Set(du, line.bits[0])));
    for (size_t w = 1; w < line.words; w++) {
        const VU both =
            hn::And(hn::LoadU(du, bits + w * word_stride), hn::Set(du, line.bits[w * line.stride]));
        n = hn::Add(n, count_bits(both));
    }
    const VU differ = hn::Xor(hn::LoadU(du, negative), hn::Set(du, line.negative));
    sign = hn::And(hn::BitCast(PulseF(), differ), hn::Set(PulseF(), -0.0f));
    return hn::BitCast(PulseI(), n);
}

// The slots of one sample in planes of a batch: a few neighbouring words.
struct SlotRange {
    size_t first_word = 0;
    size_t words = 0;
    uint32_t first_mask = ~0u;
    uint32_t last_mask = ~0u;

    HWY_INLINE uint32_t mask(size_t w) const {
        return (w == 0 ? first_mask : ~0u) & (w + 1 == words ? last_mask : ~0u);
    }
};

HWY_INLINE SlotRange slot_range(const PulseJob& job, size_t s) {
    SlotRange r;
    const uint64_t begin = job.slot_begin[s];
    const uint64_t end = begin + job.trains->length[s];
    r.first_word = begin / 32;
    r.words = (end + 31) / 32 - r.first_word;
    r.first_mask = ~0u << (begin % 32);
    r.last_mask = end % 32 == 0 ? ~0u : (1u << (end % 32)) - 1;
    return r;
}

HWY_INLINE VI count_slots(const SlotRange& r, const PulseRow& row, size_t i, VF& sign) {
    const PulseU du;
    VU n = hn::Zero(du);
    VU rising = hn::Zero(du);
    for (size_t w = 0; w < r.words; w++) {
        const size_t at = (r.first_word - row.first_word + w) * row.cell_count + i;
        const VU mask = hn::Set(du, r.mask(w));
        n = hn::Add(n, count_bits(hn::And(hn::LoadU(du, row.coincidences + at), mask)));
        rising = hn::Or(rising, hn::And(hn::LoadU(du, row.rising + at), mask));
    }
    const auto rises = hn::Ne(rising, hn::Zero(du));
    sign = hn::BitCast(PulseF(), hn::IfThenZeroElse(rises, hn::Set(du, kSignBit)));
    return hn::BitCast(PulseI(), n);
}

// The lanes whose pulses lead up.
HWY_INLINE MF rising_lanes(VF sign) {
    const PulseI di;
    return hn::RebindMask(PulseF(), hn::Eq(hn::BitCast(di, sign), hn::Zero(di)));
}

HWY_INLINE VI routed(PulseRouting routing, VI count, VF& sign) {
    const auto rises = hn::RebindMask(PulseI(), rising_lanes(sign));
    sign = hn::Zero(PulseF());
    return routing == PulseRouting::kUpOnly ? hn::IfThenElseZero(rises, count)
                                            : hn::IfThenZeroElse(rises, count);
}

HWY_INLINE void count_endurance(const CellArrays& c, size_t at, VI up, VI down) {
    const PulseI di;
    auto* ups = reinterpret_cast<int32_t*>(c.up_pulses + at);
    auto* downs = reinterpret_cast<int32_t*>(c.down_pulses + at);
    hn::StoreU(hn::Add(hn::LoadU(di, ups), up), di, ups);
    hn::StoreU(hn::Add(hn::LoadU(di, downs), down), di, downs);
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
