// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/learning_config.h"

#include <fmt/format.h>

#include <utility>

#include "mho/analysis/learning_config_json.h"
#include "mho/net/training_presets_json.h"

namespace mho {
namespace {

const std::string kLearner = "learning.rules[].learner";

// The parameters of a learner itself.
template <class C>
void describe_learner(std::vector<ParameterDoc>& docs) {
    const C defaults;
    Schema<C>::fields([&](const auto& f) {
        using T = std::decay_t<decltype(defaults.*(f.member))>;
        if constexpr (json_detail::IsVariant<T>::value || std::is_same_v<T, PulseUpdate> ||
                      std::is_same_v<T, MvmConfig> ||
                      std::is_same_v<T, std::vector<PulsedDevice>>) {
            return;
        } else {
            docs.push_back(json_detail::document(
                kLearner + "<" + std::string(Schema<C>::name) + ">." + std::string(f.name),
                json_detail::type_text<T>(),
                f.info));
            docs.back().default_value = to_json(defaults.*(f.member)).dump();
        }
    });
}

template <class V, size_t... I>
void describe_learners(std::vector<ParameterDoc>& docs, std::index_sequence<I...>) {
    (describe_learner<std::variant_alternative_t<I, V>>(docs), ...);
}

}  // namespace

void LearningConfig::check(const std::string& path, std::vector<Problem>& problems) const {
    if (!rules.empty() && training.gradient_clip > 0) {
        problems.push_back({join_path(path, "training.gradient_clip"),
                            "must be 0: pulses have no common gradient"});
    }
    for (size_t i = 0; i < rules.size(); i++) {
        for (size_t k = 0; k < i; k++) {
            if (rules[i].label() == rules[k].label()) {
                problems.push_back({join_path(path, "rules[" + std::to_string(i) + "].name"),
                                    "`" + rules[i].label() + "` appears twice"});
            }
        }
    }
}

LearningConfig learning_from_json(const std::string& text, const std::string& path) {
    Json j = parse_json(text, path);
    Problems problems;
    if (j.is_string()) {
        // The short form: plain analog SGD and TTv2 on the soft-bounds ReRAM device.
        if (j != "in memory") {
            throw ConfigError(path, "expected an object { ... } or \"in memory\", got " + j.dump());
        }
        j = Json::parse(R"({"rules": [{"learner": {"preset": "sgd_reram_sb"}},
                                      {"learner": {"preset": "ttv2_reram_sb"}}]})");
    }
    if (j.is_object() && j.contains("rules") && j["rules"].is_array()) {
        Json& rules = j["rules"];
        for (size_t i = 0; i < rules.size(); i++) {
            if (!rules[i].is_object() || !rules[i].contains("learner")) {
                continue;
            }
            Json& learner = rules[i]["learner"];
            const bool named = rules[i].contains("name");
            const Json preset = learner.is_object() && learner.contains("preset")
                                    ? learner["preset"]
                                    : Json(nullptr);
            learner = with_learner_preset(
                learner, path + ".rules[" + std::to_string(i) + "].learner", problems);
            if (!named && preset.is_string()) {
                rules[i]["name"] = preset;
            }
        }
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    LearningConfig config;
    read_struct_or_throw(j, config, path);
    return config;
}

std::string learning_to_json(const LearningConfig& config) {
    return to_json(config).dump(2);
}

void describe_learning(std::vector<ParameterDoc>& docs) {
    docs.push_back({"learning",
                    "object",
                    "",
                    "",
                    "",
                    "training in memory, instead of the other stages of a run",
                    ""});
    docs.push_back({"learning.rules",
                    "list of object",
                    "[]",
                    "",
                    "",
                    "the network is trained once with each rule",
                    ""});
    docs.push_back({"learning.rules[].name",
                    "string",
                    "\"\"",
                    "",
                    "",
                    "name in tables; empty = that of the learner",
                    ""});
    docs.push_back({"learning.rules[].learning_rate",
                    "number",
                    "0.0",
                    "1",
                    "0 to 1e+06",
                    "learning rate of this rule; 0 = that of learning.training",
                    ""});
    docs.push_back(
        {"learning.rules[].rate_factors",
         "list of object",
         "[]",
         "",
         "",
         "learning rates by layer and tile: {match, tile_row, tile_column, factor}, later ones "
         "win; factor 0 = these tiles do not learn",
         ""});
    docs.push_back({"learning.rules[].count_pulses",
                    "true or false",
                    "false",
                    "",
                    "",
                    "count the pulses of every device: the results say how worn they are",
                    ""});
    for (const char* direction : {"up", "down"}) {
        docs.push_back(
            {fmt::format("learning.rules[].pulse_{}_j", direction),
             "number",
             "0.0",
             "J",
             "0 to 1",
             fmt::format("energy of a pulse {}; with count_pulses the results say what all took",
                         direction),
             ""});
    }
    docs.push_back({"learning.digital",
                    "true or false",
                    "true",
                    "",
                    "",
                    "train the digital network in the same way, for comparison",
                    ""});
    docs.push_back({"learning.training",
                    "object",
                    "",
                    "",
                    "",
                    "the training; its optimiser serves what is digital (biases)",
                    ""});
    describe(LearningConfig::default_training(), "learning.training", docs);
    docs.push_back({kLearner,
                    "model",
                    "",
                    "",
                    "",
                    "how devices learn, on every analog layer; `device` or `devices`, `update` and "
                    "`transfer_update` are described once for all",
                    ""});
    describe_learners<LearnerConfig>(
        docs, std::make_index_sequence<std::variant_size_v<LearnerConfig>>{});
    describe(PulseUpdate{}, kLearner + ".update", docs);
    describe_model<PulsedDevice>(kLearner + ".device", docs);
}

}  // namespace mho
