// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_CROSSBAR_JSON_H
#define MHO_TILE_CROSSBAR_JSON_H

// JSON of a crossbar, compiled once (crossbar_json.cc): its templates are large. Internal: it
// exposes nlohmann/json.

#include "mho/tile/crossbar_config.h"
#include "mho/util/json.h"

namespace mho {

MHO_JSON_STRUCT_TEMPLATES(extern, Crossbar);

}  // namespace mho

#endif  // MHO_TILE_CROSSBAR_JSON_H
