// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <limits>

#include "mho/cli/test_support.h"
#include "mho/io/safetensors.h"

namespace mho {
namespace {

// Runs `mho evaluate` and checks: the code, what the message names, and that nothing was written.
void expect_refused(const RunFixture& f,
                    const std::vector<std::string>& arguments,
                    int code,
                    const std::vector<std::string>& named,
                    const std::string& label) {
    const auto before = contents(f.scratch.path());
    std::vector<std::string> all = {"evaluate", "--quiet", "--threads", "1"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Outcome o = run(all);
    EXPECT_EQ(o.code, code) << label << ": " << o.err;
    for (const std::string& n : named) {
        EXPECT_TRUE(contains(o.err, n)) << label << ": `" << n << "` in " << o.err;
    }
    EXPECT_EQ(o.out, "") << label;
    EXPECT_TRUE(contents(f.scratch.path()) == before) << label << ": something was written";
}

struct Change {
    const char* path;   // dotted path in run.json
    const char* value;  // JSON
    const char* right;  // part of what would be right
};

const Change kChanges[] = {
    {"sead", "1", "did you mean `seed`?"},
    {"evaluation.programings", "1", "did you mean `programmings`?"},
    {"evaluation.programmings", "0", "must be 1"},
    {"evaluation.programmings", "\"many\"", "expected an integer"},
    {"evaluation.images", "-5", "must be 0"},
    {"evaluation.naive", "1", "expected true or false"},
    {"evaluation.times", "{}", "expected a list"},
    {"evaluation.ablation.time", "\"1 day!\"", "did you mean `1 day`?"},
    {"hardware.preset", "\"standart\"", "did you mean `standard`?"},
    {"hardware.forward.output_noise.std", "-0.1", "must be "},
    {"hardware.forward.adc", "7", "expected an object"},
    {"hardware.conductance.model", "\"pmc\"", "did you mean `pcm`?"},
    {"hardware.mapping.max_inputs", "1.5", "expected an integer"},
    {"data.set", "\"mnist\"", "fashion mnist"},
    {"network.std", "[0]", "must be "},
    {"training.floating_point.optimizer", "\"adamx\"", "did you mean `adam`?"},
};

TEST(BadInput, RunFilesAreAnErrorOverridesAWrongCommandLine) {
    for (const Change& c : kChanges) {
        RunFixture f;
        expect_refused(f,
                       {f.folder,
                        "--out",
                        f.scratch.file("out"),
                        "--set",
                        std::string(c.path) + "=" + c.value},
                       2,
                       {c.path, c.right},
                       c.path);
        Json j = Json::parse(read_file(f.folder + "/run.json"));
        std::string pointer = "/" + std::string(c.path);
        std::replace(pointer.begin(), pointer.end(), '.', '/');
        j[Json::json_pointer(pointer)] = Json::parse(c.value);
        put(f.folder + "/run.json", j.dump());
        expect_refused(f,
                       {f.folder, "--out", f.scratch.file("out")},
                       1,
                       {f.folder + "/run.json", c.path, c.right},
                       c.path);
    }
}

TEST(BadInput, TextsThatAreNoRunFile) {
    RunFixture f;
    const std::string good = read_file(f.folder + "/run.json");
    const std::string texts[] = {"",
                                 "nonsense",
                                 good.substr(0, good.size() / 2),
                                 "{\"seed\": NaN}",
                                 "{\"seed\": -Infinity}",
                                 "{\"seed\": 1e400}",
                                 std::string(1000, '\0'),
                                 "\x1f\x8b",
                                 "{\"a\": 1, \"a\": 1}"};
    for (const std::string& text : texts) {
        put(f.folder + "/run.json", text);
        expect_refused(f, {f.folder}, 1, {f.folder + "/run.json"}, text.substr(0, 40));
    }
}

TEST(BadInput, MissingPlaces) {
    RunFixture f;
    expect_refused(f, {f.scratch.file("none")}, 1, {f.scratch.file("none")}, "no run");
    expect_refused(f, {f.data}, 1, {f.data, "run.json"}, "no run folder");
    expect_refused(f, {""}, 1, {"no such"}, "empty name");
    expect_refused(f, {std::string(5000, 'x')}, 1, {"xxx"}, "long name");
    // Data that are not there, are cut, or are something else.
    const std::string images = f.data + "/t10k-images-idx3-ubyte";
    const std::string bytes = read_file(images);
    for (const std::string& content : {std::string(),
                                       bytes.substr(0, 15),
                                       bytes.substr(0, 5000),
                                       bytes + "x",
                                       std::string("PK\x03\x04")}) {
        put(images, content);
        expect_refused(f, {f.folder}, 1, {images}, "cut data");
    }
    std::filesystem::remove(images);
    expect_refused(f, {f.folder}, 1, {images}, "no data");
    put(images, bytes);
    std::filesystem::remove(f.folder + "/float.safetensors");
    expect_refused(f, {f.folder}, 1, {f.folder, "float.safetensors"}, "no network");
}

TEST(BadInput, TooManyImagesAreAsked) {
    RunFixture f;
    const std::string out = f.scratch.file("out");
    expect_refused(f,
                   {f.folder, "--out", out, "--set", "evaluation.images=41"},
                   1,
                   {"evaluation.images", "40"},
                   "evaluation");
    expect_refused(f,
                   {f.folder, "--out", out, "--set", "data.test_images=41"},
                   1,
                   {"data.test_images", "40"},
                   "data");
}

// As root every folder is writable, except below a file and in /proc.
TEST(BadInput, UnwritableFolders) {
    RunFixture f;
    put(f.scratch.file("file"), "x");
    expect_refused(
        f, {f.folder, "--out", f.scratch.file("file")}, 1, {f.scratch.file("file")}, "a file");
    expect_refused(f,
                   {f.folder, "--out", f.scratch.file("file/sub")},
                   1,
                   {f.scratch.file("file")},
                   "below a file");
    expect_refused(f, {f.folder, "--out", "/proc/mho"}, 1, {"/proc/mho"}, "/proc");
    expect_refused(
        f, {f.folder, "--out", f.scratch.file(std::string(300, 'x'))}, 1, {"xxx"}, "long");
}

TEST(BadInput, NetworksThatDoNotFit) {
    const RunFixture f;
    const std::string file = f.folder + "/hwa.safetensors";
    const SafeTensors good = read_safetensors(file);
    const auto expect = [&](const SafeTensors& bad, const std::string& named) {
        write_safetensors(file, bad);
        expect_refused(f, {f.folder}, 1, {file, named}, named);
    };
    SafeTensors bad = good;
    bad.tensors.at("fc1.tile_weight").values[5] = std::numeric_limits<float>::quiet_NaN();
    expect(bad, "fc1.tile_weight");
    bad = good;
    bad.tensors.at("fc2.bias").values[0] = std::numeric_limits<float>::infinity();
    expect(bad, "fc2.bias");
    bad = good;
    bad.tensors.at("fc1.tile_weight").shape = {784, 12};
    expect(bad, "fc1.tile_weight");
    bad = good;
    bad.tensors.erase("fc2.scale");
    expect(bad, "fc2.scale");
    bad = good;
    bad.tensors["fc3.weight"] = good.tensors.at("fc2.bias");
    expect(bad, "fc3.weight");
    for (const char* key : {"mho.format", "mho.graph", "mho.hardware"}) {
        bad = good;
        bad.metadata.erase(key);
        expect(bad, key);
        bad.metadata[key] = "{";
        expect(bad, file);
        bad.metadata[key] = "[]";
        expect(bad, file);
    }
    bad = good;
    bad.metadata["mho.format"] = "2";
    expect(bad, "format `2`");
    put(file, "PK\x03\x04 this is no network");
    expect_refused(f, {f.folder}, 1, {file}, "foreign");
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    expect_refused(f, {f.folder}, 1, {file}, "a folder");
}

TEST(BadInput, NetworksCutAnywhere) {
    const RunFixture f;
    for (const char* name : {"float.safetensors", "naive.safetensors"}) {
        const std::string file = f.folder + "/" + name;
        const std::string good = read_file(file);
        for (size_t cut = 0; cut < good.size(); cut += cut < 24 ? 1 : good.size() / 17) {
            put(file, good.substr(0, cut));
            expect_refused(f, {f.folder}, 1, {file}, "cut at " + std::to_string(cut));
        }
        put(file, good.substr(0, good.size() - 1));
        expect_refused(f, {f.folder}, 1, {file}, "last byte");
        put(file, good + "x");
        expect_refused(f, {f.folder}, 1, {file}, "a byte more");
        put(file, good);
    }
}

TEST(BadInput, WeightsOfARunFile) {
    const RunFixture f;
    const std::string file = f.scratch.file("w.safetensors");
    const std::string run_file = f.scratch.file("w.json");
    put(run_file,
        run_file_to_json(tiny_run({"data.folder=" + f.data, "network.weights=w.safetensors"})));
    const auto expect = [&](const SafeTensors& weights, const std::string& named) {
        write_safetensors(file, weights);
        expect_refused(f, {run_file, "--out", f.scratch.file("out")}, 1, {file, named}, named);
    };
    SafeTensors good;
    good.tensors = build_network(tiny_run()).parameters;
    SafeTensors bad = good;
    bad.tensors.at("fc1.weight").values[7] = std::numeric_limits<float>::quiet_NaN();
    expect(bad, "fc1.weight");
    bad = good;
    bad.tensors.at("fc2.weight").shape = {12, 10};
    expect(bad, "fc2.weight");
    bad = good;
    bad.tensors.erase("fc1.bias");
    expect(bad, "fc1.bias");
    bad = good;
    bad.tensors["more"] = bad.tensors.at("fc1.bias");
    expect(bad, "more");
    std::filesystem::remove(file);
    expect_refused(f, {run_file, "--out", f.scratch.file("out")}, 1, {file}, "missing");
}

TEST(BadInput, NumbersWithoutSignRefuseOne) {
    const std::vector<std::vector<std::string>> commands = {
        {"devices", "reram es"}, {"adc", "sar"}, {"study", "run", "gdp"}};
    for (std::vector<std::string> words : commands) {
        words.insert(words.end(), {"--seed", "-1"});
        const Outcome o = run(words);
        EXPECT_EQ(o.code, kExitUsage) << words[0];
        EXPECT_TRUE(contains(o.err, "--seed")) << o.err;
    }
    const Outcome threads = run({"evaluate", "run", "--threads", "-2"});
    EXPECT_EQ(threads.code, kExitUsage);
    EXPECT_TRUE(contains(threads.err, "--threads")) << threads.err;
}

TEST(BadInput, AnEmptyNameOfAnOutput) {
    const RunFixture f;
    for (const char* command : {"evaluate", "cost", "sweep"}) {
        const Outcome o = run({command, f.folder, "--out", ""});
        EXPECT_EQ(o.code, kExitUsage) << command;
        EXPECT_TRUE(contains(o.err, "--out")) << o.err;
    }
}

TEST(BadInput, APipeIsNoRunFile) {
    const ScratchFolder scratch;
    const std::string pipe = scratch.file("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    for (const char* command : {"evaluate", "cost", "solve", "sweep", "fit", "explain"}) {
        const Outcome o = run({command, pipe});
        EXPECT_NE(o.code, 0) << command;
        EXPECT_TRUE(contains(o.err, pipe)) << command << ": " << o.err;
    }
}

TEST(BadInput, ResultsWithoutAccuracies) {
    const RunFixture f;
    const std::string results = f.folder + "/results.json";
    for (const char* text : {"{}", "[]", "3", R"({"accuracy": 3})", R"({"loss": []})"}) {
        put(results, text);
        const Outcome o = run({"report", f.folder});
        EXPECT_EQ(o.code, kExitFailed) << text;
        EXPECT_TRUE(contains(o.err, results)) << o.err;
        EXPECT_TRUE(contains(o.err, "accuracy")) << o.err;
        EXPECT_FALSE(std::filesystem::exists(f.folder + "/report.html")) << text;
    }
}

TEST(BadInput, AbsurdAccuraciesAreNotCompared) {
    const RunFixture f;
    const std::string results = f.folder + "/results.json";
    for (const char* value : {"1e308", "-0.1", "1.5"}) {
        put(results,
            std::string(R"({"accuracy": {"float": 0.5, "naive": {"1 s": {"all": [0.5, )") + value +
                "]}}}}");
        for (const Outcome& o :
             {run({"compare", f.folder, f.folder}), run({"report", f.folder, "--yield", "0.5"})}) {
            EXPECT_EQ(o.code, kExitFailed) << value;
            EXPECT_TRUE(contains(o.err, "naive.1 s")) << o.err;
            EXPECT_TRUE(contains(o.err, "no accuracy")) << o.err;
        }
    }
}

TEST(BadInput, MessagesOfTheJsonLibraryInPlainWords) {
    const ScratchFolder scratch;
    put(scratch.file("run.json"), "{\"seed\": }");
    const Outcome o = run({"evaluate", scratch.file("run.json")});
    EXPECT_TRUE(contains(o.err, "line 1, column 10")) << o.err;
    EXPECT_FALSE(contains(o.err, "json.exception")) << o.err;
}

}  // namespace
}  // namespace mho
