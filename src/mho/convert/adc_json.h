// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CONVERT_ADC_JSON_H
#define MHO_CONVERT_ADC_JSON_H

#include <string>
#include <vector>

#include "mho/convert/adc_config.h"

namespace mho {

/// {"model": "sar", "bits": 8, ...}. Throws ConfigError with paths below `path`.
AdcModel adc_from_json(const std::string& text, const std::string& path = "adc");
std::string adc_to_json(const AdcModel& model);

/// Names of all models.
std::vector<std::string> adc_model_names();

}  // namespace mho

#endif  // MHO_CONVERT_ADC_JSON_H
