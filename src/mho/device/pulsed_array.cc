// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pulsed_array.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "mho/device/constants.h"
#include "mho/device/pulse_kernel.h"
#include "mho/device/pulse_lines.h"
#include "mho/util/error.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

constexpr size_t kMostCells = size_t{1} << 33;
constexpr size_t kMostLines = size_t{1} << 24;
// Rows of a task, multiples of the groups that share numbers. Totals of a batch leave few cells
// over that go on in parts of it: those of more rows side by side fill the registers.
constexpr size_t kRowsPerTask = kPulseRowGroup;
constexpr size_t kRowsPerShortTask = kShortRowGroup;
constexpr size_t kRowsPerBatchTask = 32;

// Bits of all samples end to end: the planes of pulse_kernel.h.
struct Planes {
    size_t words = 0;
    std::vector<uint32_t> col_bits;
    std::vector<uint32_t> col_signs;
    std::vector<uint32_t> row_bits;
    std::vector<uint32_t> row_signs;
    std::vector<uint64_t> slot_begin;
};

bool takes_part(const PulseJob& job, size_t sample) {
    return job.options.only.empty() || job.options.only[sample] != 0;
}

// `at(line, word)` is where the word of a line stands.
template <class At>
void fill_planes(const LineTrains& lines,
                 const PulseTrains& trains,
                 const PulseJob& job,
                 At&& at,
                 std::vector<uint32_t>& bits,
                 std::vector<uint32_t>& signs) {
    size_t slot = 0;
    for (size_t s = job.first; s < job.last; s++) {
        if (!takes_part(job, s)) {
            continue;
        }
        const uint32_t* negative = lines.negative.data() + s * lines.stride;
        uint32_t left = trains.length[s];
        for (size_t w = 0; left > 0; w++) {
            const uint32_t count = std::min(left, 32u);
            const uint32_t mask = count == 32 ? ~0u : (1u << count) - 1;
            const uint32_t* from = lines.sample_bits(s) + w * lines.stride;
            const size_t word = slot / 32;
            const auto shift = static_cast<uint32_t>(slot % 32);
            for (size_t line = 0; line < lines.lines; line++) {
                bits[at(line, word)] |= from[line] << shift;
                signs[at(line, word)] |= (negative[line] & mask) << shift;
            }
            if (shift + count > 32) {
                for (size_t line = 0; line < lines.lines; line++) {
                    bits[at(line, word + 1)] |= from[line] >> (32 - shift);
                    signs[at(line, word + 1)] |= (negative[line] & mask) >> (32 - shift);
                }
            }
            slot += count;
            left -= count;
        }
    }
}

Planes make_planes(const PulseJob& job) {
    const PulseTrains& trains = *job.trains;
    Planes p;
    uint64_t slots = 0;
    p.slot_begin.assign(trains.samples, 0);
    for (size_t s = job.first; s < job.last; s++) {
        p.slot_begin[s] = slots;
        slots += takes_part(job, s) ? trains.length[s] : 0;
    }
    p.words = (slots + 31) / 32;
    const size_t col_size = trains.col_lines.stride * p.words;
    const size_t row_size = trains.rows * p.words;
    p.col_bits.assign(col_size, 0);
    p.col_signs.assign(col_size, 0);
    p.row_bits.assign(row_size, 0);
    p.row_signs.assign(row_size, 0);
    // Columns: [group of 16][word][16]; rows: [row][word].
    fill_planes(
        trains.col_lines,
        trains,
        job,
        [&](size_t line, size_t word) { return (line / 16 * p.words + word) * 16 + line % 16; },
        p.col_bits,
        p.col_signs);
    fill_planes(
        trains.row_lines,
        trains,
        job,
        [&](size_t line, size_t word) { return line * p.words + word; },
        p.row_bits,
        p.row_signs);
    return p;
}

}  // namespace

void PulseActivity::add(const PulseActivity& other) {
    batch_cells += other.batch_cells;
    sample_cells += other.sample_cells;
    pulse_cells += other.pulse_cells;
    pulses += other.pulses;
    normals += other.normals;
}

PulsedArray::PulsedArray(const PulsedDevice& device, size_t rows, size_t cols, TileKey key)
    : rows_(rows), cols_(cols), key_(key) {
    require_valid(device);
    if (rows == 0 || cols == 0 || rows > kMostLines || cols > kMostLines ||
        rows > kMostCells / cols) {
        throw InputError(fmt::format(
            "a pulsed array needs 1 to {} rows and columns and at most {} cells, got {} x {}",
            kMostLines,
            kMostCells,
            rows,
            cols));
    }
    device_ = with_derived_parameters(device);
    tables_ = draw_cell_tables(device_, rows, cols, key);
    stride_ = tables_.stride;
    form_ = step_form(device_);
    form_.exponents_inside = exponents_inside(form_, tables_);
    granularity_ = mho::granularity(device_);
    weight_.assign(rows_ * stride_, 0.0f);
    if (form_.write_noise > 0) {
        hidden_ = weight_;
    }
    if (form_.kind == StepKind::kHidden) {
        hidden_state_ = weight_;
    }
    if (common_parameters(device_).pink_diffusion > 0) {
        traps_.assign(rows_ * stride_, 0);
    }
    clip_to_bounds();
}

