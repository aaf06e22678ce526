// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_JSON_H
#define MHO_UTIL_JSON_H

// JSON to and from reflected structs (util/reflect.h). Internal: it exposes nlohmann/json, so only
// .cc files include it, never a public header.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

/// Keys stay in the order in which they were written.
using Json = nlohmann::ordered_json;
using Problems = std::vector<Problem>;

/// Parses a JSON text; `origin` (a file name) is named in the ConfigError of a malformed text.
/// Duplicate keys are errors.
Json parse_json(std::string_view text, std::string_view origin);

/// "a number", "a string", ...: for messages about a wrong type.
std::string json_kind(const Json& j);

namespace json_detail {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsVariant : std::false_type {};
template <class... A>
struct IsVariant<std::variant<A...>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};

std::string range_text(const FieldInfo& info);

/// Whether a number of JSON without fraction is in the range of T. Exact: the largest uint64_t has
/// no double.
template <class T>
bool fits(const Json& j) {
    if (j.is_number_unsigned()) {
        return std::in_range<T>(j.template get<uint64_t>());
    }
    if (j.is_number_integer()) {
        return std::in_range<T>(j.template get<int64_t>());
    }
    const double limit = std::ldexp(1.0, std::numeric_limits<T>::digits);
    const auto number = j.template get<double>();
    return number >= (std::is_signed_v<T> ? -limit : 0.0) && number < limit;
}

// What needs no template is compiled once: a field costs a few calls in every file that reads its
// struct.

/// The value of a key or null; `known` gets the name.
const Json* find_key(const Json& j, std::string_view name, std::vector<std::string>& known);
void set_key(Json& object, std::string_view name, Json value);
Json model_object(std::string_view model, const Json& fields);
void refuse_unknown_keys(const Json& j,
                         const std::string& path,
                         const std::vector<std::string>& known,
                         Problems& problems);
void add_wrong_type(const Json& j,
                    const char* expected,
                    const std::string& path,
                    Problems& problems);
void add_unknown_model(const std::string& wanted,
                       const std::string& path,
                       const std::vector<std::string>& known,
                       Problems& problems);
/// The name under the key "model" into `wanted`, which stays without that key; false: a problem.
bool read_model(const Json& j, std::string& wanted, const std::string& path, Problems& problems);
/// Which of the names `j` is.
std::optional<size_t> read_choice(const Json& j,
                                  const std::vector<std::string_view>& names,
                                  const std::string& path,
                                  Problems& problems);

}  // namespace json_detail

template <class T>
Json to_json(const T& value);
template <class T>
void from_json(
    const Json& j, T& value, const std::string& path, const FieldInfo& info, Problems& problems);

/// Reads the fields of `s` that are present in the object `j`; absent ones keep their value.
/// Unknown keys, wrong types and numbers out of range are appended to `problems`. `also_known`: a
/// key that the caller handles itself.
template <Reflected S>
void read_struct(const Json& j,
                 S& s,
                 const std::string& path,
                 Problems& problems,
                 const std::vector<std::string>& also_known = {}) {
    if (!j.is_object()) {
        problems.push_back({path, "expected an object { ... }, got " + json_kind(j)});
        return;
    }
    std::vector<std::string> known = also_known;
    const size_t problems_before = problems.size();
    Schema<S>::fields([&](const auto& f) {
        if (const Json* value = json_detail::find_key(j, f.name, known)) {
            from_json(*value, s.*(f.member), join_path(path, f.name), f.info, problems);
        }
    });
    json_detail::refuse_unknown_keys(j, path, known, problems);
    if constexpr (requires { s.check(path, problems); }) {
        if (problems.size() == problems_before) {
            s.check(path, problems);
        }
    }
}

