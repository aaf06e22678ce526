// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/results.h"

#include <ctime>
#include <fstream>

#include "mho/analysis/statistics.h"
#include "mho/util/json.h"

namespace mho {
namespace {

std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

std::string processor() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("model name")) {
            const size_t colon = line.find(": ");
            return colon == std::string::npos ? line : line.substr(colon + 2);
        }
    }
    return "unknown";
}

Json histogram_json(const std::vector<HistogramResult>& list) {
    Json out = Json::array();
    for (const HistogramResult& h : list) {
        out.push_back({{"name", h.name}, {"low", h.low}, {"high", h.high}, {"counts", h.counts}});
    }
    return out;
}

}  // namespace

std::string version() {
    return MHO_VERSION;
}

RunFacts run_facts(size_t threads) {
    return {today(), processor(), version(), threads, 0};
}

std::string results_to_json(const RunFile& run,
                            const EvaluationResult& result,
                            const RunFacts& facts) {
    Json j;
    j["name"] = run.name;
    j["seed"] = run.seed;
    j["images"] = result.images;
    j["programmings"] = run.evaluation.programmings;
    Json& accuracy = j[result.is_loss ? "loss" : "accuracy"];
    accuracy["float"] = result.float_accuracy;
    for (const DigitalResult& d : result.digital) {
        accuracy["digital"][d.name] = d.accuracy;
    }
    for (const AccuracyCurve& c : result.curves) {
        Json& curve = accuracy[c.key];
        for (size_t t = 0; t < run.evaluation.times.size(); t++) {
            curve[run.evaluation.times[t].name] = {
                {"mean", mean(c.all[t])}, {"std", standard_deviation(c.all[t])}, {"all", c.all[t]}};
        }
    }
    Json& times = j["times_s"];
    for (const EvaluationTime& t : run.evaluation.times) {
        times[t.name] = t.t_s;
    }
    if (!result.ablation.empty()) {
        Json& a = j["ablation"];
        a["network"] = result.ablation_network;
        a["time"] = run.evaluation.ablation.time;
        a["baseline"] = result.ablation_baseline;
        a["switched_off"] = Json::array();
        for (const AblationResult& r : result.ablation) {
            a["switched_off"].push_back({{"source", r.source},
                                         {"difference", r.difference},
                                         {"half_width_95", r.half_width}});
        }
    }
    if (!result.layer_errors.empty()) {
        Json& e = j["mvm_error"];
        for (const LayerErrorResult& l : result.layer_errors) {
            Json& layer = e[l.layer];
            for (size_t t = 0; t < run.evaluation.times.size(); t++) {
                layer[run.evaluation.times[t].name] = l.relative[t];
            }
        }
        j["histograms"]["weights"] = histogram_json(result.weights);
        j["histograms"]["conductances_us"] = histogram_json(result.conductances_us);
    }
    Json& r = j["run"];
    r["date"] = facts.date;
    r["mho"] = facts.version;
    r["cpu"] = facts.host_cpu;
    r["threads"] = facts.threads;
    r["wall_s"] = facts.wall_s;
    for (const auto& [phase, seconds] : result.cpu_s) {
        r["cpu_s"][phase] = seconds;
    }
    for (const auto& [phase, calls] : result.calls) {
        r["calls"][phase] = calls;
    }
    return j.dump(2) + "\n";
}

}  // namespace mho