double PulsedArray::number_of_states() const {
    const PulsedCell& c = common_parameters(device_);
    return (c.w_max - c.w_min) / granularity_;
}

void PulsedArray::require_shape(ConstFloatView m, const char* what) const {
    if (m.rows != rows_ || m.cols != cols_) {
        throw InputError(fmt::format("{} must be [{}, {}] like the array, got [{}, {}]",
                                     what,
                                     rows_,
                                     cols_,
                                     m.rows,
                                     m.cols));
    }
    require_finite(m, what);
}

void PulsedArray::clip_to_bounds() {
    StaggeredFloats& w = acting();
    for (size_t i = 0; i < w.size(); i++) {
        w[i] = std::min(std::max(w[i], tables_.min_bound[i]), tables_.max_bound[i]);
    }
    if (hidden_.empty()) {
        return;
    }
    weight_ = hidden_;
}

void PulsedArray::draw_write_noise(uint64_t step) {
    if (hidden_.empty()) {
        return;
    }
    std::vector<float> xi(cols_);
    for (size_t r = 0; r < rows_; r++) {
        fill_normal(key_, Stream::kWriteNoise, step, r * cols_, xi);
        for (size_t c = 0; c < cols_; c++) {
            const size_t i = r * stride_ + c;
            weight_[i] = hidden_[i] + form_.write_noise * xi[c];
        }
    }
}

void PulsedArray::set_weights(ConstFloatView weights, uint64_t step) {
    require_shape(weights, "weights");
    StaggeredFloats& w = acting();
    for (size_t r = 0; r < rows_; r++) {
        std::copy_n(weights.row(r), cols_, w.data() + r * stride_);
    }
    clip_to_bounds();
    const NoisyWriteCell* noisy = write_noise_of(device_);
    if (noisy != nullptr && noisy->write_noise_on_set) {
        draw_write_noise(step);
    }
}

void PulsedArray::set_weights_unclipped(ConstFloatView weights) {
    require_shape(weights, "weights");
    for (size_t r = 0; r < rows_; r++) {
        std::copy_n(weights.row(r), cols_, weight_.data() + r * stride_);
    }
    if (!hidden_.empty()) {
        hidden_ = weight_;
    }
}

void PulsedArray::require_application(const PulseTrains& trains,
                                      const PulseOptions& options) const {
    if (trains.rows != rows_ || trains.cols != cols_) {
        throw InputError(
            fmt::format("pulse trains for an array of {} x {} cells meet one of {} x {}",
                        trains.rows,
                        trains.cols,
                        rows_,
                        cols_));
    }
    if (!options.only.empty() && options.only.size() != trains.samples) {
        throw InputError(fmt::format("`only` must have one entry per sample ({}), got {}",
                                     trains.samples,
                                     options.only.size()));
    }
    if (options.first > trains.samples) {
        throw InputError(fmt::format(
            "the first sample ({}) lies beyond the trains ({})", options.first, trains.samples));
    }
    const size_t lines = options.tap_columns ? cols_ : rows_;
    size_t before = 0;
    for (const WeightTap& tap : options.taps) {
        if (tap.line >= lines || tap.after < before || options.tapped == nullptr) {
            throw InputError(fmt::format(
                "looks at weights need ascending times, lines below {} and memory for the result",
                lines));
        }
        before = tap.after;
    }
}

