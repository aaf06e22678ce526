// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The batch level of constant steps and law `batch`: one normal number per cell and batch. Included
// once per target.

#if defined(MHO_DEVICE_PULSE_BATCH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef MHO_DEVICE_PULSE_BATCH_INL_H
#undef MHO_DEVICE_PULSE_BATCH_INL_H
#else
#define MHO_DEVICE_PULSE_BATCH_INL_H
#endif

#include <hwy/highway.h>

#include <array>
#include <bit>

#include "mho/device/pulse_normals-inl.h"
#include "mho/device/pulse_row.h"
#include "mho/device/pulse_samples-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Rows whose coincidences are counted together, so that the planes of the columns are read once for
// all of them.
constexpr size_t kCountRows = 4;
// Samples for which a cell near its bounds may take one number: long enough to save, short enough
// that few cells can reach a bound.
constexpr size_t kPartOfBatch = 8;

// Leaves the pulses of one direction, as ups, where the others go elsewhere.
HWY_INLINE void route(PulseRouting routing, VI& rising, VI& count) {
    if (routing != PulseRouting::kBoth) {
        rising = routing == PulseRouting::kUpOnly ? rising : hn::Sub(count, rising);
        count = rising;
    }
}

// Coincidences of a row with one register of columns, word by word. Every row is a variable of its
// own: GCC keeps arrays of registers in memory, where a sum waits for the store before it.
class CoincidenceSums {
  public:
    HWY_INLINE CoincidenceSums(const PulseJob& job, size_t line)
        : bits_(job.row_plane.data() + line * job.plane_words),
          signs_(job.row_sign_plane.data() + line * job.plane_words) {
        clear();
        up_ = all_ = hn::Zero(PulseU());
    }
    HWY_INLINE void add(VU col, VU sign, size_t word) {
        const PulseU du;
        const VU both = hn::And(col, hn::Set(du, bits_[word]));
        const VU row_sign = hn::Set(du, signs_[word]);
#if HWY_TARGET <= HWY_AVX3
        const VU rising{_mm512_ternarylogic_epi32(both.raw, sign.raw, row_sign.raw, 0x90)};
#else
        const VU rising = hn::AndNot(hn::Xor(sign, row_sign), both);
#endif
        part_all_ = BitCounts::add(part_all_, BitCounts::of(both));
        part_up_ = BitCounts::add(part_up_, BitCounts::of(rising));
    }
    // After at most BitCounts::kMostWords words.
    HWY_INLINE void end_part() {
        all_ = hn::Add(all_, BitCounts::lanes(part_all_));
        up_ = hn::Add(up_, BitCounts::lanes(part_up_));
        clear();
    }
    HWY_INLINE void store(PulseRouting routing, int32_t* up, int32_t* all) const {
        const PulseI di;
        VI rising = hn::BitCast(di, up_);
        VI count = hn::BitCast(di, all_);
        route(routing, rising, count);
        hn::StoreU(rising, di, up);
        hn::StoreU(count, di, all);
    }

  private:
    HWY_INLINE void clear() { part_up_ = part_all_ = hn::Zero(PulseU()); }

    const uint32_t* bits_;
    const uint32_t* signs_;
    VU part_up_, part_all_, up_, all_;
};

