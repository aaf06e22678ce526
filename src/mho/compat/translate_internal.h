// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COMPAT_TRANSLATE_INTERNAL_H
#define MHO_COMPAT_TRANSLATE_INTERNAL_H

// The translations on JSON values instead of texts; `verify` reads records with them. Internal: it
// exposes nlohmann/json.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mho/compat/json_node.h"
#include "mho/compat/translate.h"

namespace mho {

using TranslationNotes = std::vector<TranslationNote>;

/// An object of the original with its defaults: reads fields, remembers which were asked for, and
/// notes the others.
class FieldReader {
  public:
    FieldReader(const JsonNode& node, TranslationNotes& notes) : node_(node), notes_(notes) {}

    double number(std::string_view name, double fallback);
    bool boolean(std::string_view name, bool fallback);
    std::vector<double> numbers(std::string_view name, std::vector<double> fallback);
    /// The name of an enumerator; one of `known` or ConfigError.
    std::string choice(std::string_view name,
                       const std::string& fallback,
                       const std::vector<std::string>& known);
    /// A number of which only positive values act: others become 0.
    double positive(std::string_view name, double fallback);
    /// Fields that mean nothing for the result.
    void ignore(std::initializer_list<std::string_view> names);
    /// A field of which only `neutral` has a counterpart: notes any other value as dropped.
    void only(std::string_view name, double neutral, const std::string& why);
    void only(std::string_view name, bool neutral, const std::string& why);
    /// Nested objects; the field counts as read.
    bool has_object(std::string_view name);
    JsonNode object(std::string_view name);

    void interpreted(std::string_view name, const std::string& message);
    void dropped(std::string_view name, const std::string& message);
    /// Notes every field that nobody asked for.
    void finish();

    const JsonNode& node() const { return node_; }

  private:
    bool take(std::string_view name);

    const JsonNode& node_;
    TranslationNotes& notes_;
    std::vector<std::string> seen_{"class"};
};

/// The value of `class` ("" when absent).
std::string class_of(const JsonNode& node);
/// The one of `known` that the class is or ends with, as derived classes do ("" when absent);
/// throws for any other class.
std::string known_class(const JsonNode& node, const std::vector<std::string>& known);

/// `timed` takes the fields of IOParametersIRDropT that describe pulse widths behind wires; without
/// it they are noted as dropped and IR drop follows the closed form.
MvmConfig read_io(const JsonNode& node, TranslationNotes& notes, TimeIrDrop* timed = nullptr);
/// `torch_law`: the torch tiles of the original scale some modifiers differently.
WeightModifier read_modifier(const JsonNode& node, TranslationNotes& notes, bool torch_law = false);
WeightClip read_clip(const JsonNode& node, TranslationNotes& notes);
WeightRemap read_remap(const JsonNode& node, TranslationNotes& notes);
Mapping read_mapping(const JsonNode& node, TranslationNotes& notes);
InputRangeConfig read_input_range(const JsonNode& node, TranslationNotes& notes);
NoiseModel read_noise_model(const JsonNode& node, TranslationNotes& notes);
Converter read_converter(const JsonNode& node, TranslationNotes& notes);
DriftCompensationKind read_drift_compensation(const JsonNode& node, TranslationNotes& notes);
Hardware read_rpu_config(const JsonNode& node, TranslationNotes& notes);
PulsedDevice read_pulsed_device(const JsonNode& node, TranslationNotes& notes);
PulseUpdate read_update(const JsonNode& node, TranslationNotes& notes);
/// Whether a device of the original has several devices per weight, or an update of its own.
bool is_unit_cell(const JsonNode& device);
/// A learner from the `device` of a training configuration, with the `update` beside it.
LearnerConfig read_learner_device(const JsonNode& node,
                                  const PulseUpdate& update,
                                  TranslationNotes& notes);
/// A learner from a whole training configuration.
LearnerConfig read_learner(const JsonNode& node, TranslationNotes& notes);

}  // namespace mho

#endif  // MHO_COMPAT_TRANSLATE_INTERNAL_H
