// Which imperfection costs most? Each one alone made four times as strong as in the standard model.
#include <cstdio>

#include "mho/analysis/mvm_problem.h"

int main() {
    const mho::MvmProblem problem = mho::random_mvm_problem(1, "example", 0, 256, 64);
    const auto error = [&](const mho::TileConfig& hardware) {
        mho::Tile tile(hardware, 256, 256, mho::make_tile_key(1, "example tile"));
        tile.program(problem.mapped.weights.view());
        tile.advance_to(1.0);
        return 100 * mho::mvm_error(tile, problem, 0);
    };
    std::printf("standard model: error %.1f %%\n", error({}));
    for (const mho::StrengthKnob& knob : mho::strength_knobs()) {
        mho::TileConfig stronger;
        knob.set(stronger, 4);
        std::printf("%-34s %5.1f %%\n", knob.name.c_str(), error(stronger));
    }
}
