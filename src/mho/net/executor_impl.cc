// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/executor_impl.h"

#include <fmt/format.h>

#include <algorithm>

#include "mho/adapt/weight_map.h"
#include "mho/kernels/rows.h"
#include "mho/net/network_internal.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kMaxSampleBytes = size_t{4} << 30;

// Row `row` of the product holds all outputs of one position; activations are channel by channel.
void scatter(ConstFloatView product,
             size_t first_row,
             size_t positions,
             size_t first_output,
             size_t output_features,
             const float* bias,
             float* to) {
    for (size_t done = 0; done < product.rows;) {
        const size_t sample = (first_row + done) / positions;
        const size_t position = (first_row + done) % positions;
        const size_t part = std::min(product.rows - done, positions - position);
        float* out = to + sample * output_features + first_output * positions + position;
        const float* from = product.row(done);
        for (size_t o = 0; o < product.cols; o++) {
            const float b = bias == nullptr ? 0.0f : bias[o];
            float* line = out + o * positions;
            for (size_t p = 0; p < part; p++) {
                line[p] = from[p * product.stride + o] + b;
            }
        }
        done += part;
    }
}

void refuse_running_average(const std::string& layer, const Hardware& hardware) {
    if (!hardware.forward.perfect &&
        hardware.forward.noise_management.kind == NoiseManagementKind::kAverageAbsMax) {
        throw ConfigError("network.analog." + layer + ".forward.noise_management.kind",
                          "`average abs max` makes results depend on the order of the samples; "
                          "evaluation offers `abs max` or a learned input range instead");
    }
}

// The layer's hardware, with the map from weights to pairs that suits its cells best where that is
// asked for.
Hardware with_weight_map(Hardware hardware, ConstFloatView weights) {
    const auto* pair = std::get_if<SinglePair>(&hardware.converter);
    if (hardware.programming.kind != ProgrammingKind::kOptimisedMap || pair == nullptr) {
        return hardware;
    }
    bool all_zero = true;
    for (size_t r = 0; r < weights.rows && all_zero; r++) {
        all_zero = row_abs_max(weights.row(r), weights.cols) == 0;
    }
    if (!all_zero) {
        WeightMapOptions options;
        options.evolution.population = hardware.programming.population;
        options.evolution.generations = hardware.programming.generations;
        options.pairs = hardware.programming.pairs;
        hardware.converter =
            optimise_weight_map(hardware.conductance, pair->g_max_us, weights, options).converter;
    }
    return hardware;
}

}  // namespace

void Activations::resize(const BufferPlan& plan, size_t rows) {
    buffers.resize(plan.buffer_features.size());
    for (size_t b = 0; b < buffers.size(); b++) {
        buffers[b].resize(rows * plan.buffer_features[b]);
    }
}

Executor::Impl::Impl(const Network& network, uint64_t seed, uint32_t chip) {
    validate_network(network);
    plan = plan_buffers(network.graph);
    if (plan.features_per_sample() > kMaxSampleBytes / sizeof(float)) {
        throw InputError(
            fmt::format("the activations of one sample would take {} bytes, more than {}",
                        plan.features_per_sample() * sizeof(float),
                        kMaxSampleBytes));
    }
    const std::vector<bool> relu_reads = read_by_relus_alone(network.graph);
    for (size_t i = 0; i < relu_reads.size(); i++) {
        if (relu_reads[i]) {
            before_relu.insert(network.graph.layers[i].name);
        }
    }
    prepared.resize(plan.steps.size());
    for (size_t s = 0; s < plan.steps.size(); s++) {
        const BufferPlan::Step& step = plan.steps[s];
        const Layer& layer = network.graph.layers[step.layer];
        if (const auto* conv = std::get_if<Conv2dOp>(&layer.op)) {
            prepared[s].patches.emplace(*conv, step.input, step.output);
        }
        if (const auto* volume = std::get_if<Conv3dOp>(&layer.op)) {
            prepared[s].patches.emplace(*volume, step.input, step.output);
        }
        const bool normalises = std::holds_alternative<LayerNormOp>(layer.op);
        if (normalises || !table_shape(layer.op).empty()) {
            prepared[s].table = &network.parameters.at(layer.name + ".weight").values;
        }
        if (normalises) {
            prepared[s].shift = &network.parameters.at(layer.name + ".bias").values;
        }
        if (const auto* norm = std::get_if<BatchNormOp>(&layer.op)) {
            const auto values = [&](const char* what) -> const std::vector<float>& {
                return network.parameters.at(layer.name + what).values;
            };
            prepared[s].affine = batch_norm_affine(values(".weight"),
                                                   values(".bias"),
                                                   values(".running_mean"),
                                                   values(".running_var"),
                                                   norm->epsilon);
        }
        if (matrix_layout(layer.op).groups > 0) {
            if (network.is_analog(layer.name)) {
                prepare_analog(network, layer, seed, chip, prepared[s]);
            } else {
                prepare_digital(network, layer, prepared[s]);
            }
        }
    }
}

