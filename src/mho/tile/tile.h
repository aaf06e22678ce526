// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_TILE_H
#define MHO_TILE_TILE_H

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "mho/tile/mvm.h"
#include "mho/tile/sliced_tile.h"
#include "mho/tile/tile_config.h"

namespace mho {

/// Which sources of conductance noise act; a switched-off source does not shift the draws of the
/// others, so that two runs can be compared pairwise.
struct ConductanceSwitches {
    bool programming = true;
    bool drift = true;
    bool read = true;
};

/// One crossbar with its converters: an `[outputs, inputs]` matrix of weights in units of the
/// largest weight (|w| <= 1 for the default mapping).
///
/// What the key can replay is not stored: a programmed tile keeps its target weights and the
/// weights of the present time, and draws programming noise and drift coefficients again when the
/// time changes.
class Tile {
  public:
    Tile(const TileConfig& config, size_t outputs, size_t inputs, TileKey key);

    /// Exact weights `[outputs, inputs]`, no programming noise: training and ideal hardware. Throws
    /// InputError for a wrong shape and for weights that are not finite (the tile then has zeros).
    void set_weights(ConstFloatView weights);

    /// Gives the rows of `count` outputs from `first` on, `[count, inputs]`.
    using RowSource = std::function<ConstFloatView(size_t first, size_t count)>;
    /// The same for weights that are made on the way, a few outputs at a time; they are taken while
    /// they are in the cache.
    void set_weights_from(const RowSource& source);

    /// Programs target weights; conductances are those right after programming (t = 0), and the
    /// drift-compensation baseline is measured. `programming` numbers independent programmings of
    /// the same chip.
    void program(ConstFloatView target,
                 uint64_t programming = 0,
                 ConductanceSwitches switches = {});

    /// Moves to `t_s` seconds after programming (absolute, >= 0): drift, read noise of the
    /// conductances (drawn with `read_step`), drift compensation. Needs program() first.
    void advance_to(double t_s, uint64_t read_step = 0);

    /// Puts measured conductances in place of the simulated ones of the present time: one matrix
    /// `[outputs, inputs]` per slice, in uS, finite. Drift compensation is measured again. Needs
    /// program() first, whose target gives the scale from conductance to weight; the next
    /// program(), set_weights() or advance_to() returns to simulated conductances.
    void set_conductances_us(const std::vector<Matrix<float>>& slices);

    /// Puts conductances that were reached by other means (program-and-verify, gradient-descent
    /// programming) in place of those right after programming, t = 0: one matrix `[outputs,
    /// inputs]` per slice, in uS. They drift like programmed ones, with the drift coefficients of
    /// their cells. The baseline of the drift compensation is measured again. Needs program()
    /// first, which undoes it; not for `renormalise_programmed`.
    void set_programmed_us(const std::vector<Matrix<float>>& slices);

    /// Switches the digital use of the drift compensation on or off (it is measured anyway).
    void use_compensation(bool on) { use_compensation_ = on; }

    /// y `[rows, outputs]` = compensation * analog W x for x `[rows, inputs]`. Row r draws the
    /// noise of sample key.first_sample + r. Throws InputError for wrong shapes and non-finite
    /// inputs.
    void apply(ConstFloatView x, FloatView y, const MvmCall& call, MvmScratch& scratch) const;

    /// Packs the transposed weights once for many calls of apply_transposed; setting weights or
    /// moving in time drops them.
    void prepare_backward();

    /// g `[rows, inputs]` = analog W^T d for d `[rows, outputs]`, by the backward configuration.
    void apply_transposed(ConstFloatView d,
                          FloatView g,
                          const MvmCall& call,
                          MvmScratch& scratch) const;

    /// Weights as they are now `[outputs, inputs]` (after programming and drift).
    Matrix<float> weights() const;
    /// The present weights of one input, `[outputs]`.
    void copy_column(size_t input, float* to) const { packed_.copy_column(input, to); }
    /// What the tile was programmed to; empty before.
    const Matrix<float>& target() const { return target_; }
    /// Conductances of the present time, one matrix per slice (g+, g-, next pair ...), in uS.
    std::vector<Matrix<float>> conductances_us() const;

