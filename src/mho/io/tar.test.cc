// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/tar.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "mho/io/image_data.h"
#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

std::string padded(std::string text) {
    text.resize((text.size() + 511) / 512 * 512, '\0');
    return text;
}

std::string header(const std::string& name,
                   const std::string& size,
                   char type = '0',
                   const std::string& magic = std::string("ustar\0"
                                                          "00",
                                                          8),
                   const std::string& prefix = "") {
    std::string block(512, '\0');
    const auto put_at = [&](size_t at, const std::string& text) {
        block.replace(at, text.size(), text);
    };
    put_at(0, name);
    put_at(124, size);
    put_at(148, "        ");
    block[156] = type;
    put_at(257, magic);
    put_at(345, prefix);
    unsigned sum = 0;
    for (const char c : block) {
        sum += static_cast<unsigned char>(c);
    }
    put_at(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    return block;
}

std::string member(const std::string& name, const std::string& content, char type = '0') {
    return header(name, fmt::format("{:011o}", content.size()), type) + padded(content);
}

const std::string kEnd(1024, '\0');

std::string refusal(const std::string& bytes) {
    return message_of<IoError>([&] { parse_tar(bytes, "the file"); });
}

TEST(Tar, ReadsFiles) {
    const std::string large(1000, 'x');
    const auto files =
        parse_tar(member("d/", "", '5') + member("d/a", "content") + member("empty", "") +
                      member("old", large, '\0') + kEnd + std::string(512, 'j'),
                  "f");
    EXPECT_EQ(
        files,
        (std::map<std::string, std::string>{{"d/a", "content"}, {"empty", ""}, {"old", large}}));
    EXPECT_TRUE(parse_tar(kEnd, "f").empty());
}

TEST(Tar, LongNames) {
    const std::string posix(
        "ustar\0"
        "00",
        8);
    const std::string gnu("ustar  \0", 8);
    const std::string full(100, 'n');
    EXPECT_EQ(parse_tar(header(full, "0", '0', posix, "some/folder") + kEnd, "f").begin()->first,
              "some/folder/" + full);
    EXPECT_EQ(parse_tar(header(full, "0", '0', gnu, "not a prefix") + kEnd, "f").begin()->first,
              full);
    const std::string long_name(300, 'p');
    const std::string record = fmt::format("310 path={}\n", long_name);
    ASSERT_EQ(record.size(), 310u);
    const auto files =
        parse_tar(member("pax", "20 mtime=1234567.89\n" + record, 'x') + member("short", "one") +
                      member("other", "two") + member("global", "16 comment=12345\n", 'g') + kEnd,
                  "f");
    EXPECT_EQ(files.at(long_name), "one");
    EXPECT_EQ(files.at("other"), "two");
    EXPECT_EQ(files.size(), 2u);
}

TEST(Tar, TruncationAnywhereIsAnError) {
    const std::string bytes = member("a", "content") + member("b", std::string(513, 'x')) + kEnd;
    EXPECT_EQ(parse_tar(bytes, "f").size(), 2u);
    for (size_t size = 0; size < bytes.size(); size++) {
        const std::string message = refusal(bytes.substr(0, size));
        EXPECT_TRUE(contains(message, "`the file`")) << size;
        EXPECT_TRUE(contains(message, "truncated")) << size << ": " << message;
    }
}

TEST(Tar, AChangedHeaderByteIsAnError) {
    const std::string bytes = member("a", "content") + kEnd;
    for (size_t i = 0; i < 512; i++) {
        std::string broken = bytes;
        broken[i] = static_cast<char>(broken[i] ^ 1);
        if (i == 154 || i == 155) {
            continue;  // behind the digits of the checksum; the sum itself leaves them out
        }
        EXPECT_NE(refusal(broken), "(nothing was thrown)") << i;
    }
}

TEST(Tar, Refusals) {
    EXPECT_TRUE(contains(refusal("plain text" + std::string(1000, ' ')), "ustar"));
    EXPECT_TRUE(contains(refusal(member("a", "1") + member("a", "2") + kEnd), "`a` appears twice"));
    EXPECT_TRUE(contains(refusal(header("link", "0", '2') + kEnd), "type `2`"));
    EXPECT_TRUE(contains(refusal(header("a", "777777777777") + kEnd), "truncated"));
    EXPECT_TRUE(contains(refusal(header("a", "9") + kEnd), "octal"));
    EXPECT_TRUE(contains(refusal(header("a", "\x80") + kEnd), "octal"));
    EXPECT_TRUE(contains(refusal(std::string(512, '\0') + member("a", "") + kEnd), "end mark"));
    for (const char* record : {"x",
                               "5 path=\n",
                               "99 path=a\n",
                               "0 a=b\n",
                               "2 \n",
                               "9 path=ab",
                               "18446744073709551615 path=a\n",
                               "10 size=1\n"}) {
        EXPECT_NE(refusal(member("pax", record, 'x') + member("a", "") + kEnd),
                  "(nothing was thrown)")
            << record;
    }
}

TEST(Tar, RealArchive) {
    const auto path = find_data("glue/CoLA.tar.xz");
    if (!path) {
        GTEST_SKIP() << "MHO_DATA has no archives";
    }
    const auto files = read_tar(*path);
    EXPECT_EQ(files.size(), 3u);
    EXPECT_EQ(files.at("CoLA/train.tsv").size(), 364'190u);
    EXPECT_EQ(files.at("CoLA/val.tsv").size(), 64'400u);
    EXPECT_EQ(files.at("CoLA/dev.tsv").size(), 53'717u);
}

}  // namespace
}  // namespace mho
