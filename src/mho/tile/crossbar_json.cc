// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/crossbar_json.h"

namespace mho {

MHO_JSON_STRUCT_TEMPLATES(, Crossbar);

}  // namespace mho
