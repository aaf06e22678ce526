// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/text_data.h"

#include <algorithm>
#include <cmath>

#include "mho/io/text.h"
#include "mho/util/error.h"
#include "mho/util/matrix.h"

namespace mho {
namespace {

std::string text_file(const DataConfig& config) {
    if (!config.folder.empty()) {
        return config.folder + "/" + config.text;
    }
    const auto found = find_data("text/" + config.text);
    if (!found) {
        throw IoError(
            "text: " + config.text +
            " not found; set data.folder, or the environment variable MHO_DATA to a folder "
            "with text/" +
            config.text);
    }
    return *found;
}

}  // namespace

LabelledImages text_windows(const std::string& text, size_t positions, bool train) {
    const CharText whole = make_char_text(text);
    const size_t cut = whole.symbols.size() / 10 * 9;
    const auto first = whole.symbols.begin() + static_cast<std::ptrdiff_t>(train ? 0 : cut);
    const size_t length = train ? cut : whole.symbols.size() - cut;
    if (positions == 0 || length == 0 || positions > length - 1) {
        throw InputError("a text of " + std::to_string(whole.symbols.size()) +
                         " characters has no window of " + std::to_string(positions) +
                         " for both training and test");
    }
    LabelledImages windows;
    windows.count = (length - 1) / positions;
    windows.channels = windows.height = 1;
    windows.width = positions;
    windows.classes = whole.alphabet.size();
    const auto size = static_cast<std::ptrdiff_t>(windows.count * positions);
    windows.pixels.assign(first, first + size);
    windows.labels.assign(first + 1, first + 1 + size);
    return windows;
}

LabelledImages load_text_windows(const DataConfig& config, bool train) {
    const std::string file = text_file(config);
    LabelledImages windows =
        text_windows(read_text(file), static_cast<size_t>(config.sequence), train);
    windows.source = file;
    return windows;
}

double cross_entropy_sum(ConstFloatView outputs,
                         const std::vector<uint8_t>& labels,
                         size_t positions) {
    if (positions == 0 || outputs.cols % positions != 0 ||
        labels.size() < outputs.rows * positions) {
        throw InputError("a loss needs one label for every row of logits");
    }
    require_finite(outputs, "logits");
    const size_t vocabulary = outputs.cols / positions;
    double sum = 0;
    for (size_t s = 0; s < outputs.rows; s++) {
        for (size_t p = 0; p < positions; p++) {
            const float* row = outputs.row(s) + p * vocabulary;
            const size_t label = labels[s * positions + p];
            if (label >= vocabulary) {
                throw InputError("symbol " + std::to_string(label) + " is beyond the " +
                                 std::to_string(vocabulary) + " outputs of the network");
            }
            const double largest = double{*std::max_element(row, row + vocabulary)};
            double total = 0;
            for (size_t i = 0; i < vocabulary; i++) {
                total += std::exp(double{row[i]} - largest);
            }
            sum += std::log(total) + largest - double{row[label]};
        }
    }
    return sum;
}

}  // namespace mho
