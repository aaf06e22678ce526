// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PULSED_ARRAY_H
#define MHO_DEVICE_PULSED_ARRAY_H

// A crossbar of cells that move by pulses: the tables of every cell, its weight, and what happens
// to it. Structure of arrays, row-major, rows padded to 16 cells.
//
// Noise is named by (tile key, step, row, sample, rank among the firing cells of the row): results
// do not depend on the number of threads.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "mho/device/cell_tables.h"
#include "mho/device/pulse_scratch.h"
#include "mho/device/pulse_trains.h"
#include "mho/device/pulsed_device.h"
#include "mho/device/step_form.h"
#include "mho/random/stream.h"
#include "mho/util/matrix.h"

namespace mho {

/// How the pulses of a cell are turned into a weight change.
enum class PulseLaw {
    kPulse,   // the reference: one by one, a normal number and a clip for each
    kSample,  // one normal number for the pulses of one sample, where the law of their sum is known
    kBatch,   // totals of the batch in averaged order, one normal number per cell
};

template <>
struct EnumNames<PulseLaw> {
    static constexpr std::array<std::pair<PulseLaw, std::string_view>, 3> names = {
        {{PulseLaw::kPulse, "pulse"}, {PulseLaw::kSample, "sample"}, {PulseLaw::kBatch, "batch"}}};
};

/// Which coincidences move a cell, and whereto.
enum class PulseRouting {
    kBoth,      // up ones up, down ones down
    kUpOnly,    // up ones up, down ones nothing
    kDownAsUp,  // down ones up, up ones nothing: the other half of a one-sided pair
};

/// A look at one line of the visible weights in the middle of an application: what a transfer
/// reads.
struct WeightTap {
    size_t after = 0;  // samples of the application that come before it
    size_t line = 0;   // the column, or the row
};

/// Options of one application of trains.
struct PulseOptions {
    PulseLaw law = PulseLaw::kSample;
    bool batch_level = true;       // constant step: one normal per cell and batch where exact
    bool frozen_response = false;  // non-linear steps: evaluate the response once per sample
    PulseRouting routing = PulseRouting::kBoth;
    std::span<const uint8_t> only;  // per sample: 0 = not this array's turn; empty = all
    size_t first = 0;               // samples [first, first + count) of the trains
    size_t count = SIZE_MAX;
    // Looks at lines between samples, in ascending order of `after` (counted from `first`), into
    // tapped [taps][rows], or [taps][cols] for rows. The result is that of cutting the application
    // at every tap; rows are still replayed one after the other, so that cells stay in cache.
    std::span<const WeightTap> taps;
    bool tap_columns = true;
    float* tapped = nullptr;
    size_t threads = 1;
    bool scalar_twin = false;  // for tests: the plain C++ form of the kernels, equal bits
};

/// Shares of cells (times samples, where they fired) handled on each level, summed over calls.
struct PulseActivity {
    uint64_t batch_cells = 0;   // one normal per batch, or for several samples of it
    uint64_t sample_cells = 0;  // one normal per sample
    uint64_t pulse_cells = 0;   // pulse by pulse
    uint64_t pulses = 0;        // pulses that cells received (coincidences)
    uint64_t normals = 0;       // random numbers that were needed
    void add(const PulseActivity& other);
};

struct PulseJob;

class PulsedArray {
  public:
    /// Draws all tables. Throws ConfigError for a bad device, InputError for an empty or absurd
    /// shape.
    PulsedArray(const PulsedDevice& device, size_t rows, size_t cols, TileKey key);

    size_t rows() const { return rows_; }
    size_t cols() const { return cols_; }
    const PulsedDevice& device() const { return device_; }
    TileKey key() const { return key_; }
    /// Nominal step (`granularity(device)`), or its estimate once tables were set by hand.
    double granularity() const { return granularity_; }
    /// (w_max - w_min) / granularity.
    double number_of_states() const;

    /// Visible weights [rows, cols].
    ConstFloatView weights() const { return {weight_.data(), rows_, cols_, stride_}; }
    /// Hidden weights on which pulses act; the visible ones where there is no write noise.
    ConstFloatView hidden_weights() const { return {acting().data(), rows_, cols_, stride_}; }
    /// Clips to the bounds of the cells. `step` names the write noise.
    void set_weights(ConstFloatView weights, uint64_t step);
    /// Writes weights past bounds and noise (restoring a state, floating-point updates use it with
    /// a clip afterwards).
    void set_weights_unclipped(ConstFloatView weights);

    /// Applies the trains sample after sample. `step` names the noise together with
    /// trains.first_sample. Returns what was done.
    PulseActivity apply(const PulseTrains& trains, uint64_t step, const PulseOptions& options = {});
    /// One pulse on every cell, up or down.
    void pulse_all(bool up, uint64_t step);
    /// Adds `change` [rows, cols] in floating point, then clips to the bounds (an update without
    /// pulses, "none with device").
    void add(ConstFloatView change, uint64_t step);

