// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/ablation.h"

#include <algorithm>
#include <iterator>

#include "mho/device/cell.h"

namespace mho {
namespace {

struct Source {
    const char* name;
    std::function<bool(const MvmConfig&)> acts;
    std::function<void(MvmConfig&)> off;
    bool is_read_out = false;  // acts behind `time_ir_drop` too
};

const std::vector<Source>& product_sources() {
    static const std::vector<Source> sources = {
        {"input converter (DAC)",
         [](const MvmConfig& c) { return c.dac.steps > 0; },
         [](MvmConfig& c) { c.dac.steps = 0; }},
        {"input noise",
         [](const MvmConfig& c) { return c.dac.noise_std > 0; },
         [](MvmConfig& c) { c.dac.noise_std = 0; }},
        {"IR drop",
         [](const MvmConfig& c) { return c.ir_drop.strength > 0; },
         [](MvmConfig& c) { c.ir_drop.strength = 0; }},
        {"voltage offset",
         [](const MvmConfig& c) { return c.voltage_offset.std > 0; },
         [](MvmConfig& c) { c.voltage_offset.std = 0; }},
        {"series resistance",
         [](const MvmConfig& c) { return c.series_resistance.factor > 0; },
         [](MvmConfig& c) { c.series_resistance.factor = 0; }},
        {"read noise of the weights",
         [](const MvmConfig& c) {
             return c.weight_noise.kind != WeightNoiseKind::kNone && c.weight_noise.std > 0;
         },
         [](MvmConfig& c) { c.weight_noise.kind = WeightNoiseKind::kNone; }},
        {"output non-linearity",
         [](const MvmConfig& c) { return c.output_nonlinearity.strength > 0; },
         [](MvmConfig& c) { c.output_nonlinearity.strength = 0; }},
        {"output noise",
         [](const MvmConfig& c) { return c.output_noise.std > 0; },
         [](MvmConfig& c) { c.output_noise.std = 0; },
         true},
        {"output converter (ADC)",
         [](const MvmConfig& c) { return c.adc.steps > 0 || c.adc.bound > 0; },
         [](MvmConfig& c) {
             c.adc.steps = 0;
             c.adc.bound = 0;
         },
         true},
    };
    return sources;
}

struct CircuitSource {
    const char* name;
    std::function<bool(const Crossbar&)> acts;
    std::function<void(Crossbar&)> off;
};

// A granular range follows from the digits of weights and inputs: without them it is `max`.
void leave_granular(Crossbar& c) {
    if (c.adc_range.rule == AdcRangeRule::kGranular) {
        c.adc_range.rule = AdcRangeRule::kMax;
    }
}

// Cells that are known above a conductance only.
bool needs_smallest(const Crossbar& c) {
    return std::holds_alternative<RramMiloCell>(c.cell.model);
}

bool wears(const Wear& w) {
    return w.low_resistance.p3 != 0 || w.high_resistance.p3 != 0;
}

const std::vector<CircuitSource>& circuit_sources() {
    static const std::vector<CircuitSource> sources = {
        {"input converter (crossbar)",
         [](const Crossbar& c) { return c.input.coding != InputCoding::kAnalog; },
         [](Crossbar& c) {
             c.input.coding = InputCoding::kAnalog;
             c.input.slice_bits = 0;
             leave_granular(c);
         }},
        {"voltage noise",
         [](const Crossbar& c) { return c.input.relative_noise > 0; },
         [](Crossbar& c) { c.input.relative_noise = 0; }},
        {"finite states and weight bits",
         [](const Crossbar& c) { return c.weights.weight_bits > 0 || c.cell.bits > 0; },
         [](Crossbar& c) {
             if (c.weights.coding == WeightCoding::kTwosComplement) {
                 c.weights.coding = WeightCoding::kBalanced;
             }
             c.weights.weight_bits = 0;
             c.weights.slices = 1;
             c.weights.slice_bits.clear();
             c.cell.bits = 0;
             leave_granular(c);
             // What is given slice by slice: one is left, as large as the most significant.
             std::vector<double>& limits = c.adc_range.limits;
             limits.erase(limits.begin(),
                          limits.begin() + std::max<std::ptrdiff_t>(0, std::ssize(limits) - 1));
             c.wires.ideal_slices.clear();
         }},
        {"smallest conductance (on/off ratio)",
         [](const Crossbar& c) { return c.cell.on_off_ratio > 0 && !needs_smallest(c); },
         [](Crossbar& c) { c.cell.on_off_ratio = needs_smallest(c) ? c.cell.on_off_ratio : 0; }},
        {"clipped weights (percentile)",
         [](const Crossbar& c) { return c.weights.percentile < 1; },
         [](Crossbar& c) { c.weights.percentile = 1; }},
        {"read noise of the cells",
         [](const Crossbar& c) { return Cell(c.cell).has_read_noise(); },
         [](Crossbar& c) { c.cell.read_noise = false; }},
        {"I-V curve of the cells",
         [](const Crossbar& c) {
             const Cell cell(c.cell);
             return cell.has_shape() || cell.has_state_dependent_iv();
         },
         [](Crossbar& c) { c.cell.ohmic = true; }},
        {"read disturb",
         [](const Crossbar& c) { return c.cell.read_disturb.enabled; },
         [](Crossbar& c) { c.cell.read_disturb = {}; }},
        {"endurance and retention",
         [](const Crossbar& c) { return wears(c.cell.endurance) || wears(c.cell.retention); },
         [](Crossbar& c) {
             c.cell.endurance = {};
             c.cell.retention = {};
         }},
        {"wires",
         [](const Crossbar& c) { return c.wires.acts(); },
         [](Crossbar& c) { c.wires = {}; }},
        {"column saturation",
         [](const Crossbar& c) { return c.column_limit > 0; },
         [](Crossbar& c) { c.column_limit = 0; }},
        {"output converter (crossbar)",
         [](const Crossbar& c) { return !std::holds_alternative<IdealAdc>(c.adc); },
         [](Crossbar& c) { c.adc = IdealAdc{}; }},
    };
    return sources;
}

// Cells whose conductance is what it was programmed to, at all times.
bool is_ideal(const CellConfig& c) {
    return (std::holds_alternative<IdealCell>(c.model) ||
            std::holds_alternative<CubicCell>(c.model)) &&
           !c.read_disturb.enabled && !wears(c.endurance) && !wears(c.retention);
}

}  // namespace

std::vector<NonIdeality> active_non_idealities(const Network& network) {
    std::vector<NonIdeality> active;
    if (network.analog.empty()) {
        return active;
    }
    ConductanceSwitches no_programming, no_drift, no_read;
    no_programming.programming = false;
    no_drift.drift = false;
    no_read.read = false;
    const auto any = [&](const auto& acts) {
        return std::any_of(network.analog.begin(), network.analog.end(), [&](const auto& entry) {
            return acts(entry.second);
        });
    };
    const auto errs = [](const Hardware& h) {
        return !h.crossbar.enabled || !is_ideal(h.crossbar.cell);
    };
    if (any(errs)) {
        active.push_back({"programming noise", {}, no_programming});
        active.push_back({"drift", {}, no_drift});
    }
    if (any([](const Hardware& h) { return !h.crossbar.enabled; })) {
        active.push_back({"1/f noise of the cells", {}, no_read});
    }
    if (any([](const Hardware& h) {
            return h.stuck_cells.probability > 0 ||
                   (h.crossbar.enabled && !h.crossbar.cell.stuck_map.empty());
        })) {
        active.push_back({"stuck cells",
                          [](Hardware& h) {
                              h.stuck_cells = {};
                              h.crossbar.cell.stuck_map.clear();
                          },
                          {}});
    }
    for (const Source& s : product_sources()) {
        if (any([&](const Hardware& h) {
                return !h.crossbar.enabled && !h.forward.perfect &&
                       (s.is_read_out || !h.time_ir_drop.enabled) && s.acts(h.forward);
            })) {
            active.push_back({s.name, [&s](Hardware& h) { s.off(h.forward); }, {}});
        }
    }
    if (any([](const Hardware& h) {
            return h.time_ir_drop.enabled && h.time_ir_drop.strength > 0;
        })) {
        active.push_back(
            {"IR drop over the pulse", [](Hardware& h) { h.time_ir_drop.strength = 0; }, {}});
    }
    for (const CircuitSource& s : circuit_sources()) {
        if (any([&](const Hardware& h) { return h.crossbar.enabled && s.acts(h.crossbar); })) {
            active.push_back({s.name, [&s](Hardware& h) { s.off(h.crossbar); }, {}});
        }
    }
    return active;
}

Network without(const Network& network, const NonIdeality& source) {
    Network changed = network;
    if (source.switch_off) {
        for (auto& [name, hardware] : changed.analog) {
            source.switch_off(hardware);
        }
    }
    return changed;
}

}  // namespace mho
