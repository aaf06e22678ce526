// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_networks.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "mho/io/test_support.h"
#include "mho/net/zoo.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(StudyNetworks, WhatIsFinishedIsNotMadeAgain) {
    const ScratchFolder folder;
    const std::string at = folder.path() + "/trained";
    uint64_t made = 0;
    const auto make = [&] { return initialize(mlp({4, 3, 2}, {{1, 2, 2}, 1.0, {}, {}}), ++made); };
    const Network first = StudyNetworks(at).get("a", make);
    EXPECT_EQ(StudyNetworks(at).get("a", make).parameters, first.parameters);
    EXPECT_EQ(made, 1u);
    EXPECT_NE(StudyNetworks(at).get("b", make).parameters, first.parameters);
    EXPECT_EQ(made, 2u);
    EXPECT_THROW(StudyNetworks(at).get("c", []() -> Network { throw InputError("x"); }),
                 InputError);
    StudyNetworks("").get("a", make);
    EXPECT_EQ(made, 3u);
}

TEST(StudyNetworks, AnUnfinishedOrDamagedEntryIsMadeAgain) {
    const ScratchFolder folder;
    uint64_t made = 0;
    const auto make = [&] { return initialize(mlp({4, 2}, {{1, 2, 2}, 1.0, {}, {}}), ++made); };
    StudyNetworks(folder.path()).get("a", make);
    for (const char* text : {"", "[]", "{\"description\": \"other\"}", "{\"cpu_s\": 3}"}) {
        for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
            if (entry.path().extension() == ".json") {
                put(entry.path().string(), text);
            }
        }
        const uint64_t before = made;
        StudyNetworks(folder.path()).get("a", make);
        EXPECT_EQ(made, before + 1) << text;
    }
}

}  // namespace
}  // namespace mho
