// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/evaluation_log.h"

#include <gtest/gtest.h>

#include "mho/analysis/test_support.h"
#include "mho/io/file.h"

namespace mho {
namespace {

TEST(EvaluationLog, RemembersForTheSameConfigurationOnly) {
    const ScratchFolder folder;
    {
        EvaluationLog log(folder.path(), 17, false);
        EXPECT_EQ(log.find("a"), std::nullopt);
        log.add("a", 3);
        log.add("b|1 day", 0);
        EXPECT_EQ(log.find("a"), 3u);
    }
    EXPECT_EQ(EvaluationLog(folder.path(), 17, true).find("a"), 3u);
    EXPECT_EQ(EvaluationLog(folder.path(), 17, true).find("b|1 day"), 0u);
    EXPECT_EQ(EvaluationLog(folder.path(), 18, true).find("a"), std::nullopt);
    // Without `resume` everything is done again.
    EXPECT_EQ(EvaluationLog(folder.path(), 17, false).find("a"), std::nullopt);
    EXPECT_EQ(EvaluationLog(folder.path(), 17, true).find("a"), std::nullopt);
}

TEST(EvaluationLog, DamagedLinesAreUnitsToDoAgain) {
    const ScratchFolder folder;
    {
        EvaluationLog log(folder.path(), 17, false);
        log.add("a", 3);
        log.add("b", 4);
    }
    const std::string file = folder.file("evaluation.jsonl");
    const std::string good = read_file(file);
    const std::string foreign =
        "\n[]\n3\nnull\n{\"configuration\": 17}\n{\"configuration\": \"17\", \"unit\": 1}\n"
        "{\"configuration\": \"17\", \"unit\": \"c\", \"correct\": -1}\n"
        "{\"configuration\": \"17\", \"unit\": \"c\", \"correct\": \"1\"}\n\xff\n{\n";
    for (size_t cut = 0; cut <= good.size(); cut += cut + 8 < good.size() ? 7 : 1) {
        put(file, foreign + good.substr(0, cut));
        EvaluationLog log(folder.path(), 17, true);
        const size_t first = good.find('\n');
        EXPECT_EQ(log.find("c"), std::nullopt);
        // A line whose newline alone is missing may count or not; anything shorter must not.
        EXPECT_EQ(log.find("a").has_value(), cut > first || (cut == first && log.find("a")));
        if (log.find("b")) {
            EXPECT_GE(cut, good.size() - 1);
            EXPECT_EQ(log.find("b"), 4u);
        }
        log.add("d", 1);
        EXPECT_EQ(EvaluationLog(folder.path(), 17, true).find("d"), 1u) << cut;
    }
}

TEST(EvaluationLog, NowhereIsFine) {
    EvaluationLog log("", 1, true);
    log.add("a", 1);
    EXPECT_EQ(log.find("a"), 1u);
    EXPECT_THROW(EvaluationLog("/proc/no such folder", 1, false), IoError);
}

TEST(EvaluationLog, FingerprintSeesConfigurationHardwareAndWeights) {
    const LabelledImages train = pattern_images(32, 1);
    const RunFile run = tiny_run();
    const RunNetworks networks = matched_networks(run, train);
    const uint64_t base = evaluation_fingerprint(run, networks);
    EXPECT_EQ(evaluation_fingerprint(tiny_run(), matched_networks(run, train)), base);
    EXPECT_NE(evaluation_fingerprint(tiny_run({"seed=6"}), networks), base);
    EXPECT_NE(evaluation_fingerprint(tiny_run({"evaluation.times[0].t_s=2"}), networks), base);
    RunNetworks changed = networks;
    changed.hardware_aware.parameters.at("fc2.tile_weight").values[3] += 1e-6f;
    EXPECT_NE(evaluation_fingerprint(run, changed), base);
    changed = networks;
    changed.naive.analog.at("fc1").forward.adc.steps = 30;
    EXPECT_NE(evaluation_fingerprint(run, changed), base);
    changed = networks;
    changed.has_hardware_aware = false;
    EXPECT_NE(evaluation_fingerprint(run, changed), base);
}

}  // namespace
}  // namespace mho
