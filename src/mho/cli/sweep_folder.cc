// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/sweep_folder.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>

#include "mho/analysis/run_file.h"
#include "mho/cli/run_folder.h"
#include "mho/io/file.h"

namespace mho {
namespace {

constexpr size_t kCheckedPoints = 1000;

// The last line that a point's process said.
std::string last_words(const std::string& log) {
    std::string text = std::filesystem::exists(log) ? read_file(log) : std::string();
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    const size_t line = text.rfind('\n');
    return line == std::string::npos ? text : text.substr(line + 1);
}

}  // namespace

SweepFolder::SweepFolder(const std::string& file)
    : sweep_(parse_sweep(read_file(file), file)), points_(sweep_points(sweep_)) {
    const std::filesystem::path path(file);
    name_ = sweep_.name.empty() ? path.stem().string() : sweep_.name;
    const std::filesystem::path beside = path.parent_path() / sweep_.run;
    run_ = std::filesystem::absolute(
               std::filesystem::exists(beside) ? beside : std::filesystem::path(sweep_.run))
               .lexically_normal()
               .string();
    const RunFile first = read_run_file(run_, points_[0].overrides);
    if (sweep_.command.empty()) {
        sweep_.command = first.network.weights.empty() ? "train" : "evaluate";
    }
    for (size_t i = 1; i < points_.size() && points_.size() <= kCheckedPoints; i++) {
        read_run_file(run_, points_[i].overrides);
    }
}

void SweepFolder::open(const std::string& folder) {
    folder_ = folder.empty() ? "runs/" + name_ : folder;
    ensure_folder(folder_);
    lock_.emplace_back(folder_);
    ensure_folder(folder_ + "/points");
}

std::string SweepFolder::point_folder(const SweepPoint& point) const {
    return folder_ + "/points/" + point.name;
}

std::string SweepFolder::text_of(const SweepPoint& point, const char* file) const {
    const std::string path = point_folder(point) + "/" + file;
    return std::filesystem::exists(path) ? read_file(path) : std::string();
}

bool SweepFolder::is_done(const SweepPoint& point) const {
    const RunFolder folder{point_folder(point)};
    if (!folder.has("results.json")) {
        return false;
    }
    const RunFile run = read_run_file(run_, point.overrides);
    if (!folder.holds(run)) {
        return false;
    }
    if (sweep_.command != "evaluate" || run.network.weights.empty()) {
        return true;
    }
    try {
        return read_network(folder.file("float.safetensors")).parameters ==
               fold_batch_norm(build_network(run)).parameters;
    } catch (const IoError&) {
        return false;
    }
}

std::vector<SweepPoint> SweepFolder::without_results() const {
    std::vector<SweepPoint> rest;
    std::copy_if(points_.begin(), points_.end(), std::back_inserter(rest), [&](const auto& p) {
        return !is_done(p);
    });
    // What is there of another run file or other weights must not stand for them, whatever happens
    // next.
    for (const SweepPoint& p : rest) {
        for (const char* old : {"results.json", "cost.json"}) {
            std::filesystem::remove(point_folder(p) + "/" + old);
        }
    }
    return rest;
}

std::vector<SweepPoint> SweepFolder::without_costs() const {
    std::vector<SweepPoint> rest;
    std::copy_if(points_.begin(), points_.end(), std::back_inserter(rest), [&](const auto& p) {
        return sweep_.cost && !text_of(p, "results.json").empty() &&
               text_of(p, "cost.json").empty();
    });
    return rest;
}

std::vector<std::string> SweepFolder::evaluation(const SweepPoint& point,
                                                 const std::string& into,
                                                 size_t threads) const {
    std::vector<std::string> words = {
        sweep_.command, run_, "--out", into, "--resume", "--overwrite", "--quiet"};
    if (sweep_.command == "evaluate" && threads > 0) {
        words.insert(words.end(), {"--threads", std::to_string(threads)});
    }
    for (const std::string& o : point.overrides) {
        words.insert(words.end(), {"--set", o});
    }
    return words;
}

std::vector<std::string> SweepFolder::costing(const std::string& folder) {
    return {"cost", folder, "--json", folder + "/cost.json", "--quiet"};
}

SweepTable SweepFolder::table() const {
    SweepTable table;
    for (const SweepParameter& p : sweep_.parameters) {
        table.parameters.push_back(p.path);
    }
    std::vector<std::map<std::string, double>> found;
    std::set<std::string> names;
    for (const SweepPoint& p : points_) {
        found.push_back(
            sweep_metrics(text_of(p, "results.json"), sweep_.cost ? text_of(p, "cost.json") : ""));
        for (const auto& [name, value] : found.back()) {
            names.insert(name);
        }
    }
    table.metrics.assign(names.begin(), names.end());
    for (size_t i = 0; i < points_.size(); i++) {
        SweepTable::Row row;
        row.values = points_[i].values;
        for (const std::string& name : table.metrics) {
            const auto at = found[i].find(name);
            row.metrics.push_back(at == found[i].end() ? NAN : at->second);
        }
        row.state = text_of(points_[i], "results.json").empty()
                        ? "not done: " + last_words(point_folder(points_[i]) + ".log")
                        : "done";
        table.rows.push_back(std::move(row));
    }
    return table;
}

std::vector<std::pair<std::string, std::string>> SweepFolder::outputs(const SweepTable& table,
                                                                      const SweepAxes& axes) const {
    return {{folder_ + "/sweep.csv", table.csv()},
            {folder_ + "/sweep.html", sweep_page(sweep_, table, axes)}};
}

}  // namespace mho
