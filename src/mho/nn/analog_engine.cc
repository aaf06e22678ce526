// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/analog_engine.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "mho/adapt/modifier.h"

namespace mho {

namespace {

constexpr size_t kRows = 64;            // least rows of a block
constexpr size_t kBlockFloats = 96000;  // unrolled inputs of a block

// How a batch is cut: an item is a range of samples that one thread takes; its chunks are ranges of
// rows (positions of its samples). An item of several samples has a single chunk.
struct Chunking {
    size_t samples_per_item = 1;
    size_t items = 0;
    size_t chunk_rows = 0;
    size_t chunks_per_item = 1;

    Chunking(const LayerGeometry& g, size_t samples) {
        const size_t positions = g.positions();
        samples_per_item = std::max<size_t>(1, kRows / positions);
        items = (samples + samples_per_item - 1) / samples_per_item;
        chunk_rows = samples_per_item * positions;
        if (samples_per_item == 1) {
            const size_t fitting = std::max(kRows, kBlockFloats / std::max<size_t>(1, g.inputs));
            chunks_per_item = (positions + fitting - 1) / fitting;
            chunk_rows = (positions + chunks_per_item - 1) / chunks_per_item;
        }
    }
};

// The unrolled inputs of one item and group, chunk by chunk.
class ItemRows {
  public:
    void start(
        const LayerGeometry& g, const float* x, size_t first_sample, size_t samples, size_t group) {
        geometry_ = &g;
        samples_ = samples;
        if (!g.is_convolution) {
            rows_ = x + first_sample * g.inputs;
            return;
        }
        const size_t size = g.patch.padded_size();
        if (padded_.size() != samples * size) {
            // The border stays zero from sample to sample.
            padded_.assign(samples * size, 0.0f);
        }
        for (size_t s = 0; s < samples; s++) {
            pad_sample(g.patch,
                       layout(g, group),
                       x + (first_sample + s) * g.sample_size(),
                       padded_.data() + s * size);
        }
    }
    static SampleLayout layout(const LayerGeometry& g, size_t group) {
        return {g.channels_last, g.groups * g.patch.channels, group * g.patch.channels};
    }
    /// Rows [first, first + count) of the item.
    ConstFloatView rows(size_t first, size_t count) {
        const LayerGeometry& g = *geometry_;
        if (!g.is_convolution) {
            return {rows_ + first * g.inputs, count, g.inputs};
        }
        return mutable_rows(first, count);
    }
    FloatView mutable_rows(size_t first, size_t count) {
        const LayerGeometry& g = *geometry_;
        const size_t need = count * g.inputs + PatchGeometry::kSlack;
        if (unrolled_.size() < need) {
            unrolled_.resize(need);
        }
        if (!g.is_convolution) {
            std::copy_n(rows_ + first * g.inputs, count * g.inputs, unrolled_.data());
        } else if (samples_ == 1) {
            gather_patches(g.patch, padded_.data(), first, count, unrolled_.data());
        } else {
            for (size_t s = 0; s < samples_; s++) {
                gather_patches(g.patch,
                               padded_.data() + s * g.patch.padded_size(),
                               0,
                               g.positions(),
                               unrolled_.data() + s * g.positions() * g.inputs);
            }
        }
        return {unrolled_.data(), count, g.inputs};
    }

