// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/run_file.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>

#include "mho/analysis/learning_config_json.h"
#include "mho/analysis/parameter_sources.h"
#include "mho/analysis/run_file_json.h"
#include "mho/cost/cost_config_json.h"
#include "mho/io/file.h"
#include "mho/io/safetensors.h"
#include "mho/net/hardware_json.h"
#include "mho/net/training_presets_json.h"
#include "mho/net/zoo.h"

namespace mho {
namespace {

// Sets `path` ("hardware.forward.adc.steps", "evaluation.times[0].t_s") in the object.
void set_path(Json& root, const std::string& path, const Json& value) {
    // No parameter lies deeper, and what walks the document recursively need not fear for its
    // stack.
    constexpr std::ptrdiff_t kDeepest = 50;
    if (std::count(path.begin(), path.end(), '.') > kDeepest) {
        throw UsageError("--set " + path.substr(0, 40) + "...: a path of more than " +
                         std::to_string(kDeepest) + " names");
    }
    Json* here = &root;
    size_t start = 0;
    while (start <= path.size()) {
        const size_t end = std::min(path.find('.', start), path.size());
        std::string key = path.substr(start, end - start);
        std::vector<size_t> indices;
        while (!key.empty() && key.back() == ']') {
            const size_t open = key.rfind('[');
            const std::string digits =
                open == std::string::npos ? "" : key.substr(open + 1, key.size() - open - 2);
            if (digits.empty() || digits.size() > 6 ||
                digits.find_first_not_of("0123456789") != std::string::npos) {
                throw UsageError("--set " + path + ": `" + key +
                                 "` is not a name with an index [n]");
            }
            indices.insert(indices.begin(), std::stoul(digits));
            key.resize(open);
        }
        if (key.empty()) {
            throw UsageError("--set " + path + ": empty name in the path");
        }
        if (here->is_null()) {
            *here = Json::object();
        }
        if (!here->is_object()) {
            throw UsageError("--set " + path + ": `" + path.substr(0, start ? start - 1 : 0) +
                             "` is not an object");
        }
        here = &(*here)[key];
        for (const size_t i : indices) {
            if (!here->is_array() || i >= here->size()) {
                throw UsageError("--set " + path + ": there is no entry [" + std::to_string(i) +
                                 "]");
            }
            here = &(*here)[i];
        }
        start = end + 1;
    }
    *here = value;
}

Json parse_value(const std::string& path, const std::string& text) {
    if (!Json::accept(text)) {
        const Json value(text);
        try {
            (void)value.dump();
        } catch (const Json::exception&) {
            throw UsageError("--set " + path + ": the value is not UTF-8");
        }
        return value;
    }
    try {
        return parse_json(text, "--set " + path);
    } catch (const ConfigError& e) {
        throw UsageError(e.what());
    }
}

std::array<int, 3> sample_shape(const DataConfig& data) {
    if (data.set == DataSet::kText) {
        return {1, 1, data.sequence};
    }
    return data.set == DataSet::kFashionMnist ? std::array{1, 28, 28} : std::array{3, 32, 32};
}

bool reads_text(const NetworkModel& model) {
    return std::holds_alternative<CharLstmModel>(model) ||
           std::holds_alternative<CharGruModel>(model) ||
           std::holds_alternative<CharRnnModel>(model) ||
           std::holds_alternative<SmallGptModel>(model);
}

// Rules between parameters.
void check_run(const RunFile& run, Problems& problems) {
    // The name becomes a folder below runs/.
    const std::string& name = run.name;
    const bool control = std::any_of(
        name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (control || name.find('/') != std::string::npos || name == "." || name == ".." ||
        name.size() > 200) {
        problems.push_back({"name",
                            "must be at most 200 characters without `/` and control characters, "
                            "and not `.` or `..`"});
    }
    const auto channels = static_cast<size_t>(sample_shape(run.data)[0]);
    const auto per_channel = [&](const char* path, const std::vector<double>& list) {
        if (!list.empty() && list.size() != channels) {
            problems.push_back({path,
                                "needs one number per channel (" + std::to_string(channels) +
                                    ") or none, got " + std::to_string(list.size())});
        }
    };
    if (reads_text(run.network.model) != (run.data.set == DataSet::kText)) {
        problems.push_back({"network.model",
                            run.data.set == DataSet::kText
                                ? "a text needs a model of characters: `char lstm`, `char gru`, "
                                  "`char rnn` or `small gpt`"
                                : "models of characters need data.set = `text`"});
    }
    if (run.data.set == DataSet::kText && (!run.network.mean.empty() || !run.network.std.empty())) {
        problems.push_back(
            {"network.mean", "symbols of a text are not normalised: leave mean and std empty"});
    }
    per_channel("network.mean", run.network.mean);
    per_channel("network.std", run.network.std);
}

RunFile from_object(const Json& j) {
    RunFile run;
    Problems problems;
    read_struct(j, run, "", problems, {"hardware", "learning", "cost"});
    if (run.evaluation.times.empty()) {
        run.evaluation.times = default_times();
    }
    for (size_t i = 0; i < run.evaluation.times.size(); i++) {
        const std::string path = "evaluation.times[" + std::to_string(i) + "].name";
        if (run.evaluation.times[i].name.empty()) {
            problems.push_back({path, "every time needs a name"});
        }
        for (size_t k = 0; k < i; k++) {
            if (run.evaluation.times[k].name == run.evaluation.times[i].name) {
                problems.push_back({path, "`" + run.evaluation.times[i].name + "` appears twice"});
            }
        }
    }
    for (size_t i = 0; i < run.evaluation.digital.size(); i++) {
        const std::string path = "evaluation.digital[" + std::to_string(i) + "].name";
        const std::string& own = run.evaluation.digital[i].name;
        if (own.empty()) {
            problems.push_back({path, "every digital network needs a name, such as `W4A8`"});
        }
        for (size_t k = 0; k < i; k++) {
            if (run.evaluation.digital[k].name == own) {
                problems.push_back({path, "`" + own + "` appears twice"});
            }
        }
    }
    if (run.evaluation.ablation.enabled) {
        std::vector<std::string> names;
        for (const EvaluationTime& t : run.evaluation.times) {
            names.push_back(t.name);
        }
        if (std::find(names.begin(), names.end(), run.evaluation.ablation.time) == names.end()) {
            problems.push_back({"evaluation.ablation.time",
                                "no evaluation time is called `" + run.evaluation.ablation.time +
                                    "`" + suggestion(run.evaluation.ablation.time, names)});
        }
    }
    check_run(run, problems);
    const bool has_hardware = j.is_object() && j.contains("hardware");
    try {
        run.hardware = hardware_from_json(has_hardware ? j["hardware"].dump() : "{}", "hardware");
    } catch (const ConfigError& e) {
        problems.insert(problems.end(), e.problems().begin(), e.problems().end());
    }
    try {
        if (j.is_object() && j.contains("learning")) {
            run.learning = learning_from_json(j["learning"].dump(), "learning");
        }
    } catch (const ConfigError& e) {
        problems.insert(problems.end(), e.problems().begin(), e.problems().end());
    }
    try {
        if (j.is_object() && j.contains("cost")) {
            run.cost = cost::cost_from_json(j["cost"].dump(), "cost");
            run.cost.given = true;
        }
    } catch (const ConfigError& e) {
        problems.insert(problems.end(), e.problems().begin(), e.problems().end());
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return run;
}

}  // namespace

std::vector<EvaluationTime> default_times() {
    constexpr double kDay = 86400.0;
    return {{"1 s", 1.0},
            {"1 h", 3600.0},
            {"1 day", kDay},
            {"1 month", 30 * kDay},
            {"1 year", 365 * kDay},
            {"10 years", 3650 * kDay}};
}

namespace {

RunFile run_of(Json j, const std::string& origin, const std::vector<std::string>& overrides) {
    const auto parse = [&] {
        try {
            return from_object(j);
        } catch (const ConfigError& e) {
            // The name of the file comes first, then one problem a line.
            throw ConfigError("", origin + ":\n" + e.what());
        }
    };
    RunFile run = parse();
    if (overrides.empty()) {
        return run;
    }
    for (const std::string& o : overrides) {
        const size_t equals = o.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw UsageError("--set " + o + ": expected path=value");
        }
        const std::string path = o.substr(0, equals);
        set_path(j, path, parse_value(path, o.substr(equals + 1)));
    }
    try {
        return from_object(j);
    } catch (const ConfigError& e) {
        throw UsageError(std::string("--set: ") + e.what());
    }
}

}  // namespace

RunFile parse_run_file(const std::string& text,
                       const std::string& origin,
                       const std::vector<std::string>& overrides) {
    return run_of(parse_json(text, origin), origin, overrides);
}

RunFile read_run_file(const std::string& path, const std::vector<std::string>& overrides) {
    Json j = parse_json(read_file(path, uint64_t{16} << 20), path);
    const std::string folder = std::filesystem::path(path).parent_path().string();
    if (j.is_object() && j.contains("learning")) {
        resolve_device_files(j["learning"], folder);
    }
    RunFile run = run_of(std::move(j), path, overrides);
    run.folder = folder;
    resolve_files(run.hardware, run.folder);
    return run;
}

std::string run_file_to_json(const RunFile& run) {
    Json j = to_json(run);
    j["hardware"] = Json::parse(hardware_to_json(run.hardware));
    if (!run.learning.rules.empty()) {
        j["learning"] = Json::parse(learning_to_json(run.learning));
    }
    if (run.cost.given) {
        j["cost"] = Json::parse(cost::cost_to_json(run.cost));
    }
    return j.dump(2);
}

Network build_network(const RunFile& run) {
    InputSpec input;
    input.shape = sample_shape(run.data);
    const int classes = 10;  // all data sets so far
    Problems problems;       // of a RunFile that was filled in by code
    check_run(run, problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    input.mean = run.network.mean;
    input.std = run.network.std;
    const Graph graph = std::visit(
        [&](const auto& m) -> Graph {
            using M = std::decay_t<decltype(m)>;
            if constexpr (std::is_same_v<M, MlpModel>) {
                std::vector<int> widths = {input.shape[0] * input.shape[1] * input.shape[2]};
                widths.insert(widths.end(), m.hidden.begin(), m.hidden.end());
                widths.push_back(classes);
                return mlp(widths, input);
            } else if constexpr (std::is_same_v<M, LenetModel>) {
                return lenet5(input);
            } else if constexpr (std::is_same_v<M, ResidualCnnModel>) {
                return residual_cnn(m.stem, m.stages, classes, input);
            } else if constexpr (std::is_same_v<M, VggSmallModel>) {
                return vgg_small(input, classes);
            } else if constexpr (std::is_same_v<M, CharLstmModel> ||
                                 std::is_same_v<M, CharGruModel> ||
                                 std::is_same_v<M, CharRnnModel>) {
                constexpr RecurrentKind kind =
                    std::is_same_v<M, CharLstmModel>  ? RecurrentKind::kLstm
                    : std::is_same_v<M, CharGruModel> ? RecurrentKind::kGru
                                                      : RecurrentKind::kRnn;
                return char_recurrent(kind,
                                      {m.vocabulary,
                                       run.data.sequence,
                                       m.embedding,
                                       m.hidden,
                                       m.layers,
                                       m.dropout,
                                       m.combined});
            } else if constexpr (std::is_same_v<M, SmallGptModel>) {
                return small_gpt({m.vocabulary, run.data.sequence, m.width, m.heads, m.layers});
            } else {
                return resnet_cifar(m.depth, input);
            }
        },
        run.network.model);
    if (run.network.weights.empty()) {
        return initialize(graph, run.seed);
    }
    std::filesystem::path file = run.network.weights;
    if (file.is_relative() && !run.folder.empty()) {
        file = std::filesystem::path(run.folder) / file;
    }
    if (!std::filesystem::exists(file)) {
        // Trained networks of the data folder are named relative to it.
        if (const auto found = find_data(run.network.weights)) {
            file = *found;
        }
    }
    SafeTensors tensors = read_safetensors(file.string());
    if (tensors.metadata.contains("mho.graph")) {
        // A network file of mho brings its own graph (with batch norms folded, for example).
        Network network = to_digital(read_network(file.string()));
        if (network.graph.input.shape != graph.input.shape) {
            throw ConfigError("network.weights",
                              file.string() + " takes other images than the data set has");
        }
        return network;
    }
    Network network{graph, {}, {}};
    for (auto& [name, tensor] : tensors.tensors) {
        const size_t dot = name.rfind('.');
        const std::string layer = name.substr(0, dot);
        const auto renamed = run.network.rename.find(layer);
        network.parameters[renamed == run.network.rename.end() || dot == std::string::npos
                               ? name
                               : renamed->second + name.substr(dot)] = std::move(tensor);
    }
    try {
        validate_network(network);
    } catch (const ConfigError& e) {
        throw ConfigError("network.weights",
                          file.string() + " does not fit the network: " + e.what());
    }
    return network;
}

std::vector<Parameter> run_parameters() {
    std::vector<ParameterDoc> docs;
    RunFile defaults;
    defaults.evaluation.times = default_times();
    describe(defaults, "", docs);
    docs.push_back(
        {"hardware", "object", "", "", "", "analog hardware of the network's layers", ""});
    docs.push_back({"hardware.preset",
                    "string",
                    "\"standard\"",
                    "",
                    "",
                    "named starting point for all parameters of the hardware; see `mho presets`",
                    ""});
    docs.push_back({"hardware.layers",
                    "list of object",
                    "[]",
                    "",
                    "",
                    "overrides: {\"match\": pattern, \"digital\": true} or {\"match\": pattern, "
                    "\"set\": {...}}",
                    ""});
    describe(Hardware{}, "hardware", docs);
    describe_learning(docs);
    cost::describe_cost(docs);
    std::vector<Parameter> out;
    for (ParameterDoc& d : docs) {
        out.push_back({std::move(d.path),
                       std::move(d.type),
                       std::move(d.default_value),
                       std::move(d.unit),
                       std::move(d.range),
                       std::move(d.meaning),
                       std::move(d.source)});
    }
    fill_sources(out);
    return out;
}

}  // namespace mho
