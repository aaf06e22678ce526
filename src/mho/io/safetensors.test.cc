// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "mho/io/file.h"
#include "mho/io/image_data.h"
#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

std::string file_of(const std::string& header, const std::string& data) {
    std::string bytes(8, '\0');
    const uint64_t length = header.size();
    std::memcpy(bytes.data(), &length, 8);
    return bytes + header + data;
}

template <class T>
std::string raw(std::initializer_list<T> values) {
    std::string bytes(values.size() * sizeof(T), '\0');
    std::memcpy(bytes.data(), values.begin(), bytes.size());
    return bytes;
}

SafeTensors sample() {
    SafeTensors content;
    content.tensors["b.weight"] = make_tensor({2, 3}, {1, -2, 3.5f, 1e-40f, 5, -0.0f});
    content.tensors["a"] = make_tensor({}, {7});
    content.tensors["empty"] = make_tensor({0, 4}, {});
    content.tensors["\"quoted\" \u00e9"] =
        make_tensor({1}, {std::numeric_limits<float>::infinity()});
    content.metadata["format"] = "a \"text\"\n";
    content.metadata["x"] = "";
    return content;
}

std::string refusal(const std::string& header, const std::string& data) {
    return message_of<IoError>([&] { parse_safetensors(file_of(header, data), "the file"); });
}

TEST(SafeTensors, RoundTrip) {
    for (const SafeTensors& content : {sample(), SafeTensors{}}) {
        const std::string bytes = format_safetensors(content);
        const SafeTensors back = parse_safetensors(bytes, "f");
        EXPECT_EQ(back, content);
        EXPECT_EQ(format_safetensors(back), bytes);
    }
    EXPECT_TRUE(std::signbit(
        parse_safetensors(format_safetensors(sample()), "f").tensors["b.weight"].values[5]));
}

TEST(SafeTensors, ExactBytes) {
    SafeTensors content;
    content.tensors["w"] = make_tensor({1, 2}, {1.0f, 2.0f});
    content.tensors["b"] = make_tensor({1}, {0.5f});
    const std::string header = R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                               R"("w":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}})";
    const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
    EXPECT_EQ(format_safetensors(content), file_of(padded, raw({0.5f, 1.0f, 2.0f})));
    content.metadata["k"] = "v";
    const std::string bytes = format_safetensors(content);
    EXPECT_EQ(bytes.substr(8, 27), R"({"__metadata__":{"k":"v"},")");
    EXPECT_EQ((bytes.size() - 12) % 8, 0u);
}

TEST(SafeTensors, ReadsEveryType) {
    const std::string data =
        raw<float>({1.5f, -2.0f}) + raw<double>({0.1, 1e300}) +
        raw<uint16_t>({0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x8000, 0x7c00, 0x7e00}) +
        raw<uint16_t>({0x3f80, 0xc040}) + raw<int64_t>({-3, 16777217}) +
        raw<int32_t>({-2147483647 - 1, 7}) + raw<uint8_t>({0, 255});
    const std::string header = R"({"f32":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                               R"("f64":{"dtype":"F64","shape":[2],"data_offsets":[8,24]},)"
                               R"("f16":{"dtype":"F16","shape":[8],"data_offsets":[24,40]},)"
                               R"("bf16":{"dtype":"BF16","shape":[2],"data_offsets":[40,44]},)"
                               R"("i64":{"dtype":"I64","shape":[2],"data_offsets":[44,60]},)"
                               R"("i32":{"dtype":"I32","shape":[2],"data_offsets":[60,68]},)"
                               R"("u8":{"dtype":"U8","shape":[2],"data_offsets":[68,70]}})";
    SafeTensors content = parse_safetensors(file_of(header, data), "f");
    using Floats = std::vector<float>;
    const float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(content.tensors["f32"].values, (Floats{1.5f, -2.0f}));
    EXPECT_EQ(content.tensors["f64"].values, (Floats{0.1f, infinity}));
    EXPECT_EQ(content.tensors["bf16"].values, (Floats{1.0f, -3.0f}));
    EXPECT_EQ(content.tensors["i64"].values, (Floats{-3.0f, 16777216.0f}));
    EXPECT_EQ(content.tensors["i32"].values, (Floats{-2147483648.0f, 7.0f}));
    EXPECT_EQ(content.tensors["u8"].values, (Floats{0.0f, 255.0f}));
    const Floats& half = content.tensors["f16"].values;
    // IEEE 754: largest number 65504, smallest subnormal 2^-24, smallest normal 2^-14.
    EXPECT_EQ(Floats(half.begin(), half.begin() + 5),
              (Floats{1.0f, -2.0f, 65504.0f, 0x1p-24f, 0x1p-14f}));
    EXPECT_TRUE(half[5] == 0.0f && std::signbit(half[5]));
    EXPECT_EQ(half[6], infinity);
    EXPECT_TRUE(std::isnan(half[7]));
}

