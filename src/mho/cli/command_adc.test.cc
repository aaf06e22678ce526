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

// Mid-scale figures of many converters come close to their theory, each at its own code.
TEST(AdcCommand, MidScaleFiguresAgreeWithTheory) {
    const Outcome o = mho_adc({"sar",
                               "--set",
                               "capacitor_sigma=0.02",
                               "--set",
                               "split=false",
                               "--set",
                               "sign_capacitors=false",
                               "--converters",
                               "400"});
    ASSERT_EQ(o.code, 0) << o.err;
    const auto after = [&](const std::string& label) {
        const size_t at = o.out.find(label);
        EXPECT_NE(at, std::string::npos) << label << o.out;
        return std::stod(o.out.substr(o.out.find_first_of("0123456789", at + label.size())));
    };
    EXPECT_NEAR(
        after("mid-scale DNL, standard deviation [LSB]") / after("theory: sigma sqrt(2^b - 1)"),
        1.0,
        0.15);
    EXPECT_NEAR(
        after("mid-scale INL, standard deviation [LSB]") / after("theory: sigma sqrt(2^b) / 2"),
        1.0,
        0.15);
}

TEST(AdcCommand, TakesTheConverterOfHardwareAndRuns) {
    const auto folder = std::filesystem::path(testing::TempDir());
    const std::string hardware = (folder / "adc_hardware.json").string();
    write_file_atomically(hardware,
                          R"({"preset": "crossbar sar", "crossbar": {"adc": {"bits": 6}}})");
    EXPECT_NE(mho_adc({hardware, "--converters", "2"}).out.find("sar converter, 6 bit"),
              std::string::npos);
    const std::string run = (folder / "adc_run.json").string();
    write_file_atomically(run, R"({"name": "r", "hardware": {"preset": "crossbar sar"}})");
    EXPECT_NE(mho_adc({run, "--converters", "2"}).out.find("sar converter"), std::string::npos);
    EXPECT_NE(mho_adc({"crossbar sar", "--converters", "2"}).out.find("sar converter"),
              std::string::npos);
    write_file_atomically(run, R"({"name": "r", "hardware": {"preset": "standard"}})");
    EXPECT_NE(mho_adc({run}).err.find("hardware.crossbar.enabled"), std::string::npos);
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
