// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/modified_grid.h"

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
            const size_t row = grid.output_offsets()[r];
            const size_t rows = grid.output_offsets()[r + 1] - row;
            const size_t col = grid.input_offsets()[c];
            const size_t cols = grid.input_offsets()[c + 1] - col;
            Tile& tile = grid.tile(r, c);
            WeightModification draw(
                modifier, weights.row_block(row, rows).column_block(col, cols), tile.key(), step);
            const FloatView all = modified.row_block(row, rows).column_block(col, cols);
            tile.set_weights_from([&](size_t first, size_t count) -> ConstFloatView {
                const FloatView some = all.row_block(first, count);
                draw.write(first, some);
                return some;
            });
        }
    }
}

}  // namespace mho
