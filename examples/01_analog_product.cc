// A matrix-vector product on one analog tile: program it, read it, wait a year, read it again.
#include <cstdio>

#include "mho/tile/tile.h"

int main() {
    mho::TileConfig hardware;  // the standard AIMC model on phase-change memory
    mho::Tile tile(
        hardware, /*outputs=*/2, /*inputs=*/3, mho::make_tile_key(/*seed=*/1, "example"));

    mho::Matrix<float> weights(2, 3);
    weights.values = {0.5f, -1.0f, 0.25f, 1.0f, 0.125f, -0.5f};
    mho::Matrix<float> x(1, 3), y(1, 2);
    x.values = {1.0f, 0.5f, -0.25f};  // exact: -0.0625 and 1.1875

    mho::MvmScratch scratch;
    tile.program(weights.view());
    for (const double time_s : {1.0, 86400.0, 3.15e7}) {
        tile.advance_to(time_s);
        tile.apply(x.view(), y.view(), {}, scratch);
        std::printf("after %9.0f s: %7.4f %7.4f\n", time_s, y(0, 0), y(0, 1));
    }
}
