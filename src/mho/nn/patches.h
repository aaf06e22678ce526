// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_PATCHES_H
#define MHO_NN_PATCHES_H

#include <array>
#include <cstddef>

namespace mho {

/// Geometry of a convolution of one group of channels, for one sample.
struct PatchGeometry {
    size_t channels = 1;  // of the group
    size_t height = 1;
    size_t width = 1;
    std::array<size_t, 2> kernel = {1, 1};  // height, width
    std::array<size_t, 2> stride = {1, 1};
    std::array<size_t, 2> padding = {0, 0};
    std::array<size_t, 2> dilation = {1, 1};

    size_t out_height() const { return extent(0, height); }
    size_t out_width() const { return extent(1, width); }
    size_t positions() const { return out_height() * out_width(); }
    size_t inputs() const { return channels * kernel[0] * kernel[1]; }
    size_t padded_height() const { return height + 2 * padding[0]; }
    size_t padded_width() const { return width + 2 * padding[1]; }
    /// Floats of a padded sample, with room for reading whole registers at its end.
    size_t padded_size() const { return channels * padded_height() * padded_width() + kSlack; }

    static constexpr size_t kSlack = 8;

  private:
    size_t extent(size_t axis, size_t size) const {
        return (size + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis] +
               1;
    }
};

/// Where the group's channels sit in a sample of the batch.
struct SampleLayout {
    bool channels_last = false;  // [height, width, channels] instead of [channels, height, width]
    size_t total_channels = 1;
    size_t first_channel = 0;
};

/// Copies one sample into `padded` [channels, padded height, padded width]; the border must be zero
/// already.
void pad_sample(const PatchGeometry& g,
                const SampleLayout& layout,
                const float* sample,
                float* padded);

/// The reverse: drops the border.
void unpad_sample(const PatchGeometry& g,
                  const SampleLayout& layout,
                  const float* padded,
                  float* sample);

/// Rows [count, inputs] of the patches at output positions [first, first + count) (row by row of
/// the output), each in the order channel, row, column. `rows` must have kSlack floats beyond its
/// end.
void gather_patches(
    const PatchGeometry& g, const float* padded, size_t first, size_t count, float* rows);

/// Adds rows back to where they came from: the transpose of gather_patches. `rows` must have kSlack
/// floats beyond its end.
void scatter_patches(
    const PatchGeometry& g, const float* rows, size_t first, size_t count, float* padded);

}  // namespace mho

#endif  // MHO_NN_PATCHES_H
