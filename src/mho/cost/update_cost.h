// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_UPDATE_COST_H
#define MHO_COST_UPDATE_COST_H

#include <string>
#include <vector>

#include "mho/cost/cost_config.h"
#include "mho/net/network.h"
#include "mho/train/learner.h"

namespace mho::cost {

/// Training a layer inside its arrays, for one sample.
struct LayerUpdate {
    std::string layer;
    size_t tile_rows = 0;     // outputs of the largest tile: lines of a transfer
    size_t tile_columns = 0;  // inputs
    double vectors = 0;       // of a sample
    double update_ns = 0;     // of one vector, transfers included
    double read_ns = 0;       // forward and backward pass of one vector
    double sample_ns = 0;     // vectors x (update + reads)
    double energy_pj = 0;     // of the pulses, by cost.update
};

/// The time model of Wu et al. (train/programming_cost) for every linear and convolution layer of a
/// network whose matrices are cut by `mapping`: all tiles of a layer are pulsed at once. `batch`
/// turns periods in batches into vectors.
std::vector<LayerUpdate> update_costs(const Graph& graph,
                                      const Mapping& mapping,
                                      const LearnerConfig& learner,
                                      size_t batch,
                                      const UpdateCost& cost);

/// Samples follow each other through all layers, forward, backward and update: the sum.
double training_sample_ns(const std::vector<LayerUpdate>& layers);

}  // namespace mho::cost

#endif  // MHO_COST_UPDATE_COST_H
