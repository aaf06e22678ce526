// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/patches.h"

#include <algorithm>
#include <cstring>

namespace mho {
namespace {

std::array<size_t, 2> sizes(const std::array<int, 2>& pair) {
    return {static_cast<size_t>(pair[0]), static_cast<size_t>(pair[1])};
}

struct Window {
    size_t channels;
    size_t plane;  // distance of channels
    size_t kernel_rows;
    size_t row_step;  // distance of kernel rows
    size_t kernel_columns;
    size_t column_step;
};

// The general window: any size and dilation.
float* copy_window(const float* from, const Window& w, float* to) {
    for (size_t c = 0; c < w.channels; c++) {
        for (size_t k = 0; k < w.kernel_rows; k++) {
            const float* line = from + c * w.plane + k * w.row_step;
            for (size_t j = 0; j < w.kernel_columns; j++) {
                *to++ = line[j * w.column_step];
            }
        }
    }
    return to;
}

// Square kernels without column dilation, of a size that the compiler knows. Every kernel row but
// the last of the window is copied in whole moves of four floats. What is read too much belongs to
// the next kernel row or channel, which exists (a row of the image is no shorter than the kernel);
// what is written too much is written again by the next kernel row.
template <size_t kSize>
float* copy_square(const float* from, const Window& w, float* to) {
    constexpr size_t kWhole = kSize == 3 ? 4 : kSize;
    for (size_t c = 0; c + 1 < w.channels; c++) {
        const float* line = from + c * w.plane;
        for (size_t k = 0; k < kSize; k++) {
            std::memcpy(to, line, kWhole * sizeof(float));
            to += kSize;
            line += w.row_step;
        }
    }
    const float* line = from + (w.channels - 1) * w.plane;
    for (size_t k = 0; k + 1 < kSize; k++) {
        std::memcpy(to, line, kWhole * sizeof(float));
        to += kSize;
        line += w.row_step;
    }
    std::memcpy(to, line, kSize * sizeof(float));
    return to + kSize;
}

}  // namespace

PatchLayout::PatchLayout(const Conv2dOp& op, const Shape& input, const Shape& output)
    : channels_(static_cast<size_t>(op.in_channels / op.groups)),
      height_(static_cast<size_t>(input[1])),
      width_(static_cast<size_t>(input[2])),
      out_height_(static_cast<size_t>(output[1])),
      out_width_(static_cast<size_t>(output[2])),
      kernel_(sizes(op.kernel)),
      stride_(sizes(op.stride)),
      padding_(sizes(op.padding)),
      dilation_(sizes(op.dilation)) {}

PatchLayout::PatchLayout(const Conv3dOp& op, const Shape& input, const Shape& output)
    : channels_(static_cast<size_t>(op.in_channels / op.groups)),
      height_(static_cast<size_t>(input[2])),
      width_(static_cast<size_t>(input[3])),
      out_height_(static_cast<size_t>(output[2])),
      out_width_(static_cast<size_t>(output[3])),
      kernel_(sizes({op.kernel[1], op.kernel[2]})),
      stride_(sizes({op.stride[1], op.stride[2]})),
      padding_(sizes({op.padding[1], op.padding[2]})),
      dilation_(sizes({op.dilation[1], op.dilation[2]})),
      depth_{static_cast<size_t>(input[1]),
             static_cast<size_t>(op.kernel[0]),
             static_cast<size_t>(op.stride[0]),
             static_cast<size_t>(op.padding[0]),
             static_cast<size_t>(op.dilation[0])},
      out_depth_(static_cast<size_t>(output[1])),
      is_volume_(true) {}

void PatchLayout::unroll_volume(const float* volume, size_t first, size_t count, float* to) const {
    for (size_t p = first; p < first + count; p++) {
        const size_t x = p % out_width_ * stride_[1];
        const size_t y = p / out_width_ % out_height_ * stride_[0];
        const size_t z = p / out_width_ / out_height_ * depth_.stride;
        for (size_t c = 0; c < channels_; c++) {
            for (size_t kz = 0; kz < depth_.kernel; kz++) {
                // Positions of the padded volume; the border is where they leave [padding, padding
                // + size).
                const size_t pz = z + kz * depth_.dilation - depth_.padding;
                for (size_t ky = 0; ky < kernel_[0]; ky++) {
                    const size_t py = y + ky * dilation_[0] - padding_[0];
                    const bool inside = pz < depth_.size && py < height_;
                    const float* line =
                        inside ? volume + ((c * depth_.size + pz) * height_ + py) * width_
                               : nullptr;
                    for (size_t kx = 0; kx < kernel_[1]; kx++) {
                        const size_t px = x + kx * dilation_[1] - padding_[1];
                        *to++ = inside && px < width_ ? line[px] : 0.0f;
                    }
                }
            }
        }
    }
}

void PatchLayout::unroll(
    const float* image, size_t first, size_t count, std::vector<float>& padded, float* to) const {
    if (is_volume_) {
        unroll_volume(image, first, count, to);
        return;
    }
    size_t rows = height_;
    size_t columns = width_;
    const float* source = image;
    // A copy with a frame of zeros spares every window its bounds checks.
    if (padding_[0] > 0 || padding_[1] > 0) {
        rows += 2 * padding_[0];
        columns += 2 * padding_[1];
        padded.assign(channels_ * rows * columns, 0.0f);
        for (size_t c = 0; c < channels_; c++) {
            for (size_t y = 0; y < height_; y++) {
                std::copy_n(image + (c * height_ + y) * width_,
                            width_,
                            padded.data() + (c * rows + y + padding_[0]) * columns + padding_[1]);
            }
        }
        source = padded.data();
    }
    const Window window{
        channels_, rows * columns, kernel_[0], dilation_[0] * columns, kernel_[1], dilation_[1]};
    const bool square = kernel_[0] == kernel_[1] && (dilation_[1] == 1 || kernel_[1] == 1);
    const size_t size = square ? kernel_[0] : 0;
    size_t y = first / out_width_;
    size_t x = first % out_width_;
    for (size_t i = 0; i < count; i++) {
        const float* from = source + y * stride_[0] * columns + x * stride_[1];
        switch (size) {
            case 1:
                to = copy_square<1>(from, window, to);
                break;
            case 3:
                to = copy_square<3>(from, window, to);
                break;
            case 5:
                to = copy_square<5>(from, window, to);
                break;
            case 7:
                to = copy_square<7>(from, window, to);
                break;
            default:
                to = copy_window(from, window, to);
                break;
        }
        if (++x == out_width_) {
            x = 0;
            y++;
        }
    }
}

}  // namespace mho
