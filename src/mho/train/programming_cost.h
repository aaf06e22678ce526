// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_PROGRAMMING_COST_H
#define MHO_TRAIN_PROGRAMMING_COST_H

// What pulses cost. The time model is that of Wu et al. (arXiv 2502.06309, after Rasch et al., Nat.
// Commun. 2024): an update is a preparation of 5.9 ns and up to 32 slots of 5 ns each, all cells of
// an array at once; a read takes 40 ns. Residual learning adds a read and a second update.

#include <cstdint>
#include <string>

#include "mho/device/pulsed_array.h"
#include "mho/train/learner.h"

namespace mho {

struct UpdateTimes {
    double pulse_ns = 5.0;
    double preparation_ns = 5.9;
    double read_ns = 40.0;  // also a forward or a backward pass
    int slots = 32;         // of a train
};

/// One vector update of one array: 165.9 ns with the defaults.
double update_time_ns(const UpdateTimes& times);
/// One vector update of residual learning with its transfer: 371.8 ns.
double residual_update_time_ns(const UpdateTimes& times);
/// One vector update of a learner on average, its transfers included; `batch` turns periods in
/// batches into vectors. Mixed precision counts the writes of its rows.
double update_time_ns(
    const LearnerConfig& config, size_t rows, size_t cols, size_t batch, const UpdateTimes& times);

/// Energy of one programming pulse of a cell.
struct PulseEnergy {
    double up_j = 0.0;
    double down_j = 0.0;
};

/// Energy that the counted pulses of an array took, J. Throws InputError where pulses were not
/// counted.
double programming_energy_j(const PulsedArray& array, const PulseEnergy& energy);

/// Wear of an array: pulses of the most pulsed cell, and on average.
struct Endurance {
    uint64_t most = 0;
    double mean = 0.0;
};
Endurance endurance(const PulsedArray& array);

}  // namespace mho

#endif  // MHO_TRAIN_PROGRAMMING_COST_H
