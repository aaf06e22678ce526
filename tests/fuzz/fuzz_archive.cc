// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/io/image_data.h"
#include "mho/io/tar.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        // Archives and what lies in those of CIFAR-10.
        try {
            size_t bytes = 0;
            for (const auto& [name, content] : parse_tar(input, "fuzz")) {
                bytes += content.size();
            }
            fuzz::require(bytes <= input.size());
        } catch (const Error&) {
        }
        const LabelledImages images = parse_cifar10(input, "fuzz");
        fuzz::require(images.labels.size() == images.count);
        fuzz::require(images.pixels.size() ==
                      images.count * images.channels * images.height * images.width);
    });
}
