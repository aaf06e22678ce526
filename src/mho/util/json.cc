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

namespace json_detail {

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