/// The same, throwing a ConfigError that lists every problem.
template <Reflected S>
void read_struct_or_throw(const Json& j, S& s, const std::string& path) {
    Problems problems;
    read_struct(j, s, path, problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
}

namespace json_detail {

// Where a value stands, as a chain on the stack: the text of a path is needed only for a problem.
struct PathLink {
    const PathLink* parent;
    std::string_view name;  // of a field, or
    size_t index = 0;       // of an entry of a list, where the name is empty
    std::string text() const {
        const std::string before = parent != nullptr ? parent->text() : std::string();
        return name.empty() && parent != nullptr ? before + "[" + std::to_string(index) + "]"
                                                 : join_path(before, name);
    }
};

// Range checks without the way through JSON: configurations are validated at every public door.
template <class T>
void check_value(const T& value, const PathLink& path, const FieldInfo& info, Problems& problems) {
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
        const auto number = static_cast<double>(value);
        if (!(number >= info.min && number <= info.max) || !std::isfinite(number)) {
            problems.push_back(
                {path.text(), "must be " + range_text(info) + ", got " + Json(value).dump()});
        }
    } else if constexpr (IsVector<T>::value) {
        for (size_t i = 0; i < value.size(); i++) {
            check_value(value[i], PathLink{&path, "", i}, info, problems);
        }
    } else if constexpr (IsMap<T>::value) {
        for (const auto& [key, entry] : value) {
            check_value(entry, PathLink{&path, key}, info, problems);
        }
    } else if constexpr (IsOptional<T>::value) {
        if (value) {
            check_value(*value, path, info, problems);
        }
    } else if constexpr (IsVariant<T>::value) {
        std::visit([&](const auto& a) { check_value(a, path, info, problems); }, value);
    } else if constexpr (Reflected<T>) {
        const size_t before = problems.size();
        Schema<T>::fields([&](const auto& f) {
            check_value(value.*(f.member), PathLink{&path, f.name}, f.info, problems);
        });
        if constexpr (requires { value.check(std::string(), problems); }) {
            if (problems.size() == before) {
                value.check(path.text(), problems);
            }
        }
    }
}

}  // namespace json_detail

/// Checks ranges and cross-field rules of a struct that was filled in by code.
template <class T>
Problems validate(const T& value, const std::string& path = "") {
    Problems problems;
    json_detail::check_value(value, json_detail::PathLink{nullptr, path}, {}, problems);
    return problems;
}

template <class T>
Json to_json(const T& value) {
    using namespace json_detail;
    if constexpr (std::is_enum_v<T>) {
        return std::string(enum_name(value));
    } else if constexpr (IsVector<T>::value) {
        Json list = Json::array();
        for (const auto& v : value) {
            list.push_back(to_json(v));
        }
        return list;
    } else if constexpr (IsMap<T>::value) {
        Json object = Json::object();
        for (const auto& [k, v] : value) {
            object[k] = to_json(v);
        }
        return object;
    } else if constexpr (IsOptional<T>::value) {
        return value ? to_json(*value) : Json(nullptr);
    } else if constexpr (IsVariant<T>::value) {
        return std::visit(
            [](const auto& alternative) {
                return model_object(Schema<std::decay_t<decltype(alternative)>>::name,
                                    to_json(alternative));
            },
            value);
    } else if constexpr (Reflected<T>) {
        Json object = Json::object();
        Schema<T>::fields(
            [&](const auto& f) { set_key(object, f.name, to_json(value.*(f.member))); });
        return object;
    } else if constexpr (std::is_same_v<T, float>) {
        return Json(static_cast<double>(value));
    } else {
        return Json(value);
    }
}

namespace json_detail {

template <class V, size_t I = 0>
void read_alternative(const Json& j,
                      const std::string& wanted,
                      V& value,
                      const std::string& path,
                      Problems& problems,
                      std::vector<std::string>& known) {
    if constexpr (I < std::variant_size_v<V>) {
        using A = std::variant_alternative_t<I, V>;
        known.emplace_back(Schema<A>::name);
        if (Schema<A>::name == wanted) {
            if (value.index() != I) {
                value = A{};
            }
            read_struct(j, std::get<I>(value), path, problems, {"model"});
            return;
        }
        read_alternative<V, I + 1>(j, wanted, value, path, problems, known);
    } else {
        add_unknown_model(wanted, path, known, problems);
    }
}

}  // namespace json_detail

