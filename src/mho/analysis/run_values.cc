// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/run_values.h"

#include "mho/util/json.h"

namespace mho {
namespace {

std::string value_at(const Json& j, const std::string& path) {
    const Json* here = &j;
    size_t start = 0;
    while (start <= path.size()) {
        const size_t end = std::min(path.find('.', start), path.size());
        std::string key = path.substr(start, end - start);
        // "conductance<pcm>": only if that model is chosen.
        std::string model;
        if (const size_t open = key.find('<'); open != std::string::npos && key.back() == '>') {
            model = key.substr(open + 1, key.size() - open - 2);
            key.resize(open);
        }
        if (!here->is_object() || !here->contains(key)) {
            return "";
        }
        here = &(*here)[key];
        if (!model.empty() && here->value("model", "") != model) {
            return "";
        }
        start = end + 1;
    }
    return here->dump();
}

}  // namespace

std::vector<std::string> run_values(const RunFile& run, std::span<const std::string> paths) {
    const Json j = Json::parse(run_file_to_json(run));
    std::vector<std::string> values;
    for (const std::string& path : paths) {
        values.push_back(value_at(j, path));
    }
    return values;
}

std::string run_value(const RunFile& run, const std::string& path) {
    return run_values(run, {&path, 1}).front();
}

}  // namespace mho
