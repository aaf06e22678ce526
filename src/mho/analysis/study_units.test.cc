// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_units.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "mho/analysis/evaluate.h"
#include "mho/io/file.h"
#include "mho/io/test_support.h"

namespace mho {
namespace {

TEST(StudyUnits, AnInterruptedStudyGoesOn) {
    const ScratchFolder folder;
    StudyOptions options;
    options.folder = folder.path();
    std::atomic<bool> stop{false};
    options.stop = &stop;
    std::atomic<int> computed{0};
    std::vector<StudyUnit> units;
    for (int i = 0; i < 5; i++) {
        units.push_back({"unit " + std::to_string(i), [&, i] {
                             stop = ++computed == 3;
                             return std::vector<double>{i + 1.0 / 3, -1e-300};
                         }});
    }
    EXPECT_THROW(run_units(options, "some", units), Interrupted);
    EXPECT_EQ(computed, 3);
    stop = false;
    options.resume = true;
    const StudyUnitResults rest = run_units(options, "some", units);
    EXPECT_EQ(computed, 5);
    EXPECT_GT(rest.earlier_s, 0);
    for (size_t i = 0; i < 5; i++) {
        EXPECT_EQ(rest.values[i], (std::vector<double>{static_cast<double>(i) + 1.0 / 3, -1e-300}));
    }
    // Another seed, another form: nothing is taken over. Damaged lines are units to do again.
    const std::string file = folder.path() + "/some/unfinished.jsonl";
    put(file, "{]\n[3]\n" + read_file(file));
    run_units(options, "some", units);
    EXPECT_EQ(computed, 5);
    options.seed = 2;
    run_units(options, "some", units);
    EXPECT_EQ(computed, 10);
    forget_units(options, "some");
    EXPECT_FALSE(std::filesystem::exists(file));
    // Without --resume everything is measured anew; without a folder nothing is written.
    options.resume = false;
    run_units(options, "some", units);
    EXPECT_EQ(computed, 15);
    options.folder = "";
    options.threads = 3;
    EXPECT_EQ(run_units(options, "some", units).values, rest.values);
    EXPECT_EQ(computed, 20);
}

}  // namespace
}  // namespace mho
