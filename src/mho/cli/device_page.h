// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_DEVICE_PAGE_H
#define MHO_CLI_DEVICE_PAGE_H

#include <string>

#include "mho/analysis/device_response.h"
#include "mho/report/line_chart.h"
#include "mho/report/table.h"

namespace mho {

/// What is shown of a device, and where it comes from.
struct DeviceSubject {
    std::string name;
    std::string about;
    std::string source;
    PulsedDevice device;
};

/// The response as a chart, as a table of figures, as text for a terminal and as a page.
LineChart response_chart(const DeviceSubject& subject, const DeviceResponse& response);
Table response_figures(const DeviceResponse& response);
std::string response_text(const DeviceSubject& subject, const DeviceResponse& response);
std::string response_page(const DeviceSubject& subject, const DeviceResponse& response);

/// "12.7", "1250".
std::string states_text(double states);

/// The numbers of the curves as JSON.
std::string response_json(const DeviceSubject& subject, const DeviceResponse& response);

}  // namespace mho

#endif  // MHO_CLI_DEVICE_PAGE_H
