// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/learning_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "mho/analysis/evaluate.h"
#include "mho/cli/learning_results.h"
#include "mho/io/file.h"
#include "mho/nn/test_accuracy.h"
#include "mho/nn/trainer.h"
#include "mho/train/programming_cost.h"
#include "mho/util/error.h"
#include "mho/util/glob.h"

namespace mho {
namespace {

using OrderedJson = nlohmann::ordered_json;

// Steps of test passes: no training step reaches them.
constexpr uint64_t kTestStep = uint64_t{1} << 40;

std::string checkpoint_name(size_t row) {
    return "learning-" + std::to_string(row) + ".checkpoint";
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

std::vector<LearningWear> wear_of(const GraphNetwork& network, const LearningRule& rule) {
    std::vector<LearningWear> all;
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

class Learning {
  public:
    Learning(const RunFile& run, const Data& data, const LearningStage& stage, std::ostream& out)
        : run_(run), data_(data), stage_(stage), out_(out), rows_(learning_rows(run)) {}

    void run() {
        read_results();
        for (size_t i = 0; i < rows_.size(); i++) {
            if (!rows_[i].finished) {
                train(i);
            }
        }
        write_file_atomically(file("learning.html"), learning_page(run_, rows_, data_.test.count));
        out_ << learning_table(run_, rows_, data_.test.count).text();
        out_ << "results: " << file("learning.json") << ", " << file("learning.html") << "\n";
    }

  private:
    std::string file(const std::string& name) const { return stage_.folder + "/" + name; }

    void train(size_t index) {
        LearningRow& row = rows_[index];
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
            try {
                trainer.load(checkpoint);
            } catch (const InputError& e) {
                throw IoError(checkpoint + ": " + e.what());
            }
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
        double trained_s = 0;  // CPU time of this process; tests and files not counted
        double start_s = process_cpu_s();
        trainer.on_epoch = [&](const Trainer::EpochResult& e) {
            trained_s += process_cpu_s() - start_s;
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
                                      {"pulses_per_weight", row.pulses.back()},
                                      {"cpu_s", trained_s}};
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
            start_s = process_cpu_s();
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
        write_file_atomically(file("learning.json"), learning_results_to_json(rows_));
    }

    // Rows that an earlier call of the same configuration left.
    void read_results() {
        const std::string path = file("learning.json");
        if (std::filesystem::exists(path)) {
            read_learning_results(read_file(path), path, rows_);
        }
    }

    const RunFile& run_;
    const Data& data_;
    const LearningStage& stage_;
    std::ostream& out_;
    std::vector<LearningRow> rows_;
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
