// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/modified_grid.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "mho/adapt/clip_remap.h"
#include "mho/util/error.h"

namespace mho {

void set_modified_weights(TileGrid& grid,
                          const WeightModifier& modifier,
                          ConstFloatView weights,
                          FloatView modified,
                          uint64_t step,
                          std::span<const float> largest) {
    if (weights.rows != grid.outputs() || weights.cols != grid.inputs() ||
        modified.rows != weights.rows || modified.cols != weights.cols) {
        throw InputError("layer " + grid.layer_path() +
                         ": weights and modified weights must have the shape of the grid");
    }
    for (size_t r = 0; r < grid.output_pieces(); r++) {
        for (size_t c = 0; c < grid.input_pieces(); c++) {
            const size_t row = grid.output_offsets()[r];
            const size_t rows = grid.output_offsets()[r + 1] - row;
            const size_t col = grid.input_offsets()[c];
            const size_t cols = grid.input_offsets()[c + 1] - col;
            Tile& tile = grid.tile(r, c);
            const size_t number = r * grid.input_pieces() + c;
            WeightModification draw(modifier,
                                    weights.row_block(row, rows).column_block(col, cols),
                                    tile.key(),
                                    step,
                                    number < largest.size()
                                        ? largest[number]
                                        : std::numeric_limits<float>::quiet_NaN());
            const FloatView all = modified.row_block(row, rows).column_block(col, cols);
            tile.set_weights_from([&](size_t first, size_t count) -> ConstFloatView {
                const FloatView some = all.row_block(first, count);
                draw.write(first, some);
                return some;
            });
        }
    }
}

std::vector<float> clip_and_remap(const TileGrid& grid,
                                  const WeightClip& clip,
                                  const WeightRemap& remap,
                                  FloatView weights,
                                  FloatView mapping,
                                  FloatView learned) {
    std::vector<float> largest;
    std::vector<float> scales;
    for (size_t r = 0; r < grid.output_pieces(); r++) {
        const size_t row = grid.output_offsets()[r];
        const size_t rows = grid.output_offsets()[r + 1] - row;
        for (size_t c = 0; c < grid.input_pieces(); c++) {
            const size_t col = grid.input_offsets()[c];
            const FloatView tile =
                weights.row_block(row, rows).column_block(col, grid.input_offsets()[c + 1] - col);
            const std::optional<float> clipped = clip_weights(clip, tile);
            if (remap.kind == RemapKind::kNone) {
                largest.push_back(clipped.value_or(std::numeric_limits<float>::quiet_NaN()));
                continue;
            }
            largest.push_back(std::numeric_limits<float>::quiet_NaN());
            scales.resize(rows);
            for (size_t i = 0; i < rows; i++) {
                scales[i] = mapping(c, row + i) * learned(c, row + i);
                learned(c, row + i) = 1.0f;
            }
            remap_weights(remap, tile, scales);
            std::copy(scales.begin(), scales.end(), mapping.row(c) + row);
        }
    }
    return largest;
}

}  // namespace mho
