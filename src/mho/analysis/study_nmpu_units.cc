// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_nmpu_units.h"

#include <fmt/format.h>

#include "mho/analysis/study.h"
#include "mho/tile/near_memory_unit.h"

namespace mho {

HardwareSpec nmpu_hardware() {
    HardwareSpec spec;
    Hardware& h = spec.base;
    h.mapping.max_inputs = 256;
    h.mapping.max_outputs = 256;
    h.conductance = Hermes{};
    h.converter = SinglePair{.g_max_us = 20.7};
    h.forward.adc = {.bound = 0, .steps = 0};
    h.forward.weight_noise = {WeightNoiseKind::kNone, 0.0};
    return spec;
}

NmpuVariant nmpu_variant(PeripheryKind kind) {
    DigitalPeriphery p;
    p.kind = kind;
    p.compression = 0.02;
    return {std::string(enum_name(kind)), p};
}

std::vector<double> nmpu_accuracy(const StudyNetwork& set,
                                  const TileOutputs& outputs,
                                  const Network& network,
                                  const DigitalPeriphery& periphery,
                                  uint64_t seed,
                                  uint32_t chip) {
    Executor executor(network, seed, chip);
    executor.set_periphery(periphery);
    set_output_ranges(executor, outputs);
    executor.program();
    executor.advance_to(kHour_s);
    double saturated = 0;
    double codes = 0;
    for (const std::string& layer : executor.analog_layers()) {
        for (const TileGrid& grid : executor.grids(layer)) {
            for (size_t r = 0; r < grid.output_pieces(); r++) {
                for (size_t c = 0; c < grid.input_pieces(); c++) {
                    const NearMemoryCodes& k = grid.periphery(r, c)->codes();
                    saturated += static_cast<double>(k.saturated);
                    codes += static_cast<double>(2 * k.scales.size());
                }
            }
        }
    }
    return {percent_right(set, executor), codes > 0 ? 100 * saturated / codes : 0.0};
}

std::string layers_with_relu(const Network& network, const DigitalPeriphery& periphery) {
    Executor executor(network, 0);
    executor.set_periphery(periphery);
    size_t with_relu = 0;
    const std::vector<std::string> layers = executor.analog_layers();
    for (const std::string& layer : layers) {
        with_relu += executor.grids(layer)[0].computes_relu() ? 1 : 0;
    }
    return fmt::format("{} of {} layers", with_relu, layers.size());
}

std::string widths_or_rounding(const Interval& wide_minus_half,
                               const Interval& unit_minus_wide,
                               const std::string& network) {
    const auto text = [](const Interval& i) {
        return fmt::format("{:+.2f} points ({:+.2f} to {:+.2f})", i.mean, i.low, i.high);
    };
    const bool is_noise = unit_minus_wide.low <= 0 && unit_minus_wide.high >= 0;
    return fmt::format(
        "tested on {} with a unit so wide that its codes hardly round (scale (1,10), offset "
        "(11,4), 12-bit results): it differs from half precision by {}, and the unit of the paper "
        "from it by {}. So {}.",
        network,
        text(wide_minus_half),
        text(unit_minus_wide),
        is_noise ? "no loss by the paper's widths can be told from the pictures that any other "
                   "rounding turns over"
                 : "the paper's widths do cost something");
}

size_t differing_pairs() {
    size_t different = 0;
    const NearMemoryFormat format = near_memory_format(7, 7, 1, 1, 0, 8);
    NearMemoryFormat unsigned_format = format;
    unsigned_format.relu = true;
    for (int32_t c = -256; c < 256; c++) {
        for (uint32_t s = 0; s < 256; s++) {
            bool same = true;
            for (const int32_t o : {-255, -3, 0, 1, 128}) {
                for (const NearMemoryFormat& f : {format, unsigned_format}) {
                    same = same && near_memory(f, c, s, o) == reference_near_memory(f, c, s, o);
                }
            }
            different += same ? 0 : 1;
        }
    }
    return different;
}

}  // namespace mho
