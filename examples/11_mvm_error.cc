// The error of one product on a 512 x 512 tile over time: the first figure of every paper.
#include <cstdio>

#include "mho/analysis/mvm_problem.h"

int main() {
    const mho::MvmProblem problem = mho::random_mvm_problem(1, "example", 0, 512, 64);
    mho::Tile tile({}, 512, 512, mho::make_tile_key(1, "example tile"));
    tile.program(problem.mapped.weights.view());
    for (const double time_s : {1.0, 3600.0, 86400.0, 365 * 86400.0}) {
        tile.advance_to(time_s);
        tile.use_compensation(true);
        const double compensated = mho::mvm_error(tile, problem, 0);
        tile.use_compensation(false);
        std::printf("after %8.0f s: error %4.1f %%, without drift compensation %4.1f %%\n",
                    time_s,
                    100 * compensated,
                    100 * mho::mvm_error(tile, problem, 0));
    }
}
