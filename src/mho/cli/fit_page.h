// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_FIT_PAGE_H
#define MHO_CLI_FIT_PAGE_H

#include <string>
#include <vector>

#include "mho/analysis/device_fit.h"
#include "mho/report/table.h"

namespace mho {

/// Results of `mho fit`: the models side by side, the parameters of one, everything as text, page
/// and JSON. `fits`: best first.
Table fit_models_table(const std::vector<DeviceFit>& fits);
Table fit_parameters_table(const DeviceFit& fit);
std::string fit_text(const std::vector<PulseTrace>& traces, const std::vector<DeviceFit>& fits);
std::string fit_page(const std::string& name,
                     const std::vector<PulseTrace>& traces,
                     const std::vector<DeviceFit>& fits);
/// {"about", "source", "device", ...}: a file that `mho devices` and run files take.
std::string fit_json(const std::string& name,
                     const std::vector<PulseTrace>& traces,
                     const std::vector<DeviceFit>& fits);

}  // namespace mho

#endif  // MHO_CLI_FIT_PAGE_H
