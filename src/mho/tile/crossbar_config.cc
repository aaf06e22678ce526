// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/crossbar_config.h"

namespace mho {

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
