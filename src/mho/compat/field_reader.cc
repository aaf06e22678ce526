// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mho/compat/translate_internal.h"

namespace mho {

bool FieldReader::take(std::string_view name) {
    seen_.emplace_back(name);
    return node_.has_value(name);
}

double FieldReader::number(std::string_view name, double fallback) {
    return take(name) ? node_.at(name).number() : fallback;
}

bool FieldReader::boolean(std::string_view name, bool fallback) {
    return take(name) ? node_.at(name).boolean() : fallback;
}

std::vector<double> FieldReader::numbers(std::string_view name, std::vector<double> fallback) {
    return take(name) ? node_.at(name).flat_numbers() : std::move(fallback);
}

std::string FieldReader::choice(std::string_view name,
                                const std::string& fallback,
                                const std::vector<std::string>& known) {
    if (!take(name)) {
        return fallback;
    }
    const std::string word = node_.at(name).text();
    if (std::find(known.begin(), known.end(), word) == known.end()) {
        node_.at(name).fail("unknown choice `" + word + "`" + suggestion(word, known));
    }
    return word;
}

double FieldReader::positive(std::string_view name, double fallback) {
    const double value = number(name, fallback);
    if (value < 0) {
        interpreted(name, "values below 0 switch this off, like 0");
        return 0.0;
    }
    return value;
}

void FieldReader::ignore(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        seen_.emplace_back(name);
    }
}

void FieldReader::only(std::string_view name, double neutral, const std::string& why) {
    if (number(name, neutral) != neutral) {
        dropped(name, why);
    }
}

void FieldReader::only(std::string_view name, bool neutral, const std::string& why) {
    if (boolean(name, neutral) != neutral) {
        dropped(name, why);
    }
}

bool FieldReader::has_object(std::string_view name) {
    return take(name);
}

JsonNode FieldReader::object(std::string_view name) {
    seen_.emplace_back(name);
    return node_.at(name);
}

void FieldReader::interpreted(std::string_view name, const std::string& message) {
    notes_.push_back({TranslationNote::Kind::kInterpreted, join_path(node_.path(), name), message});
}

void FieldReader::dropped(std::string_view name, const std::string& message) {
    notes_.push_back({TranslationNote::Kind::kDropped, join_path(node_.path(), name), message});
}

void FieldReader::finish() {
    for (const std::string& key : node_.keys()) {
        if (std::find(seen_.begin(), seen_.end(), key) == seen_.end()) {
            dropped(key, "unknown field");
        }
    }
}

std::string class_of(const JsonNode& node) {
    return node.has_value("class") ? node.at("class").text() : std::string();
}

std::string known_class(const JsonNode& node, const std::vector<std::string>& known) {
    const std::string name = class_of(node);
    // Classes derived with other defaults put a word in front: PresetIOParameters. The longest
    // match counts, since some names end with another one.
    std::string base;
    for (const std::string& each : known) {
        if (name.ends_with(each) && each.size() > base.size()) {
            base = each;
        }
    }
    if (!name.empty() && base.empty()) {
        node.at("class").fail("unknown class `" + name + "`" + suggestion(name, known));
    }
    return base;
}

}  // namespace mho
