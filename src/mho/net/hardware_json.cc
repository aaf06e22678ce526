// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/hardware_json.h"

namespace mho {

MHO_JSON_STRUCT_TEMPLATES(, Hardware);

}  // namespace mho
