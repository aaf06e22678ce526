// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/accuracy_page.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include "mho/analysis/run_values.h"
#include "mho/util/json.h"

namespace mho {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

const Json* member(const Json& j, const std::string& key) {
    if (!j.is_object()) {
        return nullptr;
    }
    const auto it = j.find(key);
    return it == j.end() ? nullptr : &*it;
}

double number(const Json* j) {
    return j != nullptr && j->is_number() ? j->get<double>() : kNaN;
}

std::string text(const Json* j) {
    return j != nullptr && j->is_string() ? j->get<std::string>() : std::string();
}

uint64_t count(const Json* j) {
    return j != nullptr && j->is_number_unsigned() ? j->get<uint64_t>() : 0;
}

std::vector<double> numbers(const Json* j) {
    std::vector<double> out;
    if (j != nullptr && j->is_array()) {
        for (const Json& v : *j) {
            out.push_back(number(&v));
        }
    }
    return out;
}

// What a results.json that somebody edited lacks is left out of the page; without any accuracy
// there would be no page at all.
void require_results(const Json& j, const std::string& origin) {
    const Json* scores = member(j, member(j, "loss") != nullptr ? "loss" : "accuracy");
    if (scores == nullptr || !scores->is_object()) {
        throw IoError(origin +
                      ": not the results of an evaluation: `accuracy` (of texts: `loss`), "
                      "an object with `float` and one curve for each network, is " +
                      (scores == nullptr ? "missing" : json_kind(*scores)));
    }
}

AccuracyReport::Curve curve_of(const Json& curve,
                               const std::vector<AccuracyReport::Time>& times,
                               const std::string& name,
                               bool compensated) {
    AccuracyReport::Curve c;
    c.name = name;
    c.compensated = compensated;
    for (const AccuracyReport::Time& t : times) {
        const Json* at = member(curve, t.label);
        const Json empty;
        const Json& entry = at != nullptr ? *at : empty;
        c.mean.push_back(number(member(entry, "mean")));
        c.std.push_back(number(member(entry, "std")));
        c.all.push_back(numbers(member(entry, "all")));
    }
    return c;
}

std::vector<HistogramSeries> histograms_of(const Json* list) {
    std::vector<HistogramSeries> out;
    if (list != nullptr && list->is_array()) {
        for (const Json& h : *list) {
            out.push_back({text(member(h, "name")),
                           number(member(h, "low")),
                           number(member(h, "high")),
                           numbers(member(h, "counts"))});
        }
    }
    return out;
}

// The loss events of a training log, stage by stage. A resumed training has written some points
// twice: the later ones count.
std::vector<AccuracyReport::Training> trainings_of(const std::string& events) {
    const std::pair<const char*, const char*> stages[] = {{"float", "floating point"},
                                                          {"further", "floating point, further"},
                                                          {"hwa", "hardware-aware"}};
    std::map<std::string, std::map<double, double>> points;
    std::istringstream lines(events);
    for (std::string line; std::getline(lines, line);) {
        const Json j = Json::parse(line, nullptr, false);
        if (j.is_object() && text(member(j, "event")) == "loss") {
            const double epochs = number(member(j, "epochs"));
            if (std::isfinite(epochs)) {
                points[text(member(j, "stage"))][epochs] = number(member(j, "loss"));
            }
        }
    }
    std::vector<AccuracyReport::Training> out;
    for (const auto& [stage, name] : stages) {
        AccuracyReport::Training t{name, {}, {}};
        for (const auto& [epochs, loss] : points[stage]) {
            t.epochs.push_back(epochs);
            t.loss.push_back(loss);
        }
        if (!t.loss.empty()) {
            out.push_back(std::move(t));
        }
    }
    return out;
}

std::string shape_of(const LayerSummary& l) {
    return fmt::format("{} x {}", l.columns, l.rows);
}

}  // namespace

