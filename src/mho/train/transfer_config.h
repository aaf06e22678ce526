// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_TRANSFER_CONFIG_H
#define MHO_TRAIN_TRANSFER_CONFIG_H

// Learners that collect gradients on a fast device and carry them to a slower one line by line:
// the Tiki-Taka family and residual learning. Defaults are those of the field's standard toolkit
// (aihwkit 1.1.0) where it has the learner.

#include <string>
#include <vector>

#include "mho/train/cell_learner_config.h"

namespace mho {

/// Pulses of a single slot without managements: how buffered learners write.
PulseUpdate single_pulse_update();

/// What all of them have in common. Device 0 gets the gradients.
struct TransferSettings {
    std::vector<PulsedDevice> devices = {SoftBounds{}, SoftBounds{}};
    double transfer_every = 1.0;
    bool transfer_in_batches = true;
    bool transfer_columns = true;
    double fast_rate = 1.0;
    bool scale_fast_rate = true;
    double transfer_rate = 1.0;
    bool scale_transfer_rate = true;
    MvmConfig transfer_read = line_read_mvm();
    PulseUpdate transfer_update;
    PulseUpdate update;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// A chain of devices (Tiki-Taka, TTv1): every so often a line of device j is read and added to
/// device j + 1. W = sum gamma_k W_k; with gamma 0 the last device alone.
struct TikiTaka : TransferSettings {
    double gamma = 0.0;
    std::vector<double> gammas;  // empty: gamma^(n - 1 - k)
    std::vector<double> transfer_every_levels;
    std::vector<double> transfer_rate_levels;
    int reads_per_transfer = 1;
    bool random_line = false;
    bool compatible_random_line = false;
    double reset_probability = 0.0;
    bool self_transfer = false;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// Tiki-Taka with a digital buffer between the devices (TTv2).
struct BufferedTikiTaka : TransferSettings {
    double gamma = 0.0;
    std::vector<double> gammas;
    std::vector<double> transfer_every_levels;
    std::vector<double> transfer_rate_levels;
    int reads_per_transfer = 1;
    bool random_line = false;
    bool compatible_random_line = false;
    double threshold_scale = 1.0;
    double step = 1.0;
    double momentum = 0.1;
    bool forget_buffer = true;

    BufferedTikiTaka() { transfer_update = single_pulse_update(); }
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// What chopped learners share: two devices, one line per transfer, a rate that follows the size of
/// the gradients.
struct ChoppedSettings : TransferSettings {
    double gamma = 0.0;
    double input_chop_probability = 0.1;
    bool input_chop_random = true;
    double buffer_granularity = 1.0;
    double auto_granularity = 0.0;
    double step = 1.0;
    double momentum = 0.0;
    bool forget_buffer = true;
    bool no_buffer = false;
    bool auto_scale = false;
    double auto_momentum = 0.99;
    bool correct_gradient_magnitudes = false;
    bool compatible_double_transfer = false;

    ChoppedSettings() {
        transfer_in_batches = false;
        scale_fast_rate = false;
        transfer_update = single_pulse_update();
    }
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// TTv2 whose gradient is written with signs that flip now and then, so that a constant offset of
/// the fast device averages out (c-TTv2).
struct ChoppedTikiTaka : ChoppedSettings {
    double output_chop_probability = 0.0;
};

/// Chopped, with a reference that is estimated on the fly from the reads themselves (AGAD).
struct Agad : ChoppedSettings {
    double tail_weight = 5.0;
    double buffer_cap = 0.0;
    bool correct_accumulation = false;
    bool significance_gate = false;

