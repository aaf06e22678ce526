// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/idx.h"

#include <gtest/gtest.h>

#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

const std::string kSample(
    "\0\0\x08\x02\0\0\0\x02\0\0\0\x03"
    "abcdef",
    18);

TEST(Idx, Reads) {
    const IdxArray array = parse_idx(kSample, "f");
    EXPECT_EQ(array.shape, (std::vector<size_t>{2, 3}));
    EXPECT_EQ(array.values, (std::vector<uint8_t>{'a', 'b', 'c', 'd', 'e', 'f'}));
    EXPECT_EQ(
        parse_idx(std::string("\0\0\x08\x01\0\0\x01\0", 8) + std::string(256, 'x'), "f").shape,
        std::vector<size_t>{256});
    EXPECT_TRUE(parse_idx(std::string("\0\0\x08\x01\0\0\0\0", 8), "f").values.empty());
}

TEST(Idx, TruncationAnywhereIsAnError) {
    for (size_t size = 0; size < kSample.size(); size++) {
        const std::string message =
            message_of<IoError>([&] { parse_idx(kSample.substr(0, size), "the file"); });
        EXPECT_TRUE(contains(message, "`the file`")) << size << ": " << message;
    }
    EXPECT_THROW(parse_idx(kSample + "x", "f"), IoError);
}

TEST(Idx, RefusesOtherFiles) {
    std::string floats = kSample;
    floats[2] = 0x0d;
    EXPECT_TRUE(contains(message_of<IoError>([&] { parse_idx(floats, "f"); }), "holds floats"));
    EXPECT_THROW(parse_idx("plain text", "f"), IoError);
    EXPECT_THROW(parse_idx(std::string("\0\0\x08\0x", 5), "f"), IoError);
    // 2^32 - 1 to the third wraps in 64 bits.
    EXPECT_THROW(parse_idx(std::string("\0\0\x08\x03", 4) + std::string(12, '\xff') + "x", "f"),
                 IoError);
}

TEST(Idx, Files) {
    const ScratchFolder scratch;
    put(scratch.file("x"), kSample);
    EXPECT_EQ(read_idx(scratch.file("x")).values.size(), 6u);
    EXPECT_THROW(read_idx(scratch.file("missing")), IoError);
}

}  // namespace
}  // namespace mho
