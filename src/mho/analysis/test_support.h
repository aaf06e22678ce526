// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_TEST_SUPPORT_H
#define MHO_ANALYSIS_TEST_SUPPORT_H

// Small pictures, small runs and their networks, for the tests of analysis/ and cli/.

#include <algorithm>
#include <string>
#include <vector>

#include "mho/analysis/evaluate.h"
#include "mho/io/test_support.h"
#include "mho/random/stream.h"

namespace mho {

inline std::vector<float> class_patterns() {
    std::vector<float> patterns(10 * 28 * 28);
    fill_normal(TileKey{11}, Stream::kTest, 0, 0, patterns);
    return patterns;
}

/// Pictures like those of Fashion-MNIST in shape: one pattern of grey values per class, with noise,
/// so that a network can learn them and hardware can get them wrong.
inline LabelledImages pattern_images(size_t count, uint64_t step) {
    constexpr size_t kPixels = 28 * 28;
    constexpr size_t kClasses = 10;
    LabelledImages images{count, 1, 28, 28, {}, {}, kClasses, "patterns"};
    const std::vector<float> patterns = class_patterns();
    std::vector<float> noise(count * kPixels);
    fill_normal(TileKey{12}, Stream::kTest, step, 0, noise);
    for (size_t i = 0; i < count; i++) {
        const size_t label = (i * 7 + step) % kClasses;
        images.labels.push_back(static_cast<uint8_t>(label));
        for (size_t p = 0; p < kPixels; p++) {
            const float grey =
                128.0f + 8.0f * patterns[label * kPixels + p] + 60.0f * noise[i * kPixels + p];
            images.pixels.push_back(static_cast<uint8_t>(std::clamp(grey, 0.0f, 255.0f)));
        }
    }
    return images;
}

/// An IDX file: extents big-endian (io/idx.h).
inline void write_idx(const std::string& path,
                      const std::vector<size_t>& shape,
                      const std::vector<uint8_t>& values) {
    std::string bytes = {'\0', '\0', '\x08', static_cast<char>(shape.size())};
    for (const size_t extent : shape) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes += static_cast<char>((extent >> shift) & 255u);
        }
    }
    bytes.append(values.begin(), values.end());
    put(path, bytes);
}

/// A data folder as the run file's `data.folder` wants it.
inline void write_pattern_folder(const std::string& folder, size_t train, size_t test) {
    std::filesystem::create_directories(folder);
    const auto write = [&](const std::string& kind, const LabelledImages& images) {
        write_idx(
            folder + "/" + kind + "-images-idx3-ubyte", {images.count, 28, 28}, images.pixels);
        write_idx(folder + "/" + kind + "-labels-idx1-ubyte", {images.count}, images.labels);
    };
    write("train", pattern_images(train, 1));
    write("t10k", pattern_images(test, 2));
}

/// A run of a perceptron that takes milliseconds; `more` are further overrides.
inline RunFile tiny_run(const std::vector<std::string>& more = {}) {
    return parse_run_file(R"({
        "name": "tiny", "seed": 5,
        "network": {"model": {"model": "mlp", "hidden": [12]}, "mean": [0.5], "std": [0.25]},
        "hardware": {"preset": "standard", "input_range": {"init_batches": 2}},
        "training": {"hardware_aware": {"batch": 16}},
        "evaluation": {
            "times": [{"name": "1 s", "t_s": 1}, {"name": "1 day", "t_s": 86400}],
            "programmings": 3,
            "ablation": {"programmings": 2, "images": 40},
            "error_images": 8
        }
    })",
                          "tiny.json",
                          more);
}

/// A perceptron that knows the patterns without training: one matched filter per class. `spoilt`
/// adds random weights, so that two such networks differ.
inline Network matched_filters(const RunFile& run, float spoilt) {
    Network network = build_network(run);
    const std::vector<float> patterns = class_patterns();
    std::vector<float>& first = network.parameters.at("fc1.weight").values;
    std::vector<float>& second = network.parameters.at("fc2.weight").values;
    for (size_t i = 0; i < first.size(); i++) {
        first[i] = spoilt * first[i] + (i < patterns.size() ? 0.02f * patterns[i] : 0.0f);
    }
    for (size_t i = 0; i < second.size(); i++) {
        const size_t hidden = second.size() / 10;
        second[i] = 0.1f * spoilt * second[i] + (i / hidden == i % hidden ? 1.0f : 0.0f);
    }
    return network;
}

/// The networks of a run without training.
inline RunNetworks matched_networks(const RunFile& run, const LabelledImages& train) {
    RunNetworks networks;
    networks.floating_point = matched_filters(run, 0.1f);
    networks.naive = make_naive(run, networks.floating_point, train);
    networks.has_naive = true;
    networks.hardware_aware = make_naive(run, matched_filters(run, 0.3f), train);
    networks.has_hardware_aware = true;
    return networks;
}

}  // namespace mho

#endif  // MHO_ANALYSIS_TEST_SUPPORT_H
