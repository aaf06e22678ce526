// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/learning_results.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/cli/test_support.h"

namespace mho {
namespace {

RunFile two_rules() {
    return parse_run_file(
        R"({"network": {"model": {"model": "mlp"}}, "learning": {"rules": [
            {"learner": {"model": "tiki-taka"}}, {"name": "other"}]}})",
        "run");
}

std::vector<LearningRow> filled(const RunFile& run) {
    std::vector<LearningRow> rows = learning_rows(run);
    rows.at(1).loss = {2.5, std::nan("")};
    rows.at(1).test_accuracy = {0.5, 0.1};
    rows.at(1).pulses = {1, 2};
    rows.at(1).wear = {{9, 2.5, 1e-9}};
    rows.at(1).notes = {"a note"};
    rows.at(1).finished = true;
    return rows;
}

TEST(LearningResults, SurviveTheFileWithALossThatDiverged) {
    const RunFile run = two_rules();
    const std::string text = learning_results_to_json(filled(run));
    std::vector<LearningRow> rows = learning_rows(run);
    read_learning_results(text, "learning.json", rows);
    EXPECT_EQ(learning_results_to_json(rows), text);
    EXPECT_TRUE(std::isnan(rows.at(1).loss.at(1)));
    EXPECT_FALSE(rows.at(2).finished);
    EXPECT_TRUE(contains(learning_table(run, rows, 10).text(), "tiki-taka"));
    EXPECT_TRUE(contains(learning_page(run, rows, 10), "a note"));
}

TEST(LearningResults, DamageIsNamedWithItsPlace) {
    const RunFile run = two_rules();
    const std::string name = learning_rows(run).at(0).name;
    const auto message = [&](const std::string& text) {
        std::vector<LearningRow> rows = learning_rows(run);
        try {
            read_learning_results(text, "learning.json", rows);
        } catch (const Error& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    EXPECT_TRUE(contains(message("{}"), "learning.json: must be a list"));
    EXPECT_TRUE(contains(message("[3]"), "[0] must be an object"));
    EXPECT_TRUE(contains(message("[{}]"), "[0] has no `name`"));
    const std::string row = R"([{"name": ")" + name + R"(", "finished": )";
    EXPECT_TRUE(contains(message(row + "3}]"), "[0].finished must be true or false"));
    EXPECT_TRUE(contains(message(row + R"(true, "loss": [1], "test_accuracy": [], )" +
                                 R"("pulses_per_weight": [1], "notes": []}])"),
                         "one number for each epoch"));
    EXPECT_TRUE(contains(message(row + R"(true, "loss": ["x"]}])"), "loss[0] must be a number"));
}

}  // namespace
}  // namespace mho
