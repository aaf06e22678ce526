// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/net/executor_impl.h"
#include "mho/util/error.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

// Count, mean and sum of squared deviations, merged as Chan, Golub and LeVeque (1979) do: constant
// inputs give exactly 0, which a difference of sums would not.
struct Moments {
    double count = 0;
    double mean = 0;
    double squares = 0;

    void merge(const Moments& other) {
        if (other.count == 0) {
            return;
        }
        const double total = count + other.count;
        const double delta = other.mean - mean;
        mean += delta * (other.count / total);
        squares += other.squares + delta * delta * (count * other.count / total);
        count = total;
    }

    double std() const { return count > 1 ? std::sqrt(squares / (count - 1)) : 0.0; }
};

Moments moments_of(ConstFloatView x) {
    Moments m;
    m.count = static_cast<double>(x.rows) * static_cast<double>(x.cols);
    double sum = 0;
    for (size_t r = 0; r < x.rows; r++) {
        for (const float v : x.row_span(r)) {
            sum += double{v};
        }
    }
    m.mean = sum / m.count;
    for (size_t r = 0; r < x.rows; r++) {
        for (const float v : x.row_span(r)) {
            const double d = double{v} - m.mean;
            m.squares += d * d;
        }
    }
    return m;
}

constexpr size_t kSamplesPerPart = 8;

// The state of one layer's initialisation.
struct LayerRanges {
    const InputRangeConfig* config = nullptr;
    std::vector<double> ranges;  // [groups][pieces]
    std::vector<size_t> seen;    // batches that counted
};

}  // namespace

void initialize_input_ranges(
    Network& network, ConstFloatView pixels, size_t batch, uint64_t seed, size_t threads) {
    if (batch == 0) {
        throw InputError("the batch size must be at least 1");
    }
    const InputSpec& input = network.graph.input;
    const size_t in = feature_count({input.shape[0], input.shape[1], input.shape[2]});
    if (pixels.cols != in) {
        throw InputError(
            fmt::format("the network takes {} numbers per sample, got {}", in, pixels.cols));
    }
    require_finite(pixels, "pixels");
    threads = std::max<size_t>(threads, 1);
    Executor executor(network, seed);
    Executor::Impl& impl = *executor.impl_;
    const BufferPlan& plan = impl.plan;
    std::vector<LayerRanges> states(plan.steps.size());
    size_t batches = 0;
    for (size_t s = 0; s < plan.steps.size(); s++) {
        const std::string& name = network.graph.layers[plan.steps[s].layer].name;
        if (impl.prepared[s].grids == nullptr || !network.analog.at(name).input_range.enabled) {
            continue;
        }
        const InputRangeConfig& config = network.analog.at(name).input_range;
        if (config.init_batches <= 0) {
            continue;
        }
        const size_t count = network.parameters.at(name + ".input_range").values.size();
        states[s] = {
            &config, std::vector<double>(count, config.initial), std::vector<size_t>(count, 0)};
        batches = std::max(batches, static_cast<size_t>(config.init_batches));
    }
    batches = std::min(batches, (pixels.rows + batch - 1) / batch);

    Activations activations;
    activations.resize(plan, std::min(batch, pixels.rows));
    std::vector<ExecutorScratch> scratch(threads);
    for (size_t b = 0; b < batches; b++) {
        const size_t first = b * batch;
        const size_t rows = std::min(batch, pixels.rows - first);
        const size_t parts = (rows + kSamplesPerPart - 1) / kSamplesPerPart;
        const ReadKey key{0, first};
        float* start = activations.buffers[plan.input_buffer].data();
        for (size_t r = 0; r < rows; r++) {
            normalise_pixels(input, pixels.row(first + r), start + r * in);
        }
        // Layer by layer: a range must be known before its layer runs, and it needs the whole
        // batch.
        for (size_t s = 0; s < plan.steps.size(); s++) {
            LayerRanges& state = states[s];
            const auto samples_of = [&](size_t part) {
                return std::min(kSamplesPerPart, rows - part * kSamplesPerPart);
            };
            const auto run = [&] {
                parallel_for(threads, parts, [&](size_t part, size_t worker) {
                    impl.run_step(network,
                                  s,
                                  activations,
                                  part * kSamplesPerPart,
                                  samples_of(part),
                                  key,
                                  scratch[worker],
                                  {});
                });
            };
            if (state.config != nullptr && b < static_cast<size_t>(state.config->init_batches)) {
                const auto* recurrent =
                    std::get_if<RecurrentOp>(&network.graph.layers[plan.steps[s].layer].op);
                if (recurrent != nullptr) {
                    // What it feeds back to itself is known only after a run with the present
                    // range.
                    run();
                }
                std::vector<TileGrid>& grids = *impl.prepared[s].grids;
                const std::vector<size_t>& cuts = grids[0].input_offsets();
                const size_t pieces = grids[0].input_pieces();
                std::vector<Moments> parts_moments(parts * state.ranges.size());
                parallel_for(threads, parts, [&](size_t part, size_t worker) {
                    Moments* to = parts_moments.data() + part * state.ranges.size();
                    const auto add = [&](size_t g, ConstFloatView x) {
                        for (size_t c = 0; c < pieces; c++) {
                            to[g * pieces + c].merge(
                                moments_of(x.column_block(cuts[c], cuts[c + 1] - cuts[c])));
                        }
                    };
                    if (recurrent != nullptr) {
                        impl.each_fed_back(*recurrent,
                                           s,
                                           activations,
                                           part * kSamplesPerPart,
                                           samples_of(part),
                                           [&](ConstFloatView x) { add(0, x); });
                        return;
                    }
                    for (size_t g = 0; g < grids.size(); g++) {
                        impl.each_input_piece(s,
                                              activations,
                                              part * kSamplesPerPart,
                                              samples_of(part),
                                              g,
                                              scratch[worker],
                                              [&](size_t, ConstFloatView x) { add(g, x); });
                    }
                });
                for (size_t i = 0; i < state.ranges.size(); i++) {
                    Moments all;
                    for (size_t part = 0; part < parts; part++) {
                        all.merge(parts_moments[part * state.ranges.size() + i]);
                    }
                    if (all.std() > 0) {
                        const auto k = static_cast<double>(state.seen[i]++);
                        state.ranges[i] = std::abs(
                            (state.ranges[i] * k + state.config->init_std_factor * all.std()) /
                            (k + 1));
                    }
                }
                for (size_t g = 0; g < grids.size(); g++) {
                    const auto from =
                        state.ranges.begin() + static_cast<std::ptrdiff_t>(g * pieces);
                    grids[g].set_input_ranges({from, from + static_cast<std::ptrdiff_t>(pieces)});
                }
            }
            run();
        }
    }
    for (size_t s = 0; s < plan.steps.size(); s++) {
        if (states[s].config == nullptr) {
            continue;
        }
        const std::string& name = network.graph.layers[plan.steps[s].layer].name;
        std::vector<float>& values = network.parameters.at(name + ".input_range").values;
        std::transform(
            states[s].ranges.begin(), states[s].ranges.end(), values.begin(), [](double r) {
                return static_cast<float>(r);
            });
    }
}

}  // namespace mho