template <class T>
void from_json(
    const Json& j, T& value, const std::string& path, const FieldInfo& info, Problems& problems) {
    using namespace json_detail;
    const auto wrong_type = [&](const char* expected) {
        add_wrong_type(j, expected, path, problems);
    };
    if constexpr (std::is_same_v<T, bool>) {
        j.is_boolean() ? void(value = j.template get<bool>()) : wrong_type("true or false");
    } else if constexpr (std::is_same_v<T, std::string>) {
        j.is_string() ? void(value = j.template get<std::string>()) : wrong_type("a string");
    } else if constexpr (std::is_enum_v<T>) {
        std::vector<std::string_view> names;
        for (const auto& entry : EnumNames<T>::names) {
            names.push_back(entry.second);
        }
        if (const auto chosen = read_choice(j, names, path, problems)) {
            value = EnumNames<T>::names[*chosen].first;
        }
    } else if constexpr (std::is_arithmetic_v<T>) {
        if (!j.is_number()) {
            return wrong_type(std::is_integral_v<T> ? "an integer" : "a number");
        }
        const double number = j.template get<double>();
        if constexpr (std::is_integral_v<T>) {
            if (number != std::floor(number)) {
                problems.push_back({path, "expected an integer, got " + j.dump()});
                return;
            }
            if (!fits<T>(j)) {
                problems.push_back({path,
                                    "must be " + std::to_string(std::numeric_limits<T>::min()) +
                                        " to " + std::to_string(std::numeric_limits<T>::max()) +
                                        ", got " + j.dump()});
                return;
            }
        }
        const bool finite = std::isfinite(number) &&
                            (!std::is_same_v<T, float> || std::isfinite(j.template get<float>()));
        if (!(number >= info.min && number <= info.max) || !finite) {
            problems.push_back({path, "must be " + range_text(info) + ", got " + j.dump()});
            return;
        }
        value = j.template get<T>();
    } else if constexpr (IsOptional<T>::value) {
        if (j.is_null()) {
            value.reset();
        } else {
            typename T::value_type inner = value ? *value : typename T::value_type{};
            from_json(j, inner, path, info, problems);
            value = inner;
        }
    } else if constexpr (IsVector<T>::value) {
        if (!j.is_array()) {
            return wrong_type("a list [ ... ]");
        }
        T list(j.size());
        for (size_t i = 0; i < j.size(); i++) {
            typename T::value_type entry{};
            from_json(j[i], entry, path + "[" + std::to_string(i) + "]", info, problems);
            list[i] = entry;
        }
        value = std::move(list);
    } else if constexpr (IsMap<T>::value) {
        if (!j.is_object()) {
            return wrong_type("an object { ... }");
        }
        T map;
        for (const auto& [key, entry] : j.items()) {
            from_json(entry, map[key], join_path(path, key), info, problems);
        }
        value = std::move(map);
    } else if constexpr (IsVariant<T>::value) {
        if (!j.is_object()) {
            return wrong_type("an object { \"model\": ..., ... }");
        }
        std::string wanted;
        std::visit([&](const auto& a) { wanted = Schema<std::decay_t<decltype(a)>>::name; }, value);
        if (!read_model(j, wanted, path, problems)) {
            return;
        }
        std::vector<std::string> known;
        read_alternative(j, wanted, value, path, problems, known);
    } else {
        read_struct(j, value, path, problems);
    }
}

/// One line of the generated parameter reference.
struct ParameterDoc {
    std::string path;
    std::string type;           // "number", "integer", "true or false", "one of: a, b", ...
    std::string default_value;  // as JSON
    std::string unit;
    std::string range;
    std::string meaning;
    std::string source;
};

namespace json_detail {

ParameterDoc document(const std::string& path, std::string type, const FieldInfo& info);
std::string dumped(const Json& value);

template <class T>
std::string type_text() {
    if constexpr (std::is_same_v<T, bool>) {
        return "true or false";
    } else if constexpr (std::is_same_v<T, std::string>) {
        return "string";
    } else if constexpr (std::is_enum_v<T>) {
        std::string text = "one of: ";
        bool first = true;
        for (const auto& entry : EnumNames<T>::names) {
            text += (first ? "" : ", ") + std::string(entry.second);
            first = false;
        }
        return text;
    } else if constexpr (std::is_integral_v<T>) {
        return "integer";
    } else if constexpr (std::is_floating_point_v<T>) {
        return "number";
    } else if constexpr (IsVector<T>::value) {
        return "list of " + type_text<typename T::value_type>();
    } else if constexpr (IsOptional<T>::value) {
        return type_text<typename T::value_type>() + " or null";
    } else if constexpr (IsMap<T>::value) {
        return "object of " + type_text<typename T::mapped_type>();
    } else if constexpr (IsVariant<T>::value) {
        return "model";
    } else {
        return "object";
    }
}

}  // namespace json_detail

