// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/decompress.h"

#include <bzlib.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <zlib.h>

#include <string>

#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

std::string gzip(const std::string& text) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&stream, text.size()) + 32, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<unsigned>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<unsigned>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string bzip2(const std::string& text) {
    std::string input = text;
    std::string out(text.size() * 2 + 1000, '\0');
    unsigned size = static_cast<unsigned>(out.size());
    EXPECT_EQ(BZ2_bzBuffToBuffCompress(
                  out.data(), &size, input.data(), static_cast<unsigned>(text.size()), 1, 0, 0),
              BZ_OK);
    out.resize(size);
    return out;
}

/// With the delta filter in front of LZMA2, as image files use it; `dictionary` in bytes.
std::string xz_with_dictionary(const std::string& text, uint32_t dictionary) {
    lzma_options_delta delta{};
    delta.type = LZMA_DELTA_TYPE_BYTE;
    delta.dist = 3;
    lzma_options_lzma options{};
    lzma_lzma_preset(&options, 0);
    options.dict_size = dictionary;
    const lzma_filter filters[] = {
        {LZMA_FILTER_DELTA, &delta}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
    std::string out(text.size() * 2 + 1000, '\0');
    size_t size = 0;
    EXPECT_EQ(lzma_stream_buffer_encode(const_cast<lzma_filter*>(filters),
                                        LZMA_CHECK_CRC32,
                                        nullptr,
                                        reinterpret_cast<const uint8_t*>(text.data()),
                                        text.size(),
                                        reinterpret_cast<uint8_t*>(out.data()),
                                        &size,
                                        out.size()),
              LZMA_OK);
    out.resize(size);
    return out;
}

std::string xz(const std::string& text) {
    return xz_with_dictionary(text, 1 << 16);
}

std::string sample() {
    std::string text;
    for (int i = 0; i < 30'000; i++) {
        text += static_cast<char>(i % 1000 * (i % 1000) % 251);
        text += "abc";
    }
    return text;
}

struct Format {
    const char* name;
    Compression kind;
    std::string (*compress)(const std::string&);
};

class EachFormat : public testing::TestWithParam<Format> {};

TEST_P(EachFormat, RoundTrip) {
    for (const std::string& text : {std::string(), std::string("x"), sample()}) {
        const std::string packed = GetParam().compress(text);
        EXPECT_EQ(compression_of(packed), GetParam().kind);
        EXPECT_EQ(decompress(packed, "f"), text);
    }
}

TEST_P(EachFormat, SeveralStreamsInOneFile) {
    const std::string packed = GetParam().compress("one ") + GetParam().compress("two");
    EXPECT_EQ(decompress(packed, "f"), "one two");
}

TEST_P(EachFormat, TruncationAnywhereIsAnError) {
    const std::string packed = GetParam().compress("a short text, a short text, a short text");
    for (size_t size = 6; size < packed.size(); size++) {
        const std::string message =
            message_of<IoError>([&] { decompress(packed.substr(0, size), "the file"); });
        EXPECT_TRUE(contains(message, "`the file`")) << size << ": " << message;
        EXPECT_TRUE(contains(message, "truncated")) << size << ": " << message;
    }
}

TEST_P(EachFormat, AFlippedBitNeverPassesUnnoticed) {
    const std::string text = "a short text, a short text, a short text";
    const std::string packed = GetParam().compress(text);
    for (size_t bit = 0; bit < packed.size() * 8; bit++) {
        std::string broken = packed;
        broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << bit % 8));
        std::string result;
        try {
            result = decompress(broken, "f");
        } catch (const IoError&) {
            continue;
        }
        // Bits that carry no content: a time stamp, a lost magic (then the bytes pass as they are).
        EXPECT_TRUE(result == text || result == broken) << "bit " << bit;
    }
}

TEST_P(EachFormat, ForeignBytesBehindTheStream) {
    EXPECT_THROW(decompress(GetParam().compress("x") + "foreign", "f"), IoError);
}

TEST_P(EachFormat, ABombStopsAtTheLimit) {
    const std::string packed = GetParam().compress(std::string(8'000'000, '\0'));
    EXPECT_LT(packed.size(), 20'000u);
    EXPECT_EQ(decompress(packed, "f", 8'000'000).size(), 8'000'000u);
    EXPECT_TRUE(
        contains(message_of<IoError>([&] { decompress(packed, "f", 7'999'999); }), "7999999"));
    EXPECT_THROW(decompress(packed, "f", 0), IoError);
}

TEST_P(EachFormat, OpensTransparentlyFromDisk) {
    const ScratchFolder scratch;
    put(scratch.file("x"), GetParam().compress(sample()));
    EXPECT_EQ(read_maybe_compressed(scratch.file("x")), sample());
    put(scratch.file("torn"), GetParam().compress(sample()).substr(0, 100));
    EXPECT_TRUE(contains(message_of<IoError>([&] { read_maybe_compressed(scratch.file("torn")); }),
                         "torn"));
}

std::string format_name(const testing::TestParamInfo<Format>& tested) {
    return tested.param.name;
}

INSTANTIATE_TEST_SUITE_P(Formats,
                         EachFormat,
                         testing::Values(Format{"gzip", Compression::kGzip, gzip},
                                         Format{"bzip2", Compression::kBzip2, bzip2},
                                         Format{"xz", Compression::kXz, xz}),
                         format_name);

TEST(Decompress, PlainBytesPass) {
    for (const std::string& text : {std::string(),
                                    std::string("plain"),
                                    std::string("BZh"),
                                    std::string("BZhx"),
                                    std::string("\x1f\x8b", 2)}) {
        EXPECT_EQ(compression_of(text), Compression::kNone);
        EXPECT_EQ(decompress(text, "f"), text);
    }
    EXPECT_THROW(decompress("12345", "f", 4), IoError);
}

TEST(Decompress, GzipPaddedWithZeros) {
    EXPECT_EQ(decompress(gzip("x") + std::string(512, '\0'), "f"), "x");
}

TEST(Decompress, XzWithAnAbsurdDictionary) {
    // The dictionary size stands in the block header; the content may be tiny.
    const std::string packed = xz_with_dictionary("x", uint32_t{1} << 29);
    EXPECT_TRUE(contains(message_of<IoError>([&] { decompress(packed, "f"); }), "256 MiB"));
}

}  // namespace
}  // namespace mho
