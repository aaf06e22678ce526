// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STUDY_KERNEL_RIDGE_H
#define MHO_ANALYSIS_STUDY_KERNEL_RIDGE_H

#include <functional>
#include <span>

#include "mho/analysis/study_kernel_data.h"
#include "mho/features/kernel_features.h"

namespace mho {

struct RidgeAccuracy {
    double plain = 0;     // [%]
    double balanced = 0;  // mean of the accuracies of both classes [%]
};

/// Random projections of rows, of which `first` is the place in their part of the data.
using ProjectRows = std::function<Matrix<float>(ConstFloatView rows, size_t first)>;

/// A ridge classifier (ridge 0.5) on random features, trained on the training part and scored on
/// the test part, block by block. `shifts` as for kernel_features.
RidgeAccuracy classify(const Kernel& kernel,
                       const KernelSplit& data,
                       size_t projections,
                       std::span<const float> shifts,
                       const ProjectRows& train,
                       const ProjectRows& test);

}  // namespace mho

#endif  // MHO_ANALYSIS_STUDY_KERNEL_RIDGE_H
