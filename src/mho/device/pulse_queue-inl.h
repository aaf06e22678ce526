// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Cells that take their pulses one by one. Included once per target.

#if defined(MHO_DEVICE_PULSE_QUEUE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_DEVICE_PULSE_QUEUE_INL_H
#undef MHO_DEVICE_PULSE_QUEUE_INL_H
#else
#define MHO_DEVICE_PULSE_QUEUE_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "mho/device/pulse_normals-inl.h"
#include "mho/device/pulse_row.h"
#include "mho/device/pulse_step-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The cells of a group of rows that take their pulses one by one, side by side.
struct Queue {
    float* field[10];  // u, low, high, step, shape, scale, mean, noise, sign, write noise
    int32_t* left;
    int32_t* index;  // place of the cell
    size_t size = 0;

    HWY_INLINE Queue(PulseScratch& scratch, size_t cells) {
        constexpr size_t kFields = 10;
        constexpr size_t kIntegers = 2;
        const size_t width = cells + kVirtualLanes;  // compressed stores write whole registers
        scratch.floats.resize(std::max(scratch.floats.size(), kFields * width));
        scratch.integers.resize(std::max(scratch.integers.size(), kIntegers * width));
        for (size_t i = 0; i < kFields; i++) {
            field[i] = scratch.floats.data() + i * width;
        }
        left = scratch.integers.data();
        index = left + width;
    }

    // Cells side by side from place `first` on; `written`: the numbers of their write noise.
    template <StepKind K>
    MHO_PULSE_INLINE void push(
        MF who, VI count, const Cell& c, VF u, const Pulse& p, VF written, size_t first) {
        const PulseF d;
        const PulseI di;
        const Packing packed(who);
        const auto put = [&](size_t i, VF v)
                             HWY_ATTR { hn::StoreU(packed(v), d, field[i] + size); };
        const auto put_integer = [&](int32_t* to, VI v)
                                     HWY_ATTR { hn::StoreU(packed(v), di, to + size); };
        put(0, u);
        put(1, c.low);
        put(2, c.high);
        put(3, c.step);
        if constexpr (kHasShape<K>) {
            put(4, c.shape);
        }
        if constexpr (kHasScale<K>) {
            put(5, c.scale);
        }
        put(6, p.mean);
        put(7, p.noise);
        put(8, c.sign);
        put(9, written);
        put_integer(left, count);
        put_integer(index, iota_from(di, static_cast<int32_t>(first)));
        size += packed.count();
    }

    // The next pulse of register `i`, where cells `who` have `n` left.
    template <StepKind K, bool kFrozen>
    MHO_PULSE_INLINE void advance(const StepForm& f, size_t i, MF who, VI n, VF normal) {
        const PulseF d;
        const PulseI di;
        Cell c;
        c.sign = hn::LoadU(d, field[8] + i);
        c.up = hn::RebindMask(d, hn::Eq(hn::BitCast(di, c.sign), hn::Zero(di)));
        c.low = hn::LoadU(d, field[1] + i);
        c.high = hn::LoadU(d, field[2] + i);
        c.step = hn::LoadU(d, field[3] + i);
        c.shape = kHasShape<K> ? hn::LoadU(d, field[4] + i) : hn::Zero(d);
        c.scale = kHasScale<K> ? hn::LoadU(d, field[5] + i) : hn::Zero(d);
        const VF u = hn::LoadU(d, field[0] + i);
        Pulse p;
        if constexpr (kFrozen || K == StepKind::kConstant) {
            p.mean = hn::LoadU(d, field[6] + i);
            p.noise = hn::LoadU(d, field[7] + i);
        } else {
            p = one_pulse<K>(f, c, u);
        }
        const VF to = moved(c, u, p.mean, p.noise, normal);
        hn::StoreU(hn::IfThenElse(who, to, u), d, field[0] + i);
        const auto waits = hn::RebindMask(di, who);
        hn::StoreU(hn::Sub(n, hn::IfThenElseZero(waits, hn::Set(di, 1))), di, left + i);
    }

    // The cells of the last register that are none.
    HWY_INLINE void end() {
        for (size_t i = size; i < size + kPulseLanes; i++) {
            left[i] = 0;
        }
    }

    // Pulse after pulse, a round over all cells at a time.
    template <StepKind K, bool kFrozen>
    MHO_PULSE_INLINE void run(const StepForm& f, NormalSource& normals) {
        const PulseF d;
        const PulseI di;
        end();
        bool more = size > 0;
        while (more) {
            more = false;
            for (size_t i = 0; i < size; i += kPulseLanes) {
                const VI n = hn::LoadU(di, left + i);
                const auto waits = hn::Gt(n, hn::Zero(di));
                if (hn::AllFalse(di, waits)) {
                    continue;
                }
                more = true;
                const MF who = hn::RebindMask(d, waits);
                advance<K, kFrozen>(f, i, who, n, normals.take(who));
            }
        }
    }

    // `c`: cells of which the first has place `first`.
    HWY_INLINE void put_back(const CellArrays& c, float write_noise, size_t first) const {
        for (size_t q = 0; q < size; q++) {
            const size_t i = static_cast<size_t>(index[q]) - first;
            c.weight[i] = field[0][q] - (c.reference != nullptr ? c.reference[i] : 0.0f);
            if (c.visible != nullptr) {
                c.visible[i] = std::fma(write_noise, field[9][q], c.weight[i]);
            }
        }
    }
};

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
