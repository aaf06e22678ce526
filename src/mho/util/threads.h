// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_THREADS_H
#define MHO_UTIL_THREADS_H

#include <cstddef>
#include <functional>

namespace mho {

/// Calls `body(index, worker)` for every index in [0, count), on up to `threads` threads (at most
/// 256); `worker` is below min(threads, count), so a caller can keep scratch memory per worker.
/// Indices are handed out one at a time. The first exception is rethrown here after all workers
/// have stopped. Results must not depend on which worker runs an index: no random number of mho
/// does.
void parallel_for(size_t threads,
                  size_t count,
                  const std::function<void(size_t index, size_t worker)>& body);

/// What OMP_NUM_THREADS says, else the number of processors that this process may use; at least 1.
size_t available_threads();

}  // namespace mho

#endif  // MHO_UTIL_THREADS_H
