// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/cost_config.h"

#include <algorithm>
#include <set>
#include <utility>

#include "mho/cost/cost_config_json.h"
#include "mho/cost/cost_config_schema.h"
#include "mho/net/presets.h"
#include "mho/util/json.h"

namespace mho::cost {
namespace {

// Every parameter of the object: its path, and its value as text. A list is one parameter.
void flatten(const Json& j, const std::string& path, std::map<std::string, std::string>& out) {
    if (!j.is_object()) {
        out[path] = j.dump();
        return;
    }
    for (const auto& [key, entry] : j.items()) {
        flatten(entry, join_path(path, key), out);
    }
}

std::map<std::string, std::string> values_of(const CostConfig& config) {
    std::map<std::string, std::string> values;
    flatten(to_json(config), "", values);
    return values;
}

// Sources of the defaults, as the reflection lists give them.
std::map<std::string, std::string> default_sources() {
    std::vector<ParameterDoc> docs;
    describe(CostConfig{}, "", docs);
    std::map<std::string, std::string> sources;
    for (const ParameterDoc& doc : docs) {
        std::string path = doc.path;
        if (const size_t open = path.find('<'); open != std::string::npos) {
            path.erase(open, path.find('>') - open + 1);
        }
        sources[path] = doc.source.empty() ? "default of mho" : doc.source;
    }
    return sources;
}

// Merges `j` into the spec. Parameters whose value changes get `source`; those that the object
// itself names a source for get that.
void merge(const Json& j,
           CostSpec& spec,
           const std::string& source,
           const std::string& path,
           Problems& problems) {
    const auto before = values_of(spec.config);
    read_struct(j, spec.config, path, problems, {"preset", "sources"});
    for (const auto& [parameter, text] : values_of(spec.config)) {
        const auto old = before.find(parameter);
        if (old == before.end() || old->second != text) {
            spec.sources[parameter] = source;
        }
    }
    if (j.is_object() && j.contains("sources")) {
        std::map<std::string, std::string> own;
        from_json(j["sources"], own, join_path(path, "sources"), {}, problems);
        std::vector<std::string> known;
        for (const auto& [parameter, text] : values_of(spec.config)) {
            known.push_back(parameter);
        }
        for (const auto& [parameter, text] : own) {
            if (std::find(known.begin(), known.end(), parameter) == known.end()) {
                problems.push_back(
                    {join_path(path, "sources"),
                     "there is no parameter `" + parameter + "`" + suggestion(parameter, known)});
                continue;
            }
            spec.sources[parameter] = text;
        }
    }
}

void check_lists(const CostSpec& spec, const std::string& path, Problems& problems) {
    constexpr size_t kMost = 1000;
    const auto check = [&](const auto* table, const char* name) {
        if (table == nullptr) {
            return;
        }
        if (table->points.size() > kMost) {
            problems.push_back({join_path(path, name) + ".points", "at most 1000 converters"});
        }
        std::set<int> bits;
        for (const auto& point : table->points) {
            if (!bits.insert(point.bits).second) {
                problems.push_back({join_path(path, name) + ".points",
                                    "two converters of " + std::to_string(point.bits) + " bit"});
            }
        }
    };
    check(std::get_if<TableAdc>(&spec.config.adc), "adc");
    check(std::get_if<TableDac>(&spec.config.dac), "dac");
}

}  // namespace

double CostConfig::supply_v() const {
    return technology.supply_v > 0 ? technology.supply_v : nominal_supply_v(technology.node_nm);
}

const std::string& CostSpec::source(const std::string& path) const {
    static const std::map<std::string, std::string> defaults = default_sources();
    static const std::string unknown = "default of mho";
    if (const auto own = sources.find(path); own != sources.end()) {
        return own->second;
    }
    const auto standard = defaults.find(path);
    return standard == defaults.end() ? unknown : standard->second;
}

CostSpec cost_from_json(const std::string& text, const std::string& path) {
    const Json j = parse_json(text, path);
    Problems problems;
    CostSpec spec;
    if (j.is_object() && j.contains("preset")) {
        const std::string preset_path = join_path(path, "preset");
        from_json(j["preset"], spec.preset, preset_path, {}, problems);
        if (!spec.preset.empty() && problems.empty()) {
            std::string source;
            for (const PresetInfo& info : list_presets(PresetKind::kCost)) {
                if (info.name == spec.preset) {
                    source = info.source;
                }
            }
            try {
                const std::string content =
                    preset_content(PresetKind::kCost, spec.preset, preset_path);
                merge(parse_json(content, preset_path), spec, source, preset_path, problems);
            } catch (const ConfigError& e) {
                problems.insert(problems.end(), e.problems().begin(), e.problems().end());
            }
        }
    }
    merge(j, spec, "run file", path, problems);
    check_lists(spec, path, problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return spec;
}

std::string cost_to_json(const CostSpec& spec) {
    Json j = Json::object();
    if (!spec.preset.empty()) {
        j["preset"] = spec.preset;
    }
    j.update(to_json(spec.config));
    // A source that the preset gives again need not be written; one that nobody else knows must.
    Json sources = Json::object();
    const auto values = values_of(spec.config);
    for (const auto& [parameter, text] : spec.sources) {
        if (values.contains(parameter)) {
            sources[parameter] = text;
        }
    }
    if (!sources.empty()) {
        j["sources"] = sources;
    }
    return j.dump(2);
}

void describe_cost(std::vector<ParameterDoc>& docs) {
    docs.push_back({"cost", "object", "", "", "", "energy, latency and area; see `mho cost`", ""});
    docs.push_back({"cost.preset",
                    "string",
                    "\"\"",
                    "",
                    "",
                    "named starting point for all parameters of the cost; see `mho presets`; empty "
                    "= the defaults below",
                    ""});
    docs.push_back({"cost.sources",
                    "object of string",
                    "{}",
                    "",
                    "",
                    "where the user's own numbers are from: {\"array.read_voltage_v\": \"text\"}",
                    ""});
    describe(CostConfig{}, "cost", docs);
}

}  // namespace mho::cost
