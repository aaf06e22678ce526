// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/transfer_learner.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace mho {
namespace {

// Self-transfers write the device that the last level writes, too: their noise has names of its
// own.
constexpr uint64_t kSelfTransferStep = uint64_t{1} << 48;

}  // namespace

std::vector<double> chain_gammas(const std::vector<double>& given, double gamma, size_t devices) {
    if (!given.empty()) {
        return given;
    }
    std::vector<double> gammas(devices, 1.0);
    for (size_t k = devices - 1; k-- > 0;) {
        gammas[k] = gammas[k + 1] * gamma;
    }
    return gammas;
}

TransferLearner::TransferLearner(const LearnerConfig& config,
                                 const TransferSettings& settings,
                                 std::vector<double> gammas,
                                 std::vector<Level> levels,
                                 size_t rows,
                                 size_t cols,
                                 TileKey key)
    : Learner(config, rows, cols, key),
      settings_(settings),
      gammas_(std::move(gammas)),
      levels_(std::move(levels)),
      next_line_(levels_.size()),
      event_count_(levels_.size()),
      events_(levels_.size()),
      taps_(levels_.size()),
      values_(levels_.size()) {
    const MvmConfig read =
        line_read_without_management(settings.transfer_read, "transfer_read", notes_);
    writers_.emplace_back(settings.update, key);
    for (size_t level = 0; level < levels_.size(); level++) {
        // Trains of transfers are named by the device that they write.
        writers_.emplace_back(settings.transfer_update, device_key(key, level + 1));
        readers_.emplace_back(read, rows, cols, settings.transfer_columns, device_key(key, level));
    }
    bool hidden = gammas_.back() == 1.0;
    for (size_t k = 0; k + 1 < gammas_.size(); k++) {
        hidden = hidden && gammas_[k] == 0;
    }
    if (!hidden) {
        visible_ = Matrix<float>(rows, cols);
    }
}

ConstFloatView TransferLearner::weights() const {
    return visible_.values.empty() ? arrays_.back().weights() : visible_.view();
}

void TransferLearner::devices_changed() {
    for (uint64_t& line : next_line_) {
        line %= lines();  // a saved state may hold anything
    }
    if (!visible_.values.empty()) {
        combine(arrays_, gammas_, visible_.view());
    }
}

void TransferLearner::write(ConstFloatView weights, uint64_t step) {
    for (size_t k = 0; k + 1 < arrays_.size(); k++) {
        rest(k, step);
    }
    Matrix<float> start(rows_, cols_);
    const auto inverse = static_cast<float>(1.0 / gammas_.back());
    for (size_t r = 0; r < rows_; r++) {
        for (size_t c = 0; c < cols_; c++) {
            start(r, c) = weights(r, c) * inverse;
        }
    }
    arrays_.back().set_weights(start.view(), step);
    std::fill(next_line_.begin(), next_line_.end(), 0);
    updates_ = 0;
    forget();
}

void TransferLearner::rest(size_t device, uint64_t step) {
    arrays_[device].set_weights(Matrix<float>(rows_, cols_).view(), step);
}

double TransferLearner::fast_rate(double rate) const {
    if (settings_.fast_rate <= 0) {
        return rate;
    }
    return settings_.scale_fast_rate ? settings_.fast_rate * rate
                                     : std::copysign(settings_.fast_rate, rate);
}

uint64_t TransferLearner::period(size_t level, size_t batch) const {
    return period_in_vectors(levels_[level].every, settings_.transfer_in_batches, batch);
}

void TransferLearner::gradient(ConstFloatView inputs,
                               ConstFloatView errors,
                               const UpdateCall& call,
                               std::span<const TransferEvent>) {
    writers_[0].prepare(inputs, errors, fast_rate(call.rate), arrays_[0].granularity(), call.key);
}

uint64_t TransferLearner::random_line(double uniform) const {
    // Where the ends are favoured, one line more on each side counts as the one at the end.
    const uint64_t margin = favours_ends_ ? 1 : 0;
    const auto choices = static_cast<double>(lines() + 2 * margin);
    const auto drawn = static_cast<uint64_t>(uniform * choices);
    return std::min<uint64_t>(drawn - std::min(drawn, margin), lines() - 1);
}

