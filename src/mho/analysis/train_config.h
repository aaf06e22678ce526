// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_TRAIN_CONFIG_H
#define MHO_ANALYSIS_TRAIN_CONFIG_H

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

enum class OptimizerKind { kSgd, kAdam, kAdamW };
enum class ScheduleKind { kConstant, kStep, kCosine, kOneCycle };
enum class AugmentationKind { kNone, kShift, kShiftAndFlip };
enum class ResampleUnit { kBatch, kBatches, kEpoch };
enum class TrainedParameters { kAll, kInputRanges };

template <>
struct EnumNames<OptimizerKind> {
    static constexpr std::array<std::pair<OptimizerKind, std::string_view>, 3> names = {
        {{OptimizerKind::kSgd, "sgd"},
         {OptimizerKind::kAdam, "adam"},
         {OptimizerKind::kAdamW, "adamw"}}};
};
template <>
struct EnumNames<ScheduleKind> {
    static constexpr std::array<std::pair<ScheduleKind, std::string_view>, 4> names = {
        {{ScheduleKind::kConstant, "constant"},
         {ScheduleKind::kStep, "step"},
         {ScheduleKind::kCosine, "cosine"},
         {ScheduleKind::kOneCycle, "one cycle"}}};
};
template <>
struct EnumNames<AugmentationKind> {
    static constexpr std::array<std::pair<AugmentationKind, std::string_view>, 3> names = {
        {{AugmentationKind::kNone, "none"},
         {AugmentationKind::kShift, "shift"},
         {AugmentationKind::kShiftAndFlip, "shift and flip"}}};
};

template <>
struct EnumNames<ResampleUnit> {
    static constexpr std::array<std::pair<ResampleUnit, std::string_view>, 3> names = {
        {{ResampleUnit::kBatch, "batch"},
         {ResampleUnit::kBatches, "batches"},
         {ResampleUnit::kEpoch, "epoch"}}};
};

template <>
struct EnumNames<TrainedParameters> {
    static constexpr std::array<std::pair<TrainedParameters, std::string_view>, 2> names = {
        {{TrainedParameters::kAll, "all"}, {TrainedParameters::kInputRanges, "input ranges"}}};
};

/// When noise is drawn anew in training: what is drawn for one batch serves until then.
struct Resampling {
    ResampleUnit every = ResampleUnit::kBatch;
    int batches = 10;  // `batches`: so many share the noise

    /// Number of the draw that belongs to a step.
    uint64_t draw(uint64_t step, uint64_t batches_per_epoch) const {
        switch (every) {
            case ResampleUnit::kBatches:
                return step / static_cast<uint64_t>(batches);
            case ResampleUnit::kEpoch:
                return step / batches_per_epoch;
            default:
                return step;
        }
    }
};

/// Learning rate over the run, as a factor of `learning_rate`.
struct Schedule {
    ScheduleKind kind = ScheduleKind::kConstant;
    std::vector<int> at_epochs;  // step: after these epochs the rate is multiplied
    double factor = 0.1;         // step: by this
    double warmup_share = 0.3;   // one cycle: share of the steps with a rising rate
    double final_factor = 0.0;   // cosine, one cycle: factor at the end
};

/// Training of one network.
struct TrainConfig {
    int epochs = 5;  // 0 = skip
    int batch = 128;
    OptimizerKind optimizer = OptimizerKind::kAdam;
    double learning_rate = 1e-3;
    double momentum = 0.9;  // sgd
    double weight_decay = 0.0;
    TrainedParameters parameters = TrainedParameters::kAll;
    Schedule schedule;
    double label_smoothing = 0.0;
    AugmentationKind augmentation = AugmentationKind::kNone;
    int max_shift = 2;            // pixels
    double gradient_clip = 0.0;   // largest norm of all gradients; 0 = none
    double distillation = 0.0;    // weight of the loss against the float network's outputs
    double temperature = 2.0;     // of the distillation
    Resampling resample_weights;  // noise of the weights (hardware.modifier)
    Resampling resample_reads;    // read, input and output noise of the tiles
    int threads = 1;              // of layers that are not analog; part of the result
};

