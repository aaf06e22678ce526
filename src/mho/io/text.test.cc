// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/text.h"

#include <gtest/gtest.h>

#include "mho/io/image_data.h"
#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

TEST(CharText, Alphabet) {
    const CharText text = make_char_text("hello\n");
    EXPECT_EQ(text.alphabet, "\nehlo");
    EXPECT_EQ(text.symbols, (std::vector<uint8_t>{2, 1, 3, 3, 4, 0}));
    EXPECT_EQ(decode_text(text.symbols, text.alphabet), "hello\n");
    EXPECT_TRUE(make_char_text("").alphabet.empty());
}

TEST(CharText, All256Bytes) {
    std::string all;
    for (int i = 255; i >= 0; i--) {
        all += static_cast<char>(i);
    }
    const CharText text = make_char_text(all);
    EXPECT_EQ(text.alphabet.size(), 256u);
    EXPECT_EQ(text.symbols.front(), 255);
    EXPECT_EQ(decode_text(text.symbols, text.alphabet), all);
}

TEST(CharText, Refusals) {
    EXPECT_TRUE(contains(message_of<InputError>([] { encode_text("abc", "ab"); }), "position 2"));
    EXPECT_THROW(encode_text("a", std::string(257, 'a')), InputError);
    const std::vector<uint8_t> symbols = {2};
    EXPECT_THROW(decode_text(symbols, "ab"), InputError);
    const ScratchFolder scratch;
    put(scratch.file("empty"), "");
    EXPECT_THROW(read_char_text(scratch.file("empty")), IoError);
    EXPECT_EQ(read_text(scratch.file("empty")), "");
    EXPECT_THROW(read_text(scratch.file("missing")), IoError);
}

TEST(CharText, TinyShakespeare) {
    const auto path = find_data("text/tinyshakespeare.txt.xz");
    if (!path) {
        GTEST_SKIP() << "MHO_DATA has no texts";
    }
    const CharText text = read_char_text(*path);
    EXPECT_EQ(text.text.size(), 1'115'394u);
    EXPECT_EQ(text.alphabet.size(), 65u);
}

}  // namespace
}  // namespace mho
