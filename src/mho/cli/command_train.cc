// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/command_train.h"

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "mho/cli/console.h"
#include "mho/cli/learning_stage.h"
#include "mho/cli/run_folder.h"
#include "mho/cli/thread_option.h"
#include "mho/io/durable_log.h"
#include "mho/io/file.h"
#include "mho/io/folder_lock.h"
#include "mho/nn/trainer.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

struct TrainArguments {
    std::string file;
    std::string out;
    std::vector<std::string> overrides;
    int threads = 0;
    bool resume = false;
    bool overwrite = false;
    bool no_evaluation = false;
    bool full = false;
    bool quiet = false;
};

// The stages of a run; each leaves a file, and a file that is there need not be made again.
class TrainingRun {
  public:
    TrainingRun(const TrainArguments& options, const CommandContext& context)
        : options_(options),
          context_(context),
          console_(options.quiet, context.err),
          hooks_(console_.hooks()),
          threads_(options.threads > 0 ? static_cast<size_t>(options.threads)
                                       : available_threads()) {}

    int run() {
        std::vector<std::string> overrides = options_.overrides;
        if (options_.full) {
            overrides.push_back("evaluation.images=0");
        }
        run_ = read_run_file(options_.file, overrides);
        folder_.path = !options_.out.empty()
                           ? options_.out
                           : "runs/" + (run_.name.empty() ? "unnamed" : run_.name);
        const Data data = load_data(run_.data);
        check_plan(data);
        // Nothing is created, and nothing old removed, before all that is given has been found
        // good.
        ensure_folder(folder_.path);
        const FolderLock lock(folder_.path);
        remove_temporaries(folder_.path);
        prepare_folder();
        log_.emplace(folder_.file("events.jsonl"));
        at::set_num_threads(static_cast<int>(threads_));
        if (!run_.learning.rules.empty()) {
            learn(data);
            return kExitDone;
        }

        RunNetworks networks;
        const Network start = floating_point(data.train);
        const bool aware = run_.training.hardware_aware.epochs > 0;
        networks.floating_point =
            aware && run_.training.continue_floating_point ? further(start, data.train) : start;
        networks.naive = naive(networks.floating_point, data.train);
        networks.has_naive = true;
        if (aware) {
            networks.hardware_aware = hardware_aware(start, data.train);
            networks.has_hardware_aware = true;
        }
        networks.digital = make_digital(run_, networks.floating_point, data.train);
        if (options_.no_evaluation) {
            context_.out << "trained networks: " << folder_.path << "\n";
            return kExitDone;
        }
        EvaluateOptions evaluation;
        evaluation.threads = threads_;
        evaluation.folder = folder_.path;
        evaluation.resume = true;  // a fresh folder has nothing to resume
        evaluation.stop = &context_.stop;
        evaluation.progress = hooks_;
        evaluate_into(run_, networks, data.test, evaluation, context_.out);
        return kExitDone;
    }

  private:
    // Whether all stages can run, on a network as it is before training: shapes, hardware, memory.
    void check_plan(const Data& data) const {
        RunNetworks networks;
        networks.floating_point = fold_batch_norm(build_network(run_));
        networks.naive = map_to_hardware(networks.floating_point, run_.hardware);
        networks.has_naive = true;
        check_evaluation(run_, networks, data.test);
        check_memory(evaluation_bytes(networks, data.test.count, threads_) +
                         data.train.pixels.size() + data.test.pixels.size(),
                     hooks_);
    }

