// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/learner_config_json.h"

namespace mho {

MHO_JSON_STRUCT_TEMPLATES(, PulseUpdate);
MHO_JSON_TEMPLATES(, LearnerConfig);

}  // namespace mho
