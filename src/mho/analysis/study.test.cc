// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <set>

#include "mho/io/file.h"
#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

StudyRecord example(const std::string& date, bool is_small) {
    StudyRecord r;
    r.study = "some-study";
    r.paper = "paper";
    r.claim = "claim";
    r.date = date;
    r.version = "1";
    r.cpu = "cpu";
    r.seed = 18446744073709551615u;
    r.small = is_small;
    r.wall_s = 1.5;
    r.cpu_s = 2.5;
    r.result.repetitions = "3 chips";
    r.result.substitution = "less data";
    r.result.rows = {number_row("a", "about 15 %", 11, 18, {14.9, 14.0, 15.5}, "%", 1),
                     number_row("b", "3", 2.5, 3.5, {3.6, 3.4, 3.8}, "x", 2)};
    r.result.rows[1].explanation = "because";
    r.result.tables = {{"t", {"x", "y"}, {{"1", "2"}, {"3", "4"}}, "note"}};
    r.result.charts = {{"c", "time", "error", true, {{"one", {1, 2}, {0.5, 0.25}}}}};
    return r;
}

TEST(Study, CircuitsInSmallNeverGetWorseByBetterHardware) {
    StudyOptions options;
    options.small = true;
    const StudyResult result = find_study("circuits").run(options);
    ASSERT_EQ(result.rows.size(), 6u);
    ASSERT_EQ(result.tables.size(), 3u);
    for (const StudyRow& row : result.rows) {
        // A claim that fails says why.
        EXPECT_TRUE(row.verdict != Verdict::kFails || !row.explanation.empty())
            << row.claim << ": " << row.measured;
    }
}

TEST(Study, Verdicts) {
    const auto judged = [](double mean, double low, double high) {
        return verdict_in({1, 2}, {mean, low, high});
    };
    EXPECT_EQ(judged(1.5, 1.0, 2.0), Verdict::kHolds);
    EXPECT_EQ(judged(1.5, 1.2, 1.8), Verdict::kHolds);
    // The mean alone proves nothing.
    EXPECT_EQ(judged(1.5, 0.0, 9.0), Verdict::kTooWide);
    EXPECT_EQ(judged(1.5, 0.99, 1.6), Verdict::kTooWide);
    EXPECT_EQ(judged(1.5, 1.4, 2.01), Verdict::kTooWide);
    EXPECT_EQ(judged(2.1, 1.9, 2.3), Verdict::kInPart);
    EXPECT_EQ(judged(0.9, 0.7, 1.0), Verdict::kInPart);
    EXPECT_EQ(judged(2.1, 2.05, 2.3), Verdict::kFails);
    EXPECT_EQ(judged(0.5, 0.4, 0.9), Verdict::kFails);
    const StudyRow row = number_row("a", "about 15 %", 11, 18, {14.94, 14.0, 15.5}, "%", 1);
    EXPECT_EQ(row.measured, "14.9 % (14.0 to 15.5)");
    EXPECT_EQ(row.accepted, "11 to 18 %");
    EXPECT_EQ(row.verdict, Verdict::kHolds);
    EXPECT_EQ(at_least_row("a", "", 2, {2.1, 2, 3}, "x", 1).verdict, Verdict::kHolds);
    EXPECT_EQ(at_least_row("a", "", 2, {2.1, 1, 3}, "x", 1).verdict, Verdict::kTooWide);
    EXPECT_EQ(at_least_row("a", "", 2, {1.9, 1, 3}, "x", 1).verdict, Verdict::kInPart);
    EXPECT_EQ(at_least_row("a", "", 2, {1.5, 1, 1.9}, "x", 1).verdict, Verdict::kFails);
    EXPECT_EQ(at_most_row("a", "", 2, {1.5, 1, 3}, "x", 1).accepted, "at most 2 x");
    EXPECT_EQ(at_most_row("a", "", 2, {2.5, 2.1, 3}, "x", 1).verdict, Verdict::kFails);
    EXPECT_EQ(count_row("a", "", "all", 3, 3).verdict, Verdict::kHolds);
    EXPECT_EQ(count_row("a", "", "all", 2, 3).verdict, Verdict::kInPart);
    EXPECT_EQ(count_row("a", "", "all", 1, 2).verdict, Verdict::kFails);
    EXPECT_EQ(count_row("a", "", "all", 0, 0).verdict, Verdict::kFails);
}