void Executor::Impl::prepare_digital(const Network& network,
                                     const Layer& layer,
                                     Prepared& to) const {
    const MatrixLayout layout = matrix_layout(layer.op);
    const std::vector<float>& weight = network.parameters.at(layer.name + ".weight").values;
    for (size_t g = 0; g < layout.groups; g++) {
        to.weights.emplace_back().pack(
            {weight.data() + g * layout.columns * layout.rows, layout.columns, layout.rows});
    }
    if (layout.bias) {
        to.bias = network.parameters.at(layer.name + ".bias").values;
    }
}

void Executor::Impl::prepare_analog(
    const Network& network, const Layer& layer, uint64_t seed, uint32_t chip, Prepared& to) {
    const Hardware& hardware = network.analog.at(layer.name);
    refuse_running_average(layer.name, hardware);
    const MatrixLayout layout = analog_layout(layer.op, hardware);
    to.constant_input = layout.rows > matrix_layout(layer.op).rows;
    const size_t pieces = input_pieces(layout, hardware);
    const std::vector<float>& ranges = network.parameters.at(layer.name + ".input_range").values;
    std::vector<TileGrid>& list = grids[layer.name];
    for (size_t g = 0; g < layout.groups; g++) {
        const std::string path =
            layout.groups == 1 ? layer.name : fmt::format("{}/g{}", layer.name, g);
        MappedWeights mapped = group_weights(network, layer, hardware, g);
        TileGrid& grid = list.emplace_back(with_weight_map(hardware, mapped.weights.view()),
                                           layout.columns,
                                           layout.rows,
                                           seed,
                                           path,
                                           chip);
        grid.set_weights(mapped.weights.view());
        grid.set_scales(std::move(mapped.scales));
        const auto first_range = ranges.begin() + static_cast<std::ptrdiff_t>(g * pieces);
        grid.set_input_ranges({first_range, first_range + static_cast<std::ptrdiff_t>(pieces)});
        if (layout.bias) {
            const std::vector<float>& bias = network.parameters.at(layer.name + ".bias").values;
            const auto first = bias.begin() + static_cast<std::ptrdiff_t>(g * layout.columns);
            grid.set_bias({first, first + static_cast<std::ptrdiff_t>(layout.columns)});
        }
        if (hardware.periphery.kind != PeripheryKind::kIdeal) {
            grid.set_periphery(hardware.periphery, before_relu.contains(layer.name));
            const auto found = network.parameters.find(layer.name + ".output_range");
            if (found != network.parameters.end()) {
                const size_t tiles = grid.input_pieces() * grid.output_pieces();
                const auto first =
                    found->second.values.begin() + static_cast<std::ptrdiff_t>(g * tiles);
                grid.set_output_ranges({first, first + static_cast<std::ptrdiff_t>(tiles)});
            }
        }
    }
    to.grids = &list;
}

void Executor::Impl::run_matrix(const Layer& layer,
                                size_t s,
                                Activations& activations,
                                size_t first,
                                size_t count,
                                ReadKey key,
                                ExecutorScratch& scratch,
                                const Observer& observer) const {
    const BufferPlan::Step& step = plan.steps[s];
    const Prepared& part = prepared[s];
    const MatrixLayout layout = matrix_layout(layer.op);
    // Patches come out row by row and go to planes of channels; other rows stay rows.
    const bool planes = part.patches.has_value();
    const size_t positions = positions_of(step.output);
    const size_t features = planes ? feature_count(step.output) : layout.columns;
    const size_t plane = planes ? positions : 1;
    float* to = activations.buffers[step.target].data();
    for (size_t g = 0; g < layout.groups; g++) {
        each_input_piece(
            s, activations, first, count, g, scratch, [&](size_t row, ConstFloatView x) {
                if (part.grids != nullptr) {
                    if (observer) {
                        observer(layer.name, g, x);
                    }
                    // The noise of a row belongs to its sample and position, however a batch is
                    // cut.
                    const ReadKey row_key{key.step, key.first_sample * positions + row};
                    const TileGrid& grid = (*part.grids)[g];
                    if (plane == 1 && layout.groups == 1) {
                        grid.apply(
                            x, {to + row * features, x.rows, features}, row_key, scratch.grid);
                        return;
                    }
                    scratch.products.resize(x.rows * layout.columns);
                    const FloatView y{scratch.products.data(), x.rows, layout.columns};
                    grid.apply(x, y, row_key, scratch.grid);
                    scatter(y, row, plane, g * layout.columns, features, nullptr, to);
                    return;
                }
                const size_t stride = part.weights[g].row_stride();
                scratch.products.resize(x.rows * stride);
                ProductSums sums;
                sums.plain = scratch.products.data();
                sums.stride = stride;
                multiply(part.weights[g], ProductSet::kPlain, x, nullptr, sums, scratch.product);
                scatter({scratch.products.data(), x.rows, layout.columns, stride},
                        row,
                        plane,
                        g * layout.columns,
                        features,
                        part.bias.empty() ? nullptr : part.bias.data() + g * layout.columns,
                        to);
            });
    }
}

