// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "mho/cli/command.h"
#include "mho/cli/study_page.h"
#include "mho/io/file.h"
#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

struct Outcome {
    int code = 0;
    std::string out, err;
};

Outcome mho_run(const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    const int code = run_mho(arguments, core_commands(), out, err);
    return {code, out.str(), err.str()};
}

TEST(CommandStudy, ListRunReport) {
    const ScratchFolder folder;
    const std::string at = folder.path();
    const Outcome none = mho_run({"study", "report", "--folder", at});
    EXPECT_EQ(none.code, kExitFailed);
    EXPECT_TRUE(contains(none.err, "no study below"));
    EXPECT_TRUE(contains(mho_run({"study", "list", "--folder", at}).out, "mvm-error"));

    const Outcome done =
        mho_run({"study", "run", "mvm-error", "--small", "--threads", "2", "--folder", at});
    ASSERT_EQ(done.code, kExitDone) << done.err;
    EXPECT_TRUE(contains(done.out, "holds"));
    EXPECT_TRUE(contains(mho_run({"study", "list", "--folder", at}).out, ", small"));

    const Outcome report = mho_run({"study", "report", "--folder", at});
    ASSERT_EQ(report.code, kExitDone) << report.err;
    const std::string readme = at + "/mvm-error/README.md";
    const std::string first = read_file(readme);
    EXPECT_TRUE(contains(first, "| 1 year"));
    EXPECT_TRUE(contains(first, "Small form."));
    EXPECT_TRUE(contains(read_file(at + "/report.html"), "<table"));
    // What a person writes stays; what was generated is replaced.
    put(readme, "My words.\n" + first + "More words.\n");
    mho_run({"study", "report", "--folder", at});
    EXPECT_EQ(read_file(readme), "My words.\n" + first + "More words.\n");
    put(readme, "no markers");
    const Outcome bad = mho_run({"study", "report", "--folder", at});
    EXPECT_EQ(bad.code, kExitFailed);
    EXPECT_TRUE(contains(bad.err, "results: begin"));
    EXPECT_EQ(read_file(readme), "no markers");
}

TEST(CommandStudy, WrongWords) {
    EXPECT_EQ(mho_run({"study"}).code, kExitUsage);
    EXPECT_EQ(mho_run({"study", "run"}).code, kExitUsage);
    const Outcome unknown = mho_run({"study", "run", "mvm-eror"});
    EXPECT_EQ(unknown.code, kExitFailed);
    EXPECT_TRUE(contains(unknown.err, "did you mean `mvm-error`?"));
}

TEST(StudyPage, MarkersMustBeThereOnceAndInOrder) {
    const std::string begin = "<!-- results: begin -->";
    const std::string end = "<!-- results: end -->";
    EXPECT_EQ(replace_results("a " + begin + " old " + end + " b", "new\n", "x"),
              "a " + begin + "\nnew\n" + end + " b");
    for (const std::string& text :
         {begin, end, end + begin, begin + begin + end, begin + end + end}) {
        EXPECT_THROW(replace_results(text, "", "x"), IoError) << text;
    }
}

// The tables in the source tree are those of the results beside them.
TEST(StudyPage, ReadmesAreFresh) {
    const std::string folder = std::string(MHO_SOURCE_DIR) + "/studies";
    for (const Study& study : studies()) {
        const std::string path = folder + "/" + study.name + "/README.md";
        ASSERT_TRUE(std::filesystem::exists(path)) << path;
        const std::string text = read_file(path);
        const auto record = newest_study_record(folder, study.name);
        if (contains(text, "Not yet measured in full.")) {
            EXPECT_FALSE(record.has_value() && !record->small) << study.name;
            continue;
        }
        ASSERT_TRUE(record.has_value()) << study.name << ": `mho study run` first";
        EXPECT_FALSE(record->small) << study.name;
        EXPECT_EQ(replace_results(text, study_markdown(*record), path), text)
            << "run `mho study report`";
    }
}

TEST(CommandStudy, ShowsItsProgress) {
    const ScratchFolder folder;
    const auto study = [&](const std::vector<std::string>& more) {
        std::vector<std::string> words = {
            "study", "run", "mvm-error", "--small", "--folder", folder.path()};
        words.insert(words.end(), more.begin(), more.end());
        return mho_run(words);
    };
    EXPECT_TRUE(contains(study({}).err, "mvm-error"));
    EXPECT_EQ(study({"--quiet"}).err, "");
}

}  // namespace
}  // namespace mho
