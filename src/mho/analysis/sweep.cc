// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "mho/random/stream.h"
#include "mho/util/json.h"

namespace mho {
namespace {

uint64_t hash_of(const std::string& text) {
    uint64_t h = 14695981039346656037U;  // FNV-1a
    for (const char c : text) {
        h = (h ^ static_cast<unsigned char>(c)) * 1099511628211U;
    }
    return h;
}

// Value of a range at a share of it, 0 to 1.
std::string range_value(const SweepParameter& p, double share) {
    double v =
        p.logarithmic ? p.low * std::pow(p.high / p.low, share) : p.low + share * (p.high - p.low);
    if (p.integer) {
        return std::to_string(std::llround(v));
    }
    return fmt::format("{:.10g}", v);
}

// Reads members with their types; what is wrong becomes a problem.
class Reader {
  public:
    Reader(const Json& j, std::string path, Problems& problems)
        : j_(j), path_(std::move(path)), problems_(problems) {
        if (!j.is_object()) {
            problem("", "expected an object { ... }, got " + json_kind(j));
        }
    }
    template <class T>
    void read(const char* key, T& value, FieldInfo info = {}) {
        known_.emplace_back(key);
        if (const Json* entry = find(key)) {
            from_json(*entry, value, join_path(path_, key), info, problems_);
        }
    }
    const Json* find(const char* key) {
        if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
            known_.emplace_back(key);
        }
        return j_.is_object() && j_.contains(key) ? &j_[key] : nullptr;
    }
    void problem(const std::string& key, const std::string& message) {
        problems_.push_back({key.empty() ? path_ : join_path(path_, key), message});
    }
    void finish() {
        if (!j_.is_object()) {
            return;
        }
        for (const auto& [key, value] : j_.items()) {
            if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
                problem(key, "unknown key" + suggestion(key, known_));
            }
        }
    }

  private:
    const Json& j_;
    std::string path_;
    Problems& problems_;
    std::vector<std::string> known_;
};

SweepParameter read_parameter(const Json& j, const std::string& path, Problems& problems) {
    SweepParameter p;
    Reader r(j, path, problems);
    r.read("path", p.path);
    r.read("low", p.low, {.min = -1e300, .max = 1e300});
    r.read("high", p.high, {.min = -1e300, .max = 1e300});
    r.read("logarithmic", p.logarithmic);
    r.read("integer", p.integer);
    r.read("points", p.points, {.min = 2, .max = 10000});
    const Json* values = r.find("values");
    p.has_range = r.find("low") != nullptr && r.find("high") != nullptr;
    r.finish();
    if (!j.is_object()) {
        return p;
    }
    if (p.path.empty()) {
        r.problem("path", "which parameter of the run file?");
    }
    if (p.has_range == (values != nullptr)) {
        r.problem("values", "give either a list of values or both `low` and `high`");
    } else if (values != nullptr) {
        if (!values->is_array() || values->empty()) {
            r.problem("values", "needs a list with at least one value");
        } else {
            for (const Json& v : *values) {
                p.values.push_back(v.dump());
            }
        }
    } else if (!(p.low < p.high) || (p.logarithmic && p.low <= 0)) {
        r.problem("low",
                  p.logarithmic ? "must be above 0 and below `high`" : "must be below `high`");
    }
    return p;
}

void add_scores(const Json& results, std::map<std::string, double>& metrics) {
    const Json& scores =
        results.contains("loss") ? results["loss"] : results.value("accuracy", Json::object());
    for (const auto& [curve, entry] : scores.items()) {
        if (entry.is_number()) {
            metrics[curve] = entry.get<double>();
            continue;
        }
        for (const auto& [time, numbers] : entry.items()) {
            if (numbers.is_number()) {
                metrics[curve + " " + time] = numbers.get<double>();
            } else if (numbers.is_object() && numbers.contains("mean") &&
                       numbers["mean"].is_number()) {
                metrics[curve + " " + time] = numbers["mean"].get<double>();
                if (numbers.contains("std") && numbers["std"].is_number()) {
                    metrics[curve + " " + time + " std"] = numbers["std"].get<double>();
                }
            }
        }
    }
}

}  // namespace

