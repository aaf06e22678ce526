// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/analog_convolutions.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>

#include "mho/nn/analog_engine.h"
#include "mho/util/error.h"

namespace mho {

namespace {

Conv2dOp as_images(const Conv1dSizes& s) {
    Conv2dOp op;
    op.in_channels = s.in_channels;
    op.out_channels = s.out_channels;
    op.kernel = {1, s.kernel};
    op.stride = {1, s.stride};
    op.padding = {0, s.padding};
    op.dilation = {1, s.dilation};
    op.groups = s.groups;
    op.bias = s.bias;
    return op;
}

size_t checked_groups(const Conv3dOp& op, const std::string& path) {
    const auto fail = [&](const std::string& what) {
        throw InputError("layer " + path + ": " + what);
    };
    if (op.groups < 1 || op.in_channels < 1 || op.out_channels < 1 ||
        op.in_channels % op.groups != 0 || op.out_channels % op.groups != 0) {
        fail("channels must be positive multiples of groups");
    }
    for (size_t axis = 0; axis < 3; axis++) {
        if (op.kernel[axis] < 1 || op.stride[axis] < 1 || op.dilation[axis] < 1 ||
            op.padding[axis] < 0) {
            fail("kernel, stride and dilation must be at least 1, padding at least 0");
        }
    }
    return static_cast<size_t>(op.groups);
}

size_t unrolled(const Conv3dOp& op) {
    size_t inputs = static_cast<size_t>(op.in_channels / op.groups);
    for (const int k : op.kernel) {
        inputs *= static_cast<size_t>(k);
    }
    return inputs;
}

}  // namespace

AnalogConv1dImpl::AnalogConv1dImpl(const Conv1dSizes& sizes,
                                   const Hardware& hardware,
                                   std::string path,
                                   uint64_t seed)
    : AnalogConv2dImpl(as_images(sizes), hardware, std::move(path), seed) {}

torch::Tensor AnalogConv1dImpl::forward(const torch::Tensor& input) {
    if (input.dim() != 3) {
        throw InputError("layer " + path() + ": inputs must be float32 signals [samples, " +
                         std::to_string(op().in_channels) + ", length]");
    }
    return AnalogConv2dImpl::forward(input.unsqueeze(2)).squeeze(2);
}

AnalogConv3dImpl::AnalogConv3dImpl(const Conv3dOp& op,
                                   const Hardware& hardware,
                                   std::string path,
                                   uint64_t seed)
    : AnalogLayerImpl(hardware,
                      checked_groups(op, path),
                      static_cast<size_t>(op.out_channels / op.groups),
                      unrolled(op),
                      op.bias,
                      path,
                      seed),
      op_(op) {}

torch::Tensor AnalogConv3dImpl::forward(const torch::Tensor& input) {
    if (input.dim() != 5 || input.size(1) != op_.in_channels || input.scalar_type() != at::kFloat) {
        throw InputError("layer " + path() + ": inputs must be float32 volumes [samples, " +
                         std::to_string(op_.in_channels) + ", depth, height, width]");
    }
    std::array<int64_t, 3> out{};
    for (size_t axis = 0; axis < 3; axis++) {
        const int64_t reach = int64_t{op_.dilation[axis]} * (op_.kernel[axis] - 1) + 1;
        const int64_t size =
            input.size(static_cast<int64_t>(axis) + 2) + 2 * int64_t{op_.padding[axis]};
        if (reach > size) {
            throw InputError("layer " + path() + ": the kernel reaches over " +
                             std::to_string(reach) + " positions, the padded volume has " +
                             std::to_string(size));
        }
        out[axis] = (size - reach) / op_.stride[axis] + 1;
    }
    const auto& p = op_.padding;
    const torch::Tensor padded =
        at::constant_pad_nd(input, {p[2], p[2], p[1], p[1], p[0], p[0]}, 0);
    // The numbers under each kernel entry are a strided box; together they are the unrolled rows,
    // which the engine takes as images of one number per channel. Torch knows the gradients of
    // both.
    std::vector<torch::Tensor> boxes;
    for (int64_t z = 0; z < op_.kernel[0]; z++) {
        for (int64_t y = 0; y < op_.kernel[1]; y++) {
            for (int64_t x = 0; x < op_.kernel[2]; x++) {
                const std::array<int64_t, 3> at = {z, y, x};
                torch::Tensor box = padded;
                for (size_t axis = 0; axis < 3; axis++) {
                    const int64_t first = at[axis] * op_.dilation[axis];
                    box = box.slice(static_cast<int64_t>(axis) + 2,
                                    first,
                                    first + (out[axis] - 1) * op_.stride[axis] + 1,
                                    op_.stride[axis]);
                }
                boxes.push_back(box);
            }
        }
    }
    const int64_t positions = out[0] * out[1] * out[2];
    LayerGeometry g;
    g.is_convolution = true;
    g.groups = static_cast<size_t>(op_.groups);
    g.outputs = static_cast<size_t>(op_.out_channels / op_.groups);
    torch::Tensor unrolled_rows =
        at::stack(boxes, 2).reshape({input.size(0), op_.groups, -1, positions});
    if (has_analog_bias()) {
        unrolled_rows =
            at::cat({unrolled_rows, at::ones({input.size(0), op_.groups, 1, positions})}, 2);
    }
    g.patch.channels = static_cast<size_t>(unrolled_rows.size(2));
    g.patch.height = static_cast<size_t>(positions);
    g.inputs = g.patch.channels;
    const torch::Tensor rows = unrolled_rows.reshape(
        {input.size(0), static_cast<int64_t>(g.groups * g.inputs), positions, 1});
    return run(rows.contiguous(), g)
        .view({input.size(0), out[0], out[1], out[2], op_.out_channels})
        .permute({0, 4, 1, 2, 3});
}

}  // namespace mho
