// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/studies/study_images.h"

#include <algorithm>

#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kSide = 16;
constexpr size_t kClasses = 10;

// A class is a pattern of 4 x 4 blocks; a picture is the pattern of its class, dimmed, plus noise.
LabelledImages patterns(size_t count, uint64_t step) {
    const TileKey key = make_tile_key(1, "study images");
    std::vector<float> blocks(kClasses * 16);
    fill_uniform(key, Stream::kShuffle, 0, 0, blocks);
    std::vector<float> noise(count * kSide * kSide);
    fill_uniform(key, Stream::kShuffle, step, 0, noise);
    LabelledImages images;
    images.count = count;
    images.channels = 1;
    images.height = images.width = kSide;
    images.classes = kClasses;
    images.source = "generated patterns";
    for (size_t i = 0; i < count; i++) {
        const size_t label = i % kClasses;
        images.labels.push_back(static_cast<uint8_t>(label));
        for (size_t p = 0; p < kSide * kSide; p++) {
            const size_t block = p / kSide / 4 * 4 + p % kSide / 4;
            const float value =
                110 * blocks[label * 16 + block] + 140 * noise[i * kSide * kSide + p];
            images.pixels.push_back(static_cast<uint8_t>(value));
        }
    }
    return images;
}

}  // namespace

LabelledImages halved(const LabelledImages& images, size_t frame) {
    if (images.height % 2 != 0 || images.width % 2 != 0) {
        throw InputError("only pictures of even height and width can be halved");
    }
    LabelledImages small = images;
    small.height = images.height / 2 + 2 * frame;
    small.width = images.width / 2 + 2 * frame;
    small.pixels.assign(images.count * images.channels * small.height * small.width, 0);
    for (size_t plane = 0; plane < images.count * images.channels; plane++) {
        const uint8_t* from = images.pixels.data() + plane * images.height * images.width;
        uint8_t* to = small.pixels.data() + plane * small.height * small.width;
        for (size_t y = 0; y < images.height / 2; y++) {
            for (size_t x = 0; x < images.width / 2; x++) {
                const uint8_t* corner = from + 2 * y * images.width + 2 * x;
                const int sum =
                    corner[0] + corner[1] + corner[images.width] + corner[images.width + 1];
                to[(y + frame) * small.width + x + frame] = static_cast<uint8_t>((sum + 2) / 4);
            }
        }
    }
    small.source = images.source + ", halved";
    return small;
}

LabelledImages first_images(const LabelledImages& images, size_t count) {
    if (count > images.count) {
        throw InputError("not so many pictures");
    }
    LabelledImages first = images;
    const size_t size = images.pixels.size() / images.count;
    const size_t labels = images.labels.size() / images.count;
    first.count = count;
    first.pixels.resize(count * size);
    first.labels.resize(count * labels);
    return first;
}

Data small_fashion(size_t train, size_t test) {
    DataConfig config;
    config.train_images = static_cast<int>(train);
    config.test_images = static_cast<int>(test);
    const Data data = load_data(config);
    return {halved(data.train, 1), halved(data.test, 1)};
}

Data small_cifar(size_t train, size_t test) {
    DataConfig config;
    config.set = DataSet::kCifar10Jpeg;
    config.train_images = static_cast<int>(train);
    config.test_images = static_cast<int>(test);
    const Data data = load_data(config);
    return {halved(data.train, 0), halved(data.test, 0)};
}

bool has_small_cifar() {
    return find_data("images/cifar10-train.bin.xz") && find_data("images/cifar10-test.bin.xz");
}

Data generated_images(size_t train, size_t test) {
    return {patterns(train, 1), patterns(test, 2)};
}

InputSpec small_image_input() {
    return {{1, kSide, kSide}, 1.0 / 255, {0.25}, {0.3}};
}

InputSpec small_colour_input() {
    return {{3, kSide, kSide}, 1.0 / 255, {0.491, 0.482, 0.447}, {0.24, 0.24, 0.26}};
}

}  // namespace mho
