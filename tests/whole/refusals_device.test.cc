// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// Devices, cells and conductances.
#include <cmath>

#include "mho/device/cell.h"
#include "mho/device/cell_tables.h"
#include "mho/device/conductance.h"
#include "mho/device/memristor.h"
#include "mho/device/monotone_table.h"
#include "mho/device/pulsed_array.h"
#include "mho/device/read_disturb.h"
#include "mho/device/sonos.h"
#include "mho/device/stuck_map.h"
#include "mho/tile/stuck_cells.h"
#include "mho/train/pulse_rule.h"
#include "refusals.h"

namespace mho::refusals {
namespace {

constexpr size_t kRows = 4;
constexpr size_t kCols = 6;

PulsedArray array() {
    ConstantStep device;
    device.lifetime = 100;
    device.drift.nu = 0.1;
    return {device, kRows, kCols, TileKey{1}};
}

PulseTrains trains(size_t rows, size_t cols) {
    return make_pulse_trains(PulseUpdate{},
                             numbers(2, cols).view(),
                             numbers(2, rows).view(),
                             0.1,
                             0.01,
                             TileKey{1},
                             ReadKey{});
}

MemristorCell memristor() {
    return MemristorCell(LinearIonDrift{}, 0.5);
}

Cell cell() {
    return Cell(CellConfig{});
}

const std::vector<Case> kNumbers = {
    {"PulsedArray::set_weights",
     [](const Bad& b) { array().set_weights(b.matrix(kRows, kCols).view(), 0); }},
    {"PulsedArray::set_weights_unclipped",
     [](const Bad& b) { array().set_weights_unclipped(b.matrix(kRows, kCols).view()); }},
    {"PulsedArray::add", [](const Bad& b) { array().add(b.matrix(kRows, kCols).view(), 0); }},
    {"PulsedArray::decay", [](const Bad& b) { array().decay(b.scalar(), 0); }},
    {"PulsedArray::clip", [](const Bad& b) { array().clip(b.scalar(), 0); }},
    {"PulsedArray::drift", [](const Bad& b) { array().drift(b.scalar(), 0); }},
    {"PulsedArray::reset_columns",
     [](const Bad& b) { array().reset_columns(0, 1, b.scalar(), 0); }},
    {"PulsedArray::set_table",
     [](const Bad& b) {
         PulsedArray a = array();
         a.set_table(a.table_names().at(0), b.matrix(kRows, kCols).view());
     }},
    {"PulsedArray::set_state",
     [](const Bad& b) {
         PulsedArray a = array();
         auto state = a.state();
         state.at("weight")[1] = b.number;
         a.set_state(state);
     }},
    {"Cell::write",
     [](const Bad& b) {
         std::vector<float> out(4);
         cell().write(b.list(4), 1, {}, TileKey{1}, 0, 0, out);
     }},
    {"Cell::write (time)",
     [](const Bad& b) {
         std::vector<float> states(4), out(4);
         cell().write(states, b.scalar(), {}, TileKey{1}, 0, 0, out);
     }},
    {"Cell::require_time", [](const Bad& b) { cell().require_time(b.scalar()); }},
    {"MonotoneTable (x)", [](const Bad& b) { MonotoneTable({0, b.scalar()}, {1, 2}); }},
    {"MonotoneTable (y)", [](const Bad& b) { MonotoneTable({0, 1}, {1, b.scalar()}); }},
    {"MonotoneTable::operator()", [](const Bad& b) { MonotoneTable({0, 1}, {1, 2})(b.scalar()); }},
    {"require_g_max", [](const Bad& b) { require_g_max(PcmLike{}, b.scalar()); }},
    {"require_time", [](const Bad& b) { require_time(PcmLike{}, b.scalar()); }},
    {"program",
     [](const Bad& b) {
         std::vector<float> g(4), nu(4);
         program(PcmLike{}, 25, b.list(4), g, nu, TileKey{1}, 0);
     }},
    {"program (g max)",
     [](const Bad& b) {
         std::vector<float> target(4), g(4), nu(4);
         program(PcmLike{}, b.scalar(), target, g, nu, TileKey{1}, 0);
     }},
    {"at_time",
     [](const Bad& b) {
         std::vector<float> t(4), g(4);
         at_time(PcmLike{}, 25, t, t, t, b.scalar(), g, TileKey{1}, 0);
     }},
    {"at_time (programmed)",
     [](const Bad& b) {
         std::vector<float> t(4), g(4);
         at_time(PcmLike{}, 25, t, b.list(4), t, 1, g, TileKey{1}, 0);
     }},
    {"at_time (drift)",
     [](const Bad& b) {
         std::vector<float> t(4), g(4);
         at_time(PcmLike{}, 25, t, t, b.list(4), 1, g, TileKey{1}, 0);
     }},
    {"program_and_read",
     [](const Bad& b) {
         std::vector<float> g(4);
         program_and_read(PcmLike{}, 25, b.list(4), 1.0, g, TileKey{1}, 0, 0);
     }},
    {"window_value", [](const Bad& b) { window_value(Window::kJoglekar, b.scalar(), 1e-3, 1); }},
    {"MemristorCell", [](const Bad& b) { MemristorCell(LinearIonDrift{}, b.scalar()); }},
    {"MemristorCell::current", [](const Bad& b) { memristor().current(b.scalar()); }},
    {"MemristorCell::conductance_s", [](const Bad& b) { memristor().conductance_s(b.scalar()); }},
    {"MemristorCell::apply", [](const Bad& b) { memristor().apply(b.scalar(), 1e-3); }},
    {"MemristorCell::apply (duration)",
     [](const Bad& b) { memristor().apply(1, b.scalar() * 1e-3); }},
    {"MemristorCell::apply (step)", [](const Bad& b) { memristor().apply(1, 1e-3, b.scalar()); }},
    {"hysteresis",
     [](const Bad& b) {
         MemristorCell m = memristor();
         hysteresis(m, {0, b.scalar()}, 1e-4);
     }},
    {"hysteresis (step)",
     [](const Bad& b) {
         MemristorCell m = memristor();
         hysteresis(m, {0, 1}, b.scalar());
     }},
    {"program_to",
     [](const Bad& b) {
         MemristorCell m = memristor();
         program_to(m, b.scalar(), 1, 1e-4, 0.02, 5);
     }},
    {"program_to (volt)",
     [](const Bad& b) {
         MemristorCell m = memristor();
         program_to(m, 1e-3, b.scalar(), 1e-4, 0.02, 5);
     }},
    {"program_to (tolerance)",
     [](const Bad& b) {
         MemristorCell m = memristor();
         program_to(m, 1e-3, 1, 1e-4, b.scalar(), 5);
     }},
    {"read_disturb_exponent", [](const Bad& b) { read_disturb_exponent(b.scalar(), 300); }},
    {"read_disturb_exponent (temperature)",
     [](const Bad& b) { read_disturb_exponent(0.2, b.scalar()); },
     300},
    {"read_disturb_transition_s",
     [](const Bad& b) { read_disturb_transition_s(b.scalar(), 1, 300); }},
    {"read_disturb_transition_s (cycles)",
     [](const Bad& b) { read_disturb_transition_s(0.2, b.scalar(), 300); }},
    {"read_disturb_factor", [](const Bad& b) { read_disturb_factor(b.scalar(), 0.2, 1, 300); }},
    {"disturbed_state", [](const Bad& b) { disturbed_state(ReadDisturb{}, b.scalar(), 1); }},
    {"disturbed_state (time)",
     [](const Bad& b) { disturbed_state(ReadDisturb{}, 0.2, b.scalar()); }},
    {"sonos_std_na", [](const Bad& b) { sonos_std_na(b.scalar(), 1); }},
    {"sonos_std_na (days)", [](const Bad& b) { sonos_std_na(100, b.scalar()); }},
    {"sonos_shift_na", [](const Bad& b) { sonos_shift_na(b.scalar(), 1); }},
    {"sonos_read_std_na", [](const Bad& b) { sonos_read_std_na(b.scalar()); }},
    {"require_sonos", [](const Bad& b) { require_sonos(b.scalar(), 1); }},
    {"apply_stuck_cells",
     [](const Bad& b) {
         std::vector<float> g(4);
         apply_stuck_cells({0.5, StuckAt::kGMax}, 0, b.scalar(), TileKey{1}, 0, g);
     }},
};

TEST(Refusals, OfNumbersInDevices) {
    expect_refused_numbers(kNumbers);
}

const std::vector<ShapeCase> kShapes = {
    {"PulsedArray of no rows", [] { PulsedArray(ConstantStep{}, 0, 3, TileKey{1}); }},
    {"PulsedArray of absurd size",
     [] { PulsedArray(ConstantStep{}, size_t{1} << 40, size_t{1} << 40, TileKey{1}); }},
    {"PulsedArray::set_weights", [] { array().set_weights(numbers(kCols, kRows).view(), 0); }},
    {"PulsedArray::set_weights_unclipped",
     [] { array().set_weights_unclipped(numbers(kRows, kCols + 1).view()); }},
    {"PulsedArray::add", [] { array().add(numbers(kRows - 1, kCols).view(), 0); }},
    {"PulsedArray::apply", [] { array().apply(trains(kCols, kRows), 0); }},
    {"PulsedArray::apply (samples)",
     [] {
         PulseOptions options;
         options.first = 3;
         array().apply(trains(kRows, kCols), 0, options);
     }},
    {"PulsedArray::apply (turns)",
     [] {
         const std::vector<uint8_t> only(3);
         PulseOptions options;
         options.only = only;
         array().apply(trains(kRows, kCols), 0, options);
     }},
    {"PulsedArray::apply (taps)",
     [] {
         const std::vector<WeightTap> taps = {{0, kCols}};
         std::vector<float> tapped(kRows);
         PulseOptions options;
         options.taps = taps;
         options.tapped = tapped.data();
         array().apply(trains(kRows, kCols), 0, options);
     }},
    {"PulsedArray::reset_columns", [] { array().reset_columns(kCols, 1, 0.5, 0); }},
    {"PulsedArray::reset_columns (probability)", [] { array().reset_columns(0, 1, 1.5, 0); }},
    {"PulsedArray::reset_cells",
     [] { array().reset_cells(std::vector<uint8_t>(kRows * kCols - 1), 0); }},
    {"PulsedArray::drift back", [] { array().drift(-1, 0); }},
    {"PulsedArray::set_table (shape)",
     [] {
         PulsedArray a = array();
         a.set_table(a.table_names().at(0), numbers(kRows, kCols - 1).view());
     }},
    {"PulsedArray::set_table (name)",
     [] { array().set_table("no_such_table", numbers(kRows, kCols).view()); }},
    {"PulsedArray::table", [] { array().table("no_such_table"); }},
    {"PulsedArray::set_state (missing)", [] { array().set_state({}); }},
    {"PulsedArray::set_state (size)",
     [] {
         PulsedArray a = array();
         auto state = a.state();
         state.at("weight").pop_back();
         a.set_state(state);
     }},
    {"Cell::write",
     [] {
         std::vector<float> states(4), out(3);
         cell().write(states, 1, {}, TileKey{1}, 0, 0, out);
     }},
    {"MonotoneTable (lengths)", [] { MonotoneTable({0, 1, 2}, {1, 2}); }},
    {"MonotoneTable (order)", [] { MonotoneTable({1, 0}, {1, 2}); }},
    {"MonotoneTable (equal)", [] { MonotoneTable({1, 1}, {1, 2}); }},
    {"program",
     [] {
         std::vector<float> target(4), g(3), nu(4);
         program(PcmLike{}, 25, target, g, nu, TileKey{1}, 0);
     }},
    {"at_time",
     [] {
         std::vector<float> t(4), g(3);
         at_time(PcmLike{}, 25, t, t, t, 1.0, g, TileKey{1}, 0);
     }},
    {"program_and_read",
     [] {
         std::vector<float> target(4), g(5);
         program_and_read(PcmLike{}, 25, target, 1.0, g, TileKey{1}, 0, 0);
     }},
    {"MemristorCell::apply backwards in time", [] { memristor().apply(1, -1); }},
    {"MemristorCell::apply without step", [] { memristor().apply(1, 1, 0); }},
    {"MemristorCell::conductance_s at 0 V", [] { memristor().conductance_s(0); }},
    {"apply_stuck_cells (range)",
     [] {
         std::vector<float> g(4);
         apply_stuck_cells({0.5, StuckAt::kRandom}, 2, 1, TileKey{1}, 0, g);
     }},
};

TEST(Refusals, OfShapesInDevices) {
    expect_refused_shapes(kShapes);
}

}  // namespace
}  // namespace mho::refusals