    /// Devices of a weight, and the range of their conductances.
    size_t devices() const;
    double g_max_us() const;
    double g_min_us() const;
    /// The circuits, where the configuration asks for them.
    const std::optional<SlicedTile>& crossbar() const { return crossbar_; }

    size_t outputs() const { return outputs_; }
    size_t inputs() const { return inputs_; }
    TileKey key() const { return key_; }
    const TileConfig& config() const { return config_; }
    /// Compensation factors: empty (none), one, or one per output.
    const std::vector<float>& compensation() const { return compensation_; }
    /// The read-out of the programmed tile that the factors refer to: empty, one, or one per output
    /// (a user's law: any count).
    const std::vector<double>& baseline() const { return baseline_; }
    const Mvm& forward() const { return forward_; }
    const Mvm& backward() const { return backward_; }
    bool is_programmed() const { return programmed_; }
    double time_s() const { return time_s_; }
    /// Bytes that the state of this tile takes (weights, packed weights, tables).
    size_t bytes() const;

    /// Drift-compensation read-out: mean |output| over unit vectors, one number or one per output,
    /// not below 1e-4; with a user's law whatever that reads.
    std::vector<double> readout(uint64_t step) const;

    /// What must be saved to continue exactly: numbers only, everything else replays from the key.
    struct State {
        Matrix<float> target;  // the weights, if not programmed
        bool programmed = false;
        uint64_t programming = 0;
        uint64_t read_step = 0;
        double time_s = 0.0;
        bool read = false;  // advance_to() was called
        ConductanceSwitches switches;
        bool use_compensation = true;
        std::vector<Matrix<float>> measured_us;    // set_conductances_us, empty = simulated
        std::vector<Matrix<float>> programmed_us;  // set_programmed_us, empty = one shot
    };
    State state() const;
    void restore(const State& state);

  private:
    void require_shape(ConstFloatView weights) const;
    void evaluate_weights(Matrix<float>& weights, Conductances* conductances) const;
    void pack(ConstFloatView weights);
    void pack_from(const RowSource& source);
    void pack_asymmetric();
    void refresh_timed(const Conductances& present);
    void product(ConstFloatView x, FloatView y, const MvmCall& call, MvmScratch& scratch) const;
    void measure_baseline();
    void evaluate_and_pack();
    void measure_compensation();
    void require_slices(const std::vector<Matrix<float>>& slices) const;
    std::vector<double> user_readout(uint64_t step) const;
    template <class F>
    void each_unit_response(uint64_t step, F&& f) const;

    TileConfig config_;
    size_t outputs_;
    size_t inputs_;
    TileKey key_;
    Mvm forward_;
    Mvm backward_;
    std::optional<SlicedTile> crossbar_;
    std::optional<TimeIrDropArray> timed_;  // of the present conductances
    Matrix<float> target_;
    PackedMatrix packed_;
    std::optional<PackedMatrix> packed_transposed_;
    bool programmed_ = false;
    uint64_t programming_ = 0;
    uint64_t read_step_ = 0;
    double time_s_ = 0.0;
    bool read_ = false;  // advanced, maybe by 0 s: conductances are those of a reading
    ConductanceSwitches switches_;
    bool use_compensation_ = true;
    std::vector<double> baseline_;
    std::vector<float> compensation_;
    std::vector<Matrix<float>> measured_us_;
    std::vector<Matrix<float>> programmed_us_;
};

/// A way to bring a tile to its weights; the default of every tile is one shot. Programmers are in
/// adapt/.
class Programmer {
  public:
    virtual ~Programmer() = default;
    /// Programs `target` `[outputs, inputs]`. With switches.programming off it must be exact.
    virtual void program(Tile& tile,
                         ConstFloatView target,
                         uint64_t programming,
                         ConductanceSwitches switches) const = 0;
};

}  // namespace mho

#endif  // MHO_TILE_TILE_H
