// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_DEVICE_SOURCE_H
#define MHO_CLI_DEVICE_SOURCE_H

#include <optional>
#include <string>

#include "mho/cli/device_page.h"

namespace mho {

/// The device that a user names: a preset, a JSON file ({"model": ...}, {"preset": ...} or a preset
/// file with "device"), or a CSV file with a step table, whose lowest and highest state stand for
/// the given weights. Throws UsageError for a name that is neither file nor preset.
DeviceSubject find_device(const std::string& name,
                          std::optional<double> w_min = {},
                          std::optional<double> w_max = {});

}  // namespace mho

#endif  // MHO_CLI_DEVICE_SOURCE_H
