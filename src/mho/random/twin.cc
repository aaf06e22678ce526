// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The random streams one number at a time, as a reader would write them from random/stream.h.

#include <array>
#include <cmath>
#include <numbers>

#include "mho/random/philox.h"
#include "mho/random/stream.h"
#include "mho/util/scalar_math.h"

namespace mho {
namespace {

constexpr size_t kLanes = 16;

class Lane {
  public:
    Lane(TileKey key, Stream stream, uint64_t step, uint64_t block, size_t lane)
        : s_(philox4x32(
              {static_cast<uint32_t>(block * kLanes + lane),
               static_cast<uint32_t>(stream),
               static_cast<uint32_t>(step),
               static_cast<uint32_t>(step >> 32)},
              {static_cast<uint32_t>(key.value), static_cast<uint32_t>(key.value >> 32)})) {}

    uint32_t next() {
        const uint32_t result = rotate(s_[0] + s_[3], 7) + s_[0];
        const uint32_t t = s_[1] << 9;
        s_[2] ^= s_[0];
        s_[3] ^= s_[1];
        s_[1] ^= s_[2];
        s_[0] ^= s_[3];
        s_[2] ^= t;
        s_[3] = rotate(s_[3], 11);
        return result;
    }

  private:
    static uint32_t rotate(uint32_t x, int k) { return (x << k) | (x >> (32 - k)); }
    std::array<uint32_t, 4> s_;
};

using Block = std::array<uint32_t, kRandomBlock>;

Block words_of(TileKey key, Stream stream, uint64_t step, uint64_t block) {
    Block words{};
    for (size_t lane = 0; lane < kLanes; lane++) {
        Lane generator(key, stream, step, block, lane);
        for (size_t round = 0; round < kRandomBlock / kLanes; round++) {
            words[round * kLanes + lane] = generator.next();
        }
    }
    return words;
}

// Calls `number(words, index in block)` for each element.
template <class T, class F>
void each(TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<T> out, F&& number) {
    uint64_t current = ~uint64_t{0};
    Block words{};
    for (size_t i = 0; i < out.size(); i++) {
        const uint64_t block = (first + i) / kRandomBlock;
        if (block != current) {
            words = words_of(key, stream, step, block);
            current = block;
        }
        out[i] = number(words, (first + i) % kRandomBlock);
    }
}

// Rounds 2k and 2k + 1 hold the radius and the angle words; the 32 numbers of the pair of rounds
// are 16 cosines, then 16 sines.
struct Pair {
    uint32_t radius_word;
    uint32_t angle_word;
    bool is_sine;
};

Pair pair_of(const Block& words, size_t index) {
    const size_t start = index / (2 * kLanes) * (2 * kLanes);
    const size_t lane = index % kLanes;
    return {words[start + lane], words[start + kLanes + lane], index - start >= kLanes};
}

}  // namespace

namespace twin {

void fill_words(
    TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<uint32_t> out) {
    each(key, stream, step, first, out, [](const Block& w, size_t i) { return w[i]; });
}

void fill_uniform(TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<float> out) {
    each(key, stream, step, first, out, [](const Block& w, size_t i) {
        return static_cast<float>(w[i] >> 8) * 0x1p-24f;
    });
}

void fill_normal(TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<float> out) {
    each(key, stream, step, first, out, [](const Block& w, size_t i) {
        const Pair pair = pair_of(w, i);
        const float whole = static_cast<float>(static_cast<int32_t>(pair.radius_word >> 1));
        const float u = (whole + 0.5f) * 0x1p-31f;
        // Subtracted, so that u = 1 gives plus zero, as the sum of a scaled series does.
        const float radius = std::sqrt(0.0f - 2.0f * scalar_math::log(u));
        float sine = 0;
        float cosine = 0;
        scalar_math::sincos_turn(static_cast<int32_t>(pair.angle_word), sine, cosine);
        return radius * (pair.is_sine ? sine : cosine);
    });
}

}  // namespace twin

void reference_fill_normal(
    TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<double> out) {
    each(key, stream, step, first, out, [](const Block& w, size_t i) {
        const Pair pair = pair_of(w, i);
        const double u = (static_cast<double>(pair.radius_word >> 1) + 0.5) * 0x1p-31;
        const double radius = std::sqrt(-2.0 * std::log(u));
        const double angle =
            2.0 * std::numbers::pi * (static_cast<double>(pair.angle_word) * 0x1p-32);
        return radius * (pair.is_sine ? std::sin(angle) : std::cos(angle));
    });
}

}  // namespace mho
