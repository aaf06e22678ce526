// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_kernel_data.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "mho/io/arff.h"
#include "mho/io/delimited.h"
#include "mho/io/image_data.h"
#include "mho/io/libsvm.h"
#include "mho/random/stream.h"
#include "mho/util/error.h"

namespace mho {
namespace {

void standardise(Matrix<float>& m) {
    for (size_t j = 0; j < m.cols; j++) {
        double sum = 0;
        for (size_t r = 0; r < m.rows; r++) {
            sum += double{m(r, j)};
        }
        const double mean = sum / static_cast<double>(m.rows);
        double square = 0;
        for (size_t r = 0; r < m.rows; r++) {
            square += (double{m(r, j)} - mean) * (double{m(r, j)} - mean);
        }
        const double std = std::sqrt(square / static_cast<double>(m.rows));
        for (size_t r = 0; r < m.rows; r++) {
            m(r, j) = std > 0 ? static_cast<float>((double{m(r, j)} - mean) / std) : 0.0f;
        }
    }
}

void append(KernelData& data,
            const LabelledTable& table,
            const std::function<bool(const std::string&)>& is_one,
            const std::set<size_t>& left_out = {}) {
    data.features.cols = table.features.cols;
    for (size_t r = 0; r < table.features.rows; r++) {
        if (left_out.contains(r)) {
            continue;
        }
        for (size_t j = 0; j < table.features.cols; j++) {
            data.features.values.push_back(static_cast<float>(table.features(r, j)));
        }
        data.features.rows++;
        data.labels.push_back(is_one(table.labels[r]) ? 1.0f : 0.0f);
    }
}

// Ten one-hot columns become the number of the one that is set, before the twelve real ones.
LabelledTable with_13_features(LabelledTable table) {
    Matrix<double> short_form(table.features.rows, 13);
    for (size_t r = 0; r < short_form.rows; r++) {
        for (size_t j = 0; j < 10; j++) {
            short_form(r, 0) += table.features(r, j) > 0 ? static_cast<double>(j + 1) : 0.0;
        }
        for (size_t j = 0; j < 12; j++) {
            short_form(r, 1 + j) = table.features(r, 10 + j);
        }
    }
    table.features = std::move(short_form);
    return table;
}

}  // namespace

KernelSplit KernelData::split(uint64_t seed) const {
    std::vector<uint32_t> order(features.rows);
    std::iota(order.begin(), order.end(), 0u);
    size_t train = given_train;
    if (train == 0) {
        fill_permutation(
            make_tile_key(seed, "study/kernel-approximation/" + name), Stream::kShuffle, 0, order);
        train = features.rows / 2;
    }
    const auto rows = [&](size_t first, size_t last, std::vector<float>& of) {
        Matrix<float> m(last - first, features.cols);
        for (size_t r = first; r < last; r++) {
            std::copy_n(features.row(order[r]), features.cols, m.row(r - first));
            of.push_back(labels[order[r]]);
        }
        standardise(m);
        return m;
    };
    KernelSplit s;
    s.train = rows(0, train, s.train_labels);
    s.test = rows(train, features.rows, s.test_labels);
    return s;
}

std::optional<KernelData> load_kernel_data(const std::string& name) {
    KernelData data;
    data.name = name;
    const auto file = [](const char* path) { return find_data(std::string("kernels/") + path); };
    if (name == "letter") {
        if (const auto path = file("letter-recognition.data.xz")) {
            append(data,
                   read_delimited(*path, {.separator = ',', .label_first = true}),
                   [](const std::string& l) { return l <= "M"; });
            data.given_train = 16000;
            return data;
        }
    } else if (name == "magic") {
        if (const auto path = file("magic04.data.xz")) {
            append(
                data, read_delimited(*path), [](const std::string& label) { return label == "g"; });
            return data;
        }
    } else if (name == "skin") {
        if (const auto path = file("Skin_NonSkin.txt.xz")) {
            append(data, read_delimited(*path, {.separator = '\t'}), [](const std::string& label) {
                return label == "1";
            });
            return data;
        }
    } else if (name == "eeg") {
        if (const auto path = file("eeg-eye-state.arff.xz")) {
            append(data,
                   read_arff(*path),
                   [](const std::string& label) { return label == "1"; },
                   {898, 10386, 11509, 13179});
            return data;
        }
    } else if (name == "ijcnn1") {
        const auto train = file("ijcnn1.trn.bz2");
        const auto test = file("ijcnn1.tst.bz2");
        if (train && test) {
            const auto one = [](const std::string& label) { return label == "1"; };
            append(data, with_13_features(read_libsvm(*train, 22)), one);
            append(data, with_13_features(read_libsvm(*test, 22)), one);
            data.given_train = 35000;
            return data;
        }
    } else {
        throw InputError("no data set of kernels is called `" + name + "`");
    }
    return std::nullopt;
}

bool has_kernel_data(const std::string& name) {
    const auto there = [](const char* path) {
        return find_data(std::string("kernels/") + path).has_value();
    };
    return (name == "letter" && there("letter-recognition.data.xz")) ||
           (name == "magic" && there("magic04.data.xz")) ||
           (name == "skin" && there("Skin_NonSkin.txt.xz")) ||
           (name == "eeg" && there("eeg-eye-state.arff.xz")) ||
           (name == "ijcnn1" && there("ijcnn1.trn.bz2") && there("ijcnn1.tst.bz2"));
}

KernelData made_up_kernel_data(size_t rows, uint64_t seed) {
    KernelData data;
    data.name = "made up";
    data.features = Matrix<float>(rows, 8);
    fill_normal(make_tile_key(seed, "study/made-up"), Stream::kTest, 0, 0, data.features.values);
    for (size_t r = 0; r < rows; r++) {
        const float* x = data.features.row(r);
        data.labels.push_back(x[0] * x[1] + 0.5f * x[2] > 0 ? 1.0f : 0.0f);
    }
    return data;
}

}  // namespace mho
