// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_IMAGE_DATA_H
#define MHO_IO_IMAGE_DATA_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mho {

/// Pictures with one label each, as stored: bytes from 0 to 255, neither scaled nor shuffled.
struct LabelledImages {
    size_t count = 0;
    size_t channels = 0;
    size_t height = 0;
    size_t width = 0;
    std::vector<uint8_t> pixels;  // [count, channels, height, width], row-major
    std::vector<uint8_t> labels;  // [count], each below `classes`
    size_t classes = 0;
    std::string source;  // the file or folder, for reports
};

/// The environment variable FASHION_MNIST, else where Debian's `dataset-fashion-mnist` puts it.
std::string default_fashion_mnist_folder();

/// Fashion-MNIST (arXiv 1708.07747): 1 x 28 x 28, 10 classes, 60,000 training and 10,000 test
/// pictures. Wants the four IDX files of the original, with or without `.gz`. Throws IoError.
LabelledImages load_fashion_mnist(const std::string& folder, bool train);

/// CIFAR-10 in its binary version: per record 1 label byte, then 1,024 red, green and blue bytes
/// each, row by row. The file may be compressed. Throws IoError.
LabelledImages load_cifar10(const std::string& path);

/// The same from bytes (already decompressed); `origin` is named in errors.
LabelledImages parse_cifar10(std::string_view bytes, const std::string& origin);

/// A file or folder in the collection of large data that the environment variable MHO_DATA points
/// to; nothing if the variable is unset or the file is not there.
std::optional<std::string> find_data(const std::string& relative);

}  // namespace mho

#endif  // MHO_IO_IMAGE_DATA_H
