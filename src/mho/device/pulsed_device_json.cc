// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pulsed_device_json.h"

namespace mho {

MHO_JSON_TEMPLATES(, PulsedDevice);
template void describe_model<PulsedDevice>(const std::string&, std::vector<ParameterDoc>&);

}  // namespace mho
