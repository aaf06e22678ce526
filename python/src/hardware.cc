// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/hardware.h"

#include <nlohmann/json.hpp>

#include "bindings.h"
#include "laws.h"
#include "mho/compat/translate.h"
#include "mho/cost/cost_config.h"
#include "mho/net/presets.h"
#include "mho/net/training_presets.h"
#include "mho/util/error.h"
#include "mho/util/json.h"

namespace mho::python {

namespace {

PresetKind kind_of(const std::string& name) {
    std::vector<std::string> known;
    for (PresetKind kind : kPresetKinds) {
        if (name == preset_kind_name(kind)) {
            return kind;
        }
        known.emplace_back(preset_kind_name(kind));
    }
    throw InputError("kind: unknown kind of presets `" + name + "`" + suggestion(name, known));
}

template <class T>
nb::tuple with_notes(Translated<T>&& translated, const std::string& json) {
    nb::list notes;
    for (const TranslationNote& n : translated.notes) {
        notes.append(
            nb::make_tuple(n.kind == TranslationNote::Kind::kDropped ? "dropped" : "interpreted",
                           n.path,
                           n.message));
    }
    return nb::make_tuple(json, notes);
}

}  // namespace

void bind_hardware(nb::module_& m) {
    nb::class_<Hardware>(
        m, "Hardware", "Parsed hardware of one layer; mho.config.Hardware is made by hand.")
        .def(
            "__init__",
            [](Hardware* self,
               const std::string& json,
               nb::object conductance,
               nb::object converter,
               nb::object compensation,
               const std::string& path) {
                Hardware hardware = single_hardware_from_json(json, path);
                if (!conductance.is_none()) {
                    UserConductance user;
                    user.law_name = law_name(conductance);
                    user.law = conductance_law(conductance);
                    hardware.conductance = user;
                }
                if (!converter.is_none()) {
                    UserConverter user;
                    user.law_name = law_name(converter);
                    user.law = converter_law(converter);
                    hardware.converter = user;
                }
                if (!compensation.is_none()) {
                    hardware.user_compensation = compensation_law(compensation);
                }
                new (self) Hardware(std::move(hardware));
            },
            nb::arg("json") = "{}",
            nb::arg("conductance") = nb::none(),
            nb::arg("converter") = nb::none(),
            nb::arg("compensation") = nb::none(),
            nb::arg("path") = "hardware")
        .def(
            "to_json",
            [](const Hardware& h) { return hardware_to_json(h); },
            "All parameters as JSON.");
    m.def(
        "resolve_hardware",
        [](const std::string& json, const std::string& layer) -> std::optional<std::string> {
            const LayerHardware found = hardware_from_json(json).for_layer(layer);
            return found ? std::optional<std::string>(hardware_to_json(*found)) : std::nullopt;
        },
        nb::arg("json"),
        nb::arg("layer"),
        "Hardware that a layer of this name gets, as JSON; None = it stays digital.");
    m.def(
        "check_hardware",
        [](const std::string& json, const std::string& path) {
            return hardware_to_json(hardware_from_json(json, path));
        },
        nb::arg("json"),
        nb::arg("path") = "hardware",
        "The complete form of hardware given as JSON, overrides of layers included; errors name "
        "the full path of every wrong parameter.");
    m.def(
        "list_presets",
        [](const std::string& kind) {
            std::vector<std::vector<std::string>> all;
            for (const PresetInfo& p : list_presets(kind_of(kind))) {
                all.push_back({p.name, p.about, p.source});
            }
            return all;
        },
        nb::arg("kind") = "hardware",
        "Name, description and source of every preset.");
    m.def(
        "preset_json",
        [](const std::string& kind, const std::string& name) -> std::string {
            switch (kind_of(kind)) {
                case PresetKind::kHardware:
                    return hardware_to_json(
                        single_hardware_from_json(preset_hardware(name, "preset"), "preset"));
                case PresetKind::kDevice:
                    return pulsed_device_to_json(pulsed_device_preset(name, "preset"));
                case PresetKind::kTraining:
                    return learner_to_json(learner_preset(name, "preset"));
                case PresetKind::kCost:
                    return cost::cost_to_json(
                        cost::cost_from_json(nlohmann::json({{"preset", name}}).dump(), "preset"));
            }
            return "";
        },
        nb::arg("kind"),
        nb::arg("name"),
        "A preset as JSON with every default written out.");
    m.def(
        "check_device",
        [](const std::string& json, const std::string& path) {
            return pulsed_device_to_json(pulsed_device_from_json(json, path));
        },
        nb::arg("json"),
        nb::arg("path") = "device",
        "The complete form of a pulsed device given as JSON.");
    m.def(
        "check_learner",
        [](const std::string& json, const std::string& path) {
            return learner_to_json(learner_from_json_with_presets(json, path));
        },
        nb::arg("json"),
        nb::arg("path") = "learning",
        "The complete form of a learner given as JSON.");
    m.def(
        "translate_rpu_config",
        [](const std::string& json) {
            Translated<Hardware> t = translate_rpu_config(json);
            const std::string text = hardware_to_json(t.value);
            return with_notes(std::move(t), text);
        },
        nb::arg("json"),
        nb::sig("def translate_rpu_config(json: str) -> tuple[str, list[tuple[str, str, str]]]"),
        "Hardware (JSON) of a configuration of aihwkit given as JSON, and notes on what was not "
        "taken over literally.");
    m.def(
        "translate_learner",
        [](const std::string& json) {
            Translated<LearnerConfig> t = translate_learner(json);
            const std::string text = learner_to_json(t.value);
            return with_notes(std::move(t), text);
        },
        nb::arg("json"),
        nb::sig("def translate_learner(json: str) -> tuple[str, list[tuple[str, str, str]]]"),
        "The learner (JSON) of a configuration of aihwkit that trains in memory.");
}

}  // namespace mho::python
