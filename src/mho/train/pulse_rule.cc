// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/pulse_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "mho/device/pulse_kernel.h"
#include "mho/kernels/pulse_bits.h"
#include "mho/kernels/rows.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// A train longer than this cannot be meant: 2^20 slots.
constexpr double kLongestTrain = 1048576.0;
constexpr size_t kLineGroup = 16;

float largest_magnitude(std::span<const float> values) {
    return row_abs_max(values.data(), values.size());
}

// Lines [begin, end) hold all that is not zero: transfers send one-hot vectors.
struct LineRange {
    size_t begin = 0;
    size_t end = 0;

    size_t first_group() const { return begin / kLineGroup; }
    size_t last_group() const { return (end + kLineGroup - 1) / kLineGroup; }
};

// Whether 16 values are all zero: without a branch for each.
bool all_zero(const float* values) {
    uint32_t any = 0;
    for (size_t i = 0; i < kLineGroup; i++) {
        any |= std::bit_cast<uint32_t>(values[i]) << 1;  // the sign of a zero does not count
    }
    return any == 0;
}

LineRange active_lines(std::span<const float> values) {
    LineRange r{0, values.size()};
    while (r.begin + kLineGroup <= r.end && all_zero(&values[r.begin])) {
        r.begin += kLineGroup;
    }
    while (r.begin < r.end && values[r.begin] == 0) {
        r.begin++;
    }
    while (r.end >= r.begin + kLineGroup && all_zero(&values[r.end - kLineGroup])) {
        r.end -= kLineGroup;
    }
    while (r.end > r.begin && values[r.end - 1] == 0) {
        r.end--;
    }
    return r;
}

bool uses_bits(const PulseUpdate& u) {
    return !u.statistics_only &&
           (u.type == PulseType::kStochastic || u.type == PulseType::kStochasticCompressed);
}

// rint(v steps [+ U - 1/2]) / steps; `uniforms` empty = plain rounding.
void round_to_steps(std::span<float> values, double steps, std::span<const float> uniforms) {
    if (steps <= 0) {
        return;
    }
    const auto s = static_cast<float>(steps);
    for (size_t i = 0; i < values.size(); i++) {
        const float offset = uniforms.empty() ? 0.0f : uniforms[i] - 0.5f;
        values[i] = std::nearbyint(values[i] * s + offset) / s;
    }
}

// One sample of one side: its probabilities, with their rounding.
struct Side {
    const PulseUpdate& update;
    double steps;
    Stream stream;

    void probabilities(std::span<const float> values,
                       double scale,
                       TileKey key,
                       uint64_t step,
                       std::vector<float>& p) const {
        p.resize(values.size());
        const auto s = static_cast<float>(scale);
        for (size_t i = 0; i < values.size(); i++) {
            p[i] = std::abs(values[i]) * s;
        }
        if (steps > 0) {
            std::vector<float> uniforms;
            if (update.stochastic_rounding) {
                // The other side's roundings follow in the same stream.
                uniforms.resize(values.size());
                const uint64_t first = stream == Stream::kPulseTrainError ? uint64_t{1} << 32 : 0;
                fill_uniform(key, Stream::kPulseRounding, step, first, uniforms);
            }
            round_to_steps(p, steps, uniforms);
        }
    }
};

void resize_lines(LineTrains& lines, size_t n, size_t samples, size_t words) {
    lines.lines = n;
    lines.stride = (n + kLineGroup - 1) / kLineGroup * kLineGroup;
    lines.words_per_sample = words;
    lines.bits.assign(samples * words * lines.stride, 0);
    lines.negative.assign(samples * lines.stride, 0);
}

// Memory for the draws of a sample.
struct DrawScratch {
    std::vector<uint32_t> below;
    std::vector<uint32_t> always;
    std::vector<uint32_t> bits;
};

