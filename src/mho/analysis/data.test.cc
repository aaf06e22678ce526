// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/data.h"

#include <gtest/gtest.h>

#include "mho/analysis/test_support.h"

namespace mho {
namespace {

TEST(Data, FirstImagesOfAFolder) {
    const ScratchFolder folder;
    write_pattern_folder(folder.path(), 30, 20);
    DataConfig config;
    config.folder = folder.path();
    const Data all = load_data(config);
    EXPECT_EQ(all.train.count, 30u);
    EXPECT_EQ(all.test.count, 20u);
    config.train_images = 7;
    config.test_images = 20;
    const Data some = load_data(config);
    ASSERT_EQ(some.train.count, 7u);
    EXPECT_EQ(some.train.labels,
              std::vector<uint8_t>(all.train.labels.begin(), all.train.labels.begin() + 7));
    EXPECT_EQ(some.train.pixels.size(), 7u * 784);
    EXPECT_TRUE(
        std::equal(some.train.pixels.begin(), some.train.pixels.end(), all.train.pixels.begin()));
    EXPECT_EQ(some.test.pixels, all.test.pixels);
    config.test_images = 21;
    const std::string message = message_of<ConfigError>([&] { load_test_images(config); });
    EXPECT_TRUE(
        contains(message, "data.test_images: there are only 20 images in " + folder.path()));
}

TEST(Data, WhatIsMissingIsNamed) {
    const ScratchFolder folder;
    DataConfig config;
    config.folder = folder.path();
    EXPECT_TRUE(
        contains(message_of<IoError>([&] { load_data(config); }), "train-images-idx3-ubyte"));
    config.set = DataSet::kCifar10Lossless;
    EXPECT_TRUE(contains(message_of<IoError>([&] { load_data(config); }),
                         folder.file("cifar10-lossless-train4k.bin.xz")));
    config.set = DataSet::kCifar10Jpeg;
    EXPECT_TRUE(contains(message_of<IoError>([&] { load_test_images(config); }),
                         folder.file("cifar10-test.bin.xz")));
}

TEST(Data, AFolderWithoutImagesIsRefused) {
    const ScratchFolder folder;
    write_pattern_folder(folder.path(), 0, 0);
    DataConfig config;
    config.folder = folder.path();
    EXPECT_TRUE(contains(message_of<IoError>([&] { load_data(config); }), folder.path()));
}

TEST(Data, PixelsAsNumbers) {
    const LabelledImages images = pattern_images(5, 1);
    const Matrix<float> two = pixels_of(images, 3, 2);
    ASSERT_EQ(two.rows, 2u);
    ASSERT_EQ(two.cols, 784u);
    EXPECT_EQ(two(1, 783), static_cast<float>(images.pixels[5 * 784 - 1]));
    EXPECT_EQ(two(0, 0), static_cast<float>(images.pixels[3 * 784]));
    EXPECT_EQ(pixels_of(images, 5, 0).rows, 0u);
    EXPECT_THROW(pixels_of(images, 4, 2), InputError);
    EXPECT_THROW(pixels_of(images, SIZE_MAX, 2), InputError);
    EXPECT_THROW(pixels_of(images, 1, SIZE_MAX), InputError);
}

}  // namespace
}  // namespace mho
