// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_GLOB_H
#define MHO_UTIL_GLOB_H

#include <string_view>

namespace mho {

/// Whether a name fits a pattern in which `*` stands for any letters and `?` for one.
bool matches_glob(std::string_view pattern, std::string_view name);

}  // namespace mho

#endif  // MHO_UTIL_GLOB_H
