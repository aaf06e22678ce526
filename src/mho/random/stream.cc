// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/random/stream.h"

#include <algorithm>
#include <vector>

#include "mho/util/prefetch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/random/stream.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include "mho/random/block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {

// Calls part(block, head, done, count) for what [first, first + size) takes of every block that it
// touches: `count` numbers from number `head` of the block on, `done` behind the first.
template <class F>
HWY_INLINE void over_parts(uint64_t first, size_t size, F&& part) {
    for (size_t done = 0; done < size;) {
        const uint64_t element = first + done;
        const auto block = static_cast<uint32_t>(element / kRandomBlock);
        const size_t head = element % kRandomBlock;
        const size_t count = HWY_MIN(kRandomBlock - head, size - done);
        part(block, head, done, count);
        done += count;
    }
}

// Runs `block_fn(block, buffer)` for every block that [first, first + size) touches. Whole blocks
// go straight into `out`; the first and the last pass through a buffer where they stick out.
template <class T, class F>
void over_blocks(uint64_t first, T* out, size_t size, F&& block_fn) {
    HWY_ALIGN T buffer[kRandomBlock];
    over_parts(first, size, [&](uint32_t block, size_t head, size_t done, size_t count) HWY_ATTR {
        if (count == kRandomBlock) {
            block_fn(block, out + done);
        } else {
            block_fn(block, buffer);
            std::copy(buffer + head, buffer + head + count, out + done);
        }
    });
}

void FillNormal(
    uint64_t key, uint32_t stream, uint64_t step, uint64_t first, float* out, size_t size) {
    over_blocks(first, out, size, [&](uint32_t block, float* to) {
        normal_block(key, stream, step, block, to);
    });
}

void AddNormal(uint64_t key,
               uint32_t stream,
               uint64_t step,
               uint64_t first,
               const float* to,
               float factor,
               float* out,
               size_t size) {
    HWY_ALIGN float buffer[kRandomBlock];
    over_parts(first, size, [&](uint32_t block, size_t head, size_t done, size_t count) HWY_ATTR {
        const float* a = to + done;
        float* sum = out + done;
        if (count == kRandomBlock) {
            // The numbers that are added to come from the memory while others are drawn.
            prefetch_row(a, kRandomBlock);
            LaneGenerator generator(key, stream, step, block);
            normal_numbers<kRandomBlock>(
                generator, [a, sum, factor](size_t i, hn::Vec<RandomF32> v) HWY_ATTR {
                    const RandomF32 d;
                    const auto change = hn::Mul(v, hn::Set(d, factor));
                    hn::StoreU(hn::Add(hn::LoadU(d, a + i), change), d, sum + i);
                });
        } else {
            normal_block(key, stream, step, block, buffer);
            for (size_t i = 0; i < count; i++) {
                sum[i] = a[i] + factor * buffer[head + i];
            }
        }
    });
}

void FillUniform(
    uint64_t key, uint32_t stream, uint64_t step, uint64_t first, float* out, size_t size) {
    over_blocks(first, out, size, [&](uint32_t block, float* to) {
        uniform_block(key, stream, step, block, to);
    });
}

void FillWords(
    uint64_t key, uint32_t stream, uint64_t step, uint64_t first, uint32_t* out, size_t size) {
    over_blocks(first, out, size, [&](uint32_t block, uint32_t* to) {
        word_block(key, stream, step, block, to);
    });
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "mho/random/philox.h"

namespace mho {
HWY_EXPORT(FillNormal);
HWY_EXPORT(AddNormal);
HWY_EXPORT(FillUniform);
HWY_EXPORT(FillWords);

void fill_normal(TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<float> out) {
    HWY_DYNAMIC_DISPATCH(FillNormal)
    (key.value, static_cast<uint32_t>(stream), step, first, out.data(), out.size());
}

void add_normal(TileKey key,
                Stream stream,
                uint64_t step,
                uint64_t first,
                std::span<const float> to,
                float factor,
                std::span<float> out) {
    HWY_DYNAMIC_DISPATCH(AddNormal)
    (key.value,
     static_cast<uint32_t>(stream),
     step,
     first,
     to.data(),
     factor,
     out.data(),
     std::min(to.size(), out.size()));
}

void fill_uniform(TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<float> out) {
    HWY_DYNAMIC_DISPATCH(FillUniform)
    (key.value, static_cast<uint32_t>(stream), step, first, out.data(), out.size());
}

void fill_words(
    TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<uint32_t> out) {
    HWY_DYNAMIC_DISPATCH(FillWords)
    (key.value, static_cast<uint32_t>(stream), step, first, out.data(), out.size());
}

void fill_permutation(TileKey key, Stream stream, uint64_t step, std::span<uint32_t> out) {
    std::vector<uint32_t> words(2 * out.size());
    fill_words(key, stream, step, 0, words);
    for (size_t i = 0; i < out.size(); i++) {
        out[i] = static_cast<uint32_t>(i);
    }
    for (size_t i = out.size(); i > 1; i--) {
        // 64 random bits modulo i: the bias is below 2^-32 for any size that fits in memory.
        const uint64_t word = (uint64_t{words[2 * i - 2]} << 32) | words[2 * i - 1];
        std::swap(out[i - 1], out[word % i]);
    }
}

TileKey make_tile_key(uint64_t seed,
                      std::string_view layer_path,
                      uint32_t tile_row,
                      uint32_t tile_col,
                      uint32_t chip) {
    uint64_t hash = 0xcbf29ce484222325u;
    const auto mix = [&hash](uint8_t byte) { hash = (hash ^ byte) * 0x100000001b3u; };
    for (const char c : layer_path) {
        mix(static_cast<uint8_t>(c));
    }
    mix(0);  // ends the path, so that ("a1", 2) and ("a", 12) differ
    for (const uint32_t number : {tile_row, tile_col, chip}) {
        for (int byte = 0; byte < 4; byte++) {
            mix(static_cast<uint8_t>(number >> (8 * byte)));
        }
    }
    const auto words =
        philox4x32({static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32), 0, 0},
                   {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
    return {(uint64_t{words[1]} << 32) | words[0]};
}

}  // namespace mho
#endif  // HWY_ONCE
