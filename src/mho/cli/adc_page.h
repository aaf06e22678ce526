// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_ADC_PAGE_H
#define MHO_CLI_ADC_PAGE_H

#include <string>
#include <vector>

#include "mho/convert/linearity.h"
#include "mho/report/line_chart.h"

namespace mho {

/// Linearity of some converters of one kind.
struct AdcReport {
    AdcModel model;
    uint64_t seed = 1;
    std::vector<Linearity> converters;
};

AdcReport measure_adc(const AdcModel& model, size_t converters, bool is_signed, uint64_t seed);

/// DNL or INL over the code: the worst and the middle 90 % of the converters, and single ones.
LineChart linearity_chart(const AdcReport& report, bool integral);
std::string adc_text(const AdcReport& report);
std::string adc_page(const AdcReport& report);
std::string adc_report_json(const AdcReport& report);

}  // namespace mho

#endif  // MHO_CLI_ADC_PAGE_H