    // What time does. Every operation ends with a clip to the bounds and fresh write noise.

    /// Pulls weights to the reset value: factor 1 + alpha (decay factor - 1).
    void decay(double alpha, uint64_t step);
    /// One step of the random walk (white and pink).
    void diffuse(uint64_t step);
    /// Whether decay or diffusion do anything.
    bool decays() const;
    bool diffuses() const;
    /// Resets columns [first, first + count), wrapping around, each cell with probability `p`.
    void reset_columns(size_t first, size_t count, double p, uint64_t step);
    /// Resets single cells: `mask` [rows * cols], non-zero = reset. Throws InputError on a device
    /// with write noise.
    void reset_cells(std::span<const uint8_t> mask, uint64_t step);
    /// Clips to [-limit, limit] as well; negative = bounds only.
    void clip(double limit, uint64_t step);
    /// Lets `delta_ms` pass for the drift.
    void drift(double delta_ms, uint64_t step);

    /// Tables by the field's names: min_bound, max_bound, dwmin_up, dwmin_down, decay_scales,
    /// diffusion_rates, reset_bias, and where the model has them drift_nu, slope_up, slope_down,
    /// gamma_up, gamma_down, reference, hidden_up, hidden_down.
    std::vector<std::string> table_names() const;
    Matrix<float> table(const std::string& name) const;
    /// Throws InputError for an unknown name, a wrong shape or non-finite values. Setting steps
    /// re-estimates the granularity where their mean moved by more than twice the spread.
    void set_table(const std::string& name, ConstFloatView values);

    /// Pulses that every cell received, [rows * cols], for endurance; empty until switched on.
    void count_pulses(bool on);
    MatrixView<const uint32_t> up_pulses() const;
    MatrixView<const uint32_t> down_pulses() const;

    /// Everything that changes, by name, for saving: weights, hidden weights, traps, drift state,
    /// counters (integers as the bits of floats). Tables replay from the key unless they were set
    /// by hand, then they are included.
    std::map<std::string, std::vector<float>> state() const;
    /// Throws InputError when a part is missing, unknown or of another size.
    void set_state(const std::map<std::string, std::vector<float>>& state);

  private:
    struct DriftState {
        double time = 0;  // in units of t_0
        std::vector<float> start_time;
        std::vector<float> start_weight;
        std::vector<float> previous;
        bool empty() const { return previous.empty(); }
    };
    using NamedTable = std::pair<std::string, CellTable CellTables::*>;

    StaggeredFloats& acting() { return hidden_.empty() ? weight_ : hidden_; }
    const StaggeredFloats& acting() const { return hidden_.empty() ? weight_ : hidden_; }
    // f(place in the tables, number of the cell) for every cell.
    template <class F>
    void for_cells(F&& f) const {
        for (size_t r = 0; r < rows_; r++) {
            for (size_t c = 0; c < cols_; c++) {
                f(r * stride_ + c, r * cols_ + c);
            }
        }
    }
    void clip_to_bounds();
    void draw_write_noise(uint64_t step);
    void require_shape(ConstFloatView m, const char* what) const;
    struct ScalarScratch {
        std::vector<int32_t> counts;
        std::vector<float> normals;
        std::vector<float> hidden_normals;
    };
    void require_application(const PulseTrains& trains, const PulseOptions& options) const;
    PulseActivity apply_scalar(const PulseJob& job);
    void scalar_sample(
        const PulseJob& job, size_t r, size_t s, ScalarScratch& scratch, PulseActivity& activity);
    float scalar_pulse(size_t i, float u, bool up, float normal);
    void reset_where(const std::vector<uint8_t>& mask, uint64_t step);
    void walk_traps(uint64_t step);
    std::vector<NamedTable> named_tables() const;
    /// What a table holds that is not stored because all cells are alike.
    float common_value(const std::string& table) const;
    void estimate_granularity();

    PulsedDevice device_;
    size_t rows_ = 0;
    size_t cols_ = 0;
    size_t stride_ = 0;
    TileKey key_;
    CellTables tables_;
    StepForm form_;
    double granularity_ = 0;
    StaggeredFloats weight_;        // visible, [rows][stride]
    StaggeredFloats hidden_;        // with write noise
    StaggeredFloats hidden_state_;  // of HiddenStep
    std::vector<uint64_t> traps_;   // of pink diffusion
    DriftState drift_;
    std::vector<uint32_t> up_pulses_;
    std::vector<uint32_t> down_pulses_;
    std::vector<std::string> set_tables_;
    std::vector<PulseScratch> scratch_;  // one per worker
};

}  // namespace mho

#endif  // MHO_DEVICE_PULSED_ARRAY_H
