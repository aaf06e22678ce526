// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_KEEP_MEMORY_H
#define MHO_UTIL_KEEP_MEMORY_H

namespace mho {

/// For programs that train: memory that was freed stays with the process (glibc; elsewhere nothing
/// happens). Every step allocates the same tensors; given back and fetched again, their pages cost
/// several percent of a step. To be called once at the start of main().
void keep_freed_memory();

}  // namespace mho

#endif  // MHO_UTIL_KEEP_MEMORY_H