AccuracyReport accuracy_page(const RunFile& run,
                             const Network& network,
                             const std::string& results_json,
                             const std::string& origin,
                             const std::string& events) {
    const Json j = parse_json(results_json, origin);
    require_results(j, origin);
    AccuracyReport r;
    r.title = run.name.empty() ? "Accuracy on analog hardware" : run.name;
    r.subtitle = run.about;
    const Json* facts = member(j, "run");
    const Json none;
    const Json& f = facts != nullptr ? *facts : none;
    r.date = text(member(f, "date"));
    r.version = text(member(f, "mho"));
    r.cpu = text(member(f, "cpu"));
    r.threads = count(member(f, "threads"));
    r.seed = count(member(j, "seed"));
    r.images = count(member(j, "images"));
    r.programmings = count(member(j, "programmings"));
    for (const EvaluationTime& t : run.evaluation.times) {
        r.times.push_back({t.name, t.t_s});
    }
    r.is_loss = member(j, "loss") != nullptr;
    r.trainings = trainings_of(events);
    if (const Json* accuracy = member(j, r.is_loss ? "loss" : "accuracy")) {
        r.float_accuracy = number(member(*accuracy, "float"));
        if (const Json* digital = member(*accuracy, "digital");
            digital != nullptr && digital->is_object()) {
            for (const auto& [name, value] : digital->items()) {
                r.digital.push_back({name, number(&value)});
            }
        }
        const std::tuple<const char*, const char*, bool> kinds[] = {
            {"hwa", "hardware-aware", true},
            {"naive", "naive", true},
            {"hwa_uncompensated", "hardware-aware", false},
            {"naive_uncompensated", "naive", false}};
        for (const auto& [key, name, compensated] : kinds) {
            if (const Json* curve = member(*accuracy, key)) {
                r.curves.push_back(curve_of(*curve, r.times, name, compensated));
            }
        }
    }
    if (const Json* h = member(j, "histograms")) {
        r.weight_histograms = histograms_of(member(*h, "weights"));
        r.conductance_histograms = histograms_of(member(*h, "conductances_us"));
    }
    if (const Json* errors = member(j, "mvm_error"); errors != nullptr && errors->is_object()) {
        for (const auto& [layer, by_time] : errors->items()) {
            AccuracyReport::LayerError e;
            e.layer = layer;
            for (const AccuracyReport::Time& t : r.times) {
                e.relative.push_back(number(member(by_time, t.label)));
            }
            r.layer_errors.push_back(std::move(e));
        }
    }
    if (const Json* a = member(j, "ablation")) {
        r.ablation_baseline = number(member(*a, "baseline"));
        const std::string which = text(member(*a, "network"));
        r.ablation_condition = (which == "hwa" ? "hardware-aware" : which) + ", " +
                               text(member(*a, "time")) + ", compensated";
        if (const Json* list = member(*a, "switched_off"); list != nullptr && list->is_array()) {
            for (const Json& s : *list) {
                r.ablations.push_back({text(member(s, "source")),
                                       number(member(s, "difference")),
                                       number(member(s, "half_width_95"))});
            }
        }
    }
    if (!network.graph.layers.empty()) {
        for (const LayerSummary& l : summarize(network).layers) {
            if (l.weights == 0) {
                continue;
            }
            r.layers.push_back(
                {l.name, l.kind, shape_of(l), l.tiles, l.tiles ? l.utilisation : kNaN});
        }
    }
    const std::vector<Parameter> parameters = run_parameters();
    std::vector<std::string> paths;
    for (const Parameter& p : parameters) {
        paths.push_back(p.path);
    }
    const std::vector<std::string> values = run_values(run, paths);
    for (size_t i = 0; i < parameters.size(); i++) {
        const Parameter& p = parameters[i];
        const std::string& value = values[i];
        if (value.empty() || p.type == "object" || p.type == "model") {
            continue;
        }
        r.configuration.push_back({p.path, value, p.meaning, p.unit, p.source});
    }
    r.configuration_json = run_file_to_json(run);
    return r;
}

}  // namespace mho
