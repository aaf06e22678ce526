// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/threads.h"

#include <ATen/Parallel.h>

#include <atomic>

namespace mho {
namespace {

std::atomic<size_t> layers_now{0};  // 0 = as LibTorch

}  // namespace

size_t layer_threads() {
    const size_t set = layers_now.load(std::memory_order_relaxed);
    return set > 0 ? set : static_cast<size_t>(at::get_num_threads());
}

TrainingThreads::TrainingThreads(size_t torch, size_t layers)
    : torch_before_(at::get_num_threads()), layers_before_(layers_now.exchange(layers)) {
    at::set_num_threads(static_cast<int>(torch));
}

TrainingThreads::~TrainingThreads() {
    layers_now = layers_before_;
    at::set_num_threads(torch_before_);
}

}  // namespace mho
