// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_EXECUTOR_IMPL_H
#define MHO_NET_EXECUTOR_IMPL_H

// The inside of an Executor, shared with the initialisation of input ranges.

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mho/kernels/product.h"
#include "mho/net/digital_ops.h"
#include "mho/net/executor.h"
#include "mho/net/graph_internal.h"
#include "mho/net/patches.h"
#include "mho/net/plan.h"
#include "mho/net/sequence_ops.h"
#include "mho/tile/grid.h"

namespace mho {

/// The activations of some samples: buffer b is [rows, plan.buffer_features[b]].
struct Activations {
    std::vector<AlignedFloats> buffers;

    void resize(const BufferPlan& plan, size_t rows);
};

/// Memory of one thread.
struct ExecutorScratch {
    std::vector<float> padded;
    AlignedFloats patches;
    AlignedFloats products;
    AlignedFloats state;  // hidden and cell state of a recurrent layer, gates of one step
    AttentionScratch attention;
    ProductScratch product;
    TileGrid::Scratch grid;
    Activations activations;
};

struct Executor::Impl {
    /// Parts of a layer that are prepared once.
    struct Prepared {
        std::optional<PatchLayout> patches;         // convolutions
        std::vector<PackedMatrix> weights;          // digital products, one per group
        std::vector<float> bias;                    // empty = none
        bool constant_input = false;                // the last input of the matrix is always 1
        const std::vector<float>* table = nullptr;  // embeddings; factors of a layer norm
        const std::vector<float>* shift = nullptr;  // layer norm
        std::vector<TileGrid>* grids = nullptr;
        ChannelAffine affine;  // batch norm
    };

    BufferPlan plan;
    std::vector<Prepared> prepared;  // per step
    std::map<std::string, std::vector<TileGrid>> grids;
    std::set<std::string> before_relu;  // layers that ReLUs alone read

    Impl(const Network& network, uint64_t seed, uint32_t chip);

    /// Calls `f(first row, matrix)` for consecutive pieces of the unrolled input of a matrix layer:
    /// samples [first, first + count) of `activations`, group `group`. Row numbers count from
    /// sample 0 of the activations: sample * positions + position.
    template <class F>
    void each_input_piece(size_t step,
                          const Activations& activations,
                          size_t first,
                          size_t count,
                          size_t group,
                          ExecutorScratch& scratch,
                          F&& f) const;

    /// Runs one layer on samples [first, first + count). `key` numbers sample 0 of the activations.
    void run_step(const Network& network,
                  size_t step,
                  Activations& activations,
                  size_t first,
                  size_t count,
                  ReadKey key,
                  ExecutorScratch& scratch,
                  const Observer& observer) const;

    /// Inputs of the matrix of a recurrent layer with hidden states that it has fed back: those of
    /// positions 1 to the last, of samples [first, first + count), sample by sample, after the
    /// layer has run.
    template <class F>
    void each_fed_back(const RecurrentOp& op,
                       size_t step,
                       const Activations& activations,
                       size_t first,
                       size_t count,
                       F&& f) const {
        const BufferPlan::Step& s = plan.steps[step];
        const auto positions = static_cast<size_t>(s.output[0]);
        const auto hidden = static_cast<size_t>(op.hidden);
        const auto inputs = static_cast<size_t>(op.inputs);
        if (positions < 2) {
            return;
        }
        Matrix<float> rows(
            positions - 1, inputs + hidden + (prepared[step].constant_input ? 1 : 0), 1.0f);
        for (size_t i = first; i < first + count; i++) {
            const float* states = activations.buffers[s.target].data() + i * positions * hidden;
            const float* sequence =
                activations.buffers[s.sources[0]].data() + i * positions * inputs;
            for (size_t p = 1; p < positions; p++) {
                std::copy_n(sequence + p * inputs, inputs, rows.row(p - 1));
                std::copy_n(states + (p - 1) * hidden, hidden, rows.row(p - 1) + inputs);
            }
            f(rows.view());
        }
    }

  private:
    void run_recurrent(const Layer& layer,
                       size_t step,
                       Activations& activations,
                       size_t first,
                       size_t count,
                       ReadKey key,
                       ExecutorScratch& scratch,
                       const Observer& observer) const;
    void run_matrix(const Layer& layer,
                    size_t step,
                    Activations& activations,
                    size_t first,
                    size_t count,
                    ReadKey key,
                    ExecutorScratch& scratch,
                    const Observer& observer) const;
    void prepare_digital(const Network& network, const Layer& layer, Prepared& to) const;
    void prepare_analog(
        const Network& network, const Layer& layer, uint64_t seed, uint32_t chip, Prepared& to);
};

/// Gives rows of `columns` numbers, one behind the other, a further one that is 1; there must be
/// room for it.
inline void append_ones(float* data, size_t rows, size_t columns) {
    for (size_t r = rows; r-- > 0;) {
        std::copy_backward(
            data + r * columns, data + (r + 1) * columns, data + r * (columns + 1) + columns);
        data[r * (columns + 1) + columns] = 1.0f;
    }
}

/// Floats of unrolled input that one piece holds at most: they stay in the second-level cache.
inline constexpr size_t kPieceFloats = size_t{1} << 16;

template <class F>
void Executor::Impl::each_input_piece(size_t step,
                                      const Activations& activations,
                                      size_t first,
                                      size_t count,
                                      size_t group,
                                      ExecutorScratch& scratch,
                                      F&& f) const {
    const size_t features = feature_count(plan.steps[step].input);
    const float* input = activations.buffers[plan.steps[step].sources[0]].data();
    const std::optional<PatchLayout>& patches = prepared[step].patches;
    const size_t constant = prepared[step].constant_input ? 1 : 0;
    if (!patches) {
        const size_t rows = positions_of(plan.steps[step].output);
        const size_t width = features / rows;
        if (constant == 0) {
            f(first * rows, ConstFloatView{input + first * features, count * rows, width});
            return;
        }
        scratch.patches.resize(count * rows * (width + 1));
        std::copy_n(input + first * features, count * rows * width, scratch.patches.data());
        append_ones(scratch.patches.data(), count * rows, width);
        f(first * rows, ConstFloatView{scratch.patches.data(), count * rows, width + 1});
        return;
    }
    const size_t positions = patches->positions();
    const size_t columns = patches->columns();
    const size_t group_offset = group * patches->group_channels() * patches->plane();
    // At least 64 rows: fewer would stream the weights too often.
    const size_t most = std::max<size_t>(64, kPieceFloats / columns);
    size_t row = first * positions;
    const size_t end = (first + count) * positions;
    while (row < end) {
        // A last piece of a few rows would waste the product kernel.
        size_t rows = end - row < most + most / 2 ? end - row : most;
        scratch.patches.resize(rows * (columns + constant));
        for (size_t done = 0; done < rows;) {
            const size_t sample = (row + done) / positions;
            const size_t position = (row + done) % positions;
            const size_t part = std::min(rows - done, positions - position);
            patches->unroll(input + sample * features + group_offset,
                            position,
                            part,
                            scratch.padded,
                            scratch.patches.data() + done * columns);
            done += part;
        }
        if (constant != 0) {
            append_ones(scratch.patches.data(), rows, columns);
        }
        f(row, ConstFloatView{scratch.patches.data(), rows, columns + constant});
        row += rows;
    }
}

}  // namespace mho

#endif  // MHO_NET_EXECUTOR_IMPL_H
