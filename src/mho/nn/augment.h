// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_AUGMENT_H
#define MHO_NN_AUGMENT_H

#include <cstdint>

#include "mho/analysis/train_config.h"
#include "mho/random/stream.h"

namespace mho {

struct ImageShape {
    int channels = 1;
    int height = 1;
    int width = 1;
};

/// Copies one picture as numbers 0 ... 255: moved by (dy, dx) pixels, zeros moving in, then
/// mirrored left to right if `flip`.
void copy_moved(const uint8_t* from, const ImageShape& shape, int dy, int dx, bool flip, float* to);

/// How the picture at place `place` of epoch `epoch` is changed.
struct PictureMove {
    int dy = 0;
    int dx = 0;
    bool flip = false;
};
PictureMove draw_move(const TrainConfig& config, TileKey key, uint64_t epoch, uint64_t place);

}  // namespace mho

#endif  // MHO_NN_AUGMENT_H