PulseActivity PulsedArray::apply(const PulseTrains& trains,
                                 uint64_t step,
                                 const PulseOptions& options) {
    require_application(trains, options);
    std::vector<uint64_t> keys(trains.samples);
    for (size_t s = 0; s < trains.samples; s++) {
        keys[s] = pulse_sample_key(key_, trains.first_sample + s);
    }
    PulseJob job;
    job.form = &form_;
    job.stride = stride_;
    job.trains = &trains;
    job.sample_keys = keys;
    job.step = step;
    job.first = options.first;
    job.last = options.first + std::min(options.count, trains.samples - options.first);
    job.options = options;
    job.blocks_per_row = static_cast<uint32_t>(kRandomBlocks / rows_);
    if (form_.kind == StepKind::kHidden || form_.kind == StepKind::kUser) {
        return apply_scalar(job);
    }
    const auto pointer = [](const CellTable& t) { return t.empty() ? nullptr : t.data(); };
    const bool power = form_.kind == StepKind::kPower;
    job.cells = {acting().data(),
                 hidden_.empty() ? nullptr : weight_.data(),
                 tables_.min_bound.data(),
                 tables_.max_bound.data(),
                 tables_.step_up.data(),
                 tables_.step_down.data(),
                 pointer(power ? tables_.gamma_up : tables_.slope_up),
                 pointer(power ? tables_.gamma_down : tables_.slope_down),
                 pointer(tables_.scale_up),
                 pointer(tables_.scale_down),
                 pointer(tables_.reference),
                 up_pulses_.empty() ? nullptr : up_pulses_.data(),
                 down_pulses_.empty() ? nullptr : down_pulses_.data()};
    if (writes_single_lines(job)) {
        return pulse_lines(job);
    }
    const bool sums = form_.kind == StepKind::kConstant || form_.kind == StepKind::kLinear;
    // A look in the middle needs the samples one by one.
    const bool whole_batch = trains.counting == PulseCounting::kTrains &&
                             job.last - job.first > 1 && options.taps.empty() &&
                             ((options.law == PulseLaw::kBatch && sums) ||
                              (options.law == PulseLaw::kSample &&
                               form_.kind == StepKind::kConstant && options.batch_level));
    if (options.scalar_twin) {
        twin::pulse_rows(job, 0, rows_);
        return {};
    }
    Planes planes;
    if (whole_batch) {
        planes = make_planes(job);
        if (planes.words == 0) {
            return {};
        }
        job.col_plane = planes.col_bits;
        job.col_sign_plane = planes.col_signs;
        job.row_plane = planes.row_bits;
        job.row_sign_plane = planes.row_signs;
        job.plane_words = planes.words;
        job.slot_begin = planes.slot_begin;
        job.batch_key = keys[job.first];
    }
    bool some_short = false;
    for (size_t s = job.first; s < job.last && !whole_batch; s++) {
        some_short = some_short || (trains.length[s] > 0 && is_short(trains, s));
    }
    std::optional<ColumnBlocks> blocks;
    if (some_short) {
        blocks.emplace(trains, job.first, job.last);
        job.column_blocks = &*blocks;
    }
    const size_t task_rows = whole_batch  ? kRowsPerBatchTask
                             : some_short ? kRowsPerShortTask
                                          : kRowsPerTask;
    const size_t tasks = (rows_ + task_rows - 1) / task_rows;
    const size_t threads = std::max<size_t>(std::min(options.threads, tasks), 1);
    std::vector<PulseActivity> activity(threads);
    scratch_.resize(std::max(scratch_.size(), threads));
    parallel_for(threads, tasks, [&](size_t task, size_t worker) {
        pulse_rows(job,
                   task * task_rows,
                   std::min(rows_, (task + 1) * task_rows),
                   scratch_[worker],
                   activity[worker]);
    });
    PulseActivity total;
    for (const PulseActivity& a : activity) {
        total.add(a);
    }
    return total;
}

// Device value after one pulse of a law that keeps a state or belongs to the user.
float PulsedArray::scalar_pulse(size_t i, float u, bool up, float normal) {
    const float low = tables_.min_bound[i];
    const float high = tables_.max_bound[i];
    const float step = up ? tables_.step_up[i] : tables_.step_down[i];
    if (form_.kind == StepKind::kUser) {
        const float to = form_.law->pulse(u, up, step, low, high, normal);
        return std::min(std::max(std::isfinite(to) ? to : u, low), high);
    }
    const float change = step * (1.0f + form_.noise_of_mean * normal);
    return std::min(std::max(up ? u + change : u - change, low), high);
}

