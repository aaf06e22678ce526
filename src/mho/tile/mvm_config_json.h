// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_MVM_CONFIG_JSON_H
#define MHO_TILE_MVM_CONFIG_JSON_H

// JSON of an analog product, compiled once (mvm_config_json.cc). Internal: it exposes
// nlohmann/json.

#include "mho/tile/mvm_config.h"
#include "mho/util/json.h"

namespace mho {

MHO_JSON_STRUCT_TEMPLATES(extern, MvmConfig);

}  // namespace mho

#endif  // MHO_TILE_MVM_CONFIG_JSON_H
