// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
//
// Converters, wires, tiles and grids of tiles.
#include "mho/array/converter.h"
#include "mho/array/nonidealities.h"
#include "mho/array/weight_slices.h"
#include "mho/array/wire_netlist.h"
#include "mho/array/wires.h"
#include "mho/array/wires_fast.h"
#include "mho/convert/adc_bank.h"
#include "mho/convert/adc_circuit.h"
#include "mho/convert/linearity.h"
#include "mho/convert/uniform.h"
#include "mho/kernels/gradient_products.h"
#include "mho/kernels/transpose.h"
#include "mho/tile/activity.h"
#include "mho/tile/column_periphery.h"
#include "mho/tile/grid.h"
#include "mho/tile/near_memory_unit.h"
#include "mho/tile/sliced_tile.h"
#include "mho/tile/time_ir_drop.h"
#include "mho/tile/unit_inputs.h"
#include "refusals.h"

namespace mho::refusals {
namespace {

constexpr size_t kOut = 4;
constexpr size_t kIn = 6;
constexpr size_t kRows = 3;

Tile programmed() {
    Tile tile(TileConfig{}, kOut, kIn, TileKey{1});
    tile.program(numbers(kOut, kIn).view());
    return tile;
}

TileGrid grid() {
    return TileGrid(TileConfig{}, kOut, kIn, 1, "layer");
}

void apply(ConstFloatView x, FloatView y) {
    MvmScratch scratch;
    programmed().apply(x, y, {}, scratch);
}

AdcBank bank() {
    return {UniformAdc{}, kOut, true, TileKey{1}};
}

SlicedTile sliced() {
    SlicedTile tile(Crossbar{}, StuckCells{}, kOut, kIn, TileKey{1});
    tile.write_exactly(numbers(kOut, kIn).view());
    return tile;
}

ColumnPeriphery periphery() {
    return {DigitalPeriphery{}, kOut, TileKey{1}};
}

WireConfig lines() {
    WireConfig config;
    config.row_resistance = config.column_resistance = 0.01;
    return config;
}

WireConfig supply() {
    WireConfig config;
    config.topology = WireTopology::kSupplyLine;
    config.column_resistance = 0.01;
    return config;
}

void apply_time_ir_drop(ConstFloatView x, size_t outputs) {
    const Conductances g = to_conductances(Converter{}, numbers(kOut, kIn).view());
    TimeIrDrop config;
    config.enabled = true;
    config.segments = 2;
    Matrix<float> y(x.rows, outputs);
    TimeIrDropArray(config, Converter{}, g).apply(x, y.view());
}

const std::vector<Case> kNumbers = {
    {"Tile::set_weights",
     [](const Bad& b) {
         Tile(TileConfig{}, kOut, kIn, TileKey{1}).set_weights(b.matrix(kOut, kIn).view());
     }},
    {"Tile::program", [](const Bad& b) { programmed().program(b.matrix(kOut, kIn).view()); }},
    {"Tile::advance_to", [](const Bad& b) { programmed().advance_to(b.scalar()); }},
    {"Tile::set_conductances_us",
     [](const Bad& b) {
         programmed().set_conductances_us({b.matrix(kOut, kIn), numbers(kOut, kIn)});
     }},
    {"Tile::set_programmed_us",
     [](const Bad& b) {
         programmed().set_programmed_us({b.matrix(kOut, kIn), numbers(kOut, kIn)});
     }},
    {"Tile::apply",
     [](const Bad& b) {
         Matrix<float> y(kRows, kOut);
         apply(b.matrix(kRows, kIn).view(), y.view());
     }},
    {"Tile::apply_transposed",
     [](const Bad& b) {
         Matrix<float> g(kRows, kIn);
         MvmScratch scratch;
         programmed().apply_transposed(b.matrix(kRows, kOut).view(), g.view(), {}, scratch);
     }},
    {"Tile::restore",
     [](const Bad& b) {
         Tile::State state = programmed().state();
         state.target = b.matrix(kOut, kIn);
         programmed().restore(state);
     }},
    {"TileGrid::set_weights", [](const Bad& b) { grid().set_weights(b.matrix(kOut, kIn).view()); }},
    {"TileGrid::program", [](const Bad& b) { grid().program(b.matrix(kOut, kIn).view()); }},
    {"TileGrid::advance_to",
     [](const Bad& b) {
         TileGrid g = grid();
         g.program(numbers(kOut, kIn).view());
         g.advance_to(b.scalar());
     }},
    {"TileGrid::set_scales", [](const Bad& b) { grid().set_scales(b.matrix(1, kOut)); }},
    {"TileGrid::set_bias", [](const Bad& b) { grid().set_bias(b.list(kOut)); }},
    {"TileGrid::set_input_ranges", [](const Bad& b) { grid().set_input_ranges(b.list(1)); }},
    {"TileGrid::set_output_ranges",
     [](const Bad& b) { grid().set_output_ranges(b.list(kOut)); },
     0.5f,
     false},
    {"TileGrid::apply",
     [](const Bad& b) {
         Matrix<float> y(kRows, kOut);
         TileGrid::Scratch scratch;
         grid().apply(b.matrix(kRows, kIn).view(), y.view(), {}, scratch);
     }},
    {"TileGrid::apply_transposed",
     [](const Bad& b) {
         Matrix<float> g(kRows, kIn);
         TileGrid::Scratch scratch;
         grid().apply_transposed(b.matrix(kRows, kOut).view(), g.view(), {}, scratch);
     }},
    {"map_weights", [](const Bad& b) { map_weights(Mapping{}, b.matrix(kOut, kIn).view()); }},
    {"mapping_rate_factor",
     [](const Bad& b) {
         Mapping mapping;
         mapping.rate_compensation = true;
         mapping_rate_factor(mapping, b.list(kOut));
     },
     0.5f,
     false},
    {"to_conductances",
     [](const Bad& b) { to_conductances(Converter{}, b.matrix(kOut, kIn).view()); }},
    {"to_conductances (scale)",
     [](const Bad& b) {
         ConductanceScale scale;
         scale.us_per_weight = {b.scalar()};
         to_conductances(Converter{}, numbers(kOut, kIn).view(), scale);
     }},
    {"fit_scale", [](const Bad& b) { fit_scale(Converter{}, b.matrix(kOut, kIn).view()); }},
    {"to_weights",
     [](const Bad& b) {
         Conductances g = to_conductances(Converter{}, numbers(kOut, kIn).view());
         g.slices[0].values.back() = b.number;
         Matrix<float> out(kOut, kIn);
         to_weights(Converter{}, g, out.view());
     }},
    {"weight_limit",
     [](const Bad& b) { weight_limit(WeightSlicing{}, b.matrix(kOut, kIn).view()); }},
    {"to_states",
     [](const Bad& b) { to_states(WeightSlicing{}, CellStates{}, b.matrix(kOut, kIn).view()); }},
    {"range_of_step", [](const Bad& b) { range_of_step(UniformAdc{}, b.scalar(), true); }},
    {"AdcBank::reference_code",
     [](const Bad& b) { bank().reference_code(0, b.scalar(), {-1, 1}); }},
    {"AdcBank::reference (range)",
     [](const Bad& b) { bank().reference(0, 0.5, {-1, b.scalar()}); }},
    {"AdcBank::value_of_code (range)",
     [](const Bad& b) { bank().value_of_code(0, {-1, b.scalar()}); }},
    {"dac_edges",
     [](const Bad& b) {
         const CapacitorDac dac;
         dac_edges(dac, b.double_list(capacitor_count(dac)));
     }},
    {"make_stage", [](const Bad& b) { make_stage(1, 1, b.scalar(), 60, -0.25, 0.25); }},
    {"mid_scale_inl_std", [](const Bad& b) { mid_scale_inl_std(8, b.scalar()); }},
    {"mid_scale_dnl_std", [](const Bad& b) { mid_scale_dnl_std(8, b.scalar()); }},
    {"sinh_cells", [](const Bad& b) { sinh_cells(b.scalar()); }},
    {"Wires", [](const Bad& b) { Wires(lines(), b.double_matrix(kIn, kOut).view()); }},
    {"Wires::solve",
     [](const Bad& b) { Wires(lines(), doubles(kIn, kOut).view()).solve(b.double_list(kIn)); }},
    {"Wires::solve (tolerance)",
     [](const Bad& b) {
         WireOptions options;
         options.tolerance = b.scalar();
         Wires(lines(), doubles(kIn, kOut).view()).solve(std::vector<double>(kIn, 1), options);
     }},
    {"Wires::effective",
     [](const Bad& b) { Wires(lines(), doubles(kIn, kOut).view()).effective(1, b.scalar()); }},
    {"wire_netlist",
     [](const Bad& b) {
         wire_netlist(lines(), b.double_matrix(kIn, kOut).view(), {}, std::vector<double>(kIn, 1));
     }},
    {"wire_netlist (inputs)",
     [](const Bad& b) {
         wire_netlist(lines(), doubles(kIn, kOut).view(), {}, b.double_list(kIn));
     }},
    {"spice_deck",
     [](const Bad& b) {
         spice_deck(
             wire_netlist(lines(), doubles(kIn, kOut).view(), {}, std::vector<double>(kIn, 1)),
             b.scalar());
     }},
    {"dmr_factors", [](const Bad& b) { dmr_factors(lines(), b.double_matrix(kIn, kOut).view()); }},
    {"dmr_conductances",
     [](const Bad& b) { dmr_conductances(lines(), b.double_matrix(kIn, kOut).view()); }},
    {"dmr_error", [](const Bad& b) { dmr_error(lines(), b.double_matrix(kIn, kOut).view()); }},
    {"column_recursion",
     [](const Bad& b) {
         column_recursion(supply(), doubles(kIn, kOut).view(), b.double_list(kIn));
     }},
    {"column_recursion_error",
     [](const Bad& b) { column_recursion_error(supply(), b.double_matrix(kIn, kOut).view()); }},
    {"count_activity",
     [](const Bad& b) {
         Activity activity;
         count_activity(grid(), b.matrix(kRows, kIn).view(), activity);
     }},
    {"ColumnPeriphery::calibrate",
     [](const Bad& b) {
         Matrix<int32_t> counts(kRows, kOut);
         for (size_t i = 0; i < counts.values.size(); i++) {
             counts.values[i] = static_cast<int32_t>(i);
         }
         periphery().calibrate({counts.values.data(), kRows, kOut}, b.matrix(kRows, kOut).view());
     }},
    {"ColumnPeriphery::fold",
     [](const Bad& b) { periphery().fold(b.list(kOut), std::vector<float>(kOut), 1.0f); }},
    {"ColumnPeriphery::fold (range)",
     [](const Bad& b) {
         periphery().fold(std::vector<float>(kOut, 1), std::vector<float>(kOut), b.number);
     }},
    {"fold_column", [](const Bad& b) { fold_column(b.scalar(), 0, 1, 0, 0, 1, 1e-5, 1); }},
    {"fold_column (variance)",
     [](const Bad& b) { fold_column(1, 0, 1, 0, 0, b.scalar(), 1e-5, 1); }},
    {"near_memory_codes",
     [](const Bad& b) {
         const std::vector<ColumnAffine> columns = {{1, 0}, {b.scalar(), 0}};
         near_memory_codes(near_memory_format(7, 7, 1, 0, 0, 8), columns);
     }},
    {"SlicedTile::write",
     [](const Bad& b) { sliced().write(b.matrix(kOut, kIn).view(), 1, {}, 0); }},
    {"SlicedTile::write (time)",
     [](const Bad& b) { sliced().write(numbers(kOut, kIn).view(), b.scalar(), {}, 0); }},
    {"SlicedTile::write_exactly",
     [](const Bad& b) { sliced().write_exactly(b.matrix(kOut, kIn).view()); }},
    {"SlicedTile::set_conductances_us",
     [](const Bad& b) {
         std::vector<Matrix<float>> g = sliced().conductances_us();
         g[0].values.back() = b.number;
         sliced().set_conductances_us(g);
     }},
    {"TimeIrDropArray::apply",
     [](const Bad& b) { apply_time_ir_drop(b.matrix(kRows, kIn).view(), kOut); }},
};

TEST(Refusals, OfNumbersInTiles) {
    expect_refused_numbers(kNumbers);
}

const std::vector<ShapeCase> kShapes = {
    {"Tile of no outputs", [] { Tile(TileConfig{}, 0, kIn, TileKey{1}); }},
    {"Tile::set_weights",
     [] { Tile(TileConfig{}, kOut, kIn, TileKey{1}).set_weights(numbers(kIn, kOut).view()); }},
    {"Tile::program", [] { programmed().program(numbers(kOut, kIn + 1).view()); }},
    {"Tile::advance_to a negative time", [] { programmed().advance_to(-1); }},
    {"Tile::set_conductances_us", [] { programmed().set_conductances_us({numbers(kOut, kIn)}); }},
    {"Tile::set_programmed_us", [] { programmed().set_programmed_us({numbers(kOut, kIn)}); }},
    {"Tile::apply (inputs)",
     [] {
         Matrix<float> y(kRows, kOut);
         apply(numbers(kRows, kIn + 1).view(), y.view());
     }},
    {"Tile::apply (outputs)",
     [] {
         Matrix<float> y(kRows, kOut - 1);
         apply(numbers(kRows, kIn).view(), y.view());
     }},
    {"Tile::apply (rows)",
     [] {
         Matrix<float> y(kRows + 1, kOut);
         apply(numbers(kRows, kIn).view(), y.view());
     }},
    {"Tile::apply_transposed",
     [] {
         Matrix<float> g(kRows, kOut);
         MvmScratch scratch;
         programmed().apply_transposed(numbers(kRows, kOut).view(), g.view(), {}, scratch);
     }},
    {"Tile::restore",
     [] {
         Tile::State state = programmed().state();
         state.target = numbers(kOut, kIn - 1);
         programmed().restore(state);
     }},
    {"split_axis", [] { split_axis(0, 8); }},
    {"TileGrid of no inputs", [] { TileGrid(TileConfig{}, kOut, 0, 1, "layer"); }},
    {"TileGrid::tile", [] { grid().tile(1, 0); }},
    {"TileGrid::periphery", [] { grid().periphery(0, 1); }},
    {"TileGrid::set_weights", [] { grid().set_weights(numbers(kIn, kOut).view()); }},
    {"TileGrid::program", [] { grid().program(numbers(kOut + 1, kIn).view()); }},
    {"TileGrid::set_scales", [] { grid().set_scales(numbers(2, kOut)); }},
    {"TileGrid::set_bias", [] { grid().set_bias(std::vector<float>(kOut + 1)); }},
    {"TileGrid::set_input_ranges", [] { grid().set_input_ranges({1.0f, 1.0f}); }},
    {"TileGrid::set_output_ranges", [] { grid().set_output_ranges({1, 1, 1, 1, 1, 1}); }},
    {"TileGrid::apply",
     [] {
         Matrix<float> y(kRows, kOut);
         TileGrid::Scratch scratch;
         grid().apply(numbers(kRows, kIn - 1).view(), y.view(), {}, scratch);
     }},
    {"TileGrid::apply_transposed",
     [] {
         Matrix<float> g(kRows, kIn);
         TileGrid::Scratch scratch;
         grid().apply_transposed(numbers(kRows, kIn).view(), g.view(), {}, scratch);
     }},
    {"map_weights", [] { map_weights(Mapping{}, Matrix<float>(0, 0).view()); }},
    {"transpose",
     [] {
         Matrix<float> to(kOut, kIn);
         transpose(numbers(kOut, kIn).view(), to.view());
     }},
    {"weight_gradient",
     [] {
         Matrix<float> gradient(kOut, kIn + 1);
         GradientRoom room;
         weight_gradient(
             numbers(kRows, kOut).view(), numbers(kRows, kIn).view(), gradient.view(), room);
     }},
    {"input_gradient",
     [] {
         Matrix<float> gradient(kOut, kIn + 1);
         GradientRoom room;
         input_gradient(
             numbers(kRows, kOut).view(), numbers(kRows, kIn).view(), gradient.view(), room);
     }},
    {"Mvm", [] { Mvm(MvmConfig{}, 0, kIn, TileKey{1}); }},
    {"Mvm::run",
     [] {
         PackedMatrix w;
         w.pack(numbers(kOut, kIn + 1).view());
         Matrix<float> y(kRows, kOut);
         MvmScratch scratch;
         Mvm(MvmConfig{}, kOut, kIn, TileKey{1})
             .run(w, numbers(kRows, kIn).view(), y.view(), {}, scratch);
     }},
    {"Mvm::read_out",
     [] {
         Matrix<float> y(kRows, kOut + 1);
         MvmScratch scratch;
         Mvm(MvmConfig{}, kOut, kIn, TileKey{1}).read_out(y.view(), 0, {}, scratch);
     }},
    {"Mvm::set_tables",
     [] {
         MvmTables tables;
         tables.output_noise_std.resize(kOut + 1);
         Mvm(MvmConfig{}, kOut, kIn, TileKey{1}).set_tables(tables);
     }},
    {"to_conductances (scale)",
     [] {
         ConductanceScale scale;
         scale.us_per_weight = {1, 1};
         to_conductances(Converter{}, numbers(kOut, kIn).view(), scale);
     }},
    {"to_weights",
     [] {
         const Conductances g = to_conductances(Converter{}, numbers(kOut, kIn).view());
         Matrix<float> out(kOut, kIn + 1);
         to_weights(Converter{}, g, out.view());
     }},
    {"to_weights (slices)",
     [] {
         Conductances g = to_conductances(Converter{}, numbers(kOut, kIn).view());
         g.slices.pop_back();
         Matrix<float> out(kOut, kIn);
         to_weights(Converter{}, g, out.view());
     }},
    {"to_states of nothing",
     [] { to_states(WeightSlicing{}, CellStates{}, Matrix<float>(0, 0).view()); }},
    {"weights_of_states",
     [] {
         WeightStates states = to_states(WeightSlicing{}, CellStates{}, numbers(2, 2).view());
         states.slices[0].minus = numbers(2, 1);
         weights_of_states(states);
     }},
    {"digits_of",
     [] {
         WeightSlicing slicing;
         slicing.weight_bits = 4;
         digits_of(slicing, 1000);
     }},
    {"AdcBank::reference_code", [] { bank().reference_code(kOut, 0.5, {-1, 1}); }},
    {"AdcBank::reference", [] { bank().reference(kOut, 0.5, {-1, 1}); }},
    {"AdcBank::convert_row",
     [] {
         std::vector<float> row(kOut + 1);
         bank().convert_row(row, {-1, 1}, nullptr);
     }},
    {"dac_edges", [] { dac_edges(CapacitorDac{}, std::vector<double>(1)); }},
    {"sar_code", [] { sar_code(std::vector<double>(3), 0.5, 8); }},
    {"sar_transitions", [] { sar_transitions(std::vector<double>(3), 8); }},
    {"make_stage", [] { make_stage(0, 0, 0, 60, -0.25, 0.25); }},
    {"measure_linearity", [] { measure_linearity(bank(), kOut); }},
    {"mid_scale_inl_std", [] { mid_scale_inl_std(0, 0.1); }},
    {"mid_scale_dnl_std", [] { mid_scale_dnl_std(100, 0.1); }},
    {"Wires of nothing", [] { Wires(lines(), Matrix<double>(0, 0).view()); }},
    {"Wires of negative conductance", [] { Wires(lines(), Matrix<double>(2, 2, -1.0).view()); }},
    {"Wires::solve",
     [] { Wires(lines(), doubles(kIn, kOut).view()).solve(std::vector<double>(kIn - 1)); }},
    {"wire_netlist",
     [] { wire_netlist(lines(), doubles(kIn, kOut).view(), {}, std::vector<double>(kOut)); }},
    {"reference_currents",
     [] {
         WireNetlist netlist;
         netlist.cells = {{5, 6, 1.0}};
         reference_currents(netlist);
     }},
    {"spice_deck",
     [] {
         WireNetlist netlist;
         netlist.outputs = {7};
         spice_deck(netlist);
     }},
    {"column_recursion",
     [] { column_recursion(supply(), doubles(kIn, kOut).view(), std::vector<double>(kOut)); }},
    {"dmr_factors of nothing", [] { dmr_factors(lines(), Matrix<double>(0, 0).view()); }},
    {"count_activity",
     [] {
         Activity activity;
         count_activity(grid(), numbers(kRows, kIn + 1).view(), activity);
     }},
    {"Activity::add",
     [] {
         Activity a, b;
         count_activity(grid(), numbers(kRows, kIn).view(), a);
         count_activity(TileGrid(TileConfig{}, 2, 3, 1, "b"), numbers(kRows, 3).view(), b);
         a.add(b);
     }},
    {"ColumnPeriphery::count",
     [] {
         Matrix<int32_t> counts(kRows, kOut + 1);
         periphery().count(numbers(kRows, kOut).view(), counts.view());
     }},
    {"ColumnPeriphery::calibrate",
     [] {
         const Matrix<int32_t> counts(kRows, kOut);
         periphery().calibrate({counts.values.data(), kRows, kOut},
                               numbers(kRows, kOut - 1).view());
     }},
    {"ColumnPeriphery::recalibrate_slope",
     [] {
         const Matrix<int32_t> counts(kRows, kOut);
         periphery().recalibrate_slope({counts.values.data(), kRows, kOut},
                                       numbers(kRows, kOut - 1).view());
     }},
    {"ColumnPeriphery::fold",
     [] { periphery().fold(std::vector<float>(kOut), std::vector<float>(kOut - 1), 1.0f); }},
    {"ColumnPeriphery::run",
     [] {
         Matrix<float> outputs(kRows, kOut + 1);
         std::vector<int32_t> counts;
         periphery().run(outputs.view(), counts);
     }},
    {"near_memory_format", [] { near_memory_format(40, 7, 1, 0, 0, 8); }},
    {"fold_column (variance)", [] { fold_column(1, 0, 1, 0, 0, -1, 1e-5, 1); }},
    {"periphery_cycles", [] { periphery_cycles(64, 0, 1); }},
    {"SlicedTile::write", [] { sliced().write(numbers(kIn, kOut).view(), 1, {}, 0); }},
    {"SlicedTile::write_exactly", [] { sliced().write_exactly(numbers(kOut, 1).view()); }},
    {"SlicedTile::apply",
     [] {
         Matrix<float> y(kRows, kOut + 1);
         MvmScratch scratch;
         sliced().apply(numbers(kRows, kIn).view(), y.view(), {}, scratch);
     }},
    {"SlicedTile::observe_currents",
     [] {
         MvmScratch scratch;
         sliced().observe_currents(
             numbers(kRows, kIn + 1).view(), {}, scratch, [](size_t, ConstFloatView) {});
     }},
    {"SlicedTile::set_conductances_us", [] { sliced().set_conductances_us({}); }},
    {"SlicedTile::adc_range", [] { sliced().adc_range(99); }},
    {"TimeIrDropArray::apply", [] { apply_time_ir_drop(numbers(kRows, kIn + 1).view(), kOut); }},
    {"TimeIrDropArray::apply (outputs)",
     [] { apply_time_ir_drop(numbers(kRows, kIn).view(), kOut - 1); }},
};

TEST(Refusals, OfShapesInTiles) {
    expect_refused_shapes(kShapes);
}

}  // namespace
}  // namespace mho::refusals
