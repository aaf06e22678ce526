// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "mho/io/file.h"
#include "mho/util/error.h"
#include "mho/util/json.h"
#include "mho/util/json_message.h"
#include "mho/util/reflect.h"

namespace mho {
namespace {

constexpr std::array kVerdicts = {
    Verdict::kHolds, Verdict::kTooWide, Verdict::kInPart, Verdict::kFails};

// 2026-11-25T14:40:13Z -> 2026-11-25T144013Z: names that every file system takes, in order of time.
std::string file_stamp(const std::string& date) {
    std::string stamp;
    for (const char c : date) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '-';
        if (plain) {
            stamp += c;
        }
    }
    return stamp.empty() ? "undated" : stamp;
}

Json table_json(const StudyTable& t) {
    return {{"title", t.title}, {"columns", t.columns}, {"rows", t.rows}, {"note", t.note}};
}

StudyTable table_from(const Json& j) {
    StudyTable t{j.at("title"), j.at("columns"), j.at("rows"), j.at("note")};
    for (const std::vector<std::string>& row : t.rows) {
        if (row.size() != t.columns.size()) {
            throw InputError("the rows of table `" + t.title + "` do not fit its columns");
        }
    }
    return t;
}

Json chart_json(const StudyChart& c) {
    Json curves = Json::array();
    for (const StudyCurve& curve : c.curves) {
        curves.push_back({{"name", curve.name}, {"x", curve.x}, {"y", curve.y}});
    }
    return {{"title", c.title},
            {"x_label", c.x_label},
            {"y_label", c.y_label},
            {"log_x", c.log_x},
            {"curves", std::move(curves)}};
}

StudyChart chart_from(const Json& j) {
    StudyChart c{j.at("title"), j.at("x_label"), j.at("y_label"), j.at("log_x"), {}};
    for (const Json& curve : j.at("curves")) {
        c.curves.push_back({curve.at("name"), curve.at("x"), curve.at("y")});
    }
    return c;
}

Json row_json(const StudyRow& r) {
    Json j = {{"claim", r.claim},
              {"published", r.published},
              {"accepted", r.accepted},
              {"measured", r.measured},
              {"mean", r.value.mean},
              {"low_95", r.value.low},
              {"high_95", r.value.high},
              {"unit", r.unit},
              {"verdict", verdict_text(r.verdict)}};
    // A side without bound has no number: JSON knows no infinity.
    if (r.bounds && std::isfinite(r.bounds->low)) {
        j["accepted_low"] = r.bounds->low;
    }
    if (r.bounds && std::isfinite(r.bounds->high)) {
        j["accepted_high"] = r.bounds->high;
    }
    if (!r.explanation.empty()) {
        j["explanation"] = r.explanation;
    }
    return j;
}

StudyRow row_from(const Json& j) {
    StudyRow r;
    r.claim = j.at("claim");
    r.published = j.at("published");
    r.accepted = j.at("accepted");
    r.measured = j.at("measured");
    r.value = {j.at("mean"), j.at("low_95"), j.at("high_95")};
    r.unit = j.at("unit");
    const std::string verdict = j.at("verdict");
    const auto found = std::find_if(
        kVerdicts.begin(), kVerdicts.end(), [&](Verdict v) { return verdict_text(v) == verdict; });
    if (found == kVerdicts.end()) {
        throw InputError("unknown verdict `" + verdict + "`");
    }
    r.verdict = *found;
    if (j.contains("accepted_low") || j.contains("accepted_high")) {
        r.bounds = {j.value("accepted_low", -kInfinity), j.value("accepted_high", kInfinity)};
        r.verdict = verdict_in(*r.bounds, r.value);
    }
    r.explanation = j.value("explanation", "");
    return r;
}

}  // namespace

std::string verdict_text(Verdict verdict) {
    switch (verdict) {
        case Verdict::kHolds:
            return "holds";
        case Verdict::kTooWide:
            return "holds in part (interval too wide)";
        case Verdict::kInPart:
            return "holds in part";
        case Verdict::kFails:
            return "fails";
    }
    return "?";
}

Verdict verdict_in(const Accepted& accepted, const Interval& measured) {
    if (measured.low >= accepted.low && measured.high <= accepted.high) {
        return Verdict::kHolds;
    }
    if (measured.mean >= accepted.low && measured.mean <= accepted.high) {
        return Verdict::kTooWide;
    }
    const bool reaches_in = measured.high >= accepted.low && measured.low <= accepted.high;
    return reaches_in ? Verdict::kInPart : Verdict::kFails;
}

