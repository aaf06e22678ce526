// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The product of a sliced tile as docs/models/crossbar.md writes it: one row after the other, plain
// loops, double from the voltages on. Codes of the inputs and the noise are those of the kernel.

#include <algorithm>
#include <cmath>

#include "mho/tile/sliced_tile.h"

namespace mho {

void SlicedTile::reference(ConstFloatView x, MatrixView<double> y, const MvmCall& call) const {
    const bool is_analog =
        config_.input.accumulation == Accumulation::kAnalog && passes_.size() > 1;
    const UnitInputs inputs = unit_inputs(x, call.range_scale, lowest_input());
    Matrix<float> voltages(x.rows, inputs_);
    Matrix<double> charge(x.rows, width_);
    for (size_t r = 0; r < x.rows; r++) {
        double sum = 0;
        for (size_t j = 0; j < inputs_; j++) {
            sum += double{input_level(config_.input, inputs.v(r, j))};
        }
        for (size_t i = 0; i < outputs_; i++) {
            y(r, i) = states_.input_gain * sum * double{inputs.scale[r]};
        }
    }
    std::vector<bool> solved(width_, false);
    for (const Circuit& c : circuits_) {
        std::fill_n(solved.begin() + static_cast<std::ptrdiff_t>(c.first), c.width, true);
    }
    // Numbers of the converters of row r, added to the outputs.
    const auto convert_and_add = [&](size_t r, size_t pass, std::vector<double> flow, double gain) {
        std::vector<float> uniforms(width_);
        const uint64_t row = (call.key.first_sample + r) * passes_.size() + pass;
        fill_uniform(key_, Stream::kAdcRounding, call.key.step, row * width_, uniforms);
        for (size_t b = 0; b < blocks_.size(); b++) {
            const Block& block = blocks_[b];
            if (block.is_subtracted) {
                continue;
            }
            const auto number = [&](size_t i) {
                return banks_[b].reference(i,
                                           flow[block.first + i],
                                           ranges_[block.slice],
                                           double{uniforms[block.first + i]});
            };
            const double unit = block.width > outputs_ ? number(outputs_) : 0.0;
            for (size_t i = 0; i < outputs_; i++) {
                y(r, i) += double{inputs.scale[r]} * block.sign * gain *
                           states_.slices[block.slice].gain * (number(i) - unit);
            }
        }
    };
    for (size_t p = 0; p < passes_.size(); p++) {
        pass_voltages(inputs, p, call, voltages.view());
        for (size_t r = 0; r < x.rows; r++) {
            std::vector<double> flow(width_, 0.0);
            std::vector<float> noise(width_);
            if (!circuits_.empty()) {
                const std::vector<double> one(voltages.row(r), voltages.row(r) + inputs_);
                add_circuit_currents(one, flow);
            }
            const uint64_t row = (call.key.first_sample + r) * passes_.size() + p;
            fill_normal(key_, Stream::kWeightNoise, call.key.step, row * width_, noise);
            for (size_t c = 0; c < width_; c++) {
                double variance = 0;
                for (size_t j = 0; j < inputs_; j++) {
                    const double v = double{voltages(r, j)};
                    if (!solved[c]) {
                        flow[c] += double{rows_(c, j)} * cell_.shape(v);
                    }
                    if (second_.rows > 0) {
                        flow[c] += double{second_(c, j)} * v * std::abs(v) +
                                   double{third_(c, j)} * v * v * v;
                    }
                    if (variance_.rows > 0) {
                        variance += double{variance_(c, j)} * v * v;
                    }
                }
                flow[c] += std::sqrt(variance) * double{noise[c]};
                if (config_.column_limit > 0) {
                    flow[c] = std::clamp(flow[c], -config_.column_limit, config_.column_limit);
                }
            }
            for (size_t b = 1; b < blocks_.size(); b++) {
                for (size_t i = 0; blocks_[b].is_subtracted && i < blocks_[b].width; i++) {
                    flow[blocks_[b - 1].first + i] -= flow[blocks_[b].first + i];
                }
            }
            if (!is_analog) {
                convert_and_add(r, p, flow, passes_[p].gain);
                continue;
            }
            for (size_t c = 0; c < width_; c++) {
                charge(r, c) = (charge(r, c) + flow[c]) / (passes_[p].divisor + 1);
            }
        }
    }
    for (size_t r = 0; r < x.rows && is_analog; r++) {
        const double full = passes_.back().divisor;
        std::vector<double> held(width_);
        for (size_t c = 0; c < width_; c++) {
            held[c] = charge(r, c) * full;
        }
        convert_and_add(r, 0, held, passes_.back().gain * (full + 1) / full);
    }
}

}  // namespace mho
