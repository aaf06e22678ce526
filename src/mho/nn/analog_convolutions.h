// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_ANALOG_CONVOLUTIONS_H
#define MHO_NN_ANALOG_CONVOLUTIONS_H

#include <string>

#include "mho/nn/analog_layers.h"

namespace mho {

/// Convolution of signals [samples, channels, length].
struct Conv1dSizes {
    int in_channels = 1;
    int out_channels = 1;
    int kernel = 3;
    int stride = 1;
    int padding = 0;
    int dilation = 1;
    int groups = 1;
    bool bias = true;
};

/// As the convolution of images of height 1, which is what `net` calls conv1d.
class AnalogConv1dImpl : public AnalogConv2dImpl {
  public:
    AnalogConv1dImpl(const Conv1dSizes& sizes,
                     const Hardware& hardware,
                     std::string path = "conv",
                     uint64_t seed = 0);
    torch::Tensor forward(const torch::Tensor& input) override;
};
TORCH_MODULE(AnalogConv1d);

/// Convolution of volumes [samples, channels, depth, height, width]; one tile grid per group.
class AnalogConv3dImpl : public AnalogLayerImpl {
  public:
    AnalogConv3dImpl(const Conv3dOp& op,
                     const Hardware& hardware,
                     std::string path = "conv",
                     uint64_t seed = 0);
    torch::Tensor forward(const torch::Tensor& input) override;
    const Conv3dOp& op() const { return op_; }

  private:
    Conv3dOp op_;
};
TORCH_MODULE(AnalogConv3d);

}  // namespace mho

#endif  // MHO_NN_ANALOG_CONVOLUTIONS_H
