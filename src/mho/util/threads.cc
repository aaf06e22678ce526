// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/util/threads.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

namespace mho {
namespace {

// More threads than this help nobody, and a machine may refuse to start them.
constexpr size_t kMostWorkers = 256;

// What OpenMP read from OMP_NUM_THREADS, else all processors: before LibTorch sets a number of its
// own.
const int kThreadsAtStart = omp_get_max_threads();

}  // namespace

void parallel_for(size_t threads, size_t count, const std::function<void(size_t, size_t)>& body) {
    const size_t workers = std::min({std::max<size_t>(threads, 1), count, kMostWorkers});
    if (workers <= 1) {
        for (size_t i = 0; i < count; i++) {
            body(i, 0);
        }
        return;
    }
    std::atomic<size_t> next{0};
    std::atomic<bool> failed{false};
    std::exception_ptr first_error;
    std::mutex error_mutex;
    // OpenMP keeps its workers alive between calls; an exception must not leave a parallel region.
    // A dynamic OMP may grant fewer workers than asked for: the counter hands out all indices
    // anyway.
#pragma omp parallel num_threads(static_cast<int>(workers))
    {
        const auto worker = static_cast<size_t>(omp_get_thread_num());
        while (!failed.load(std::memory_order_relaxed)) {
            const size_t i = next.fetch_add(1, std::memory_order_relaxed);
            if (i >= count) {
                break;
            }
            try {
                body(i, worker);
            } catch (...) {
                const std::lock_guard lock(error_mutex);
                if (!first_error) {
                    first_error = std::current_exception();
                }
                failed.store(true, std::memory_order_relaxed);
            }
        }
    }
    if (first_error) {
        std::rethrow_exception(first_error);
    }
}

size_t available_threads() {
    return static_cast<size_t>(std::max(1, kThreadsAtStart));
}

}  // namespace mho
