// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_SLICED_TILE_H
#define MHO_TILE_SLICED_TILE_H

// The analog product of one tile as circuits (`Crossbar`): every input pass meets every weight
// slice, each column is converted, the numbers are added up.
//
//     y = sum over passes p, slices s: pass_gain_p gain_s ADC_s(I_ps) + input_gain sum_j x_j
//     I_ps = sum_j G_s x_pj  behind the wires
//
// All columns of all slices (and polarities, and unit columns) stand side by side in one matrix, so
// a pass is one product. Formulas: docs/models/crossbar.md.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "mho/array/wires.h"
#include "mho/device/cell.h"
#include "mho/device/stuck_map.h"
#include "mho/kernels/product.h"
#include "mho/tile/crossbar_config.h"
#include "mho/tile/mvm.h"
#include "mho/tile/stuck_cells.h"
#include "mho/tile/unit_inputs.h"

namespace mho {

/// One pass of the inputs.
struct InputPass {
    int shift = 0;         // the digit begins at this bit of the code
    double divisor = 1.0;  // the largest digit, which becomes a voltage of 1
    double gain = 1.0;     // of the pass in the product
};
std::vector<InputPass> input_passes(const CrossbarInput& input);

/// Largest code of an input (0 for `analog` and `uniform` ones, which have no digits).
int input_top(const CrossbarInput& input);
/// Code of an input in [-1, 1], its sign included. float32: ties decide codes.
int32_t input_code(const CrossbarInput& input, float v);
/// What an input in [-1, 1] becomes, all passes together.
float input_level(const CrossbarInput& input, float v);

/// The I-V of a cell as wires take it: g shape(v) + second(g) v |v| + third(g) v^3, in units of
/// g_max and full input; its slope by a central difference.
CellLaw cell_law(const Cell& cell);

class SlicedTile {
  public:
    /// Throws ConfigError for a configuration that is not usable.
    SlicedTile(const Crossbar& config,
               const StuckCells& stuck,
               size_t outputs,
               size_t inputs,
               TileKey key);

    /// Writes weights `[outputs, inputs]` with the errors of programming number `programming`, as
    /// they are `t_s` seconds later.
    void write(ConstFloatView weights, double t_s, CellSwitches switches, uint64_t programming);
    /// The states themselves, without errors.
    void write_exactly(ConstFloatView weights);

    /// y `[rows, outputs]` for x `[rows, inputs]`. Row r draws the noise of sample
    /// key.first_sample + r. Finite inputs; any number of threads, each with its scratch.
    void apply(ConstFloatView x, FloatView y, const MvmCall& call, MvmScratch& scratch) const;

    /// The same, serial and in double from the conductances on: inputs and digits are decided in
    /// float32, noise is that of the kernel.
    void reference(ConstFloatView x, MatrixView<double> y, const MvmCall& call) const;

    /// Shows the currents before conversion: `see(slice, current)` for every pass, row and column.
    void observe_currents(
        ConstFloatView x,
        const MvmCall& call,
        MvmScratch& scratch,
        const std::function<void(size_t slice, ConstFloatView currents)>& see) const;

    /// Weights that the present conductances stand for, wires included.
    Matrix<float> weights() const;

    /// Conductances in uS, one matrix per device of a weight: slice by slice, for pairs g+ then g-.
    std::vector<Matrix<float>> conductances_us() const;
    /// Takes measured ones (shapes as given). Throws InputError.
    void set_conductances_us(const std::vector<Matrix<float>>& devices);
    size_t devices() const;

    const Crossbar& config() const { return config_; }
    size_t outputs() const { return outputs_; }
    size_t inputs() const { return inputs_; }
    size_t passes() const { return passes_.size(); }
    size_t slices() const { return bits_.size(); }
    /// Range of the converters of a slice.
    AdcRange adc_range(size_t slice) const;
    size_t bytes() const;

  private:
    // Columns of one slice and polarity in the joint matrix.
    struct Block {
        size_t slice = 0;
        double sign = 1.0;
        size_t first = 0;            // column
        size_t width = 0;            // outputs, and the unit column
        bool is_subtracted = false;  // from the block before it, ahead of the converter
    };
    // Columns whose currents are not linear in the inputs: their circuit is solved for every
    // vector.
    struct Circuit {
        size_t first = 0;
        size_t width = 0;
        double sign = 1.0;
        std::shared_ptr<const Wires> wires;  // or, for the column recursion,
        Matrix<double> conductance;          // [inputs, columns]
    };
    bool pairs() const { return config_.weights.coding == WeightCoding::kBalanced; }
    void lay_out();
    void refresh();
    void fit(ConstFloatView weights);
    // wires (sliced_wires.cc)
    WireConfig wire_config() const;
    bool has_wires(size_t slice) const;
    bool is_solved_by_vector(size_t slice) const;
    Matrix<double> cells_of(size_t slice, bool negative) const;
    Matrix<float> behind_wires(size_t slice, bool negative) const;
    void build_circuits();
    void require_increasing_cells() const;
    void add_circuit_currents(std::span<const double> voltages, std::span<double> sums) const;
    float lowest_input() const { return config_.input.is_signed ? -1.0f : 0.0f; }
    void pass_voltages(const UnitInputs& inputs,
                       size_t pass,
                       const MvmCall& call,
                       FloatView to) const;
    void currents(ConstFloatView voltages,
                  size_t pass,
                  const MvmCall& call,
                  FloatView to,
                  MvmScratch& scratch) const;
    void limit_and_subtract(FloatView currents) const;
    void convert(FloatView currents, size_t pass, const MvmCall& call) const;

    Crossbar config_;
    StuckCells stuck_;
    std::optional<StuckMap> stuck_map_;
    Cell cell_;
    size_t outputs_;
    size_t inputs_;
    TileKey key_;
    std::vector<int> bits_;
    std::vector<InputPass> passes_;
    WeightStates states_;
    std::vector<Matrix<float>> now_;            // [device] [out, in] in units of g_max
    std::vector<std::vector<float>> unit_now_;  // [slice] of the unit columns, or empty
    std::vector<Block> blocks_;
    std::vector<Circuit> circuits_;
    size_t width_ = 0;                                // columns of the joint matrix
    Matrix<float> rows_, second_, third_, variance_;  // [width, in]; empty where there is no effect
    PackedMatrix packed_, packed_second_, packed_third_, packed_variance_;
    std::vector<AdcBank> banks_;  // per block; subtracted blocks have none of their own
    std::vector<AdcRange> ranges_;
};

}  // namespace mho

#endif  // MHO_TILE_SLICED_TILE_H
