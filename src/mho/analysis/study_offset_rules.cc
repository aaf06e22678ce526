// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_offset_rules.h"

namespace mho {

LearnerConfig offset_rule(OffsetRule rule, const OffsetResolution& resolution, double offset) {
    SoftBoundsReference slow;
    slow.dw_min = 2.0 / resolution.states;
    slow.dw_min_std = 0.3;
    slow.dw_min_dtod = 0.3;
    slow.up_down_dtod = 0.1;
    slow.w_max = 1;
    slow.w_min = -1;
    slow.subtract_symmetry_point = true;
    SoftBoundsReference fast = slow;
    fast.reference_std = offset;
    const auto settings = [&](auto c) {
        c.devices = {fast, slow};
        c.auto_scale = true;
        c.fast_rate = resolution.fast_rate;
        c.auto_granularity = 1500;
        c.update.desired_length = resolution.fast_length;
        c.transfer_update.desired_length = resolution.write_length;
        return c;
    };
    switch (rule) {
        case kAgad: {
            Agad c = settings(Agad{});
            c.input_chop_probability = 0.1;
            return c;
        }
        case kPlain: {
            AnalogSgd c;
            c.device = fast;
            return c;
        }
        default: {
            ChoppedTikiTaka c = settings(ChoppedTikiTaka{});
            c.input_chop_probability = rule == kTtv2 ? 0.0 : 0.5;
            c.input_chop_random = rule != kChoppedRegularly;
            if (rule == kChoppedHigh) {
                c.auto_granularity *= 3;
            }
            return c;
        }
    }
}

}  // namespace mho
