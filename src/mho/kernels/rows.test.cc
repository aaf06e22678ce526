// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/kernels/rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "mho/random/stream.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

constexpr size_t kLongest = 70;

std::vector<float> normals(uint64_t step, float scale = 1.0f) {
    std::vector<float> v(kLongest);
    fill_normal({5}, Stream::kTest, step, 0, v);
    for (float& x : v) {
        x *= scale;
    }
    return v;
}

std::vector<float> uniforms(uint64_t step) {
    std::vector<float> v(kLongest);
    fill_uniform({5}, Stream::kTest, step, 0, v);
    return v;
}

void expect_same(const std::vector<float>& a,
                 const std::vector<float>& b,
                 unsigned stages,
                 size_t n) {
    ASSERT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0)
        << "stages " << std::hex << stages << std::dec << ", length " << n;
}

TEST(InputRow, EqualsItsTwinForEveryStageAndLength) {
    const std::vector<float> x = normals(1);
    const std::vector<float> noise = normals(2);
    const std::vector<float> offsets = uniforms(3);
    on_all_targets([&] {
        for (unsigned stages = 0; stages < 64; stages++) {
            InputStage s;
            s.range_scale = stages & 1 ? 0.7f : 0.0f;
            s.scale = 0.9f;
            s.step = stages & 2 ? 2.0f / 126 : 0.0f;
            s.bound = stages & 4 ? 0.8f : 0.0f;
            s.noise_std = stages & 8 ? 0.1f : 0.0f;
            s.noise = stages & 8 ? noise.data() : nullptr;
            s.negative_factor = stages & 16 ? 0.9f : 1.0f;
            s.rounding_offset = stages & 32 ? offsets.data() : nullptr;
            for (size_t n = 0; n <= kLongest; n++) {
                std::vector<float> a(kLongest, 7), b(kLongest, 7);
                input_row(x.data(), n, s, a.data());
                twin::input_row(x.data(), n, s, b.data());
                expect_same(a, b, stages, n);
            }
        }
    });
}

TEST(InputRow, RoundsHalfToEvenAndClips) {
    InputStage s;
    s.step = 0.5f;
    s.bound = 1.0f;
    const std::vector<float> x = {0.25f, 0.75f, -0.25f, -0.75f, 0.26f, 3.0f, -3.0f, 0.0f};
    const std::vector<float> expected = {0.0f, 1.0f, 0.0f, -1.0f, 0.5f, 1.0f, -1.0f, 0.0f};
    std::vector<float> v(x.size());
    input_row(x.data(), x.size(), s, v.data());
    for (size_t i = 0; i < x.size(); i++) {
        EXPECT_EQ(v[i], expected[i]) << x[i];
    }
}

TEST(InputRow, DividesExactly) {
    // Codes of values on, next to and between the ties, of zeros and of the extremes.
    on_all_targets([] {
        for (const float steps :
             {1.0f, 3.0f, 14.0f, 126.0f, 254.0f, 510.0f, 65534.0f, 4294967296.0f}) {
            for (const float bound : {1e-9f, 0.3f, 1.0f, 12.0f, 1e9f}) {
                InputStage s;
                s.step = 1.0f / steps * 2.0f * bound;
                s.bound = bound;
                std::vector<float> x = {0.0f,
                                        -0.0f,
                                        1e-45f,
                                        -1e-45f,
                                        1e-38f,
                                        -1e-38f,
                                        3.4e38f,
                                        -3.4e38f,
                                        INFINITY,
                                        -INFINITY,
                                        bound,
                                        -bound,
                                        2 * bound};
                std::vector<float> random(4000);
                fill_normal({6}, Stream::kTest, static_cast<uint64_t>(steps), 0, random);
                for (const float r : random) {
                    x.push_back(r * bound);
                    const float tie = (std::nearbyint(r * steps) + 0.5f) * s.step;
                    x.push_back(tie);
                    x.push_back(std::nextafter(tie, 1e38f));
                    x.push_back(std::nextafter(tie, -1e38f));
                }
                std::vector<float> a(x.size()), b(x.size());
                input_row(x.data(), x.size(), s, a.data());
                twin::input_row(x.data(), x.size(), s, b.data());
                for (size_t i = 0; i < x.size(); i++) {
                    ASSERT_EQ(std::memcmp(&a[i], &b[i], sizeof(float)), 0)
                        << x[i] << " / " << s.step << ": " << a[i] << " not " << b[i];
                }
            }
        }
    });
}

