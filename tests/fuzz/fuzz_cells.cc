// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "fuzz.h"
#include "mho/device/cell.h"
#include "mho/device/cell_table.h"
#include "mho/device/stuck_map.h"

// Tables of cells and maps of defects: what is accepted gives finite conductances.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        try {
            const StuckMap map = parse_stuck_map(input, "fuzz");
            std::vector<float> g(12, 0.5f);
            map.apply(0, 3, 4, make_tile_key(1, "fuzz"), g.data());
            fuzz::require(
                std::all_of(g.begin(), g.end(), [](float v) { return v >= 0 && v <= 1; }));
        } catch (const Error&) {
        }
        CellConfig config;
        config.model = parse_cell_table(input, "fuzz");
        const Cell cell(config);
        const std::vector<float> states = {0.0f, 0.1f, 0.5f, 1.0f};
        std::vector<float> g(states.size());
        cell.write(states, 1e5, {}, make_tile_key(1, "fuzz"), 0, 0, g);
        for (const float v : g) {
            fuzz::require(std::isfinite(v) && v >= 0);
            fuzz::require(std::isfinite(cell.read_std(double{v})));
        }
        fuzz::require(std::isfinite(cell.shape(0.7)));
    });
}
