// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/patches.h"

#include <algorithm>
#include <cstring>

#include "mho/util/simd.h"
// After the line above.
#include "mho/kernels/registers-inl.h"

namespace mho {

namespace hn = hwy::HWY_NAMESPACE;  // registers of the baseline: lines are short

namespace {

// to[c][r] = from[r][c], four by four.
void transpose(
    const float* from, size_t from_stride, size_t rows, size_t cols, float* to, size_t to_stride) {
    const hn::Full128<float> d;
    size_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        size_t c = 0;
        for (; c + 4 <= cols; c += 4) {
            hn::Vec<decltype(d)> m[4];
            for (size_t i = 0; i < 4; i++) {
                m[i] = hn::LoadU(d, from + (r + i) * from_stride + c);
            }
            HWY_NAMESPACE::transpose(d, m);
            for (size_t i = 0; i < 4; i++) {
                hn::StoreU(m[i], d, to + (c + i) * to_stride + r);
            }
        }
        for (; c < cols; c++) {
            for (size_t i = r; i < r + 4; i++) {
                to[c * to_stride + i] = from[i * from_stride + c];
            }
        }
    }
    for (; r < rows; r++) {
        for (size_t c = 0; c < cols; c++) {
            to[c * to_stride + r] = from[r * from_stride + c];
        }
    }
}

}  // namespace

void pad_sample(const PatchGeometry& g,
                const SampleLayout& layout,
                const float* sample,
                float* padded) {
    const size_t pw = g.padded_width();
    const size_t plane = g.padded_height() * pw;
    float* corner = padded + g.padding[0] * pw + g.padding[1];
    for (size_t y = 0; y < g.height; y++) {
        if (layout.channels_last) {
            const float* row = sample + y * g.width * layout.total_channels + layout.first_channel;
            transpose(row, layout.total_channels, g.width, g.channels, corner + y * pw, plane);
        } else {
            for (size_t c = 0; c < g.channels; c++) {
                std::copy_n(sample + ((layout.first_channel + c) * g.height + y) * g.width,
                            g.width,
                            corner + c * plane + y * pw);
            }
        }
    }
}

void unpad_sample(const PatchGeometry& g,
                  const SampleLayout& layout,
                  const float* padded,
                  float* sample) {
    const size_t pw = g.padded_width();
    const size_t plane = g.padded_height() * pw;
    const float* corner = padded + g.padding[0] * pw + g.padding[1];
    for (size_t y = 0; y < g.height; y++) {
        if (layout.channels_last) {
            float* row = sample + y * g.width * layout.total_channels + layout.first_channel;
            transpose(corner + y * pw, plane, g.channels, g.width, row, layout.total_channels);
        } else {
            for (size_t c = 0; c < g.channels; c++) {
                std::copy_n(corner + c * plane + y * pw,
                            g.width,
                            sample + ((layout.first_channel + c) * g.height + y) * g.width);
            }
        }
    }
}

namespace {

// Calls f(offset of the patch's corner in a padded plane, row number).
template <class F>
void each_position(const PatchGeometry& g, size_t first, size_t count, F&& f) {
    const size_t out_width = g.out_width();
    size_t oy = first / out_width;
    size_t ox = first % out_width;
    for (size_t i = 0; i < count; i++) {
        f(oy * g.stride[0] * g.padded_width() + ox * g.stride[1], i);
        if (++ox == out_width) {
            ox = 0;
            oy++;
        }
    }
}

// A kernel of kWidth columns and kHeight rows (0: any number, known at run time only: unrolled
// loops take half the time). Kernel lines are copied as whole registers of kCopy floats: what is
// too much is overwritten by the next line, for lines are written in ascending order.
template <size_t kWidth, size_t kCopy, size_t kHeight>
void gather(const PatchGeometry& g, const float* padded, size_t first, size_t count, float* rows) {
    const size_t pw = g.padded_width();
    const size_t plane = g.padded_height() * pw;
    const size_t line = g.dilation[0] * pw;
    const size_t height = kHeight != 0 ? kHeight : g.kernel[0];
    each_position(g, first, count, [&](size_t corner, size_t i) {
        float* to = rows + i * g.inputs();
        const float* plane_corner = padded + corner;
        for (size_t c = 0; c < g.channels; c++) {
            const float* from = plane_corner;
            for (size_t ky = 0; ky < height; ky++) {
                std::memcpy(to, from, kCopy * sizeof(float));
                to += kWidth;
                from += line;
            }
            plane_corner += plane;
        }
    });
}

// Kernel lines are added as whole registers, zero beyond the line.
template <size_t kWidth, size_t kCopy, size_t kHeight>
void scatter(const PatchGeometry& g, const float* rows, size_t first, size_t count, float* padded) {
    const hn::FixedTag<float, kCopy> d;
    const auto mask = hn::FirstN(d, kWidth);
    const size_t pw = g.padded_width();
    const size_t plane = g.padded_height() * pw;
    const size_t line = g.dilation[0] * pw;
    const size_t height = kHeight != 0 ? kHeight : g.kernel[0];
    each_position(g, first, count, [&](size_t corner, size_t i) {
        const float* from = rows + i * g.inputs();
        float* plane_corner = padded + corner;
        for (size_t c = 0; c < g.channels; c++) {
            float* to = plane_corner;
            for (size_t ky = 0; ky < height; ky++) {
                const auto v = hn::IfThenElseZero(mask, hn::LoadU(d, from));
                hn::StoreU(hn::Add(hn::LoadU(d, to), v), d, to);
                from += kWidth;
                to += line;
            }
            plane_corner += plane;
        }
    });
}

}  // namespace

