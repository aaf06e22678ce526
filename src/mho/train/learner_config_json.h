// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_LEARNER_CONFIG_JSON_H
#define MHO_TRAIN_LEARNER_CONFIG_JSON_H

// JSON of the learners, compiled once (learner_config_json.cc). Internal: it exposes nlohmann/json.

#include "mho/device/pulsed_device_json.h"
#include "mho/tile/mvm_config_json.h"
#include "mho/train/learner.h"

namespace mho {

MHO_JSON_STRUCT_TEMPLATES(extern, PulseUpdate);
MHO_JSON_TEMPLATES(extern, LearnerConfig);

}  // namespace mho

#endif  // MHO_TRAIN_LEARNER_CONFIG_JSON_H