std::string explanation_of(const StudyRow& row) {
    if (!row.explanation.empty() || row.verdict != Verdict::kTooWide || !row.bounds) {
        return row.explanation;
    }
    // How far the interval would have to shrink, on the side or sides where it reaches out; its
    // width falls with the root of the repetitions.
    double shrink = 1.0;
    const auto side = [&](double width, double room) {
        shrink = room > 0 ? std::max(shrink, width / room) : kInfinity;
    };
    if (row.value.low < row.bounds->low) {
        side(row.value.mean - row.value.low, row.value.mean - row.bounds->low);
    }
    if (row.value.high > row.bounds->high) {
        side(row.value.high - row.value.mean, row.bounds->high - row.value.mean);
    }
    const std::string start = "the mean lies in the accepted range, its interval reaches out of it";
    if (shrink > 10) {
        return start + ", and so near the bound that more repetitions would hardly decide it.";
    }
    return fmt::format("{}. At this spread about {:.0f} times the repetitions would decide it.",
                       start,
                       std::ceil(shrink * shrink));
}

void explain_by_test(StudyRow& row, const std::string& test) {
    if (row.verdict == Verdict::kHolds) {
        return;
    }
    const std::string repetitions = explanation_of(row);
    row.explanation = test + (repetitions.empty() ? "" : " And " + repetitions);
}

std::string interval_text(const Interval& i, int decimals) {
    return fmt::format(
        "{:.{}f} ({:.{}f} to {:.{}f})", i.mean, decimals, i.low, decimals, i.high, decimals);
}

std::string difference_text(const Interval& i, int decimals) {
    return fmt::format(
        "{:+.{}f} ({:+.{}f} to {:+.{}f})", i.mean, decimals, i.low, decimals, i.high, decimals);
}

namespace {

StudyRow measured_row(std::string claim,
                      std::string published,
                      std::string accepted,
                      const Accepted& bounds,
                      const Interval& measured,
                      std::string unit,
                      int decimals) {
    StudyRow row;
    row.claim = std::move(claim);
    row.published = std::move(published);
    row.accepted = std::move(accepted);
    row.measured = fmt::format("{:.{}f} {} ({:.{}f} to {:.{}f})",
                               measured.mean,
                               decimals,
                               unit,
                               measured.low,
                               decimals,
                               measured.high,
                               decimals);
    row.value = measured;
    row.unit = std::move(unit);
    row.verdict = verdict_in(bounds, measured);
    row.bounds = bounds;
    return row;
}

}  // namespace

StudyRow number_row(std::string claim,
                    std::string published,
                    double low,
                    double high,
                    const Interval& measured,
                    std::string unit,
                    int decimals) {
    return measured_row(std::move(claim),
                        std::move(published),
                        fmt::format("{:.6g} to {:.6g} {}", low, high, unit),
                        {low, high},
                        measured,
                        unit,
                        decimals);
}

StudyRow at_least_row(std::string claim,
                      std::string published,
                      double low,
                      const Interval& measured,
                      std::string unit,
                      int decimals) {
    return measured_row(std::move(claim),
                        std::move(published),
                        fmt::format("at least {} {}", low, unit),
                        {low, kInfinity},
                        measured,
                        unit,
                        decimals);
}

StudyRow at_most_row(std::string claim,
                     std::string published,
                     double high,
                     const Interval& measured,
                     std::string unit,
                     int decimals) {
    return measured_row(std::move(claim),
                        std::move(published),
                        fmt::format("at most {} {}", high, unit),
                        {-kInfinity, high},
                        measured,
                        unit,
                        decimals);
}

StudyRow count_row(
    std::string claim, std::string published, std::string accepted, size_t held, size_t count) {
    StudyRow row;
    row.claim = std::move(claim);
    row.published = std::move(published);
    row.accepted = std::move(accepted);
    row.measured = fmt::format("{} of {}", held, count);
    const double share = count > 0 ? static_cast<double>(held) / static_cast<double>(count) : 0.0;
    row.value = {share, share, share};
    row.unit = "1";
    row.verdict = count > 0 && held == count ? Verdict::kHolds
                  : share > 0.5              ? Verdict::kInPart
                                             : Verdict::kFails;
    return row;
}

std::vector<Study> studies() {
    std::vector<Study> all = {circuits_study(),
                              gdp_study(),
                              kernel_approximation_study(),
                              mvm_error_study(),
                              nmpu_study(),
                              residual_learning_study()};
    for (Study& study : described_training_studies()) {
        all.push_back(std::move(study));
    }
    std::sort(
        all.begin(), all.end(), [](const Study& a, const Study& b) { return a.name < b.name; });
    return all;
}