    Agad() { input_chop_random = false; }
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

enum class ResidualVersion {
    kV1,  // reads of the residual are written to the main device
    kV2,  // through a leaking digital buffer, one pulse where it exceeds the granularity
};

template <>
struct EnumNames<ResidualVersion> {
    static constexpr std::array<std::pair<ResidualVersion, std::string_view>, 2> names = {
        {{ResidualVersion::kV1, "v1"}, {ResidualVersion::kV2, "v2"}}};
};

/// Residual learning: the visible weight is W + gamma P; P (device 0) follows the gradient at the
/// visible weight, W (device 1) slowly absorbs P. P is counted from its symmetric point.
struct ResidualLearning : TransferSettings {
    ResidualVersion version = ResidualVersion::kV1;
    double gamma = 0.4;
    int zero_shift_pulses = 0;
    bool leaking_buffer = true;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

namespace transfer_detail {

template <class S>
void settings_fields(auto&& visit) {
    visit(field("devices", &S::devices, {.meaning = "the devices of every weight, fastest first"}));
    visit(
        field("transfer_every",
              &S::transfer_every,
              {.unit = "vectors or batches",
               .min = -1e15,
               .max = 1e15,
               .meaning = "vector updates (or batches) from one transfer to the next; 0 = never; "
                          "negative (chopped learners): that part of the states of the fast device "
                          "per line"}));
    visit(field("transfer_in_batches",
                &S::transfer_in_batches,
                {.meaning = "that period counts batches instead of vectors"}));
    visit(field("transfer_columns",
                &S::transfer_columns,
                {.meaning = "transfers read columns (inputs) instead of rows"}));
    visit(field("fast_rate",
                &S::fast_rate,
                {.unit = "1",
                 .min = 0,
                 .max = 1e6,
                 .meaning = "learning rate of the fast device; 0 = the learning rate as it is"}));
    visit(field("scale_fast_rate",
                &S::scale_fast_rate,
                {.meaning = "fast_rate is a factor on the learning rate"}));
    visit(field(
        "transfer_rate",
        &S::transfer_rate,
        {.unit = "1", .min = 0, .max = 1e6, .meaning = "what part of a read is transferred"}));
    visit(field("scale_transfer_rate",
                &S::scale_transfer_rate,
                {.meaning = "transfer_rate is a factor on the learning rate"}));
    visit(field("transfer_read", &S::transfer_read, {.meaning = "how a transfer reads a line"}));
    visit(
        field("transfer_update", &S::transfer_update, {.meaning = "how a transfer writes a line"}));
    visit(field("update", &S::update, {.meaning = "from gradients to pulses on the fast device"}));
}

template <class S>
void chain_fields(auto&& visit) {
    visit(field("gamma",
                &S::gamma,
                {.unit = "1",
                 .min = -1e3,
                 .max = 1e3,
                 .meaning = "part of each device in the visible weight relative to the next",
                 .source = "Gokmen and Haensch 2020"}));
    visit(field("gammas",
                &S::gammas,
                {.unit = "1",
                 .min = -1e6,
                 .max = 1e6,
                 .meaning = "the parts themselves; empty = from gamma"}));
    visit(field("transfer_every_levels",
                &S::transfer_every_levels,
                {.unit = "vectors or batches",
                 .min = 0,
                 .max = 1e15,
                 .meaning = "periods of each level; empty = every level is slower than the one "
                            "before by the number of outputs over reads_per_transfer"}));
    visit(field("transfer_rate_levels",
                &S::transfer_rate_levels,
                {.unit = "1",
                 .min = 0,
                 .max = 1e6,
                 .meaning = "transfer rates of each level; empty = transfer_rate"}));
    visit(field("reads_per_transfer",
                &S::reads_per_transfer,
                {.unit = "lines", .min = 1, .max = 1e6, .meaning = "lines read at a transfer"}));
    visit(field("random_line",
                &S::random_line,
                {.meaning = "a transfer starts at a random line instead of the next one"}));
    visit(field(
        "compatible_random_line",
        &S::compatible_random_line,
        {.meaning = "the first and the last line are chosen twice as often as the others (the "
                    "behaviour of other tools) instead of all alike",
         .source = "measured on aihwkit 1.2"}));
}

template <class S>
void chopped_fields(auto&& visit) {
    settings_fields<S>(visit);
    visit(field("gamma",
                &S::gamma,
                {.unit = "1",
                 .min = -1e3,
                 .max = 1e3,
                 .meaning = "part of the fast device in the visible weight"}));
    visit(field("input_chop_probability",
                &S::input_chop_probability,
                {.unit = "1",
                 .min = 0,
                 .max = 1,
                 .meaning = "probability that a line flips its sign after it was read, or the "
                            "inverse period of flips",
                 .source = "Rasch et al., Nat. Commun. 2024"}));
    visit(field("input_chop_random",
                &S::input_chop_random,
                {.meaning = "flips are random instead of periodic"}));
    visit(field("buffer_granularity",
                &S::buffer_granularity,
                {.unit = "granularity",
                 .min = 0,
                 .max = 1e9,
                 .meaning = "sum of reads that makes one pulse; 0 = 1"}));
    visit(field("auto_granularity",
                &S::auto_granularity,
                {.unit = "1",
                 .min = 0,
                 .max = 1e12,
                 .meaning = "above 0: that sum is this over the vector updates between two reads "
                            "of a line, instead of 1",
                 .source = "Rasch et al., Nat. Commun. 2024"}));
    visit(
        field("step",
              &S::step,
              {.unit = "granularity", .min = 0, .max = 1e6, .meaning = "weight written a pulse"}));
    visit(field("momentum",
                &S::momentum,
                {.unit = "1",
                 .min = 0,
                 .max = 1,
                 .meaning = "part of the buffer that a write "
                            "leaves"}));
    visit(field("forget_buffer",
                &S::forget_buffer,
                {.meaning = "a write scales the whole buffer to that part, instead of taking off "
                            "what was written"}));
    visit(field("no_buffer", &S::no_buffer, {.meaning = "every read starts from an empty buffer"}));
    visit(field("auto_scale",
                &S::auto_scale,
                {.meaning = "the rate of the fast device follows the running maxima of inputs and "
                            "errors, so that an average gradient uses whole trains"}));
    visit(
        field("auto_momentum",
              &S::auto_momentum,
              {.unit = "1", .min = 0, .max = 1, .meaning = "momentum of these maxima per batch"}));
    visit(field("correct_gradient_magnitudes",
                &S::correct_gradient_magnitudes,
                {.meaning = "undo the change of that rate in the transferred gradient"}));
    visit(field("compatible_double_transfer",
                &S::compatible_double_transfer,
                {.meaning = "with a negative transfer_every a line is read and transferred twice "
                            "in a row (the behaviour of other tools) instead of once",
                 .source = "measured on aihwkit 1.2"}));
}

}  // namespace transfer_detail

template <>
struct Schema<TikiTaka> {
    static constexpr std::string_view name = "tiki-taka";
    static void fields(auto&& visit) {
        using T = TikiTaka;
        transfer_detail::settings_fields<T>(visit);
        transfer_detail::chain_fields<T>(visit);
        visit(field("reset_probability",
                    &T::reset_probability,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "probability that a cell is reset after it was read "
                                "(columns only)"}));
        visit(field("self_transfer",
                    &T::self_transfer,
                    {.meaning = "the last device transfers to itself (needs "
                                "transfer_every_levels)"}));
    }
};

template <>
struct Schema<BufferedTikiTaka> {
    static constexpr std::string_view name = "tiki-taka v2";
    static void fields(auto&& visit) {
        using T = BufferedTikiTaka;
        transfer_detail::settings_fields<T>(visit);
        transfer_detail::chain_fields<T>(visit);
        visit(field("threshold_scale",
                    &T::threshold_scale,
                    {.unit = "granularity",
                     .min = 1e-9,
                     .max = 1e9,
                     .meaning = "sum of reads that makes one pulse",
                     .source = "Gokmen 2021"}));
        visit(field(
            "step",
            &T::step,
            {.unit = "granularity", .min = 0, .max = 1e6, .meaning = "weight written a pulse"}));
        visit(field("momentum",
                    &T::momentum,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "part of the buffer that a write leaves"}));
        visit(field("forget_buffer",
                    &T::forget_buffer,
                    {.meaning = "a write scales the whole buffer to that part, instead of "
                                "taking off what was written"}));
    }
};

template <>
struct Schema<ChoppedTikiTaka> {
    static constexpr std::string_view name = "chopped tiki-taka";
    static void fields(auto&& visit) {
        using T = ChoppedTikiTaka;
        transfer_detail::chopped_fields<T>(visit);
        visit(field("output_chop_probability",
                    &T::output_chop_probability,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "probability that an output flips its sign after a sweep "
                                "over all lines"}));
    }
};

template <>
struct Schema<Agad> {
    static constexpr std::string_view name = "agad";
    static void fields(auto&& visit) {
        using T = Agad;
        transfer_detail::chopped_fields<T>(visit);
        visit(field("tail_weight",
                    &T::tail_weight,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "weight of the latest reads in the running mean, over the "
                                "reads of a chopper period",
                     .source = "Rasch et al., Nat. Commun. 2024"}));
        visit(field("buffer_cap",
                    &T::buffer_cap,
                    {.unit = "pulses",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "limit of what stays in the buffer, times the largest "
                                "write; 0 = none"}));
        visit(field("correct_accumulation",
                    &T::correct_accumulation,
                    {.meaning = "divide a read by the reads since the last flip"}));
        visit(field("significance_gate",
                    &T::significance_gate,
                    {.meaning = "transfer only where the running mean differs from the "
                                "reference by more than its standard error"}));
    }
};

template <>
struct Schema<ResidualLearning> {
    static constexpr std::string_view name = "residual learning";
    static void fields(auto&& visit) {
        using T = ResidualLearning;
        transfer_detail::settings_fields<T>(visit);
        visit(field("version",
                    &T::version,
                    {.meaning = "how the residual reaches the main device",
                     .source = "Wu et al., arXiv 2502.06309"}));
        visit(field("gamma",
                    &T::gamma,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e3,
                     .meaning = "part of the residual in the visible weight"}));
        visit(field("zero_shift_pulses",
                    &T::zero_shift_pulses,
                    {.unit = "pulses",
                     .min = 0,
                     .max = 1e7,
                     .meaning = "alternating up and down pulses that find the symmetric "
                                "point of the residual device, from which it is counted; "
                                "0 = from 0",
                     .source = "Kim et al. 2019; arXiv 2502.06309"}));
        visit(field("leaking_buffer",
                    &T::leaking_buffer,
                    {.meaning = "version 2: the buffer forgets at the transfer rate"}));
    }
};

}  // namespace mho

#endif  // MHO_TRAIN_TRANSFER_CONFIG_H