TEST(Study, AnIntervalTooWideSaysHowManyRepetitionsItLacks) {
    const auto why = [](const StudyRow& row) { return explanation_of(row); };
    // Reaches out three times as far as there is room: nine times the repetitions.
    EXPECT_TRUE(contains(why(at_least_row("a", "", 0, {1, -2, 2}, "x", 1)), "about 9 times"));
    EXPECT_TRUE(contains(why(number_row("a", "", 0, 3, {1, -1, 7}, "x", 1)), "about 9 times"));
    EXPECT_TRUE(contains(why(at_most_row("a", "", 1, {1, 0, 2}, "x", 1)), "hardly"));
    EXPECT_EQ(why(at_least_row("a", "", 0, {1, 0.5, 2}, "x", 1)), "");
    EXPECT_EQ(why(at_least_row("a", "", 0, {-1, -2, 2}, "x", 1)), "");
    StudyRow row = at_least_row("a", "", 0, {1, -2, 2}, "x", 1);
    row.explanation = "because";
    EXPECT_EQ(why(row), "because");
}

// Old records are judged by the rule of today, not by the verdict that they hold.
TEST(Study, ReadingJudgesAnew) {
    StudyRecord record = example("2026-01-02T03:04:05Z", false);
    record.result.rows = {at_least_row("a", "", 0, {1, -2, 2}, "x", 1),
                          at_most_row("b", "", 3, {1, -2, 2}, "x", 1),
                          count_row("c", "", "all", 2, 3)};
    record.result.rows[0].verdict = Verdict::kHolds;
    record.result.rows[1].verdict = Verdict::kFails;
    const std::vector<StudyRow> read = study_from_json(study_to_json(record), "x").result.rows;
    EXPECT_EQ(read[0].verdict, Verdict::kTooWide);
    EXPECT_EQ(read[1].verdict, Verdict::kHolds);
    EXPECT_EQ(read[2].verdict, Verdict::kInPart);
    EXPECT_FALSE(read[2].bounds.has_value());
}

TEST(Study, RecordsRoundTrip) {
    const std::string text = study_to_json(example("2026-01-02T03:04:05Z", false));
    EXPECT_EQ(study_to_json(study_from_json(text, "x")), text);
    for (const char* bad : {"", "[]", "{}", "{\"study\": 3}"}) {
        const std::string message = message_of<IoError>([&] { study_from_json(bad, "f.json"); });
        EXPECT_TRUE(contains(message, "f.json")) << message;
    }
    std::string wrong = text;
    wrong.replace(wrong.find("\"holds\""), 7, "\"maybe\"");
    EXPECT_THROW(study_from_json(wrong, "x"), IoError);
    std::string ragged = text;
    ragged.replace(ragged.find("\"4\""), 3, "\"4\", \"5\"");
    EXPECT_THROW(study_from_json(ragged, "x"), IoError);
}

TEST(Study, NewestFullRecordCounts) {
    const ScratchFolder folder;
    const auto newest = [&] { return newest_study_record(folder.path(), "some-study"); };
    EXPECT_FALSE(newest().has_value());
    write_study_record(folder.path(), example("2026-05-01T00:00:00Z", true));
    EXPECT_EQ(newest()->date, "2026-05-01T00:00:00Z");
    const std::string path =
        write_study_record(folder.path(), example("2026-03-01T10:00:00Z", false));
    EXPECT_EQ(path, folder.path() + "/some-study/results/2026-03-01T100000Z.json");
    EXPECT_EQ(newest()->date, "2026-03-01T10:00:00Z");
    write_study_record(folder.path(), example("2026-02-01T10:00:00Z", false));
    write_study_record(folder.path(), example("2026-04-01T10:00:00Z", false));
    write_study_record(folder.path(), example("2026-06-01T10:00:00Z", true));
    put(folder.path() + "/some-study/results/notes.txt", "x");
    EXPECT_EQ(newest()->date, "2026-04-01T10:00:00Z");
    put(path, "broken");
    EXPECT_EQ(newest()->date, "2026-04-01T10:00:00Z");
    put(folder.path() + "/some-study/results/2027.json", "broken");
    EXPECT_THROW(newest(), IoError);
}

