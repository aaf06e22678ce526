// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_RUN_FILE_JSON_H
#define MHO_ANALYSIS_RUN_FILE_JSON_H

// Reflection of RunFile. Internal: it exposes nlohmann/json.

#include <type_traits>

#include "mho/analysis/run_file.h"
#include "mho/util/json.h"

namespace mho {

template <>
struct Schema<MlpModel> {
    static constexpr std::string_view name = "mlp";
    static void fields(auto&& visit) {
        visit(field("hidden",
                    &MlpModel::hidden,
                    {.unit = "neurons",
                     .min = 1,
                     .max = 1e6,
                     .meaning = "widths of the hidden layers, ReLU between"}));
    }
};
template <>
struct Schema<LenetModel> {
    static constexpr std::string_view name = "lenet";
    static void fields(auto&& /*visit*/) {}
};
template <>
struct Schema<ResidualCnnModel> {
    static constexpr std::string_view name = "residual cnn";
    static void fields(auto&& visit) {
        visit(field("stem",
                    &ResidualCnnModel::stem,
                    {.unit = "channels",
                     .min = 1,
                     .max = 4096,
                     .meaning = "channels of the first convolution"}));
        visit(field("stages",
                    &ResidualCnnModel::stages,
                    {.unit = "channels",
                     .min = 1,
                     .max = 4096,
                     .meaning = "channels of each residual block; every block after "
                                "the first halves the resolution",
                     .source = "arXiv 1512.03385"}));
    }
};
template <>
struct Schema<ResnetCifarModel> {
    static constexpr std::string_view name = "resnet cifar";
    static void fields(auto&& visit) {
        visit(field("depth",
                    &ResnetCifarModel::depth,
                    {.unit = "layers",
                     .min = 8,
                     .max = 1202,
                     .meaning = "depth, 6 n + 2",
                     .source = "arXiv 1512.03385"}));
    }
};

template <>
struct Schema<VggSmallModel> {
    static constexpr std::string_view name = "vgg small";
    static void fields(auto&& /*visit*/) {}
};
template <class Kind>
struct Schema<CharRecurrentModel<Kind>> {
    using M = CharRecurrentModel<Kind>;
    static constexpr std::string_view name = std::is_same_v<M, CharLstmModel>  ? "char lstm"
                                             : std::is_same_v<M, CharGruModel> ? "char gru"
                                                                               : "char rnn";
    static void fields(auto&& visit) {
        visit(field("vocabulary",
                    &M::vocabulary,
                    {.unit = "symbols",
                     .min = 1,
                     .max = 256,
                     .meaning = "different characters of the text, at least"}));
        visit(field("embedding",
                    &M::embedding,
                    {.unit = "features",
                     .min = 1,
                     .max = 65536,
                     .meaning = "numbers that stand for a character"}));
        visit(field(
            "hidden",
            &M::hidden,
            {.unit = "features", .min = 1, .max = 65536, .meaning = "hidden state of each layer"}));
        visit(field("layers",
                    &M::layers,
                    {.unit = "layers", .min = 1, .max = 1000, .meaning = "recurrent layers"}));
        visit(field(
            "dropout",
            &M::dropout,
            {.unit = "1",
             .min = 0,
             .max = 0.999,
             .meaning = "share of hidden states that training drops between layers and before "
                        "the last one",
             .source = "arXiv 1409.2329"}));
        visit(
            field("combined",
                  &M::combined,
                  {.meaning = "one matrix for input and hidden state, on the same tile, instead of "
                              "two (not for gru)",
                   .source = "aihwkit AnalogLSTMCellCombinedWeight"}));
    }
};

template <>
struct Schema<SmallGptModel> {
    static constexpr std::string_view name = "small gpt";
    static void fields(auto&& visit) {
        using M = SmallGptModel;
        visit(field("vocabulary",
                    &M::vocabulary,
                    {.unit = "symbols",
                     .min = 1,
                     .max = 256,
                     .meaning = "different characters of the text, at least"}));
        visit(field("width",
                    &M::width,
                    {.unit = "features",
                     .min = 1,
                     .max = 65536,
                     .meaning = "features of every position",
                     .source = "arXiv 1706.03762"}));
        visit(field("heads",
                    &M::heads,
                    {.unit = "heads",
                     .min = 1,
                     .max = 65536,
                     .meaning = "attention heads; must divide the width"}));
        visit(field("layers",
                    &M::layers,
                    {.unit = "layers", .min = 1, .max = 1000, .meaning = "transformer blocks"}));
    }
};

template <>
struct Schema<NetworkConfig> {
    static constexpr std::string_view name = "Network";
    static void fields(auto&& visit) {
        using C = NetworkConfig;
        visit(field("model", &C::model, {.meaning = "kind of network"}));
        visit(field("weights",
                    &C::weights,
                    {.meaning = "safetensors file of trained parameters, relative to the run file; "
                                "empty = drawn at random"}));
        visit(field("rename",
                    &C::rename,
                    {.meaning = "layer names of that file, and what they are called here"}));
        visit(field("mean",
                    &C::mean,
                    {.unit = "1",
                     .min = -1e6,
                     .max = 1e6,
                     .meaning = "mean per channel, subtracted from pixel / 255"}));
        visit(field("std",
                    &C::std,
                    {.unit = "1",
                     .min = 1e-6,
                     .max = 1e6,
                     .meaning = "standard deviation per channel, divides pixel / 255 - mean"}));
    }
};

template <>
struct Schema<TrainingConfig> {
    static constexpr std::string_view name = "TrainingPlan";
    static void fields(auto&& visit) {
        visit(field("floating_point",
                    &TrainingConfig::floating_point,
                    {.meaning = "training of the digital network"}));
        visit(field("hardware_aware",
                    &TrainingConfig::hardware_aware,
                    {.meaning = "retraining through the analog forward pass",
                     .source = "arXiv 2302.08469"}));
        visit(field("continue_floating_point",
                    &TrainingConfig::continue_floating_point,
                    {.meaning = "train the floating-point network further by the "
                                "hardware-aware plan, without hardware: both networks "
                                "then saw the data equally often"}));
    }
};

template <>
struct Schema<EvaluationTime> {
    static constexpr std::string_view name = "Time";
    static void fields(auto&& visit) {
        visit(field("name", &EvaluationTime::name, {.meaning = "name of the time in tables"}));
        visit(field("t_s",
                    &EvaluationTime::t_s,
                    {.unit = "s", .min = 0, .max = 1e12, .meaning = "seconds since programming"}));
    }
};

template <>
struct Schema<AblationConfig> {
    static constexpr std::string_view name = "Ablation";
    static void fields(auto&& visit) {
        using C = AblationConfig;
        visit(field(
            "enabled",
            &C::enabled,
            {.meaning = "measure what each non-ideality alone costs, one switched off at a time"}));
        visit(field("programmings",
                    &C::programmings,
                    {.unit = "chips",
                     .min = 2,
                     .max = 1e6,
                     .meaning = "programmings, paired with those of the base line"}));
        visit(field("images",
                    &C::images,
                    {.unit = "images",
                     .min = 1,
                     .max = 1e9,
                     .meaning = "test images, at most those of the evaluation"}));
        visit(field(
            "time", &C::time, {.meaning = "name of the evaluation time at which it is done"}));
    }
};

template <>
struct Schema<DigitalBaseline> {
    static constexpr std::string_view name = "DigitalBaseline";
    static void fields(auto&& visit) {
        using B = DigitalBaseline;
        visit(field("name", &B::name, {.meaning = "name in tables"}));
        visit(field("weights", &B::weights, {.meaning = "integer grid of the weights"}));
        visit(field("activation_bits",
                    &B::activation_bits,
                    {.unit = "bit",
                     .min = 2,
                     .max = 16,
                     .meaning = "width of the inputs of linear and convolution layers",
                     .source = "arXiv 2106.08295"}));
        visit(field("table_bits",
                    &B::table_bits,
                    {.unit = "bit",
                     .min = 0,
                     .max = 16,
                     .meaning = "width of embeddings and of the factors of layer norms; 0 = full "
                                "precision"}));
        visit(field("activations",
                    &B::activations,
                    {.meaning = "how the range of a layer's inputs is found"}));
    }
};

template <>
struct Schema<ColumnRangesConfig> {
    static constexpr std::string_view name = "ColumnRanges";
    static void fields(auto&& visit) {
        using C = ColumnRangesConfig;
        visit(field("images",
                    &C::images,
                    {.unit = "images",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "training images from whose outputs the conductance range of every "
                                "column is set, digital scales taking the inverse; 0 = ranges stay",
                     .source = "arXiv 2401.09859 (two samples)"}));
        visit(field("deviations",
                    &C::deviations,
                    {.unit = "deviations",
                     .min = 0,
                     .max = 100,
                     .meaning = "|mean| + this many standard deviations of a column's output meets "
                                "the bound of the ADC",
                     .source = "arXiv 2401.09859"}));
    }
};

template <>
struct Schema<EvaluationConfig> {
    static constexpr std::string_view name = "Evaluation";
    static void fields(auto&& visit) {
        using C = EvaluationConfig;
        visit(
            field("times",
                  &C::times,
                  {.meaning = "times since programming; empty = 1 s, 1 h, 1 day, 1 month, 1 year, "
                              "10 years"}));
        visit(field(
            "programmings",
            &C::programmings,
            {.unit = "chips", .min = 1, .max = 1e6, .meaning = "independently programmed chips"}));
        visit(field("images",
                    &C::images,
                    {.unit = "images",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "test images, the first ones; 0 = all"}));
        visit(field("naive",
                    &C::naive,
                    {.meaning = "evaluate the floating-point weights mapped as they are"}));
        visit(field("hardware_aware",
                    &C::hardware_aware,
                    {.meaning = "evaluate the hardware-aware network, where there is one"}));
        visit(field("uncompensated",
                    &C::uncompensated,
                    {.meaning = "evaluate without drift compensation too"}));
        visit(
            field("calibration_images",
                  &C::calibration_images,
                  {.unit = "images",
                   .min = 0,
                   .max = 1e9,
                   .meaning = "training images that set the input ranges of the naive network; 0 = "
                              "input_range.init_batches batches"}));
        visit(field(
            "calibrate",
            &C::calibrate,
            {.meaning = "set the input ranges of the naive network by evaluation.calibration; "
                        "else as hardware-aware training starts them"}));
        visit(field("calibration",
                    &C::calibration,
                    {.meaning = "statistic of the inputs that becomes the input range"}));
        visit(field("column_ranges",
                    &C::column_ranges,
                    {.meaning = "conductance ranges of columns set after training"}));
        visit(field(
            "digital", &C::digital, {.meaning = "low-precision digital networks to compare with"}));
        visit(field("ablation", &C::ablation, {.meaning = "cost of each non-ideality"}));
        visit(
            field("error_images",
                  &C::error_images,
                  {.unit = "images",
                   .min = 0,
                   .max = 1e6,
                   .meaning = "test images for the error of each layer's product; 0 = leave out"}));
    }
};

template <>
struct Schema<RunFile> {
    static constexpr std::string_view name = "Run";
    static void fields(auto&& visit) {
        visit(field("name", &RunFile::name, {.meaning = "name of the run"}));
        visit(field("about", &RunFile::about, {.meaning = "what the run is for"}));
        visit(field("seed",
                    &RunFile::seed,
                    {.unit = "",
                     .min = 0,
                     .max = 1.8446744073709552e19,
                     .meaning = "seed of every random number"}));
        visit(field("data", &RunFile::data, {.meaning = "images"}));
        visit(field("network", &RunFile::network, {.meaning = "network"}));
        visit(field("training", &RunFile::training, {.meaning = "training"}));
        visit(field("evaluation", &RunFile::evaluation, {.meaning = "accuracy over time"}));
    }
};

}  // namespace mho

#endif  // MHO_ANALYSIS_RUN_FILE_JSON_H