void PulsedArray::scalar_sample(
    const PulseJob& job, size_t r, size_t s, ScalarScratch& scratch, PulseActivity& activity) {
    const size_t row_element = size_t{job.blocks_per_row} * kRandomBlock * r;
    const TileKey key{job.sample_keys[s]};
    scratch.counts.resize(cols_);
    count_row(*job.trains, s, r, key.value, job.step, scratch.counts);
    size_t pulses = 0;
    for (int32_t& n : scratch.counts) {
        if (job.options.routing != PulseRouting::kBoth) {
            n = std::max(job.options.routing == PulseRouting::kUpOnly ? n : -n, 0);
        }
        pulses += static_cast<size_t>(std::abs(n));
    }
    const bool hidden = form_.kind == StepKind::kHidden;
    scratch.normals.resize(pulses);
    fill_normal(key, Stream::kPulseNoise, job.step, row_element, scratch.normals);
    scratch.hidden_normals.resize(hidden ? pulses : 0);
    fill_normal(key, Stream::kWriteNoise, job.step, row_element, scratch.hidden_normals);
    size_t next = 0;
    for (size_t c = 0; c < cols_; c++) {
        const size_t i = r * stride_ + c;
        const bool up = scratch.counts[c] > 0;
        const auto n = static_cast<uint32_t>(std::abs(scratch.counts[c]));
        float& w = acting()[i];
        for (uint32_t k = 0; k < n; k++, next++) {
            if (hidden) {
                float& h = hidden_state_[i];
                const float table = up ? tables_.hidden_up[i] : tables_.hidden_down[i];
                const float move =
                    table * (1.0f + form_.hidden_noise * scratch.hidden_normals[next]);
                h += up ? move : -move;
                if (std::abs(h) <= 1.0f || (h > 0) != up) {
                    continue;
                }
                h = 0.0f;
            }
            w = scalar_pulse(i, w, up, scratch.normals[next]);
        }
        if (!up_pulses_.empty()) {
            (up ? up_pulses_ : down_pulses_)[i] += n;
        }
        activity.pulse_cells += n > 0 ? 1 : 0;
    }
    if (!hidden_.empty()) {
        scratch.normals.resize(cols_);
        fill_normal(key, Stream::kWriteNoise, job.step, row_element, scratch.normals);
        for (size_t c = 0; c < cols_; c++) {
            const size_t i = r * stride_ + c;
            if (scratch.counts[c] != 0) {
                weight_[i] = hidden_[i] + form_.write_noise * scratch.normals[c];
            }
        }
    }
    activity.pulses += pulses;
    activity.normals += hidden ? 2 * pulses : pulses;
}

PulseActivity PulsedArray::apply_scalar(const PulseJob& job) {
    PulseActivity activity;
    ScalarScratch scratch;
    const std::span<const WeightTap> taps = job.options.taps;
    size_t tap = 0;
    const auto look = [&](size_t done) {
        for (; tap < taps.size() && taps[tap].after <= done; tap++) {
            const size_t line = taps[tap].line;
            if (job.options.tap_columns) {
                for (size_t r = 0; r < rows_; r++) {
                    job.options.tapped[tap * rows_ + r] = weight_[r * stride_ + line];
                }
            } else {
                std::copy_n(
                    weight_.data() + line * stride_, cols_, job.options.tapped + tap * cols_);
            }
        }
    };
    for (size_t s = job.first; s < job.last; s++) {
        look(s - job.first);
        if (job.trains->length[s] == 0 || !takes_part(job, s)) {
            continue;
        }
        for (size_t r = 0; r < rows_; r++) {
            scalar_sample(job, r, s, scratch, activity);
        }
    }
    look(job.last - job.first);
    return activity;
}

void PulsedArray::pulse_all(bool up, uint64_t step) {
    PulseTrains trains;
    trains.samples = 1;
    trains.rows = rows_;
    trains.cols = cols_;
    trains.length = {1};
    const auto one_slot = [](size_t lines, uint32_t negative) {
        LineTrains t;
        t.lines = lines;
        t.stride = (lines + 15) / 16 * 16;
        t.words_per_sample = 1;
        t.bits.assign(t.stride, 0);
        t.negative.assign(t.stride, negative);
        std::fill_n(t.bits.begin(), lines, 1u);
        return t;
    };
    trains.row_lines = one_slot(rows_, 0);
    trains.col_lines = one_slot(cols_, up ? 0 : ~0u);
    PulseOptions options;
    options.law = PulseLaw::kPulse;
    apply(trains, step, options);
}

void PulsedArray::add(ConstFloatView change, uint64_t step) {
    require_shape(change, "weight change");
    StaggeredFloats& w = acting();
    for (size_t r = 0; r < rows_; r++) {
        for (size_t c = 0; c < cols_; c++) {
            w[r * stride_ + c] += change(r, c);
        }
    }
    clip_to_bounds();
    draw_write_noise(step);
}

void PulsedArray::count_pulses(bool on) {
    up_pulses_.assign(on ? rows_ * stride_ : 0, 0);
    down_pulses_ = up_pulses_;
}

MatrixView<const uint32_t> PulsedArray::up_pulses() const {
    return up_pulses_.empty()
               ? MatrixView<const uint32_t>()
               : MatrixView<const uint32_t>(up_pulses_.data(), rows_, cols_, stride_);
}

MatrixView<const uint32_t> PulsedArray::down_pulses() const {
    return down_pulses_.empty()
               ? MatrixView<const uint32_t>()
               : MatrixView<const uint32_t>(down_pulses_.data(), rows_, cols_, stride_);
}

}  // namespace mho