Study find_study(const std::string& name) {
    std::vector<std::string> names;
    for (Study& study : studies()) {
        if (study.name == name) {
            return std::move(study);
        }
        names.push_back(study.name);
    }
    throw ConfigError("", "no study is called `" + name + "`" + suggestion(name, names));
}

StudyRecord study_record(const Study& study,
                         const StudyOptions& options,
                         StudyResult result,
                         const RunFacts& facts) {
    return {study.name,
            study.paper,
            study.claim,
            facts.date,
            facts.version,
            facts.host_cpu,
            options.seed,
            options.small,
            facts.wall_s,
            std::move(result)};
}

std::string study_to_json(const StudyRecord& record) {
    Json j;
    j["study"] = record.study;
    j["paper"] = record.paper;
    j["claim"] = record.claim;
    j["small"] = record.small;
    j["seed"] = record.seed;
    j["repetitions"] = record.result.repetitions;
    j["substitution"] = record.result.substitution;
    j["rows"] = Json::array();
    for (const StudyRow& row : record.result.rows) {
        j["rows"].push_back(row_json(row));
    }
    j["tables"] = Json::array();
    for (const StudyTable& table : record.result.tables) {
        j["tables"].push_back(table_json(table));
    }
    if (!record.result.charts.empty()) {
        j["charts"] = Json::array();
        for (const StudyChart& chart : record.result.charts) {
            j["charts"].push_back(chart_json(chart));
        }
    }
    j["run"] = {{"date", record.date},
                {"mho", record.version},
                {"cpu", record.cpu},
                {"wall_s", record.wall_s}};
    if (record.cpu_s > 0) {
        j["run"]["cpu_s"] = record.cpu_s;
    }
    return j.dump(2) + "\n";
}

StudyRecord study_from_json(const std::string& text, const std::string& origin) {
    try {
        const Json j = parse_json(text, origin);
        StudyRecord r;
        r.study = j.at("study");
        r.paper = j.at("paper");
        r.claim = j.at("claim");
        r.small = j.at("small");
        r.seed = j.at("seed");
        r.result.repetitions = j.at("repetitions");
        r.result.substitution = j.at("substitution");
        for (const Json& row : j.at("rows")) {
            r.result.rows.push_back(row_from(row));
        }
        for (const Json& table : j.at("tables")) {
            r.result.tables.push_back(table_from(table));
        }
        for (const Json& chart : j.value("charts", Json::array())) {
            r.result.charts.push_back(chart_from(chart));
        }
        const Json& run = j.at("run");
        r.date = run.at("date");
        r.version = run.at("mho");
        r.cpu = run.at("cpu");
        r.wall_s = run.at("wall_s");
        r.cpu_s = run.value("cpu_s", 0.0);
        return r;
    } catch (const Json::exception& e) {
        throw IoError(
            fmt::format("`{}` is no record of a study: {}", origin, plain_json_message(e.what())));
    } catch (const Error& e) {
        throw IoError(fmt::format("`{}` is no record of a study: {}", origin, e.what()));
    }
}

std::string write_study_record(const std::string& folder, const StudyRecord& record) {
    const std::string results = folder + "/" + record.study + "/results";
    ensure_folder(results);
    const std::string path =
        fmt::format("{}/{}{}.json", results, file_stamp(record.date), record.small ? "-small" : "");
    write_file_atomically(path, study_to_json(record));
    return path;
}

std::vector<std::string> study_record_files(const std::string& folder,
                                            const std::string& study,
                                            bool small) {
    const std::string results = folder + "/" + study + "/results";
    std::vector<std::string> files;
    std::error_code failed;
    for (std::filesystem::directory_iterator it(results, failed), end; !failed && it != end;
         it.increment(failed)) {
        const std::string name = it->path().filename().string();
        if (name.ends_with(".json") && name.ends_with("-small.json") == small) {
            files.push_back(results + "/" + name);
        }
    }
    std::ranges::sort(files);
    return files;
}

std::optional<StudyRecord> newest_study_record(const std::string& folder,
                                               const std::string& study) {
    for (const bool small : {false, true}) {
        const std::vector<std::string> files = study_record_files(folder, study, small);
        if (!files.empty()) {
            return study_from_json(read_file(files.back()), files.back());
        }
    }
    return std::nullopt;
}

}  // namespace mho