TEST(SafeTensors, EntriesInAnyOrder) {
    const std::string header = R"({"a":{"data_offsets":[4,8],"shape":[1],"dtype":"F32"},)"
                               R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}    )";
    SafeTensors content = parse_safetensors(file_of(header, raw({1.0f, 2.0f})), "f");
    EXPECT_EQ(content.tensors["a"].values[0], 2.0f);
    EXPECT_EQ(content.tensors["b"].values[0], 1.0f);
}

TEST(SafeTensors, TruncationAnywhereIsAnError) {
    const std::string bytes = format_safetensors(sample());
    for (size_t size = 0; size < bytes.size(); size++) {
        const std::string message =
            message_of<IoError>([&] { parse_safetensors(bytes.substr(0, size), "the file"); });
        EXPECT_TRUE(contains(message, "the file")) << size << ": " << message;
    }
    EXPECT_TRUE(
        contains(message_of<IoError>([&] { parse_safetensors(bytes + "x", "f"); }), "appended"));
}

TEST(SafeTensors, AFlippedBitNeverCrashes) {
    const std::string bytes = format_safetensors(sample());
    for (size_t bit = 0; bit < bytes.size() * 8; bit++) {
        std::string broken = bytes;
        broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << bit % 8));
        try {
            parse_safetensors(broken, "f");
        } catch (const IoError&) {
            SUCCEED() << "refused, which is as good";
        }
    }
}

