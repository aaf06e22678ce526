// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/crossbar_config.h"

#include <string>

namespace mho {
namespace {

void check_wires(const Crossbar& c, const std::string& path, std::vector<Problem>& problems) {
    const CrossbarWires& w = c.wires;
    const std::string wires = join_path(path, "wires");
    const bool supply = has_supply_lines(w.topology);
    if (has_pairs(w.topology)) {
        problems.push_back(
            {join_path(wires, "topology"),
             "pairs follow from weights.interleaved: give `input line` or `supply line`"});
    }
    if (w.mode == WireMode::kDmr &&
        (supply || c.weights.interleaved || w.driver_resistance > 0 || w.sense_resistance > 0)) {
        problems.push_back(
            {join_path(wires, "mode"),
             "`dmr` is for topology `input line` without interleaved pairs and without "
             "resistance of drivers and read-out"});
    }
    if (w.mode == WireMode::kColumnRecursion &&
        (!supply || c.weights.interleaved || w.row_resistance > 0 || w.driver_resistance > 0)) {
        problems.push_back(
            {join_path(wires, "mode"),
             "`column recursion` is for topology `supply line` without interleaved pairs "
             "and without resistance of supply lines and their drivers"});
    }
    const auto slices = static_cast<int>(bits_per_slice(c.weights).size());
    for (size_t i = 0; i < w.ideal_slices.size(); i++) {
        if (w.ideal_slices[i] >= slices) {
            problems.push_back(
                {join_path(wires, "ideal_slices[" + std::to_string(i) + "]"),
                 "there are " + std::to_string(slices) + " slices, numbered from 0"});
        }
    }
}

}  // namespace

void CrossbarInput::check(const std::string& path, std::vector<Problem>& problems) const {
    if (is_signed && bits < 2) {
        problems.push_back(
            {join_path(path, "bits"), "must be at least 2 for signed inputs (sign and size)"});
    }
    if (coding == InputCoding::kSignMagnitude) {
        return;
    }
    if (slice_bits > 0) {
        problems.push_back(
            {join_path(path, "slice_bits"),
             "only inputs with coding `sign magnitude` have digits that can be sliced"});
    }
}

void Crossbar::check(const std::string& path, std::vector<Problem>& problems) const {
    if (!enabled) {
        return;
    }
    check_wires(*this, path, problems);
    const std::string limits = join_path(path, "adc_range.limits");
    const size_t slices = bits_per_slice(weights).size();
    if (!adc_range.limits.empty() && adc_range.limits.size() != slices) {
        problems.push_back({limits,
                            "needs " + std::to_string(slices) + " numbers, one per slice, got " +
                                std::to_string(adc_range.limits.size())});
    }
    const std::string range = join_path(path, "adc_range.rule");
    if (adc_range.rule == AdcRangeRule::kGranular) {
        if (weights.weight_bits == 0 && cell.bits == 0) {
            problems.push_back({range,
                                "granular needs states that have a smallest difference: set "
                                "weights.weight_bits or cell.bits"});
        }
        if (input.coding != InputCoding::kSignMagnitude) {
            problems.push_back({range, "granular needs input.coding `sign magnitude`"});
        }
        if (input.accumulation == Accumulation::kAnalog && input.slice_bits > 0) {
            problems.push_back({range,
                                "granular needs a conversion of every pass: input.accumulation "
                                "`digital`"});
        }
    }
}

}  // namespace mho
