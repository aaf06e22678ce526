// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/fake_quantize.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <algorithm>
#include <cmath>

#include "mho/nn/sizes.h"
#include "mho/util/error.h"

namespace mho {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Grids : torch::CustomClassHolder {
    std::vector<QuantGrid> list;
};

// Part `i` of a tensor that is cut into `parts` along its first axis.
std::span<float> part_of(const torch::Tensor& t, size_t parts, size_t i) {
    const size_t size = size_of(t.numel()) / parts;
    return {t.data_ptr<float>() + i * size, size};
}

class QuantizeFunction : public torch::autograd::Function<QuantizeFunction> {
  public:
    static torch::Tensor forward(AutogradContext* ctx,
                                 const torch::Tensor& input,
                                 const torch::Tensor&,  // log_step
                                 const torch::Tensor&,  // zero_point
                                 const c10::intrusive_ptr<Grids>& grids) {
        const torch::Tensor x = input.contiguous();
        torch::Tensor y = at::empty_like(x);
        for (size_t i = 0; i < grids->list.size(); i++) {
            fake_quantize(grids->list[i],
                          part_of(x, grids->list.size(), i),
                          part_of(y, grids->list.size(), i));
        }
        ctx->save_for_backward({x});
        ctx->saved_data["grids"] = c10::IValue::make_capsule(grids);
        return y;
    }

    static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
        const torch::Tensor x = ctx->get_saved_variables()[0];
        const auto capsule = ctx->saved_data["grids"].toCapsule();
        const std::vector<QuantGrid>& grids = static_cast<Grids&>(*capsule).list;
        const torch::Tensor g = gradients[0].contiguous();
        torch::Tensor input = at::empty_like(x);
        torch::Tensor log_step = at::empty({static_cast<int64_t>(grids.size())});
        torch::Tensor zero = at::empty({static_cast<int64_t>(grids.size())});
        for (size_t i = 0; i < grids.size(); i++) {
            const QuantGrid& grid = grids[i];
            const std::span<float> values = part_of(x, grids.size(), i);
            straight_through(
                grid, values, part_of(g, grids.size(), i), part_of(input, grids.size(), i));
            const GridGradient own = grid_gradient(grid, values, part_of(g, grids.size(), i));
            const double factor =
                1.0 / std::sqrt(std::max(1.0, static_cast<double>(values.size()) * grid.q_max));
            // d step / d log step = step.
            log_step.data_ptr<float>()[i] =
                static_cast<float>(own.step * double{grid.step} * factor);
            zero.data_ptr<float>()[i] = static_cast<float>(own.zero_point * factor);
        }
        return {input, log_step, zero, torch::Tensor()};
    }
};

}  // namespace

FakeQuantizeImpl::FakeQuantizeImpl(const QuantizerConfig& config, QuantState state)
    : config_(config), state_(QuantState::kEstimateTrain) {
    const RangeEstimator check(config);
    log_step = register_parameter("log_step", at::zeros({1}), false);
    zero_point = register_parameter("zero_point", at::zeros({1}), false);
    set_state(state);
}

void FakeQuantizeImpl::set_state(QuantState state) {
    const bool needs_grid = state == QuantState::kFixed || state == QuantState::kLearn;
    if (needs_grid && grids_.empty()) {
        throw InputError("a quantiser must see a batch before its grid can be fixed or learned");
    }
    grids_ = grids();
    const bool learn = state == QuantState::kLearn;
    if (learn) {
        const torch::NoGradGuard no_grad;
        const auto count = static_cast<int64_t>(grids_.size());
        log_step.set_data(at::zeros({count}));
        zero_point.set_data(at::zeros({count}));
        for (size_t i = 0; i < grids_.size(); i++) {
            log_step.data_ptr<float>()[i] = std::log(grids_[i].step);
            zero_point.data_ptr<float>()[i] = static_cast<float>(grids_[i].zero_point);
        }
    }
    log_step.set_requires_grad(learn);
    zero_point.set_requires_grad(learn && !config_.symmetric);
    state_ = state;
}

