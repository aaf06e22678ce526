// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/learning_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "mho/io/file.h"
#include "mho/nn/test_accuracy.h"
#include "mho/nn/trainer.h"
#include "mho/report/html.h"
#include "mho/report/line_chart.h"
#include "mho/report/table.h"
#include "mho/train/programming_cost.h"
#include "mho/util/error.h"
#include "mho/util/glob.h"

namespace mho {
namespace {

using OrderedJson = nlohmann::ordered_json;

// Steps of test passes: no training step reaches them.
constexpr uint64_t kTestStep = uint64_t{1} << 40;

// One line of the table: digital, or a rule.
// What the pulses did to one device of the learners, over all layers.
struct Wear {
    double most = 0;  // of the most pulsed cell
    double mean = 0;
    double energy_j = 0;
};

struct Row {
    std::string name;
    std::string learner;
    double learning_rate = 0;
    const LearningRule* rule = nullptr;
    std::vector<double> loss;           // per epoch, in training mode
    std::vector<double> test_accuracy;  // share of the labels
    std::vector<double> pulses;         // per weight of the first device, so far
    std::vector<Wear> wear;             // per device, where pulses are counted
    std::vector<std::string> notes;
    bool finished = false;
};

std::string checkpoint_name(size_t row) {
    return "learning-" + std::to_string(row) + ".checkpoint";
}

std::vector<Row> rows_of(const RunFile& run) {
    std::vector<Row> rows;
    if (run.learning.digital) {
        Row row;
        row.name = row.learner = "digital";
        row.learning_rate = run.learning.training.learning_rate;
        rows.push_back(std::move(row));
    }
    for (const LearningRule& rule : run.learning.rules) {
        Row row;
        row.name = rule.label();
        row.learner = learner_name(rule.learner);
        row.learning_rate =
            rule.learning_rate > 0 ? rule.learning_rate : run.learning.training.learning_rate;
        row.rule = &rule;
        rows.push_back(std::move(row));
    }
    return rows;
}

void apply_rate_factors(const GraphNetwork& network, const LearningRule& rule) {
    for (size_t i = 0; i < rule.rate_factors.size(); i++) {
        const RateFactor& f = rule.rate_factors[i];
        size_t tiles = 0;
        std::string known;
        for (const auto& [name, layer] : network->analog_layers()) {
            known += (known.empty() ? "" : ", ") + name;
            if (matches_glob(f.match, name)) {
                tiles += layer->set_rate_factor(f.factor, f.tile_row, f.tile_column);
            }
        }
        if (tiles == 0) {
            throw ConfigError(
                "learning.rules[`" + rule.label() + "`].rate_factors[" + std::to_string(i) + "]",
                "no tile of an analog layer fits; layers: " + known);
        }
    }
}

std::vector<Wear> wear_of(const GraphNetwork& network, const LearningRule& rule) {
    std::vector<Wear> all;
    std::vector<double> cells;
    for (const auto& [name, layer] : network->analog_layers()) {
        for (const Learner* l : layer->learners()) {
            all.resize(std::max(all.size(), l->device_count()));
            cells.resize(all.size());
            for (size_t k = 0; k < l->device_count(); k++) {
                const Endurance e = endurance(l->device(k));
                const auto count = static_cast<double>(l->rows() * l->cols());
                all[k].most = std::max(all[k].most, static_cast<double>(e.most));
                all[k].mean += e.mean * count;
                cells[k] += count;
                all[k].energy_j +=
                    programming_energy_j(l->device(k), {rule.pulse_up_j, rule.pulse_down_j});
            }
        }
    }
    for (size_t k = 0; k < all.size(); k++) {
        all[k].mean /= cells[k];
    }
    return all;
}

double pulses_per_weight(const GraphNetwork& network) {
    double pulses = 0;
    double weights = 0;
    for (const auto& [name, layer] : network->analog_layers()) {
        for (const Learner* l : layer->learners()) {
            pulses += static_cast<double>(l->activity(0).pulses);
            weights += static_cast<double>(l->rows() * l->cols());
        }
    }
    return weights > 0 ? pulses / weights : 0.0;
}

OrderedJson to_object(const Row& r) {
    OrderedJson wear = OrderedJson::array();
    for (const Wear& w : r.wear) {
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

class Learning {
  public:
    Learning(const RunFile& run, const Data& data, const LearningStage& stage, std::ostream& out)
        : run_(run), data_(data), stage_(stage), out_(out), rows_(rows_of(run)) {}

    void run() {
        read_results();
        for (size_t i = 0; i < rows_.size(); i++) {
            if (!rows_[i].finished) {
                train(i);
            }
        }
        write_page();
        out_ << table().text();
        out_ << "results: " << file("learning.json") << ", " << file("learning.html") << "\n";
    }

  private:
    std::string file(const std::string& name) const { return stage_.folder + "/" + name; }

    void train(size_t index) {
        Row& row = rows_[index];
        TrainConfig config = run_.learning.training;
        config.learning_rate = row.learning_rate;
        Network start = build_network(run_);
        if (row.rule != nullptr) {
            start = map_to_hardware(fold_batch_norm(start), run_.hardware);
        }
        GraphNetwork network(start, run_.seed);
        if (row.rule != nullptr) {
            network->learn_in_memory(row.rule->learner);
            apply_rate_factors(network, *row.rule);
            if (row.rule->count_pulses) {
                for (const auto& [name, layer] : network->analog_layers()) {
                    layer->count_pulses();
                }
            }
            row.notes = notes_of(network);
        }
        Trainer trainer(network, data_.train, config, run_.seed);
        const std::string checkpoint = file(checkpoint_name(index));
        if (std::filesystem::exists(checkpoint)) {
            trainer.load(checkpoint);
        }
        // What the log holds beyond the checkpoint is done again.
        const size_t epochs = trainer.history().size();
        for (std::vector<double>* list : {&row.loss, &row.test_accuracy, &row.pulses}) {
            list->resize(std::min(list->size(), epochs));
        }
        const auto batch = static_cast<size_t>(config.batch);
        if (stage_.hooks.begin) {
            stage_.hooks.begin(
                row.name,
                trainer.steps_per_epoch() * static_cast<size_t>(config.epochs) * batch,
                "images");
            stage_.hooks.advance(trainer.step() * batch);
        }
        trainer.on_batch = [&](const Trainer::Progress&) {
            if (stage_.hooks.advance) {
                stage_.hooks.advance(batch);
            }
        };
        trainer.on_epoch = [&](const Trainer::EpochResult& e) {
            row.loss.push_back(e.loss);
            row.test_accuracy.push_back(
                test_accuracy(network, data_.test, kTestStep + static_cast<uint64_t>(e.epoch)));
            row.pulses.push_back(pulses_per_weight(network));
            if (row.rule != nullptr && row.rule->count_pulses) {
                row.wear = wear_of(network, *row.rule);
            }
            // Results first: a checkpoint never is ahead of them.
            write_results();
            trainer.save(checkpoint);
            const OrderedJson line = {{"event", "epoch"},
                                      {"stage", "learning"},
                                      {"rule", row.name},
                                      {"epoch", e.epoch + 1},
                                      {"loss", e.loss},
                                      {"accuracy", e.accuracy},
                                      {"test_accuracy", row.test_accuracy.back()},
                                      {"learning_rate", e.learning_rate},
                                      {"pulses_per_weight", row.pulses.back()}};
            stage_.event(line.dump());
            if (stage_.hooks.note) {
                stage_.hooks.note(
                    fmt::format("{}: epoch {} of {}: loss {:.4f}, test accuracy {:.2f} %",
                                row.name,
                                e.epoch + 1,
                                config.epochs,
                                e.loss,
                                100 * row.test_accuracy.back()));
            }
        };
        const bool finished = trainer.run(stage_.stop);
        if (stage_.hooks.end) {
            stage_.hooks.end();
        }
        if (!finished) {
            trainer.save(checkpoint);
            throw Interrupted("stopped in epoch " + std::to_string(trainer.history().size() + 1) +
                              " of `" + row.name + "`; continue with --resume");
        }
        write_network(file(fmt::format("learning-{}.safetensors", index)),
                      network->export_network());
        row.finished = true;
        write_results();
        std::filesystem::remove(checkpoint);
    }

    static std::vector<std::string> notes_of(const GraphNetwork& network) {
        for (const auto& [name, layer] : network->analog_layers()) {
            if (!layer->learners().empty()) {
                return layer->learners()[0]->notes();
            }
        }
        return {};
    }

    void write_results() const {
        OrderedJson j = OrderedJson::array();
        for (const Row& r : rows_) {
            j.push_back(to_object(r));
        }
        write_file_atomically(file("learning.json"), j.dump(2) + "\n");
    }

    // Rows that an earlier call of the same configuration left.
    void read_results() {
        if (!std::filesystem::exists(file("learning.json"))) {
            return;
        }
        try {
            const OrderedJson j = OrderedJson::parse(read_file(file("learning.json")));
            for (size_t i = 0; i < rows_.size() && i < j.size(); i++) {
                Row& r = rows_[i];
                if (j[i].at("name") != r.name) {
                    continue;
                }
                r.finished = j[i].at("finished");
                r.loss = j[i].at("loss").get<std::vector<double>>();
                r.test_accuracy = j[i].at("test_accuracy").get<std::vector<double>>();
                r.pulses = j[i].at("pulses_per_weight").get<std::vector<double>>();
                r.notes = j[i].at("notes").get<std::vector<std::string>>();
                r.wear.clear();
                for (const OrderedJson& w : j[i].value("devices", OrderedJson::array())) {
                    r.wear.push_back({w.at("most_pulses"), w.at("mean_pulses"), w.at("energy_j")});
                }
            }
        } catch (const nlohmann::json::exception& e) {
            throw IoError(file("learning.json") + " is damaged: " + e.what());
        }
    }

    Table table() const {
        Table t("Training in memory");
        t.column("rule")
            .column("learning rate", Align::kRight)
            .column("test accuracy", Align::kRight, "%")
            .column("against digital", Align::kRight, "points")
            .column("best epoch", Align::kRight, "%")
            .column("pulses per weight, first device", Align::kRight);
        const double digital = run_.learning.digital && !rows_[0].test_accuracy.empty()
                                   ? rows_[0].test_accuracy.back()
                                   : -1.0;
        for (const Row& r : rows_) {
            if (r.test_accuracy.empty()) {
                continue;
            }
            const double last = r.test_accuracy.back();
            const double best = *std::max_element(r.test_accuracy.begin(), r.test_accuracy.end());
            t.row({r.name,
                   fmt::format("{:g}", r.learning_rate),
                   fmt::format("{:.2f}", 100 * last),
                   digital >= 0 && r.rule != nullptr
                       ? fmt::format("{:+.2f}", 100 * (last - digital))
                       : "",
                   fmt::format("{:.2f}", 100 * best),
                   r.rule != nullptr ? fmt::format("{:.1f}", r.pulses.back()) : ""});
        }
        for (const Row& r : rows_) {
            for (size_t k = 0; k < r.wear.size(); k++) {
                const std::string energy =
                    r.wear[k].energy_j > 0 ? fmt::format(", {:.3g} J", r.wear[k].energy_j) : "";
                t.footnote(fmt::format(
                    "{}, device {}: {:.1f} pulses a cell, {:.0f} of the most pulsed one{}",
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
                        run_.learning.training.epochs,
                        run_.learning.training.batch,
                        run_.seed,
                        data_.test.count));
        return t;
    }

    void write_page() const {
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
        for (const Row& r : rows_) {
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
        HtmlPage page(run_.name.empty() ? "Training in memory" : run_.name, run_.about);
        page.figure(full_figure(accuracy, "After every epoch, on the test images."));
        page.figure(full_figure(loss, "Mean over each epoch, in training mode."));
        page.table(table());
        page.details("Configuration", run_file_to_json(run_));
        write_file_atomically(file("learning.html"), page.str());
    }

    const RunFile& run_;
    const Data& data_;
    const LearningStage& stage_;
    std::ostream& out_;
    std::vector<Row> rows_;
};

}  // namespace

std::vector<std::string> learning_files(const RunFile& run) {
    std::vector<std::string> names = {"learning.json", "learning.html"};
    for (size_t i = 0; i < run.learning.rules.size() + 1; i++) {
        names.push_back(checkpoint_name(i));
        names.push_back(fmt::format("learning-{}.safetensors", i));
    }
    return names;
}

void learn_in_memory(const RunFile& run,
                     const Data& data,
                     const LearningStage& stage,
                     std::ostream& out) {
    Learning(run, data, stage, out).run();
}

}  // namespace mho
