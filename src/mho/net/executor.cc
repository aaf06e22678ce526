// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/executor.h"

#include <fmt/format.h>

#include <algorithm>

#include "mho/adapt/programmers.h"
#include "mho/net/executor_impl.h"
#include "mho/net/network_internal.h"
#include "mho/util/error.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

// Samples that run through all layers together: enough to reuse packed weights, few enough that
// their activations stay in the cache, and blocks for every thread.
size_t block_size(size_t samples, size_t features_per_sample, size_t threads) {
    constexpr size_t kCacheFloats = size_t{1} << 17;
    const size_t fitting = std::clamp<size_t>(kCacheFloats / features_per_sample, 8, 128);
    const size_t per_thread = (samples + threads - 1) / threads;
    return std::max<size_t>(1, std::min(fitting, per_thread));
}

}  // namespace

Executor::Executor(const Network& network, uint64_t seed, uint32_t chip)
    : network_(network), impl_(std::make_unique<Impl>(network_, seed, chip)) {}
Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;
Executor& Executor::operator=(Executor&&) noexcept = default;

void Executor::program(uint64_t programming,
                       ConductanceSwitches switches,
                       const Programmer* programmer) {
    for (const Layer& layer : network_.graph.layers) {
        const auto found = impl_->grids.find(layer.name);
        if (found == impl_->grids.end()) {
            continue;
        }
        const Hardware& hardware = network_.analog.at(layer.name);
        const std::unique_ptr<Programmer> own = make_programmer(hardware.programming);
        for (size_t g = 0; g < found->second.size(); g++) {
            const MappedWeights mapped = group_weights(network_, layer, hardware, g);
            found->second[g].program(mapped.weights.view(),
                                     programming,
                                     switches,
                                     programmer != nullptr ? programmer : own.get());
        }
    }
}

void Executor::advance_to(double t_s, uint64_t read_step) {
    for (auto& [layer, list] : impl_->grids) {
        for (TileGrid& grid : list) {
            grid.advance_to(t_s, read_step);
        }
    }
}

void Executor::set_periphery(const DigitalPeriphery& periphery) {
    for (auto& [layer, list] : impl_->grids) {
        for (TileGrid& grid : list) {
            grid.set_periphery(periphery, impl_->before_relu.contains(layer));
        }
    }
}

void Executor::use_compensation(bool on) {
    for (auto& [layer, list] : impl_->grids) {
        for (TileGrid& grid : list) {
            grid.use_compensation(on);
        }
    }
}

void Executor::run(ConstFloatView pixels,
                   FloatView outputs,
                   ReadKey key,
                   size_t threads,
                   const std::function<void(size_t)>& progress) const {
    const BufferPlan& plan = impl_->plan;
    const InputSpec& input = network_.graph.input;
    const size_t in = feature_count({input.shape[0], input.shape[1], input.shape[2]});
    const size_t out = output_features();
    if (pixels.cols != in) {
        throw InputError(
            fmt::format("the network takes {} x {} x {} = {} numbers per sample, got {}",
                        input.shape[0],
                        input.shape[1],
                        input.shape[2],
                        in,
                        pixels.cols));
    }
    if (outputs.cols != out || outputs.rows != pixels.rows) {
        throw InputError(fmt::format("the outputs must be [{}, {}], got [{}, {}]",
                                     pixels.rows,
                                     out,
                                     outputs.rows,
                                     outputs.cols));
    }
    if (observer_ && threads > 1) {
        throw InputError("an observer sees the layers in order only with threads = 1");
    }
    threads = std::max<size_t>(threads, 1);
    const size_t block = block_size(pixels.rows, plan.features_per_sample(), threads);
    const size_t blocks = (pixels.rows + block - 1) / block;
    std::vector<ExecutorScratch> scratch(std::min(threads, blocks));
    parallel_for(threads, blocks, [&](size_t index, size_t worker) {
        ExecutorScratch& mine = scratch[worker];
        const size_t first = index * block;
        const size_t count = std::min(block, pixels.rows - first);
        const ConstFloatView x = pixels.row_block(first, count);
        require_finite(x, "pixels");
        mine.activations.resize(plan, block);
        float* start = mine.activations.buffers[plan.input_buffer].data();
        for (size_t r = 0; r < count; r++) {
            normalise_pixels(input, x.row(r), start + r * in);
        }
        const ReadKey block_key{key.step, key.first_sample + first};
        for (size_t s = 0; s < plan.steps.size(); s++) {
            impl_->run_step(network_, s, mine.activations, 0, count, block_key, mine, observer_);
        }
        const float* result = mine.activations.buffers[plan.output_buffer].data();
        for (size_t r = 0; r < count; r++) {
            std::copy_n(result + r * out, out, outputs.row(first + r));
        }
        if (progress) {
            progress(count);
        }
    });
}

size_t Executor::output_features() const {
    return feature_count(impl_->plan.steps.back().output);
}

const std::vector<TileGrid>& Executor::grids(const std::string& layer) const {
    const auto found = impl_->grids.find(layer);
    if (found == impl_->grids.end()) {
        throw InputError("no analog layer `" + layer + "`" + suggestion(layer, analog_layers()));
    }
    return found->second;
}

std::vector<TileGrid>& Executor::grids(const std::string& layer) {
    return const_cast<std::vector<TileGrid>&>(std::as_const(*this).grids(layer));
}

std::vector<std::string> Executor::analog_layers() const {
    std::vector<std::string> names;
    for (const Layer& layer : network_.graph.layers) {
        if (network_.is_analog(layer.name)) {
            names.push_back(layer.name);
        }
    }
    return names;
}

size_t Executor::state_bytes() const {
    size_t total = 0;
    for (const auto& [layer, list] : impl_->grids) {
        for (const TileGrid& grid : list) {
            total += grid.bytes();
        }
    }
    return total;
}

size_t Executor::activation_bytes_per_sample() const {
    return impl_->plan.features_per_sample() * sizeof(float);
}

double accuracy(ConstFloatView outputs, const std::vector<uint8_t>& labels, size_t first_label) {
    if (outputs.rows == 0 || outputs.cols == 0) {
        throw InputError("an accuracy needs at least one sample and one output");
    }
    if (first_label > labels.size() || outputs.rows > labels.size() - first_label) {
        throw InputError(fmt::format("{} samples from number {} on need {} labels, got {}",
                                     outputs.rows,
                                     first_label,
                                     first_label + outputs.rows,
                                     labels.size()));
    }
    require_finite(outputs, "outputs of an accuracy");
    size_t right = 0;
    for (size_t r = 0; r < outputs.rows; r++) {
        const float* row = outputs.row(r);
        const auto best = static_cast<size_t>(std::max_element(row, row + outputs.cols) - row);
        right += best == labels[first_label + r] ? 1 : 0;
    }
    return static_cast<double>(right) / static_cast<double>(outputs.rows);
}

}  // namespace mho
