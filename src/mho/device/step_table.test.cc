// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/step_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "mho/util/error.h"

namespace mho {
namespace {

std::string message(const std::string& csv, const StepTableOptions& options = {}) {
    try {
        parse_step_table(csv, "table.csv", options);
    } catch (const Error& e) {
        return e.what();
    }
    return "";
}

TEST(StepTable, ReadsWeights) {
    const MeasuredStep d = parse_step_table(
        "state,up,down,up_std,down_std\n-1,0.02,0.005,0.004,0.001\n0,0.01,0.01,0.002,0.003\n"
        "1,0.002,0.03,0.001,0.006\n",
        "table.csv");
    EXPECT_DOUBLE_EQ(d.dw_min, 0.01);
    EXPECT_DOUBLE_EQ(d.w_min, -1.0);
    EXPECT_DOUBLE_EQ(d.w_max, 1.0);
    EXPECT_EQ(d.mean_up.size(), 3U);
    EXPECT_NEAR(d.mean_up[0], 2.0, 1e-12);
    EXPECT_NEAR(d.mean_up[2], 0.2, 1e-12);
    EXPECT_NEAR(d.mean_down[2], 3.0, 1e-12);
    EXPECT_NEAR(d.std_up[1], 0.2, 1e-12);
    EXPECT_NEAR(d.std_down[2], 0.6, 1e-12);
    EXPECT_EQ(d.dw_min_dtod, 0.0);
    EXPECT_EQ(d.w_max_dtod, 0.0);
}

// Conductances in uS, negative down steps, other separators, columns in another order.
TEST(StepTable, ReadsConductances) {
    const MeasuredStep d = parse_step_table(
        "down; State ;up;temperature\n-0.1;5;0.4;300\n-0.2;15;0.2;300\n-0.4;25;0.1;300\n",
        "table.csv",
        {-1.0, 1.0});
    // 0.1 per uS; weight 0 is 15 uS.
    EXPECT_NEAR(d.dw_min, 0.02, 1e-12);
    EXPECT_NEAR(d.mean_up[0], 2.0, 1e-12);
    EXPECT_NEAR(d.mean_down[0], 0.5, 1e-12);
    EXPECT_NEAR(d.mean_down[2], 2.0, 1e-12);
    EXPECT_EQ(d.std_up, std::vector<double>(3, 0.0));
}

TEST(StepTable, InterpolatesUnevenStates) {
    // A linear law stays linear whatever the states are.
    const MeasuredStep d =
        parse_step_table("-1,0.03,0.01\n-0.5,0.025,0.015\n0.3,0.017,0.023\n1,0.01,0.03\n", "t");
    ASSERT_GE(d.mean_up.size(), 4U);
    for (size_t i = 0; i < d.mean_up.size(); i++) {
        const double w =
            -1 + 2.0 * static_cast<double>(i) / static_cast<double>(d.mean_up.size() - 1);
        EXPECT_NEAR(d.mean_up[i] * d.dw_min, 0.02 - 0.01 * w, 1e-12);
        EXPECT_NEAR(d.mean_down[i] * d.dw_min, 0.02 + 0.01 * w, 1e-12);
    }
    // Neighbours that almost coincide do not blow the table up.
    EXPECT_EQ(parse_step_table("-1,1,1\n0,1,1\n1e-9,1,1\n1,1,1\n", "t").mean_up.size(),
              size_t{1024});
}

TEST(StepTable, SaysWhatIsWrong) {
    EXPECT_NE(message("state,up\n0,1\n1,1\n").find("no column `down`"), std::string::npos);
    EXPECT_NE(message("state,up,down,up_std\n0,1,1,1\n1,1,1,1\n").find("up_std and down_std"),
              std::string::npos);
    EXPECT_NE(message("0,1,1\n").find("2 to"), std::string::npos);
    EXPECT_NE(message("").find("table.csv"), std::string::npos);
    EXPECT_NE(message("0,1,1\n0,1,1\n").find("must ascend"), std::string::npos);
    EXPECT_NE(message("1,1,1\n2,1,1\n").find("w_min, w_max"), std::string::npos);
    EXPECT_NE(message("-1,1,1\n1,x,1\n").find("line 2, column 2"), std::string::npos);
    EXPECT_NE(message("-1,-1,1\n1,-1,1\n").find("must be positive"), std::string::npos);
    EXPECT_NE(message("-1,1,1,-1,1\n1,1,1,1,1\n").find("cannot be negative"), std::string::npos);
    EXPECT_NE(message("-1,nan,1\n1,1,1\n").find("row 1"), std::string::npos);
    EXPECT_NE(message("-1,1e9,1\n1,1,1\n").find("within"), std::string::npos);
    EXPECT_NE(message("state,up,up,down\n-1,1,1,1\n1,1,1,1\n").find("two columns"),
              std::string::npos);
    EXPECT_NE(message("-1,1,1\n1,1,1\n", {0.5, 1.0}).find("range around 0"), std::string::npos);
    EXPECT_NE(message("-1,1,1\n1,1,1\n", {-1.0, std::nullopt}).find("go together"),
              std::string::npos);
    EXPECT_THROW(read_step_table("/nowhere/table.csv"), IoError);
}

// Whatever the bytes, a table is read or refused with a message.
TEST(StepTable, SurvivesDamage) {
    const std::string good =
        "state,up,down,up_std,down_std\n-1,0.02,0.005,0.004,0.001\n0,0.01,0.01,0.002,0.003\n"
        "1,0.002,0.03,0.001,0.006\n";
    std::mt19937 generator(5);
    size_t refused = 0;
    for (int i = 0; i < 4000; i++) {
        std::string bytes = good;
        for (unsigned k = generator() % 6 + 1; k > 0; k--) {
            const size_t at = generator() % bytes.size();
            const char letters[] = "0159.-+eE,;\t\n\r \"x\0\xff";
            const char c = letters[generator() % (sizeof(letters) - 1)];
            switch (generator() % 3) {
                case 0:
                    bytes[at] = c;
                    break;
                case 1:
                    bytes.insert(at, 1, c);
                    break;
                default:
                    bytes.erase(at, generator() % 9 + 1);
                    break;
            }
            bytes += bytes.empty() ? "1" : "";
        }
        try {
            const MeasuredStep d = parse_step_table(bytes, "damaged", {});
            EXPECT_TRUE(std::isfinite(d.dw_min) && d.dw_min > 0);
            EXPECT_LE(d.mean_up.size(), 1024U);
        } catch (const Error& e) {
            EXPECT_FALSE(std::string(e.what()).empty());
            refused++;
        }
    }
    EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace mho
