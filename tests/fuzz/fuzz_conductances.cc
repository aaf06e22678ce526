// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/tile/conductance_csv.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        TileConfig config;
        Tile tile(config, 3, 2, make_tile_key(1, "fuzz"));
        Matrix<float> weights(3, 2);
        weights.values = {0.5f, -0.25f, 1.0f, 0.0f, -1.0f, 0.125f};
        tile.program(weights.view());
        parse_conductances(input, "fuzz", tile);
        for (const float w : tile.weights().values) {
            fuzz::require(w - w == 0);
        }
    });
}