  private:
    const LayerGeometry* geometry_ = nullptr;
    size_t samples_ = 0;
    const float* rows_ = nullptr;
    std::vector<float> padded_;
    std::vector<float> unrolled_;
};

at::Tensor blob(const float* data, size_t rows, size_t cols, size_t stride) {
    return at::from_blob(const_cast<float*>(data),
                         {static_cast<int64_t>(rows), static_cast<int64_t>(cols)},
                         {static_cast<int64_t>(stride), 1});
}

template <class F>
void over_items(size_t items, bool serial, const F& f) {
    if (serial) {
        for (size_t i = 0; i < items; i++) {
            f(i, 0);
        }
        return;
    }
    at::parallel_for(0, static_cast<int64_t>(items), 1, [&](int64_t begin, int64_t end) {
        const auto worker = static_cast<size_t>(at::get_thread_num());
        for (int64_t i = begin; i < end; i++) {
            f(static_cast<size_t>(i), worker);
        }
    });
}

}  // namespace

AnalogEngine::AnalogEngine(const Hardware& hardware,
                           size_t groups,
                           size_t outputs,
                           size_t inputs,
                           uint64_t seed,
                           const std::string& path)
    : hardware_(hardware) {
    grids_.reserve(groups);
    for (size_t g = 0; g < groups; g++) {
        grids_.emplace_back(
            hardware, outputs, inputs, seed, groups == 1 ? path : path + "/g" + std::to_string(g));
    }
}

void AnalogEngine::modify(ConstFloatView weights, FloatView modified, uint64_t step) const {
    for (size_t g = 0; g < grids_.size(); g++) {
        const TileGrid& grid = grids_[g];
        for (size_t r = 0; r < grid.output_pieces(); r++) {
            for (size_t c = 0; c < grid.input_pieces(); c++) {
                const size_t row = g * grid.outputs() + grid.output_offsets()[r];
                const size_t rows = grid.output_offsets()[r + 1] - grid.output_offsets()[r];
                const size_t col = grid.input_offsets()[c];
                const size_t cols = grid.input_offsets()[c + 1] - col;
                modify_weights(hardware_.modifier,
                               weights.row_block(row, rows).column_block(col, cols),
                               modified.row_block(row, rows).column_block(col, cols),
                               grid.tile(r, c).key(),
                               step);
            }
        }
    }
}

void AnalogEngine::load_weights(ConstFloatView weights) {
    for (size_t g = 0; g < grids_.size(); g++) {
        grids_[g].set_weights(weights.row_block(g * grids_[g].outputs(), grids_[g].outputs()));
        if (!hardware_.backward.perfect) {
            grids_[g].prepare_backward();
        }
    }
}

void AnalogEngine::load_scales(const LayerScales& scales, const std::vector<float>& bias) {
    for (size_t g = 0; g < grids_.size(); g++) {
        TileGrid& grid = grids_[g];
        Matrix<float> total(grid.input_pieces(), grid.outputs());
        for (size_t c = 0; c < total.rows; c++) {
            for (size_t o = 0; o < total.cols; o++) {
                const size_t at = g * total.cols + o;
                total(c, o) = scales.mapping(c, at) * scales.learned(c, at);
            }
        }
        grid.set_scales(std::move(total));
        const auto piece =
            scales.ranges.begin() + static_cast<std::ptrdiff_t>(g * grid.input_pieces());
        grid.set_input_ranges({piece, piece + static_cast<std::ptrdiff_t>(grid.input_pieces())});
        if (!bias.empty()) {
            const auto first = bias.begin() + static_cast<std::ptrdiff_t>(g * grid.outputs());
            grid.set_bias({first, first + static_cast<std::ptrdiff_t>(grid.outputs())});
        }
    }
}

std::vector<InputMoments> AnalogEngine::input_moments(const LayerGeometry& g,
                                                      const float* x,
                                                      size_t samples) const {
    const Chunking cut(g, samples);
    const size_t count = grids_.size() * pieces();
    // Per item, added in their order: the same bits for any number of threads.
    std::vector<InputMoments> parts(cut.items * count);
    std::vector<ItemRows> rows(static_cast<size_t>(at::get_num_threads()));
    over_items(cut.items, false, [&](size_t item, size_t worker) {
        const size_t first = item * cut.samples_per_item;
        const size_t here = std::min(cut.samples_per_item, samples - first);
        for (size_t group = 0; group < grids_.size(); group++) {
            const std::vector<size_t>& offsets = grids_[group].input_offsets();
            rows[worker].start(g, x, first, here, group);
            const size_t total = here * g.positions();
            for (size_t row = 0; row < total; row += cut.chunk_rows) {
                const ConstFloatView chunk =
                    rows[worker].rows(row, std::min(cut.chunk_rows, total - row));
                for (size_t c = 0; c < pieces(); c++) {
                    parts[item * count + group * pieces() + c].add(
                        chunk.column_block(offsets[c], offsets[c + 1] - offsets[c]));
                }
            }
        }
    });
    std::vector<InputMoments> all(count);
    for (size_t i = 0; i < parts.size(); i++) {
        all[i % count].add(parts[i]);
    }
    return all;
}

void AnalogEngine::forward(const LayerGeometry& g,
                           const float* x,
                           size_t samples,
                           float* y,
                           ReadKey key,
                           ForwardTrace* trace) {
    const Chunking cut(g, samples);
    const size_t chunks = cut.items * cut.chunks_per_item;
    const auto threads = static_cast<size_t>(at::get_num_threads());
    // A running average over inputs has an order.
    const bool serial =
        hardware_.forward.noise_management.kind == NoiseManagementKind::kAverageAbsMax;
    scratch_.resize(std::max(scratch_.size(), threads * grids_.size()));
    std::vector<ItemRows> rows(threads);
    if (trace != nullptr) {
        trace->geometry = g;
        trace->key = key;
        trace->records.resize(grids_.size() * chunks);
    }
    over_items(cut.items, serial, [&](size_t item, size_t worker) {
        const size_t first = item * cut.samples_per_item;
        const size_t here = std::min(cut.samples_per_item, samples - first);
        const size_t total = here * g.positions();
        for (size_t group = 0; group < grids_.size(); group++) {
            rows[worker].start(g, x, first, here, group);
            for (size_t row = 0, k = 0; row < total; row += cut.chunk_rows, k++) {
                const size_t count = std::min(cut.chunk_rows, total - row);
                const size_t global = first * g.positions() + row;
                const FloatView out{y + global * g.total_outputs() + group * g.outputs,
                                    count,
                                    g.outputs,
                                    g.total_outputs()};
                grids_[group].apply(
                    rows[worker].rows(row, count),
                    out,
                    {key.step, key.first_sample * g.positions() + global},
                    scratch_[worker * grids_.size() + group],
                    trace != nullptr
                        ? &trace->records[group * chunks + item * cut.chunks_per_item + k]
                        : nullptr);
            }
        }
    });
}

// Memory of one thread in the backward pass.
struct AnalogEngine::Worker {
    ItemRows rows;
    std::vector<float> errors;    // masked and scaled [rows, outputs]
    std::vector<float> gradient;  // [rows, inputs]
    std::vector<float> padded_gradient;
    std::vector<float> learned, bias, scale;  // of one chunk
    TileGrid::Scratch scratch;
};

// What one thread has summed up.
struct AnalogEngine::Sums {
    at::Tensor weights;
    std::vector<double> learned, bias;
    std::vector<InputRangeSums> ranges;
    std::vector<uint64_t> clipped;
};

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
    const bool learn_scales = hardware_.mapping.learn_scales != LearnedScales::kNone;
    const bool learn_range = hardware_.input_range.enabled && hardware_.input_range.learn;
    const bool exact_backward =
        hardware_.backward.perfect && hardware_.backward.output_scale == 1.0;
    for (size_t group = 0; group < grids_.size(); group++) {
        const TileGrid& grid = grids_[group];
        w.rows.start(g, x, first, here, group);
        if (g.is_convolution && input_gradient != nullptr) {
            w.padded_gradient.assign(here * padded, 0.0f);
        }
        for (size_t row = 0, k = 0; row < total; row += cut.chunk_rows, k++) {
            const size_t count = std::min(cut.chunk_rows, total - row);
            const size_t global = first * g.positions() + row;
            const TileGrid::ForwardRecord& record =
                trace.records[group * chunks + item * cut.chunks_per_item + k];
            // Whether any input is cut decides if the inputs need a copy and the range a gradient.
            ConstFloatView in = g.is_convolution ? ConstFloatView(w.rows.mutable_rows(row, count))
                                                 : w.rows.rows(row, count);
            FloatView clipped_inputs;
            w.errors.resize(count * g.outputs);
            w.learned.assign(g.outputs, 0.0f);
            w.bias.assign(g.outputs, 0.0f);
            const float* error_rows = errors + global * all_outputs + group * g.outputs;
            for (size_t b = 0; b < count; b++) {
                const float* e = error_rows + b * all_outputs;
                for (size_t o = 0; o < g.outputs; o++) {
                    w.bias[o] += e[o];
                }
            }
            for (size_t o = 0; o < g.outputs; o++) {
                sums.bias[group * g.outputs + o] += static_cast<double>(w.bias[o]);
            }
            FloatView gradient;
            bool gradient_ready = false;
            const auto whole_gradient = [&]() -> FloatView {
                w.gradient.resize(count * g.inputs);
                return {w.gradient.data(), count, g.inputs};
            };
            if (!exact_backward) {
                gradient = whole_gradient();
                const ConstFloatView error_view{error_rows, count, g.outputs, all_outputs};
                grid.apply_transposed(
                    error_view,
                    gradient,
                    {trace.key.step, trace.key.first_sample * g.positions() + global},
                    w.scratch,
                    hardware_.gradient.mask_outputs ? &record : nullptr);
                gradient_ready = true;
            } else {
                gradient = whole_gradient();
            }
            for (size_t c = 0; c < pieces(); c++) {
                const size_t column = grid.input_offsets()[c];
                const size_t width = grid.input_offsets()[c + 1] - column;
                w.scale.resize(g.outputs);
                float* scale = w.scale.data();
                for (size_t o = 0; o < g.outputs; o++) {
                    const size_t at = group * g.outputs + o;
                    scale[o] = trace.scales.mapping(c, at) * trace.scales.learned(c, at);
                }
                std::fill(w.learned.begin(), w.learned.end(), 0.0f);
                uint64_t cut_outputs = 0;
                for (size_t b = 0; b < count; b++) {
                    const float* e = error_rows + b * all_outputs;
                    const uint8_t* mask = record.clipped.data() + (c * count + b) * g.outputs;
                    const float* sum = record.tile_sums.data() + (c * count + b) * g.outputs;
                    float* to = w.errors.data() + b * g.outputs;
                    if (hardware_.gradient.mask_outputs) {
                        for (size_t o = 0; o < g.outputs; o++) {
                            to[o] = mask[o] != 0 ? 0.0f : e[o] * scale[o];
                        }
                    } else {
                        for (size_t o = 0; o < g.outputs; o++) {
                            to[o] = e[o] * scale[o];
                        }
                    }
                    if (learn_scales) {
                        float* learned = w.learned.data();
                        for (size_t o = 0; o < g.outputs; o++) {
                            learned[o] += e[o] * sum[o];
                        }
                    }
                    if (hardware_.input_range.manage_output_clipping) {
                        for (size_t o = 0; o < g.outputs; o++) {
                            cut_outputs += mask[o];
                        }
                    }
                }
                sums.clipped[group * pieces() + c] += cut_outputs;
                for (size_t o = 0; o < g.outputs; o++) {
                    const size_t at = c * all_outputs + group * g.outputs + o;
                    sums.learned[at] += static_cast<double>(w.learned[o]) *
                                        static_cast<double>(trace.scales.mapping.values[at]);
                }
                const at::Tensor error_tensor = blob(w.errors.data(), count, g.outputs, g.outputs);
                const float range = trace.scales.ranges[group * pieces() + c];
                const ConstFloatView part = in.column_block(column, width);
                const bool outside = range > 0 && any_outside(part, range);
                const bool need = input_gradient != nullptr || (outside && learn_range);
                const FloatView part_gradient = gradient.column_block(column, width);
                if (need && !gradient_ready) {
                    at::Tensor to = blob(part_gradient.data, count, width, g.inputs);
                    const at::Tensor matrix =
                        weights
                            .narrow(0,
                                    static_cast<int64_t>(group * g.outputs),
                                    static_cast<int64_t>(g.outputs))
                            .narrow(1, static_cast<int64_t>(column), static_cast<int64_t>(width));
                    at::mm_out(to, error_tensor, matrix);
                }
                if (learn_range && range > 0) {
                    InputRangeSums& s = sums.ranges[group * pieces() + c];
                    outside ? s.add(part, part_gradient, range) : s.add_inside(count * width);
                }
                const float* factor = part.data;
                if (outside) {
                    if (clipped_inputs.data == nullptr) {
                        // For convolutions the unrolled rows are ours already: cutting in place is
                        // fine.
                        clipped_inputs =
                            g.is_convolution
                                ? FloatView{const_cast<float*>(in.data), count, g.inputs}
                                : w.rows.mutable_rows(row, count);
                    }
                    const FloatView cut_part = clipped_inputs.column_block(column, width);
                    const bool mask = hardware_.gradient.mask_inputs && input_gradient != nullptr;
                    for (size_t b = 0; b < count; b++) {
                        float* v = cut_part.row(b);
                        float* d = part_gradient.row(b);
                        if (mask) {
                            for (size_t j = 0; j < width; j++) {
                                d[j] = std::fabs(v[j]) > range ? 0.0f : d[j];
                            }
                        }
                        for (size_t j = 0; j < width; j++) {
                            const float low = v[j] < -range ? -range : v[j];
                            v[j] = low > range ? range : low;
                        }
                    }
                    factor = cut_part.data;
                }
                at::Tensor to =
                    sums.weights
                        .narrow(0,
                                static_cast<int64_t>(group * g.outputs),
                                static_cast<int64_t>(g.outputs))
                        .narrow(1, static_cast<int64_t>(column), static_cast<int64_t>(width));
                to.addmm_(error_tensor.t(), blob(factor, count, width, g.inputs));
            }
            if (input_gradient == nullptr) {
                continue;
            }
            if (!g.is_convolution) {
                std::copy_n(gradient.data, count * g.inputs, input_gradient + global * g.inputs);
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
    const auto threads = std::min<size_t>(static_cast<size_t>(at::get_num_threads()),
                                          std::max<size_t>(cut.items, 1));
    const size_t outputs = g.total_outputs();
    std::vector<Worker> workers(threads);
    std::vector<Sums> sums(threads);
    for (Sums& s : sums) {
        s.weights = at::zeros({static_cast<int64_t>(outputs), static_cast<int64_t>(g.inputs)});
        s.learned.assign(pieces() * outputs, 0.0);
        s.bias.assign(outputs, 0.0);
        s.ranges.resize(grids_.size() * pieces());
        s.clipped.assign(grids_.size() * pieces(), 0);
    }
    over_items(cut.items, false, [&](size_t item, size_t worker) {
        backward_item(
            trace, item, x, samples, weights, errors, workers[worker], sums[worker], result.inputs);
    });
    Sums& all = sums[0];
    for (size_t t = 1; t < threads; t++) {
        all.weights.add_(sums[t].weights);
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
    result.ranges.assign(grids_.size() * pieces(), 0.0f);
    auto* gradient = result.weights.data_ptr<float>();
    const double numbers = static_cast<double>(samples * g.positions() * g.outputs);
    for (size_t group = 0; group < grids_.size(); group++) {
        const std::vector<size_t>& offsets = grids_[group].input_offsets();
        for (size_t c = 0; c < pieces(); c++) {
            const size_t i = group * pieces() + c;
            const float range = trace.scales.ranges[i];
            if (hardware_.input_range.enabled && hardware_.input_range.learn && range > 0) {
                // Sums over inputs add up over the passes of a step; what acts once a step must
                // not.
                InputRangeConfig config = hardware_.input_range;
                config.gradient_scale /= trace.share;
                result.ranges[i] = static_cast<float>(
                    trace.share *
                    input_range_gradient(
                        config,
                        all.ranges[i],
                        range,
                        numbers > 0 ? static_cast<double>(all.clipped[i]) / numbers : 0.0));
            }
            // dL/dV / s for the logical weight V = s w: the sums hold s dL/dV. One factor after
            // the other, for s^2 may underflow.
            for (size_t o = 0; o < g.outputs; o++) {
                const size_t at = group * g.outputs + o;
                const float scale = trace.scales.mapping(c, at);
                const float once = scale != 0 ? 1.0f / scale : 0.0f;
                const float extra =
                    hardware_.gradient.divide_by_range && range > 0 ? 1.0f / range : 1.0f;
                float* row = gradient + at * g.inputs;
                for (size_t j = offsets[c]; j < offsets[c + 1]; j++) {
                    row[j] = row[j] * once * once * extra;
                }
            }
        }
    }
    if (hardware_.mapping.learn_scales == LearnedScales::kPerTile) {
        // One number per tile: every entry of the tile gets the gradient of that number, so that
        // equal entries stay equal under any optimiser that works element by element.
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
}

}  // namespace mho
