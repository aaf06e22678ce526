// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_TEST_SUPPORT_H
#define MHO_NET_TEST_SUPPORT_H

// Small networks, random numbers and a naive double-precision forward pass, for the tests of net/.

#include <vector>

#include "mho/net/executor.h"
#include "mho/net/network.h"
#include "mho/net/zoo.h"
#include "mho/random/stream.h"

namespace mho {

inline std::vector<float> normals(size_t count, uint64_t step) {
    std::vector<float> values(count);
    fill_normal(TileKey{7}, Stream::kTest, step, 0, values);
    return values;
}

inline Matrix<float> normal_matrix(size_t rows, size_t cols, uint64_t step) {
    Matrix<float> m(rows, cols);
    m.values = normals(rows * cols, step);
    return m;
}

/// Input of raw numbers: no scale, no mean.
inline InputSpec raw_input(int channels, int height, int width) {
    return {{channels, height, width}, 1.0, {}, {}};
}

inline Matrix<float> run_all(const Executor& executor,
                             const Matrix<float>& pixels,
                             ReadKey key = {},
                             size_t threads = 1) {
    Matrix<float> outputs(pixels.rows, executor.output_features());
    executor.run(pixels.view(), outputs.view(), key, threads);
    return outputs;
}

/// Batch norms get statistics that do something.
inline void randomise_norms(Network& network) {
    uint64_t step = 1000;
    for (auto& [name, tensor] : network.parameters) {
        const bool mean = name.ends_with(".running_mean");
        const bool variance = name.ends_with(".running_var");
        if (!mean && !variance) {
            continue;
        }
        const std::vector<float> xi = normals(tensor.values.size(), step++);
        for (size_t i = 0; i < xi.size(); i++) {
            tensor.values[i] = mean ? 0.2f * xi[i] : 0.5f + xi[i] * xi[i];
        }
    }
}

/// The network of the layer tests: convolutions, both kinds of shortcut, batch norms, one linear.
inline Network small_network() {
    Network network = initialize(residual_cnn(4, {4, 8}, 5, raw_input(1, 12, 12)), 11);
    randomise_norms(network);
    return network;
}

}  // namespace mho

#endif  // MHO_NET_TEST_SUPPORT_H
