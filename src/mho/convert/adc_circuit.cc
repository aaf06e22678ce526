// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/convert/adc_circuit.h"

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

int array_bits(const CapacitorDac& dac) {
    return dac.has_sign ? dac.bits - 1 : dac.bits;
}

// 1 / (1 + 1 / (A beta)): what is left of a level when the amplifier's gain is finite.
double closed_loop(double gain_db, double beta) {
    if (gain_db <= 0) {
        return 1.0;
    }
    return 1.0 / (1.0 + 1.0 / (std::pow(10.0, gain_db / 20.0) * beta));
}

// Level of every code of the array, 0 ... 2^bits - 1, over full scale.
std::vector<double> array_levels(const CapacitorDac& dac, std::span<const double> normals) {
    const int bits = array_bits(dac);
    const auto codes = size_t{1} << bits;
    const int low_bits = dac.split ? bits / 2 : 0;
    const auto low_total = std::exp2(low_bits);  // with the dummy that ends the lower array
    // Weight of a capacitor in units of the last one of the upper array.
    std::vector<double> weight(static_cast<size_t>(bits));
    for (int k = 0; k < bits; k++) {
        const bool is_low = k < low_bits;
        const double units = std::exp2(is_low ? k : k - low_bits);
        const double value = units + dac.sigma * std::sqrt(units) * normals[static_cast<size_t>(k)];
        // A bridge of 2^l / (2^l - 1) units in series with the 2^l units of the lower array lets
        // them act 2^l times weaker.
        weight[static_cast<size_t>(k)] = is_low ? value / low_total : value;
    }
    const double full = std::exp2(bits - low_bits);
    std::vector<double> levels(codes);
    for (size_t code = 0; code < codes; code++) {
        double sum = 0;
        for (int k = 0; k < bits; k++) {
            sum += (code >> k & 1) != 0 ? weight[static_cast<size_t>(k)] : 0.0;
        }
        const double beta = dac.split ? 1.0 : full / (full + sum);
        levels[code] = sum / full * closed_loop(dac.gain_db, beta);
    }
    return levels;
}

void fill_transitions(std::span<const double> edges,
                      size_t code,
                      int bit,
                      double from,
                      double to,
                      std::vector<double>& first,
                      std::vector<double>& last) {
    if (bit < 0) {
        first[code] = from;
        last[code] = to;
        return;
    }
    const size_t trial = code + (size_t{1} << bit);
    const double edge = edges[trial];
    fill_transitions(edges, code, bit - 1, from, std::min(to, edge), first, last);
    fill_transitions(edges, trial, bit - 1, std::max(from, edge), to, first, last);
}

void require_edges(std::span<const double> edges, int bits) {
    if (bits < 1 || bits > 24 || edges.size() < size_t{1} << bits) {
        throw InputError("a search of 1 to 24 bits needs 2^bits edges");
    }
}

}  // namespace

size_t capacitor_count(const CapacitorDac& dac) {
    return static_cast<size_t>(array_bits(dac));
}

std::vector<double> dac_edges(const CapacitorDac& dac, std::span<const double> normals) {
    if (dac.bits < 2 || dac.bits > 20 || normals.size() < capacitor_count(dac)) {
        throw InputError("a capacitive DAC has 2 to 20 bits and a normal number per capacitor");
    }
    require_all_finite(normals, "normal numbers of a DAC");
    const std::vector<double> levels = array_levels(dac, normals);
    if (!dac.has_sign) {
        return levels;
    }
    const size_t half = levels.size();
    std::vector<double> edges(2 * half);
    for (size_t m = 0; m < half; m++) {
        edges[half + m] = 0.5 + 0.5 * levels[m];
        if (m > 0) {
            edges[half - m] = 0.5 - 0.5 * levels[m];
        }
    }
    return edges;
}

int64_t sar_code(std::span<const double> edges, double u, int bits) {
    require_edges(edges, bits);
    size_t code = 0;
    for (int k = bits - 1; k >= 0; k--) {
        const size_t trial = code + (size_t{1} << k);
        if (u >= edges[trial]) {
            code = trial;
        }
    }
    return static_cast<int64_t>(code);
}

std::vector<double> sar_transitions(std::span<const double> edges, int bits) {
    require_edges(edges, bits);
    const auto codes = size_t{1} << bits;
    std::vector<double> first(codes);
    std::vector<double> last(codes);
    constexpr double kEnd = 1e30;
    fill_transitions(edges, 0, bits - 1, -kEnd, kEnd, first, last);
    std::vector<double> transitions(codes - 1);
    double next = kEnd;
    for (size_t code = codes - 1; code > 0; code--) {
        if (first[code] < last[code]) {
            next = first[code];
        }
        transitions[code - 1] = next;
    }
    return transitions;
}

Stage make_stage(double c1, double c2, double c_par, double gain_db, double low, double high) {
    require_positive(c1, "c1 of a stage");
    require_not_negative(c2, "c2 of a stage");
    require_not_negative(c_par, "c_par of a stage");
    require_finite_number(gain_db, "gain_db of a stage");
    require_finite_number(low, "low of a stage");
    require_finite_number(high, "high of a stage");
    const double gamma = c2 / c1;
    const double loop = closed_loop(gain_db, c1 / (c1 + c2 + c_par));
    return {(1 + gamma) * loop, gamma * loop, low, high};
}

int64_t stage_code(const StageChain& chain, double v) {
    int64_t sum = 0;
    for (const Stage& s : chain.stages) {
        const int digit = v > s.high ? 1 : v < s.low ? -1 : 0;
        v = s.gain * v - digit * s.step;
        sum = 2 * sum + digit;
    }
    const auto half = int64_t{1} << chain.stages.size();
    const int64_t code = half + sum + (v >= chain.flash ? 1 : 0) - 1;
    return std::clamp<int64_t>(code, 0, 2 * half - 1);
}

}  // namespace mho
