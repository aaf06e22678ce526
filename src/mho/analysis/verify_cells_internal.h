// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_VERIFY_CELLS_INTERNAL_H
#define MHO_ANALYSIS_VERIFY_CELLS_INTERNAL_H

// The cells of a golden record of training in memory: single devices, or unit cells under their
// learner, behind one interface. Internal to verify.

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "mho/analysis/verify_internal.h"
#include "mho/device/pulsed_array.h"
#include "mho/train/learner.h"

namespace mho {

/// What a record's `config.device` describes.
using RecordDevice = std::variant<PulsedDevice, LearnerConfig>;

/// Reads `config.device` of a record; unit cells get trains of one slot that always fire.
RecordDevice read_record_device(const JsonNode& record, TranslationNotes& notes);

/// Whether cells of one column share anything (a device index, a refresh).
bool shares_draws(const RecordDevice& device);

/// One array of cells. Operations count their own steps.
class RecordCells {
  public:
    RecordCells(const RecordDevice& device, size_t rows, size_t cols, TileKey key);

    /// The visible weights.
    ConstFloatView weights() const;
    void set(ConstFloatView weights);
    /// One pulse on every cell; a unit cell sees one vector update.
    void pulse(bool up);
    void decay();
    void diffuse();
    void reset(double probability);
    void drift(double delta_ms);

    const PulsedArray& array() const;
    const Learner* learner() const { return learner_.get(); }

  private:
    void lose_cells_above_bounds(const Matrix<float>& before);

    std::optional<PulsedArray> array_;
    std::unique_ptr<Learner> learner_;
    uint64_t step_ = 0;
    bool fresh_ = false;  // nothing happened since the weights were set
};

/// Start weights: one row of cells for each of them.
Matrix<float> rows_of(const std::vector<float>& starts, size_t cols);

/// How the recorded samples of a statistics object were spread over arrays.
struct RecordedTiles {
    size_t tiles = 1;
    size_t cells_per_tile = 0;
};
RecordedTiles recorded_tiles(const JsonNode& stats);

/// Column r of the samples [cell][variable] from the visible weights of all cells, row-major, less
/// `before`, if any.
void append_cells(std::vector<std::vector<float>>& columns,
                  ConstFloatView weights,
                  const Matrix<float>* before = nullptr);
/// Columns of one length as samples.
Samples samples_of(const std::vector<std::vector<float>>& columns);

}  // namespace mho

#endif  // MHO_ANALYSIS_VERIFY_CELLS_INTERNAL_H