TEST(OutputRow, EqualsItsTwinForEveryStageAndLength) {
    std::vector<float> sums = normals(1, 2.0f);
    const std::vector<float> position = normals(2), noise = normals(3), more = normals(4);
    std::vector<float> absolute = normals(5), squares = normals(6), offset = normals(7, 0.1f),
                       line = normals(8, 0.05f), shape = normals(9, 0.03f);
    const std::vector<float> rounding = uniforms(10);
    for (auto* v : {&absolute, &squares, &line, &shape}) {
        for (float& x : *v) {
            x = std::abs(x);
        }
    }
    on_all_targets([&] {
        for (unsigned stages = 0; stages < (1u << 12); stages++) {
            OutputStage s;
            s.rescale = 1.3f;
            if (stages & 1) {
                s.position = position.data();
                s.absolute = absolute.data();
                s.ir_strength = 1.1f;
                s.ir_scale = 0.2f;
            }
            s.has_offset = stages & 2;
            s.line_offset = stages & 4 ? offset.data() : nullptr;
            s.has_reference = stages & 4;
            s.reference = 0.3f;
            s.series_factor = stages & 8 ? 0.1f : 0.0f;
            s.series_max = 0.15f;
            s.weight_noise = stages & 16 ? noise.data() : nullptr;
            s.weight_noise_std = 0.02f;
            s.squares = stages & 32 ? squares.data() : nullptr;
            s.common_root = 1.5f;
            s.nonlinearity = stages & 64 ? shape.data() : nullptr;
            s.nonlinearity_gain = 1.05f;
            s.negative_factor = stages & 128 ? 0.95f : 1.0f;
            s.output_noise = stages & 256 ? more.data() : nullptr;
            s.output_noise_std = 0.04f;
            s.output_noise_line = stages & 512 ? line.data() : nullptr;
            s.step = stages & 1024 ? 0.05f : 0.0f;
            s.rounding_offset = (stages & 3072) == 3072 ? rounding.data() : nullptr;
            s.bound = stages & 2048 ? 2.5f : 0.0f;
            // All lengths for some, the ends of registers for the rest.
            const size_t every = stages % 61 == 0 ? 1 : 23;
            for (size_t n = stages % 23; n <= kLongest; n += every) {
                std::vector<float> a(kLongest, 7), b(kLongest, 7);
                std::vector<uint8_t> cut_a(kLongest, 9), cut_b(kLongest, 9);
                const bool mask = stages % 3 != 0;
                const OutputFlags fa =
                    output_row(sums.data(), a.data(), n, s, mask ? cut_a.data() : nullptr);
                const OutputFlags fb =
                    twin::output_row(sums.data(), b.data(), n, s, mask ? cut_b.data() : nullptr);
                expect_same(a, b, stages, n);
                ASSERT_EQ(cut_a, cut_b) << stages << " " << n;
                ASSERT_EQ(fa.above, fb.above);
                ASSERT_EQ(fa.below, fb.below);
                ASSERT_EQ(fa.last_is_below, fb.last_is_below) << stages << " " << n;
                // The two halves give the same as the whole, also in place.
                std::vector<float> c = sums;
                array_row(c.data(), c.data(), n, s);
                finish_row(c.data(), n, s, nullptr);
                ASSERT_EQ(std::memcmp(a.data(), c.data(), n * sizeof(float)), 0);
            }
        }
    });
}

