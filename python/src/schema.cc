// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// The reflection lists of all configuration structs as one JSON text, from which
// tools/generate_config.py makes dataclasses.
#include <cxxabi.h>

#include <typeinfo>

#include "bindings.h"
#include "mho/adapt/calibration.h"
#include "mho/adapt/lightning.h"
#include "mho/analysis/run_file.h"
#include "mho/analysis/run_file_json.h"
#include "mho/array/wires.h"
#include "mho/cost/cost_config_schema.h"
#include "mho/net/hardware_json.h"
#include "mho/train/learner.h"
#include "mho/util/json.h"

namespace mho::python {

namespace {

template <class T>
std::string class_name() {
    int status = 0;
    char* text = abi::__cxa_demangle(typeid(T).name(), nullptr, nullptr, &status);
    std::string name(text);
    std::free(text);
    return name;
}

Json of_kind(const char* kind) {
    Json type = Json::object();
    type["kind"] = kind;
    return type;
}

Json of_kind(const char* kind, const char* key, Json value) {
    Json type = of_kind(kind);
    type[key] = std::move(value);
    return type;
}

// What needs no template is compiled once; there are 700 fields.
Json field_entry(std::string_view name, Json type, Json default_value, const FieldInfo& info) {
    Json entry = Json::object();
    entry["name"] = std::string(name);
    entry["type"] = std::move(type);
    entry["default"] = std::move(default_value);
    const ParameterDoc doc = json_detail::document("", "", info);
    entry["unit"] = doc.unit;
    entry["meaning"] = doc.meaning;
    entry["source"] = doc.source;
    if (!doc.range.empty()) {
        entry["range"] = doc.range;
    }
    return entry;
}

template <class T>
void add_class(Json& classes);

// {"kind": "number"}, {"kind": "list", "of": ...}, {"kind": "class", "name": ...}, ...
template <class T>
Json describe_type(Json& classes) {
    using namespace json_detail;
    if constexpr (std::is_same_v<T, bool>) {
        return of_kind("bool");
    } else if constexpr (std::is_same_v<T, std::string>) {
        return of_kind("string");
    } else if constexpr (std::is_enum_v<T>) {
        Json names = Json::array();
        for (const auto& entry : EnumNames<T>::names) {
            names.push_back(std::string(entry.second));
        }
        return of_kind("enum", "names", names);
    } else if constexpr (std::is_integral_v<T>) {
        return of_kind("integer");
    } else if constexpr (std::is_floating_point_v<T>) {
        return of_kind("number");
    } else if constexpr (IsVector<T>::value) {
        return of_kind("list", "of", describe_type<typename T::value_type>(classes));
    } else if constexpr (IsOptional<T>::value) {
        return of_kind("optional", "of", describe_type<typename T::value_type>(classes));
    } else if constexpr (IsMap<T>::value) {
        return of_kind("map", "of", describe_type<typename T::mapped_type>(classes));
    } else if constexpr (IsVariant<T>::value) {
        Json of = Json::array();
        [&]<size_t... I>(std::index_sequence<I...>) {
            (of.push_back(describe_type<std::variant_alternative_t<I, T>>(classes)), ...);
        }(std::make_index_sequence<std::variant_size_v<T>>{});
        return of_kind("model", "of", of);
    } else {
        add_class<T>(classes);
        return of_kind("class", "name", class_name<T>());
    }
}

template <class T>
void add_class(Json& classes) {
    const std::string name = class_name<T>();
    if (classes.contains(name)) {
        return;
    }
    classes[name] = nullptr;  // recursion ends here
    Json fields = Json::array();
    const T defaults{};
    Schema<T>::fields([&](const auto& f) {
        using M = std::decay_t<decltype(defaults.*(f.member))>;
        fields.push_back(
            field_entry(f.name, describe_type<M>(classes), to_json(defaults.*(f.member)), f.info));
    });
    // Classes stand behind those that they are made of.
    classes.erase(name);
    classes[name] = {{"schema", std::string(Schema<T>::name)}, {"fields", fields}};
}

std::string schema_json() {
    Json classes = Json::object();
    Json models = Json::object();
    add_class<Hardware>(classes);
    models["ConductanceModel"] = describe_type<ConductanceModel>(classes);
    models["Converter"] = describe_type<Converter>(classes);
    models["PulsedDevice"] = describe_type<PulsedDevice>(classes);
    models["LearnerConfig"] = describe_type<LearnerConfig>(classes);
    add_class<CalibrationConfig>(classes);
    add_class<LightningLayer>(classes);
    add_class<WireConfig>(classes);
    models["AdcModel"] = describe_type<AdcModel>(classes);
    add_class<cost::CostConfig>(classes);
    // Beside the struct in the JSON of costs (cost_config.h).
    classes[class_name<cost::CostConfig>()]["fields"].push_back(
        {{"name", "sources"},
         {"type", {{"kind", "map"}, {"of", {{"kind", "string"}}}}},
         {"default", Json::object()},
         {"unit", ""},
         {"meaning", "where numbers are from, by their paths (\"array.read_voltage_v\")"},
         {"source", ""}});
    add_class<RunFile>(classes);
    return Json({{"classes", classes}, {"models", models}}).dump();
}

}  // namespace

void bind_schema(nb::module_& m) {
    m.def("schema", &schema_json, "All configuration classes as JSON.");
    m.def(
        "parameters",
        [] {
            nb::list all;
            for (const Parameter& p : run_parameters()) {
                nb::dict entry;
                entry["path"] = p.path;
                entry["type"] = p.type;
                entry["default"] = p.default_value;
                entry["unit"] = p.unit;
                entry["range"] = p.range;
                entry["meaning"] = p.meaning;
                entry["source"] = p.source;
                all.append(entry);
            }
            return all;
        },
        nb::sig("def parameters() -> list[dict[str, str]]"),
        "Every parameter of a run file: what `mho explain` lists.");
}

}  // namespace mho::python
