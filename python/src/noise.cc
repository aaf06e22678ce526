// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// Normal numbers for tensors of torch, by address (see layer.cc).
#include <array>

#include "bindings.h"
#include "mho/kernels/passes.h"
#include "mho/kernels/rows.h"
#include "mho/random/stream.h"
#include "mho/util/keep_memory.h"

namespace mho::python {

void bind_noise(nb::module_& m) {
    m.def(
        "add_normals",
        [](uintptr_t x, uintptr_t y, size_t n, float factor, uint64_t key, bool relative) {
            const nb::gil_scoped_release release;
            if (relative) {
                const float largest = row_abs_max(pointer(x), n);
                factor *= largest > 0 ? largest : 1.0f;
            }
            // Chunks of whole random blocks, so that no draw is thrown away, in the first-level
            // cache.
            std::array<float, 8 * kRandomBlock> normals;
            for (size_t first = 0; first < n; first += normals.size()) {
                const size_t count = std::min(normals.size(), n - first);
                fill_normal({key}, Stream::kOutputNoise, 0, first, {normals.data(), count});
                add_scaled_row(
                    pointer(x) + first, normals.data(), factor, count, pointer(y) + first);
            }
        },
        nb::arg("x"),
        nb::arg("y"),
        nb::arg("n"),
        nb::arg("factor"),
        nb::arg("key"),
        nb::arg("relative"),
        "y = x + factor * N for n float32 numbers at the addresses x and y, N standard normal, "
        "fixed by `key`; `relative`: times the largest |x| (1 where all are 0).");
    m.def("keep_freed_memory",
          &mho::keep_freed_memory,
          "Memory that was freed stays with the process (glibc): steps that allocate the same "
          "tensors again and again do not fetch new pages. To be called once, before training.");
}

}  // namespace mho::python