std::vector<QuantGrid> FakeQuantizeImpl::grids() const {
    std::vector<QuantGrid> list = grids_;
    if (state_ == QuantState::kLearn) {
        for (size_t i = 0; i < list.size(); i++) {
            list[i].step = std::max(std::exp(log_step.data_ptr<float>()[i]), 1e-8f);
            const float zero = std::nearbyint(zero_point.data_ptr<float>()[i]);
            list[i].zero_point = static_cast<int>(std::clamp(
                zero, static_cast<float>(list[i].q_min), static_cast<float>(list[i].q_max)));
        }
    }
    return list;
}

void FakeQuantizeImpl::estimate(const torch::Tensor& x) {
    const size_t parts = config_.per_channel ? size_of(x.size(0)) : 1;
    if (estimators_.size() != parts) {
        estimators_.assign(parts, RangeEstimator(config_));
    }
    grids_.clear();
    for (size_t i = 0; i < parts; i++) {
        estimators_[i].add(part_of(x, parts, i), x.dim() > 1 ? size_of(x.size(-1)) : 0);
        grids_.push_back(estimators_[i].grid());
    }
}

torch::Tensor FakeQuantizeImpl::forward(const torch::Tensor& x) {
    if (x.scalar_type() != at::kFloat || x.numel() == 0 || x.dim() < 1) {
        throw InputError("a quantiser takes float32 tensors with at least one number");
    }
    const bool estimates =
        state_ == QuantState::kEstimate || (state_ == QuantState::kEstimateTrain && is_training());
    if (estimates || grids_.empty()) {
        estimate(x.detach().contiguous());
    }
    auto grids_now = c10::make_intrusive<Grids>();
    grids_now->list = grids();
    if (x.size(0) % static_cast<int64_t>(grids_now->list.size()) != 0) {
        throw InputError("a quantiser with a grid for each of " +
                         std::to_string(grids_now->list.size()) + " channels got " +
                         std::to_string(x.size(0)));
    }
    return QuantizeFunction::apply(x, log_step, zero_point, grids_now);
}

QuantLinearImpl::QuantLinearImpl(const LinearOp& op,
                                 const QuantizerConfig& weights,
                                 const QuantizerConfig& activations) {
    weight = register_parameter("weight", at::zeros({op.outputs, op.inputs}));
    if (op.bias) {
        bias = register_parameter("bias", at::zeros({op.outputs}));
    }
    weight_quantizer = register_module("weight_quantizer", FakeQuantize(weights));
    input_quantizer = register_module("input_quantizer", FakeQuantize(activations));
}

torch::Tensor QuantLinearImpl::forward(const torch::Tensor& x) {
    return at::linear(input_quantizer->forward(x), weight_quantizer->forward(weight), bias);
}

void QuantLinearImpl::set_state(QuantState state) {
    weight_quantizer->set_state(state);
    input_quantizer->set_state(state);
}

QuantConv2dImpl::QuantConv2dImpl(const Conv2dOp& op,
                                 const QuantizerConfig& weights,
                                 const QuantizerConfig& activations)
    : op_(op) {
    weight = register_parameter(
        "weight",
        at::zeros({op.out_channels, op.in_channels / op.groups, op.kernel[0], op.kernel[1]}));
    if (op.bias) {
        bias = register_parameter("bias", at::zeros({op.out_channels}));
    }
    weight_quantizer = register_module("weight_quantizer", FakeQuantize(weights));
    input_quantizer = register_module("input_quantizer", FakeQuantize(activations));
}

torch::Tensor QuantConv2dImpl::forward(const torch::Tensor& x) {
    const auto list = [](const std::array<int, 2>& a) {
        return std::vector<int64_t>(a.begin(), a.end());
    };
    return at::conv2d(input_quantizer->forward(x),
                      weight_quantizer->forward(weight),
                      bias,
                      list(op_.stride),
                      list(op_.padding),
                      list(op_.dilation),
                      op_.groups);
}

void QuantConv2dImpl::set_state(QuantState state) {
    weight_quantizer->set_state(state);
    input_quantizer->set_state(state);
}

}  // namespace mho
