// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/data.h"

#include <algorithm>

#include "mho/analysis/text_data.h"
#include "mho/util/error.h"

namespace mho {
namespace {

std::string cifar_file(const DataConfig& config, bool train) {
    const bool lossless = config.set == DataSet::kCifar10Lossless;
    const std::string name =
        lossless ? (train ? "cifar10-lossless-train4k.bin.xz" : "cifar10-lossless-test1k.bin.xz")
                 : (train ? "cifar10-train.bin.xz" : "cifar10-test.bin.xz");
    if (!config.folder.empty()) {
        return config.folder + "/" + name;
    }
    const auto found = find_data("images/" + name);
    if (!found) {
        throw IoError(
            "CIFAR-10: " + name +
            " not found; set data.folder, or the environment variable MHO_DATA to a folder "
            "with images/" +
            name);
    }
    return *found;
}

LabelledImages load(const DataConfig& config, bool train) {
    LabelledImages images;
    if (config.set == DataSet::kFashionMnist) {
        images = load_fashion_mnist(
            config.folder.empty() ? default_fashion_mnist_folder() : config.folder, train);
    } else if (config.set == DataSet::kText) {
        images = load_text_windows(config, train);
    } else {
        images = load_cifar10(cifar_file(config, train));
    }
    if (images.count == 0) {
        throw IoError(images.source + ": there are no images in it");
    }
    const int wanted = train ? config.train_images : config.test_images;
    if (wanted > 0 && static_cast<size_t>(wanted) < images.count) {
        const size_t labels = images.labels.size() / images.count;  // more than one for a text
        images.count = static_cast<size_t>(wanted);
        images.labels.resize(images.count * labels);
        images.pixels.resize(images.count * images.channels * images.height * images.width);
    } else if (static_cast<size_t>(wanted) > images.count) {
        throw ConfigError(
            train ? "data.train_images" : "data.test_images",
            "there are only " + std::to_string(images.count) + " images in " + images.source);
    }
    return images;
}

}  // namespace

LabelledImages load_test_images(const DataConfig& config) {
    return load(config, false);
}
LabelledImages load_train_images(const DataConfig& config) {
    return load(config, true);
}

Data load_data(const DataConfig& config) {
    return {load(config, true), load(config, false)};
}

Matrix<float> pixels_of(const LabelledImages& images, size_t first, size_t count) {
    const size_t features = images.channels * images.height * images.width;
    if (first > images.count || count > images.count - first) {
        throw InputError("images " + std::to_string(first) + " to " +
                         std::to_string(first + count) + " asked of " +
                         std::to_string(images.count));
    }
    if (images.pixels.size() != images.count * features) {
        throw InputError(std::to_string(images.count) + " images of " + std::to_string(features) +
                         " pixels, but " + std::to_string(images.pixels.size()) + " pixels");
    }
    Matrix<float> pixels(count, features);
    std::copy_n(images.pixels.begin() + static_cast<std::ptrdiff_t>(first * features),
                count * features,
                pixels.values.begin());
    return pixels;
}

}  // namespace mho
