// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/analysis/sweep.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const Sweep sweep = parse_sweep(std::string(input), "fuzz");
        const std::vector<SweepPoint> points = sweep_points(sweep);
        fuzz::require(points.size() <= kMaxSweepPoints);
        for (const SweepPoint& p : points) {
            fuzz::require(p.values.size() == sweep.parameters.size());
        }
    });
}