// The reads of a level during the next `samples` vector updates.
void TransferLearner::schedule(size_t level, size_t samples, size_t batch) {
    std::vector<TransferEvent>& events = events_[level];
    events.clear();
    const uint64_t every = period(level, batch);
    if (every == 0) {
        return;
    }
    const size_t reads = std::min(reads_, lines());
    uint64_t line = next_line_[level];
    uint64_t number = event_count_[level];
    // The first sample after whose update the counter is a multiple of the period.
    for (uint64_t s = every - 1 - updates_ % every; s < samples; s += every) {
        if (random_line_) {
            uniforms_.resize(1);
            fill_uniform(device_key(key_, level), Stream::kLearner, 1, number, uniforms_);
            line = random_line(double{uniforms_[0]});
        }
        for (size_t k = 0; k < reads; k++) {
            for (size_t again = 0; again < repeats_; again++) {
                events.push_back({static_cast<size_t>(s), static_cast<uint32_t>(line), number++});
            }
            line = line + 1 == lines() ? 0 : line + 1;
        }
    }
}

void TransferLearner::learn(ConstFloatView inputs, ConstFloatView errors, const UpdateCall& call) {
    for (size_t level = 0; level < levels_.size(); level++) {
        schedule(level, inputs.rows, call.batch_size);
    }
    gradient(inputs, errors, call, events_.empty() ? std::span<const TransferEvent>() : events_[0]);
    const bool cut = reset_probability_ > 0 || self_transfer_ || readers_[0].needs_matrix();
    if (cut) {
        learn_event_by_event(inputs.rows, call);
    } else {
        learn_at_once(call);
    }
    for (size_t level = 0; level < levels_.size(); level++) {
        if (!events_[level].empty()) {
            const TransferEvent& last = events_[level].back();
            event_count_[level] = last.number + 1;
            next_line_[level] = (last.line + 1) % lines();
        }
    }
    updates_ += inputs.rows;
}

// Writes lines of the device after `level`: x is one-hot, d the values (for rows the other way
// round). `taps`: reads of that device between these writes, counted from the first of them.
void TransferLearner::write_lines(size_t level,
                                  std::span<const TransferEvent> events,
                                  size_t first,
                                  FloatView values,
                                  std::span<const WeightTap> taps,
                                  float* tapped,
                                  const UpdateCall& call) {
    const double rate = to_writes(level, events, first, values, call.rate);
    PulsedArray& array = arrays_[target(level)];
    PulseWriter& writer = writers_[level + 1];
    const bool self = level + 1 >= arrays_.size();
    size_t done = 0;
    size_t tap = 0;
    std::vector<WeightTap> shifted;
    do {
        const uint64_t number = events.empty() ? 0 : events[done].number;
        const size_t count = LineReader::run_length(number, events.size() - done);
        const bool last = done + count == events.size();
        PulseOptions options;
        options.threads = call.threads;
        options.tap_columns = settings_.transfer_columns;
        shifted.clear();
        const size_t first_tap = tap;
        while (tap < taps.size() && (last || taps[tap].after < done + count)) {
            shifted.push_back({taps[tap].after - done, taps[tap].line});
            tap++;
        }
        options.taps = shifted;
        options.tapped = tapped != nullptr ? tapped + first_tap * line_size() : nullptr;
        write_lines_.clear();
        for (size_t k = 0; k < count; k++) {
            write_lines_.push_back(events[done + k].line);
        }
        ReadKey key = LineReader::read_key(number);
        key.step += self ? kSelfTransferStep : 0;
        writer.prepare_lines(settings_.transfer_columns,
                             write_lines_,
                             lines(),
                             ConstFloatView(values).row_block(done, count),
                             rate,
                             array.granularity(),
                             key);
        activity_[target(level)].add(writer.apply(array, options));
        done += count;
    } while (done < events.size());
}

void TransferLearner::copy_line(size_t device, uint32_t line, float* to) const {
    const ConstFloatView w = arrays_[device].weights();
    for (size_t i = 0; i < line_size(); i++) {
        to[i] = settings_.transfer_columns ? w(i, line) : w(line, i);
    }
}

