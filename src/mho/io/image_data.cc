// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/image_data.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "mho/io/file.h"
#include "mho/io/idx.h"
#include "mho/io/tensor.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kFashionSide = 28;
constexpr size_t kCifarSide = 32;
constexpr size_t kCifarPixels = 3 * kCifarSide * kCifarSide;
constexpr size_t kClasses = 10;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

bool exists(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

IdxArray read_fashion_file(const std::string& folder, const std::string& name) {
    const std::string plain = folder + "/" + name;
    const std::string packed = plain + ".gz";
    if (exists(packed)) {
        return read_idx(packed);
    }
    if (exists(plain)) {
        return read_idx(plain);
    }
    throw IoError(fmt::format(
        "`{}` not found; install Debian's package dataset-fashion-mnist, or let the environment "
        "variable FASHION_MNIST name the folder of the four IDX files",
        packed));
}

void check_labels(const LabelledImages& images) {
    for (size_t i = 0; i < images.count; i++) {
        if (images.labels[i] >= images.classes) {
            throw IoError(fmt::format("`{}`: label {} of picture {} is not below {}",
                                      images.source,
                                      images.labels[i],
                                      i,
                                      images.classes));
        }
    }
}

}  // namespace

std::string default_fashion_mnist_folder() {
    const std::string chosen = environment("FASHION_MNIST");
    return chosen.empty() ? "/usr/share/datasets/fashion-mnist" : chosen;
}

LabelledImages load_fashion_mnist(const std::string& folder, bool train) {
    const std::string kind = train ? "train" : "t10k";
    IdxArray pixels = read_fashion_file(folder, kind + "-images-idx3-ubyte");
    IdxArray labels = read_fashion_file(folder, kind + "-labels-idx1-ubyte");
    if (pixels.shape.size() != 3 || pixels.shape[1] != kFashionSide ||
        pixels.shape[2] != kFashionSide) {
        throw IoError(fmt::format("`{}`: {} pictures of shape [N, 28, 28] expected, got {}",
                                  folder,
                                  kind,
                                  shape_text(pixels.shape)));
    }
    if (labels.shape.size() != 1 || labels.shape[0] != pixels.shape[0]) {
        throw IoError(fmt::format("`{}`: {} pictures but labels of shape {}",
                                  folder,
                                  pixels.shape[0],
                                  shape_text(labels.shape)));
    }
    LabelledImages images{.count = pixels.shape[0],
                          .channels = 1,
                          .height = kFashionSide,
                          .width = kFashionSide,
                          .pixels = std::move(pixels.values),
                          .labels = std::move(labels.values),
                          .classes = kClasses,
                          .source = folder + " (" + kind + ")"};
    check_labels(images);
    return images;
}

LabelledImages parse_cifar10(std::string_view bytes, const std::string& origin) {
    constexpr size_t kRecord = 1 + kCifarPixels;
    if (bytes.empty() || bytes.size() % kRecord != 0) {
        throw IoError(fmt::format(
            "`{}` is not a CIFAR-10 binary file: its {} bytes (after decompression) are "
            "not a multiple of {} (1 label and 3,072 pixels)",
            origin,
            bytes.size(),
            kRecord));
    }
    LabelledImages images{.count = bytes.size() / kRecord,
                          .channels = 3,
                          .height = kCifarSide,
                          .width = kCifarSide,
                          .pixels = {},
                          .labels = {},
                          .classes = kClasses,
                          .source = origin};
    images.labels.reserve(images.count);
    images.pixels.reserve(images.count * kCifarPixels);
    for (size_t i = 0; i < images.count; i++) {
        const std::string_view record = bytes.substr(i * kRecord, kRecord);
        images.labels.push_back(static_cast<uint8_t>(record[0]));
        images.pixels.insert(images.pixels.end(), record.begin() + 1, record.end());
    }
    check_labels(images);
    return images;
}

LabelledImages load_cifar10(const std::string& path) {
    return parse_cifar10(read_maybe_compressed(path), path);
}

std::optional<std::string> find_data(const std::string& relative) {
    const std::string root = environment("MHO_DATA");
    if (root.empty()) {
        return std::nullopt;
    }
    std::string path = root + "/" + relative;
    return exists(path) ? std::optional(std::move(path)) : std::nullopt;
}

}  // namespace mho
