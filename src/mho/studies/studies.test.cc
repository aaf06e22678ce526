// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "mho/analysis/evaluate.h"
#include "mho/io/test_support.h"
#include "mho/studies/study_images.h"
#include "mho/studies/training_studies.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(TrainingStudies, EveryDescribedOneHasCode) {
    const std::vector<Study> all = training_studies();
    EXPECT_EQ(all.size(), described_training_studies().size());
    for (const Study& study : all) {
        EXPECT_TRUE(static_cast<bool>(study.run)) << study.name;
        EXPECT_FALSE(static_cast<bool>(find_study(study.name).run)) << study.name;
    }
}

TEST(TrainingStudies, EverySmallFormReachesVerdicts) {
    for (const Study& study : training_studies()) {
        StudyOptions options;
        options.small = true;
        const StudyResult result = study.run(options);
        EXPECT_FALSE(result.repetitions.empty()) << study.name;
        EXPECT_FALSE(result.substitution.empty()) << study.name;
        EXPECT_FALSE(result.rows.empty()) << study.name;
        for (const StudyRow& row : result.rows) {
            EXPECT_FALSE(row.measured.empty()) << study.name << ": " << row.claim;
            EXPECT_TRUE(std::isfinite(row.value.mean)) << study.name << ": " << row.claim;
        }
        for (const StudyTable& table : result.tables) {
            for (const std::vector<std::string>& row : table.rows) {
                EXPECT_EQ(row.size(), table.columns.size()) << study.name << ": " << table.title;
            }
        }
        std::atomic<bool> stop{true};
        options.stop = &stop;
        EXPECT_THROW(study.run(options), Interrupted) << study.name;
    }
}

TEST(StudyImages, HalvingTakesMeans) {
    LabelledImages images;
    images.count = 1;
    images.channels = 1;
    images.height = 2;
    images.width = 4;
    images.pixels = {10, 20, 1, 1, 30, 41, 1, 2};
    images.labels = {3};
    images.classes = 10;
    const LabelledImages small = halved(images, 1);
    EXPECT_EQ(small.height, 3u);
    EXPECT_EQ(small.width, 4u);
    EXPECT_EQ(small.pixels, (std::vector<uint8_t>{0, 0, 0, 0, 0, 25, 1, 0, 0, 0, 0, 0}));
    images.width = 3;
    EXPECT_THROW(halved(images, 1), InputError);
    const Data data = generated_images(20, 10);
    EXPECT_EQ(first_images(data.train, 7).pixels.size(), 7u * 256);
    EXPECT_THROW(first_images(data.train, 21), InputError);
    EXPECT_EQ(data.train.labels[13], 3);
}

}  // namespace
}  // namespace mho
