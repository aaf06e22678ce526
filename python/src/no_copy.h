// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_PYTHON_NO_COPY_H
#define MHO_PYTHON_NO_COPY_H

// A list of tiles cannot be copied, but the language believes that it can: nanobind must not ask.
#include <nanobind/nanobind.h>

#include <type_traits>

#include "mho/tile/grid.h"

template <>
struct nanobind::detail::is_copy_constructible<mho::TileGrid> : std::false_type {};

#endif  // MHO_PYTHON_NO_COPY_H
