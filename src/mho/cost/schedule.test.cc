// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "mho/util/error.h"

namespace mho::cost {
namespace {

// A chain of stages, each on a tile of its own.
std::vector<Stage> chain(const std::vector<double>& durations) {
    std::vector<Stage> stages;
    for (size_t s = 0; s < durations.size(); s++) {
        Stage stage;
        stage.duration_ns = durations[s];
        stage.tiles = 1;
        stage.resources = {s};
        if (s > 0) {
            stage.inputs = {s - 1};
        }
        stages.push_back(stage);
    }
    return stages;
}

TEST(Schedule, SequentialTakesTheSum) {
    const Schedule s = schedule(chain({30, 50, 20}), ScheduleMode::kSequential, 5);
    EXPECT_DOUBLE_EQ(s.latency_ns, 100);
    EXPECT_DOUBLE_EQ(s.interval_ns, 100);
    EXPECT_DOUBLE_EQ(s.utilisation[1], 0.5);
}

TEST(Schedule, PipelineTakesTheSlowestStage) {
    const Schedule s = schedule(chain({30, 50, 20}), ScheduleMode::kPipeline, 9);
    EXPECT_DOUBLE_EQ(s.latency_ns, 100);
    EXPECT_DOUBLE_EQ(s.interval_ns, 50);
    EXPECT_DOUBLE_EQ(s.utilisation[0], 0.6);
    EXPECT_DOUBLE_EQ(s.utilisation[1], 1.0);
    EXPECT_DOUBLE_EQ(s.tile_utilisation[2], 0.4);
}

TEST(Schedule, StagesOnOneTileTakeTurns) {
    std::vector<Stage> stages = chain({30, 50, 20});
    stages[2].resources = {1};
    const Schedule s = schedule(stages, ScheduleMode::kPipeline, 20);
    EXPECT_DOUBLE_EQ(s.latency_ns, 100);
    EXPECT_DOUBLE_EQ(s.interval_ns, 70);
    EXPECT_DOUBLE_EQ(s.tile_utilisation[1], 1.0);
    // Never two at once.
    std::vector<Interval> busy;
    for (const auto& sample : s.stages) {
        busy.push_back(sample[1]);
        busy.push_back(sample[2]);
    }
    std::sort(busy.begin(), busy.end(), [](auto& a, auto& b) { return a.start_ns < b.start_ns; });
    for (size_t i = 0; i + 1 < busy.size(); i++) {
        EXPECT_LE(busy[i].end_ns, busy[i + 1].start_ns);
    }
}

TEST(Schedule, BranchesRunSideBySide) {
    // 0 -> 1, 0 -> 2, both -> 3.
    std::vector<Stage> stages = chain({10, 40, 25, 5});
    stages[2].inputs = {0};
    stages[3].inputs = {1, 2};
    EXPECT_DOUBLE_EQ(schedule(stages, ScheduleMode::kPipeline, 2).latency_ns, 55);
    EXPECT_DOUBLE_EQ(schedule(stages, ScheduleMode::kSequential, 2).latency_ns, 80);
}

TEST(Schedule, LinesOverlapWithinASample) {
    std::vector<Stage> stages = chain({100, 100});
    stages[1].input_share = 0.1;
    const Schedule s = schedule(stages, ScheduleMode::kLinePipeline, 4);
    EXPECT_DOUBLE_EQ(s.latency_ns, 110);
    // A slow layer first: what needs its last lines is left for the end.
    stages[1].duration_ns = 20;
    EXPECT_DOUBLE_EQ(schedule(stages, ScheduleMode::kLinePipeline, 4).latency_ns, 102);
    // A layer that needs everything starts at the end.
    stages[1].input_share = 1;
    EXPECT_DOUBLE_EQ(schedule(stages, ScheduleMode::kLinePipeline, 4).latency_ns, 120);
}

TEST(Schedule, NothingStartsBeforeItsInputs) {
    std::vector<Stage> stages = chain({7, 3, 11, 5, 2});
    stages[3].inputs = {1};
    stages[4].inputs = {2, 3};
    stages[3].resources = {0};
    const Schedule s = schedule(stages, ScheduleMode::kPipeline, 12);
    for (const auto& sample : s.stages) {
        for (size_t i = 0; i < stages.size(); i++) {
            EXPECT_NEAR(sample[i].end_ns - sample[i].start_ns, stages[i].busy_ns(), 1e-9);
            for (const size_t input : stages[i].inputs) {
                EXPECT_GE(sample[i].start_ns, sample[input].end_ns);
            }
        }
    }
}

TEST(Schedule, CopiesGoToTheSlowestStage) {
    std::vector<Stage> stages = chain({100, 10, 40});
    stages[0].tiles = 2;
    // 4 tiles for one copy of all; 100 -> 50 (6 tiles) -> 33 (8 tiles); then 40 -> 20 (9 tiles);
    // the slowest, 33 again, does not fit any more.
    EXPECT_EQ(balance(stages, 10), 9u);
    EXPECT_EQ(stages[0].copies, 3u);
    EXPECT_EQ(stages[1].copies, 1u);
    EXPECT_EQ(stages[2].copies, 2u);
}

TEST(Schedule, MoreTilesAreNeverSlower) {
    double last = 1e9;
    for (size_t tiles = 3; tiles < 30; tiles++) {
        std::vector<Stage> stages = chain({100, 10, 40});
        EXPECT_LE(balance(stages, tiles), tiles);
        for (Stage& s : stages) {
            s.resources.clear();
        }
        const double now = schedule(stages, ScheduleMode::kPipeline, 16).interval_ns;
        EXPECT_LE(now, last);
        last = now;
    }
    EXPECT_LT(last, 12);
}

TEST(Schedule, TooFewTilesAreAnError) {
    std::vector<Stage> stages = chain({1, 1, 1});
    EXPECT_THROW(balance(stages, 2), ConfigError);
}

TEST(Schedule, NonsenseIsRefused) {
    std::vector<Stage> stages = chain({1, 1});
    stages[0].inputs = {1};
    EXPECT_THROW(schedule(stages, ScheduleMode::kPipeline, 2), InputError);
    EXPECT_THROW(schedule(chain({1}), ScheduleMode::kPipeline, 0), InputError);
    EXPECT_TRUE(schedule({}, ScheduleMode::kPipeline, 3).stages.empty());
}

TEST(Place, SmallPiecesShareATile) {
    const std::vector<Piece> pieces = {{0, 64, 32}, {1, 64, 32}, {2, 32, 64}, {3, 100, 100}};
    const std::vector<size_t> tiles = place(pieces, 128, 128);
    EXPECT_EQ(tiles[0], tiles[1]);
    EXPECT_EQ(std::set<size_t>(tiles.begin(), tiles.end()).size(), 2u);
    EXPECT_THROW(place({{0, 129, 1}}, 128, 128), InputError);
}

TEST(Place, NoTileHoldsMoreCellsThanItHas) {
    std::vector<Piece> pieces;
    for (size_t i = 0; i < 200; i++) {
        pieces.push_back({i, 1 + (i * 37) % 90, 1 + (i * 53) % 100});
    }
    const std::vector<size_t> tiles = place(pieces, 100, 100);
    std::vector<size_t> cells(pieces.size(), 0);
    for (size_t i = 0; i < pieces.size(); i++) {
        cells[tiles[i]] += pieces[i].rows * pieces[i].columns;
    }
    for (const size_t c : cells) {
        EXPECT_LE(c, 10000u);
    }
}

}  // namespace
}  // namespace mho::cost
