// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/random/stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string>
#include <unordered_set>
#include <vector>

#if MHO_HAVE_RANDOM123
#include <Random123/philox.h>
#undef philox4x32  // a macro of that header with the name of our function
#endif

#include "mho/random/philox.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

constexpr TileKey kKey{0x0123456789abcdefu};

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() &&
           (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

std::vector<float> normals(size_t n,
                           uint64_t first = 0,
                           uint64_t step = 0,
                           TileKey key = kKey,
                           Stream stream = Stream::kTest) {
    std::vector<float> v(n);
    fill_normal(key, stream, step, first, v);
    return v;
}

TEST(Philox, GivesThePublishedAnswers) {
    // Known answers of the authors' distribution for philox4x32, ten rounds.
    using Words = std::array<uint32_t, 4>;
    EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
              (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    const uint32_t ones = 0xffffffff;
    EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
              (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    const Words digits_of_pi = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344};
    EXPECT_EQ(philox4x32(digits_of_pi, {0xa4093822, 0x299f31d0}),
              (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

#if MHO_HAVE_RANDOM123
TEST(Philox, EqualsTheReferenceImplementation) {
    std::vector<uint32_t> words(6 * 1000);
    fill_words(kKey, Stream::kTest, 1, 0, words);
    r123::Philox4x32 reference;
    for (size_t i = 0; i < words.size(); i += 6) {
        const uint32_t* w = words.data() + i;
        const r123::Philox4x32::ctr_type counter = {{w[0], w[1], w[2], w[3]}};
        const r123::Philox4x32::key_type key = {{w[4], w[5]}};
        const auto expected = reference(counter, key);
        const auto got = philox4x32({w[0], w[1], w[2], w[3]}, {w[4], w[5]});
        for (size_t j = 0; j < 4; j++) {
            ASSERT_EQ(got[j], expected[j]);
        }
    }
}
#endif

TEST(Stream, AddsNumbersWhereTheyAreDrawn) {
    on_all_targets([] {
        for (const size_t n : {size_t{0}, size_t{1}, size_t{511}, size_t{512}, size_t{1700}}) {
            for (const uint64_t first : {uint64_t{0}, uint64_t{100}, uint64_t{512}}) {
                const std::vector<float> to = normals(n, 7, 3);
                std::vector<float> expected = normals(n, first, 1);
                for (size_t i = 0; i < n; i++) {
                    const float change = 0.06f * expected[i];
                    expected[i] = to[i] + change;
                }
                std::vector<float> sum(n);
                add_normal(kKey, Stream::kTest, 1, first, to, 0.06f, sum);
                EXPECT_TRUE(same_bits(sum, expected)) << n << " from " << first;
                sum = to;
                add_normal(kKey, Stream::kTest, 1, first, sum, 0.06f, sum);
                EXPECT_TRUE(same_bits(sum, expected)) << n << " from " << first << ", in place";
            }
        }
    });
}

TEST(Stream, EqualsItsTwinForEveryLengthAndStart) {
    on_all_targets([] {
        for (size_t n = 0; n <= 1100; n++) {
            // Aligned, inside a block, at its end, and beyond 32 bits of elements.
            for (const uint64_t first : {uint64_t{0},
                                         uint64_t{1},
                                         uint64_t{300},
                                         uint64_t{511},
                                         (uint64_t{1} << 36) + 5}) {
                if (first != 0 && n % 13 != 0) {
                    continue;
                }
                std::vector<float> a(n, -7), b(n, -9);
                std::vector<uint32_t> wa(n, 1), wb(n, 2);
                fill_normal(kKey, Stream::kTest, 3, first, a);
                twin::fill_normal(kKey, Stream::kTest, 3, first, b);
                ASSERT_TRUE(same_bits(a, b)) << n << " from " << first;
                fill_uniform(kKey, Stream::kTest, 3, first, a);
                twin::fill_uniform(kKey, Stream::kTest, 3, first, b);
                ASSERT_TRUE(same_bits(a, b)) << n << " from " << first;
                fill_words(kKey, Stream::kTest, 3, first, wa);
                twin::fill_words(kKey, Stream::kTest, 3, first, wb);
                ASSERT_TRUE(same_bits(wa, wb)) << n << " from " << first;
            }
        }
    });
}

TEST(Stream, WritesNothingBeyondItsEnd) {
    on_all_targets([] {
        for (size_t n = 0; n < 600; n += 37) {
            std::vector<float> v(n + 32, 123.0f);
            fill_normal(kKey, Stream::kTest, 0, 5, std::span(v).first(n));
            for (size_t i = n; i < v.size(); i++) {
                ASSERT_EQ(v[i], 123.0f);
            }
        }
    });
}

TEST(Stream, IsEqualOnAllTargets) {
    std::vector<float> expected(1 << 20);
    twin::fill_normal(kKey, Stream::kTest, 0, 0, expected);
    on_all_targets([&] { EXPECT_TRUE(same_bits(expected, normals(expected.size()))); });
}

TEST(Stream, DoesNotDependOnHowACallIsSplit) {
    const std::vector<float> whole = normals(5000, 77);
    for (const size_t piece : {1u, 3u, 16u, 500u, 512u, 513u}) {
        std::vector<float> split(whole.size());
        for (size_t i = 0; i < split.size(); i += piece) {
            const size_t n = std::min<size_t>(piece, split.size() - i);
            fill_normal(kKey, Stream::kTest, 0, 77 + i, std::span(split).subspan(i, n));
        }
        EXPECT_TRUE(same_bits(whole, split)) << piece;
    }
}

// Correlation of two samples.
double correlation(const std::vector<float>& a, const std::vector<float>& b) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < a.size(); i++) {
        ab += double{a[i]} * b[i];
        aa += double{a[i]} * a[i];
        bb += double{b[i]} * b[i];
    }
    return ab / std::sqrt(aa * bb);
}

// A two-sided normal deviate beyond 6 has probability 2e-9; the tests of this file ask for fewer
// than 500 of them, so a false alarm is rarer than 1e-6.
constexpr double kSigmas = 6;

TEST(Stream, KeysStreamsStepsAndBlocksAreIndependent) {
    const size_t n = 1 << 18;
    const std::vector<float> base = normals(n);
    const double limit = kSigmas / std::sqrt(static_cast<double>(n));
    EXPECT_LT(std::abs(correlation(base, normals(n, 0, 1))), limit);
    EXPECT_LT(std::abs(correlation(base, normals(n, 0, uint64_t{1} << 32))), limit);
    EXPECT_LT(std::abs(correlation(base, normals(n, 0, uint64_t{1} << 63))), limit);
    EXPECT_LT(std::abs(correlation(base, normals(n, 0, 0, {kKey.value + 1}))), limit);
    const TileKey top_bit{kKey.value ^ (uint64_t{1} << 63)};
    EXPECT_LT(std::abs(correlation(base, normals(n, 0, 0, top_bit))), limit);
    const std::vector<float> other = normals(n, 0, 0, kKey, Stream::kDriftCoefficient);
    EXPECT_LT(std::abs(correlation(base, other)), limit);
    // Lags: within a round of 16 lanes, cosine against sine, rounds, blocks.
    for (const uint64_t lag :
         {1u, 2u, 8u, 15u, 16u, 17u, 31u, 32u, 64u, 511u, 512u, 1024u, 8192u}) {
        EXPECT_LT(std::abs(correlation(base, normals(n, lag))), limit) << lag;
    }
}

TEST(Stream, SquaresOfNeighboursAreUncorrelated) {
    // Box-Muller pairs share a radius: only the squares would show a defect.
    const size_t n = 1 << 18;
    const auto squares = [&](uint64_t first) {
        std::vector<float> v = normals(n, first);
        for (float& x : v) {
            x = (x * x - 1) / std::sqrt(2.0f);
        }
        return v;
    };
    const std::vector<float> base = squares(0);
    // The product of two such squares has variance 1, so its mean has that of 1 / n.
    for (const uint64_t lag : {1u, 15u, 16u, 17u, 32u, 512u}) {
        EXPECT_LT(std::abs(correlation(base, squares(lag))),
                  kSigmas / std::sqrt(static_cast<double>(n)))
            << lag;
    }
}

TEST(Stream, LanesAreUncorrelated) {
    constexpr size_t kRounds = 1 << 14;
    const std::vector<float> v = normals(16 * kRounds);
    for (size_t a = 0; a < 16; a++) {
        for (size_t b = a + 1; b < 16; b++) {
            double sum = 0;
            for (size_t r = 0; r < kRounds; r++) {
                sum += double{v[16 * r + a]} * v[16 * r + b];
            }
            EXPECT_LT(std::abs(sum) / std::sqrt(double{kRounds}), kSigmas) << a << " " << b;
        }
    }
}

TEST(Normal, HasTheRightDistribution) {
    constexpr size_t kCount = size_t{1} << 22;
    std::vector<float> v = normals(kCount);
    const double n = kCount;
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
    for (const float x : v) {
        const double y = x;
        m1 += y;
        m2 += y * y;
        m3 += y * y * y;
        m4 += y * y * y * y;
    }
    // Variances of the powers of a standard normal: 1, 2, 15, 96.
    EXPECT_LT(std::abs(m1 / n), kSigmas * std::sqrt(1 / n));
    EXPECT_LT(std::abs(m2 / n - 1), kSigmas * std::sqrt(2 / n));
    EXPECT_LT(std::abs(m3 / n), kSigmas * std::sqrt(15 / n));
    EXPECT_LT(std::abs(m4 / n - 3), kSigmas * std::sqrt(96 / n));
    for (const double limit : {3.0, 4.0, 5.0}) {
        const double p = std::erfc(limit / std::numbers::sqrt2);
        const double expected = n * p;
        const auto seen = static_cast<double>(
            std::count_if(v.begin(), v.end(), [&](float x) { return std::abs(x) > limit; }));
        // Poisson: few counts (2.4 beyond 5) have a longer upper tail; 8 more cover it to 1e-7.
        EXPECT_LT(std::abs(seen - expected), kSigmas * std::sqrt(expected) + 8) << limit;
    }
    EXPECT_LE(std::abs(*std::max_element(v.begin(), v.end())), 6.67f);
    std::sort(v.begin(), v.end());
    double distance = 0;
    for (size_t i = 0; i < kCount; i++) {
        const double cdf = 0.5 * std::erfc(-double{v[i]} / std::numbers::sqrt2);
        distance = std::max(
            {distance, cdf - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - cdf});
    }
    // Kolmogorov: P(D > k / sqrt(n)) -> 2 exp(-2 k^2); k = 2.8 gives 3e-7.
    EXPECT_LT(distance, 2.8 / std::sqrt(n));
}

TEST(Normal, IsCloseToTheDoubleReference) {
    constexpr size_t kCount = size_t{1} << 16;
    const std::vector<float> v = normals(kCount, 100);
    std::vector<double> exact(kCount);
    reference_fill_normal(kKey, Stream::kTest, 0, 100, exact);
    double worst = 0;
    for (size_t i = 0; i < kCount; i++) {
        worst = std::max(worst, std::abs(v[i] - exact[i]));
    }
    // The word of the radius is rounded to 24 bits: where u is close to 1 and the radius r small,
    // the error 2^-25 of u moves r = sqrt(-2 ln u) by 2^-25 / r. With r >= 1e-3 in these samples,
    // that is 3e-5; elsewhere r (3.5 + 3.5 + 1.5) 2^-24 < 3.4e-6 holds.
    EXPECT_LT(worst, 3e-5);
}

TEST(Uniform, HasTheRightDistribution) {
    constexpr size_t kCount = size_t{1} << 22;
    constexpr size_t kBins = 1024;
    std::vector<float> v(kCount);
    fill_uniform(kKey, Stream::kTest, 0, 0, v);
    std::vector<double> bins(kBins);
    double mean = 0;
    for (const float x : v) {
        ASSERT_GE(x, 0.0f);
        ASSERT_LT(x, 1.0f);
        ASSERT_EQ(x * 0x1p24f, std::floor(x * 0x1p24f));
        bins[static_cast<size_t>(x * kBins)]++;
        mean += x;
    }
    double chi = 0;
    const double expected = double{kCount} / kBins;
    for (const double b : bins) {
        chi += (b - expected) * (b - expected) / expected;
    }
    // chi^2 with 1023 degrees: mean 1023, variance 2046.
    EXPECT_LT(std::abs(chi - (kBins - 1)), kSigmas * std::sqrt(2.0 * (kBins - 1)));
    EXPECT_LT(std::abs(mean / kCount - 0.5 + 0x1p-25), kSigmas / std::sqrt(12.0 * kCount));
}

TEST(Words, EveryBitIsFair) {
    constexpr size_t kCount = size_t{1} << 18;
    std::vector<uint32_t> words(kCount);
    fill_words(kKey, Stream::kTest, 0, 0, words);
    for (int bit = 0; bit < 32; bit++) {
        double ones = 0;
        double changes = 0;
        for (size_t i = 0; i < kCount; i++) {
            ones += (words[i] >> bit) & 1;
            changes += ((words[i] ^ words[(i + 16) % kCount]) >> bit) & 1;
        }
        EXPECT_LT(std::abs(ones - kCount / 2.0), kSigmas * std::sqrt(kCount / 4.0)) << bit;
        EXPECT_LT(std::abs(changes - kCount / 2.0), kSigmas * std::sqrt(kCount / 4.0)) << bit;
    }
}

TEST(Permutation, HoldsEveryNumberOnce) {
    for (const size_t n : {0u, 1u, 2u, 3u, 100u, 5000u}) {
        std::vector<uint32_t> p(n);
        fill_permutation(kKey, Stream::kShuffle, 1, p);
        std::sort(p.begin(), p.end());
        for (size_t i = 0; i < n; i++) {
            ASSERT_EQ(p[i], i);
        }
    }
}

TEST(Permutation, IsUniform) {
    // All 24 orders of four items.
    constexpr size_t kCount = 48000;
    std::vector<double> seen(256);
    for (uint64_t step = 0; step < kCount; step++) {
        uint32_t p[4];
        fill_permutation(kKey, Stream::kShuffle, step, p);
        seen[p[0] * 64 + p[1] * 16 + p[2] * 4 + p[3]]++;
    }
    double chi = 0;
    size_t orders = 0;
    for (const double s : seen) {
        if (s > 0) {
            orders++;
            chi += (s - kCount / 24.0) * (s - kCount / 24.0) / (kCount / 24.0);
        }
    }
    EXPECT_EQ(orders, 24u);
    // P(chi^2 with 23 degrees > 70) = 1e-6 / 1.1.
    EXPECT_LT(chi, 71);
}

TEST(TileKeys, DoNotCollide) {
    std::unordered_set<uint64_t> keys;
    size_t made = 0;
    for (int layer = 0; layer < 200; layer++) {
        for (const std::string& path : {"layers." + std::to_string(layer) + ".attention.q",
                                        "layer" + std::to_string(layer),
                                        std::to_string(layer)}) {
            for (uint32_t row = 0; row < 8; row++) {
                for (uint32_t col = 0; col < 8; col++) {
                    for (uint32_t chip = 0; chip < 3; chip++) {
                        keys.insert(make_tile_key(1, path, row, col, chip).value);
                        made++;
                    }
                }
            }
        }
    }
    // 115,200 keys of 64 bits: two equal ones by chance have probability 4e-10.
    EXPECT_EQ(keys.size(), made);
}

TEST(TileKeys, SeparateTheirParts) {
    EXPECT_NE(make_tile_key(1, "a1", 2, 0), make_tile_key(1, "a", 12, 0));
    EXPECT_NE(make_tile_key(1, "a", 1, 0), make_tile_key(1, "a", 0, 1));
    EXPECT_NE(make_tile_key(1, "a", 0, 1, 0), make_tile_key(1, "a", 0, 0, 1));
    EXPECT_NE(make_tile_key(1, "a"), make_tile_key(2, "a"));
    EXPECT_NE(make_tile_key(1, "a"), make_tile_key(uint64_t{1} << 32, "a"));
    EXPECT_EQ(make_tile_key(7, "a", 1, 2, 3), make_tile_key(7, "a", 1, 2, 3));
}

TEST(TileKeys, AreFrozen) {
    // Part of the reproducibility contract: results of earlier versions must come out again.
    std::vector<uint32_t> words(2);
    fill_words(make_tile_key(42, "fc1", 1, 2, 3), Stream::kTest, 5, 6, words);
    std::vector<uint32_t> again(2);
    twin::fill_words(make_tile_key(42, "fc1", 1, 2, 3), Stream::kTest, 5, 6, again);
    EXPECT_EQ(words, again);
    EXPECT_EQ(make_tile_key(42, "fc1", 1, 2, 3).value, 6148184177506520015u);
    EXPECT_EQ(words[0], 2601391075u);
}

}  // namespace
}  // namespace mho
