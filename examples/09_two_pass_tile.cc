// A tile of your own, made of one of mho's: positive and negative inputs pass the array one after
// the other, and the difference is taken digitally, as some chips do it.
#include <cmath>
#include <cstdio>

#include "mho/tile/tile.h"

class TwoPassTile {
  public:
    TwoPassTile(const mho::TileConfig& hardware, size_t outputs, size_t inputs, mho::TileKey key)
        : tile_(hardware, outputs, inputs, key) {}

    void program(mho::ConstFloatView weights) { tile_.program(weights); }
    void advance_to(double time_s) { tile_.advance_to(time_s); }

    void apply(mho::ConstFloatView x, mho::FloatView y, uint64_t step) {
        mho::Matrix<float> half(x.rows, x.cols), part(y.rows, y.cols);
        for (const float sign : {1.0f, -1.0f}) {
            for (size_t r = 0; r < x.rows; r++) {
                for (size_t i = 0; i < x.cols; i++) {
                    half(r, i) = std::fmax(sign * x(r, i), 0.0f);
                }
            }
            mho::MvmCall call;
            call.key.step = 2 * step + (sign < 0 ? 1 : 0);  // each pass has noise of its own
            tile_.apply(half.view(), part.view(), call, scratch_);
            for (size_t r = 0; r < y.rows; r++) {
                for (size_t o = 0; o < y.cols; o++) {
                    y(r, o) = (sign > 0 ? 0.0f : y(r, o)) + sign * part(r, o);
                }
            }
        }
    }

  private:
    mho::Tile tile_;
    mho::MvmScratch scratch_;
};

int main() {
    TwoPassTile tile({}, 2, 3, mho::make_tile_key(1, "example"));
    mho::Matrix<float> weights(2, 3), x(1, 3), y(1, 2);
    weights.values = {0.5f, -1.0f, 0.25f, 1.0f, 0.125f, -0.5f};
    x.values = {1.0f, 0.5f, -0.25f};  // exact: -0.0625 and 1.1875
    tile.program(weights.view());
    for (const double time_s : {1.0, 86400.0}) {
        tile.advance_to(time_s);
        tile.apply(x.view(), y.view(), 0);
        std::printf("after %5.0f s: %7.4f %7.4f\n", time_s, y(0, 0), y(0, 1));
    }
}
