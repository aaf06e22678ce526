// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/convert/adc_json.h"

#include <utility>

#include "mho/util/json.h"

namespace mho {

AdcModel adc_from_json(const std::string& text, const std::string& path) {
    AdcModel model;
    Problems problems;
    from_json(parse_json(text, path), model, path, {}, problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return model;
}

std::string adc_to_json(const AdcModel& model) {
    return to_json(model).dump(2);
}

std::vector<std::string> adc_model_names() {
    return []<size_t... I>(std::index_sequence<I...>) {
        return std::vector<std::string>{
            std::string(Schema<std::variant_alternative_t<I, AdcModel>>::name)...};
    }(std::make_index_sequence<std::variant_size_v<AdcModel>>{});
}

}  // namespace mho
