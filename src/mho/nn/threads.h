// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_THREADS_H
#define MHO_NN_THREADS_H

#include <cstddef>

namespace mho {

/// Threads that analog layers work on: as many as LibTorch's unless a TrainingThreads says more.
/// Their results have the same bits for any number.
size_t layer_threads();

/// For its lifetime, LibTorch works on one number of threads and the analog layers on another.
/// LibTorch sums gradients thread by thread, so that its number is part of the result (in the last
/// bits), and that of the analog layers is not. At most one at a time.
class TrainingThreads {
  public:
    explicit TrainingThreads(size_t torch, size_t layers);
    ~TrainingThreads();
    TrainingThreads(const TrainingThreads&) = delete;
    TrainingThreads& operator=(const TrainingThreads&) = delete;

  private:
    int torch_before_;
    size_t layers_before_;
};

}  // namespace mho

#endif  // MHO_NN_THREADS_H
