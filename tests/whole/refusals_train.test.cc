// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// Learning in memory.
#include "mho/device/pulsed_array.h"
#include "mho/train/learner.h"
#include "mho/train/line_reader.h"
#include "mho/train/programming_cost.h"
#include "mho/train/pulse_rule.h"
#include "mho/train/symmetric_point.h"
#include "refusals.h"

namespace mho::refusals {
namespace {

constexpr size_t kOut = 4;
constexpr size_t kIn = 6;
constexpr size_t kRows = 3;

std::unique_ptr<Learner> learner() {
    AnalogSgd rule;
    ConstantStep device;
    device.drift.nu = 0.1;
    rule.device = device;
    return make_learner(rule, kOut, kIn, TileKey{1});
}

UpdateCall call(double rate = 0.1) {
    UpdateCall c;
    c.rate = rate;
    return c;
}

// What a read of one line takes.
MvmConfig one_line() {
    MvmConfig config;
    config.noise_management.kind = NoiseManagementKind::kNone;
    config.bound_management.kind = BoundManagementKind::kNone;
    return config;
}

PulsedArray array() {
    return {ConstantStep{}, kOut, kIn, TileKey{1}};
}

const std::vector<Case> kNumbers = {
    {"Learner::set_weights",
     [](const Bad& b) { learner()->set_weights(b.matrix(kOut, kIn).view()); }},
    {"Learner::update",
     [](const Bad& b) {
         learner()->update(b.matrix(kRows, kIn).view(), numbers(kRows, kOut).view(), call());
     }},
    {"Learner::update (errors)",
     [](const Bad& b) {
         learner()->update(numbers(kRows, kIn).view(), b.matrix(kRows, kOut).view(), call());
     }},
    {"Learner::update (rate)",
     [](const Bad& b) {
         learner()->update(
             numbers(kRows, kIn).view(), numbers(kRows, kOut).view(), call(b.scalar()));
     }},
    {"Learner::drift", [](const Bad& b) { learner()->drift(b.scalar(), 0); }},
    {"Learner::clip", [](const Bad& b) { learner()->clip(b.scalar(), 0); }},
    {"Learner::reset_columns", [](const Bad& b) { learner()->reset_columns(0, 1, b.scalar(), 0); }},
    {"Learner::set_table",
     [](const Bad& b) {
         const auto l = learner();
         l->set_table(l->table_names().at(0), b.matrix(kOut, kIn).view());
     }},
    {"Learner::set_state",
     [](const Bad& b) {
         const auto l = learner();
         LearnerState state = l->state();
         state.arrays.at("device_0.weight")[1] = b.number;
         l->set_state(state);
     }},
    {"make_pulse_trains",
     [](const Bad& b) {
         make_pulse_trains(PulseUpdate{},
                           b.matrix(kRows, kIn).view(),
                           numbers(kRows, kOut).view(),
                           0.1,
                           0.01,
                           TileKey{1},
                           ReadKey{});
     }},
    {"make_pulse_trains (rate)",
     [](const Bad& b) {
         make_pulse_trains(PulseUpdate{},
                           numbers(kRows, kIn).view(),
                           numbers(kRows, kOut).view(),
                           b.scalar(),
                           0.01,
                           TileKey{1},
                           ReadKey{});
     }},
    {"pulsed_update",
     [](const Bad& b) {
         PulsedArray a = array();
         pulsed_update(a,
                       PulseUpdate{},
                       b.matrix(kRows, kIn).view(),
                       numbers(kRows, kOut).view(),
                       0.1,
                       ReadKey{});
     }},
    {"pulsed_update (errors)",
     [](const Bad& b) {
         PulsedArray a = array();
         pulsed_update(a,
                       PulseUpdate{},
                       numbers(kRows, kIn).view(),
                       b.matrix(kRows, kOut).view(),
                       0.1,
                       ReadKey{});
     }},
    {"pulsed_update (rate)",
     [](const Bad& b) {
         PulsedArray a = array();
         pulsed_update(a,
                       PulseUpdate{},
                       numbers(kRows, kIn).view(),
                       numbers(kRows, kOut).view(),
                       b.scalar(),
                       ReadKey{});
     }},
    {"update_time_ns", [](const Bad& b) { update_time_ns(UpdateTimes{.pulse_ns = b.scalar()}); }},
    {"residual_update_time_ns",
     [](const Bad& b) { residual_update_time_ns(UpdateTimes{.read_ns = b.scalar()}); }},
    {"programming_energy_j",
     [](const Bad& b) {
         PulsedArray a = array();
         a.count_pulses(true);
         programming_energy_j(a, {b.scalar(), 0});
     }},
};

TEST(Refusals, OfNumbersInLearners) {
    expect_refused_numbers(kNumbers);
}

const std::vector<ShapeCase> kShapes = {
    {"make_learner", [] { make_learner(AnalogSgd{}, 0, 3, TileKey{1}); }},
    {"Learner::set_weights", [] { learner()->set_weights(numbers(kIn, kOut).view()); }},
    {"Learner::update (inputs)",
     [] {
         learner()->update(numbers(kRows, kIn + 1).view(), numbers(kRows, kOut).view(), call());
     }},
    {"Learner::update (samples)",
     [] {
         learner()->update(numbers(kRows, kIn).view(), numbers(kRows + 1, kOut).view(), call());
     }},
    {"Learner::reset_columns", [] { learner()->reset_columns(kIn, 1, 0.5, 0); }},
    {"Learner::device", [] { learner()->device(1); }},
    {"Learner::activity", [] { learner()->activity(1); }},
    {"Learner::table", [] { learner()->table("none"); }},
    {"Learner::set_table", [] { learner()->set_table("none", numbers(kOut, kIn).view()); }},
    {"Learner::set_state", [] { learner()->set_state({}); }},
    {"make_pulse_trains (samples)",
     [] {
         make_pulse_trains(PulseUpdate{},
                           numbers(kRows, kIn).view(),
                           numbers(kRows + 1, kOut).view(),
                           0.1,
                           0.01,
                           TileKey{1},
                           ReadKey{});
     }},
    {"pulsed_update",
     [] {
         PulsedArray a = array();
         pulsed_update(a,
                       PulseUpdate{},
                       numbers(kRows, kOut).view(),
                       numbers(kRows, kIn).view(),
                       0.1,
                       ReadKey{});
     }},
    {"LineReader", [] { LineReader(MvmConfig{}, 0, kIn, true, TileKey{1}); }},
    {"LineReader::read_matrix",
     [] {
         LineReader reader(one_line(), kOut, kIn, true, TileKey{1});
         const std::vector<uint32_t> lines = {0, 1};
         Matrix<float> values(2, kOut);
         reader.read_matrix(numbers(kOut, kIn + 1).view(), lines, values.view(), 0);
     }},
    {"LineReader::read_matrix (line)",
     [] {
         LineReader reader(one_line(), kOut, kIn, true, TileKey{1});
         const std::vector<uint32_t> lines = {0, kIn};
         Matrix<float> values(2, kOut);
         reader.read_matrix(numbers(kOut, kIn).view(), lines, values.view(), 0);
     }},
    {"update_time_ns", [] { update_time_ns(AnalogSgd{}, 0, 0, 1, UpdateTimes{}); }},
    {"programming_energy_j (not counted)", [] { programming_energy_j(array(), {1e-12, 1e-12}); }},
    {"endurance (not counted)", [] { endurance(array()); }},
    {"find_symmetric_points",
     [] {
         PulsedArray a = array();
         find_symmetric_points(a, 0, 0);
     }},
};

TEST(Refusals, OfShapesInLearners) {
    expect_refused_shapes(kShapes);
}

}  // namespace
}  // namespace mho::refusals
