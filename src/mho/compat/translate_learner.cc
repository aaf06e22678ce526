// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Unit cells, the Tiki-Taka family and mixed precision: what decides which device is pulsed when.

#include <algorithm>
#include <cmath>

#include "mho/compat/translate_internal.h"
#include "mho/net/training_presets.h"

namespace mho {
namespace {

std::vector<PulsedDevice> read_devices(FieldReader& in,
                                       TranslationNotes& notes,
                                       std::vector<PulsedDevice> fallback) {
    if (!in.has_object("unit_cell_devices")) {
        return fallback;
    }
    const JsonNode list = in.object("unit_cell_devices");
    if (list.size() == 0) {
        return fallback;
    }
    std::vector<PulsedDevice> devices;
    for (size_t i = 0; i < list.size(); i++) {
        devices.push_back(read_pulsed_device(list.entry(i), notes));
    }
    return devices;
}

int count(FieldReader& in, std::string_view name, int fallback) {
    const double value = in.number(name, fallback);
    if (!(std::abs(value) <= 1e9) || value != std::floor(value)) {
        in.node().at(name).fail("must be a whole number");
    }
    return static_cast<int>(value);
}

PulseUpdate update_of(FieldReader& in,
                      std::string_view name,
                      const PulseUpdate& fallback,
                      TranslationNotes& notes) {
    return in.has_object(name) ? read_update(in.object(name), notes) : fallback;
}

// Reads of single lines: the original switches both managements off without a word.
MvmConfig line_read(FieldReader& in, std::string_view name, TranslationNotes& notes) {
    if (!in.has_object(name)) {
        return line_read_mvm();
    }
    MvmConfig read = read_io(in.object(name), notes);
    if (read.noise_management.kind != NoiseManagementKind::kNone ||
        read.bound_management.kind != BoundManagementKind::kNone) {
        if (!read.perfect) {
            in.interpreted(name, "reads of single lines need no management: both off");
        }
        read.noise_management = NoiseManagement{.kind = NoiseManagementKind::kNone};
        read.bound_management.kind = BoundManagementKind::kNone;
    }
    return read;
}

VectorCell read_vector_cell(FieldReader& in, TranslationNotes& notes) {
    VectorCell cell;
    cell.devices = read_devices(in, notes, cell.devices);
    const std::string policy = in.choice(
        "update_policy", "ALL", {"ALL", "SINGLE_FIXED", "SINGLE_SEQUENTIAL", "SINGLE_RANDOM"});
    cell.policy = policy == "ALL"                 ? VectorPolicy::kAll
                  : policy == "SINGLE_FIXED"      ? VectorPolicy::kSingleFixed
                  : policy == "SINGLE_SEQUENTIAL" ? VectorPolicy::kSingleSequential
                                                  : VectorPolicy::kSingleRandom;
    cell.first_device = count(in, "first_update_idx", 0);
    cell.gammas = in.numbers("gamma_vec", {});
    return cell;
}

ReferencePair read_reference_pair(FieldReader& in, TranslationNotes& notes) {
    ReferencePair pair;
    pair.devices = read_devices(in, notes, pair.devices);
    pair.gammas = in.numbers("gamma_vec", pair.gammas);
    if (pair.gammas.empty()) {
        pair.gammas = {1.0, -1.0};
    }
    in.choice("update_policy", "SINGLE_FIXED", {"SINGLE_FIXED"});
    in.only("first_update_idx", 0.0, "the first device is the one that learns");
    return pair;
}

OneSided read_one_sided(FieldReader& in, bool pcm_preset, TranslationNotes& notes) {
    OneSided pair;
    const auto devices = read_devices(
        in, notes, {pcm_preset ? pulsed_device_preset("pcm", in.node().path()) : pair.device});
    if (devices.size() > 2) {
        in.node().at("unit_cell_devices").fail("a one-sided cell has two devices");
    }
    pair.device = devices.front();
    pair.copy_inverted = in.boolean("copy_inverted", false);
    pair.refresh_every = in.positive("refresh_every", pcm_preset ? 1.0 : 0.0);
    pair.refresh_in_batches = in.boolean("units_in_mbatch", true);
    pair.refresh_upper = in.number("refresh_upper_thres", 0.75);
    pair.refresh_lower = in.number("refresh_lower_thres", 0.25);
    if (in.has_object("refresh_forward")) {
        pair.refresh_read = read_io(in.object("refresh_forward"), notes);
    } else if (pcm_preset) {
        pair.refresh_read.adc.bound = 20.0;
        pair.refresh_read.output_noise.std = 0.1;
    }
    pair.refresh_update = update_of(in, "refresh_update", PulseUpdate{}, notes);
    return pair;
}

// What transfers of all kinds have in common. The struct holds the defaults of its class.
template <class Transfer>
void read_transfer(FieldReader& in, Transfer& t, TranslationNotes& notes) {
    t.devices = read_devices(in, notes, t.devices);
    t.transfer_every = in.number("transfer_every", t.transfer_every);
    t.transfer_in_batches = in.boolean("units_in_mbatch", t.transfer_in_batches);
    t.transfer_columns = in.boolean("transfer_columns", t.transfer_columns);
    t.fast_rate = in.positive("fast_lr", t.fast_rate);
    t.scale_fast_rate = in.boolean("scale_fast_lr", t.scale_fast_rate);
    t.transfer_rate = in.number("transfer_lr", t.transfer_rate);
    t.scale_transfer_rate = in.boolean("scale_transfer_lr", t.scale_transfer_rate);
    t.transfer_read = line_read(in, "transfer_forward", notes);
    t.transfer_update = update_of(in, "transfer_update", t.transfer_update, notes);
}

template <class Chain>
void read_chain(FieldReader& in, Chain& t, TranslationNotes& notes) {
    read_transfer(in, t, notes);
    t.gamma = in.number("gamma", t.gamma);
    t.gammas = in.numbers("gamma_vec", {});
    t.transfer_every_levels = in.numbers("transfer_every_vec", {});
    t.transfer_rate_levels = in.numbers("transfer_lr_vec", {});
    t.reads_per_transfer = count(in, "n_reads_per_transfer", t.reads_per_transfer);
    t.random_line = in.boolean("random_selection", t.random_line);
    t.compatible_random_line = true;
    if (t.random_line) {
        in.interpreted("random_selection",
                       "the first and the last line are chosen twice as often as the others");
    }
}

TikiTaka read_tiki_taka(FieldReader& in, TranslationNotes& notes) {
    TikiTaka t;
    read_chain(in, t, notes);
    t.reset_probability = in.positive("with_reset_prob", 0.0);
    t.self_transfer = !in.boolean("no_self_transfer", true);
    return t;
}

BufferedTikiTaka read_buffered(FieldReader& in, TranslationNotes& notes) {
    BufferedTikiTaka t;
    read_chain(in, t, notes);
    in.only("with_reset_prob", 0.0, "a buffered transfer resets nothing");
    in.only("no_self_transfer", true, "the last device does not transfer to itself");
    t.threshold_scale = in.number("thres_scale", t.threshold_scale);
    t.step = in.number("step", t.step);
    t.momentum = std::clamp(in.number("momentum", t.momentum), 0.0, 1.0);
    t.forget_buffer = in.boolean("forget_buffer", t.forget_buffer);
    return t;
}

template <class Chopped>
void read_chopped(FieldReader& in, Chopped& t, TranslationNotes& notes) {
    read_transfer(in, t, notes);
    if (t.devices.size() != 2) {
        in.node().at("unit_cell_devices").fail("chopped learners have exactly two devices");
    }
    t.gamma = in.number("gamma", t.gamma);
    const std::vector<double> gammas = in.numbers("gamma_vec", {});
    if (gammas.size() == 2 && gammas[1] == 1.0) {
        t.gamma = gammas[0];
    } else if (!gammas.empty()) {
        in.dropped("gamma_vec", "the visible weight is gamma A + C");
    }
    in.only("n_reads_per_transfer", 1.0, "one line is read at a transfer");
    in.only("random_selection", false, "lines are read in turn");
    in.only("with_reset_prob", 0.0, "a buffered transfer resets nothing");
    in.ignore({"no_self_transfer"});
    for (const char* name : {"transfer_every_vec", "transfer_lr_vec"}) {
        if (!in.numbers(name, {}).empty()) {
            in.dropped(name, "there is one level only");
        }
    }
    t.input_chop_probability = in.number("in_chop_prob", t.input_chop_probability);
    t.input_chop_random = in.boolean("in_chop_random", t.input_chop_random);
    t.buffer_granularity = in.positive("buffer_granularity", t.buffer_granularity);
    t.auto_granularity = in.positive("auto_granularity", t.auto_granularity);
    t.step = in.number("step", t.step);
    t.momentum = std::clamp(in.number("momentum", t.momentum), 0.0, 1.0);
    t.forget_buffer = in.boolean("forget_buffer", t.forget_buffer);
    t.no_buffer = in.boolean("no_buffer", t.no_buffer);
    t.auto_scale = in.boolean("auto_scale", t.auto_scale);
    t.auto_momentum = in.number("auto_momentum", t.auto_momentum);
    t.correct_gradient_magnitudes =
        in.boolean("correct_gradient_magnitudes", t.correct_gradient_magnitudes);
    t.compatible_double_transfer = true;
    if (t.transfer_every < 0) {
        in.interpreted("transfer_every", "negative: the original transfers every line twice");
    }
}

ChoppedTikiTaka read_chopped_tiki_taka(FieldReader& in, TranslationNotes& notes) {
    ChoppedTikiTaka t;
    read_chopped(in, t, notes);
    t.output_chop_probability = in.number("out_chop_prob", t.output_chop_probability);
    return t;
}

Agad read_agad(FieldReader& in, TranslationNotes& notes) {
    Agad t;
    read_chopped(in, t, notes);
    if (in.number("out_chop_prob", 0.0) != 0) {
        in.interpreted("out_chop_prob", "outputs never flip in this learner");
    }
    t.tail_weight = in.number("tail_weightening", t.tail_weight);
    t.buffer_cap = in.positive("buffer_cap", t.buffer_cap);
    t.correct_accumulation =
        in.boolean("experimental_correct_accumulation", t.correct_accumulation);
    return t;
}

MixedPrecision read_mixed_precision(FieldReader& in, TranslationNotes& notes) {
    MixedPrecision m;
    if (in.has_object("device")) {
        const JsonNode device = in.object("device");
        if (class_of(device) == "OneSidedUnitCell" || class_of(device) == "PCMPresetUnitCell") {
            // As in our own preset: writes go to one device.
            FieldReader cell(device, notes);
            m.device = read_one_sided(cell, class_of(device) == "PCMPresetUnitCell", notes).device;
            in.dropped("device", "one device of the pair: writes of one sign saturate it");
        } else {
            m.device = read_pulsed_device(device, notes);
        }
    }
    m.transfer_every = in.number("transfer_every", m.transfer_every);
    m.late_transfer = true;
    in.interpreted(
        "transfer_every",
        "the original looks at its counter before it counts: writes come one vector late");
    m.rows_per_transfer = std::max(count(in, "n_rows_per_transfer", -1), 0);
    m.random_row = in.boolean("random_row", m.random_row);
    m.granularity = in.positive("granularity", m.granularity);
    m.transfer_rate = in.number("transfer_lr", m.transfer_rate);
    m.x_bins = std::max(count(in, "n_x_bins", 0), 0);
    m.d_bins = std::max(count(in, "n_d_bins", 0), 0);
    m.stochastic_x = in.boolean("stoc_round_x", m.stochastic_x);
    m.stochastic_d = in.boolean("stoc_round_d", m.stochastic_d);
    return m;
}

// The original's devices without pulses: an exact weight that only time disturbs.
ConstantStep read_ideal_device(FieldReader& in) {
    ConstantStep d;
    d.dw_min_dtod = d.dw_min_std = d.up_down_dtod = d.w_max_dtod = d.w_min_dtod = 0.0;
    d.w_max = 1e6;
    d.w_min = -1e6;
    in.ignore({"construction_seed", "drift"});
    d.diffusion = in.positive("diffusion", 0.0);
    d.lifetime = in.positive("lifetime", 0.0);
    d.reset_std = std::abs(in.number("reset_std", 0.01));
    return d;
}

}  // namespace

bool is_unit_cell(const JsonNode& device) {
    return device.has("unit_cell_devices") || class_of(device).ends_with("Compound") ||
           class_of(device).ends_with("UnitCell");
}

LearnerConfig read_learner_device(const JsonNode& node,
                                  const PulseUpdate& update,
                                  TranslationNotes& notes) {
    const std::string name = class_of(node);
    FieldReader in(node, notes);
    LearnerConfig learner;
    if (name == "IdealDevice" || name == "FloatingPointDevice") {
        AnalogSgd sgd{read_ideal_device(in), update};
        sgd.update.type = PulseType::kNone;
        in.finish();
        return sgd;
    }
    if (!is_unit_cell(node)) {
        return AnalogSgd{read_pulsed_device(node, notes), update};
    }
    in.ignore({"construction_seed"});
    if (name == "VectorUnitCell") {
        learner = read_vector_cell(in, notes);
    } else if (name == "ReferenceUnitCell") {
        learner = read_reference_pair(in, notes);
    } else if (name == "OneSidedUnitCell" || name == "PCMPresetUnitCell") {
        learner = read_one_sided(in, name == "PCMPresetUnitCell", notes);
    } else if (name == "TransferCompound") {
        learner = read_tiki_taka(in, notes);
    } else if (name == "BufferedTransferCompound") {
        learner = read_buffered(in, notes);
    } else if (name == "ChoppedTransferCompound") {
        learner = read_chopped_tiki_taka(in, notes);
    } else if (name == "DynamicTransferCompound") {
        learner = read_agad(in, notes);
    } else if (name == "MixedPrecisionCompound") {
        learner = read_mixed_precision(in, notes);
    } else {
        const std::vector<std::string> known = {"VectorUnitCell",
                                                "ReferenceUnitCell",
                                                "OneSidedUnitCell",
                                                "PCMPresetUnitCell",
                                                "TransferCompound",
                                                "BufferedTransferCompound",
                                                "ChoppedTransferCompound",
                                                "DynamicTransferCompound",
                                                "MixedPrecisionCompound"};
        if (name.empty()) {
            node.fail("needs a `class`, the name of a unit cell or compound");
        }
        node.at("class").fail("unknown unit cell `" + name + "`" + suggestion(name, known));
    }
    in.finish();
    learner_update(learner) = update;
    require_valid(learner, node.path());
    return learner;
}

LearnerConfig read_learner(const JsonNode& node, TranslationNotes& notes) {
    const std::string name = class_of(node);
    const std::vector<std::string> known = {
        "SingleRPUConfig", "UnitCellRPUConfig", "DigitalRankUpdateRPUConfig"};
    if (!name.empty() && !name.ends_with("Preset") &&
        std::find(known.begin(), known.end(), name) == known.end()) {
        node.at("class").fail("`" + name + "` does not train in memory" + suggestion(name, known));
    }
    FieldReader in(node, notes);
    const PulseUpdate update = update_of(in, "update", PulseUpdate{}, notes);
    const JsonNode device = in.object("device");
    LearnerConfig learner = read_learner_device(device, update, notes);
    // Products, mapping and input ranges are the hardware's: read_rpu_config.
    in.ignore({"forward",
               "backward",
               "mapping",
               "pre_post",
               "runtime",
               "tile_class",
               "tile_array_class",
               "device"});
    in.finish();
    return learner;
}

}  // namespace mho
