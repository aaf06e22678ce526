// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TESTS_FUZZ_FUZZ_H
#define MHO_TESTS_FUZZ_FUZZ_H

// What all fuzzers share. A parser may refuse its input with an error of util/error.h; anything
// else that leaves it, a crash, a fault that a sanitizer finds, seconds of work or gigabytes of
// memory for a few bytes are findings.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mho/util/error.h"

namespace mho::fuzz {

template <class F>
int parse(const uint8_t* data, size_t size, F&& body) {
    try {
        body(std::string_view(reinterpret_cast<const char*>(data), size));
    } catch (const Error&) {
    }
    return 0;
}

/// What was accepted must hold.
inline void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

}  // namespace mho::fuzz

#endif  // MHO_TESTS_FUZZ_FUZZ_H