    // A folder either belongs to exactly this configuration or is started anew; an older run is
    // lost only to those who say so.
    void prepare_folder() {
        const bool same = folder_.holds(run_);
        if (folder_.has("run.json") && !options_.overwrite && !(same && options_.resume)) {
            throw IoError(
                folder_.path +
                (same ? " holds this run already; --resume continues it, --overwrite starts anew"
                      : " holds a run of another configuration; choose another --out, or replace "
                        "it with --overwrite"));
        }
        if (!same || !options_.resume) {
            for (const char* old : {"float.safetensors",
                                    "further.safetensors",
                                    "naive.safetensors",
                                    "hwa.safetensors",
                                    "float.checkpoint",
                                    "further.checkpoint",
                                    "hwa.checkpoint",
                                    "events.jsonl",
                                    "evaluation.jsonl",
                                    "results.json",
                                    "report.html"}) {
                std::filesystem::remove(folder_.file(old));
            }
            for (const std::string& old : learning_files(run_)) {
                std::filesystem::remove(folder_.file(old));
            }
            write_file_atomically(folder_.file("run.json"), run_file_to_json(run_));
        }
        // A stage that was killed between its last two steps is finished: its network is there.
        for (const std::string stage : {"float", "further", "hwa"}) {
            if (folder_.has(stage + ".safetensors")) {
                std::filesystem::remove(folder_.file(stage + ".checkpoint"));
            }
        }
    }

    // Training in memory takes the place of all other stages.
    void learn(const Data& data) {
        LearningStage stage;
        stage.folder = folder_.path;
        stage.hooks = hooks_;
        stage.stop = &context_.stop;
        stage.event = [&](const std::string& json) { log_->write_line(json); };
        learn_in_memory(run_, data, stage, context_.out);
    }

    void event(nlohmann::ordered_json j) { log_->write_line(j.dump()); }

    // Trains, or continues from the last checkpoint.
    void train(GraphNetwork network,
               GraphNetwork teacher,
               const LabelledImages& images,
               const TrainConfig& config,
               const std::string& stage,
               const std::string& label) {
        Trainer trainer(network, images, config, run_.seed);
        if (config.distillation > 0 && !teacher.is_empty()) {
            trainer.set_teacher(teacher);
        }
        const std::string checkpoint = folder_.file(stage + ".checkpoint");
        if (std::filesystem::exists(checkpoint)) {
            trainer.load(checkpoint);
        }
        const double start_cpu = process_cpu_s();
        const size_t total = trainer.steps_per_epoch() * static_cast<size_t>(config.epochs);
        if (hooks_.begin) {
            hooks_.begin(label, total * static_cast<size_t>(config.batch), "images");
            hooks_.advance(trainer.step() * static_cast<size_t>(config.batch));
        }
        // About a hundred points of the loss curve a stage; a resumed stage may write some twice.
        const size_t interval = std::max<size_t>(1, total / 100);
        double interval_loss = 0;
        size_t interval_steps = 0;
        trainer.on_batch = [&](const Trainer::Progress& p) {
            interval_loss += p.batch_loss;
            interval_steps++;
            if (trainer.step() % interval == 0) {
                event({{"event", "loss"},
                       {"stage", stage},
                       {"epochs",
                        static_cast<double>(trainer.step()) /
                            static_cast<double>(trainer.steps_per_epoch())},
                       {"loss", interval_loss / static_cast<double>(interval_steps)}});
                interval_loss = 0;
                interval_steps = 0;
            }
            if (hooks_.advance) {
                hooks_.advance(static_cast<size_t>(config.batch));
            }
        };
        trainer.on_epoch = [&](const Trainer::EpochResult& e) {
            // The checkpoint first: an epoch that the log reports as done is never lost.
            trainer.save(checkpoint);
            event({{"event", "epoch"},
                   {"stage", stage},
                   {"epoch", e.epoch + 1},
                   {"loss", e.loss},
                   {"accuracy", e.accuracy},
                   {"learning_rate", e.learning_rate},
                   {"cpu_s", process_cpu_s() - start_cpu}});
            if (hooks_.note) {
                hooks_.note(
                    fmt::format("{}: epoch {} of {}: loss {:.4f}, training accuracy {:.2f} %",
                                label,
                                e.epoch + 1,
                                config.epochs,
                                e.loss,
                                100 * e.accuracy));
            }
        };
        const bool finished = trainer.run(&context_.stop);
        if (hooks_.end) {
            hooks_.end();
        }
        if (!finished) {
            trainer.save(checkpoint);
            throw Interrupted("stopped at step " + std::to_string(trainer.step()) + " of the " +
                              label + " training; continue with --resume");
        }
    }

