// A conductance model of your own: cells that lose 2 % of their conductance per decade of time.
#include <cmath>
#include <cstdio>
#include <memory>

#include "mho/tile/tile.h"

class TwoPercentPerDecade : public mho::ConductanceLaw {
  public:
    void program(double g_max_us,
                 std::span<const float> target_us,
                 std::span<const float> programming_normal,
                 std::span<const float>,
                 std::span<float> programmed_us,
                 std::span<float> nu) const override {
        for (size_t i = 0; i < target_us.size(); i++) {
            const auto noise = static_cast<float>(0.01 * g_max_us) * programming_normal[i];
            programmed_us[i] = std::fmax(target_us[i] + noise, 0.0f);
            nu[i] = 0.02f;
        }
    }
    void at_time(double,
                 double t_s,
                 std::span<const float>,
                 std::span<const float> programmed_us,
                 std::span<const float> nu,
                 std::span<const float>,
                 std::span<const float>,
                 std::span<float> out_us) const override {
        const auto decades = static_cast<float>(std::log10(1.0 + t_s));
        for (size_t i = 0; i < out_us.size(); i++) {
            out_us[i] = programmed_us[i] * (1.0f - nu[i] * decades);
        }
    }
};

int main() {
    mho::TileConfig hardware;
    mho::UserConductance device;
    device.law_name = "two percent per decade";
    device.law = std::make_shared<TwoPercentPerDecade>();
    hardware.conductance = device;

    mho::Tile tile(hardware, 1, 2, mho::make_tile_key(7, "example"));
    mho::Matrix<float> weights(1, 2);
    weights.values = {1.0f, -0.5f};
    tile.program(weights.view());
    for (const double time_s : {1.0, 1e3, 1e6}) {
        tile.advance_to(time_s);
        const mho::Matrix<float> w = tile.weights();
        std::printf("after %7.0f s: weights %7.4f %7.4f, compensation %.4f\n",
                    time_s,
                    w(0, 0),
                    w(0, 1),
                    tile.compensation()[0]);
    }
}