// Up counts and counts of all cells of rows [line, line + rows) over the whole batch, rows at most
// kCountRows: `up` and `all` are [kCountRows][stride].
HWY_INLINE void count_rows(
    const PulseJob& job, size_t line, size_t rows, int32_t* up, int32_t* all) {
    static_assert(kCountRows == 4);
    const PulseU du;
    const size_t words = job.plane_words;
    const size_t last = rows - 1;  // rows that are not there repeat it
    for (size_t cell = 0; cell < job.stride; cell += kPulseLanes) {
        const size_t offset = cell / kVirtualLanes * words * kVirtualLanes + cell % kVirtualLanes;
        const uint32_t* bits = job.col_plane.data() + offset;
        const uint32_t* signs = job.col_sign_plane.data() + offset;
        CoincidenceSums row0(job, line);
        CoincidenceSums row1(job, line + HWY_MIN(1, last));
        CoincidenceSums row2(job, line + HWY_MIN(2, last));
        CoincidenceSums row3(job, line + HWY_MIN(3, last));
        for (size_t begin = 0; begin < words; begin += BitCounts::kMostWords) {
            const size_t end = HWY_MIN(words, begin + BitCounts::kMostWords);
            for (size_t w = begin; w < end; w++) {
                const VU col = hn::LoadU(du, bits + w * kVirtualLanes);
                const VU sign = hn::LoadU(du, signs + w * kVirtualLanes);
                row0.add(col, sign, w);
                row1.add(col, sign, w);
                row2.add(col, sign, w);
                row3.add(col, sign, w);
            }
            row0.end_part();
            row1.end_part();
            row2.end_part();
            row3.end_part();
        }
        const PulseRouting routing = job.options.routing;
        row0.store(routing, up + cell, all + cell);
        row1.store(routing, up + job.stride + cell, all + job.stride + cell);
        row2.store(routing, up + 2 * job.stride + cell, all + 2 * job.stride + cell);
        row3.store(routing, up + 3 * job.stride + cell, all + 3 * job.stride + cell);
    }
}

// Normal numbers by cell, not by firing cell: sample 0 of the batch names them.
HWY_INLINE void batch_normals(
    const PulseJob& job, Stream stream, size_t line, size_t cell, float* normals) {
    const size_t block =
        line * ((job.stride + kRandomBlock - 1) / kRandomBlock) + cell / kRandomBlock;
    normal_block(job.batch_key,
                 static_cast<uint32_t>(stream),
                 job.step,
                 static_cast<uint32_t>(block),
                 normals);
}

// Gathers cells (places in `from`, padded with kNoCell) into tables of their own.
HWY_INLINE void gather_cells(const std::array<const float*, 5>& from,
                             std::span<const size_t> places,
                             float* tables) {
    const size_t width = places.size();
    for (size_t t = 0; t < from.size(); t++) {
        for (size_t i = 0; i < width; i++) {
            tables[t * width + i] = places[i] != kNoCell ? from[t][places[i]] : 0.0f;
        }
    }
}

HWY_INLINE PulseRow gathered_row(float* tables, uint32_t* counters, size_t width) {
    PulseRow row;
    row.cells.weight = tables;
    row.cells.min_bound = tables + width;
    row.cells.max_bound = tables + 2 * width;
    row.cells.step_up = tables + 3 * width;
    row.cells.step_down = tables + 4 * width;
    if (counters != nullptr) {
        row.cells.up_pulses = counters;
        row.cells.down_pulses = counters + width;
    }
    row.cell_count = width;
    return row;
}

// Puts back what gathered cells became.
HWY_INLINE void scatter_cells(const PulseRow& row,
                              std::span<const size_t> places,
                              float* weight,
                              uint32_t* up,
                              uint32_t* down) {
    for (size_t i = 0; i < places.size(); i++) {
        if (places[i] != kNoCell) {
            weight[places[i]] = row.cells.weight[i];
            if (up != nullptr) {
                up[places[i]] += row.cells.up_pulses[i];
                down[places[i]] += row.cells.down_pulses[i];
            }
        }
    }
}

// Constant steps: the change of a cell by its ups and downs, and whether no bound can be met.
struct ConstantJump {
    VF mean, noise;
    MF inside;
};

HWY_INLINE ConstantJump
constant_jump(float sigma, const CellArrays& c, size_t i, VF w, VI up, VI all) {
    const PulseF d;
    const VF s_up = hn::LoadU(d, c.step_up + i);
    const VF s_down = hn::LoadU(d, c.step_down + i);
    const VF rise = hn::Mul(hn::ConvertTo(d, up), s_up);
    const VF fall = hn::Mul(hn::ConvertTo(d, hn::Sub(all, up)), s_down);
    const VF square = hn::MulAdd(rise, s_up, hn::Mul(fall, s_down));
    ConstantJump j;
    j.mean = hn::Sub(rise, fall);
    j.noise = hn::Mul(hn::Set(d, sigma), hn::Sqrt(square));
    const VF reach = hn::Mul(j.noise, hn::Set(d, kJumpSigmas));
    j.inside = hn::And(hn::Le(hn::Add(hn::Add(w, rise), reach), hn::LoadU(d, c.max_bound + i)),
                       hn::Ge(hn::Sub(hn::Sub(w, fall), reach), hn::LoadU(d, c.min_bound + i)));
    return j;
}

