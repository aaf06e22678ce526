// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_PATCHES_H
#define MHO_NET_PATCHES_H

#include <cstddef>
#include <vector>

#include "mho/net/graph.h"

namespace mho {

/// Where the windows of a convolution lie. Row p of the unrolled matrix is what the kernel sees at
/// position p = (z * out_height + y) * out_width + x, in the order channel, plane, row, column;
/// zeros outside the image or volume.
class PatchLayout {
  public:
    PatchLayout(const Conv2dOp& op, const Shape& input, const Shape& output);
    PatchLayout(const Conv3dOp& op, const Shape& input, const Shape& output);

    size_t positions() const { return out_depth_ * out_height_ * out_width_; }
    /// Length of a row: channels of one group times kernel size.
    size_t columns() const { return channels_ * depth_.kernel * kernel_[0] * kernel_[1]; }
    size_t group_channels() const { return channels_; }
    /// Numbers of one channel.
    size_t plane() const { return depth_.size * height_ * width_; }

    /// Copies rows [first, first + count) of one image to `to`; `image` is at the first channel of
    /// the group, `[channels, height, width]`. `padded` is scratch memory.
    void unroll(const float* image,
                size_t first,
                size_t count,
                std::vector<float>& padded,
                float* to) const;

  private:
    void unroll_volume(const float* volume, size_t first, size_t count, float* to) const;

    struct Axis {
        size_t size = 1;
        size_t kernel = 1;
        size_t stride = 1;
        size_t padding = 0;
        size_t dilation = 1;
    };
    using Pair = std::array<size_t, 2>;
    size_t channels_;
    size_t height_;
    size_t width_;
    size_t out_height_;
    size_t out_width_;
    Pair kernel_;
    Pair stride_;
    Pair padding_;
    Pair dilation_;
    Axis depth_;  // of volumes
    size_t out_depth_ = 1;
    bool is_volume_ = false;
};

}  // namespace mho

#endif  // MHO_NET_PATCHES_H
