// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STUDY_KERNEL_REASONS_H
#define MHO_ANALYSIS_STUDY_KERNEL_REASONS_H

// Experiments that test why claims of the study `kernel-approximation` do not hold. Each can come
// out against its explanation.

#include <functional>
#include <string>
#include <vector>

#include "mho/analysis/study.h"
#include "mho/analysis/study_kernel_data.h"
#include "mho/analysis/study_units.h"

namespace mho {

/// A series or pair of which a claim was false.
struct KernelException {
    std::string data;
    size_t kernel = 0;  // 0 RBF, 1 arc-cosine
    size_t method = 0;  // 0 RFF, 1 ORF, 2 SORF
    size_t k = 0;       // 0 = k is 1
};

/// What the experiments need, made of the study's data sets.
struct KernelReasons {
    std::vector<std::string> names;                    // of the data sets
    std::function<const KernelData&(size_t i)> table;  // of data set i
    size_t most_k = 0;
    size_t tokens = 0;     // of the attention
    float vector_std = 0;  // of queries and keys
};

/// Units in the order in which explain_kernel_rows takes their values; `reasons` must outlive them.
std::vector<StudyUnit> kernel_reason_units(const KernelReasons& reasons,
                                           const StudyOptions& options);

/// Writes explanations into the rows that do not hold. `methods`: text with the accuracies of the
/// three methods on skin.
void explain_kernel_rows(const KernelReasons& reasons,
                         const std::vector<std::vector<double>>& values,
                         const std::vector<KernelException>& not_falling,
                         const std::vector<KernelException>& not_better,
                         const std::string& methods,
                         uint64_t seed,
                         StudyResult& result);

}  // namespace mho

#endif  // MHO_ANALYSIS_STUDY_KERNEL_REASONS_H
