// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_STUDIES_TRAINING_STUDIES_H
#define MHO_STUDIES_TRAINING_STUDIES_H

#include <vector>

#include "mho/analysis/study.h"

namespace mho {

/// The studies of described_training_studies() with their code.
std::vector<Study> training_studies();

// The code, one study per file.
StudyResult run_batch_norm_study(const StudyOptions& options);
StudyResult run_device_specs_study(const StudyOptions& options);
StudyResult run_gaussian_noise_benchmark(const StudyOptions& options);
StudyResult run_hwa_at_scale_study(const StudyOptions& options);
StudyResult run_in_memory_networks_study(const StudyOptions& options);
StudyResult run_l1_topk_norm_study(const StudyOptions& options);
StudyResult run_learning_rate_study(const StudyOptions& options);
StudyResult run_post_training_ranges_study(const StudyOptions& options);
StudyResult run_tutorial_study(const StudyOptions& options);

}  // namespace mho

#endif  // MHO_STUDIES_TRAINING_STUDIES_H
