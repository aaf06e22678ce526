// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "mho/analysis/results.h"
#include "mho/cli/test_support.h"
#include "mho/net/presets.h"

namespace mho {
namespace {

TEST(App, WrongCommandLinesEndWithTwo) {
    struct Case {
        std::vector<std::string> arguments;
        const char* message;
    };
    const Case cases[] = {
        {{}, "A subcommand is required"},
        {{"evalute", "x"}, "unknown command `evalute`, did you mean `evaluate`?"},
        {{"--no-such-option"}, "no-such-option"},
        {{"evaluate"}, "run is required"},
        {{"evaluate", "x", "--no-such-option"}, "no-such-option"},
        {{"evaluate", "x", "--threads", "0"}, "--threads"},
        {{"evaluate", "x", "--threads", "two"}, "--threads"},
        {{"evaluate", "x", "--threads", "99999999999999"}, "--threads"},
        {{"evaluate", "x", "y"}, "y"},
        {{"evaluate", "x", "--set"}, "--set"},
        {{"report"}, "run is required"},
        {{"verify"}, "folder is required"},
        {{"verify", "x", "--threads", "-3"}, "--threads"},
        {{"presets", "standrd"}, "did you mean `standard`?"},
        {{"explain", "forward.adc.stepz"}, "did you mean `forward.adc.steps`?"},
        {{"explain", "sead"}, "did you mean `seed`?"},
    };
    for (const Case& c : cases) {
        const Outcome o = run(c.arguments);
        EXPECT_EQ(o.code, 2) << o.err;
        EXPECT_TRUE(contains(o.err, c.message)) << o.err;
        EXPECT_TRUE(contains(o.err, "mho: ")) << o.err;
        EXPECT_EQ(o.out, "");
    }
}

TEST(App, HelpAndVersionEndWithZero) {
    const Outcome version_line = run({"--version"});
    EXPECT_EQ(version_line.code, 0);
    EXPECT_EQ(version_line.out, "mho " + version() + "\n");
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"--help"}, {"evaluate", "--help"}, {"explain", "-h"}}) {
        const Outcome o = run(arguments);
        EXPECT_EQ(o.code, 0);
        EXPECT_TRUE(contains(o.out, "Usage")) << o.out;
    }
    for (const Command& c : core_commands()) {
        EXPECT_TRUE(contains(run({"--help"}).out, c.name)) << c.name;
    }
}

// What the core alone offers: the program that is built without LibTorch.
TEST(App, TrainWithoutTorchSaysWhy) {
    const Outcome o = run({"train", "x.json"});
    EXPECT_EQ(o.code, 2);
    EXPECT_TRUE(contains(o.err, "built without LibTorch")) << o.err;
}

#ifndef MHO_WITH_TORCH
TEST(App, ProgramWithoutTorchHasNoTrain) {
    const ScratchFolder scratch;
    const Outcome o = Process(scratch, {"train", "x.json"}).wait();
    EXPECT_EQ(o.code, 2);
    EXPECT_TRUE(contains(o.err, "built without LibTorch")) << o.err;
}
#endif

TEST(App, ProgramPassesCodesOn) {
    const ScratchFolder scratch;
    EXPECT_EQ(Process(scratch, {"--version"}).wait().out, "mho " + version() + "\n");
    EXPECT_EQ(Process(scratch, {"presets"}).wait().code, 0);
    EXPECT_EQ(Process(scratch, {"presets", "x", "y"}).wait().code, 2);
    EXPECT_EQ(Process(scratch, {"report", scratch.file("none")}).wait().code, 1);
}

TEST(Explain, TellsAllAboutAParameter) {
    const Outcome o = run({"explain", "forward.adc.steps"});
    EXPECT_EQ(o.code, 0);
    for (const char* part : {"hardware.forward.adc.steps", "254", "default", "range", "type"}) {
        EXPECT_TRUE(contains(o.out, part)) << part << "\n" << o.out;
    }
    EXPECT_EQ(run({"explain", "hardware.forward.adc.steps"}).out, o.out);
    const Outcome group = run({"explain", "evaluation.ablation"});
    EXPECT_EQ(group.code, 0);
    EXPECT_TRUE(contains(group.out, "evaluation.ablation.programmings"));
    EXPECT_FALSE(contains(group.out, "training."));
    const Outcome all = run({"explain"});
    EXPECT_EQ(all.code, 0);
    for (const Parameter& p : run_parameters()) {
        EXPECT_TRUE(contains(all.out, p.path)) << p.path;
        EXPECT_EQ(run({"explain", p.path}).code, 0) << p.path;
    }
    EXPECT_TRUE(contains(run({"explain", "--markdown"}).out, "| "));
}

TEST(Presets, ListedAndPrinted) {
    const Outcome list = run({"presets"});
    EXPECT_EQ(list.code, 0);
    for (const PresetInfo& p : list_presets()) {
        EXPECT_TRUE(contains(list.out, p.name)) << p.name;
        const Outcome one = run({"presets", p.name});
        EXPECT_EQ(one.code, 0) << p.name;
        // What is printed is a complete hardware object of a run file.
        EXPECT_NO_THROW(hardware_from_json(one.out)) << p.name;
    }
}

// All records of the repository are run by the tests of analysis/.
TEST(Verify, GoldenRecords) {
    const ScratchFolder scratch;
    const std::string folder = scratch.file("golden");
    std::filesystem::create_directory(folder);
    std::filesystem::copy(MHO_TEST_DATA "/golden/converters.json", folder);
    const Outcome o = run({"verify", folder, "--json", scratch.file("v.json"), "--threads", "1"});
    EXPECT_EQ(o.code, 0) << o.out;
    EXPECT_TRUE(contains(o.out, "passed, 0 failed")) << o.out;
    EXPECT_TRUE(Json::parse(read_file(scratch.file("v.json"))).contains("records"));
    EXPECT_EQ(run({"verify", scratch.file("missing")}).code, 1);
    put(scratch.file("bad.json"), "{");
    EXPECT_EQ(run({"verify", scratch.path()}).code, 1);
}

TEST(App, OutputThatCannotBeWrittenIsAnError) {
    std::ofstream full("/dev/full");
    if (!full) {
        GTEST_SKIP() << "no /dev/full here";
    }
    std::ostringstream err;
    EXPECT_EQ(run_mho({"presets"}, core_commands(), full, err), 1);
    EXPECT_NE(err.str().find("could not be written"), std::string::npos) << err.str();
}

}  // namespace
}  // namespace mho
