// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Rows of short trains: they fire in one or a few slots, and few cells of them. Included once per
// target.

#if defined(MHO_DEVICE_PULSE_SLOTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_DEVICE_PULSE_SLOTS_INL_H
#undef MHO_DEVICE_PULSE_SLOTS_INL_H
#else
#define MHO_DEVICE_PULSE_SLOTS_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <span>

#include "mho/device/pulse_counts-inl.h"
#include "mho/device/pulse_normals-inl.h"
#include "mho/device/pulse_queue-inl.h"
#include "mho/device/pulse_row.h"
#include "mho/device/pulse_step-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// What is fixed for a sample.
struct SampleCounts {
    const LineTrains* lines = nullptr;  // nullptr: not by the bits of lines
    SlotRange slots;                    // of gathered cells
    const uint32_t* col_bits = nullptr;
    const uint32_t* col_negative = nullptr;
    size_t first = 0;  // cells that can fire
    size_t last = 0;
    const SlotColumns* slots_of_columns = nullptr;  // of a short train
};

// A row that fires in one slot only, the bits `slot` of word `bits`: no cell has more than one
// pulse. Short trains are mostly of this kind. `fired_lanes`, if any: the cells that fired.
template <StepKind K>
MHO_PULSE_INLINE void single_slot(const StepForm& f,
                                  const CellArrays& row_cells,
                                  const SampleCounts& sample,
                                  const uint32_t* bits,
                                  uint32_t slot,
                                  uint32_t negative,
                                  uint16_t* fired_lanes,
                                  NormalSource& normals,
                                  PulseActivity& activity) {
    const PulseF d;
    const PulseU du;
    const CellArrays c = row_cells;  // a copy: stores to cells cannot change it
    const VU slots = hn::Set(du, slot);
    const VU line_negative = hn::Set(du, negative);
    const VF sign_bit = hn::Set(d, -0.0f);
    size_t fired = 0;
    for (size_t i = sample.first; i < sample.last; i += kPulseLanes) {
        const MF fires = hn::RebindMask(d, hn::TestBit(hn::LoadU(du, bits + i), slots));
        // No branch around registers without a firing cell: there are few, at random places.
        const uint32_t fire_bits = bits_of(fires);
        fired += static_cast<size_t>(std::popcount(fire_bits));
        if (fired_lanes != nullptr) {
            fired_lanes[i / kPulseLanes] = static_cast<uint16_t>(fire_bits);
        }
        const VU differ = hn::Xor(hn::LoadU(du, sample.col_negative + i), line_negative);
        const VF sign = hn::And(hn::BitCast(d, differ), sign_bit);
        const Cell cell = load_cell<K>(c, i, rising_lanes(sign), sign);
        const VF weight = hn::LoadU(d, c.weight + i);
        const VF reference = c.reference != nullptr ? hn::LoadU(d, c.reference + i) : hn::Zero(d);
        VF u = hn::Add(weight, reference);
        const Pulse p = one_pulse<K>(f, cell, u);
        u = moved(cell, u, p.mean, p.noise, normals.take(fires));
        store_where(hn::Sub(u, reference), fires, weight, c.weight + i);
    }
    activity.sample_cells += fired;
    activity.pulses += fired;
}

constexpr intptr_t kNear = intptr_t{1} << 30;  // numbers apart

// A list of one slot pays whenever there is one (SlotColumnLists); the columns of several slots
// must be found first, which takes AVX2 longer: they pay where a row is so many times longer.
// Measured.
constexpr size_t kRowPerGather = HWY_TARGET <= HWY_AVX3 ? 5 : 12;

// The columns of entries of a list; what is beside them is the sign of the column.
HWY_INLINE VI columns_of(VU entries) {
    return hn::BitCast(PulseI(), hn::AndNot(hn::Set(PulseU(), kSignBit), entries));
}

// Writes the lanes `who` to their places.
HWY_INLINE void scatter(VF v, float* to, VI at, MF who) {
#if HWY_TARGET <= HWY_AVX3
    _mm512_mask_i32scatter_ps(to, who.raw, at.raw, v.raw, 4);
#else
    const PulseF d;
    HWY_ALIGN float value[kPulseLanes];
    HWY_ALIGN int32_t place[kPulseLanes];
    hn::Store(v, d, value);
    hn::Store(at, PulseI(), place);
    for (uint32_t left = bits_of(who); left != 0; left &= left - 1) {
        const auto k = static_cast<size_t>(std::countr_zero(left));
        to[place[k]] = value[k];
    }
#endif
}

