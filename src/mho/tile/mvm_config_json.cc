// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/mvm_config_json.h"

namespace mho {

MHO_JSON_STRUCT_TEMPLATES(, MvmConfig);

}  // namespace mho
