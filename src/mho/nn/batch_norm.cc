// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/batch_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/topk.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numbers>

namespace mho {
namespace {

thread_local NormTraining present;

// The integral behind the factor takes longer than a small layer; batches come in few sizes.
double known_top_k_factor(size_t k, size_t count) {
    static std::mutex one;
    static std::map<std::pair<size_t, size_t>, double> known;
    const std::lock_guard<std::mutex> guard(one);
    const auto [entry, is_new] = known.try_emplace({k, count}, 0.0);
    if (is_new) {
        entry->second = top_k_factor(k, count);
    }
    return entry->second;
}

// Scale of every channel from the centred numbers [channels, count].
at::Tensor scale_of(const NormRule& rule, const at::Tensor& centred) {
    const auto count = static_cast<size_t>(centred.size(1));
    if (rule.scale == NormScale::kL1) {
        return centred.abs().mean(1) * std::sqrt(std::numbers::pi / 2);
    }
    if (rule.scale == NormScale::kRange) {
        return (at::amax(centred, 1) - at::amin(centred, 1)) / range_factor(count);
    }
    const int64_t k = std::min<int64_t>(rule.top, centred.size(1));
    const at::Tensor largest = std::get<0>(at::topk(centred.abs(), k, 1, true, false));
    return largest.mean(1) * known_top_k_factor(static_cast<size_t>(k), count);
}

}  // namespace

NormTrainingGuard::NormTrainingGuard(const NormTraining& training) : before_(present) {
    present = training;
}

NormTrainingGuard::~NormTrainingGuard() {
    present = before_;
}

const NormTraining& NormTrainingGuard::now() {
    return present;
}

at::Tensor batch_norm_training(const BatchNormOp& op,
                               const NormTraining& training,
                               const at::Tensor& input,
                               const at::Tensor& weight,
                               const at::Tensor& bias,
                               at::Tensor running_mean,
                               at::Tensor running_var) {
    const NormRule& rule = training.rule;
    const double momentum = training.momentum;
    if (rule.scale == NormScale::kL2) {
        return at::batch_norm(
            input, weight, bias, running_mean, running_var, true, momentum, op.epsilon, false);
    }
    const int64_t channels = input.size(1);
    const at::Tensor rows = input.transpose(0, 1).reshape({channels, -1});
    const at::Tensor mean = rows.mean(1);
    const at::Tensor centred = rows - mean.unsqueeze(1);
    const at::Tensor scale = scale_of(rule, centred) + op.epsilon;
    {
        const at::NoGradGuard no_grad;
        running_mean.mul_(1 - momentum).add_(mean, momentum);
        running_var.copy_((running_var.sqrt() * (1 - momentum)).add(scale, momentum).square());
    }
    std::vector<int64_t> shape(static_cast<size_t>(input.dim()), 1);
    shape[1] = channels;
    const at::Tensor factor = weight / scale;
    return input * factor.reshape(shape) + (bias - mean * factor).reshape(shape);
}

}  // namespace mho
