// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/augment.h"

#include <algorithm>
#include <array>

namespace mho {

void copy_moved(
    const uint8_t* from, const ImageShape& shape, int dy, int dx, bool flip, float* to) {
    for (int c = 0; c < shape.channels; c++) {
        for (int y = 0; y < shape.height; y++) {
            float* row = to + (static_cast<ptrdiff_t>(c) * shape.height + y) * shape.width;
            const int source_y = y - dy;
            if (source_y < 0 || source_y >= shape.height) {
                std::fill_n(row, shape.width, 0.0f);
                continue;
            }
            const uint8_t* source =
                from + (static_cast<ptrdiff_t>(c) * shape.height + source_y) * shape.width;
            if (dx == 0 && !flip) {
                std::copy_n(source, shape.width, row);
                continue;
            }
            for (int x = 0; x < shape.width; x++) {
                const int source_x = (flip ? shape.width - 1 - x : x) - dx;
                row[x] = source_x >= 0 && source_x < shape.width
                             ? static_cast<float>(source[source_x])
                             : 0.0f;
            }
        }
    }
}

PictureMove draw_move(const TrainConfig& config, TileKey key, uint64_t epoch, uint64_t place) {
    PictureMove move;
    if (config.augmentation == AugmentationKind::kNone) {
        return move;
    }
    std::array<float, 3> u{};
    fill_uniform(key, Stream::kAugmentation, epoch, place * u.size(), u);
    const int choices = 2 * config.max_shift + 1;
    const auto shift = [&](float v) {
        return std::min(static_cast<int>(v * static_cast<float>(choices)), choices - 1) -
               config.max_shift;
    };
    move.dy = shift(u[0]);
    move.dx = shift(u[1]);
    move.flip = config.augmentation == AugmentationKind::kShiftAndFlip && u[2] < 0.5f;
    return move;
}

}  // namespace mho
