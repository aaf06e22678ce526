// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// What a tile is born with: the frozen tables of its lines, and the cross-field rules of their
// configuration.

#include <cmath>

#include "mho/tile/mvm.h"
#include "mho/util/error.h"

namespace mho {
namespace {

float to_float(double v) {
    return static_cast<float>(v);
}

}  // namespace

void MvmConfig::check(const std::string& path, std::vector<Problem>& problems) const {
    if (perfect) {
        return;
    }
    if (noise_management.kind != NoiseManagementKind::kNone && dac.bound != 1.0 &&
        dac.bound != 0.0) {
        problems.push_back({join_path(path, "dac.bound"),
                            "must be 1 (or 0) when noise management scales the inputs; choose "
                            "noise_management.kind `none` for another bound"});
    }
    if (read_asymmetry_spread > 0 && mode == MvmMode::kOnePass) {
        problems.push_back({join_path(path, "read_asymmetry_spread"),
                            "acts only when the polarities are applied separately; set mode to "
                            "`separate polarities`"});
    }
}

TileKey backward_key(TileKey key) {
    return {key.value ^ 0x9E3779B97F4A7C15u};
}

MvmTables draw_mvm_tables(const MvmConfig& c, size_t outputs, size_t inputs, TileKey key) {
    MvmTables t;
    if (c.perfect) {
        return t;
    }
    if (c.output_noise.spread > 0 && c.output_noise.std > 0) {
        t.output_noise_std.resize(outputs);
        fill_normal(key, Stream::kOutputNoiseSpread, 0, 0, t.output_noise_std);
        for (float& v : t.output_noise_std) {
            v = to_float(std::abs(c.output_noise.std * (1.0 + c.output_noise.spread * v)));
        }
    }
    if (c.voltage_offset.std > 0) {
        t.voltage_offset.resize(outputs);
        fill_normal(key, Stream::kVoltageOffset, 0, 0, t.voltage_offset);
        std::vector<float> second(outputs);
        if (c.voltage_offset.compatible_law) {
            fill_normal(key, Stream::kVoltageOffsetSign, 0, 0, second);
        }
        for (size_t i = 0; i < outputs; i++) {
            const double draw = c.voltage_offset.std * t.voltage_offset[i];
            const double kept =
                c.voltage_offset.compatible_law ? c.voltage_offset.std * second[i] : draw;
            t.voltage_offset[i] = to_float(draw > 0 ? kept : 0.0);
        }
    }
    if (c.output_nonlinearity.strength > 0 || c.series_resistance.factor > 0) {
        t.nonlinearity.resize(outputs);
        fill_normal(key, Stream::kNonLinearity, 0, 0, t.nonlinearity);
        const double full_scale =
            c.adc.bound > 0 ? c.adc.bound : 1.0;  // as without a bound in aihwkit
        const double nominal = c.output_nonlinearity.strength / full_scale;
        double mean = 0;
        for (float& v : t.nonlinearity) {
            v = to_float(std::abs(nominal * (1.0 + c.output_nonlinearity.spread * v)));
            mean += v / static_cast<double>(outputs);
        }
        t.nonlinearity_gain = to_float(
            nonlinearity_gain(c.output_nonlinearity, mean, c.series_resistance.factor, full_scale));
        if (c.output_nonlinearity.strength <= 0 && t.nonlinearity_gain == 1.0f) {
            t.nonlinearity.clear();
        }
    }
    if (c.read_asymmetry_spread > 0) {
        t.read_asymmetry.resize(outputs * inputs);
        fill_normal(key, Stream::kReadAsymmetry, 0, 0, t.read_asymmetry);
        for (float& v : t.read_asymmetry) {
            v = to_float(1.0 + c.read_asymmetry_spread * v);
        }
    }
    return t;
}

}  // namespace mho