template <>
struct Schema<Schedule> {
    static constexpr std::string_view name = "Schedule";
    static void fields(auto&& visit) {
        visit(field(
            "kind", &Schedule::kind, {.meaning = "how the learning rate changes over the run"}));
        visit(field("at_epochs",
                    &Schedule::at_epochs,
                    {.unit = "epochs",
                     .min = 1,
                     .max = 1e6,
                     .meaning = "step: epochs after which the rate is multiplied by factor"}));
        visit(field(
            "factor",
            &Schedule::factor,
            {.unit = "1", .min = 0, .max = 1e3, .meaning = "step: factor on the learning rate"}));
        visit(field("warmup_share",
                    &Schedule::warmup_share,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "one cycle: share of the steps with a rising rate",
                     .source = "arXiv 1708.07120"}));
        visit(field("final_factor",
                    &Schedule::final_factor,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "cosine and one cycle: factor at the last step",
                     .source = "arXiv 1608.03983"}));
    }
};

template <>
struct Schema<Resampling> {
    static constexpr std::string_view name = "Resampling";
    static void fields(auto&& visit) {
        visit(field("every",
                    &Resampling::every,
                    {.meaning = "when noise is drawn anew: for every batch, after some batches, or "
                                "after every epoch"}));
        visit(field("batches",
                    &Resampling::batches,
                    {.unit = "batches",
                     .min = 1,
                     .max = 1e9,
                     .meaning = "`batches`: how many share one draw"}));
    }
};

template <>
struct Schema<TrainConfig> {
    static constexpr std::string_view name = "Training";
    static void fields(auto&& visit) {
        using C = TrainConfig;
        visit(field("epochs",
                    &C::epochs,
                    {.unit = "epochs",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "passes over the training images; 0 = no training"}));
        visit(field("batch",
                    &C::batch,
                    {.unit = "images", .min = 1, .max = 1e6, .meaning = "images per step"}));
        visit(field("optimizer", &C::optimizer, {.meaning = "update rule", .source = "PyTorch"}));
        visit(field("learning_rate",
                    &C::learning_rate,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "largest learning rate of the schedule"}));
        visit(field("momentum",
                    &C::momentum,
                    {.unit = "1", .min = 0, .max = 1, .meaning = "momentum of sgd"}));
        visit(field(
            "weight_decay",
            &C::weight_decay,
            {.unit = "1", .min = 0, .max = 1e3, .meaning = "weight decay (decoupled for adamw)"}));
        visit(field("parameters",
                    &C::parameters,
                    {.meaning = "what trains: everything, or the input ranges of the tiles alone; "
                                "the weights then stay as they are, without clipping and "
                                "remapping. Batch norms follow their batches all the same"}));
        visit(field("schedule", &C::schedule, {.meaning = "learning rate over the run"}));
        visit(field("label_smoothing",
                    &C::label_smoothing,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "share of the target spread over all classes"}));
        visit(field("augmentation",
                    &C::augmentation,
                    {.meaning = "random changes of the training images"}));
        visit(field("max_shift",
                    &C::max_shift,
                    {.unit = "pixels",
                     .min = 0,
                     .max = 64,
                     .meaning = "largest random shift in each direction"}));
        visit(field("gradient_clip",
                    &C::gradient_clip,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "largest norm of all gradients together; 0 = unlimited"}));
        visit(field(
            "distillation",
            &C::distillation,
            {.unit = "1",
             .min = 0,
             .max = 1,
             .meaning = "weight of the loss against the outputs of the floating-point network",
             .source = "arXiv 1503.02531"}));
        visit(field("temperature",
                    &C::temperature,
                    {.unit = "1",
                     .min = 1e-3,
                     .max = 1e3,
                     .meaning = "temperature of the distillation",
                     .source = "arXiv 1503.02531"}));
        visit(field("resample_weights",
                    &C::resample_weights,
                    {.meaning = "when the noise of the weights is drawn anew",
                     .source = "aihwkit: once per batch"}));
        visit(field(
            "resample_reads",
            &C::resample_reads,
            {.meaning = "when read, input and output noise are drawn anew; within a draw, row "
                        "r of every batch sees the same noise"}));
        visit(field("threads",
                    &C::threads,
                    {.unit = "threads",
                     .min = 1,
                     .max = 1024,
                     .meaning = "threads of LibTorch, for the layers that are not analog. They sum "
                                "gradients each on its own: the last bits of the result depend on "
                                "this number, and on no other number of threads"}));
    }
};

}  // namespace mho

#endif  // MHO_ANALYSIS_TRAIN_CONFIG_H
