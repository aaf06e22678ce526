// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/net/training_presets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const LearnerConfig config = learner_from_json_with_presets(std::string(input), "fuzz");
        require_valid(config);
        const std::string text = learner_to_json(config);
        fuzz::require(learner_to_json(learner_from_json(text, "fuzz")) == text);
        make_learner(config, 2, 3, TileKey{1});
    });
}
