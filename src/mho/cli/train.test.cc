// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// `mho train` as a process: what a user's Ctrl-C and a power cut leave behind must continue to the
// same bits.
#ifdef MHO_WITH_TORCH

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "mho/cli/test_support.h"
#include "mho/io/folder_lock.h"

namespace mho {
namespace {

struct TrainFixture {
    ScratchFolder scratch;
    std::string data = scratch.file("data");
    std::string file = scratch.file("run.json");

    TrainFixture() {
        write_pattern_folder(data, 256, 64);
        put(file,
            R"({
            "name": "tiny", "seed": 3,
            "data": {"folder": ")" +
                data + R"("},
            "network": {"model": {"model": "mlp", "hidden": [12]}, "mean": [0.5], "std": [0.25]},
            "hardware": {"preset": "standard", "input_range": {"init_batches": 4},
                         "modifier": {"kind": "additive normal", "std": 0.1}},
            "training": {
                "floating_point": {"epochs": 20, "batch": 32,
                                   "schedule": {"kind": "one cycle"}},
                "hardware_aware": {"epochs": 20, "batch": 32, "optimizer": "sgd", "learning_rate": 0.02,
                                   "augmentation": "shift", "max_shift": 1,
                                   "schedule": {"kind": "cosine"}, "distillation": 0.3}
            },
            "evaluation": {
                "times": [{"name": "1 s", "t_s": 1}, {"name": "1 day", "t_s": 86400}],
                "programmings": 2, "ablation": {"enabled": false}, "error_images": 4
            }
        })");
    }
    std::vector<std::string> arguments(const std::string& out, bool resume) const {
        std::vector<std::string> all = {"train", file, "--out", out, "--threads", "1"};
        if (resume) {
            all.push_back("--resume");
        }
        return all;
    }
    Outcome train(const std::string& out,
                  bool resume,
                  const std::vector<std::string>& more = {}) const {
        std::vector<std::string> all = arguments(out, resume);
        all.insert(all.end(), more.begin(), more.end());
        return Process(scratch, all).wait();
    }
};

void expect_same_run(const std::string& a, const std::string& b) {
    for (const char* name :
         {"float.safetensors", "naive.safetensors", "hwa.safetensors", "run.json"}) {
        EXPECT_TRUE(read_file(a + "/" + name) == read_file(b + "/" + name)) << name;
    }
    EXPECT_EQ(results_without_facts(a), results_without_facts(b));
    for (const auto& entry : std::filesystem::directory_iterator(b)) {
        const std::string name = entry.path().filename().string();
        EXPECT_FALSE(name.starts_with(".mho-tmp-") || name.ends_with(".checkpoint")) << name;
    }
}

// Waits until the log of the run has so many lines; false if the process ended before.
bool wait_for_lines(Process& process, const std::string& file, long lines) {
    while (process.running()) {
        if (std::filesystem::exists(file)) {
            const std::string text = read_file(file);
            if (std::count(text.begin(), text.end(), '\n') >= lines) {
                return true;
            }
        }
        ::usleep(500);
    }
    return false;
}

TEST(TrainCommand, KilledAndResumedIsTheUnbrokenRun) {
    const TrainFixture f;
    const std::string unbroken = f.scratch.file("unbroken"), broken = f.scratch.file("broken");
    const Outcome o = f.train(unbroken, false);
    ASSERT_EQ(o.code, 0) << o.err;
    EXPECT_TRUE(contains(o.out, unbroken + "/report.html")) << o.out;
    // It learned something: ten classes.
    std::istringstream log(read_file(unbroken + "/events.jsonl"));
    double best = 0;
    for (std::string line; std::getline(log, line);) {
        best = std::max(best, Json::parse(line).value("accuracy", 0.0));
    }
    EXPECT_GT(best, 0.5);

    // Killed in either training and in the evaluation, in the middle of whatever it was doing.
    const std::string events = broken + "/events.jsonl", units = broken + "/evaluation.jsonl";
    size_t killed = 0;
    const std::pair<std::string, long> moments[] = {
        {events, 3}, {events, 17}, {events, 30}, {units, 4}};
    for (const auto& [file, lines] : moments) {
        Process process(f.scratch, f.arguments(broken, true));
        if (wait_for_lines(process, file, lines)) {
            process.signal(SIGKILL);
            killed += process.wait().code == -SIGKILL;
        }
    }
    EXPECT_GE(killed, 3u);
    const Outcome end = f.train(broken, true);
    ASSERT_EQ(end.code, 0) << end.err;
    expect_same_run(unbroken, broken);
    // Once more: nothing is left to do, and nothing changes; killed between writing a network and
    // removing its checkpoint, a run leaves none in the end.
    put(broken + "/float.checkpoint", "left over");
    ASSERT_EQ(f.train(broken, true).code, 0);
    expect_same_run(unbroken, broken);
}

TEST(TrainCommand, CtrlCEndsWith130AndCanBeResumed) {
    const TrainFixture f;
    const std::string unbroken = f.scratch.file("unbroken"), broken = f.scratch.file("broken");
    ASSERT_EQ(f.train(unbroken, false).code, 0);
    for (const long lines : {2, 25}) {
        Process process(f.scratch, f.arguments(broken, true));
        ASSERT_TRUE(wait_for_lines(process, broken + "/events.jsonl", lines));
        process.signal(SIGINT);
        const Outcome o = process.wait();
        EXPECT_EQ(o.code, 130) << o.err;
        EXPECT_TRUE(contains(o.err, "continue with --resume")) << o.err;
    }
    ASSERT_EQ(f.train(broken, true).code, 0);
    expect_same_run(unbroken, broken);
}

TEST(TrainCommand, BadInputLeavesNothing) {
    const TrainFixture f;
    struct Case {
        std::vector<std::string> more;
        int code;
        std::string message;
    };
    const std::string out = f.scratch.file("out");
    const Case cases[] = {
        {{"--set", "training.floating_point.epoch=3"}, 2, "did you mean `epochs`?"},
        {{"--set", "hardware.preset=standrd"}, 2, "did you mean `standard`?"},
        {{"--set", "data.folder=" + f.scratch.file("nowhere")}, 1, f.scratch.file("nowhere")},
        {{"--set", "data.train_images=257"}, 1, "data.train_images"},
        {{"--set", "evaluation.images=65"}, 1, "evaluation.images"},
        {{"--set", "network.weights=none.safetensors"}, 1, "none.safetensors"},
        {{"--set", "hardware.forward.noise_management.kind=average abs max"}, 1, "average abs max"},
        {{"--threads", "0"}, 2, "--threads"},
    };
    const auto listing = [&] {
        auto all = contents(f.scratch.path());
        all.erase(f.scratch.file("stdout"));
        all.erase(f.scratch.file("stderr"));
        return all;
    };
    const auto before = listing();
    for (const Case& c : cases) {
        std::vector<std::string> all = {"train", f.file, "--out", out};
        all.insert(all.end(), c.more.begin(), c.more.end());
        const Outcome o = Process(f.scratch, all).wait();
        EXPECT_EQ(o.code, c.code) << o.err;
        EXPECT_TRUE(contains(o.err, c.message)) << c.message << "\n" << o.err;
        EXPECT_TRUE(listing() == before) << c.message;
    }
    EXPECT_EQ(Process(f.scratch, {"train", f.scratch.file("none.json")}).wait().code, 1);
    EXPECT_EQ(Process(f.scratch, {"train", f.file, "--out", f.file + "/x"}).wait().code, 1);
    EXPECT_TRUE(listing() == before);
}

TEST(TrainCommand, AnotherRunIsKept) {
    const TrainFixture f;
    const std::string out = f.scratch.file("out");
    const std::vector<std::string> quick = {"--set",
                                            "training.floating_point.epochs=1",
                                            "--set",
                                            "training.hardware_aware.epochs=0",
                                            "--no-evaluation"};
    ASSERT_EQ(f.train(out, false, quick).code, 0);
    const auto all_but_lock = [&] {
        auto all = contents(out);
        all.erase(out + "/.mho.lock");
        return all;
    };
    const auto before = all_but_lock();
    const Outcome other = f.train(out, true);
    EXPECT_EQ(other.code, 1);
    EXPECT_TRUE(contains(other.err, out + " holds a run of another configuration")) << other.err;
    EXPECT_TRUE(all_but_lock() == before);
    // Bad data must not cost the run that is there.
    EXPECT_EQ(f.train(out, false, {"--set", "data.folder=" + out}).code, 1);
    EXPECT_TRUE(all_but_lock() == before);
    // Nor must forgetting --resume; --overwrite is what starts anew.
    const Outcome again = f.train(out, false, quick);
    EXPECT_EQ(again.code, 1);
    EXPECT_TRUE(contains(again.err, out + " holds this run already")) << again.err;
    EXPECT_TRUE(all_but_lock() == before);
    std::vector<std::string> replacing = quick;
    replacing.push_back("--overwrite");
    ASSERT_EQ(f.train(out, false, replacing).code, 0);
    EXPECT_EQ(read_file(out + "/float.safetensors"), before.at(out + "/float.safetensors"));
    // What an earlier version wrote is the same run: it knew fewer parameters.
    Json older = Json::parse(read_file(out + "/run.json"));
    older["training"]["floating_point"].erase("threads");
    put(out + "/run.json", older.dump(2));
    std::vector<std::string> same = quick;
    EXPECT_EQ(f.train(out, true, same).code, 0);
    const FolderLock lock(out);
    const Outcome used = f.train(out, true, quick);
    EXPECT_EQ(used.code, 1);
    EXPECT_TRUE(contains(used.err, "in use by process")) << used.err;
}

TEST(TrainCommand, ThreadsChangeNothing) {
    const TrainFixture f;
    const std::vector<std::string> few = {"--set",
                                          "training.floating_point.epochs=2",
                                          "--set",
                                          "training.hardware_aware.epochs=3",
                                          "--set",
                                          "training.hardware_aware.batch=256"};
    const std::string one = f.scratch.file("1");
    ASSERT_EQ(f.train(one, false, few).code, 0);
    for (const char* threads : {"2", "7"}) {
        std::vector<std::string> words = {
            "train", f.file, "--out", f.scratch.file(threads), "--threads", threads};
        words.insert(words.end(), few.begin(), few.end());
        const Outcome o = Process(f.scratch, words).wait();
        ASSERT_EQ(o.code, 0) << o.err;
        expect_same_run(one, f.scratch.file(threads));
    }
}

// Both networks see the data equally often: one further stage, resumed like the others.
TEST(TrainCommand, FloatingPointMayTrainFurther) {
    const TrainFixture f;
    const std::string out = f.scratch.file("out");
    std::vector<std::string> more = {"--quiet"};
    for (const char* set : {"training.continue_floating_point=true",
                            "training.floating_point.epochs=1",
                            "training.hardware_aware.epochs=2",
                            R"(evaluation.digital=[{"name": "W2A4", "weights": {"bits": 2},
                                                    "activation_bits": 4}])"}) {
        more.push_back("--set");
        more.push_back(set);
    }
    const Outcome o = f.train(out, false, more);
    ASSERT_EQ(o.code, 0) << o.err;
    const Network start = read_network(out + "/float.safetensors");
    const Network further = read_network(out + "/further.safetensors");
    EXPECT_EQ(start.graph.layers.size(), further.graph.layers.size());
    EXPECT_FALSE(start.parameters == further.parameters);
    // The naive network is the further one, and so is what stands for floating point.
    const Tensor naive =
        to_digital(read_network(out + "/naive.safetensors")).parameters.at("fc1.weight");
    const Tensor& trained = further.parameters.at("fc1.weight");
    for (size_t i = 0; i < naive.values.size(); i++) {
        ASSERT_NEAR(naive.values[i], trained.values[i], 1e-6);
    }
    const Json j = Json::parse(read_file(out + "/results.json"));
    EXPECT_TRUE(j["accuracy"]["digital"].contains("W2A4"));
    const std::string page = read_file(out + "/report.html");
    EXPECT_TRUE(contains(page, "Loss during training"));
    EXPECT_TRUE(contains(page, "W2A4"));
    // The evaluation finds it in the folder, and a second start from a lost stage repeats it.
    const std::string results = results_without_facts(out);
    const std::string other = f.scratch.file("other");
    ASSERT_EQ(Process(f.scratch, {"evaluate", out, "--quiet", "--out", other}).wait().code, 0);
    EXPECT_EQ(results_without_facts(other), results);
    std::filesystem::remove(out + "/further.safetensors");
    ASSERT_EQ(f.train(out, true, more).code, 0);
    EXPECT_TRUE(read_network(out + "/further.safetensors").parameters == further.parameters);
    EXPECT_EQ(results_without_facts(out), results);
}

}  // namespace
}  // namespace mho

#endif  // MHO_WITH_TORCH