// Gathered cells in samples [first, last): one number for all of them where no bound can be met;
// the others are gathered once more and go through their samples.
HWY_INLINE void pulse_part(const PulseJob& job,
                           const PulseRow& row,
                           size_t first,
                           size_t last,
                           size_t line,
                           NormalSource& normals,
                           PulseScratch& scratch,
                           PulseActivity& activity) {
    const PulseF d;
    const PulseI di;
    const PulseU du;
    const CellArrays& c = row.cells;
    SlotRange slots = slot_range(job, first);
    const SlotRange end = slot_range(job, last - 1);
    slots.words = end.first_word + end.words - slots.first_word;
    slots.last_mask = end.last_mask;
    const size_t begin = slots.first_word * row.cell_count;
    std::vector<size_t>& near = scratch.near;
    near.clear();
    for (size_t i = 0; i < row.cell_count; i += kPulseLanes) {
        VU all = hn::Zero(du);
        VU up = hn::Zero(du);
        for (size_t w = 0; w < slots.words; w++) {
            const size_t at = begin + w * row.cell_count + i;
            const VU mask = hn::Set(du, slots.mask(w));
            all = hn::Add(all, count_bits(hn::And(hn::LoadU(du, row.coincidences + at), mask)));
            up = hn::Add(up, count_bits(hn::And(hn::LoadU(du, row.rising + at), mask)));
        }
        VI count = hn::BitCast(di, all);
        VI rising = hn::BitCast(di, up);
        route(job.options.routing, rising, count);
        const MF fires = hn::RebindMask(d, hn::Gt(count, hn::Zero(di)));
        const VF w = hn::LoadU(d, c.weight + i);
        const ConstantJump j = constant_jump(job.form->noise_of_mean, c, i, w, rising, count);
        const MF jumps = hn::And(j.inside, fires);
        const VF to = hn::Add(w, hn::MulAdd(j.noise, normals.take(jumps), j.mean));
        store_where(to, jumps, w, c.weight + i);
        const auto counted = hn::RebindMask(di, jumps);
        count = hn::IfThenElseZero(counted, count);
        rising = hn::IfThenElseZero(counted, rising);
        if (c.up_pulses != nullptr) {
            count_endurance(c, i, rising, hn::Sub(count, rising));
        }
        activity.batch_cells += hn::CountTrue(d, jumps);
        activity.pulses += static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, count)));
        for (uint32_t others = bits_of(hn::AndNot(j.inside, fires)); others != 0;
             others &= others - 1) {
            near.push_back(i + static_cast<size_t>(std::countr_zero(others)));
        }
    }
    if (near.empty()) {
        return;
    }
    while (near.size() % kVirtualLanes != 0) {
        near.push_back(kNoCell);
    }
    const size_t width = near.size();
    scratch.near_tables.resize(5 * width);
    scratch.near_counters.assign(2 * width, 0);
    gather_cells({c.weight, c.min_bound, c.max_bound, c.step_up, c.step_down},
                 near,
                 scratch.near_tables.data());
    scratch.near_bits.resize(2 * slots.words * width);
    uint32_t* bits = scratch.near_bits.data();
    uint32_t* rising = bits + slots.words * width;
    for (size_t w = 0; w < slots.words; w++) {
        const size_t at = begin + w * row.cell_count;
        for (size_t i = 0; i < width; i++) {
            const bool real = near[i] != kNoCell;
            bits[w * width + i] = real ? row.coincidences[at + near[i]] : 0;
            rising[w * width + i] = real ? row.rising[at + near[i]] : 0;
        }
    }
    PulseRow single = gathered_row(scratch.near_tables.data(),
                                   c.up_pulses != nullptr ? scratch.near_counters.data() : nullptr,
                                   width);
    single.coincidences = bits;
    single.rising = rising;
    single.first_word = slots.first_word;
    PulseJob part = job;
    part.first = first;
    part.last = last;
    const std::span<const PulseRow> rows(&single, 1);
    if (plain_cells(job, single.cells)) {
        pulse_samples<StepKind::kConstant, false, false>(
            part, rows, line, &normals, scratch, activity);
    } else {
        pulse_samples<StepKind::kConstant, true, false>(
            part, rows, line, &normals, scratch, activity);
    }
    scatter_cells(single, near, c.weight, c.up_pulses, c.down_pulses);
}

