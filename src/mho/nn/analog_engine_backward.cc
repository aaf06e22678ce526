// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <cmath>

#include "mho/adapt/outside_gradients.h"
#include "mho/kernels/passes.h"
#include "mho/nn/analog_engine_internal.h"
#include "mho/nn/sizes.h"

namespace mho {

namespace {

at::Tensor blob(const float* data, size_t rows, size_t cols, size_t stride) {
    return at::from_blob(
        const_cast<float*>(data), {signed_size(rows), signed_size(cols)}, {signed_size(stride), 1});
}

at::Tensor block(const at::Tensor& t, size_t row, size_t rows, size_t col, size_t cols) {
    return t.narrow(0, signed_size(row), signed_size(rows))
        .narrow(1, signed_size(col), signed_size(cols));
}

// Into how many ranges of items a batch is summed up: as many as the threads that may help,
// whatever their number is here, as long as their sums fit into a cache or two.
size_t sum_ranges(size_t items, size_t weights) {
    constexpr size_t kMost = 8;
    constexpr size_t kFloats = size_t{8} << 20;
    const size_t fitting = std::clamp<size_t>(kFloats / std::max<size_t>(weights, 1), 2, kMost);
    return std::max<size_t>(1, std::min(items, fitting));
}

}  // namespace

// Sums over a range of items.
struct AnalogEngine::Sums {
    at::Tensor weights;            // undefined: not wanted
    std::vector<uint8_t> started;  // [groups * pieces]: whether sums are there already
    std::vector<double> learned, bias;
    std::vector<InputRangeSums> ranges;
    std::vector<uint64_t> clipped;
};

// A range of rows of one item, one group and one piece of the inputs.
struct AnalogEngine::Chunk {
    size_t group = 0;
    size_t piece = 0;
    size_t count = 0;               // rows
    const float* errors = nullptr;  // of the first row and the group's first output
    const TileGrid::ForwardRecord* record = nullptr;
    bool for_inputs = false;  // whether the gradient of the inputs is wanted
};

// Masks and scales the errors of a chunk, and sums up what learned scales and clipping need. Let e
// be an error, s the mapping scale times the learned one: inputs need W^T (s e). Weights get dL/dV
// / s_mapping for the logical weight V = s w, that is x (s e) / s_mapping^2, one factor after the
// other, for the square may underflow.
void AnalogEngine::scale_errors(const ForwardTrace& trace,
                                const Chunk& k,
                                Worker& w,
                                Sums& sums) const {
    const LayerGeometry& g = trace.geometry;
    const size_t n = g.outputs;
    const size_t all = g.total_outputs();
    const float range = trace.scales.ranges[k.group * pieces() + k.piece];
    const float extra = hardware_.gradient.divide_by_range && range > 0 ? 1.0f / range : 1.0f;
    w.scale.resize(n);
    w.weight_scale.resize(n);
    for (size_t o = 0; o < n; o++) {
        const float mapping = trace.scales.mapping(k.piece, k.group * n + o);
        const float once = mapping != 0 ? 1.0f / mapping : 0.0f;
        w.scale[o] = mapping * trace.scales.learned(k.piece, k.group * n + o);
        w.weight_scale[o] = w.scale[o] * once * once * extra;
    }
    const bool learn_scales = hardware_.mapping.learn_scales != LearnedScales::kNone;
    const bool count_clipped = hardware_.input_range.manage_output_clipping;
    w.weight_errors.resize(k.count * n);
    if (k.for_inputs) {
        w.errors.resize(k.count * n);
    }
    w.learned.assign(n, 0.0f);
    uint64_t cut_outputs = 0;
    const float* scale = w.scale.data();
    const float* weight_scale = w.weight_scale.data();
    for (size_t b = 0; b < k.count; b++) {
        const float* e = k.errors + b * all;
        const size_t at = (k.piece * k.count + b) * n;
        const uint8_t* mask =
            hardware_.gradient.mask_outputs ? k.record->clipped.data() + at : nullptr;
        masked_scale_row(e, weight_scale, mask, n, w.weight_errors.data() + b * n);
        if (k.for_inputs) {
            masked_scale_row(e, scale, mask, n, w.errors.data() + b * n);
        }
        if (learn_scales) {
            const float* sum = k.record->tile_sums.data() + at;
            float* learned = w.learned.data();
            for (size_t o = 0; o < n; o++) {
                learned[o] += e[o] * sum[o];
            }
        }
        if (count_clipped) {
            const uint8_t* cut = k.record->clipped.data() + at;
            for (size_t o = 0; o < n; o++) {
                cut_outputs += cut[o];
            }
        }
    }
    sums.clipped[k.group * pieces() + k.piece] += cut_outputs;
    if (learn_scales) {
        for (size_t o = 0; o < n; o++) {
            const size_t at = k.piece * all + k.group * n + o;
            sums.learned[at] += static_cast<double>(w.learned[o]) *
                                static_cast<double>(trace.scales.mapping.values[at]);
        }
    }
}

// Without noise in the backward direction the products of the tiles are not asked. What nobody
// looks at, as the gradient of the first layer's inputs, is not computed: noise is named by its
// place.
bool AnalogEngine::needs_transposed_products(const float* input_gradient) const {
    const bool exact = hardware_.backward.perfect && hardware_.backward.output_scale == 1.0;
    const bool learn_range = hardware_.input_range.enabled && hardware_.input_range.learn;
    return !exact && (input_gradient != nullptr || learn_range);
}

void AnalogEngine::backward_item(const ForwardTrace& trace,
                                 size_t item,
                                 const float* x,
                                 size_t samples,
                                 const at::Tensor& weights,
                                 const float* errors,
                                 Worker& w,
                                 Sums& sums,
                                 float* input_gradient) const {
    const LayerGeometry& g = trace.geometry;
    const Chunking cut(g, samples);
    const size_t chunks = cut.items * cut.chunks_per_item;
    const size_t first = item * cut.samples_per_item;
    const size_t here = std::min(cut.samples_per_item, samples - first);
    const size_t total = here * g.positions();
    const size_t all_outputs = g.total_outputs();
    const size_t padded = g.patch.padded_size();
    const bool learn_range = hardware_.input_range.enabled && hardware_.input_range.learn;
    const bool exact_backward =
        hardware_.backward.perfect && hardware_.backward.output_scale == 1.0;
    const bool transposed = needs_transposed_products(input_gradient);
    const bool mask = hardware_.gradient.mask_inputs && input_gradient != nullptr;
    for (size_t group = 0; group < grids_.size(); group++) {
        const TileGrid& grid = grids_[group];
        w.rows.start(g, x, first, here, group);
        if (g.is_convolution && input_gradient != nullptr) {
            w.padded_gradient.assign(here * padded, 0.0f);
        }
        // With one range for all inputs a convolution cuts its samples, not their unrolled copies.
        const float only_range = pieces() == 1 ? trace.scales.ranges[group] : 0.0f;
        const bool cut_samples = g.is_convolution && only_range > 0;
        const bool samples_outside = cut_samples && w.rows.cut(only_range);
        for (size_t row = 0, k = 0; row < total; row += cut.chunk_rows, k++) {
            const size_t count = std::min(cut.chunk_rows, total - row);
            const size_t global = first * g.positions() + row;
            Chunk chunk;
            chunk.group = group;
            chunk.count = count;
            chunk.errors = errors + global * all_outputs + group * g.outputs;
            chunk.record = &trace.records[group * chunks + item * cut.chunks_per_item + k];
            const ConstFloatView in = w.rows.rows(row, count);
            w.bias.assign(g.outputs, 0.0f);
            for (size_t b = 0; b < count; b++) {
                add_row(chunk.errors + b * all_outputs, g.outputs, w.bias.data());
            }
            for (size_t o = 0; o < g.outputs; o++) {
                sums.bias[group * g.outputs + o] += static_cast<double>(w.bias[o]);
            }
            const auto whole_gradient = [&]() -> FloatView {
                w.gradient.resize(
                    std::max(w.gradient.size(), count * g.inputs + PatchGeometry::kSlack));
                return {w.gradient.data(), count, g.inputs};
            };
            FloatView gradient{};
            if (input_gradient != nullptr && !g.is_convolution && exact_backward) {
                gradient = {input_gradient + global * g.inputs, count, g.inputs};
            } else if (input_gradient != nullptr || transposed) {
                gradient = whole_gradient();
            }
            if (transposed) {
                const ConstFloatView error_view{chunk.errors, count, g.outputs, all_outputs};
                grid.apply_transposed(
                    error_view,
                    gradient,
                    {trace.key.step, trace.key.first_sample * g.positions() + global},
                    w.scratch,
                    hardware_.gradient.mask_outputs ? chunk.record : nullptr);
            }
            for (size_t c = 0; c < pieces(); c++) {
                const size_t column = grid.input_offsets()[c];
                const size_t width = grid.input_offsets()[c + 1] - column;
                const float range = trace.scales.ranges[group * pieces() + c];
                const ConstFloatView part = in.column_block(column, width);
                const ConstFloatView tile_weights{
                    weights.data_ptr<float>() + group * g.outputs * g.inputs + column,
                    g.outputs,
                    width,
                    g.inputs};
                const bool holds = weights.data_ptr<float>() == modified_;
                const bool outside =
                    cut_samples ? samples_outside : range > 0 && any_outside(part, range);
                const bool for_range = outside && learn_range;
                const bool few = for_range && gradient.data == nullptr &&
                                 few_outside(part, range, most_outside(count * width), w.outside);
                chunk.piece = c;
                chunk.for_inputs = exact_backward && (input_gradient != nullptr || for_range);
                scale_errors(trace, chunk, w, sums);
                if (chunk.for_inputs && !few) {
                    if (gradient.data == nullptr) {
                        gradient = whole_gradient();
                    }
                    if (prefers_own_gradients(count, g.outputs, width)) {
                        mho::input_gradient({w.errors.data(), count, g.outputs},
                                            tile_weights,
                                            gradient.column_block(column, width),
                                            w.gradient_room);
                    } else {
                        at::Tensor to = blob(gradient.data + column, count, width, gradient.stride);
                        at::mm_out(to,
                                   blob(w.errors.data(), count, g.outputs, g.outputs),
                                   block(weights, group * g.outputs, g.outputs, column, width));
                    }
                }
                if (learn_range && range > 0) {
                    InputRangeSums& s = sums.ranges[group * pieces() + c];
                    if (!outside) {
                        s.add_inside(count * width);
                    } else if (few) {
                        add_outside_gradients(
                            w.outside,
                            part,
                            {.rows = tile_weights, .grid = holds ? &grid : nullptr, .piece = c},
                            {w.errors.data(), count, g.outputs},
                            range,
                            w.outside_room,
                            s);
                    } else {
                        s.add(part, gradient.column_block(column, width), range);
                    }
                }
                ConstFloatView factor = part;
                if (outside && !cut_samples) {
                    // For convolutions the unrolled rows are ours already.
                    const FloatView cut_part = w.rows.room(count).column_block(column, width);
                    for (size_t b = 0; b < count; b++) {
                        const float* v = part.row(b);
                        if (mask) {
                            clear_outside_row(v, range, width, gradient.row(b) + column);
                        }
                        if (sums.weights.defined()) {
                            clamp_row(v, range, width, cut_part.row(b));
                        }
                    }
                    factor = cut_part;
                }
                uint8_t& started = sums.started[group * pieces() + c];
                if (!sums.weights.defined()) {
                    started = 1;
                    continue;
                }
                at::Tensor to = block(sums.weights, group * g.outputs, g.outputs, column, width);
                const at::Tensor e = blob(w.weight_errors.data(), count, g.outputs, g.outputs).t();
                const at::Tensor f = blob(factor.data, count, width, factor.stride);
                if (started != 0) {
                    to.addmm_(e, f);
                } else if (prefers_own_gradients(count, g.outputs, width)) {
                    weight_gradient({w.weight_errors.data(), count, g.outputs},
                                    factor,
                                    {to.data_ptr<float>(), g.outputs, width, g.inputs},
                                    w.gradient_room);
                } else {
                    at::mm_out(to, e, f);
                }
                started = 1;
            }
            if (input_gradient == nullptr) {
                continue;
            }
            if (!g.is_convolution) {
                if (!exact_backward) {
                    std::copy_n(
                        gradient.data, count * g.inputs, input_gradient + global * g.inputs);
                }
            } else if (here == 1) {
                scatter_patches(g.patch, gradient.data, row, count, w.padded_gradient.data());
            } else {
                for (size_t s = 0; s < here; s++) {
                    scatter_patches(g.patch,
                                    gradient.data + s * g.positions() * g.inputs,
                                    0,
                                    g.positions(),
                                    w.padded_gradient.data() + s * padded);
                }
            }
        }
        if (g.is_convolution && input_gradient != nullptr) {
            if (samples_outside && mask) {
                w.rows.clear_cut(only_range, w.padded_gradient.data());
            }
            for (size_t s = 0; s < here; s++) {
                unpad_sample(g.patch,
                             ItemRows::layout(g, group),
                             w.padded_gradient.data() + s * padded,
                             input_gradient + (first + s) * g.sample_size());
            }
        }
    }
}

void AnalogEngine::backward(const ForwardTrace& trace,
                            const float* x,
                            size_t samples,
                            const at::Tensor& weights,
                            const float* errors,
                            BackwardResult& result) {
    const LayerGeometry& g = trace.geometry;
    const Chunking cut(g, samples);
    const size_t outputs = g.total_outputs();
    const size_t ranges = sum_ranges(cut.items, outputs * g.inputs);
    const size_t threads = std::min(layer_threads(), ranges);
    while (workers_.size() < threads) {
        workers_.push_back(std::make_unique<Worker>());
    }
    if (needs_transposed_products(result.inputs)) {
        for (TileGrid& grid : grids_) {
            grid.prepare_backward();
        }
    }
    std::vector<Sums> sums(ranges);
    for (Sums& s : sums) {
        if (result.wants_weights) {
            s.weights = at::empty({signed_size(outputs), signed_size(g.inputs)});
        }
        s.started.assign(grids_.size() * pieces(), 0);
        s.learned.assign(pieces() * outputs, 0.0);
        s.bias.assign(outputs, 0.0);
        s.ranges.resize(grids_.size() * pieces());
        s.clipped.assign(grids_.size() * pieces(), 0);
    }
    over_items(ranges, threads == 1, [&](size_t range, size_t worker) {
        for (size_t i = range * cut.items / ranges; i < (range + 1) * cut.items / ranges; i++) {
            backward_item(trace,
                          i,
                          x,
                          samples,
                          weights,
                          errors,
                          *workers_[worker],
                          sums[range],
                          result.inputs);
        }
    });
    Sums& all = sums[0];
    if (result.wants_weights && cut.items == 0) {
        all.weights.zero_();
    }
    for (size_t t = 1; t < ranges; t++) {
        if (result.wants_weights) {
            all.weights.add_(sums[t].weights);
        }
        for (size_t i = 0; i < all.learned.size(); i++) {
            all.learned[i] += sums[t].learned[i];
        }
        for (size_t i = 0; i < outputs; i++) {
            all.bias[i] += sums[t].bias[i];
        }
        for (size_t i = 0; i < all.ranges.size(); i++) {
            all.ranges[i].add(sums[t].ranges[i]);
            all.clipped[i] += sums[t].clipped[i];
        }
    }
    result.weights = all.weights;
    result.learned = Matrix<float>(pieces(), outputs);
    for (size_t i = 0; i < all.learned.size(); i++) {
        result.learned.values[i] = static_cast<float>(all.learned[i]);
    }
    result.bias.assign(all.bias.begin(), all.bias.end());
    const double numbers = static_cast<double>(samples * g.positions() * g.outputs);
    result.ranges.assign(grids_.size() * pieces(), 0.0f);
    for (size_t i = 0; i < result.ranges.size(); i++) {
        const float range = trace.scales.ranges[i];
        if (!hardware_.input_range.enabled || !hardware_.input_range.learn || !(range > 0)) {
            continue;
        }
        // Sums over inputs add up over the passes of a step; what acts once a step must not.
        InputRangeConfig config = hardware_.input_range;
        config.gradient_scale /= trace.share;
        result.ranges[i] = static_cast<float>(
            trace.share * input_range_gradient(
                              config,
                              all.ranges[i],
                              range,
                              numbers > 0 ? static_cast<double>(all.clipped[i]) / numbers : 0.0));
    }
    if (hardware_.mapping.learn_scales != LearnedScales::kPerTile) {
        return;
    }
    // One number per tile: every entry of the tile gets the gradient of that number, so that equal
    // entries stay equal under any optimiser that works element by element.
    for (size_t group = 0; group < grids_.size(); group++) {
        const std::vector<size_t>& offsets = grids_[group].output_offsets();
        for (size_t c = 0; c < pieces(); c++) {
            for (size_t r = 0; r + 1 < offsets.size(); r++) {
                float* row = result.learned.row(c) + group * g.outputs;
                double sum = 0;
                for (size_t o = offsets[r]; o < offsets[r + 1]; o++) {
                    sum += static_cast<double>(row[o]);
                }
                std::fill(row + offsets[r], row + offsets[r + 1], static_cast<float>(sum));
            }
        }
    }
}

}  // namespace mho
