// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The scalar twin of pulse_kernel.cc: the same operations in the same order on one cell at a time.

#include <algorithm>
#include <bit>
#include <cmath>

#include "mho/device/pulse_kernel.h"
#include "mho/device/pulse_lines.h"
#include "mho/util/scalar_math.h"

namespace mho::twin {
namespace {

struct CellView {
    float low, high, step, shape, scale;
    bool up;
};

struct Pulse {
    float mean = 0;
    float noise = 0;
    float slope = 0;
    float bend = 0;
};

CellView view(const CellArrays& c, size_t i, bool up) {
    const auto of = [&](const float* for_up, const float* for_down) {
        const float* p = up ? for_up : for_down;
        return p != nullptr ? p[i] : 0.0f;
    };
    return {c.min_bound[i],
            c.max_bound[i],
            of(c.step_up, c.step_down),
            of(c.shape_up, c.shape_down),
            of(c.scale_up, c.scale_down),
            up};
}

float distance(const CellView& c, float u) {
    return (c.up ? c.high - u : u - c.low) * c.scale;
}

Pulse one_pulse(const StepForm& f, const CellView& c, float u) {
    Pulse p;
    switch (f.kind) {
        case StepKind::kConstant:
            p.mean = c.step;
            p.noise = f.noise_of_mean * p.mean;
            return p;
        case StepKind::kLinear:
            p.mean = std::fma(c.shape, u, c.step);
            p.slope = c.shape;
            p.noise = std::fma(f.noise_of_step, c.step, f.noise_of_mean * p.mean);
            return p;
        case StepKind::kExponential: {
            const float start = c.up ? f.start_up : f.start_down;
            const float e = (c.up ? f.amplitude_up : f.amplitude_down) *
                            scalar_math::exp2(std::fma(u, c.scale, start));
            const float y = 1.0f - e;
            const float rate = c.scale * kLn2;
            p.mean = c.step * std::max(y, 0.0f);
            p.bend = std::abs(rate);
            p.slope = (p.mean - c.step) * rate;
            break;
        }
        case StepKind::kPower: {
            const float base = std::max(distance(c, u), 1e-30f);
            p.mean = c.step * scalar_math::power(base, c.shape);
            const float fall = p.mean * c.shape * c.scale / base;
            p.slope = c.up ? -fall : fall;
            break;
        }
        case StepKind::kExponentialResponse: {
            p.bend = f.curvature * c.scale;
            const float e = scalar_math::exp(f.curvature * std::max(distance(c, u), 0.0f));
            const float unit = c.step * f.inverse_norm;
            p.mean = unit * (e - 1.0f);
            const float fall = unit * e * p.bend;
            p.slope = c.up ? -fall : fall;
            break;
        }
        case StepKind::kPiecewise: {
            const auto nodes = static_cast<int>(f.nodes_up.size());
            const float q =
                std::min(std::max((u - c.low) * c.scale, 0.0f), static_cast<float>(nodes - 1));
            const int i = std::min(static_cast<int>(q), nodes - 2);
            const float part = q - static_cast<float>(i);
            const auto at = [&](const std::vector<float>& for_up,
                                const std::vector<float>& for_down,
                                float& difference) {
                const std::vector<float>& v = c.up ? for_up : for_down;
                const auto k = static_cast<size_t>(i);
                difference = v[k + 1] - v[k];
                return std::fma(part, difference, v[k]);
            };
            float difference = 0;
            p.mean = c.step * at(f.nodes_up, f.nodes_down, difference);
            p.slope = c.step * difference * c.scale;
            p.bend = c.step * c.scale * f.largest_difference;
            if (!f.spread_up.empty()) {
                p.noise = c.step * at(f.spread_up, f.spread_down, difference);
                return p;
            }
            break;
        }
        case StepKind::kHidden:
        case StepKind::kUser:
            return p;
    }
    p.noise = std::fma(f.noise_of_step, c.step, f.noise_of_mean * p.mean);
    p.noise = p.noise + f.noise_add;
    p.noise = std::fma(f.noise_slope, std::abs(u), p.noise);
    return p;
}

bool jump(const StepForm& f, bool frozen, const CellView& c, float u, int count, Pulse& p) {
    const auto n = static_cast<float>(count);
    float mean = p.mean;
    float noise = p.noise;
    bool allowed = true;
    const bool straight = f.kind == StepKind::kConstant || frozen;
    if (!straight) {
        const float k = c.up ? p.slope : -p.slope;
        const float half = std::fma(n, 0.5f, -0.5f);
        const float third = std::fma(n, 1.0f / 3.0f, -2.0f / 3.0f);
        const float series = std::fma(half * k, std::fma(third, k, 1.0f), 1.0f);
        mean = mean * series;
        if (f.relative_noise) {
            noise = mean * series;
        } else {
            noise = noise * series;
            if (f.noise_of_step == 0) {
                noise = noise * series;
            }
        }
        const float nk = n * k;
        const float spread = nk * k * (f.noise_of_mean * f.noise_of_mean);
        allowed = std::abs(nk) <= kMostLinearChange;
        if (f.kind == StepKind::kLinear) {
            allowed = allowed || n <= 3.0f;
        } else if (f.kind == StepKind::kPiecewise) {
            allowed = allowed && n * std::abs(p.bend) <= kMostPiecewiseChange;
        } else if (f.kind != StepKind::kPower) {
            allowed = allowed && n * std::abs(p.mean) * p.bend <= kMostLinearChange;
        }
        allowed = allowed && spread <= kMostLinearVariance;
    }
    mean = n * mean;
    const float factor = !straight && f.relative_noise ? f.noise_of_mean : 1.0f;
    noise = factor * std::sqrt(n) * noise;
    const float end = c.up ? u + mean : u - mean;
    const float size = std::abs(noise);
    allowed = allowed && std::fma(size, kJumpSigmas, std::max(u, end)) <= c.high &&
              std::fma(-size, kJumpSigmas, std::min(u, end)) >= c.low;
    if (allowed || count <= 1) {
        p.mean = mean;
        p.noise = noise;
        return true;
    }
    return false;
}

float moved(const CellView& c, float u, const Pulse& p, float normal) {
    const float change = std::fma(p.noise, normal, p.mean);
    return std::min(std::max(c.up ? u + change : u - change, c.low), c.high);
}

// Numbers one after the other.
struct Normals {
    TileKey key;
    Stream stream;
    uint64_t step;
    uint64_t first;
    uint64_t taken = 0;
    float next() {
        float value = 0;
        twin::fill_normal(key, stream, step, first + taken++, {&value, 1});
        return value;
    }
};

struct Waiting {
    size_t cell;
    int left;
    CellView view;
    Pulse pulse;
    float u;
};

// The first number of every cell of a row that fires; those that wait go to the queue.
void first_pulses(const PulseJob& job,
                  size_t line,
                  size_t s,
                  Normals& normals,
                  std::vector<Waiting>& queue,
                  std::vector<int32_t>& counts) {
    const StepForm& f = *job.form;
    const CellArrays& c = job.cells;
    const size_t row = line * job.stride;
    const bool may_jump = job.options.law != PulseLaw::kPulse;
    const bool frozen = may_jump && job.options.frozen_response && f.kind != StepKind::kLinear;
    counts.resize(job.stride);
    count_row(*job.trains, s, line, job.sample_keys[s], job.step, counts);
    for (size_t col = 0; col < job.trains->cols; col++) {
        int n = counts[col];
        if (job.options.routing != PulseRouting::kBoth) {
            n = std::max(job.options.routing == PulseRouting::kUpOnly ? n : -n, 0);
        }
        counts[col] = n;
        if (n == 0) {
            continue;
        }
        const size_t i = row + col;
        const CellView cell = view(c, i, n > 0);
        n = std::abs(n);
        const float reference = c.reference != nullptr ? c.reference[i] : 0.0f;
        float u = c.weight[i] + reference;
        const Pulse single = one_pulse(f, cell, u);
        Pulse p = single;
        const bool jumps = n == 1 || (may_jump && jump(f, frozen, cell, u, n, p));
        u = moved(cell, u, p, normals.next());
        if (!jumps) {
            queue.push_back({i, n - 1, cell, single, u});
        }
        c.weight[i] = u - reference;
        if (c.up_pulses != nullptr) {
            (cell.up ? c.up_pulses : c.down_pulses)[i] += static_cast<uint32_t>(n);
        }
    }
}

// One sample of a group of rows.
void sample(const PulseJob& job, size_t first_row, size_t last_row, size_t s) {
    const StepForm& f = *job.form;
    const CellArrays& c = job.cells;
    const bool may_jump = job.options.law != PulseLaw::kPulse;
    const bool frozen = may_jump && job.options.frozen_response && f.kind != StepKind::kLinear;
    const uint64_t first = uint64_t{job.blocks_per_row} * first_row * kRandomBlock;
    const TileKey key{job.sample_keys[s]};
    Normals normals{key, Stream::kPulseNoise, job.step, first};
    Normals write{key, Stream::kWriteNoise, job.step, first};
    std::vector<Waiting> queue;
    std::vector<std::vector<int32_t>> counts(last_row - first_row);
    // Short trains go row after row.
    const bool row_by_row = is_short(*job.trains, s);
    const auto pulse_by_pulse = [&] {
        for (bool more = true; more;) {
            more = false;
            for (Waiting& w : queue) {
                if (w.left > 0) {
                    more = true;
                    w.left--;
                    const bool fixed = frozen || f.kind == StepKind::kConstant;
                    const Pulse p = fixed ? w.pulse : one_pulse(f, w.view, w.u);
                    w.u = moved(w.view, w.u, p, normals.next());
                }
            }
        }
        for (const Waiting& w : queue) {
            c.weight[w.cell] = w.u - (c.reference != nullptr ? c.reference[w.cell] : 0.0f);
        }
        queue.clear();
    };
    for (size_t line = first_row; line < last_row; line++) {
        first_pulses(job, line, s, normals, queue, counts[line - first_row]);
        if (row_by_row) {
            pulse_by_pulse();
        }
    }
    pulse_by_pulse();
    for (size_t line = first_row; c.visible != nullptr && line < last_row; line++) {
        for (size_t col = 0; col < job.trains->cols; col++) {
            if (counts[line - first_row][col] != 0) {
                const size_t i = line * job.stride + col;
                c.visible[i] = std::fma(f.write_noise, write.next(), c.weight[i]);
            }
        }
    }
}

}  // namespace

void pulse_rows(const PulseJob& job, size_t first_row, size_t last_row) {
    for (size_t s = job.first; s < job.last; s++) {
        if (job.trains->length[s] == 0 || (!job.options.only.empty() && job.options.only[s] == 0)) {
            continue;
        }
        const size_t rows = is_short(*job.trains, s) ? kShortRowGroup : kPulseRowGroup;
        for (size_t group = first_row; group < last_row; group += rows) {
            sample(job, group, std::min(last_row, group + rows), s);
        }
    }
}

void pulse_line_cells(const PulseJob& job, const LineCells& line) {
    const StepForm& f = *job.form;
    const CellArrays& c = line.cells;
    const bool may_jump = job.options.law != PulseLaw::kPulse;
    const bool frozen = may_jump && job.options.frozen_response && f.kind != StepKind::kLinear;
    const bool fixed = frozen || f.kind == StepKind::kConstant;
    for (size_t i = 0; i < line.size; i++) {
        const int n = std::abs(line.counts[i]);
        if (n == 0) {
            continue;
        }
        const CellView cell = view(c, i, line.counts[i] > 0);
        const float reference = c.reference != nullptr ? c.reference[i] : 0.0f;
        float u = c.weight[i] + reference;
        const Pulse single = one_pulse(f, cell, u);
        Pulse p = single;
        const bool jumps = n == 1 || (may_jump && jump(f, frozen, cell, u, n, p));
        u = moved(cell, u, p, line.normals[i]);
        const uint64_t block = line.first_block + i * line.block_step;
        Normals own{TileKey{line.keys[i * line.key_step]},
                    Stream::kPulseNoise,
                    job.step,
                    block * kRandomBlock};
        for (int k = 1; !jumps && k < n; k++) {
            u = moved(cell, u, fixed ? single : one_pulse(f, cell, u), own.next());
        }
        c.weight[i] = u - reference;
        if (c.up_pulses != nullptr) {
            (cell.up ? c.up_pulses : c.down_pulses)[i] += static_cast<uint32_t>(n);
        }
    }
}

}  // namespace mho::twin
