// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/device_source.h"

#include <algorithm>
#include <filesystem>

#include "mho/analysis/run_file.h"
#include "mho/device/step_table.h"
#include "mho/io/file.h"
#include "mho/net/presets.h"
#include "mho/net/training_presets.h"
#include "mho/util/error.h"
#include "mho/util/json.h"

namespace mho {
namespace {

DeviceSubject device_of_file(const std::string& path) {
    const Json j = parse_json(read_file(path), path);
    DeviceSubject subject;
    subject.name = std::filesystem::path(path).stem().string();
    if (!j.is_object() || !j.contains("device")) {
        subject.device = pulsed_device_from_json(j.dump(), path);
        return subject;
    }
    // A preset file of the user's own, or the result of a fit.
    subject.device = pulsed_device_from_json(j["device"].dump(), path + ": device");
    for (const auto& [key, text] : {std::pair<const char*, std::string*>{"about", &subject.about},
                                    {"source", &subject.source}}) {
        if (j.contains(key) && j[key].is_string()) {
            *text = j[key].get<std::string>();
        }
    }
    return subject;
}

}  // namespace

DeviceSubject find_device(const std::string& name,
                          std::optional<double> w_min,
                          std::optional<double> w_max) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(name, ignored)) {
        if (!is_step_table(name)) {
            return device_of_file(name);
        }
        DeviceSubject subject;
        subject.name = std::filesystem::path(name).stem().string();
        subject.about = "Measured steps over states, from a table.";
        subject.device = read_step_table(name, {w_min, w_max});
        return subject;
    }
    std::vector<std::string> known;
    std::string words = name;
    std::replace(words.begin(), words.end(), '_', ' ');
    for (const PresetInfo& p : list_presets(PresetKind::kDevice)) {
        known.push_back(p.name);
        if (p.name == words) {
            return {p.name, p.about, p.source, pulsed_device_preset(p.name)};
        }
    }
    throw UsageError("`" + name + "` is neither a file nor a device preset" +
                     suggestion(name, known) + "; `mho devices` lists the presets");
}

}  // namespace mho
