// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/specs.h"

#include <algorithm>
#include <cmath>

#include "mho/analysis/ablation.h"
#include "mho/analysis/chip_score.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr double kReferenceUs = 25.0;  // any: everything counts in g_max
constexpr double kDriftSpread = 0.3;
constexpr int kMaxBits = 12;

// Twelve levels a decade, ending at `worst`.
std::vector<double> logarithmic_levels(double mildest, double worst) {
    std::vector<double> levels;
    const int count = static_cast<int>(std::lround(12 * std::log10(worst / mildest)));
    for (int i = count; i >= 0; i--) {
        levels.push_back(worst * std::pow(10.0, -i / 12.0));
    }
    return levels;
}

std::vector<double> bit_levels() {
    std::vector<double> levels;
    for (int bits = kMaxBits; bits >= 2; bits--) {
        levels.push_back(bits);
    }
    return levels;
}

// The largest index below `end` that suffices, by bisection; nothing when index 0 does not.
std::optional<size_t> last_that_suffices(size_t end, const std::function<bool(size_t)>& suffices) {
    if (end == 0 || !suffices(0)) {
        return std::nullopt;
    }
    size_t good = 0;
    size_t bad = end;
    if (end > 1 && suffices(end - 1)) {
        return end - 1;
    }
    bad = end - 1;
    while (bad > good + 1) {
        const size_t middle = (good + bad) / 2;
        (suffices(middle) ? good : bad) = middle;
    }
    return good;
}

const SpecAxis& axis_of(const std::vector<SpecAxis>& axes, const std::string& name) {
    std::vector<std::string> known;
    for (const SpecAxis& a : axes) {
        if (a.name == name) {
            return a;
        }
        known.push_back(a.name);
    }
    throw InputError("unknown axis `" + name + "`" + suggestion(name, known));
}

int steps_of_bits(int bits) {
    return (1 << bits) - 2;
}

}  // namespace

std::vector<SpecAxis> spec_axes() {
    return {{"programming noise",
             "g_max",
             logarithmic_levels(1e-3, 0.5),
             false,
             [](DeviceSpec& s, double v) { s.programming_noise = v; }},
            {"drift",
             "exponent",
             logarithmic_levels(1e-3, 0.5),
             false,
             [](DeviceSpec& s, double v) { s.drift = v; }},
            {"off conductance",
             "g_max",
             logarithmic_levels(1e-2, 0.9),
             false,
             [](DeviceSpec& s, double v) { s.off_conductance = v; }},
            {"read noise",
             "w_max",
             logarithmic_levels(1e-3, 0.5),
             false,
             [](DeviceSpec& s, double v) { s.read_noise = v; }},
            {"output noise",
             "1",
             logarithmic_levels(1e-2, 5.0),
             false,
             [](DeviceSpec& s, double v) { s.output_noise = v; }},
            {"DAC bits",
             "bit",
             bit_levels(),
             true,
             [](DeviceSpec& s, double v) { s.dac_bits = static_cast<int>(v); }},
            {"ADC bits", "bit", bit_levels(), true, [](DeviceSpec& s, double v) {
                 s.adc_bits = static_cast<int>(v);
             }}};
}

std::vector<std::pair<std::string, std::string>> default_spec_pairs() {
    return {{"programming noise", "drift"},
            {"programming noise", "off conductance"},
            {"programming noise", "read noise"},
            {"programming noise", "ADC bits"},
            {"DAC bits", "ADC bits"},
            {"output noise", "ADC bits"}};
}

Network with_spec(const Network& network, const DeviceSpec& spec) {
    require_not_negative(spec.programming_noise, "programming noise of a specification");
    require_not_negative(spec.drift, "drift of a specification");
    require_not_negative(spec.off_conductance, "off conductance of a specification");
    require_not_negative(spec.read_noise, "read noise of a specification");
    require_not_negative(spec.output_noise, "output noise of a specification");
    Network changed = network;
    for (auto& [name, h] : changed.analog) {
        const float bound = h.forward.adc.bound;
        // What stands instead of `forward` and the conductance model would make every axis idle,
        // and hide what `forward` then brings.
        h.stuck_cells = {};
        h.crossbar = {};
        h.time_ir_drop = {};
        h.programming = {};
        h.periphery = {};
        Network one;
        one.analog[name] = h;
        for (const NonIdeality& source : active_non_idealities(one)) {
            if (source.switch_off) {
                source.switch_off(h);
            }
        }
        StateIndependent cells;
        cells.programming_coefficients_us = {spec.programming_noise * kReferenceUs};
        cells.drift_nu_mean = spec.drift;
        cells.drift_nu_std = kDriftSpread * spec.drift;
        cells.read_noise_scale = 0.0;
        h.conductance = cells;
        h.converter = SinglePair{kReferenceUs, spec.off_conductance * kReferenceUs};
        if (spec.read_noise > 0) {
            h.forward.weight_noise.kind = WeightNoiseKind::kAdditive;
            h.forward.weight_noise.std = static_cast<float>(spec.read_noise);
        }
        h.forward.output_noise.std = static_cast<float>(spec.output_noise);
        if (spec.dac_bits > 0) {
            h.forward.dac.steps = steps_of_bits(spec.dac_bits);
        }
        if (spec.adc_bits > 0 && bound > 0) {
            h.forward.adc.bound = bound;
            h.forward.adc.steps = steps_of_bits(spec.adc_bits);
        }
    }
    return changed;
}