// The cells that may meet a bound in the batch, of several rows side by side: enough of them at a
// time that their dependent steps overlap. A few samples at a time, most of them still move by one
// number. One sequence of numbers for all samples: the batch level depends on how samples are cut
// into batches anyway.
HWY_INLINE void pulse_rest(const PulseJob& job,
                           size_t first_row,
                           PulseScratch& scratch,
                           PulseActivity& activity) {
    const PulseI di;
    const PulseU du;
    const CellArrays& c = job.cells;
    const std::vector<size_t>& rest = scratch.rest;  // each row padded to a multiple of 16
    const size_t width = rest.size();
    scratch.tables.resize(5 * width);
    scratch.counters.assign(2 * width, 0);
    gather_cells(
        {c.weight, c.min_bound, c.max_bound, c.step_up, c.step_down}, rest, scratch.tables.data());
    const size_t words = job.plane_words;
    scratch.bits.resize(std::max(scratch.bits.size(), words * width));
    scratch.negative.resize(std::max(scratch.negative.size(), words * width));
    const auto* bits = reinterpret_cast<const int32_t*>(job.col_plane.data());
    const auto* signs = reinterpret_cast<const int32_t*>(job.col_sign_plane.data());
    for (size_t i = 0; i < width; i += kPulseLanes) {
        HWY_ALIGN int32_t place[kPulseLanes];
        size_t cells = 0;
        for (size_t k = 0; k < kPulseLanes; k++) {
            const size_t cell = rest[i + k] != kNoCell ? rest[i + k] % job.stride : 0;
            cells += rest[i + k] != kNoCell ? 1 : 0;
            place[k] = static_cast<int32_t>(cell / kVirtualLanes * words * kVirtualLanes +
                                            cell % kVirtualLanes);
        }
        const VI index = hn::Load(di, place);
        const auto real = hn::FirstN(di, cells);
        const size_t line = (cells > 0 ? rest[i] : 0) / job.stride;
        const uint32_t* row_bits = job.row_plane.data() + line * words;
        const uint32_t* row_signs = job.row_sign_plane.data() + line * words;
        for (size_t w = 0; w < words; w++) {
            const VI col =
                hn::IfThenElseZero(real, hn::GatherIndex(di, bits + w * kVirtualLanes, index));
            const VI sign = hn::GatherIndex(di, signs + w * kVirtualLanes, index);
            const VU both = hn::And(hn::BitCast(du, col), hn::Set(du, row_bits[w]));
            const VU differ = hn::Xor(hn::BitCast(du, sign), hn::Set(du, row_signs[w]));
            hn::StoreU(both, du, scratch.bits.data() + w * width + i);
            hn::StoreU(hn::AndNot(differ, both), du, scratch.negative.data() + w * width + i);
        }
    }
    PulseRow row = gathered_row(
        scratch.tables.data(), c.up_pulses != nullptr ? scratch.counters.data() : nullptr, width);
    row.coincidences = scratch.bits.data();
    row.rising = scratch.negative.data();
    NormalSource normals(job.batch_key,
                         Stream::kPulseNoise,
                         job.step,
                         static_cast<uint32_t>(first_row) * job.blocks_per_row);
    const auto has_slots = [&](size_t s) {
        return job.trains->length[s] != 0 && (job.options.only.empty() || job.options.only[s] != 0);
    };
    for (size_t first = job.first; first < job.last;) {
        size_t last = std::min(first + kPartOfBatch, job.last);
        const size_t next = last;
        while (first < last && !has_slots(first)) {
            first++;
        }
        while (last > first && !has_slots(last - 1)) {
            last--;
        }
        if (first < last) {
            pulse_part(job, row, first, last, first_row, normals, scratch, activity);
        }
        first = next;
    }
    activity.normals += normals.taken();
    scatter_cells(row, rest, c.weight, c.up_pulses, c.down_pulses);
}

