// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/image_data.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <numeric>

#include "mho/io/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

/// Sets an environment variable and puts the old value back at the end.
class EnvironmentGuard {
  public:
    EnvironmentGuard(const char* name, const std::string& value) : name_(name) {
        const char* old = ::getenv(name);
        old_ = old ? std::optional<std::string>(old) : std::nullopt;
        ::setenv(name, value.c_str(), 1);
    }
    EnvironmentGuard(const EnvironmentGuard&) = delete;
    EnvironmentGuard& operator=(const EnvironmentGuard&) = delete;
    ~EnvironmentGuard() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

  private:
    const char* name_;
    std::optional<std::string> old_;
};

std::string idx_header(std::initializer_list<unsigned> extents) {
    std::string bytes("\0\0\x08", 3);
    bytes += static_cast<char>(extents.size());
    for (const unsigned extent : extents) {
        bytes +=
            std::string("\0\0", 2) + static_cast<char>(extent >> 8) + static_cast<char>(extent);
    }
    return bytes;
}

TEST(FindData, FollowsTheEnvironment) {
    const ScratchFolder scratch;
    put(scratch.file("x"), "");
    const EnvironmentGuard guard("MHO_DATA", scratch.path());
    EXPECT_EQ(find_data("x"), scratch.path() + "/x");
    EXPECT_FALSE(find_data("y"));
    const EnvironmentGuard unset("MHO_DATA", "");
    EXPECT_FALSE(find_data("x"));
}

TEST(FashionMnist, DefaultFolder) {
    const EnvironmentGuard guard("FASHION_MNIST", "/somewhere");
    EXPECT_EQ(default_fashion_mnist_folder(), "/somewhere");
    const EnvironmentGuard unset("FASHION_MNIST", "");
    EXPECT_EQ(default_fashion_mnist_folder(), "/usr/share/datasets/fashion-mnist");
}

TEST(FashionMnist, ReadsPlainFiles) {
    const ScratchFolder scratch;
    std::string pixels = idx_header({2, 28, 28});
    pixels += std::string(784, 'a') + std::string(784, 'b');
    put(scratch.file("train-images-idx3-ubyte"), pixels);
    put(scratch.file("train-labels-idx1-ubyte"), idx_header({2}) + "\x09" + "\x03");
    const LabelledImages images = load_fashion_mnist(scratch.path(), true);
    EXPECT_EQ(images.count, 2u);
    EXPECT_EQ(images.pixels[784], 'b');
    EXPECT_EQ(images.labels, (std::vector<uint8_t>{9, 3}));

    put(scratch.file("train-labels-idx1-ubyte"), idx_header({2}) + "\x0a" + "\x03");
    EXPECT_TRUE(contains(message_of<IoError>([&] { load_fashion_mnist(scratch.path(), true); }),
                         "label 10"));
    put(scratch.file("train-labels-idx1-ubyte"), idx_header({1}) + "\x01");
    EXPECT_THROW(load_fashion_mnist(scratch.path(), true), IoError);
    put(scratch.file("train-images-idx3-ubyte"), idx_header({1, 2}) + "ab");
    EXPECT_THROW(load_fashion_mnist(scratch.path(), true), IoError);
    EXPECT_TRUE(contains(message_of<IoError>([&] { load_fashion_mnist(scratch.path(), false); }),
                         "dataset-fashion-mnist"));
}

TEST(FashionMnist, TheRealThing) {
    const std::string folder = default_fashion_mnist_folder();
    if (!std::filesystem::exists(folder)) {
        GTEST_SKIP() << "dataset-fashion-mnist is not installed";
    }
    for (const bool train : {false, true}) {
        const LabelledImages images = load_fashion_mnist(folder, train);
        EXPECT_EQ(images.count, train ? 60'000u : 10'000u);
        EXPECT_EQ(images.pixels.size(), images.count * 784);
        EXPECT_EQ(images.channels * images.height * images.width, 784u);
        std::array<size_t, 10> per_class{};
        for (const uint8_t label : images.labels) {
            per_class.at(label)++;
        }
        for (const size_t count : per_class) {
            EXPECT_EQ(count, images.count / 10);
        }
        // Its authors' mean grey of the training set: 0.2860 of 255.
        const double sum = std::accumulate(images.pixels.begin(), images.pixels.end(), 0.0);
        EXPECT_NEAR(sum / static_cast<double>(images.pixels.size()) / 255, 0.286, 0.002);
    }
}

TEST(Cifar10, ReadsRecords) {
    std::string bytes;
    for (const char label : {0, 9, 4}) {
        bytes += label;
        bytes += std::string(1024, 'r') + std::string(1024, 'g') + std::string(1024, label);
    }
    const LabelledImages images = parse_cifar10(bytes, "f");
    EXPECT_EQ(images.count, 3u);
    EXPECT_EQ(images.labels, (std::vector<uint8_t>{0, 9, 4}));
    EXPECT_EQ(images.pixels.size(), 3u * 3072);
    EXPECT_EQ(images.pixels[3072 + 1023], 'r');
    EXPECT_EQ(images.pixels[3072 + 1024], 'g');
    EXPECT_EQ(images.pixels[3072 + 2048], 9);
    EXPECT_EQ(images.source, "f");

    EXPECT_THROW(parse_cifar10("", "f"), IoError);
    EXPECT_TRUE(contains(message_of<IoError>([&] { parse_cifar10(bytes.substr(1), "the file"); }),
                         "the file"));
    bytes[3073] = 10;
    EXPECT_TRUE(
        contains(message_of<IoError>([&] { parse_cifar10(bytes, "f"); }), "label 10 of picture 1"));
}

TEST(Cifar10, TheOriginalPixels) {
    const auto path = find_data("images/cifar10-lossless-test1k.bin.xz");
    if (!path) {
        GTEST_SKIP() << "MHO_DATA has no CIFAR-10";
    }
    const LabelledImages images = load_cifar10(*path);
    EXPECT_EQ(images.count, 1000u);
    // The first labels of the official test set.
    const std::vector<uint8_t> first(images.labels.begin(), images.labels.begin() + 10);
    EXPECT_EQ(first, (std::vector<uint8_t>{3, 8, 8, 0, 6, 6, 1, 6, 3, 1}));
    const double sum = std::accumulate(images.pixels.begin(), images.pixels.end(), 0.0);
    // Mean of the three known channel means of CIFAR-10 (0.4914, 0.4822, 0.4465).
    EXPECT_NEAR(sum / static_cast<double>(images.pixels.size()) / 255, 0.4734, 0.01);
}

}  // namespace
}  // namespace mho
