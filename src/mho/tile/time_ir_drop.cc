// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/time_ir_drop.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "mho/util/error.h"

namespace mho {
namespace {

constexpr double kActiveVolt = 0.2;  // above or below idle
constexpr double kIdleVolt = 0.4;
constexpr double kTinyConductance = 1e-12;  // uS, of an empty segment
constexpr double kTickCharge = 100.0;

// A reading of the array: inputs in steps of the converter, on a grid of times in the same unit.
struct Pass {
    size_t samples = 0;
    double time_step = 1.0;
    double weight = 1.0;  // in the digital sum
    int low_bit = 0;      // bits of |u| that the pass takes
    int bits = 0;         // 0: all of u
};

double half_steps(const TimeIrDrop& c) {
    return c.steps / 2.0;
}

int input_bits(const TimeIrDrop& c) {
    return std::countr_zero(static_cast<unsigned>(c.steps) + 2U);
}

std::vector<Pass> passes_of(const TimeIrDrop& c) {
    const auto power = [](int n) { return static_cast<size_t>(1) << n; };
    switch (c.input) {
        case PulseInput::kOnePass: {
            const auto samples = static_cast<size_t>((c.steps + 2) / 2.0 * c.time_resolution);
            return {{samples, half_steps(c) / static_cast<double>(samples - 1), 1.0, 0, 0}};
        }
        case PulseInput::kSplit: {
            const int high = input_bits(c) - 1 - c.split_bits;
            return {
                {power(c.split_bits), 1.0, 1.0, 0, c.split_bits},
                {power(high), 1.0, static_cast<double>(power(c.split_bits)), c.split_bits, high}};
        }
        case PulseInput::kBitWise:
            break;
    }
    std::vector<Pass> passes;
    for (int b = 0; b < input_bits(c) - 1; b++) {
        passes.push_back({2, 1.0, static_cast<double>(power(b)), b, 1});
    }
    return passes;
}

// The input of a pass, in steps of the converter, for an input of the tile.
double pass_input(const TimeIrDrop& c, const Pass& p, double x) {
    const double u = std::rint(std::clamp(x, -1.0, 1.0) * half_steps(c));
    if (p.bits == 0) {
        return u;
    }
    const auto size = static_cast<long>(std::fabs(u));
    const long part = (size >> p.low_bit) & ((1L << p.bits) - 1);
    return std::copysign(static_cast<double>(part), u);
}

// Time that an input is on: samples with t < |u|, integrated as the configuration says. By the
// trapezoidal rule with the first sample repeated in front, the falling edge counts a half.
double time_on(const TimeIrDrop& c, const Pass& p, double u) {
    size_t on = 0;
    while (on < p.samples && std::fabs(u) > static_cast<double>(on) * p.time_step) {
        on++;
    }
    const double edge = !c.plain_sum && on > 0 && on < p.samples ? 0.5 : 0.0;
    return (static_cast<double>(on) + edge) * p.time_step;
}

double ticks(const TimeIrDrop& c, double charge) {
    if (c.adc_ghz == 0) {
        return charge;
    }
    return std::trunc(charge / kTickCharge * c.adc_ghz) * kTickCharge / c.adc_ghz;
}

// Rows of the array with their segments; the far end first, the read-out behind the last.
struct Geometry {
    size_t rows = 0;
    size_t first = 0;  // row of input 0
    size_t per_segment = 0;
    double segment_mohm = 0.0;
};

Geometry geometry(const TimeIrDrop& c, size_t inputs) {
    Geometry g;
    g.rows = c.rows > 0 ? static_cast<size_t>(c.rows) : inputs;
    g.first = (g.rows - inputs) / 2;
    g.per_segment = g.rows / static_cast<size_t>(c.segments);
    g.segment_mohm = 1e-6 * c.strength * c.wire_ohm * static_cast<double>(g.per_segment);
    return g;
}

// Row of input j as seen from the read-out of an output.
size_t row_of(const Geometry& g, size_t output, size_t j) {
    const size_t row = g.first + j;
    return output % 2 == 0 ? row : g.rows - 1 - row;
}

void require_usable(const TimeIrDrop& c,
                    const Converter& converter,
                    const Conductances& conductances,
                    const std::string& path) {
    std::vector<Problem> problems;
    c.check(path, problems);
    const size_t inputs = conductances.slices.empty() ? 0 : conductances.slices[0].cols;
    if (c.rows > 0 && static_cast<size_t>(c.rows) < inputs) {
        problems.push_back({join_path(path, "rows"),
                            "must be 0 or at least " + std::to_string(inputs) +
                                ", the number of inputs, got " + std::to_string(c.rows)});
    }
    const size_t rows = c.rows > 0 ? static_cast<size_t>(c.rows) : inputs;
    if (c.segments > 0 && rows % static_cast<size_t>(c.segments) != 0) {
        problems.push_back({join_path(path, "segments"),
                            "must divide the " + std::to_string(rows) + " rows of the array, got " +
                                std::to_string(c.segments)});
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    const std::vector<double> factors = slice_factors(converter);
    bool pairs = factors.size() == conductances.slices.size() && factors.size() % 2 == 0;
    for (size_t k = 0; pairs && k < factors.size(); k += 2) {
        pairs = factors[k] == -factors[k + 1];
    }
    if (!pairs || inputs == 0) {
        throw InputError("time-dependent IR drop needs unit cells of pairs (g+, g-)");
    }
}

}  // namespace

void TimeIrDrop::check(const std::string& path, std::vector<Problem>& problems) const {
    if (segments < 1) {
        problems.push_back({join_path(path, "segments"), "must be at least 1"});
    }
    if (steps < 2) {
        problems.push_back({join_path(path, "steps"), "must be at least 2"});
        return;
    }
    const bool whole_bits = std::has_single_bit(static_cast<unsigned>(steps) + 2U);
    if (input == PulseInput::kOnePass) {
        if ((steps + 2) / 2.0 * time_resolution < 2) {
            problems.push_back(
                {join_path(path, "time_resolution"), "leaves fewer than two samples"});
        }
        return;
    }
    if (!whole_bits) {
        problems.push_back(
            {join_path(path, "steps"),
             "must be 2^bits - 2 for inputs in several passes, got " + std::to_string(steps)});
    } else if (input == PulseInput::kSplit &&
               (split_bits < 1 || split_bits >= input_bits(*this) - 1)) {
        problems.push_back({join_path(path, "split_bits"),
                            "must be 1 to " + std::to_string(input_bits(*this) - 2) +
                                ": bits without the sign, less one"});
    }
}

TimeIrDropArray::TimeIrDropArray(const TimeIrDrop& config,
                                 const Converter& converter,
                                 const Conductances& conductances,
                                 const std::string& path)
    : config_(config) {
    require_usable(config, converter, conductances, path);
    const std::vector<Matrix<float>>& slices = conductances.slices;
    outputs_ = slices[0].rows;
    inputs_ = slices[0].cols;
    const Geometry g = geometry(config, inputs_);
    const std::vector<double> factors = slice_factors(converter);
    const auto segments = static_cast<size_t>(config.segments);
    for (size_t k = 0; k < slices.size(); k += 2) {
        Pair pair;
        Matrix<float> charge(outputs_, inputs_);
        for (size_t o = 0; o < outputs_; o++) {
            std::vector<double> total(segments, 0.0);
            for (size_t j = 0; j < inputs_; j++) {
                total[row_of(g, o, j) / g.per_segment] +=
                    static_cast<double>(slices[k](o, j)) + static_cast<double>(slices[k + 1](o, j));
            }
            // Share of each segment's voltage in the open voltage at the read-out.
            std::vector<double> share(segments, 0.0);
            share[0] = 1.0;
            double r = 1.0 / (total[0] + kTinyConductance);
            for (size_t s = 1; s < segments; s++) {
                const double before = r + g.segment_mohm;
                const double own = 1.0 / (total[s] + kTinyConductance);
                r = before * own / (before + own);
                for (size_t earlier = 0; earlier < s; earlier++) {
                    share[earlier] *= r / before;
                }
                share[s] = r / own;
            }
            r += g.segment_mohm / 2;
            double idle = 0.0;
            for (size_t s = 0; s < segments; s++) {
                idle += share[s] * kIdleVolt * total[s] / (total[s] + kTinyConductance);
            }
            pair.leak.push_back((idle - config.read_voltage) / r);
            for (size_t j = 0; j < inputs_; j++) {
                const size_t s = row_of(g, o, j) / g.per_segment;
                const double difference =
                    static_cast<double>(slices[k](o, j)) - static_cast<double>(slices[k + 1](o, j));
                charge(o, j) = static_cast<float>(share[s] * kActiveVolt * difference /
                                                  (total[s] + kTinyConductance) / r);
            }
            pair.factor.push_back(factors[k] / conductances.scale.of_row(o) / kActiveVolt /
                                  half_steps(config));
        }
        pair.charge.pack(charge.view());
        pairs_.push_back(std::move(pair));
    }
}

size_t TimeIrDropArray::bytes() const {
    size_t total = 0;
    for (const Pair& p : pairs_) {
        total += p.charge.bytes() + (p.leak.size() + p.factor.size()) * sizeof(double);
    }
    return total;
}

void TimeIrDropArray::apply(ConstFloatView x, FloatView y, const ReadOut& read_out) const {
    if (x.cols != inputs_ || y.cols != outputs_ || x.rows != y.rows) {
        throw InputError("time-dependent IR drop: expected inputs [n, " + std::to_string(inputs_) +
                         "] and outputs [n, " + std::to_string(outputs_) + "]");
    }
    require_finite(x, "the input of a tile");
    Matrix<float> on(x.rows, inputs_);
    const size_t stride = PackedMatrix::row_stride(outputs_);
    AlignedFloats charge(x.rows * stride);
    ProductScratch scratch;
    Matrix<double> sum(x.rows, outputs_);
    Matrix<float> read(x.rows, outputs_);
    Matrix<double> total(x.rows, outputs_);
    const std::vector<Pass> passes = passes_of(config_);
    for (size_t n = 0; n < passes.size(); n++) {
        const Pass& p = passes[n];
        for (size_t r = 0; r < x.rows; r++) {
            for (size_t j = 0; j < inputs_; j++) {
                const double u = pass_input(config_, p, static_cast<double>(x(r, j)));
                on(r, j) = static_cast<float>(std::copysign(time_on(config_, p, u), u));
            }
        }
        const double whole = static_cast<double>(p.samples) * p.time_step;
        std::fill(sum.values.begin(), sum.values.end(), 0.0);
        for (const Pair& pair : pairs_) {
            ProductSums sums;
            sums.plain = charge.data();
            sums.stride = stride;
            multiply(pair.charge, ProductSet::kPlain, on.view(), nullptr, sums, scratch);
            for (size_t r = 0; r < x.rows; r++) {
                for (size_t o = 0; o < outputs_; o++) {
                    const double q =
                        static_cast<double>(charge.data()[r * stride + o]) + pair.leak[o] * whole;
                    sum(r, o) += pair.factor[o] * ticks(config_, q);
                }
            }
        }
        if (read_out) {
            std::copy(sum.values.begin(), sum.values.end(), read.values.begin());
            read_out(static_cast<unsigned>(n), read.view());
            std::copy(read.values.begin(), read.values.end(), sum.values.begin());
        }
        for (size_t i = 0; i < total.values.size(); i++) {
            total.values[i] += p.weight * sum.values[i];
        }
    }
    for (size_t r = 0; r < x.rows; r++) {
        for (size_t o = 0; o < outputs_; o++) {
            y(r, o) = static_cast<float>(total(r, o));
        }
    }
}

Matrix<double> reference_time_ir_drop(const TimeIrDrop& config,
                                      const Converter& converter,
                                      const Conductances& conductances,
                                      MatrixView<const double> x) {
    require_usable(config, converter, conductances, "time_ir_drop");
    const std::vector<Matrix<float>>& slices = conductances.slices;
    const size_t outputs = slices[0].rows;
    const size_t inputs = slices[0].cols;
    const Geometry g = geometry(config, inputs);
    const std::vector<double> factors = slice_factors(converter);
    // Current into the read-out when inputs u meet a pair of slices at a time t.
    const auto current = [&](size_t k, size_t o, const std::vector<double>& u, double t) {
        std::vector<double> conductance(g.rows / g.per_segment, kTinyConductance);
        std::vector<double> voltage(conductance.size(), 0.0);
        for (size_t j = 0; j < inputs; j++) {
            const size_t s = row_of(g, o, j) / g.per_segment;
            const auto plus = static_cast<double>(slices[k](o, j));
            const auto minus = static_cast<double>(slices[k + 1](o, j));
            const double sign = u[j] > t ? 1.0 : u[j] < -t ? -1.0 : 0.0;
            conductance[s] += plus + minus;
            voltage[s] +=
                plus * (kIdleVolt + sign * kActiveVolt) + minus * (kIdleVolt - sign * kActiveVolt);
        }
        double r = 1.0 / conductance[0];
        double v = voltage[0] / conductance[0];
        for (size_t s = 1; s < conductance.size(); s++) {
            const double before = r + g.segment_mohm;
            const double own = 1.0 / conductance[s];
            r = before * own / (before + own);
            v = (v / before + voltage[s] / conductance[s] / own) * r;
        }
        return (v - config.read_voltage) / (r + g.segment_mohm / 2);
    };
    Matrix<double> y(x.rows, outputs);
    std::vector<double> u(inputs);
    for (size_t row = 0; row < x.rows; row++) {
        for (const Pass& p : passes_of(config)) {
            for (size_t j = 0; j < inputs; j++) {
                u[j] = pass_input(config, p, x(row, j));
            }
            for (size_t o = 0; o < outputs; o++) {
                for (size_t k = 0; k < slices.size(); k += 2) {
                    double charge = 0.0;
                    double before = current(k, o, u, 0.0);
                    for (size_t n = 0; n < p.samples; n++) {
                        const double now = current(k, o, u, static_cast<double>(n) * p.time_step);
                        charge += p.time_step * (config.plain_sum ? now : (before + now) / 2);
                        before = now;
                    }
                    y(row, o) += p.weight * factors[k] * ticks(config, charge) /
                                 conductances.scale.of_row(o) / kActiveVolt / half_steps(config);
                }
            }
        }
    }
    return y;
}

}  // namespace mho