// Constant steps: one normal number per cell and batch where no bound can be met; the other cells
// are noted in scratch.rest.
HWY_INLINE void constant_batch_row(const PulseJob& job,
                                   size_t line,
                                   const int32_t* up_counts,
                                   const int32_t* counts,
                                   PulseScratch& scratch,
                                   PulseActivity& activity) {
    const PulseF d;
    const PulseI di;
    const StepForm& f = *job.form;
    const CellArrays c = job.cells.from(line * job.stride);
    HWY_ALIGN float normals[kRandomBlock];
    VI pulses = hn::Zero(di);
    for (size_t cell = 0; cell < job.stride; cell += kPulseLanes) {
        if (cell % kRandomBlock == 0) {
            batch_normals(job, Stream::kPulseBatch, line, cell, normals);
        }
        const VI up = hn::LoadU(di, up_counts + cell);
        const VI all = hn::LoadU(di, counts + cell);
        const VF w = hn::LoadU(d, c.weight + cell);
        const ConstantJump j = constant_jump(f.noise_of_mean, c, cell, w, up, all);
        const MF fires = hn::RebindMask(d, hn::Gt(all, hn::Zero(di)));
        const MF jumps = hn::And(j.inside, fires);
        const VF normal = hn::LoadU(d, normals + cell % kRandomBlock);
        const VF to = hn::Add(w, hn::MulAdd(j.noise, normal, j.mean));
        hn::StoreU(hn::IfThenElse(jumps, to, w), d, c.weight + cell);
        const auto counted = hn::RebindMask(di, jumps);
        const VI all_counted = hn::IfThenElseZero(counted, all);
        pulses = hn::Add(pulses, all_counted);
        if (c.up_pulses != nullptr) {
            const VI up_counted = hn::IfThenElseZero(counted, up);
            count_endurance(c, cell, up_counted, hn::Sub(all_counted, up_counted));
        }
        activity.batch_cells += hn::CountTrue(d, jumps);
        for (uint32_t others = bits_of(hn::AndNot(j.inside, fires)); others != 0;
             others &= others - 1) {
            scratch.rest.push_back(line * job.stride + cell +
                                   static_cast<size_t>(std::countr_zero(others)));
        }
    }
    activity.normals += job.stride;
    activity.pulses += static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, pulses)));
    while (scratch.rest.size() % kVirtualLanes != 0) {
        scratch.rest.push_back(kNoCell);
    }
}

// (1 + k)^n and 1 + (1 + k) + ... + (1 + k)^(n-1), by doubling.
HWY_INLINE void power_and_sum(VF k, VI n, VF& power, VF& sum) {
    const PulseF d;
    const PulseI di;
    power = hn::Set(d, 1.0f);
    sum = hn::Zero(d);
    VF p = hn::Add(k, hn::Set(d, 1.0f));
    VF g = hn::Set(d, 1.0f);
    while (!hn::AllTrue(di, hn::Eq(n, hn::Zero(di)))) {
        const MF odd = hn::RebindMask(d, hn::TestBit(n, hn::Set(di, 1)));
        sum = hn::IfThenElse(odd, hn::MulAdd(power, g, sum), sum);
        power = hn::IfThenElse(odd, hn::Mul(power, p), power);
        g = hn::MulAdd(g, p, g);
        p = hn::Mul(p, p);
        n = hn::ShiftRight<1>(n);
    }
}

