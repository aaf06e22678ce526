// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/modified_grid.h"

#include <algorithm>
#include <vector>

#include "mho/adapt/clip_remap.h"
#include "mho/util/error.h"

namespace mho {

void set_modified_weights(TileGrid& grid,
                          const WeightModifier& modifier,
                          ConstFloatView weights,
                          FloatView modified,
                          uint64_t step) {
    if (weights.rows != grid.outputs() || weights.cols != grid.inputs() ||
        modified.rows != weights.rows || modified.cols != weights.cols) {
        throw InputError("layer " + grid.layer_path() +
                         ": weights and modified weights must have the shape of the grid");
    }
    for (size_t r = 0; r < grid.output_pieces(); r++) {
        for (size_t c = 0; c < grid.input_pieces(); c++) {
            Tile& tile = grid.tile(r, c);
            WeightModification draw(modifier, grid.part(weights, r, c), tile.key(), step);
            const FloatView all = grid.part(modified, r, c);
            tile.set_weights_from([&](size_t first, size_t count) -> ConstFloatView {
                const FloatView some = all.row_block(first, count);
                draw.write(first, some);
                return some;
            });
        }
    }
}

void clip_and_remap(const TileGrid& grid,
                    const WeightClip& clip,
                    const WeightRemap& remap,
                    FloatView weights,
                    FloatView mapping,
                    FloatView learned) {
    std::vector<float> scales;
    for (size_t r = 0; r < grid.output_pieces(); r++) {
        for (size_t c = 0; c < grid.input_pieces(); c++) {
            const FloatView tile = grid.part(weights, r, c);
            clip_weights(clip, tile);
            if (remap.kind == RemapKind::kNone) {
                continue;
            }
            const size_t row = grid.output_offsets()[r];
            scales.resize(tile.rows);
            for (size_t i = 0; i < tile.rows; i++) {
                scales[i] = mapping(c, row + i) * learned(c, row + i);
                learned(c, row + i) = 1.0f;
            }
            remap_weights(remap, tile, scales);
            std::copy(scales.begin(), scales.end(), mapping.row(c) + row);
        }
    }
}

}  // namespace mho
