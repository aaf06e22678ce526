// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_DATA_H
#define MHO_ANALYSIS_DATA_H

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "mho/io/image_data.h"
#include "mho/util/matrix.h"
#include "mho/util/reflect.h"

namespace mho {

enum class DataSet { kFashionMnist, kCifar10Lossless, kCifar10Jpeg, kText };

template <>
struct EnumNames<DataSet> {
    static constexpr std::array<std::pair<DataSet, std::string_view>, 4> names = {
        {{DataSet::kFashionMnist, "fashion mnist"},
         {DataSet::kCifar10Lossless, "cifar10 lossless"},
         {DataSet::kCifar10Jpeg, "cifar10 jpeg"},
         {DataSet::kText, "text"}}};
};

/// Which images a run trains and tests on.
struct DataConfig {
    DataSet set = DataSet::kFashionMnist;
    std::string folder;    // "" = where the Debian package or MHO_DATA has it
    int train_images = 0;  // the first ones; 0 = all
    int test_images = 0;
    std::string text = "tinyshakespeare.txt.xz";  // text: file in the folder, or in MHO_DATA/text
    int sequence = 64;                            // text: characters of a sample
};

template <>
struct Schema<DataConfig> {
    static constexpr std::string_view name = "Data";
    static void fields(auto&& visit) {
        visit(field("set",
                    &DataConfig::set,
                    {.meaning = "labelled images", .source = "Xiao et al. 2017; Krizhevsky 2009"}));
        visit(
            field("folder",
                  &DataConfig::folder,
                  {.meaning = "folder of the files; empty = Debian's dataset-fashion-mnist, or the "
                              "folder in MHO_DATA"}));
        visit(field("train_images",
                    &DataConfig::train_images,
                    {.unit = "images",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "training images used, the first ones; 0 = all"}));
        visit(field("test_images",
                    &DataConfig::test_images,
                    {.unit = "images",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "test images used, the first ones; 0 = all"}));
        visit(
            field("text",
                  &DataConfig::text,
                  {.meaning = "text: name of the file, in data.folder or in text/ of the folder in "
                              "MHO_DATA; may be compressed"}));
        visit(field(
            "sequence",
            &DataConfig::sequence,
            {.unit = "characters",
             .min = 1,
             .max = 65536,
             .meaning = "text: characters of a sample; what is called images counts samples"}));
    }
};

struct Data {
    LabelledImages train;
    LabelledImages test;
};

/// Reads the images. Throws IoError when a file is missing or damaged, with what to install.
Data load_data(const DataConfig& config);
LabelledImages load_test_images(const DataConfig& config);
LabelledImages load_train_images(const DataConfig& config);

/// Pixels of images [first, first + count) as float `[count, features]`.
Matrix<float> pixels_of(const LabelledImages& images, size_t first, size_t count);

}  // namespace mho

#endif  // MHO_ANALYSIS_DATA_H
