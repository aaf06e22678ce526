// How wide should the input range of a layer be? Ranges by quantile of the inputs of a layer that
// has outliers: too wide wastes converter steps and drowns in noise, too narrow cuts signal off.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "mho/tile/grid.h"

int main() {
    constexpr size_t kSize = 128, kVectors = 256;
    const mho::TileKey key = mho::make_tile_key(5, "example");
    mho::Matrix<float> w(kSize, kSize), x(kVectors, kSize), y(kVectors, kSize);
    mho::fill_normal(key, mho::Stream::kInitialWeights, 0, 0, w.values);
    mho::fill_normal(key, mho::Stream::kInitialWeights, 1, 0, x.values);
    for (float& v : x.values) {
        v = v * v * v;  // many small inputs, a few large ones
    }
    const mho::MappedWeights mapped = mho::map_weights(mho::Mapping{}, w.view());
    std::vector<float> sorted;
    for (const float v : x.values) {
        sorted.push_back(std::fabs(v));
    }
    std::sort(sorted.begin(), sorted.end());

    mho::Tile tile({}, kSize, kSize, key);
    tile.program(mapped.weights.view());
    tile.advance_to(1.0);
    mho::MvmScratch scratch;
    for (const double quantile : {1.0, 0.9995, 0.99, 0.9, 0.7}) {
        const auto last = static_cast<double>(sorted.size() - 1);
        const float range = sorted[static_cast<size_t>(quantile * last)];
        mho::Matrix<float> scaled = x;
        for (float& v : scaled.values) {
            v = std::clamp(v / range, -1.0f, 1.0f);
        }
        tile.apply(scaled.view(), y.view(), {}, scratch);
        double error = 0, exact = 0;
        for (size_t r = 0; r < kVectors; r++) {
            for (size_t o = 0; o < kSize; o++) {
                double sum = 0;
                for (size_t i = 0; i < kSize; i++) {
                    sum += double{w(o, i)} * x(r, i);
                }
                const double is = double{range} * mapped.scales(0, o) * y(r, o);
                error += (is - sum) * (is - sum);
                exact += sum * sum;
            }
        }
        std::printf("quantile %6.4f: range %6.2f, error %5.1f %%\n",
                    quantile,
                    range,
                    100 * std::sqrt(error / exact));
    }
}
