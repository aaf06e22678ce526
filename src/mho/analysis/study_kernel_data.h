// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STUDY_KERNEL_DATA_H
#define MHO_ANALYSIS_STUDY_KERNEL_DATA_H

// The two-class tables of the study `kernel-approximation`.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mho/util/matrix.h"

namespace mho {

/// One split, every part standardised with its own mean and standard deviation per feature (a
/// constant feature becomes 0); labels 0 and 1.
struct KernelSplit {
    Matrix<float> train;
    Matrix<float> test;
    std::vector<float> train_labels;
    std::vector<float> test_labels;
};

/// A table, and how it is split: the first `given_train` rows train, or half of the rows by a
/// random order per seed.
struct KernelData {
    std::string name;
    Matrix<float> features;
    std::vector<float> labels;
    size_t given_train = 0;  // 0 = random halves

    KernelSplit split(uint64_t seed) const;
};

/// letter (A to M against N to Z), magic, skin, eeg (without its four rows of spikes), ijcnn1 (13
/// features: the ten one-hot columns as one number); nothing where MHO_DATA has no such file.
std::optional<KernelData> load_kernel_data(const std::string& name);

/// Whether load_kernel_data would find the files of `name`.
bool has_kernel_data(const std::string& name);

/// Two classes in 8 dimensions that no straight line parts: for tests.
KernelData made_up_kernel_data(size_t rows, uint64_t seed);

}  // namespace mho

#endif  // MHO_ANALYSIS_STUDY_KERNEL_DATA_H
