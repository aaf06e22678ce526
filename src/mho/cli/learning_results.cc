// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/learning_results.h"

#include <fmt/format.h>

#include <algorithm>

#include "mho/report/html.h"
#include "mho/report/line_chart.h"
#include "mho/util/json.h"

namespace mho {
namespace {

// A member of a row, with its place in the message when it is missing or something else.
const Json& member(const Json& row, const char* name, const std::string& where) {
    const auto it = row.find(name);
    if (it == row.end()) {
        throw IoError(where + " has no `" + name + "`");
    }
    return *it;
}

double number(const Json& j, const std::string& where) {
    // A loss that has diverged is written as null.
    if (!j.is_number() && !j.is_null()) {
        throw IoError(where + " must be a number, got " + json_kind(j));
    }
    return j.is_null() ? std::numeric_limits<double>::quiet_NaN() : j.get<double>();
}

std::vector<double> numbers(const Json& row, const char* name, const std::string& where) {
    const Json& list = member(row, name, where);
    const std::string path = where + "." + name;
    if (!list.is_array()) {
        throw IoError(path + " must be a list of numbers, got " + json_kind(list));
    }
    std::vector<double> out;
    for (size_t i = 0; i < list.size(); i++) {
        out.push_back(number(list[i], path + "[" + std::to_string(i) + "]"));
    }
    return out;
}

Json to_object(const LearningRow& r) {
    Json wear = Json::array();
    for (const LearningWear& w : r.wear) {
        wear.push_back(
            {{"most_pulses", w.most}, {"mean_pulses", w.mean}, {"energy_j", w.energy_j}});
    }
    return {{"name", r.name},
            {"learner", r.learner},
            {"learning_rate", r.learning_rate},
            {"finished", r.finished},
            {"loss", r.loss},
            {"test_accuracy", r.test_accuracy},
            {"pulses_per_weight", r.pulses},
            {"devices", wear},
            {"notes", r.notes}};
}

void fill_row(const Json& j, const std::string& where, LearningRow& r) {
    const Json& finished = member(j, "finished", where);
    if (!finished.is_boolean()) {
        throw IoError(where + ".finished must be true or false, got " + json_kind(finished));
    }
    r.finished = finished.get<bool>();
    r.loss = numbers(j, "loss", where);
    r.test_accuracy = numbers(j, "test_accuracy", where);
    r.pulses = numbers(j, "pulses_per_weight", where);
    if (r.loss.size() != r.test_accuracy.size() || r.loss.size() != r.pulses.size()) {
        throw IoError(where +
                      ": `loss`, `test_accuracy` and `pulses_per_weight` need one number "
                      "for each epoch");
    }
    r.notes.clear();
    for (const Json& note : member(j, "notes", where)) {
        if (!note.is_string()) {
            throw IoError(where + ".notes must be a list of strings");
        }
        r.notes.push_back(note.get<std::string>());
    }
    r.wear.clear();
    for (const Json& w : j.value("devices", Json::array())) {
        const std::string path = where + ".devices[" + std::to_string(r.wear.size()) + "]";
        r.wear.push_back({number(member(w, "most_pulses", path), path),
                          number(member(w, "mean_pulses", path), path),
                          number(member(w, "energy_j", path), path)});
    }
}

}  // namespace

std::vector<LearningRow> learning_rows(const RunFile& run) {
    std::vector<LearningRow> rows;
    if (run.learning.digital) {
        LearningRow row;
        row.name = row.learner = "digital";
        row.learning_rate = run.learning.training.learning_rate;
        rows.push_back(std::move(row));
    }
    for (const LearningRule& rule : run.learning.rules) {
        LearningRow row;
        row.name = rule.label();
        row.learner = learner_name(rule.learner);
        row.learning_rate =
            rule.learning_rate > 0 ? rule.learning_rate : run.learning.training.learning_rate;
        row.rule = &rule;
        rows.push_back(std::move(row));
    }
    return rows;
}

std::string learning_results_to_json(const std::vector<LearningRow>& rows) {
    Json j = Json::array();
    for (const LearningRow& r : rows) {
        j.push_back(to_object(r));
    }
    return j.dump(2) + "\n";
}

void read_learning_results(const std::string& json,
                           const std::string& origin,
                           std::vector<LearningRow>& rows) {
    const Json j = parse_json(json, origin);
    if (!j.is_array()) {
        throw IoError(origin + ": must be a list of rows, got " + json_kind(j));
    }
    for (size_t i = 0; i < rows.size() && i < j.size(); i++) {
        const std::string where = origin + ": [" + std::to_string(i) + "]";
        if (!j[i].is_object()) {
            throw IoError(where + " must be an object, got " + json_kind(j[i]));
        }
        if (member(j[i], "name", where) == Json(rows[i].name)) {
            fill_row(j[i], where, rows[i]);
        }
    }
}

Table learning_table(const RunFile& run, const std::vector<LearningRow>& rows, size_t test_images) {
    Table t("Training in memory");
    t.column("rule")
        .column("learning rate", Align::kRight)
        .column("test accuracy", Align::kRight, "%")
        .column("against digital", Align::kRight, "points")
        .column("best epoch", Align::kRight, "%")
        .column("pulses per weight, first device", Align::kRight);
    const double digital = run.learning.digital && !rows[0].test_accuracy.empty()
                               ? rows[0].test_accuracy.back()
                               : -1.0;
    for (const LearningRow& r : rows) {
        if (r.test_accuracy.empty()) {
            continue;
        }
        const double last = r.test_accuracy.back();
        const double best = *std::max_element(r.test_accuracy.begin(), r.test_accuracy.end());
        t.row({r.name,
               fmt::format("{:g}", r.learning_rate),
               fmt::format("{:.2f}", 100 * last),
               digital >= 0 && r.rule != nullptr ? fmt::format("{:+.2f}", 100 * (last - digital))
                                                 : "",
               fmt::format("{:.2f}", 100 * best),
               r.rule != nullptr ? fmt::format("{:.1f}", r.pulses.back()) : ""});
    }
    for (const LearningRow& r : rows) {
        for (size_t k = 0; k < r.wear.size(); k++) {
            const std::string energy =
                r.wear[k].energy_j > 0 ? fmt::format(", {:.3g} J", r.wear[k].energy_j) : "";
            t.footnote(
                fmt::format("{}, device {}: {:.1f} pulses a cell, {:.0f} of the most pulsed one{}",
                            r.name,
                            k,
                            r.wear[k].mean,
                            r.wear[k].most,
                            energy));
        }
        for (const std::string& note : r.notes) {
            t.footnote(r.name + ": " + note);
        }
    }
    t.footnote(
        fmt::format("{} epochs, batch {}, seed {}; {} test images, read through the "
                    "array after every epoch",
                    run.learning.training.epochs,
                    run.learning.training.batch,
                    run.seed,
                    test_images));
    return t;
}

std::string learning_page(const RunFile& run,
                          const std::vector<LearningRow>& rows,
                          size_t test_images) {
    LineChart accuracy;
    accuracy.title = "Test accuracy";
    accuracy.description = "Test accuracy after each epoch of training in memory, per rule";
    accuracy.x_label = "epoch";
    accuracy.y_label = "test accuracy";
    accuracy.percent = true;
    LineChart loss;
    loss.title = "Training loss";
    loss.description = "Training loss of each epoch, per rule";
    loss.x_label = "epoch";
    loss.y_label = "loss";
    for (const LearningRow& r : rows) {
        std::vector<double> epochs;
        for (size_t e = 0; e < r.test_accuracy.size(); e++) {
            epochs.push_back(static_cast<double>(e + 1));
        }
        LineSeries series;
        series.name = r.name;
        series.x = epochs;
        series.y = r.test_accuracy;
        series.dashed = r.rule == nullptr;
        accuracy.series.push_back(series);
        series.y = r.loss;
        loss.series.push_back(series);
    }
    HtmlPage page(run.name.empty() ? "Training in memory" : run.name, run.about);
    page.figure(full_figure(accuracy, "After every epoch, on the test images."));
    page.figure(full_figure(loss, "Mean over each epoch, in training mode."));
    page.table(learning_table(run, rows, test_images));
    page.details("Configuration", run_file_to_json(run));
    return page.str();
}

}  // namespace mho
