// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "mho/cli/test_support.h"
#include "mho/io/folder_lock.h"
#include "mho/io/image_data.h"

namespace mho {
namespace {

TEST(EvaluateCommand, ResultsDifferInTheKeyRunOnly) {
    const RunFixture f;
    const std::string one = f.scratch.file("one"), two = f.scratch.file("two");
    const Outcome a = run({"evaluate", f.folder, "--threads", "1", "--out", one, "--quiet"});
    ASSERT_EQ(a.code, 0) << a.err;
    EXPECT_EQ(a.err, "") << "--quiet";
    EXPECT_TRUE(contains(a.out, one + "/report.html")) << a.out;
    // As a process: other addresses, another environment, bars on.
    const Outcome b =
        Process(f.scratch, {"evaluate", f.folder, "--threads", "2", "--out", two}).wait();
    ASSERT_EQ(b.code, 0) << b.err;
    EXPECT_TRUE(contains(b.err, "memory needed")) << b.err;
    EXPECT_EQ(results_without_facts(one), results_without_facts(two));
    EXPECT_TRUE(contains(read_file(one + "/report.html"), "<html"));
    // A folder of results is the folder of a run.
    const Outcome again = run({"evaluate", one, "--quiet"});
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(results_without_facts(one), results_without_facts(two));
    // So is the place itself, and a result does not depend on where it is made.
    ASSERT_EQ(run({"evaluate", f.folder, "--quiet"}).code, 0);
    EXPECT_EQ(results_without_facts(f.folder), results_without_facts(two));
}

TEST(EvaluateCommand, OverridesNeedAFolderOfTheirOwn) {
    const RunFixture f;
    const auto before = contents(f.folder);
    for (const std::vector<std::string>& more :
         {std::vector<std::string>{"--set", "evaluation.programmings=3"},
          {"--set", "evaluation.programmings=3", "--out", f.folder + "/"}}) {
        std::vector<std::string> arguments = {"evaluate", f.folder, "--quiet"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Outcome o = run(arguments);
        EXPECT_EQ(o.code, 2);
        EXPECT_TRUE(contains(o.err, "--out")) << o.err;
    }
    EXPECT_EQ(contents(f.folder), before);
    const std::string out = f.scratch.file("out");
    ASSERT_EQ(
        run({"evaluate", f.folder, "--quiet", "--set", "evaluation.programmings=3", "--out", out})
            .code,
        0);
    Json j = Json::parse(read_file(out + "/results.json"));
    EXPECT_EQ(j["programmings"], 3);
    EXPECT_EQ(read_run_file(out + "/run.json").evaluation.programmings, 3);
    EXPECT_EQ(contents(f.folder), before);
    // --full changes nothing where all images are used anyway.
    EXPECT_EQ(run({"evaluate", f.folder, "--quiet", "--full"}).code, 0);
}

// What is in the networks' files cannot be overridden; silence would be a lie.
TEST(EvaluateCommand, TrainedPartsAreFixed) {
    const RunFixture f;
    for (const char* set : {"hardware.forward.adc.steps=30",
                            "network.model.hidden=[3]",
                            "training.hardware_aware.epochs=9"}) {
        const Outcome o =
            run({"evaluate", f.folder, "--quiet", "--out", f.scratch.file("out"), "--set", set});
        EXPECT_EQ(o.code, 2) << set;
        EXPECT_TRUE(contains(o.err, "trained for their")) << o.err;
    }
    EXPECT_FALSE(std::filesystem::exists(f.scratch.file("out")));
}

TEST(EvaluateCommand, ResumeKeepsFinishedUnits) {
    const RunFixture f;
    ASSERT_EQ(run({"evaluate", f.folder, "--quiet"}).code, 0);
    const std::string unbroken = results_without_facts(f.folder);
    const std::string log = read_file(f.folder + "/evaluation.jsonl");
    // A kill in the middle of a line.
    put(f.folder + "/evaluation.jsonl", log.substr(0, log.size() / 4));
    put(f.folder + "/.mho-tmp-1-0", "half a file");
    std::filesystem::remove(f.folder + "/results.json");
    ASSERT_EQ(run({"evaluate", f.folder, "--quiet", "--resume"}).code, 0);
    EXPECT_EQ(results_without_facts(f.folder), unbroken);
    EXPECT_EQ(read_file(f.folder + "/evaluation.jsonl"), log);
    EXPECT_FALSE(std::filesystem::exists(f.folder + "/.mho-tmp-1-0"));
    // The finished units were not evaluated again.
    const Json j = Json::parse(read_file(f.folder + "/results.json"));
    EXPECT_LT(j.at("run").at("calls").at("inference"), 16);
}

TEST(EvaluateCommand, CtrlCEndsWith130AndCanBeResumed) {
    const RunFixture f({"evaluation.programmings=400", "evaluation.ablation.enabled=false"});
    const std::string log = f.folder + "/evaluation.jsonl";
    {
        Process process(f.scratch, {"evaluate", f.folder, "--threads", "1", "--quiet"});
        while (process.running() &&
               (!std::filesystem::exists(log) || read_file(log).size() < 2000)) {
            ::usleep(1000);
        }
        process.signal(SIGINT);
        const Outcome o = process.wait();
        ASSERT_EQ(o.code, 130) << o.err;
        EXPECT_TRUE(contains(o.err, "--resume")) << o.err;
    }
    EXPECT_FALSE(std::filesystem::exists(f.folder + "/results.json"));
    const std::string kept = read_file(log);
    EXPECT_EQ(kept.back(), '\n');
    // Killed without a word, too.
    {
        Process process(f.scratch, {"evaluate", f.folder, "--threads", "1", "--quiet", "--resume"});
        while (process.running() && read_file(log).size() < kept.size() + 2000) {
            ::usleep(1000);
        }
        process.signal(SIGKILL);
        EXPECT_EQ(process.wait().code, -SIGKILL);
    }
    EXPECT_EQ(read_file(log).substr(0, kept.size()), kept);
}

TEST(EvaluateCommand, AFolderInUseIsLeftAlone) {
    const RunFixture f;
    const auto before = contents(f.folder);
    const FolderLock lock(f.folder);
    const Outcome o = run({"evaluate", f.folder, "--quiet"});
    EXPECT_EQ(o.code, 1);
    EXPECT_TRUE(contains(o.err, "folder `" + f.folder + "` is in use by process")) << o.err;
    auto after = contents(f.folder);
    after.erase(f.folder + "/.mho.lock");
    EXPECT_EQ(after, before);
}

TEST(EvaluateCommand, TrainingRunsAreNotOverwritten) {
    const RunFixture f, other;
    put(other.folder + "/events.jsonl", "");
    const auto before = contents(other.folder);
    const Outcome o = run({"evaluate", f.folder, "--quiet", "--out", other.folder});
    EXPECT_EQ(o.code, 1);
    EXPECT_TRUE(contains(o.err, other.folder + " is the folder of a training run")) << o.err;
    auto after = contents(other.folder);
    after.erase(other.folder + "/.mho.lock");
    EXPECT_EQ(after, before);
}

TEST(EvaluateCommand, ResultFolderIsEmptiedOfOtherRuns) {
    const RunFixture f;
    const std::string out = f.scratch.file("out");
    ASSERT_EQ(run({"evaluate", f.folder, "--quiet", "--out", out}).code, 0);
    std::filesystem::remove(f.folder + "/hwa.safetensors");
    ASSERT_EQ(run({"evaluate", f.folder, "--quiet", "--out", out}).code, 0);
    EXPECT_FALSE(std::filesystem::exists(out + "/hwa.safetensors"));
    EXPECT_FALSE(Json::parse(read_file(out + "/results.json"))["accuracy"].contains("hwa"));
}

TEST(EvaluateCommand, RunFileWithTrainedWeights) {
    const RunFixture f;
    const std::string file = f.scratch.file("run.json");
    put(file,
        run_file_to_json(tiny_run({"data.folder=" + f.data,
                                   "evaluation.programmings=2",
                                   "network.weights=run/float.safetensors"})));
    const std::string out = f.scratch.file("out");
    const Outcome o = run({"evaluate", file, "--quiet", "--out", out});
    ASSERT_EQ(o.code, 0) << o.err;
    const Json j = Json::parse(read_file(out + "/results.json"));
    EXPECT_TRUE(j["accuracy"].contains("naive"));
    EXPECT_FALSE(j["accuracy"].contains("hwa"));
    // Here the hardware is not fixed yet.
    const std::vector<std::string> other = {
        "evaluate", file, "--quiet", "--out", out, "--set", "hardware.forward.adc.steps=14"};
    const std::string results = read_file(out + "/results.json");
    const Outcome kept = run(other);
    EXPECT_EQ(kept.code, 1);
    EXPECT_TRUE(contains(kept.err, out + " holds results of another configuration")) << kept.err;
    EXPECT_EQ(read_file(out + "/results.json"), results);
    std::vector<std::string> replacing = other;
    replacing.push_back("--overwrite");
    EXPECT_EQ(run(replacing).code, 0);
    EXPECT_NE(read_file(out + "/results.json"), results);
    // Without weights there is nothing to evaluate.
    const Outcome none =
        run({"evaluate", file, "--quiet", "--out", out, "--set", "network.weights="});
    EXPECT_EQ(none.code, 1);
    EXPECT_TRUE(contains(none.err, "network.weights")) << none.err;
}

TEST(ReportCommand, MakesThePageAgain) {
    const RunFixture f;
    const Outcome early = run({"report", f.folder});
    EXPECT_EQ(early.code, 1);
    EXPECT_TRUE(contains(early.err, "results.json")) << early.err;
    ASSERT_EQ(run({"evaluate", f.folder, "--quiet"}).code, 0);
    const std::string page = read_file(f.folder + "/report.html");
    std::filesystem::remove(f.folder + "/report.html");
    const Outcome o = run({"report", f.folder});
    EXPECT_EQ(o.code, 0);
    EXPECT_TRUE(contains(o.out, f.folder + "/report.html"));
    EXPECT_EQ(read_file(f.folder + "/report.html"), page);
    // Edited results give a page with gaps, broken ones an error.
    for (const char* edited : {"{\"accuracy\": {}, \"mvm_error\": [], \"run\": 1}",
                               "{\"accuracy\": {\"hwa\": {\"1 s\": {\"all\": \"x\"}}}}"}) {
        put(f.folder + "/results.json", edited);
        EXPECT_EQ(run({"report", f.folder}).code, 0) << edited;
    }
    put(f.folder + "/results.json", "{");
    const Outcome broken = run({"report", f.folder});
    EXPECT_EQ(broken.code, 1);
    EXPECT_TRUE(contains(broken.err, f.folder + "/results.json")) << broken.err;
}

// Calibrated ranges and low-precision digital networks are keys of the run file.
TEST(EvaluateCommand, CalibrationAndDigitalNetworks) {
    const RunFixture f;
    const std::string file = f.scratch.file("run.json");
    put(file,
        run_file_to_json(tiny_run({"data.folder=" + f.data,
                                   "evaluation.programmings=2",
                                   "network.weights=run/float.safetensors"})));
    std::set<std::string> ranges;
    for (const char* kind : {"moving std", "moving quantile", "cache quantile", "max"}) {
        const std::string out = f.scratch.file(kind);
        const Outcome o = run({"evaluate",
                               file,
                               "--quiet",
                               "--out",
                               out,
                               "--set",
                               "evaluation.calibrate=true",
                               "--set",
                               std::string("evaluation.calibration.kind=") + kind,
                               "--set",
                               "evaluation.calibration.quantile=0.9",
                               "--set",
                               R"(evaluation.digital=[{"name": "W8A8", "weights": {"bits": 8}},
                                   {"name": "W2A2", "weights": {"bits": 2, "range": "mse"},
                                    "activation_bits": 2}])"});
        ASSERT_EQ(o.code, 0) << o.err;
        ranges.insert(
            Json(read_network(out + "/naive.safetensors").parameters.at("fc1.input_range").values)
                .dump());
        const Json j = Json::parse(read_file(out + "/results.json"));
        const Json& digital = j["accuracy"]["digital"];
        EXPECT_NEAR(digital["W8A8"].get<double>(), j["accuracy"]["float"].get<double>(), 0.1);
        EXPECT_NE(digital["W8A8"], digital["W2A2"]);
        EXPECT_TRUE(contains(o.out, "W2A2, digital")) << o.out;
    }
    EXPECT_EQ(ranges.size(), 4u);
    const Outcome twice =
        run({"evaluate",
             file,
             "--quiet",
             "--out",
             f.scratch.file("out"),
             "--set",
             R"(evaluation.digital=[{"name": "a"}, {"name": "a"}, {"name": ""}])"});
    EXPECT_EQ(twice.code, 2);
    EXPECT_TRUE(contains(twice.err, "evaluation.digital[1].name")) << twice.err;
    EXPECT_TRUE(contains(twice.err, "evaluation.digital[2].name")) << twice.err;
}

// The run file of the trained ResNet-32 in a form of seconds: few images, two chips, one time; cut
// off and resumed it gives the same.
TEST(EvaluateCommand, TrainedResnet32) {
    if (!find_data("models/resnet32-cifar10.safetensors")) {
        GTEST_SKIP() << "MHO_DATA has no trained networks";
    }
    const ScratchFolder scratch;
    const std::string out = scratch.file("out");
    std::vector<std::string> words = {
        "evaluate", MHO_SOURCE_DIR "/examples/runs/resnet32.json", "--quiet", "--out", out};
    for (const char* set : {"evaluation.images=100",
                            "evaluation.programmings=2",
                            "evaluation.calibration_images=64",
                            "evaluation.uncompensated=false",
                            "evaluation.error_images=0",
                            R"(evaluation.times=[{"name": "1 day", "t_s": 86400}])"}) {
        words.push_back("--set");
        words.push_back(set);
    }
    const Outcome o = run(words);
    ASSERT_EQ(o.code, 0) << o.err;
    const std::string results = results_without_facts(out);
    const Json accuracy = Json::parse(results).at("accuracy");
    EXPECT_GT(accuracy["float"], 0.88);
    EXPECT_GT(accuracy["digital"]["W8A8"], 0.86);
    EXPECT_GT(accuracy["naive"]["1 day"]["mean"], 0.6);
    const std::string log = read_file(out + "/evaluation.jsonl");
    put(out + "/evaluation.jsonl", log.substr(0, log.size() / 2));
    std::filesystem::remove(out + "/results.json");
    words.push_back("--resume");
    ASSERT_EQ(run(words).code, 0);
    EXPECT_EQ(results_without_facts(out), results);
}

}  // namespace
}  // namespace mho
