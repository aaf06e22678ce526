// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/patches.h"

#include <algorithm>
#include <cstring>

namespace mho {

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
            for (size_t c = 0; c < g.channels; c++) {
                float* to = corner + c * plane + y * pw;
                for (size_t x = 0; x < g.width; x++) {
                    to[x] = row[x * layout.total_channels + c];
                }
            }
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
            for (size_t c = 0; c < g.channels; c++) {
                const float* from = corner + c * plane + y * pw;
                for (size_t x = 0; x < g.width; x++) {
                    row[x * layout.total_channels + c] = from[x];
                }
            }
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

// Kernel lines are copied as whole registers of kCopy floats: what is too much is overwritten by
// the next line, for lines are written in ascending order.
template <size_t kWidth, size_t kCopy>
void gather(const PatchGeometry& g, const float* padded, size_t first, size_t count, float* rows) {
    const size_t pw = g.padded_width();
    const size_t plane = g.padded_height() * pw;
    const size_t line = g.dilation[0] * pw;
    each_position(g, first, count, [&](size_t corner, size_t i) {
        float* to = rows + i * g.inputs();
        for (size_t c = 0; c < g.channels; c++) {
            const float* from = padded + corner + c * plane;
            for (size_t ky = 0; ky < g.kernel[0]; ky++) {
                std::memcpy(to, from, kCopy * sizeof(float));
                to += kWidth;
                from += line;
            }
        }
    });
}

template <size_t kWidth>
void scatter(const PatchGeometry& g, const float* rows, size_t first, size_t count, float* padded) {
    const size_t pw = g.padded_width();
    const size_t plane = g.padded_height() * pw;
    const size_t line = g.dilation[0] * pw;
    each_position(g, first, count, [&](size_t corner, size_t i) {
        const float* from = rows + i * g.inputs();
        for (size_t c = 0; c < g.channels; c++) {
            float* to = padded + corner + c * plane;
            for (size_t ky = 0; ky < g.kernel[0]; ky++) {
                for (size_t k = 0; k < kWidth; k++) {
                    to[k] += from[k];
                }
                from += kWidth;
                to += line;
            }
        }
    });
}

}  // namespace

void gather_patches(
    const PatchGeometry& g, const float* padded, size_t first, size_t count, float* rows) {
    if (g.dilation[1] == 1 || g.kernel[1] == 1) {
        switch (g.kernel[1]) {
            case 1:
                return gather<1, 1>(g, padded, first, count, rows);
            case 2:
                return gather<2, 2>(g, padded, first, count, rows);
            case 3:
                return gather<3, 4>(g, padded, first, count, rows);
            case 4:
                return gather<4, 4>(g, padded, first, count, rows);
            case 5:
                return gather<5, 8>(g, padded, first, count, rows);
            case 7:
                return gather<7, 8>(g, padded, first, count, rows);
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
                return scatter<1>(g, rows, first, count, padded);
            case 2:
                return scatter<2>(g, rows, first, count, padded);
            case 3:
                return scatter<3>(g, rows, first, count, padded);
            case 4:
                return scatter<4>(g, rows, first, count, padded);
            case 5:
                return scatter<5>(g, rows, first, count, padded);
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