TEST(SafeTensors, RefusesBadHeaders) {
    EXPECT_TRUE(contains(
        message_of<IoError>([] { parse_safetensors(std::string(7, '\0') + "\x7f{}", "f"); }),
        "only 2 follow"));
    EXPECT_TRUE(contains(refusal("[]", ""), "begin with {"));
    EXPECT_TRUE(contains(refusal("", ""), "begin with {"));
    EXPECT_TRUE(contains(refusal("{", ""), "the file"));
    EXPECT_TRUE(contains(refusal("{\"a\":1}", ""), "tensor `a`"));
    EXPECT_TRUE(contains(refusal("{\"\xff\":1}", ""), "the file"));
    EXPECT_TRUE(contains(refusal(R"({"__metadata__":{"a":1}})", ""), "__metadata__.a"));
    EXPECT_TRUE(contains(refusal(R"({"__metadata__":[]})", ""), "__metadata__"));
    EXPECT_TRUE(contains(refusal("{\"a\":" + std::string(100'000, '['), ""), "the file"));
    const std::string entry = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
    EXPECT_TRUE(contains(refusal("{\"a\":" + entry + ",\"a\":" + entry + "}", ""), "twice"));
    EXPECT_TRUE(contains(refusal(std::string(size_t{34} << 20, '{'), ""), "at most 33554432"));
}

TEST(SafeTensors, ManyNamesTakeNoQuadraticTime) {
    // Half a minute instead of a tenth of a second if each insertion searched all names before it.
    std::string many = "{\"a\":0";
    for (int i = 0; i < 100'000; i++) {
        many += ",\"" + std::to_string(1'000'000 + i) + "\":0";
    }
    EXPECT_TRUE(contains(refusal(many + "}", ""), "tensor `1000000`"));
}

TEST(SafeTensors, RefusesBadEntries) {
    const std::string eight(8, '\0');
    const auto one =
        [&](const std::string& dtype, const std::string& shape, const std::string& at) {
            return refusal("{\"w\":{\"dtype\":" + dtype + ",\"shape\":" + shape +
                               ",\"data_offsets\":" + at + "}}",
                           eight);
        };
    EXPECT_EQ(one("\"F32\"", "[2]", "[0,8]"), "(nothing was thrown)");
    for (const std::string& message : {one("\"F31\"", "[2]", "[0,8]"),
                                       one("1", "[2]", "[0,8]"),
                                       one("\"F32\"", "[3]", "[0,8]"),
                                       one("\"F32\"", "[-2]", "[0,8]"),
                                       one("\"F32\"", "[2.0]", "[0,8]"),
                                       one("\"F32\"", "2", "[0,8]"),
                                       one("\"F32\"", "[2]", "[0]"),
                                       one("\"F32\"", "[2]", "[0,8,8]"),
                                       one("\"F32\"", "[2]", "[0,9]"),
                                       one("\"F32\"", "[2]", "[8,0]"),
                                       one("\"F32\"", "[2]", "[-8,0]"),
                                       one("\"F32\"", "[2]", "[0,18446744073709551616]"),
                                       one("\"F32\"", "[2]", "[0,8],\"more\":1"),
                                       // 2^62 * 4 bytes and 2^33 * 2^33 wrap to 0 and 0.
                                       one("\"F32\"", "[4611686018427387904]", "[0,0]"),
                                       one("\"U8\"", "[8589934592,8589934592]", "[0,0]")}) {
        EXPECT_TRUE(contains(message, "the file")) << message;
        EXPECT_TRUE(contains(message, "tensor `w`")) << message;
    }
    EXPECT_TRUE(contains(refusal(R"({"w":{"dtype":"F32","shape":[2]}})", eight), "data_offsets"));
}

TEST(SafeTensors, RefusesGapsAndOverlaps) {
    const auto two = [](const std::string& first, const std::string& second) {
        return refusal(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
                           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}",
                       "12345678");
    };
    EXPECT_EQ(two("[0,4]", "[4,8]"), "(nothing was thrown)");
    EXPECT_EQ(two("[4,8]", "[0,4]"), "(nothing was thrown)");
    EXPECT_TRUE(contains(two("[0,4]", "[3,7]"), "tensor `b`"));
    EXPECT_TRUE(contains(two("[0,4]", "[0,4]"), "before"));
    EXPECT_TRUE(contains(two("[1,5]", "[4,8]"), "gap"));
    EXPECT_TRUE(contains(refusal("{}", "x"), "0 of 1"));
}

TEST(SafeTensors, RefusesToWriteNonsense) {
    SafeTensors content;
    content.tensors["w"] = Tensor{{3}, {1.0f}};
    EXPECT_THROW(format_safetensors(content), InputError);
    content.tensors = {{"__metadata__", make_tensor({}, {1.0f})}};
    EXPECT_THROW(format_safetensors(content), InputError);
    content.tensors = {{"\xff", make_tensor({}, {1.0f})}};
    EXPECT_THROW(format_safetensors(content), InputError);
}

TEST(SafeTensors, Files) {
    const ScratchFolder scratch;
    write_safetensors(scratch.file("x"), sample());
    EXPECT_EQ(read_safetensors(scratch.file("x")), sample());
    EXPECT_THROW(read_safetensors(scratch.file("missing")), IoError);
    EXPECT_TRUE(contains(message_of<InputError>([] { sample().at("b.weigth"); }), "b.weight"));
    EXPECT_EQ(sample().at("a").values[0], 7.0f);
}

TEST(SafeTensors, TrainedNetworks) {
    const auto path = find_data("models/resnet14-cifar10.safetensors");
    if (!path) {
        GTEST_SKIP() << "MHO_DATA has no trained networks";
    }
    const SafeTensors net = read_safetensors(*path);
    EXPECT_EQ(net.tensors.size(), 77u);
    EXPECT_EQ(net.metadata.at("license"), "BSD-3-Clause");
    EXPECT_EQ(net.at("conv1.weight").shape, (std::vector<size_t>{16, 3, 3, 3}));
    size_t numbers = 0;
    for (const auto& [name, tensor] : net.tensors) {
        for (const float value : tensor.values) {
            ASSERT_TRUE(std::isfinite(value)) << name;
        }
        numbers += tensor.values.size();
    }
    EXPECT_EQ(8 + 6592 + 4 * numbers, read_file(*path).size());
    EXPECT_EQ(parse_safetensors(format_safetensors(net), "f"), net);
}

}  // namespace
}  // namespace mho