    void finish_stage(const std::string& stage, const Network& network) {
        write_network(folder_.file(stage + ".safetensors"), network);
        std::filesystem::remove(folder_.file(stage + ".checkpoint"));
    }

    Network floating_point(const LabelledImages& images) {
        if (folder_.has("float.safetensors")) {
            return read_network(folder_.file("float.safetensors"));
        }
        Network network = build_network(run_);
        if (run_.training.floating_point.epochs > 0) {
            GraphNetwork module(network, run_.seed);
            train(module,
                  GraphNetwork(nullptr),
                  images,
                  run_.training.floating_point,
                  "float",
                  "floating-point");
            network = module->export_network();
        }
        // Batch norms are folded before anything is mapped: tiles hold what inference multiplies
        // by.
        network = fold_batch_norm(network);
        finish_stage("float", network);
        return network;
    }

    // The training that the hardware-aware network gets, without hardware.
    Network further(const Network& start, const LabelledImages& images) {
        if (folder_.has("further.safetensors")) {
            return read_network(folder_.file("further.safetensors"));
        }
        GraphNetwork module(start, run_.seed);
        GraphNetwork teacher(start, run_.seed);
        train(module,
              teacher,
              images,
              run_.training.hardware_aware,
              "further",
              "further floating-point");
        const Network network = module->export_network();
        finish_stage("further", network);
        return network;
    }

    Network naive(const Network& floating_point, const LabelledImages& images) {
        if (folder_.has("naive.safetensors")) {
            return read_network(folder_.file("naive.safetensors"));
        }
        const double start = process_cpu_s();
        const Network network = make_naive(run_, floating_point, images);
        event({{"event", "calibrated"}, {"stage", "naive"}, {"cpu_s", process_cpu_s() - start}});
        finish_stage("naive", network);
        return network;
    }

    Network hardware_aware(const Network& floating_point, const LabelledImages& images) {
        if (folder_.has("hwa.safetensors")) {
            return read_network(folder_.file("hwa.safetensors"));
        }
        GraphNetwork module(map_to_hardware(floating_point, run_.hardware), run_.seed);
        GraphNetwork teacher(floating_point, run_.seed);
        train(module, teacher, images, run_.training.hardware_aware, "hwa", "hardware-aware");
        Network network = module->export_network();
        set_ranges_after_training(run_, network, images, images.count);
        finish_stage("hwa", network);
        return network;
    }

    const TrainArguments& options_;
    const CommandContext& context_;
    Console console_;
    ProgressHooks hooks_;
    size_t threads_;
    RunFile run_;
    RunFolder folder_;
    std::optional<DurableLog> log_;
};

}  // namespace

Command train_command() {
    return {"train",
            "train a network for analog hardware and evaluate it over time",
            [](CLI::App& app, const CommandContext& context) -> std::function<int()> {
                auto o = std::make_shared<TrainArguments>();
                app.add_option("run_file", o->file, "JSON file that describes the run")->required();
                app.add_option("--out", o->out, "folder of the run (default: runs/NAME)");
                app.add_option(
                       "--set", o->overrides, "override a parameter: path=value (repeatable)")
                    ->type_name("PATH=VALUE")
                    ->expected(1)
                    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
                add_threads(app, o->threads, "threads");
                app.add_flag(
                    "--resume", o->resume, "continue an interrupted run of the same configuration");
                app.add_flag(
                    "--overwrite", o->overwrite, "replace what another run left in the folder");
                app.add_flag("--no-evaluation", o->no_evaluation, "only train");
                app.add_flag("--full", o->full, "evaluate on all test images");
                app.add_flag("--quiet", o->quiet, "no progress");
                return [o, context] { return TrainingRun(*o, context).run(); };
            }};
}

}  // namespace mho