void Executor::Impl::run_step(const Network& network,
                              size_t s,
                              Activations& activations,
                              size_t first,
                              size_t count,
                              ReadKey key,
                              ExecutorScratch& scratch,
                              const Observer& observer) const {
    const BufferPlan::Step& step = plan.steps[s];
    const Layer& layer = network.graph.layers[step.layer];
    if (std::holds_alternative<RecurrentOp>(layer.op)) {
        run_recurrent(layer, s, activations, first, count, key, scratch, observer);
        return;
    }
    if (matrix_layout(layer.op).groups > 0) {
        run_matrix(layer, s, activations, first, count, key, scratch, observer);
        return;
    }
    const size_t in = feature_count(step.input);
    const size_t out = feature_count(step.output);
    const float* source = activations.buffers[step.sources[0]].data();
    float* target = activations.buffers[step.target].data();
    if (is_view(layer.op)) {
        return;
    }
    for (size_t sample = first; sample < first + count; sample++) {
        const float* from = source + sample * in;
        float* to = target + sample * out;
        if (const auto* activation = std::get_if<ActivationOp>(&layer.op)) {
            activate(activation->kind, from, in, to);
        } else if (std::holds_alternative<BatchNormOp>(layer.op)) {
            const ChannelAffine& affine = prepared[s].affine;
            affine.apply(from, in / affine.factor.size(), to);
        } else if (const auto* window = std::get_if<Pool2dOp>(&layer.op)) {
            pool(*window, step.input, step.output, from, to);
        } else if (std::holds_alternative<GlobalAveragePoolOp>(layer.op)) {
            global_average(step.input, from, to);
        } else if (std::holds_alternative<LastPositionOp>(layer.op)) {
            std::copy_n(from + in - out, out, to);
        } else if (std::holds_alternative<ReverseOp>(layer.op)) {
            const auto width = static_cast<size_t>(step.output[1]);
            for (size_t i = 0; i < in; i += width) {
                std::copy_n(from + in - width - i, width, to + i);
            }
        } else if (std::holds_alternative<ConcatOp>(layer.op)) {
            const size_t rows =
                step.output.size() == 2 ? static_cast<size_t>(step.output[0]) : size_t{1};
            const auto width = static_cast<size_t>(step.output.back());
            size_t column = 0;
            for (size_t i = 0; i < step.sources.size(); i++) {
                const size_t part = step.widths[i];
                const float* piece =
                    activations.buffers[step.sources[i]].data() + sample * rows * part;
                for (size_t r = 0; r < rows; r++) {
                    std::copy_n(piece + r * part, part, to + r * width + column);
                }
                column += part;
            }
        } else if (const auto* embedding = std::get_if<EmbeddingOp>(&layer.op)) {
            embed(*embedding, prepared[s].table->data(), from, in, to);
        } else if (std::holds_alternative<PositionalEmbeddingOp>(layer.op)) {
            if (to != from) {
                std::copy_n(from, in, to);
            }
            accumulate(prepared[s].table->data(), in, to);
        } else if (const auto* norm = std::get_if<LayerNormOp>(&layer.op)) {
            const auto width = static_cast<size_t>(norm->features);
            for (size_t i = 0; i < in; i += width) {
                layer_norm(
                    *norm, prepared[s].table->data(), prepared[s].shift->data(), from + i, to + i);
            }
        } else if (const auto* attention = std::get_if<SelfAttentionOp>(&layer.op)) {
            attend(*attention,
                   positions_of(step.output),
                   from,
                   activations.buffers[step.sources[1]].data() + sample * in,
                   activations.buffers[step.sources[2]].data() + sample * in,
                   to,
                   scratch.attention);
        } else {
            if (to != from) {
                std::copy_n(from, in, to);
            }
            for (size_t i = 1; i < step.sources.size(); i++) {
                accumulate(activations.buffers[step.sources[i]].data() + sample * in, in, to);
            }
        }
    }
}

}  // namespace mho
