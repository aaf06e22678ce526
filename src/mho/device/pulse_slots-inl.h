// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Where a row fires in a sample, and rows that fire in one slot. Included once per target.

#if defined(MHO_DEVICE_PULSE_SLOTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_DEVICE_PULSE_SLOTS_INL_H
#undef MHO_DEVICE_PULSE_SLOTS_INL_H
#else
#define MHO_DEVICE_PULSE_SLOTS_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <bit>

#include "mho/device/pulse_counts-inl.h"
#include "mho/device/pulse_normals-inl.h"
#include "mho/device/pulse_row.h"
#include "mho/device/pulse_scratch.h"
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
    const uint32_t* blocks = nullptr;  // of a short train: ColumnBlocks
};

static_assert(ColumnBlocks::kColumns == kVirtualLanes && kVirtualLanes == 16);

// All registers of a sample, one after the other.
class AllRegisters {
  public:
    HWY_INLINE AllRegisters(const SampleCounts& sample, const RowBits&, size_t, PulseScratch&)
        : next_(sample.first), last_(sample.last) {}
    // Whether there is one more, which begins at cell `i`.
    HWY_INLINE bool next(size_t& i) {
        i = next_;
        next_ += kPulseLanes;
        return i < last_;
    }

  private:
    size_t next_;
    size_t last_;
};

// Those of the blocks of columns that share a slot with the row, of short trains.
class FiringRegisters {
  public:
    HWY_INLINE FiringRegisters(const SampleCounts& sample,
                               const RowBits& row,
                               size_t cells,
                               PulseScratch& scratch) {
        const PulseI di;
        const PulseU du;
        const size_t blocks = cells / kVirtualLanes;
        constexpr size_t kParts = kVirtualLanes / kPulseLanes;  // registers of a block
        scratch.registers.resize(
            std::max(scratch.registers.size(), kParts * blocks + kVirtualLanes));
        int32_t* to = scratch.registers.data();
        next_ = to;
        for (size_t block = 0; block < blocks; block += kPulseLanes) {
            const VU shared =
                hn::And(hn::LoadU(du, sample.blocks + block), hn::Set(du, row.bits[0]));
            const MF fires = hn::RebindMask(PulseF(), hn::Ne(shared, hn::Zero(du)));
            if constexpr (kParts == 1) {
                const VI first = hn::ShiftLeft<4>(iota_from(di, static_cast<int32_t>(block)));
                const Packing packed(fires);
                hn::StoreU(packed(first), di, to);
                to += packed.count();
            } else {
                for (uint32_t left = bits_of(fires); left != 0; left &= left - 1) {
                    const size_t at = block + static_cast<size_t>(std::countr_zero(left));
                    for (size_t part = 0; part < kParts; part++) {
                        *to++ = static_cast<int32_t>(at * kVirtualLanes + part * kPulseLanes);
                    }
                }
            }
        }
        end_ = to;
    }
    HWY_INLINE bool next(size_t& i) {
        if (next_ == end_) {
            return false;
        }
        i = static_cast<size_t>(*next_++);
        return true;
    }

  private:
    const int32_t* next_;
    const int32_t* end_;
};

// The visible weights of one register of cells that fired; returns the numbers of the noise.
HWY_INLINE VF
write_visible(const CellArrays& c, size_t i, MF fires, VF weight, float noise, NormalSource& from) {
    const PulseF d;
    const VF numbers = from.take(fires);
    const VF seen = hn::MulAdd(hn::Set(d, noise), numbers, weight);
    store_where(seen, fires, hn::LoadU(d, c.visible + i), c.visible + i);
    return numbers;
}

// A row that fires in one slot only, a bit of one of its words. No cell has more than one pulse;
// short trains are mostly of this kind. `write_noise`: of visible weights, or nullptr.
template <StepKind K, class Registers>
MHO_PULSE_INLINE void single_slot(const StepForm& f,
                                  const PulseRow& row,
                                  const SampleCounts& sample,
                                  const RowBits& bits,
                                  NormalSource& normals,
                                  NormalSource* write_noise,
                                  PulseScratch& scratch,
                                  PulseActivity& activity) {
    const PulseF d;
    const PulseU du;
    const CellArrays c = row.cells;  // a copy: stores to cells cannot change it
    size_t word = 0;
    while (bits.bits[word * bits.stride] == 0) {
        word++;
    }
    const uint32_t* of_columns = sample.col_bits + word * row.col_word_stride;
    const VU slot = hn::Set(du, bits.bits[word * bits.stride]);
    const VU line_negative = hn::Set(du, bits.negative);
    const VF sign_bit = hn::Set(d, -0.0f);
    size_t fired = 0;
    Registers registers(sample, bits, row.cell_count, scratch);
    for (size_t i = 0; registers.next(i);) {
        const MF fires = hn::RebindMask(d, hn::TestBit(hn::LoadU(du, of_columns + i), slot));
        fired += static_cast<size_t>(std::popcount(bits_of(fires)));
        const VU differ = hn::Xor(hn::LoadU(du, sample.col_negative + i), line_negative);
        const VF sign = hn::And(hn::BitCast(d, differ), sign_bit);
        const Cell cell = load_cell<K>(c, i, rising_lanes(sign), sign);
        const VF weight = hn::LoadU(d, c.weight + i);
        const VF reference = c.reference != nullptr ? hn::LoadU(d, c.reference + i) : hn::Zero(d);
        VF u = hn::Add(weight, reference);
        const Pulse p = one_pulse<K>(f, cell, u);
        u = moved(cell, u, p.mean, p.noise, normals.take(fires));
        const VF to = hn::Sub(u, reference);
        store_where(to, fires, weight, c.weight + i);
        if (write_noise != nullptr) {
            write_visible(c, i, fires, to, f.write_noise, *write_noise);
        }
    }
    activity.sample_cells += fired;
    activity.pulses += fired;
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
