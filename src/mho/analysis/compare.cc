// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/compare.h"

#include <algorithm>
#include <cmath>

#include "mho/analysis/results_json.h"

namespace mho {
namespace {

struct Results {
    Json json;
    std::string origin;
    bool is_loss() const { return json.contains("loss"); }
    const Json& scores() const { return is_loss() ? json["loss"] : json["accuracy"]; }
    std::vector<double> chips(const Json& entry, const std::string& place) const {
        return chips_of(entry, is_loss(), origin + ": " + place);
    }
};

Results parse(const std::string& text, const std::string& origin) {
    Results r{parse_json(text, origin), origin};
    const bool good =
        r.json.is_object() && (r.json.contains("accuracy") || r.json.contains("loss")) &&
        r.scores().is_object() && r.scores().contains("float") && r.scores()["float"].is_number();
    if (!good) {
        throw InputError(origin + ": not the results of an evaluation (no accuracy.float)");
    }
    require_score(r.scores()["float"].get<double>(), r.is_loss(), origin + ": float");
    return r;
}

std::string text_of(const Json& j, const char* key) {
    return j.contains(key) && j[key].is_string() ? j[key].get<std::string>() : std::string();
}

// Welch, Biometrika 34, 28 (1947).
Interval welch_difference(const std::vector<double>& first, const std::vector<double>& second) {
    const double difference = mean(second) - mean(first);
    const auto of = [](const std::vector<double>& v) {
        const double s = standard_deviation(v);
        return s * s / static_cast<double>(v.size());
    };
    const double a = of(first);
    const double b = of(second);
    if (first.size() < 2 || second.size() < 2 || a + b == 0) {
        return {difference, difference, difference};
    }
    const double degrees = (a + b) * (a + b) /
                           (a * a / static_cast<double>(first.size() - 1) +
                            b * b / static_cast<double>(second.size() - 1));
    const double half =
        t_quantile_975(std::max<size_t>(1, static_cast<size_t>(degrees))) * std::sqrt(a + b);
    return {difference, difference - half, difference + half};
}

std::string why_not_paired(const Results& a, const Results& b) {
    if (!a.json.contains("seed") || !b.json.contains("seed") || a.json["seed"] != b.json["seed"]) {
        return "the seeds differ";
    }
    if (a.json.value("images", Json()) != b.json.value("images", Json())) {
        return "the numbers of images differ";
    }
    if (a.json.value("programmings", Json()) != b.json.value("programmings", Json())) {
        return "the numbers of chips differ";
    }
    return "";
}

}  // namespace

RunComparison compare_results(const std::string& first,
                              const std::string& first_origin,
                              const std::string& second,
                              const std::string& second_origin) {
    const Results a = parse(first, first_origin);
    const Results b = parse(second, second_origin);
    if (a.json.contains("loss") != b.json.contains("loss")) {
        throw InputError(first_origin + " and " + second_origin +
                         ": one has accuracies, the other losses");
    }
    RunComparison c;
    c.is_loss = a.json.contains("loss");
    c.first_name = text_of(a.json, "name");
    c.second_name = text_of(b.json, "name");
    c.first_exact = a.scores()["float"].get<double>();
    c.second_exact = b.scores()["float"].get<double>();
    c.why_not_paired = why_not_paired(a, b);
    c.paired = c.why_not_paired.empty();
    for (const auto& [curve, times] : a.scores().items()) {
        if (!times.is_object() || curve == "digital") {
            continue;
        }
        if (!b.scores().contains(curve)) {
            c.notes.push_back("`" + curve + "` is only in " + first_origin);
            continue;
        }
        for (const auto& [time, entry] : times.items()) {
            const Json& others = b.scores()[curve];
            const std::string place = curve + "." + time;
            const std::vector<double> x = a.chips(entry, place);
            const std::vector<double> y =
                others.is_object() && others.contains(time) ? b.chips(others[time], place) : x;
            if (!others.is_object() || !others.contains(time) || x.empty() || y.empty()) {
                c.notes.push_back("`" + curve + "` at " + time + " is only in " + first_origin);
                continue;
            }
            ComparedAccuracy row;
            row.curve = curve;
            row.time = time;
            row.first = mean(x);
            row.second = mean(y);
            row.difference = c.paired && x.size() == y.size() ? paired_difference(y, x, 1)
                                                              : welch_difference(x, y);
            row.has_interval = x.size() > 1 && y.size() > 1;
            row.differs = row.has_interval && (row.difference.low > 0 || row.difference.high < 0);
            c.rows.push_back(row);
        }
    }
    for (const auto& [curve, times] : b.scores().items()) {
        if (times.is_object() && curve != "digital" && !a.scores().contains(curve)) {
            c.notes.push_back("`" + curve + "` is only in " + second_origin);
        }
    }
    if (c.rows.empty()) {
        throw InputError(first_origin + " and " + second_origin +
                         " have no curve and time in common");
    }
    return c;
}

}  // namespace mho