// The thresholds of pulse_threshold, without branches.
void find_thresholds(std::span<const float> p, uint32_t* below, uint32_t* always) {
    constexpr double kMantissa = 4503599627370496.0;  // 2^52: the integer lands in the low bits
    for (size_t i = 0; i < p.size(); i++) {
        const double scaled = double{p[i]} * 4294967296.0;
        const double whole = std::floor(std::min(scaled + 0.5, 4294967295.0)) + kMantissa;
        const auto limit = static_cast<uint32_t>(std::bit_cast<uint64_t>(whole));
        const uint32_t sure = scaled >= 4294967295.5 ? ~0u : 0u;
        below[i] = limit | sure;
        always[i] = sure;
    }
}

// Lines outside of `range` never fire: they take no numbers.
void draw_line_bits(LineTrains& lines,
                    size_t sample,
                    std::span<const float> p,
                    LineRange range,
                    uint32_t length,
                    TileKey key,
                    Stream stream,
                    uint64_t step,
                    DrawScratch& scratch) {
    const size_t first = range.first_group() * kLineGroup;
    const size_t count = range.last_group() * kLineGroup - first;
    const size_t words = (length + 31) / 32;
    scratch.below.assign(count, 0);
    scratch.always.assign(count, 0);
    const size_t known = std::min(p.size() - first, count);
    find_thresholds(p.subspan(first, known), scratch.below.data(), scratch.always.data());
    uint32_t* to = lines.sample_bits(sample) + first;
    if (words == 1 || count == lines.stride) {
        draw_pulse_bits(
            key, stream, step, scratch.below, scratch.always, length, {to, words * count});
        return;
    }
    scratch.bits.resize(words * count);
    draw_pulse_bits(key, stream, step, scratch.below, scratch.always, length, scratch.bits);
    for (size_t w = 0; w < words; w++) {
        std::copy_n(scratch.bits.data() + w * count, count, to + w * lines.stride);
    }
}

void set_signs(LineTrains& lines, size_t sample, std::span<const float> values, bool flip) {
    uint32_t* negative = lines.negative.data() + sample * lines.stride;
    for (size_t i = 0; i < values.size(); i++) {
        negative[i] = (values[i] < 0) != flip ? ~0u : 0u;
    }
}

void require_inputs(ConstFloatView x, ConstFloatView d, double rate) {
    if (x.rows != d.rows || x.rows == 0 || x.cols == 0 || d.cols == 0) {
        throw InputError(
            fmt::format("an update needs inputs [samples, columns] and errors [samples, rows] of "
                        "one batch, got [{}, {}] and [{}, {}]",
                        x.rows,
                        x.cols,
                        d.rows,
                        d.cols));
    }
    require_finite(x, "inputs of an update");
    require_finite(d, "errors of an update");
    if (!std::isfinite(rate)) {
        throw InputError("the learning rate of an update must be finite");
    }
}

// -rate d' x.
Matrix<float> outer_products(ConstFloatView x, ConstFloatView d, double rate) {
    Matrix<float> change(d.cols, x.cols);
    for (size_t s = 0; s < x.rows; s++) {
        for (size_t r = 0; r < d.cols; r++) {
            const auto factor = static_cast<float>(-rate * double{d(s, r)});
            float* to = change.row(r);
            const float* from = x.row(s);
            for (size_t c = 0; c < x.cols; c++) {
                to[c] += factor * from[c];
            }
        }
    }
    return change;
}

}  // namespace

