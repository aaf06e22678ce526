// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <thread>
#include <vector>

#include "mho/report/numbers.h"
#include "mho/report/text.h"
#include "mho/report/xml_check.h"

namespace mho {
namespace {

struct Bench {
    std::ostringstream stream;
    double now_s = 100.0;

    ProgressOutput output(bool terminal) {
        ProgressOutput out;
        out.stream = &stream;
        out.is_terminal = terminal ? 1 : 0;
        out.columns = 80;
        out.clock_s = [this] { return now_s; };
        return out;
    }
};

TEST(FormatDuration, Ranges) {
    EXPECT_EQ(format_duration(0.0), "0.00 s");
    EXPECT_EQ(format_duration(0.42), "0.42 s");
    EXPECT_EQ(format_duration(0.999), "1.0 s");
    EXPECT_EQ(format_duration(9.97), "10 s");
    EXPECT_EQ(format_duration(12.3), "12 s");
    EXPECT_EQ(format_duration(59.7), "1 min 00 s");
    EXPECT_EQ(format_duration(125.0), "2 min 05 s");
    EXPECT_EQ(format_duration(3599.7), "1 h 00 min");
    EXPECT_EQ(format_duration(3 * 3600 + 7 * 60), "3 h 07 min");
    EXPECT_EQ(format_duration(52 * 3600), "2 d 04 h");
    EXPECT_EQ(format_duration(-12.0), "−12 s");
    EXPECT_EQ(format_duration(NAN), kNoValue);
    EXPECT_EQ(format_duration(INFINITY), kNoValue);
}

TEST(Progress, PlainModePrintsFewLinesWithoutControlCharacters) {
    Bench bench;
    {
        Progress progress("hwa\x1B[2J, 1 day", 1000, "images", bench.output(false));
        for (int i = 0; i < 100; i++) {
            bench.now_s += 0.2;
            progress.advance(10);
        }
        progress.finish();
        progress.finish();
    }
    // 20 seconds: lines after 5, 10 and 15 s; the one due at 20 s is that of finish().
    const std::string text = bench.stream.str();
    EXPECT_EQ(count_of(text, "\n"), 4u) << text;
    EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](char c) {
        return c != '\n' && static_cast<unsigned char>(c) < 0x20;
    })) << text;
    EXPECT_NE(text.find(" 50 %  50.0 images/s  10 s, 10 s left\n"), std::string::npos) << text;
    EXPECT_TRUE(text.ends_with("100 %  50.0 images/s  20 s\n")) << text;
}

TEST(Progress, TerminalModeRedrawsInPlaceAtMostTenTimesASecond) {
    Bench bench;
    Progress progress("hwa", 1000, "images", bench.output(true));
    for (int i = 0; i < 1000; i++) {
        bench.now_s += 0.001;
        progress.advance();
    }
    const size_t drawn = count_of(bench.stream.str(), "\r\033[K");
    EXPECT_GE(drawn, 9u);
    EXPECT_LE(drawn, 11u);
    EXPECT_EQ(count_of(bench.stream.str(), "\n"), 0u);
    progress.finish();
    EXPECT_EQ(count_of(bench.stream.str(), "\n"), 1u);
    EXPECT_NE(bench.stream.str().find("█"), std::string::npos);
}

TEST(Progress, LinesFitTheTerminal) {
    for (const size_t columns : {1u, 10u, 20u, 40u, 60u, 79u, 200u}) {
        Bench bench;
        ProgressOutput output = bench.output(true);
        output.columns = columns;
        Progress progress("a rather long label", 7, "images", output);
        for (int i = 0; i < 9; i++) {
            bench.now_s += 100.0;
            progress.advance();
        }
        std::string text = bench.stream.str();
        for (size_t at = 0; (at = text.find("\r\033[K", at)) != std::string::npos;) {
            at += 4;
            const size_t end = std::min(text.find('\r', at), text.size());
            EXPECT_LE(display_width(text.substr(at, end - at)), columns);
        }
    }
}

TEST(Progress, NotesStandOnTheirOwnLine) {
    Bench plain;
    Progress a("a", 10, "", plain.output(false));
    a.note("loss\n0.5");
    EXPECT_EQ(plain.stream.str(), "loss 0.5\n");

    Bench terminal;
    Progress b("b", 10, "", terminal.output(true));
    b.advance(5);
    b.note("loss 0.5");
    const std::string text = terminal.stream.str();
    EXPECT_NE(text.find("\r\033[Kloss 0.5\n\r\033[Kb"), std::string::npos) << text;
}

TEST(Progress, LeavesAFreshLineWhenAnExceptionPasses) {
    Bench bench;
    try {
        Progress progress("a", 10, "", bench.output(true));
        progress.advance();
        throw 1;
    } catch (int) {
    }
    EXPECT_TRUE(bench.stream.str().ends_with("\n"));
}

TEST(Progress, UnknownTotalAndTooMuchProgress) {
    Bench bench;
    Progress unknown("a", 0, "images", bench.output(false));
    bench.now_s += 10.0;
    unknown.advance(20);
    EXPECT_EQ(bench.stream.str(), "a  20 images  2.00 images/s  10 s\n");

    Bench other;
    Progress over("b", 10, "", other.output(false));
    other.now_s += 10.0;
    over.advance(50);
    over.finish();
    EXPECT_EQ(other.stream.str(), "b  100 %  5.00/s  10 s\n");
}

TEST(Progress, ThreadsAdvanceTogether) {
    std::ostringstream stream;
    ProgressOutput output;
    output.stream = &stream;
    output.is_terminal = 0;
    output.plain_interval_s = 0.0;
    std::atomic<int> ticks{0};
    output.clock_s = [&] { return static_cast<double>(ticks++); };
    Progress progress("a", 40001, "", output);
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; t++) {
            threads.emplace_back([&] {
                for (int i = 0; i < 10000; i++) {
                    progress.advance();
                }
            });
        }
    }
    progress.advance();
    progress.finish();
    EXPECT_NE(stream.str().rfind("100 %"), std::string::npos);
    std::istringstream lines(stream.str());
    for (std::string line; std::getline(lines, line);) {
        EXPECT_TRUE(line.starts_with("a  ")) << line;
    }
}

}  // namespace
}  // namespace mho
