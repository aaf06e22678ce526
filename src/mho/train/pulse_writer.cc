// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/pulse_writer.h"

#include <algorithm>

#include "mho/train/line_pulses.h"
#include "mho/util/error.h"

namespace mho {
namespace {

void copy_line(const PulsedArray& array, const PulseOptions& o, size_t tap) {
    const ConstFloatView w = array.weights();
    const size_t line = o.taps[tap].line;
    if (o.tap_columns) {
        for (size_t r = 0; r < w.rows; r++) {
            o.tapped[tap * w.rows + r] = w(r, line);
        }
    } else {
        std::copy_n(w.row(line), w.cols, o.tapped + tap * w.cols);
    }
}

}  // namespace

bool is_floating_point(const PulseUpdate& update) {
    return update.type == PulseType::kNone || update.type == PulseType::kNoneWithDevice;
}

void PulseWriter::prepare(
    ConstFloatView x, ConstFloatView d, double rate, double granularity, ReadKey key) {
    x_ = x;
    d_ = d;
    rate_ = rate;
    read_key_ = key;
    if (!is_floating_point(update_)) {
        make_pulse_trains(update_, x, d, rate, granularity, key_, key, trains_);
    }
}

void PulseWriter::prepare_lines(bool columns,
                                std::span<const uint32_t> lines,
                                size_t line_count,
                                ConstFloatView values,
                                double rate,
                                double granularity,
                                ReadKey key) {
    if (has_line_pulses(update_)) {
        read_key_ = key;
        make_line_pulses(
            update_, columns, lines, line_count, values, rate, granularity, key_, key, trains_);
        return;
    }
    if (one_hot_.rows < lines.size() || one_hot_.cols != line_count) {
        one_hot_ = Matrix<float>(lines.size(), line_count);
    }
    std::fill(one_hot_.values.begin(), one_hot_.values.end(), 0.0f);
    for (size_t k = 0; k < lines.size(); k++) {
        one_hot_(k, lines[k]) = 1.0f;
    }
    const ConstFloatView hot = ConstFloatView(one_hot_.view()).row_block(0, lines.size());
    columns ? prepare(hot, values, rate, granularity, key)
            : prepare(values, hot, rate, granularity, key);
}

PulseActivity PulseWriter::apply(PulsedArray& array, PulseOptions options) {
    options.law = update_.law;
    options.batch_level = update_.batch_level;
    options.frozen_response = update_.frozen_response;
    if (is_floating_point(update_)) {
        return apply_numbers(array, options);
    }
    return array.apply(trains_, read_key_.step, options);
}

PulseActivity PulseWriter::apply_numbers(PulsedArray& array, const PulseOptions& options) {
    if (options.routing != PulseRouting::kBoth) {
        throw InputError(
            "a one-sided device needs pulses: update types `none` and `none with "
            "device` do not fit");
    }
    PulseActivity activity;
    const size_t end = std::min(options.first + std::min(options.count, x_.rows), x_.rows);
    size_t sample = options.first;
    size_t tap = 0;
    while (true) {
        while (tap < options.taps.size() && options.first + options.taps[tap].after <= sample) {
            copy_line(array, options, tap++);
        }
        if (sample >= end) {
            break;
        }
        size_t stop = tap < options.taps.size() ? options.first + options.taps[tap].after : end;
        stop = std::min(stop, end);
        const auto mine = [&](size_t s) { return options.only.empty() || options.only[s] != 0; };
        const bool turn = mine(sample);
        size_t last = sample + 1;
        while (last < stop && mine(last) == turn) {
            last++;
        }
        if (turn) {
            activity.add(pulsed_update(array,
                                       update_,
                                       x_.row_block(sample, last - sample),
                                       d_.row_block(sample, last - sample),
                                       rate_,
                                       {read_key_.step, read_key_.first_sample + sample},
                                       options.threads));
        }
        sample = last;
    }
    return activity;
}

}  // namespace mho