Sweep parse_sweep(const std::string& text, const std::string& origin) {
    const Json j = parse_json(text, origin);
    Problems problems;
    Sweep s;
    Reader r(j, "", problems);
    std::string method = "grid";
    r.read("name", s.name);
    r.read("run", s.run);
    r.read("command", s.command);
    r.read("set", s.set);
    r.read("cost", s.cost);
    r.read("method", method);
    r.read("samples", s.samples, {.min = 1, .max = static_cast<double>(kMaxSweepPoints)});
    r.read("seed", s.seed, {.min = 0, .max = 1.8e19});
    const Json* parameters = r.find("parameters");
    r.finish();
    if (j.is_object()) {
        const std::vector<std::string> methods = {"grid", "latin hypercube"};
        if (s.run.empty()) {
            r.problem("run", "which run file?");
        }
        if (s.name.find_first_of("/\\") != std::string::npos || s.name == "." || s.name == "..") {
            r.problem("name", "names a folder below runs/: no path, got `" + s.name + "`");
        }
        if (!s.command.empty() && s.command != "evaluate" && s.command != "train") {
            r.problem("command",
                      "unknown command `" + s.command + "`" +
                          suggestion(s.command, {"evaluate", "train"}));
        }
        if (method != methods[0] && method != methods[1]) {
            r.problem("method", "unknown choice `" + method + "`" + suggestion(method, methods));
        }
        if (parameters == nullptr || !parameters->is_array() || parameters->empty()) {
            r.problem("parameters", "needs a list of objects with `path` and values or a range");
        }
        for (size_t i = 0; i < s.set.size(); i++) {
            if (s.set[i].find('=') == std::string::npos) {
                r.problem("set[" + std::to_string(i) + "]", "expected path=value");
            }
        }
    }
    s.method = method == "grid" ? SweepMethod::kGrid : SweepMethod::kLatinHypercube;
    for (size_t i = 0; parameters != nullptr && parameters->is_array() && i < parameters->size();
         i++) {
        s.parameters.push_back(
            read_parameter((*parameters)[i], "parameters[" + std::to_string(i) + "]", problems));
    }
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return s;
}

std::vector<SweepPoint> sweep_points(const Sweep& s) {
    std::vector<std::vector<std::string>> lists;  // [point][parameter]
    if (s.method == SweepMethod::kGrid) {
        lists.emplace_back();
        for (const SweepParameter& p : s.parameters) {
            std::vector<std::string> values = p.values;
            for (int i = 0; p.has_range && i < p.points; i++) {
                values.push_back(range_value(p, i / static_cast<double>(p.points - 1)));
            }
            // A short range of integers rounds to the same number more than once.
            values.erase(std::unique(values.begin(), values.end()), values.end());
            if (values.size() * lists.size() > kMaxSweepPoints) {
                throw InputError("the sweep has more than " + std::to_string(kMaxSweepPoints) +
                                 " points; use method `latin hypercube` or fewer values");
            }
            std::vector<std::vector<std::string>> longer;
            for (const auto& list : lists) {
                for (const std::string& v : values) {
                    longer.push_back(list);
                    longer.back().push_back(v);
                }
            }
            lists = std::move(longer);
        }
    } else {
        const auto n = static_cast<size_t>(s.samples);
        lists.assign(n, {});
        for (size_t k = 0; k < s.parameters.size(); k++) {
            const SweepParameter& p = s.parameters[k];
            // Order of the strata, and the place within each.
            std::vector<float> numbers(2 * n);
            fill_uniform(make_tile_key(s.seed, "latin hypercube"), Stream::kShuffle, k, 0, numbers);
            std::vector<size_t> stratum(n);
            std::iota(stratum.begin(), stratum.end(), size_t{0});
            std::stable_sort(stratum.begin(), stratum.end(), [&](size_t a, size_t b) {
                return numbers[a] < numbers[b];
            });
            for (size_t i = 0; i < n; i++) {
                const double share = (static_cast<double>(stratum[i]) +
                                      std::min(0.999999, static_cast<double>(numbers[n + i]))) /
                                     static_cast<double>(n);
                lists[i].push_back(p.has_range
                                       ? range_value(p, share)
                                       : p.values[static_cast<size_t>(
                                             share * static_cast<double>(p.values.size()))]);
            }
        }
    }
    std::vector<SweepPoint> points;
    std::set<std::string> names;
    for (auto& list : lists) {
        SweepPoint point;
        point.overrides = s.set;
        for (size_t k = 0; k < list.size(); k++) {
            point.overrides.push_back(s.parameters[k].path + "=" + list[k]);
        }
        std::string all = s.run + "\n" + s.command;
        for (const std::string& o : point.overrides) {
            all += "\n" + o;
        }
        point.name = fmt::format("{:016x}", hash_of(all));
        point.values = std::move(list);
        // Equal values of a list, or samples that fall on one of them, are one point.
        if (names.insert(point.name).second) {
            points.push_back(std::move(point));
        }
    }
    return points;
}

