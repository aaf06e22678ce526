// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/update_cost.h"

#include <gtest/gtest.h>

#include "mho/net/zoo.h"

namespace mho::cost {
namespace {

TEST(UpdateCost, TimesOfWuAndOthers) {
    // arXiv 2502.06309: an update of analog SGD takes 165.9 ns, one of residual learning 371.8 ns,
    // a pass 40 ns.
    InputSpec input;
    input.shape = {1, 28, 28};
    const Graph graph = mlp({784, 256, 10}, input);
    AnalogSgd sgd;
    sgd.update.desired_length = 32;
    std::vector<LayerUpdate> layers = update_costs(graph, {}, sgd, 1, {});
    ASSERT_EQ(layers.size(), 2u);
    EXPECT_EQ(layers[0].tile_rows, 256u);
    EXPECT_EQ(layers[0].tile_columns, 392u);  // 784 in two pieces of at most 512
    EXPECT_NEAR(layers[0].update_ns, 165.9, 1e-9);
    EXPECT_NEAR(training_sample_ns(layers), 2 * (165.9 + 80), 1e-9);
    EXPECT_EQ(layers[0].energy_pj, 0);
    ResidualLearning rl;
    rl.update.desired_length = 32;
    rl.transfer_update.desired_length = 32;
    rl.transfer_every = 1;
    rl.transfer_in_batches = false;
    EXPECT_NEAR(update_costs(graph, {}, rl, 1, {})[0].update_ns, 371.8, 1e-9);
}

TEST(UpdateCost, EveryPositionOfAConvolutionIsAnUpdate) {
    InputSpec input;
    input.shape = {1, 28, 28};
    const Graph graph = lenet5(input);
    AnalogSgd sgd;
    UpdateCost cost;
    cost.pulse_pj = 2;
    cost.pulses_per_cell = 0.5;
    const std::vector<LayerUpdate> layers = update_costs(graph, {}, sgd, 1, cost);
    EXPECT_EQ(layers[0].vectors, 24 * 24);
    // 8 x 25 weights, half a pulse of 2 pJ each.
    EXPECT_DOUBLE_EQ(layers[0].energy_pj, 24 * 24 * 8 * 25 * 0.5 * 2);
}

}  // namespace
}  // namespace mho::cost