// Law `batch`: all pulses of the batch as if up and down came in their average order.
template <StepKind K>
HWY_INLINE void batch_row(const PulseJob& job,
                          size_t line,
                          const int32_t* up_counts,
                          const int32_t* counts,
                          PulseActivity& activity) {
    const PulseF d;
    const PulseI di;
    const StepForm& f = *job.form;
    const CellArrays c = job.cells.from(line * job.stride);
    const VF of_mean = hn::Set(d, f.noise_of_mean);
    const VF of_step = hn::Set(d, f.noise_of_step);
    HWY_ALIGN float normals[kRandomBlock];
    HWY_ALIGN float write[kRandomBlock];
    VI pulses = hn::Zero(di);
    for (size_t cell = 0; cell < job.stride; cell += kPulseLanes) {
        if (cell % kRandomBlock == 0) {
            batch_normals(job, Stream::kPulseBatch, line, cell, normals);
            if (c.visible != nullptr) {
                batch_normals(job, Stream::kWriteNoise, line, cell, write);
            }
        }
        const VI up = hn::LoadU(di, up_counts + cell);
        const VI all = hn::LoadU(di, counts + cell);
        const MF fires = hn::RebindMask(d, hn::Gt(all, hn::Zero(di)));
        activity.batch_cells += hn::CountTrue(d, fires);
        pulses = hn::Add(pulses, all);
        if (c.up_pulses != nullptr) {
            count_endurance(c, cell, up, hn::Sub(all, up));
        }
        const VF n = hn::ConvertTo(d, hn::Max(all, hn::Set(di, 1)));
        const VF share = hn::Div(hn::ConvertTo(d, up), n);
        const VF other = hn::Sub(hn::Set(d, 1.0f), share);
        const VF s_up = hn::LoadU(d, c.step_up + cell);
        const VF s_down = hn::LoadU(d, c.step_down + cell);
        VF k_up = hn::Zero(d);
        VF k_down = hn::Zero(d);
        if constexpr (K == StepKind::kLinear) {
            k_up = hn::LoadU(d, c.shape_up + cell);
            k_down = hn::LoadU(d, c.shape_down + cell);
        }
        const VF old = hn::LoadU(d, c.weight + cell);
        const VF reference =
            c.reference != nullptr ? hn::LoadU(d, c.reference + cell) : hn::Zero(d);
        const VF u = hn::Add(old, reference);
        // Average map of one pulse: u' = u + k u + s.
        const VF k = hn::Sub(hn::Mul(share, k_up), hn::Mul(other, k_down));
        const VF s = hn::Sub(hn::Mul(share, s_up), hn::Mul(other, s_down));
        VF power = hn::Set(d, 1.0f);
        VF sum = hn::ConvertTo(d, all);
        if constexpr (K == StepKind::kLinear) {
            power_and_sum(k, all, power, sum);
        }
        const VF change = hn::Mul(hn::MulAdd(k, u, s), sum);
        // The noise of a pulse, at the middle of the way.
        const VF middle = hn::MulAdd(change, hn::Set(d, 0.5f), u);
        const VF up_mean = hn::MulAdd(k_up, middle, s_up);
        const VF down_mean = hn::MulAdd(k_down, middle, s_down);
        const VF up_noise = hn::MulAdd(of_mean, up_mean, hn::Mul(of_step, s_up));
        const VF down_noise = hn::MulAdd(of_mean, down_mean, hn::Mul(of_step, s_down));
        const VF variance = hn::MulAdd(
            hn::Mul(share, up_noise), up_noise, hn::Mul(hn::Mul(other, down_noise), down_noise));
        // sum of a^(2 i) = sum of a^i (a^n + 1) / (a + 1)
        const VF weight =
            hn::Div(hn::Mul(sum, hn::Add(power, hn::Set(d, 1.0f))), hn::Add(k, hn::Set(d, 2.0f)));
        const VF noise = hn::Sqrt(hn::Max(hn::Mul(variance, weight), hn::Zero(d)));
        const VF normal = hn::LoadU(d, normals + cell % kRandomBlock);
        VF to = hn::Add(u, hn::MulAdd(noise, normal, change));
        to = hn::Min(hn::Max(to, hn::LoadU(d, c.min_bound + cell)),
                     hn::LoadU(d, c.max_bound + cell));
        const VF w = hn::IfThenElse(fires, hn::Sub(to, reference), old);
        hn::StoreU(w, d, c.weight + cell);
        if (c.visible != nullptr) {
            const VF seen =
                hn::MulAdd(hn::Set(d, f.write_noise), hn::LoadU(d, write + cell % kRandomBlock), w);
            hn::StoreU(
                hn::IfThenElse(fires, seen, hn::LoadU(d, c.visible + cell)), d, c.visible + cell);
        }
    }
    activity.normals += job.stride * (c.visible != nullptr ? 2 : 1);
    activity.pulses += static_cast<uint64_t>(hn::GetLane(hn::SumOfLanes(di, pulses)));
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
