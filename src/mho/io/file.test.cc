// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(ReadFile, GivesEveryByte) {
    const ScratchFolder scratch;
    const std::string bytes("\0a\n\r\xff", 5);
    put(scratch.file("x"), bytes);
    EXPECT_EQ(read_file(scratch.file("x")), bytes);
    put(scratch.file("empty"), "");
    EXPECT_EQ(read_file(scratch.file("empty")), "");
    const std::string large(300'001, 'q');
    put(scratch.file("large"), large);
    EXPECT_EQ(read_file(scratch.file("large")), large);
}

TEST(ReadFile, NamesFileAndReason) {
    const ScratchFolder scratch;
    const std::string missing = scratch.file("missing");
    const std::string message = message_of<IoError>([&] { read_file(missing); });
    EXPECT_TRUE(contains(message, missing)) << message;
    EXPECT_TRUE(contains(message, "No such file")) << message;
    EXPECT_TRUE(
        contains(message_of<IoError>([&] { read_file(scratch.path()); }), "Is a directory"));
    EXPECT_THROW(read_file(std::string("a\0b", 3)), IoError);
    EXPECT_THROW(read_file(""), IoError);
}

TEST(ReadFile, HoldsTheLimit) {
    const ScratchFolder scratch;
    put(scratch.file("x"), "12345");
    EXPECT_EQ(read_file(scratch.file("x"), 5), "12345");
    EXPECT_TRUE(contains(message_of<IoError>([&] { read_file(scratch.file("x"), 4); }), "larger"));
    // A device announces no size and never ends.
    EXPECT_THROW(read_file("/dev/zero", 1 << 20), IoError);
}

TEST(WriteFileAtomically, CreatesAndReplaces) {
    const ScratchFolder scratch;
    write_file_atomically(scratch.file("x"), "one");
    EXPECT_EQ(read_file(scratch.file("x")), "one");
    write_file_atomically(scratch.file("x"), std::string("t\0o", 3));
    EXPECT_EQ(read_file(scratch.file("x")), std::string("t\0o", 3));
    EXPECT_EQ(scratch.entries(), 1u);
    const std::string long_name(255, 'n');
    write_file_atomically(scratch.file(long_name), "fits");
    EXPECT_EQ(read_file(scratch.file(long_name)), "fits");
}

TEST(WriteFileAtomically, LeavesNothingOnFailure) {
    const ScratchFolder scratch;
    const std::string nowhere = scratch.file("missing/x");
    EXPECT_TRUE(
        contains(message_of<IoError>([&] { write_file_atomically(nowhere, "x"); }), "missing/x"));
    std::filesystem::create_directory(scratch.file("folder"));
    EXPECT_TRUE(
        contains(message_of<IoError>([&] { write_file_atomically(scratch.file("folder"), "x"); }),
                 "a folder"));
    EXPECT_THROW(write_file_atomically(scratch.file("folder/"), "x"), IoError);
    EXPECT_THROW(write_file_atomically(scratch.file("new/"), "x"), IoError);
    EXPECT_THROW(write_file_atomically(scratch.file(std::string(256, 'n')), "x"), IoError);
    EXPECT_THROW(write_file_atomically("", "x"), IoError);
    EXPECT_EQ(scratch.entries(), 1u);
}

TEST(WriteFileAtomically, UnwritableFolder) {
    // /proc takes no files, not even from root, for whom permissions do not count.
    EXPECT_TRUE(contains(message_of<IoError>([] { write_file_atomically("/proc/mho-test", "x"); }),
                         "`/proc/mho-test`"));
    if (::geteuid() == 0) {
        return;
    }
    const ScratchFolder scratch;
    using std::filesystem::perms;
    std::filesystem::permissions(scratch.path(), perms::owner_read | perms::owner_exec);
    EXPECT_TRUE(contains(
        message_of<IoError>([&] { write_file_atomically(scratch.file("x"), "x"); }), "denied"));
    std::filesystem::permissions(scratch.path(), perms::owner_all);
}

TEST(WriteFileAtomically, RefusesDevices) {
    EXPECT_TRUE(
        contains(message_of<IoError>([] { write_file_atomically("/dev/null", "x"); }), "regular"));
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(WriteFileAtomically, KeepsTheOldContentWhenTheDiskIsFull) {
    // A limit on the file size of a child process stands in for a full disk.
    const ScratchFolder scratch;
    write_file_atomically(scratch.file("x"), "old");
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{1000, 1000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        int code = 1;
        try {
            write_file_atomically(scratch.file("x"), std::string(5000, 'n'));
        } catch (const IoError&) {
            code = 0;
        }
        ::_exit(code);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_EQ(read_file(scratch.file("x")), "old");
    EXPECT_EQ(scratch.entries(), 1u);
}

TEST(WriteFileAtomically, ThreadsDoNotMixTheirContents) {
    const ScratchFolder scratch;
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 20; i++) {
                write_file_atomically(scratch.file("x"),
                                      std::string(50'000, static_cast<char>('a' + t)));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    const std::string content = read_file(scratch.file("x"));
    EXPECT_EQ(content, std::string(50'000, content[0]));
    EXPECT_EQ(scratch.entries(), 1u);
}

TEST(EnsureFolder, CreatesParents) {
    const ScratchFolder scratch;
    ensure_folder(scratch.file("a/b/c"));
    EXPECT_TRUE(std::filesystem::is_directory(scratch.file("a/b/c")));
    EXPECT_NO_THROW(ensure_folder(scratch.file("a/b/c")));
    EXPECT_NO_THROW(ensure_folder(scratch.file("a/b/c/")));
}

TEST(EnsureFolder, RefusesFiles) {
    const ScratchFolder scratch;
    put(scratch.file("x"), "");
    EXPECT_TRUE(contains(message_of<IoError>([&] { ensure_folder(scratch.file("x")); }), "/x"));
    EXPECT_THROW(ensure_folder(scratch.file("x/y")), IoError);
    EXPECT_THROW(ensure_folder(""), IoError);
}

}  // namespace
}  // namespace mho
