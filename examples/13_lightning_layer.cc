// The hardware-aware layer of aihwkit-lightning as a configuration: weights clipped to 2.5 standard
// deviations and noisy in training, 8-bit inputs over a learned range, static 8-bit converters.
#include <cmath>
#include <cstdio>

#include "mho/adapt/lightning.h"

int main() {
    mho::LightningLayer layer;
    layer.range = mho::LightningRange::kLearned;
    layer.initial_range = 3.0;
    layer.init_batches = 1;
    layer.init_std_factor = 3.0;
    layer.input_steps = 254;
    layer.output_steps = 254;
    layer.output_bound = 10;
    layer.clip = mho::LightningClip::kLayerGaussian;
    layer.clip_sigma = 2.5;
    layer.weight_noise_scope = mho::LightningScope::kPerChannel;
    layer.weight_noise = 0.03;

    mho::Matrix<float> w(8, 32), x(64, 32), y(64, 8), exact(64, 8), ones(64, 8, 1.0f);
    mho::fill_normal({1}, mho::Stream::kInitialWeights, 0, 0, w.values);
    mho::fill_normal({2}, mho::Stream::kInitialWeights, 0, 0, x.values);
    for (size_t r = 0; r < x.rows; r++) {
        for (size_t i = 0; i < w.rows; i++) {
            for (size_t j = 0; j < w.cols; j++) {
                exact(r, i) += w(i, j) * x(r, j);
            }
        }
    }
    const auto error = [&] {
        double of = 0, all = 0;
        for (size_t k = 0; k < y.values.size(); k++) {
            of += std::pow(y.values[k] - exact.values[k], 2);
            all += std::pow(exact.values[k], 2);
        }
        return 100 * std::sqrt(of / all);
    };
    mho::LightningState state = mho::lightning_state(layer, w.view());
    mho::LightningRecord record;
    const mho::LightningCall training{.training = true, .key = mho::make_tile_key(1, "layer")};
    mho::lightning_forward(layer, w.view(), {}, x.view(), y.view(), state, training, &record);
    std::printf("input range %.2f; error in training %.1f %%\n", state.ranges[0], error());
    const mho::LightningGradients g =
        mho::lightning_backward(layer, w.view(), x.view(), ones.view(), state, record);
    std::printf("gradients: %zu of inputs, %zu of weights, %zu of ranges\n",
                g.inputs.values.size(),
                g.weights.values.size(),
                g.ranges.size());
    mho::lightning_clip_weights(layer, w.view());
    mho::lightning_forward(layer, w.view(), {}, x.view(), y.view(), state, {});
    std::printf("error in evaluation, weights clipped: %.1f %%\n", error());
}