TEST(OutputRow, FlagsTheLastCut) {
    OutputStage s;
    s.bound = 1.0f;
    on_all_targets([&] {
        for (size_t high = 0; high < 40; high++) {
            for (size_t low = 0; low < 40; low++) {
                std::vector<float> y(40, 0.5f);
                y[low] = -2.0f;
                y[high] = 2.0f;
                std::vector<uint8_t> cut(40, 9);
                const OutputFlags f = output_row(y.data(), y.data(), 40, s, cut.data());
                EXPECT_TRUE(f.above);
                EXPECT_EQ(f.below, low != high);
                EXPECT_EQ(f.last_is_below, low > high);
                for (size_t i = 0; i < 40; i++) {
                    EXPECT_EQ(cut[i], i == low || i == high ? 1 : 0);
                }
            }
        }
    });
}

TEST(OutputRow, ACodeAtTheBoundIsNotACut) {
    OutputStage s;
    s.bound = 1.0f;
    std::vector<float> y = {1.0f, -1.0f};
    uint8_t cut[2];
    const OutputFlags f = output_row(y.data(), y.data(), 2, s, cut);
    EXPECT_FALSE(f.above || f.below);
    EXPECT_EQ(cut[0] + cut[1], 0);
}

TEST(OutputRow, CutsInfinities) {
    OutputStage s;
    s.bound = 2.0f;
    s.step = 0.1f;
    std::vector<float> y = {INFINITY, -INFINITY, 3e38f};
    output_row(y.data(), y.data(), 3, s, nullptr);
    EXPECT_EQ(y, (std::vector<float>{2.0f, -2.0f, 2.0f}));
}

// Codes are found by multiplication where that is safe: on and beside every tie of the grid they
// must be those of the division.
TEST(InputRow, RoundsLikeTheDivisionOnAndBesideTies) {
    on_all_targets([&] {
        for (const double steps : {2.0, 6.0, 126.0, 254.0, 510.0, 65534.0, 1e7}) {
            InputStage s;
            s.step = static_cast<float>(2.0 / steps);
            std::vector<float> x;
            for (double code = 0.5; code < steps / 2;
                 code += std::max(1.0, std::floor(steps / 999))) {
                float at = static_cast<float>(code) * s.step;
                for (int ulp = 0; ulp < 4; ulp++) {
                    x.push_back(std::nextafter(at, 0.0f));
                    x.push_back(at);
                    x.push_back(-at);
                    at = std::nextafter(at, 9.0f);
                }
            }
            std::vector<float> a(x.size()), b(x.size());
            input_row(x.data(), x.size(), s, a.data());
            twin::input_row(x.data(), x.size(), s, b.data());
            ASSERT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0) << steps;
        }
    });
}

TEST(RowAbsMax, ShowsWhatIsNotFinite) {
    on_all_targets([&] {
        for (const float bad : {INFINITY, -INFINITY, NAN, -NAN}) {
            for (size_t at = 0; at < kLongest; at++) {
                std::vector<float> x = normals(1);
                x[at] = bad;
                EXPECT_FALSE(std::isfinite(row_abs_max(x.data(), kLongest)));
                EXPECT_TRUE(std::isfinite(row_abs_max(x.data(), at)));
            }
        }
    });
}

TEST(RowAbsMax, FindsTheLargestAnywhere) {
    on_all_targets([] {
        EXPECT_EQ(row_abs_max(nullptr, 0), 0.0f);
        for (size_t n = 1; n <= kLongest; n++) {
            for (size_t at = 0; at < n; at++) {
                std::vector<float> x(n, 0.5f);
                x[at] = at % 2 ? -3.0f : 3.0f;
                ASSERT_EQ(row_abs_max(x.data(), n), 3.0f);
            }
        }
    });
}

TEST(RangeRow, ScalesAndCuts) {
    on_all_targets([] {
        for (size_t n = 0; n <= kLongest; n++) {
            const std::vector<float> x = normals(1);
            std::vector<float> v(kLongest, 7);
            range_row(x.data(), n, 0.8f, v.data());
            for (size_t i = 0; i < kLongest; i++) {
                const float expected = std::fmin(std::fmax(x[i] * 0.8f, -1.0f), 1.0f);
                ASSERT_EQ(v[i], i < n ? expected : 7.0f);
            }
        }
    });
}

}  // namespace
}  // namespace mho
