// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/convert/uniform.h"

#include <algorithm>
#include <cmath>

namespace mho {
namespace {

void check_grid(double bound,
                double steps,
                const std::string& path,
                std::vector<Problem>& problems) {
    if (bound == 0 && steps != 0) {
        problems.push_back(
            {join_path(path, "steps"),
             "must be 0 when the bound is 0 (unlimited): without a full scale there is "
             "no step"});
    }
    if (steps > 0 && steps < 1) {
        problems.push_back(
            {join_path(path, "steps"), "must be 0 (no rounding) or at least 1; 8 bit is 254"});
    }
}

}  // namespace

void Dac::check(const std::string& path, std::vector<Problem>& problems) const {
    check_grid(bound, steps, path, problems);
}

void Adc::check(const std::string& path, std::vector<Problem>& problems) const {
    check_grid(bound, steps, path, problems);
}

float converter_step(double bound, double steps) {
    if (steps <= 0 || bound <= 0) {
        return 0.0f;
    }
    return static_cast<float>(1.0 / steps) * 2.0f * static_cast<float>(bound);
}

float convert_value(float value, float step, float bound, float offset) {
    if (step > 0) {
        value = std::nearbyint(value / step + offset) * step;
    }
    return bound > 0 ? std::min(std::max(value, -bound), bound) : value;
}

}  // namespace mho
