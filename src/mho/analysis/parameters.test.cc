// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Every parameter of a run file explains itself.

#include <gtest/gtest.h>

#include <set>

#include "mho/analysis/run_file.h"

namespace mho {
namespace {

TEST(Parameters, SourcesAreThoseOfTheModel) {
    for (const Parameter& p : run_parameters()) {
        if (p.path == "learning.rules[].learner.device<power response>.gamma_up") {
            EXPECT_NE(p.source.find("2502.06309"), std::string::npos) << p.source;
        }
        if (p.path == "hardware.converter<single pair>.g_max_us") {
            EXPECT_NE(p.source, "mho");
        }
        if (p.path == "name") {
            EXPECT_EQ(p.source, "mho");
        }
    }
}

TEST(Parameters, EveryOneHasAMeaningUnitOrTypeAndSource) {
    std::set<std::string> paths;
    for (const Parameter& p : run_parameters()) {
        EXPECT_TRUE(paths.insert(p.path).second) << p.path;
        EXPECT_FALSE(p.meaning.empty()) << p.path;
        EXPECT_FALSE(p.type.empty()) << p.path;
        EXPECT_FALSE(p.source.empty()) << p.path;
        const bool number = p.type.find("number") != std::string::npos ||
                            p.type.find("integer") != std::string::npos;
        // A seed is a name, not a quantity.
        if (number && !p.path.ends_with("seed")) {
            EXPECT_FALSE(p.unit.empty()) << p.path;
            EXPECT_FALSE(p.range.empty()) << p.path;
        }
        EXPECT_EQ(p.meaning.find('\n'), std::string::npos) << p.path;
    }
    EXPECT_GT(paths.size(), 200u);
}

}  // namespace
}  // namespace mho
