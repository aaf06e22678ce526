// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/folder_lock.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

/// What a second process hears when it asks for the folder; "" if it gets it.
std::string answer_to_second_process(const std::string& folder) {
    int ends[2];
    if (::pipe(ends) != 0) {
        return "no pipe";
    }
    const pid_t child = ::fork();
    if (child == 0) {
        std::string answer;
        try {
            const FolderLock lock(folder);
        } catch (const IoError& e) {
            answer = e.what();
        }
        const ssize_t written = ::write(ends[1], answer.data(), answer.size());
        ::_exit(written == static_cast<ssize_t>(answer.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    std::string answer(4096, '\0');
    const ssize_t got = ::read(ends[0], answer.data(), answer.size());
    answer.resize(got > 0 ? static_cast<size_t>(got) : 0);
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return answer;
}

TEST(FolderLock, NamesTheHolder) {
    const ScratchFolder scratch;
    std::optional<FolderLock> lock(scratch.path());
    EXPECT_EQ(answer_to_second_process(scratch.path()),
              fmt::format("folder `{}` is in use by process {}", scratch.path(), ::getpid()));
    lock.reset();
    EXPECT_EQ(answer_to_second_process(scratch.path()), "");
    // The second process is gone, and its lock with it, although the file stays.
    EXPECT_NO_THROW(FolderLock(scratch.path()));
}

TEST(FolderLock, HoldsWithinOneProcessToo) {
    const ScratchFolder scratch;
    FolderLock lock(scratch.path());
    EXPECT_THROW(FolderLock(scratch.path()), IoError);
    const FolderLock moved = std::move(lock);
    EXPECT_THROW(FolderLock(scratch.path()), IoError);
}

TEST(FolderLock, AskingLeavesNothing) {
    const ScratchFolder folder;
    check_not_in_use(folder.path());
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    {
        const FolderLock lock(folder.path());
        EXPECT_THROW(check_not_in_use(folder.path()), IoError);
    }
    check_not_in_use(folder.path());
    const FolderLock again(folder.path());
}

TEST(FolderLock, MissingFolder) {
    const ScratchFolder scratch;
    const std::string missing = scratch.file("missing");
    EXPECT_TRUE(contains(message_of<IoError>([&] { FolderLock{missing}; }), missing));
}

}  // namespace
}  // namespace mho
