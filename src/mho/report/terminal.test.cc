// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace mho {
namespace {

TEST(Terminal, FilesHaveNoColumns) {
    const int file = open("/dev/null", O_RDONLY);
    ASSERT_GE(file, 0);
    EXPECT_EQ(terminal_columns(file), 0u);
    close(file);
    EXPECT_EQ(terminal_columns(-1), 0u);
}

TEST(Terminal, ATerminalTellsItsWidth) {
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        GTEST_SKIP() << "no pseudo-terminals here";
    }
    const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    ASSERT_GE(terminal, 0);
    EXPECT_EQ(terminal_columns(terminal), 80u);  // a new one has no size yet
    winsize size{};
    size.ws_row = 24;
    size.ws_col = 123;
    ASSERT_EQ(ioctl(master, TIOCSWINSZ, &size), 0);
    EXPECT_EQ(terminal_columns(terminal), 122u);
    close(terminal);
    close(master);
}

}  // namespace
}  // namespace mho
