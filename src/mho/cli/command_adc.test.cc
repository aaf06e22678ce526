// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "mho/cli/adc_page.h"
#include "mho/cli/command.h"
#include "mho/io/file.h"
#include "mho/report/xml_check.h"

namespace mho {
namespace {

struct Outcome {
    int code = 0;
    std::string out, err;
};

Outcome mho_adc(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "adc");
    std::ostringstream out, err;
    const int code = run_mho(arguments, core_commands(), out, err);
    return {code, out.str(), err.str()};
}

TEST(AdcCommand, ListsTheModels) {
    const Outcome o = mho_adc({});
    EXPECT_EQ(o.code, 0) << o.err;
    for (const char* name : {"sar", "ramp", "pipeline", "cyclic", "cco", "sign magnitude"}) {
        EXPECT_NE(o.out.find(name), std::string::npos) << name;
    }
}

TEST(AdcCommand, ReportsTheLinearityBesideTheory) {
    const auto page = std::filesystem::path(testing::TempDir()) / "adc.html";
    const Outcome o = mho_adc({"sar",
                               "--set",
                               "bits=6",
                               "--set",
                               "capacitor_sigma=0.02",
                               "--set",
                               "split=false",
                               "--set",
                               "sign_capacitors=false",
                               "--out",
                               page.string()});
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_NE(o.out.find("theory: sigma sqrt(2^b) / 2"), std::string::npos);
    EXPECT_NE(read_file(page.string()).find("integral non-linearity"), std::string::npos);
}

TEST(AdcCommand, RefusesWithTheNearestName) {
    EXPECT_NE(mho_adc({"srr"}).err.find("did you mean `sar`"), std::string::npos);
    EXPECT_EQ(mho_adc({"srr"}).code, kExitUsage);
    EXPECT_NE(mho_adc({"sar", "--set", "bit=6"}).err.find("did you mean `bits`"),
              std::string::npos);
    EXPECT_NE(mho_adc({"sar", "--set", "bits=60"}).err.find("adc.bits"), std::string::npos);
    EXPECT_EQ(mho_adc({"ideal"}).code, kExitFailed);
}

TEST(AdcPage, ChartsAreWellFormed) {
    const AdcReport r = measure_adc(CyclicAdc{.bits = 6, .capacitor_sigma = 0.01}, 5, true, 1);
    EXPECT_EQ(r.converters.size(), 5u);
    EXPECT_EQ(xml_problem(linearity_chart(r, true).svg()), "");
}

}  // namespace
}  // namespace mho
