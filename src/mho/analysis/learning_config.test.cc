// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/learning_config.h"

#include <gtest/gtest.h>

#include "mho/util/error.h"

namespace mho {
namespace {

TEST(LearningConfig, RulesMayBePresets) {
    const LearningConfig c = learning_from_json(R"({"rules": [
        {"learner": {"preset": "agad capacitor", "tail_weight": 7}},
        {"name": "mine", "learner": {"model": "analog sgd", "device": {"preset": "ecram"}}}]})");
    ASSERT_EQ(c.rules.size(), 2U);
    EXPECT_EQ(c.rules[0].label(), "agad capacitor");
    EXPECT_EQ(std::get<Agad>(c.rules[0].learner).tail_weight, 7.0);
    EXPECT_EQ(c.rules[1].label(), "mine");
    EXPECT_EQ(common_parameters(std::get<AnalogSgd>(c.rules[1].learner).device).w_max, 1.1724);
    // What is written is complete: it names no preset and is read back as the same.
    EXPECT_EQ(learning_to_json(learning_from_json(learning_to_json(c))), learning_to_json(c));
    EXPECT_EQ(learning_to_json(c).find("preset"), std::string::npos);
}

TEST(LearningConfig, WrongPresetsAreNamed) {
    const auto message = [](const std::string& text) {
        try {
            learning_from_json(text);
        } catch (const ConfigError& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    EXPECT_NE(message(R"({"rules": [{"learner": {"preset": "agad capacitr"}}]})")
                  .find("learning.rules[0].learner.preset"),
              std::string::npos);
    EXPECT_NE(message(R"({"rules": [{"learner": {"preset": "sgd pcm"}}]})").find("sgd"),
              std::string::npos);
    EXPECT_NE(message(R"({"rules": [{"learner": {"preset": 1}}]})").find("learner.preset"),
              std::string::npos);
    EXPECT_NE(message(R"({"rules": [{"learner": 3}]})").find("learner"), std::string::npos);
    EXPECT_NE(message(R"({"rules": 3})").find("learning.rules"), std::string::npos);
}

TEST(LearningConfig, TheShortFormHasTwoRules) {
    const LearningConfig c = learning_from_json(R"("in memory")");
    ASSERT_EQ(c.rules.size(), 2u);
    EXPECT_EQ(c.rules[1].label(), "ttv2_reram_sb");
    EXPECT_THROW(learning_from_json(R"("on paper")"), ConfigError);
}

}  // namespace
}  // namespace mho
