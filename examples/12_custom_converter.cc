// A mapping from weights to conductances of your own, one device for each weight around a middle
// conductance; the conductances of a programmed tile as CSV, and measured ones put back.
#include <cstdio>
#include <memory>
#include <string>

#include "mho/tile/conductance_csv.h"
#include "mho/tile/tile.h"

// Weight -1 at 0 uS, +1 at 10 uS.
class OffsetBinary : public mho::ConverterLaw {
  public:
    std::vector<double> slice_factors() const override { return {1.0}; }
    double g_max_us() const override { return 10.0; }
    double g_min_us() const override { return 0.0; }
    mho::ConductanceScale fit_scale(mho::ConstFloatView) const override {
        return {{5.0}, -1.0, {}};  // uS per weight, the weight at 0 uS
    }
    void to_slices(mho::ConstFloatView w,
                   const mho::ConductanceScale&,
                   std::vector<mho::Matrix<float>>& slices) const override {
        for (size_t r = 0; r < w.rows; r++) {
            for (size_t c = 0; c < w.cols; c++) {
                slices[0](r, c) = (w(r, c) + 1.0f) * 5.0f;
            }
        }
    }
    void to_weights(std::span<const mho::Matrix<float>> slices,
                    const mho::ConductanceScale&,
                    mho::FloatView w) const override {
        for (size_t r = 0; r < w.rows; r++) {
            for (size_t c = 0; c < w.cols; c++) {
                w(r, c) = slices[0](r, c) / 5.0f - 1.0f;
            }
        }
    }
};

int main() {
    mho::TileConfig hardware;
    hardware.converter = mho::UserConverter{"offset binary", std::make_shared<OffsetBinary>()};
    hardware.conductance = mho::PcmLike{.programming_noise_scale = 0};
    hardware.forward = mho::perfect_mvm();
    hardware.drift_compensation = mho::DriftCompensationKind::kNone;
    mho::Tile tile(hardware, 1, 2, mho::make_tile_key(1, "layer"));
    mho::Matrix<float> weights(1, 2);
    weights.values = {0.5f, -0.2f};
    tile.program(weights.view());
    std::printf("%s", mho::format_conductances(tile).c_str());

    const std::string measured =
        "tile_row,tile_col,slice,row,column,g_us\n"
        "0,0,0,0,0,7.25\n"
        "0,0,0,0,1,4.25\n";
    mho::parse_conductances(measured, "measured.csv", tile);
    const mho::Matrix<float> now = tile.weights();
    std::printf("weights as measured: %.2f %.2f\n", now(0, 0), now(0, 1));
}
