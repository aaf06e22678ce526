// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_TEST_ACCURACY_H
#define MHO_NN_TEST_ACCURACY_H

#include <cstdint>

#include "mho/io/image_data.h"
#include "mho/nn/graph_network.h"

namespace mho {

/// Share of the labels that a network gives right, read through its arrays in evaluation mode;
/// `step` names the noise. The network is left in training mode.
double test_accuracy(GraphNetwork& network, const LabelledImages& test, uint64_t step);

}  // namespace mho

#endif  // MHO_NN_TEST_ACCURACY_H