template <class V>
void describe_model(const std::string& path, std::vector<ParameterDoc>& out);

/// Appends a line for every parameter below `path`; alternatives of a variant appear as
/// `path<model>.parameter`, entries of a list of structs as `path[].parameter`.
template <Reflected S>
void describe(const S& defaults, const std::string& path, std::vector<ParameterDoc>& out) {
    using namespace json_detail;
    Schema<S>::fields([&](const auto& f) {
        using T = std::decay_t<decltype(defaults.*(f.member))>;
        const std::string here = join_path(path, f.name);
        out.push_back(document(here, type_text<T>(), f.info));
        if constexpr (!Reflected<T> && !IsVariant<T>::value) {
            out.back().default_value = dumped(to_json(defaults.*(f.member)));
        }
        if constexpr (Reflected<T>) {
            describe(defaults.*(f.member), here, out);
        } else if constexpr (IsVariant<T>::value) {
            describe_model<T>(here, out);
        } else if constexpr (IsVector<T>::value) {
            if constexpr (Reflected<typename T::value_type>) {
                describe(typename T::value_type{}, here + "[]", out);
            }
        }
    });
}

/// The same for every alternative of a variant.
template <class V>
void describe_model(const std::string& path, std::vector<ParameterDoc>& out) {
    const auto each = [&]<size_t... I>(std::index_sequence<I...>) {
        (describe(std::variant_alternative_t<I, V>{},
                  path + "<" + std::string(Schema<std::variant_alternative_t<I, V>>::name) + ">",
                  out),
         ...);
    };
    each(std::make_index_sequence<std::variant_size_v<V>>{});
}

// The templates of a type are compiled once where a header says MHO_JSON_TEMPLATES(extern, Type)
// and its .cc file MHO_JSON_TEMPLATES(, Type), both in namespace mho.
#define MHO_JSON_TEMPLATES(prefix, ...)                                              \
    prefix template Json to_json<__VA_ARGS__>(const __VA_ARGS__&);                   \
    prefix template void from_json<__VA_ARGS__>(                                     \
        const Json&, __VA_ARGS__&, const std::string&, const FieldInfo&, Problems&); \
    prefix template void json_detail::check_value<__VA_ARGS__>(                      \
        const __VA_ARGS__&, const json_detail::PathLink&, const FieldInfo&, Problems&)

// The same for a reflected struct, with what only structs have.
#define MHO_JSON_STRUCT_TEMPLATES(prefix, S)                                              \
    MHO_JSON_TEMPLATES(prefix, S);                                                        \
    prefix template void read_struct<S>(                                                  \
        const Json&, S&, const std::string&, Problems&, const std::vector<std::string>&); \
    prefix template void describe<S>(const S&, const std::string&, std::vector<ParameterDoc>&)

#define MHO_JSON_SCALARS(prefix)                       \
    MHO_JSON_TEMPLATES(prefix, bool);                  \
    MHO_JSON_TEMPLATES(prefix, int);                   \
    MHO_JSON_TEMPLATES(prefix, int64_t);               \
    MHO_JSON_TEMPLATES(prefix, uint32_t);              \
    MHO_JSON_TEMPLATES(prefix, uint64_t);              \
    MHO_JSON_TEMPLATES(prefix, float);                 \
    MHO_JSON_TEMPLATES(prefix, double);                \
    MHO_JSON_TEMPLATES(prefix, std::string);           \
    MHO_JSON_TEMPLATES(prefix, std::optional<double>); \
    MHO_JSON_TEMPLATES(prefix, std::vector<int>);      \
    MHO_JSON_TEMPLATES(prefix, std::vector<float>);    \
    MHO_JSON_TEMPLATES(prefix, std::vector<double>);   \
    MHO_JSON_TEMPLATES(prefix, std::vector<std::string>)
MHO_JSON_SCALARS(extern);

}  // namespace mho

#endif  // MHO_UTIL_JSON_H
