// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/update_cost.h"

#include "mho/net/graph_internal.h"
#include "mho/tile/grid.h"
#include "mho/train/programming_cost.h"
#include "mho/util/error.h"

namespace mho::cost {
namespace {

// The first piece is the largest.
size_t largest_piece(size_t size, int limit) {
    const std::vector<size_t> offsets = split_axis(size, limit);
    return offsets[1] - offsets[0];
}

}  // namespace

std::vector<LayerUpdate> update_costs(const Graph& graph,
                                      const Mapping& mapping,
                                      const LearnerConfig& learner,
                                      size_t batch,
                                      const UpdateCost& cost) {
    if (batch == 0) {
        throw InputError("the cost of updates needs a batch of at least one sample");
    }
    const UpdateTimes times{cost.pulse_ns, cost.preparation_ns, cost.read_ns, cost.slots};
    const auto devices = static_cast<double>(learner_devices(learner).size());
    const std::vector<Shape> shapes = infer_shapes(graph);
    std::vector<LayerUpdate> out;
    for (size_t i = 0; i < graph.layers.size(); i++) {
        const MatrixLayout layout = matrix_layout(graph.layers[i].op);
        if (layout.groups == 0) {
            continue;
        }
        LayerUpdate u;
        u.layer = graph.layers[i].name;
        u.tile_rows = largest_piece(layout.columns, mapping.max_outputs);
        u.tile_columns = largest_piece(layout.rows, mapping.max_inputs);
        u.vectors = static_cast<double>(positions_of(shapes[i]));
        u.update_ns = update_time_ns(learner, u.tile_rows, u.tile_columns, batch, times);
        u.read_ns = 2 * cost.read_ns;
        u.sample_ns = u.vectors * (u.update_ns + u.read_ns);
        u.energy_pj = u.vectors * static_cast<double>(layout.weights()) * devices *
                      cost.pulses_per_cell * cost.pulse_pj;
        out.push_back(u);
    }
    return out;
}

double training_sample_ns(const std::vector<LayerUpdate>& layers) {
    double total = 0;
    for (const LayerUpdate& u : layers) {
        total += u.sample_ns;
    }
    return total;
}

}  // namespace mho::cost
