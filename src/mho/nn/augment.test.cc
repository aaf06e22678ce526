// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <vector>

#include "mho/nn/optimizer.h"

namespace mho {
namespace {

TEST(Augment, MovesAndMirrors) {
    const std::vector<uint8_t> picture = {1, 2, 3, 4, 5, 6};  // 2 x 3
    const ImageShape shape{1, 2, 3};
    std::vector<float> to(6);
    copy_moved(picture.data(), shape, 0, 0, false, to.data());
    EXPECT_EQ(to, (std::vector<float>{1, 2, 3, 4, 5, 6}));
    copy_moved(picture.data(), shape, 1, -1, false, to.data());
    EXPECT_EQ(to, (std::vector<float>{0, 0, 0, 2, 3, 0}));
    copy_moved(picture.data(), shape, 0, 1, true, to.data());
    EXPECT_EQ(to, (std::vector<float>{2, 1, 0, 5, 4, 0}));
}

TEST(Augment, DrawsAreUniformAndKeyed) {
    TrainConfig config;
    const TileKey key = make_tile_key(3, "augmentation");
    EXPECT_EQ(draw_move(config, key, 0, 5).dx, 0);
    config.augmentation = AugmentationKind::kShiftAndFlip;
    std::map<int, int> seen;
    int flips = 0;
    constexpr int kDraws = 5000;
    for (int i = 0; i < kDraws; i++) {
        const PictureMove move = draw_move(config, key, 1, static_cast<uint64_t>(i));
        seen[move.dx]++;
        flips += move.flip;
        EXPECT_EQ(move.dy, draw_move(config, key, 1, static_cast<uint64_t>(i)).dy);
    }
    ASSERT_EQ(seen.size(), 5U);
    for (const auto& [shift, count] : seen) {
        EXPECT_NEAR(count, kDraws * 0.2, 5.5 * std::sqrt(kDraws * 0.16));
    }
    EXPECT_NEAR(flips, kDraws * 0.5, 5.5 * std::sqrt(kDraws * 0.25));
}

TEST(Schedule, Shapes) {
    Schedule s;
    EXPECT_EQ(schedule_factor(s, 77, 10, 10), 1.0);
    s.kind = ScheduleKind::kStep;
    s.at_epochs = {2, 4};
    EXPECT_EQ(schedule_factor(s, 19, 10, 10), 1.0);
    EXPECT_DOUBLE_EQ(schedule_factor(s, 20, 10, 10), 0.1);
    EXPECT_DOUBLE_EQ(schedule_factor(s, 45, 10, 10), 0.01);
    s.kind = ScheduleKind::kCosine;
    s.final_factor = 0.2;
    EXPECT_DOUBLE_EQ(schedule_factor(s, 0, 10, 10), 1.0);
    EXPECT_DOUBLE_EQ(schedule_factor(s, 99, 10, 10), 0.2);
    s.kind = ScheduleKind::kOneCycle;
    EXPECT_NEAR(schedule_factor(s, 0, 10, 10), 0.04, 1e-12);
    EXPECT_DOUBLE_EQ(schedule_factor(s, 29, 10, 10), 1.0);
    EXPECT_DOUBLE_EQ(schedule_factor(s, 99, 10, 10), 0.2);
}

}  // namespace
}  // namespace mho