void TransferLearner::learn_at_once(const UpdateCall& call) {
    const size_t n = levels_.size();
    for (size_t level = 0; level < n; level++) {
        // A look at device 0 follows its sample, one at device j all writes up to that sample.
        std::vector<WeightTap>& taps = taps_[level];
        taps.clear();
        size_t writes = 0;
        for (const TransferEvent& e : events_[level]) {
            if (level == 0) {
                taps.push_back({e.sample + 1, e.line});
                continue;
            }
            const std::vector<TransferEvent>& before = events_[level - 1];
            while (writes < before.size() && before[writes].sample <= e.sample) {
                writes++;
            }
            taps.push_back({writes, e.line});
        }
        values_[level].rows = taps.size();
        values_[level].cols = line_size();
        values_[level].values.resize(taps.size() * line_size());
    }
    PulseOptions options;
    options.threads = call.threads;
    options.tap_columns = settings_.transfer_columns;
    if (n > 0) {
        options.taps = taps_[0];
        options.tapped = values_[0].values.data();
    }
    activity_[0].add(writers_[0].apply(arrays_[0], options));
    for (size_t level = 0; level < n; level++) {
        const std::vector<TransferEvent>& events = events_[level];
        if (events.empty()) {
            // Nothing is written to the next device; its reads see it as it is.
            for (size_t k = 0; level + 1 < n && k < events_[level + 1].size(); k++) {
                copy_line(level + 1, events_[level + 1][k].line, values_[level + 1].row(k));
            }
            continue;
        }
        read_lines_.clear();
        for (const TransferEvent& e : events) {
            read_lines_.push_back(e.line);
        }
        subtract_reference(level, events, values_[level].view());
        readers_[level].read(read_lines_, values_[level].view(), events[0].number);
        const bool chained = level + 1 < n;
        write_lines(
            level,
            events,
            0,
            values_[level].view(),
            chained ? std::span<const WeightTap>(taps_[level + 1]) : std::span<const WeightTap>(),
            chained ? values_[level + 1].values.data() : nullptr,
            call);
    }
}

void TransferLearner::learn_event_by_event(size_t samples, const UpdateCall& call) {
    std::vector<size_t> next(levels_.size(), 0);
    Matrix<float> line(1, line_size());
    Matrix<float> shifted;
    for (size_t done = 0; done < samples;) {
        size_t stop = samples;
        for (size_t level = 0; level < levels_.size(); level++) {
            if (next[level] < events_[level].size()) {
                stop = std::min(stop, events_[level][next[level]].sample + 1);
            }
        }
        PulseOptions options;
        options.threads = call.threads;
        options.first = done;
        options.count = stop - done;
        activity_[0].add(writers_[0].apply(arrays_[0], options));
        done = stop;
        for (size_t level = 0; level < levels_.size(); level++) {
            for (; next[level] < events_[level].size() &&
                   events_[level][next[level]].sample + 1 == done;
                 next[level]++) {
                const std::span<const TransferEvent> event(&events_[level][next[level]], 1);
                const uint32_t which = event[0].line;
                LineReader& reader = readers_[level];
                if (reader.needs_matrix()) {
                    // The reference is taken off every line: noise reaches all of them.
                    const ConstFloatView w = arrays_[level].weights();
                    shifted = Matrix<float>(rows_, cols_);
                    for (size_t r = 0; r < rows_; r++) {
                        std::copy_n(w.row(r), cols_, shifted.row(r));
                    }
                    std::vector<TransferEvent> every(lines());
                    Matrix<float> all(lines(), line_size());
                    const bool columns = settings_.transfer_columns;
                    for (size_t l = 0; l < lines(); l++) {
                        every[l].line = static_cast<uint32_t>(l);
                        for (size_t i = 0; i < line_size(); i++) {
                            all(l, i) = columns ? shifted(i, l) : shifted(l, i);
                        }
                    }
                    subtract_reference(level, every, all.view());
                    for (size_t l = 0; l < lines(); l++) {
                        for (size_t i = 0; i < line_size(); i++) {
                            (columns ? shifted(i, l) : shifted(l, i)) = all(l, i);
                        }
                    }
                    reader.read_matrix(
                        shifted.view(), std::span(&which, 1), line.view(), event[0].number);
                } else {
                    copy_line(level, which, line.row(0));
                    subtract_reference(level, event, line.view());
                    reader.read(std::span(&which, 1), line.view(), event[0].number);
                }
                if (reset_probability_ > 0) {
                    arrays_[level].reset_columns(which, 1, reset_probability_, event[0].number);
                }
                write_lines(level, event, next[level], line.view(), {}, nullptr, call);
            }
        }
    }
}

std::vector<std::pair<std::string, uint64_t*>> TransferLearner::counters() {
    std::vector<std::pair<std::string, uint64_t*>> list = {{"updates", &updates_}};
    for (size_t level = 0; level < levels_.size(); level++) {
        list.emplace_back("next_line_" + std::to_string(level), &next_line_[level]);
        list.emplace_back("events_" + std::to_string(level), &event_count_[level]);
    }
    return list;
}

}  // namespace mho
