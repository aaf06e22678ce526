// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/util/json.h"

#include <set>

#include "mho/util/json_message.h"

namespace mho {
namespace {

// No configuration is deeper; what walks a document recursively need not fear for its stack.
constexpr int kDeepest = 200;

}  // namespace

Json parse_json(std::string_view text, std::string_view origin) {
    // nlohmann keeps the last of two equal keys; for a configuration that hides a mistake.
    std::vector<std::set<std::string>> open_objects;
    std::string duplicate;
    const Json::parser_callback_t watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth > kDeepest) {
            throw ConfigError("",
                              std::string(origin) + ": nested more than " +
                                  std::to_string(kDeepest) + " levels deep");
        }
        if (event == Json::parse_event_t::object_start) {
            open_objects.emplace_back();
        } else if (event == Json::parse_event_t::object_end) {
            open_objects.pop_back();
        } else if (event == Json::parse_event_t::key && !open_objects.empty()) {
            if (!open_objects.back().insert(parsed.get<std::string>()).second) {
                duplicate = parsed.get<std::string>();
            }
        }
        return true;
    };
    Json result;
    try {
        result = Json::parse(text, watch);
    } catch (const Json::exception& e) {
        throw ConfigError(
            "", std::string(origin) + ": not valid JSON: " + plain_json_message(e.what()));
    }
    if (!duplicate.empty()) {
        throw ConfigError("", std::string(origin) + ": the key `" + duplicate + "` appears twice");
    }
    return result;
}

std::string json_kind(const Json& j) {
    switch (j.type()) {
        case Json::value_t::null:
            return "null";
        case Json::value_t::object:
            return "an object";
        case Json::value_t::array:
            return "a list";
        case Json::value_t::string:
            return "the string " + j.dump(-1, ' ', false, Json::error_handler_t::replace);
        case Json::value_t::boolean:
            return j.get<bool>() ? "true" : "false";
        default:
            return "the number " + j.dump();
    }
}

MHO_JSON_SCALARS();

namespace json_detail {

const Json* find_key(const Json& j, std::string_view name, std::vector<std::string>& known) {
    known.emplace_back(name);
    const auto it = j.find(known.back());
    return it != j.end() ? &*it : nullptr;
}

void set_key(Json& object, std::string_view name, Json value) {
    object[std::string(name)] = std::move(value);
}

Json model_object(std::string_view model, const Json& fields) {
    Json object = Json::object();
    object["model"] = std::string(model);
    object.update(fields);
    return object;
}

void refuse_unknown_keys(const Json& j,
                         const std::string& path,
                         const std::vector<std::string>& known,
                         Problems& problems) {
    for (const auto& [key, value] : j.items()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            problems.push_back({join_path(path, key), "unknown key" + suggestion(key, known)});
        }
    }
}

void add_wrong_type(const Json& j,
                    const char* expected,
                    const std::string& path,
                    Problems& problems) {
    problems.push_back({path, std::string("expected ") + expected + ", got " + json_kind(j)});
}

void add_unknown_model(const std::string& wanted,
                       const std::string& path,
                       const std::vector<std::string>& known,
                       Problems& problems) {
    problems.push_back(
        {join_path(path, "model"), "unknown model `" + wanted + "`" + suggestion(wanted, known)});
}

bool read_model(const Json& j, std::string& wanted, const std::string& path, Problems& problems) {
    const auto it = j.find("model");
    if (it == j.end()) {
        return true;
    }
    if (!it->is_string()) {
        problems.push_back({join_path(path, "model"), "expected a string"});
        return false;
    }
    wanted = it->get<std::string>();
    return true;
}

std::optional<size_t> read_choice(const Json& j,
                                  const std::vector<std::string_view>& names,
                                  const std::string& path,
                                  Problems& problems) {
    if (!j.is_string()) {
        add_wrong_type(j, "a string", path, problems);
        return {};
    }
    const auto wanted = j.get<std::string>();
    const auto it = std::find(names.begin(), names.end(), wanted);
    if (it != names.end()) {
        return static_cast<size_t>(it - names.begin());
    }
    const std::vector<std::string> known(names.begin(), names.end());
    problems.push_back({path, "unknown choice `" + wanted + "`" + suggestion(wanted, known)});
    return {};
}

ParameterDoc document(const std::string& path, std::string type, const FieldInfo& info) {
    ParameterDoc doc{path,
                     std::move(type),
                     "",
                     std::string(info.unit),
                     "",
                     std::string(info.meaning),
                     std::string(info.source)};
    if (info.min != -kInfinity || info.max != kInfinity) {
        doc.range = range_text(info);
    }
    return doc;
}

std::string dumped(const Json& value) {
    return value.dump();
}

std::string range_text(const FieldInfo& info) {
    const auto number = [](double v) { return Json(v).dump(); };
    if (info.min != -kInfinity && info.max != kInfinity) {
        return number(info.min) + " to " + number(info.max);
    }
    if (info.min != -kInfinity) {
        return "at least " + number(info.min);
    }
    if (info.max != kInfinity) {
        return "at most " + number(info.max);
    }
    return "finite";
}

}  // namespace json_detail
}  // namespace mho
