// A drift compensation of your own: from the root mean square of the responses instead of their
// mean, so that the large weights, which carry most of the signal, count for more.
#include <cmath>
#include <cstdio>
#include <memory>

#include "mho/tile/tile.h"

class PowerCompensation : public mho::CompensationLaw {
  public:
    std::vector<double> read(mho::ConstFloatView outputs) const override {
        double sum = 0.0;
        for (size_t input = 0; input < outputs.rows; input++) {
            for (size_t output = 0; output < outputs.cols; output++) {
                sum += double{outputs(input, output)} * outputs(input, output);
            }
        }
        return {std::fmax(std::sqrt(sum), 1e-4)};
    }
    std::vector<double> factors(std::span<const double> baseline,
                                std::span<const double> present) const override {
        return {baseline[0] / present[0]};
    }
};

int main() {
    mho::TileConfig hardware;
    hardware.user_compensation = std::make_shared<PowerCompensation>();

    mho::Tile tile(hardware, 64, 64, mho::make_tile_key(7, "example"));
    mho::Matrix<float> weights(64, 64);
    for (size_t i = 0; i < weights.values.size(); i++) {
        weights.values[i] = static_cast<float>(i % 127) / 63.0f - 1.0f;
    }
    tile.program(weights.view());
    for (const double time_s : {1.0, 3600.0, 86400.0}) {
        tile.advance_to(time_s);
        std::printf("after %5.0f s: outputs times %.3f\n", time_s, tile.compensation()[0]);
    }
}
