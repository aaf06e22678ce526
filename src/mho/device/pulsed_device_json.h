// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PULSED_DEVICE_JSON_H
#define MHO_DEVICE_PULSED_DEVICE_JSON_H

// JSON of the pulsed devices, compiled once (pulsed_device_json.cc). Internal: it exposes
// nlohmann/json.

#include "mho/device/pulsed_device.h"
#include "mho/util/json.h"

namespace mho {

MHO_JSON_TEMPLATES(extern, PulsedDevice);
extern template void describe_model<PulsedDevice>(const std::string&, std::vector<ParameterDoc>&);

}  // namespace mho

#endif  // MHO_DEVICE_PULSED_DEVICE_JSON_H
