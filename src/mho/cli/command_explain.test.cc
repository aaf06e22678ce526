// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sstream>

#include "mho/cli/command.h"
#include "mho/io/file.h"
#include "mho/io/test_support.h"

namespace mho {
namespace {

TEST(CommandExplain, TheReferencePageIsFresh) {
    std::ostringstream out, err;
    ASSERT_EQ(run_mho({"explain", "--markdown"}, core_commands(), out, err), kExitDone)
        << err.str();
    // Not EXPECT_EQ: a difference would print both pages.
    EXPECT_TRUE(out.str() == read_file(std::string(MHO_SOURCE_DIR) + "/docs/parameters.md"))
        << "run `mho explain --markdown > docs/parameters.md`";
    EXPECT_TRUE(contains(out.str(), "| hardware.forward.adc.steps "));
}

}  // namespace
}  // namespace mho