std::map<std::string, double> sweep_metrics(const std::string& results_json,
                                            const std::string& cost_json) {
    std::map<std::string, double> metrics;
    const Json results = Json::parse(results_json, nullptr, false);
    if (results.is_object()) {
        add_scores(results, metrics);
    }
    const Json cost = Json::parse(cost_json, nullptr, false);
    if (cost.is_object() && cost.contains("totals")) {
        for (const char* name : {"energy_j", "latency_s", "area_mm2", "tops_per_w"}) {
            const Json& totals = cost["totals"];
            if (totals.is_object() && totals.contains(name) && totals[name].is_number()) {
                metrics[name] = totals[name].get<double>();
            }
        }
    }
    return metrics;
}

std::vector<double> SweepTable::column(const std::string& name) const {
    std::vector<double> numbers;
    for (size_t k = 0; k < parameters.size(); k++) {
        if (parameters[k] == name) {
            for (const Row& row : rows) {
                const Json v = Json::parse(row.values[k], nullptr, false);
                numbers.push_back(v.is_number() ? v.get<double>() : NAN);
            }
            return numbers;
        }
    }
    for (size_t k = 0; k < metrics.size(); k++) {
        if (metrics[k] == name) {
            for (const Row& row : rows) {
                numbers.push_back(row.metrics[k]);
            }
            return numbers;
        }
    }
    std::vector<std::string> known = parameters;
    known.insert(known.end(), metrics.begin(), metrics.end());
    throw InputError("no column `" + name + "`" + suggestion(name, known));
}

std::string SweepTable::csv() const {
    const auto quoted = [](const std::string& s) {
        if (s.find_first_of(",\"\n") == std::string::npos) {
            return s;
        }
        std::string q = "\"";
        for (const char c : s) {
            q += c == '"' ? "\"\"" : std::string(1, c);
        }
        return q + "\"";
    };
    std::string text;
    for (const auto* names : {&parameters, &metrics}) {
        for (const std::string& name : *names) {
            text += quoted(name) + ",";
        }
    }
    text += "state\n";
    for (const Row& row : rows) {
        for (const std::string& v : row.values) {
            text += quoted(v) + ",";
        }
        for (const double v : row.metrics) {
            text += (std::isfinite(v) ? fmt::format("{:.9g}", v) : "") + ",";
        }
        text += quoted(row.state) + "\n";
    }
    return text;
}

std::vector<size_t> pareto_front(const std::vector<double>& x, const std::vector<double>& y) {
    if (x.size() != y.size()) {
        throw InputError("a front needs as many numbers on both axes");
    }
    std::vector<size_t> order;
    for (size_t i = 0; i < x.size(); i++) {
        if (std::isfinite(x[i]) && std::isfinite(y[i])) {
            order.push_back(i);
        }
    }
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return x[a] != x[b] ? x[a] < x[b] : y[a] > y[b];
    });
    std::vector<size_t> front;
    for (const size_t i : order) {
        if (front.empty() || y[i] > y[front.back()]) {
            front.push_back(i);
        }
    }
    return front;
}

}  // namespace mho