void gather_patches(
    const PatchGeometry& g, const float* padded, size_t first, size_t count, float* rows) {
    if (g.dilation[1] == 1 || g.kernel[1] == 1) {
        switch (g.kernel[1]) {
            case 1:
                return gather<1, 1, 0>(g, padded, first, count, rows);
            case 2:
                return gather<2, 2, 0>(g, padded, first, count, rows);
            case 3:
                return g.kernel[0] == 3 ? gather<3, 4, 3>(g, padded, first, count, rows)
                                        : gather<3, 4, 0>(g, padded, first, count, rows);
            case 4:
                return gather<4, 4, 0>(g, padded, first, count, rows);
            case 5:
                return g.kernel[0] == 5 ? gather<5, 8, 5>(g, padded, first, count, rows)
                                        : gather<5, 8, 0>(g, padded, first, count, rows);
            case 7:
                return gather<7, 8, 0>(g, padded, first, count, rows);
            default:
                break;
        }
    }
    const size_t pw = g.padded_width();
    const size_t plane = g.padded_height() * pw;
    each_position(g, first, count, [&](size_t corner, size_t i) {
        float* to = rows + i * g.inputs();
        for (size_t c = 0; c < g.channels; c++) {
            for (size_t ky = 0; ky < g.kernel[0]; ky++) {
                const float* from = padded + corner + c * plane + ky * g.dilation[0] * pw;
                for (size_t kx = 0; kx < g.kernel[1]; kx++) {
                    *to++ = from[kx * g.dilation[1]];
                }
            }
        }
    });
}

void scatter_patches(
    const PatchGeometry& g, const float* rows, size_t first, size_t count, float* padded) {
    if (g.dilation[1] == 1 || g.kernel[1] == 1) {
        switch (g.kernel[1]) {
            case 1:
                return scatter<1, 1, 0>(g, rows, first, count, padded);
            case 2:
                return scatter<2, 2, 0>(g, rows, first, count, padded);
            case 3:
                return g.kernel[0] == 3 ? scatter<3, 4, 3>(g, rows, first, count, padded)
                                        : scatter<3, 4, 0>(g, rows, first, count, padded);
            case 4:
                return scatter<4, 4, 0>(g, rows, first, count, padded);
            case 5:
                return g.kernel[0] == 5 ? scatter<5, 8, 5>(g, rows, first, count, padded)
                                        : scatter<5, 8, 0>(g, rows, first, count, padded);
            case 7:
                return scatter<7, 8, 0>(g, rows, first, count, padded);
            default:
                break;
        }
    }
    const size_t pw = g.padded_width();
    const size_t plane = g.padded_height() * pw;
    each_position(g, first, count, [&](size_t corner, size_t i) {
        const float* from = rows + i * g.inputs();
        for (size_t c = 0; c < g.channels; c++) {
            for (size_t ky = 0; ky < g.kernel[0]; ky++) {
                float* to = padded + corner + c * plane + ky * g.dilation[0] * pw;
                for (size_t kx = 0; kx < g.kernel[1]; kx++) {
                    to[kx * g.dilation[1]] += *from++;
                }
            }
        }
    });
}

}  // namespace mho
