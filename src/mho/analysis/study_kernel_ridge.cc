// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_kernel_ridge.h"

#include <algorithm>

#include "mho/features/ridge.h"

namespace mho {

RidgeAccuracy classify(const Kernel& kernel,
                       const KernelSplit& data,
                       size_t projections,
                       std::span<const float> shifts,
                       const ProjectRows& train,
                       const ProjectRows& test) {
    constexpr size_t kRows = 2048;
    Ridge ridge(projections * features_per_projection(kernel), 1);
    for (size_t first = 0; first < data.train.rows; first += kRows) {
        const size_t count = std::min(kRows, data.train.rows - first);
        const Matrix<float> u = train(data.train.view().row_block(first, count), first);
        ridge.add(kernel_features(kernel, u.view(), shifts).view(),
                  {data.train_labels.data() + first, count, 1});
    }
    const RidgeModel model = ridge.solve(0.5);
    size_t right[2] = {};
    size_t all[2] = {};
    for (size_t first = 0; first < data.test.rows; first += kRows) {
        const size_t count = std::min(kRows, data.test.rows - first);
        const Matrix<float> u = test(data.test.view().row_block(first, count), first);
        const Matrix<double> y = model.predict(kernel_features(kernel, u.view(), shifts).view());
        for (size_t r = 0; r < count; r++) {
            const size_t label = data.test_labels[first + r] > 0.5f ? 1 : 0;
            all[label]++;
            right[label] += (y(r, 0) > 0.5) == (label == 1) ? 1 : 0;
        }
    }
    const auto share = [](size_t part, size_t whole) {
        return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0.0;
    };
    return {share(right[0] + right[1], all[0] + all[1]),
            (share(right[0], all[0]) + share(right[1], all[1])) / 2};
}

}  // namespace mho
