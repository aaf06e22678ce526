// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_CELL_LEARNER_CONFIG_H
#define MHO_TRAIN_CELL_LEARNER_CONFIG_H

// Learners whose gradient goes straight to the devices of a weight: one device, several, a pair.
// Defaults are those of the field's standard toolkit (aihwkit 1.1.0).

#include <string>
#include <vector>

#include "mho/device/pulsed_device.h"
#include "mho/tile/mvm_config.h"
#include "mho/train/pulse_rule.h"

namespace mho {

/// The read-out of a single line that transfers and refreshes use: a 7-bit DAC, noise of 0.06 and
/// a 9-bit ADC of +-12. Reads have neither noise nor bound management: their input is one line.
MvmConfig line_read_mvm();

/// W -= rate d x' by pulses on one device per weight.
struct AnalogSgd {
    PulsedDevice device = ConstantStep{};
    PulseUpdate update;
};

/// Which devices of a weight an update pulses.
enum class VectorPolicy { kAll, kSingleFixed, kSingleSequential, kSingleRandom };

template <>
struct EnumNames<VectorPolicy> {
    static constexpr std::array<std::pair<VectorPolicy, std::string_view>, 4> names = {
        {{VectorPolicy::kAll, "all"},
         {VectorPolicy::kSingleFixed, "single fixed"},
         {VectorPolicy::kSingleSequential, "single sequential"},
         {VectorPolicy::kSingleRandom, "single random"}}};
};

/// Several devices per weight: W = sum gamma_k W_k.
struct VectorCell {
    std::vector<PulsedDevice> devices = {ConstantStep{}, ConstantStep{}};
    VectorPolicy policy = VectorPolicy::kAll;
    int first_device = 0;
    std::vector<double> gammas;  // empty: 1 / n each
    PulseUpdate update;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// A trained device minus a fixed reference: W = gamma_0 W_0 + gamma_1 W_1, only device 0 learns.
struct ReferencePair {
    std::vector<PulsedDevice> devices = {SoftBounds{}, SoftBounds{}};
    std::vector<double> gammas = {1.0, -1.0};
    PulseUpdate update;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// A pair of devices that are only ever pulsed up: W = W_plus - W_minus. Device 0 is the negative
/// one. Refreshing resets both and writes their difference back before they saturate.
struct OneSided {
    PulsedDevice device = SoftBounds{};
    bool copy_inverted = false;
    double refresh_every = 0.0;  // 0 = never
    bool refresh_in_batches = true;
    double refresh_upper = 0.75;
    double refresh_lower = 0.25;
    MvmConfig refresh_read = line_read_mvm();
    PulseUpdate refresh_update;
    PulseUpdate update;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// The outer products are summed digitally; multiples of the granularity are written row by row.
/// Nandakumar et al., Front. Neurosci. 2020.
struct MixedPrecision {
    PulsedDevice device = ConstantStep{};
    double transfer_every = 1.0;  // batches
    bool late_transfer = false;
    int rows_per_transfer = 0;  // 0 = all
    bool random_row = false;
    double granularity = 0.0;  // 0 = the device's
    double transfer_rate = 1.0;
    int x_bins = 0;  // 0 = not quantised
    int d_bins = 0;
    bool stochastic_x = true;
    bool stochastic_d = true;
    PulseUpdate update;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<AnalogSgd> {
    static constexpr std::string_view name = "analog sgd";
    static void fields(auto&& visit) {
        using A = AnalogSgd;
        visit(field("device", &A::device, {.meaning = "the device of every weight"}));
        visit(field("update", &A::update, {.meaning = "from gradients to pulses"}));
    }
};

template <>
struct Schema<VectorCell> {
    static constexpr std::string_view name = "vector cell";
    static void fields(auto&& visit) {
        using V = VectorCell;
        visit(field("devices", &V::devices, {.meaning = "the devices of every weight"}));
        visit(field("policy", &V::policy, {.meaning = "which of them a vector update pulses"}));
        visit(field("first_device",
                    &V::first_device,
                    {.unit = "1",
                     .min = 0,
                     .max = 1000,
                     .meaning = "the device that learns first, or alone under `single fixed`"}));
        visit(field("gammas",
                    &V::gammas,
                    {.unit = "1",
                     .min = -1e6,
                     .max = 1e6,
                     .meaning = "significance of each device; empty = the mean of all"}));
        visit(field("update", &V::update, {.meaning = "from gradients to pulses"}));
    }
};

template <>
struct Schema<ReferencePair> {
    static constexpr std::string_view name = "reference pair";
    static void fields(auto&& visit) {
        using R = ReferencePair;
        visit(field("devices", &R::devices, {.meaning = "the trained device and its reference"}));
        visit(field("gammas",
                    &R::gammas,
                    {.unit = "1", .min = -1e6, .max = 1e6, .meaning = "significance of both"}));
        visit(field("update", &R::update, {.meaning = "from gradients to pulses"}));
    }
};

template <>
struct Schema<OneSided> {
    static constexpr std::string_view name = "one-sided";
    static void fields(auto&& visit) {
        using O = OneSided;
        visit(field("device", &O::device, {.meaning = "both devices of every weight"}));
        visit(field("copy_inverted",
                    &O::copy_inverted,
                    {.meaning = "the positive device is the mirror image of the negative one"}));
        visit(field("refresh_every",
                    &O::refresh_every,
                    {.unit = "vectors or batches",
                     .min = 0,
                     .max = 1e15,
                     .meaning = "period of the refresh; 0 = never",
                     .source = "Boybat et al., Nat. Commun. 2018; aihwkit"}));
        visit(field("refresh_in_batches",
                    &O::refresh_in_batches,
                    {.meaning = "that period counts batches instead of vectors"}));
        visit(
            field("refresh_upper",
                  &O::refresh_upper,
                  {.unit = "w_max",
                   .min = 0,
                   .max = 1e6,
                   .meaning = "refresh when the larger device is above this and the smaller above "
                              "refresh_lower"}));
        visit(field("refresh_lower",
                    &O::refresh_lower,
                    {.unit = "w_max", .min = 0, .max = 1e6, .meaning = "see refresh_upper"}));
        visit(field(
            "refresh_read", &O::refresh_read, {.meaning = "how a refresh reads the devices"}));
        visit(field("refresh_update",
                    &O::refresh_update,
                    {.meaning = "how a refresh writes the difference back"}));
        visit(field("update", &O::update, {.meaning = "from gradients to pulses"}));
    }
};

template <>
struct Schema<MixedPrecision> {
    static constexpr std::string_view name = "mixed precision";
    static void fields(auto&& visit) {
        using M = MixedPrecision;
        visit(field("device", &M::device, {.meaning = "the device of every weight"}));
        visit(field("transfer_every",
                    &M::transfer_every,
                    {.unit = "batches",
                     .min = 1e-9,
                     .max = 1e15,
                     .meaning = "period of the writes",
                     .source = "Nandakumar et al., Front. Neurosci. 2020"}));
        visit(field("late_transfer",
                    &M::late_transfer,
                    {.meaning = "every write waits for the first vector of the next period",
                     .source = "aihwkit's law, for comparison"}));
        visit(field(
            "rows_per_transfer",
            &M::rows_per_transfer,
            {.unit = "rows", .min = 0, .max = 1e9, .meaning = "rows written each time; 0 = all"}));
        visit(field("random_row",
                    &M::random_row,
                    {.meaning = "start at a random row instead of where the last write ended"}));
        visit(field("granularity",
                    &M::granularity,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "sum that makes one pulse; 0 = the granularity of the device"}));
        visit(field("transfer_rate",
                    &M::transfer_rate,
                    {.unit = "1", .min = 0, .max = 1e6, .meaning = "factor on what is written"}));
        visit(field("x_bins",
                    &M::x_bins,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "levels of the inputs in the outer product; 0 = not quantised"}));
        visit(field("d_bins",
                    &M::d_bins,
                    {.unit = "1", .min = 0, .max = 1e6, .meaning = "the same of the errors"}));
        visit(field("stochastic_x",
                    &M::stochastic_x,
                    {.meaning = "inputs are rounded to these levels stochastically"}));
        visit(field("stochastic_d", &M::stochastic_d, {.meaning = "errors are, too"}));
        visit(field("update",
                    &M::update,
                    {.meaning = "from counts to pulses; both managements are always on"}));
    }
};

}  // namespace mho

#endif  // MHO_TRAIN_CELL_LEARNER_CONFIG_H
