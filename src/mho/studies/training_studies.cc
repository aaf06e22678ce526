// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/studies/training_studies.h"

#include <map>

#include "mho/util/error.h"

namespace mho {

std::vector<Study> training_studies() {
    const std::map<std::string, StudyResult (*)(const StudyOptions&)> code = {
        {"batch-norm", run_batch_norm_study},
        {"device-specs", run_device_specs_study},
        {"gaussian-noise-benchmark", run_gaussian_noise_benchmark},
        {"hwa-at-scale", run_hwa_at_scale_study},
        {"in-memory-networks", run_in_memory_networks_study},
        {"l1-topk-norm", run_l1_topk_norm_study},
        {"learning-rate", run_learning_rate_study},
        {"post-training-ranges", run_post_training_ranges_study},
        {"tutorial", run_tutorial_study},
    };
    std::vector<Study> all = described_training_studies();
    for (Study& study : all) {
        const auto found = code.find(study.name);
        if (found == code.end()) {
            throw InputError("study `" + study.name + "` is described but has no code");
        }
        study.run = found->second;
    }
    return all;
}

}  // namespace mho