TrainScale train_scale(
    const PulseUpdate& u, double rate, double granularity, double x_max, double d_max) {
    TrainScale t;
    if (rate == 0 || granularity <= 0) {
        return t;
    }
    const double desired = u.desired_length;
    const bool balances = u.update_management || u.length_management;
    if (u.fixed_length || u.length_management || granularity * desired >= rate) {
        t.length = static_cast<uint32_t>(desired);
        t.row_scale = t.col_scale = std::sqrt(rate / (granularity * desired));
    } else {
        const double wanted = std::max(std::ceil(rate / granularity), 1.0);
        if (wanted > kLongestTrain) {
            throw InputError(
                fmt::format("a learning rate of {} asks for trains of {} slots; set fixed_length",
                            rate,
                            wanted));
        }
        t.length = static_cast<uint32_t>(wanted);
        t.row_scale = t.col_scale = 1.0;
    }
    if (!balances) {
        return t;
    }
    if (x_max <= 0 || d_max <= 0) {
        return {};
    }
    double errors = u.gradient_scale * d_max;
    const double pulses = rate * x_max * errors / granularity;
    if (u.length_management) {
        const double needed = std::min(std::ceil(pulses), desired);
        if (needed <= 0) {
            return {};
        }
        t.length = static_cast<uint32_t>(needed);
        t.row_scale = t.col_scale = std::sqrt(rate / (granularity * needed));
    }
    if (pulses > desired) {
        errors *= desired / pulses;
    }
    t.row_scale *= std::sqrt(x_max / errors);
    t.col_scale *= std::sqrt(errors / x_max);
    return t;
}

PulseTrains make_pulse_trains(const PulseUpdate& update,
                              ConstFloatView x,
                              ConstFloatView d,
                              double rate,
                              double granularity,
                              TileKey tile,
                              ReadKey key) {
    PulseTrains trains;
    make_pulse_trains(update, x, d, rate, granularity, tile, key, trains);
    return trains;
}

void make_pulse_trains(const PulseUpdate& update,
                       ConstFloatView x,
                       ConstFloatView d,
                       double rate,
                       double granularity,
                       TileKey tile,
                       ReadKey key,
                       PulseTrains& trains) {
    if (update.type == PulseType::kNone || update.type == PulseType::kNoneWithDevice) {
        throw InputError("a floating-point update has no pulse trains");
    }
    require_inputs(x, d, rate);
    trains.samples = x.rows;
    trains.rows = d.cols;
    trains.cols = x.cols;
    trains.first_sample = key.first_sample;
    trains.length.assign(x.rows, 0);
    trains.first_group.clear();
    trains.last_group.clear();
    trains.first_row.clear();
    trains.last_row.clear();
    std::vector<TrainScale> scales(x.rows);
    uint32_t longest = 1;
    for (size_t s = 0; s < x.rows; s++) {
        scales[s] = train_scale(update,
                                std::abs(rate),
                                granularity,
                                double{largest_magnitude(x.row_span(s))},
                                double{largest_magnitude(d.row_span(s))});
        trains.length[s] = scales[s].length;
        longest = std::max(longest, scales[s].length);
    }
    // W -= rate d x': the sign of the row is turned once here.
    const bool flip = rate > 0;
    const bool bits = uses_bits(update);
    trains.counting = PulseCounting::kTrains;
    if (bits) {
        resize_lines(trains.col_lines, x.cols, x.rows, (longest + 31) / 32);
        resize_lines(trains.row_lines, d.cols, x.rows, (longest + 31) / 32);
    } else {
        trains.counting =
            update.statistics_only ? PulseCounting::kBinomial : PulseCounting::kProduct;
        trains.col_values.assign(x.rows * x.cols, 0.0f);
        trains.row_values.assign(x.rows * d.cols, 0.0f);
        trains.divisor.assign(x.rows, 1.0f);
    }
    const bool implicit = update.type == PulseType::kDeterministicImplicit;
    const Side cols{
        update, implicit ? update.x_steps : update.probability_steps, Stream::kPulseTrainInput};
    const Side rows{
        update, implicit ? update.d_steps : update.probability_steps, Stream::kPulseTrainError};
    DrawScratch scratch;
    std::vector<float> p_x;
    std::vector<float> p_d;
    for (size_t s = 0; s < x.rows; s++) {
        const uint32_t length = trains.length[s];
        const LineRange x_lines = active_lines(x.row_span(s));
        const LineRange d_lines = active_lines(d.row_span(s));
        trains.first_group.push_back(static_cast<uint32_t>(x_lines.first_group()));
        trains.last_group.push_back(static_cast<uint32_t>(x_lines.last_group()));
        trains.first_row.push_back(static_cast<uint32_t>(d_lines.begin));
        trains.last_row.push_back(static_cast<uint32_t>(d_lines.end));
        if (length == 0) {
            continue;
        }
        const TileKey sample{pulse_sample_key(tile, key.first_sample + s)};
        cols.probabilities(x.row_span(s), scales[s].col_scale, sample, key.step, p_x);
        rows.probabilities(d.row_span(s), scales[s].row_scale, sample, key.step, p_d);
        if (bits) {
            draw_line_bits(trains.col_lines,
                           s,
                           p_x,
                           x_lines,
                           length,
                           sample,
                           Stream::kPulseTrainInput,
                           key.step,
                           scratch);
            draw_line_bits(trains.row_lines,
                           s,
                           p_d,
                           d_lines,
                           length,
                           sample,
                           Stream::kPulseTrainError,
                           key.step,
                           scratch);
            set_signs(trains.col_lines, s, x.row_span(s), false);
            set_signs(trains.row_lines, s, d.row_span(s), flip);
            continue;
        }
        const auto slots = static_cast<float>(length);
        const auto count = [&](float p) {
            return std::min(std::max(std::nearbyint(slots * p), 0.0f), slots);
        };
        float* to_x = trains.col_values.data() + s * x.cols;
        float* to_d = trains.row_values.data() + s * d.cols;
        for (size_t c = 0; c < x.cols; c++) {
            float v = std::min(p_x[c], 1.0f);
            if (!update.statistics_only && !implicit) {
                v = count(p_x[c]);
            }
            to_x[c] = x(s, c) < 0 ? -v : v;
        }
        for (size_t r = 0; r < d.cols; r++) {
            float v = std::min(p_d[r], 1.0f);
            if (!update.statistics_only) {
                v = implicit ? slots * v : count(p_d[r]);
            }
            to_d[r] = (d(s, r) < 0) != flip ? -v : v;
        }
        if (!update.statistics_only && !implicit) {
            trains.divisor[s] = slots;
        }
    }
}

