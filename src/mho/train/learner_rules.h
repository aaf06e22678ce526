// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_LEARNER_RULES_H
#define MHO_TRAIN_LEARNER_RULES_H

// What the files of the learners share. Internal to train: others use make_learner.

#include <memory>
#include <span>

#include "mho/train/learner.h"

namespace mho {

std::unique_ptr<Learner> make_rule(const AnalogSgd& c, size_t rows, size_t cols, TileKey key);
std::unique_ptr<Learner> make_rule(const VectorCell& c, size_t rows, size_t cols, TileKey key);
std::unique_ptr<Learner> make_rule(const ReferencePair& c, size_t rows, size_t cols, TileKey key);
std::unique_ptr<Learner> make_rule(const OneSided& c, size_t rows, size_t cols, TileKey key);
std::unique_ptr<Learner> make_rule(const TikiTaka& c, size_t rows, size_t cols, TileKey key);
std::unique_ptr<Learner> make_rule(const BufferedTikiTaka& c,
                                   size_t rows,
                                   size_t cols,
                                   TileKey key);
std::unique_ptr<Learner> make_rule(const ChoppedTikiTaka& c, size_t rows, size_t cols, TileKey key);
std::unique_ptr<Learner> make_rule(const Agad& c, size_t rows, size_t cols, TileKey key);
std::unique_ptr<Learner> make_rule(const ResidualLearning& c,
                                   size_t rows,
                                   size_t cols,
                                   TileKey key);
std::unique_ptr<Learner> make_rule(const MixedPrecision& c, size_t rows, size_t cols, TileKey key);

/// Device k of a learner draws from its own key; device 0 from that of the learner.
TileKey device_key(TileKey learner, size_t k);

/// visible = sum gammas[k] arrays[k]; parts of weight 0 are not touched.
void combine(std::span<const PulsedArray> arrays,
             std::span<const double> gammas,
             FloatView visible);

/// Copies a read configuration without noise and bound management; adds a note where one was on.
MvmConfig line_read_without_management(const MvmConfig& config,
                                       const char* what,
                                       std::vector<std::string>& notes);

/// The length of a period, in vector updates, for `every` in batches of `batch` or in vectors.
uint64_t period_in_vectors(double every, bool in_batches, size_t batch);

}  // namespace mho

#endif  // MHO_TRAIN_LEARNER_RULES_H
