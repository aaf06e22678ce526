// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_STAGGERED_H
#define MHO_UTIL_STAGGERED_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace mho {

/// Memory of arrays that a loop reads side by side. It begins at a cache line, so that no register
/// load crosses two, and neighbours begin at different lines of a page: arrays of a power of two
/// begin at the same one otherwise, and eight of them fill all ways of a set of the first-level
/// cache.
template <class T>
struct StaggeredAllocator {
    using value_type = T;

    StaggeredAllocator() = default;
    template <class U>
    StaggeredAllocator(const StaggeredAllocator<U>&) {}

    T* allocate(size_t n) {
        static std::atomic<uint32_t> next{0};
        const size_t offset = next.fetch_add(1, std::memory_order_relaxed) % kPlaces * kStep;
        if (n > (SIZE_MAX - kPage) / sizeof(T)) {
            throw std::bad_array_new_length();
        }
        auto* page = static_cast<unsigned char*>(
            ::operator new(n * sizeof(T) + offset, std::align_val_t{kPage}));
        return reinterpret_cast<T*>(page + offset);
    }
    void deallocate(T* p, size_t) noexcept {
        const auto address = reinterpret_cast<uintptr_t>(p);
        ::operator delete(reinterpret_cast<void*>(address - address % kPage),
                          std::align_val_t{kPage});
    }

    template <class U>
    bool operator==(const StaggeredAllocator<U>&) const {
        return true;
    }

  private:
    static constexpr size_t kPage = 4096;
    static constexpr size_t kPlaces = 13;
    static constexpr size_t kStep = 5 * 64;
    static_assert((kPlaces - 1) * kStep < kPage);
};

using StaggeredFloats = std::vector<float, StaggeredAllocator<float>>;

}  // namespace mho

#endif  // MHO_UTIL_STAGGERED_H