PulseActivity pulsed_update(PulsedArray& array,
                            const PulseUpdate& update,
                            ConstFloatView x,
                            ConstFloatView d,
                            double rate,
                            ReadKey key,
                            size_t threads) {
    require_inputs(x, d, rate);
    if (x.cols != array.cols() || d.cols != array.rows()) {
        throw InputError(fmt::format(
            "an update of an array of {} rows and {} columns needs inputs of {} and errors of {} "
            "lines, got {} and {}",
            array.rows(),
            array.cols(),
            array.cols(),
            array.rows(),
            x.cols,
            d.cols));
    }
    if (update.type == PulseType::kNoneWithDevice) {
        // Clipped after every vector, as the device would be.
        for (size_t s = 0; s < x.rows; s++) {
            array.add(outer_products(x.row_block(s, 1), d.row_block(s, 1), rate).view(), key.step);
        }
        return {};
    }
    if (update.type == PulseType::kNone) {
        Matrix<float> w = outer_products(x, d, rate);
        const ConstFloatView old = array.weights();
        for (size_t r = 0; r < w.rows; r++) {
            for (size_t c = 0; c < w.cols; c++) {
                w(r, c) += old(r, c);
            }
        }
        array.set_weights_unclipped(w.view());
        return {};
    }
    const PulseTrains trains =
        make_pulse_trains(update, x, d, rate, array.granularity(), array.key(), key);
    PulseOptions options;
    options.law = update.law;
    options.batch_level = update.batch_level;
    options.frozen_response = update.frozen_response;
    options.threads = threads;
    return array.apply(trains, key.step, options);
}

}  // namespace mho