// The same where few columns fire, those of a list: their cells alone, sixteen at a time. The same
// cells take the same numbers. `counts`, of rows that fire in several slots: pulses of every cell.
template <StepKind K, bool kFrozen>
HWY_NOINLINE void listed_columns(const StepForm& f,
                                 const PulseRow& row,
                                 std::span<const int32_t> columns,
                                 const int32_t* counts,
                                 bool may_jump,
                                 CountTables tables,
                                 uint32_t negative,
                                 NormalSource& normals,
                                 Queue& queue,
                                 PulseActivity& activity) {
    const PulseF d;
    const PulseI di;
    const PulseU du;
    const CellArrays c = row.cells;  // a copy: stores to cells cannot change it
    const VU line_negative = hn::Set(du, negative);
    const VU sign_bit = hn::Set(du, kSignBit);
    VI pulses = hn::Zero(di);
    for (size_t k = 0; k < columns.size(); k += kPulseLanes) {
        const MF who = hn::FirstN(d, columns.size() - k);
        const VU entries = hn::BitCast(du, hn::LoadU(di, columns.data() + k));  // lists are padded
        const VI at = columns_of(entries);
        const VF sign = hn::BitCast(d, hn::And(hn::Xor(entries, line_negative), sign_bit));
        const auto gathered = [&](const float* from)
                                  HWY_ATTR { return hn::GatherIndex(d, from, at); };
        // One gather from the tables of both directions where they are near enough in memory.
        const auto chosen = [&](const float* for_up, const float* for_down, MF up) HWY_ATTR {
            const auto apart =
                (reinterpret_cast<intptr_t>(for_down) - reinterpret_cast<intptr_t>(for_up)) /
                static_cast<intptr_t>(sizeof(float));
            if (HWY_LIKELY(apart > -kNear && apart < kNear)) {
                const VI beyond = hn::Add(at, hn::Set(di, static_cast<int32_t>(apart)));
                const auto rises = hn::RebindMask(di, up);
                return hn::GatherIndex(d, for_up, hn::IfThenElse(rises, at, beyond));
            }
            return hn::IfThenElse(up, gathered(for_up), gathered(for_down));
        };
        Cell cell;
        cell.sign = sign;
        cell.up = rising_lanes(sign);
        cell.low = gathered(c.min_bound);
        cell.high = gathered(c.max_bound);
        cell.step = chosen(c.step_up, c.step_down, cell.up);
        cell.shape = hn::Zero(d);
        cell.scale = hn::Zero(d);
        if constexpr (kHasShape<K>) {
            cell.shape = chosen(c.shape_up, c.shape_down, cell.up);
        }
        if constexpr (kHasScale<K>) {
            cell.scale = chosen(c.scale_up, c.scale_down, cell.up);
        }
        turn<K>(cell);
        const VF reference = c.reference != nullptr ? gathered(c.reference) : hn::Zero(d);
        VF u = hn::Add(gathered(c.weight), reference);
        Pulse p = one_pulse<K>(f, cell, u);
        if (counts != nullptr) {
            const VI count = hn::LoadU(di, counts + k);  // 0 behind the list
            pulses = hn::Add(pulses, count);
            MF waits = hn::RebindMask(d, hn::Gt(count, hn::Set(di, 1)));
            const Pulse single = p;
            if (may_jump && !hn::AllFalse(d, waits)) {
                waits = jump<K, kFrozen>(f, false, tables, cell, u, count, waits, p);
            }
            u = moved(cell, u, p.mean, p.noise, normals.take(who));
            if (HWY_UNLIKELY(!hn::AllFalse(d, waits))) {
                queue.template push_at<K>(
                    waits,
                    hn::Sub(count, hn::Set(di, 1)),
                    cell,
                    u,
                    single,
                    hn::Add(at, hn::Set(di, static_cast<int32_t>(row.offset))));
            }
        } else {
            u = moved(cell, u, p.mean, p.noise, normals.take(who));
        }
        u = hn::Sub(u, reference);
        scatter(u, c.weight, at, who);
    }
    activity.sample_cells += columns.size();
    activity.pulses += counts != nullptr
                           ? static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, pulses)))
                           : columns.size();
}

// The columns that share a slot with the row, and how many they share: into `scratch.columns` and
// `scratch.counts`, both padded. Returns how many columns.
MHO_PULSE_INLINE size_t find_columns(const SampleCounts& sample,
                                     uint32_t slots,
                                     size_t cells,
                                     PulseScratch& scratch) {
    const PulseI di;
    const PulseU du;
    scratch.columns.resize(std::max(scratch.columns.size(), cells + 2 * kPulseLanes));
    scratch.counts.resize(std::max(scratch.counts.size(), cells + 2 * kPulseLanes));
    const VU of_row = hn::Set(du, slots);
    const VU sign_bit = hn::Set(du, kSignBit);
    size_t found = 0;
    for (size_t i = sample.first; i < sample.last; i += kPulseLanes) {
        const VU shared = hn::And(hn::LoadU(du, sample.col_bits + i), of_row);
        const Packing fires(hn::RebindMask(PulseF(), hn::Ne(shared, hn::Zero(du))));
        const VU negative = hn::And(hn::LoadU(du, sample.col_negative + i), sign_bit);
        const VU entry = hn::Or(negative, iota_from(du, static_cast<uint32_t>(i)));
        const VI counts = hn::BitCast(di, count_bits(shared));
        hn::StoreU(fires(hn::BitCast(di, entry)), di, scratch.columns.data() + found);
        hn::StoreU(fires(counts), di, scratch.counts.data() + found);
        found += fires.count();
    }
    // What a register reads behind the list are cells of the row that take no part.
    hn::StoreU(hn::Zero(di), di, scratch.columns.data() + found);
    hn::StoreU(hn::Zero(di), di, scratch.counts.data() + found);
    return found;
}

// Whether few columns fire in each slot of a row.
HWY_INLINE bool few_columns(const SlotColumns* slots, uint32_t bits, size_t cells) {
    for (; bits != 0; bits &= bits - 1) {
        const SlotColumns& slot = slots[std::countr_zero(bits)];
        if (!slot.listed || slot.count * kRowPerGather > cells) {
            return false;
        }
    }
    return true;
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
