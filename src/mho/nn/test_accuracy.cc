// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/test_accuracy.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/empty.h>

#include <algorithm>

namespace mho {
namespace {

constexpr size_t kTestBatch = 256;

}  // namespace

double test_accuracy(GraphNetwork& network, const LabelledImages& test, uint64_t step) {
    const torch::NoGradGuard no_grad;
    network->eval();
    network->set_step(step);
    const size_t features = network->input_features();
    const size_t labels = test.labels.size() / test.count;
    uint64_t correct = 0;
    for (size_t first = 0; first < test.count; first += kTestBatch) {
        const size_t count = std::min(kTestBatch, test.count - first);
        torch::Tensor pixels =
            at::empty({static_cast<int64_t>(count), static_cast<int64_t>(features)});
        std::copy_n(test.pixels.begin() + static_cast<std::ptrdiff_t>(first * features),
                    count * features,
                    pixels.data_ptr<float>());
        network->set_first_sample(first);
        const torch::Tensor best = at::argmax(
            network->forward(pixels).reshape({static_cast<int64_t>(count * labels), -1}), 1);
        const int64_t* found = best.data_ptr<int64_t>();
        for (size_t i = 0; i < count * labels; i++) {
            correct += found[i] == static_cast<int64_t>(test.labels[first * labels + i]) ? 1 : 0;
        }
    }
    network->set_first_sample(0);
    network->train();
    return static_cast<double>(correct) / static_cast<double>(test.count * labels);
}

}  // namespace mho
