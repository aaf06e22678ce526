// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/comparison.h"

#include <gtest/gtest.h>

#include "mho/cost/published_chips.h"
#include "mho/net/zoo.h"
#include "mho/util/error.h"

namespace mho::cost {
namespace {

TEST(Comparison, ToolsDisagreeByFactorsOnOneAdc) {
    const std::vector<ToolConverter> tools = compare_adcs(8, 28, 256);
    ASSERT_EQ(tools.size(), 7u);
    for (const ToolConverter& t : tools) {
        EXPECT_GT(t.energy_pj, 0) << t.tool;
        EXPECT_GT(t.area_um2, 0) << t.tool;
        EXPECT_FALSE(t.source.empty()) << t.tool;
    }
    // The closed form at its own node and 0.88 V: (800 + 65.5) fF V^2.
    EXPECT_NEAR(tools[4].energy_pj, 0.8655 * 0.88 * 0.88, 1e-3);
    EXPECT_GT(energy_spread(tools), 2);
    EXPECT_EQ(compare_adcs(8, 90, 256).size(), 5u);  // beyond the fits of NeuroSim
}

TEST(Comparison, AdderByTwoWays) {
    const std::vector<ToolConverter> adders = compare_adders(32, 28);
    ASSERT_EQ(adders.size(), 2u);
    // 32 full adders of 4.2 fF at 0.88 V.
    EXPECT_NEAR(adders[1].energy_pj, 32 * 4.2e-3 * 0.88 * 0.88, 1e-9);
    EXPECT_LT(adders[0].energy_pj, 0.21);
    EXPECT_GT(energy_spread(adders), 1);
}

TEST(Comparison, EveryPresetCostsTheSameLayer) {
    InputSpec input;
    input.shape = {1, 4, 4};
    const Network network = map_to_hardware(initialize(mlp({16, 8, 4}, input), 1), {});
    const NetworkActivity activity = average_activity(network, {});
    const std::vector<ToolLayer> tools = compare_presets(network, activity, {}, "fc1");
    EXPECT_EQ(tools.size(), 8u);
    for (const ToolLayer& t : tools) {
        EXPECT_GT(t.energy_pj, 0) << t.preset;
        EXPECT_GT(t.latency_ns, 0) << t.preset;
        EXPECT_FALSE(t.source.empty()) << t.preset;
    }
    EXPECT_THROW(compare_presets(network, activity, {}, "fc9"), InputError);
}

TEST(PublishedChips, NameTheirSources) {
    for (const PublishedChip& chip : published_chips()) {
        EXPECT_GT(chip.tops_per_w, 0) << chip.name;
        EXPECT_FALSE(chip.source.empty()) << chip.name;
    }
}

}  // namespace
}  // namespace mho::cost
