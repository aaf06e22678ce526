// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/durable_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mho/io/file.h"
#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(DurableLog, AppendsWholeLines) {
    const ScratchFolder scratch;
    {
        DurableLog log(scratch.file("log"));
        log.write_line("one");
        log.write_line("");
        log.write_line(std::string(200'000, 'x'));
    }
    DurableLog log(scratch.file("log"));
    EXPECT_EQ(log.dropped_bytes(), 0u);
    log.write_line("two");
    EXPECT_EQ(read_file(scratch.file("log")), "one\n\n" + std::string(200'000, 'x') + "\ntwo\n");
}

TEST(DurableLog, DropsATornLastLine) {
    const ScratchFolder scratch;
    const std::string torn(200'000, 't');  // longer than the blocks in which the end is searched
    const std::string path = scratch.file("log");
    for (const std::string whole : {"", "one\n", "one\ntwo\n"}) {
        for (const std::string& rest : {std::string("x"), std::string("{\"a\":"), torn}) {
            put(path, whole + rest);
            DurableLog log(path);
            EXPECT_EQ(log.dropped_bytes(), rest.size());
            log.write_line("next");
            EXPECT_EQ(read_file(path), whole + "next\n");
        }
    }
}

TEST(DurableLog, FindsTheNewlineAtEveryBlockBoundary) {
    const ScratchFolder scratch;
    for (const size_t rest : {65535u, 65536u, 65537u, 131071u, 131072u}) {
        put(scratch.file("log"), "a\n" + std::string(rest, 'x'));
        const DurableLog log(scratch.file("log"));
        EXPECT_EQ(read_file(scratch.file("log")), "a\n");
    }
}

TEST(DurableLog, LinesSurviveAKill) {
    const ScratchFolder scratch;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        DurableLog log(scratch.file("log"));
        log.write_line("before");
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(read_file(scratch.file("log")), "before\n");
}

TEST(DurableLog, Refusals) {
    const ScratchFolder scratch;
    DurableLog log(scratch.file("log"));
    EXPECT_THROW(log.write_line("a\nb"), InputError);
    EXPECT_EQ(read_file(scratch.file("log")), "");
    EXPECT_TRUE(contains(message_of<IoError>([&] { DurableLog(scratch.file("missing/log")); }),
                         "missing/log"));
    EXPECT_THROW(DurableLog(scratch.path()), IoError);
    DurableLog full("/dev/full");
    EXPECT_TRUE(
        contains(message_of<IoError>([&] { full.write_line("x"); }), "No space left on device"));
    DurableLog moved = std::move(log);
    moved.write_line("x");
    EXPECT_THROW(log.write_line("x"), InputError);  // NOLINT(bugprone-use-after-move)
}

}  // namespace
}  // namespace mho
