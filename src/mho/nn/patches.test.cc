// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/patches.h"

#include <gtest/gtest.h>

#include <vector>

namespace mho {
namespace {

std::vector<PatchGeometry> geometries() {
    std::vector<PatchGeometry> all;
    for (size_t kernel : {1U, 2U, 3U, 4U, 5U, 6U, 7U}) {
        for (size_t dilation : {1U, 2U}) {
            for (size_t stride : {1U, 2U}) {
                PatchGeometry g;
                g.channels = 3;
                g.height = 15;
                g.width = 14;
                g.kernel = {kernel, kernel};
                g.stride = {stride, stride + 1};
                g.padding = {1, 2};
                g.dilation = {1, dilation};
                all.push_back(g);
            }
        }
    }
    return all;
}

// Value of the sample at (channel, row, column), zero outside.
float pixel(const PatchGeometry& g, const std::vector<float>& sample, size_t c, long y, long x) {
    if (y < 0 || x < 0 || y >= static_cast<long>(g.height) || x >= static_cast<long>(g.width)) {
        return 0;
    }
    return sample[(c * g.height + static_cast<size_t>(y)) * g.width + static_cast<size_t>(x)];
}

TEST(Patches, GatherFollowsTheDefinition) {
    for (const PatchGeometry& g : geometries()) {
        std::vector<float> sample(g.channels * g.height * g.width);
        for (size_t i = 0; i < sample.size(); i++) {
            sample[i] = static_cast<float>(i + 1);
        }
        std::vector<float> padded(g.padded_size(), 0.0f);
        pad_sample(g, {false, g.channels, 0}, sample.data(), padded.data());
        const size_t first = 3;
        const size_t count = g.positions() - first;
        std::vector<float> rows(count * g.inputs() + PatchGeometry::kSlack);
        gather_patches(g, padded.data(), first, count, rows.data());
        for (size_t i = 0; i < count; i++) {
            const size_t oy = (first + i) / g.out_width();
            const size_t ox = (first + i) % g.out_width();
            size_t k = 0;
            for (size_t c = 0; c < g.channels; c++) {
                for (size_t ky = 0; ky < g.kernel[0]; ky++) {
                    for (size_t kx = 0; kx < g.kernel[1]; kx++, k++) {
                        const long y = static_cast<long>(oy * g.stride[0] + ky * g.dilation[0]) -
                                       static_cast<long>(g.padding[0]);
                        const long x = static_cast<long>(ox * g.stride[1] + kx * g.dilation[1]) -
                                       static_cast<long>(g.padding[1]);
                        ASSERT_EQ(rows[i * g.inputs() + k], pixel(g, sample, c, y, x))
                            << "kernel " << g.kernel[0] << " position " << i << " entry " << k;
                    }
                }
            }
        }
    }
}

TEST(Patches, ScatterIsTheTransposeOfGather) {
    for (const PatchGeometry& g : geometries()) {
        std::vector<float> padded(g.padded_size(), 0.0f);
        for (size_t i = 0; i < padded.size(); i++) {
            padded[i] = static_cast<float>(i % 7) - 3;
        }
        const size_t size = g.positions() * g.inputs();
        std::vector<float> rows(size + PatchGeometry::kSlack);
        gather_patches(g, padded.data(), 0, g.positions(), rows.data());
        // What lies beyond the rows must not be added.
        std::vector<float> other(size + PatchGeometry::kSlack, 1e9f);
        for (size_t i = 0; i < size; i++) {
            other[i] = static_cast<float>(i % 5) - 2;
        }
        std::vector<float> back(g.padded_size(), 0.0f);
        scatter_patches(g, other.data(), 0, g.positions(), back.data());
        double left = 0;
        double right = 0;
        for (size_t i = 0; i < size; i++) {
            left += static_cast<double>(rows[i] * other[i]);
        }
        for (size_t i = 0; i < padded.size(); i++) {
            right += static_cast<double>(padded[i] * back[i]);
        }
        EXPECT_EQ(left, right) << "kernel " << g.kernel[0];  // small integers: exact
    }
}

TEST(Patches, ChannelsLastIsTheSamePicture) {
    PatchGeometry g;
    g.channels = 2;
    g.height = 4;
    g.width = 5;
    g.padding = {1, 1};
    std::vector<float> first(4 * 20);
    std::vector<float> last(4 * 20);
    for (size_t c = 0; c < 4; c++) {
        for (size_t p = 0; p < 20; p++) {
            first[c * 20 + p] = last[p * 4 + c] = static_cast<float>(c * 20 + p);
        }
    }
    std::vector<float> a(g.padded_size(), 0.0f);
    std::vector<float> b(g.padded_size(), 0.0f);
    pad_sample(g, {false, 4, 2}, first.data(), a.data());
    pad_sample(g, {true, 4, 2}, last.data(), b.data());
    EXPECT_EQ(a, b);
    std::vector<float> back(4 * 20, -1.0f);
    unpad_sample(g, {true, 4, 2}, b.data(), back.data());
    for (size_t p = 0; p < 20; p++) {
        EXPECT_EQ(back[p * 4 + 2], last[p * 4 + 2]);
        EXPECT_EQ(back[p * 4 + 0], -1.0f);
    }
}

}  // namespace
}  // namespace mho