TEST(Study, EveryOneIsDescribed) {
    std::set<std::string> names;
    for (const Study& study : studies()) {
        EXPECT_TRUE(names.insert(study.name).second);
        EXPECT_FALSE(study.paper.empty());
        EXPECT_FALSE(study.claim.empty());
        EXPECT_EQ(find_study(study.name).claim, study.claim);
    }
    EXPECT_TRUE(contains(message_of<ConfigError>([] { find_study("mvm-eror"); }), "mvm-error"));
}

// A claim that does not hold says in its record why, and how that was tested; the folder holds the
// newest run only.
TEST(Study, EveryRecordExplainsWhatDoesNotHold) {
    const std::string folder = std::string(MHO_SOURCE_DIR) + "/studies";
    for (const Study& study : studies()) {
        const std::vector<std::string> files = study_record_files(folder, study.name, false);
        EXPECT_EQ(files.size(), 1u) << study.name;
        for (const std::string& path : files) {
            for (const StudyRow& row : study_from_json(read_file(path), path).result.rows) {
                EXPECT_TRUE(row.verdict == Verdict::kHolds || !row.explanation.empty())
                    << path << ": " << row.claim;
            }
        }
    }
}

// Seconds each, without the collection of large data: rows that need it are left out, and said so.
TEST(Study, EverySmallFormReachesVerdicts) {
    for (const Study& study : studies()) {
        if (!study.run) {
            continue;  // trains networks: tested in studies/
        }
        StudyOptions options;
        options.small = true;
        const StudyResult result = study.run(options);
        EXPECT_FALSE(result.repetitions.empty()) << study.name;
        EXPECT_FALSE(result.rows.empty()) << study.name;
        for (const StudyRow& row : result.rows) {
            EXPECT_FALSE(row.measured.empty()) << study.name << ": " << row.claim;
            EXPECT_TRUE(std::isfinite(row.value.mean)) << study.name << ": " << row.claim;
        }
    }
}

TEST(MvmErrorStudy, SmallFormAgreesWithAnIndependentComputation) {
    StudyOptions options;
    options.small = true;
    const StudyResult result = find_study("mvm-error").run(options);
    for (const StudyRow& row : result.rows) {
        EXPECT_EQ(row.verdict, Verdict::kHolds) << row.claim << ": " << row.measured;
    }
    const auto number = [](const std::string& cell) { return std::strtod(cell.c_str(), nullptr); };
    // Values of a separate computation of the same set-up in double precision, in percent; 5 %
    // of the value covers the spread of four chips, which is below 1 % of it, and the last digit.
    const double compensated[] = {12.0, 13.5, 15.3, 17.5, 19.4};
    const double uncompensated[] = {12.0, 25.9, 36.0, 45.4, 51.5};
    ASSERT_EQ(result.tables.size(), 2u);
    ASSERT_EQ(result.tables[0].rows.size(), 5u);
    for (size_t t = 0; t < 5; t++) {
        const std::vector<std::string>& row = result.tables[0].rows[t];
        EXPECT_NEAR(number(row[1]), compensated[t], 0.05 * compensated[t]) << row[0];
        EXPECT_NEAR(number(row[2]), uncompensated[t], 0.05 * uncompensated[t]) << row[0];
    }
    const double alone[] = {0.4, 1.5, 1.4, 2.8, 1.1, 3.6, 11.4};
    ASSERT_EQ(result.tables[1].rows.size(), std::size(alone));
    for (size_t i = 0; i < std::size(alone); i++) {
        const std::vector<std::string>& row = result.tables[1].rows[i];
        EXPECT_NEAR(number(row[1]), alone[i], 0.05 * alone[i] + 0.11) << row[0];
    }
    // Equal for any number of threads.
    options.threads = 3;
    EXPECT_EQ(find_study("mvm-error").run(options).tables[0].rows, result.tables[0].rows);
    std::atomic<bool> stop{true};
    options.stop = &stop;
    EXPECT_THROW(find_study("mvm-error").run(options), Interrupted);
}

}  // namespace
}  // namespace mho
