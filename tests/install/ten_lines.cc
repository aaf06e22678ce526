// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>

#include "mho/tile/tile.h"

int main() {
    mho::Tile tile(mho::TileConfig{}, 8, 16, mho::make_tile_key(1, "layer"));
    mho::Matrix<float> w(8, 16), x(1, 16), exact(1, 8), y(1, 8);
    mho::fill_uniform(mho::TileKey{1}, mho::Stream::kTest, 0, 0, w.values);
    mho::fill_uniform(mho::TileKey{2}, mho::Stream::kTest, 0, 0, x.values);
    double error = 0, norm = 0;
    tile.program(w.view());
    tile.advance_to(365 * 86400.0);
    mho::MvmScratch scratch;
    tile.apply(x.view(), y.view(), {}, scratch);
    for (size_t o = 0; o < 8; o++) {
        for (size_t i = 0; i < 16; i++) {
            exact(0, o) += w(o, i) * x(0, i);
        }
        error += std::pow(y(0, o) - exact(0, o), 2);
        norm += std::pow(exact(0, o), 2);
    }
    std::printf("relative error after a year: %.3f\n", std::sqrt(error / norm));
}