Specs find_specs(const std::vector<SpecAxis>& axes,
                 const SpecOptions& options,
                 const std::function<bool(const DeviceSpec&)>& suffices) {
    Specs specs;
    const auto alone = [&](const SpecAxis& axis, size_t level) {
        DeviceSpec s;
        axis.set(s, axis.levels[level]);
        return suffices(s);
    };
    std::vector<std::optional<size_t>> last;
    for (const SpecAxis& axis : axes) {
        last.push_back(last_that_suffices(axis.levels.size(),
                                          [&](size_t level) { return alone(axis, level); }));
        SpecLimit limit;
        limit.axis = axis.name;
        if (last.back()) {
            limit.value = axis.levels[*last.back()];
            limit.at_end = *last.back() + 1 == axis.levels.size();
        }
        specs.limits.push_back(limit);
    }
    const auto& pairs = options.pairs.empty() ? default_spec_pairs() : options.pairs;
    for (const auto& [first, second] : pairs) {
        const SpecAxis& a = axis_of(axes, first);
        const SpecAxis& b = axis_of(axes, second);
        SpecPair pair;
        pair.first = first;
        pair.second = second;
        const auto place = [&](const SpecAxis& axis) {
            return last[static_cast<size_t>(&axis - axes.data())];
        };
        const std::optional<size_t> limit = place(a);
        // Worse in one never allows more of the other: each point starts from the one before.
        size_t end = place(b) ? *place(b) + 1 : 0;
        const size_t most = limit ? *limit + 1 : 0;
        const size_t points = std::min(std::max<size_t>(options.points, 2), most);
        for (size_t i = 0; i < points; i++) {
            // The upper decade is where borders bend; bits: every one.
            const size_t lowest = most > 13 ? most - 13 : 0;
            const size_t level = points == 1 ? 0 : lowest + i * (most - 1 - lowest) / (points - 1);
            const std::optional<size_t> found = last_that_suffices(end, [&](size_t other) {
                DeviceSpec s;
                a.set(s, a.levels[level]);
                b.set(s, b.levels[other]);
                return suffices(s);
            });
            end = found ? *found + 1 : 0;
            pair.x.push_back(a.levels[level]);
            pair.limit.push_back(found ? std::optional(b.levels[*found]) : std::nullopt);
        }
        specs.pairs.push_back(std::move(pair));
    }
    return specs;
}

Specs specify(const Network& network,
              const Network& floating_point,
              const LabelledImages& test,
              uint64_t seed,
              const SpecOptions& o) {
    if (network.analog.empty()) {
        throw InputError("specifications need a network on analog hardware");
    }
    if (o.chips == 0 || o.points == 0) {
        throw InputError("specifications need at least one chip and one point of a border");
    }
    require_not_negative(o.t_s, "time of the specifications");
    require_finite_number(o.loss, "loss of the specifications");
    const ChipScore score(test, o.images, seed, o.threads, o.stop);
    const double exact = score.exact(floating_point);
    const double target = exact - o.loss;
    size_t evaluations = 0;
    if (o.progress.begin) {
        o.progress.begin("specifications", 0, "chips");
    }
    const auto mean_score = [&](const DeviceSpec& spec) {
        const Network changed = with_spec(network, spec);
        double sum = 0.0;
        for (size_t chip = 0; chip < o.chips; chip++) {
            sum += score.on_chip(changed, static_cast<uint32_t>(chip), o.t_s, 1);
            evaluations++;
            if (o.progress.advance) {
                o.progress.advance(1);
            }
        }
        return sum / static_cast<double>(o.chips);
    };
    const double ideal = mean_score({});
    Specs specs = find_specs(
        spec_axes(), o, [&](const DeviceSpec& spec) { return mean_score(spec) >= target; });
    if (o.progress.end) {
        o.progress.end();
    }
    specs.is_loss = score.is_loss();
    specs.exact = exact;
    specs.ideal = ideal;
    specs.target = target;
    specs.evaluations = evaluations;
    return specs;
}

}  // namespace mho
