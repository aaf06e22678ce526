// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/network_activity.h"

#include <bit>
#include <cmath>
#include <exception>

#include "mho/cost/layer_mapping.h"
#include "mho/net/graph_internal.h"
#include "mho/net/network_internal.h"
#include "mho/util/error.h"

namespace mho::cost {
namespace {

// An observer must not outlive what it counts into, however the run ends.
class Observing {
  public:
    Observing(Executor& executor, Executor::Observer observer) : executor_(executor) {
        executor_.set_observer(std::move(observer));
    }
    ~Observing() { executor_.set_observer({}); }
    Observing(const Observing&) = delete;
    Observing& operator=(const Observing&) = delete;

  private:
    Executor& executor_;
};

}  // namespace

NetworkActivity measure_activity(Executor& executor, ConstFloatView pixels) {
    NetworkActivity result;
    result.samples = pixels.rows;
    for (const std::string& name : executor.analog_layers()) {
        LayerActivity& layer = result.layers[name];
        for (const TileGrid& grid : executor.grids(name)) {
            layer.lines.emplace_back();
            layer.conductance_us.push_back(line_conductances_us(grid));
        }
    }
    const Observing observing(
        executor, [&](const std::string& name, size_t group, ConstFloatView x) {
            count_activity(executor.grids(name)[group], x, result.layers.at(name).lines[group]);
        });
    Matrix<float> outputs(pixels.rows, executor.output_features());
    executor.run(pixels, outputs.view(), {}, 1);
    return result;
}

NetworkActivity average_activity(const Network& network, const ActivityConfig& config) {
    NetworkActivity result;
    result.samples = 1;
    result.measured = false;
    const std::vector<Shape> shapes = infer_shapes(network.graph);
    for (size_t i = 0; i < network.graph.layers.size(); i++) {
        const Layer& layer = network.graph.layers[i];
        const auto hardware = network.analog.find(layer.name);
        if (hardware == network.analog.end()) {
            continue;
        }
        const MatrixLayout layout = analog_layout(layer.op, hardware->second);
        Activity a;
        a.vectors = positions_of(shapes[i]);
        std::vector<std::string> warnings;
        const LayerMapping m =
            map_layer(hardware->second, layout.groups, layout.rows, layout.columns, {}, warnings);
        // On a crossbar every pass of a vector counts, as in count_activity.
        const uint64_t reads = a.vectors * (m.counts_passes ? m.reads : 1);
        a.full_scale = full_scale_code(m.counts_passes ? 0.0 : hardware->second.forward.dac.steps);
        const auto code = static_cast<uint64_t>(std::nearbyint(config.mean_input * a.full_scale));
        a.codes.assign(layout.rows, reads * code);
        a.squares.assign(layout.rows, reads * code * code);
        a.bits.assign(layout.rows, reads * static_cast<uint64_t>(std::popcount(code)));
        a.driven.assign(layout.rows, code > 0 ? reads : 0);
        const double g = config.mean_conductance * m.g_max_us *
                         static_cast<double>(m.devices_per_weight) *
                         static_cast<double>(layout.columns);
        LayerActivity& to = result.layers[layer.name];
        to.lines.assign(layout.groups, a);
        to.conductance_us.assign(layout.groups, std::vector<double>(layout.rows, g));
    }
    return result;
}

void add(NetworkActivity& to, const NetworkActivity& more) {
    if (to.samples == 0) {
        to = more;
        return;
    }
    for (auto& [name, layer] : to.layers) {
        const auto other = more.layers.find(name);
        if (other == more.layers.end() || other->second.lines.size() != layer.lines.size()) {
            throw InputError("activity of layer " + name + " is missing in the other samples");
        }
        for (size_t g = 0; g < layer.lines.size(); g++) {
            layer.lines[g].add(other->second.lines[g]);
        }
    }
    to.samples += more.samples;
}

}  // namespace mho::cost
