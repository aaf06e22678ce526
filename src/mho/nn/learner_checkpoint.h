// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_LEARNER_CHECKPOINT_H
#define MHO_NN_LEARNER_CHECKPOINT_H

#include <map>
#include <string>
#include <vector>

#include "mho/io/safetensors.h"
#include "mho/nn/graph_network.h"
#include "mho/train/learner.h"

namespace mho {

/// Adds the state of all in-memory learners to a checkpoint: tensors
/// learner.LAYER.TILE/ARRAY,
/// numbers in the metadata.
void save_learners(const GraphNetworkImpl& network, SafeTensors& checkpoint);

/// Reads it back: states of the tiles of each layer that learns in memory. Throws InputError when a
/// layer or tile has none.
std::map<std::string, std::vector<LearnerState>> saved_learners(const GraphNetworkImpl& network,
                                                                const SafeTensors& checkpoint);

}  // namespace mho

#endif  // MHO_NN_LEARNER_CHECKPOINT_H
