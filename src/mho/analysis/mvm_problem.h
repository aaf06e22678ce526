// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_MVM_PROBLEM_H
#define MHO_ANALYSIS_MVM_PROBLEM_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "mho/tile/grid.h"

namespace mho {

/// Weights and inputs on which the error of an analog product is measured: weights normal with
/// deviation 0.246, clipped to +-1 and scaled per column; inputs uniform in [-1, 1], half of them
/// zero (Le Gallo et al., arXiv 2307.09357).
struct MvmProblem {
    MappedWeights mapped;
    Matrix<float> inputs;  // [vectors, size]
    Matrix<float> exact;   // [vectors, size], of the logical weights
};

/// Problem number `chip` of a square tile. Throws InputError for a size or number of 0.
MvmProblem random_mvm_problem(
    uint64_t seed, const std::string& path, uint32_t chip, size_t size, size_t vectors);

/// MVM error ||y - y_exact|| / ||y_exact|| over all inputs and outputs (arXiv 2302.08469, eq. 4), a
/// share; `step` names the noise of the reading.
double mvm_error(const Tile& tile, const MvmProblem& problem, uint64_t step);

/// A non-ideality of the standard AIMC model and how to make it stronger: `set` puts it at `times`
/// its strength in that model (converters: steps divided by `times`; what the model does not have
/// starts from the strength in the name) and leaves everything else alone.
struct StrengthKnob {
    enum class Group { kInputOutput, kWeights, kOther };
    std::string name;
    Group group = Group::kOther;
    double largest = 100;  // sensible values of `times` end here
    std::function<void(TileConfig& config, double times)> set;
};
std::vector<StrengthKnob> strength_knobs();

/// The factor by which a knob brings the error of the standard model, `time_s` after programming,
/// to `target` (a share), found on one problem.
double matched_strength(const StrengthKnob& knob,
                        const TileConfig& standard,
                        const MvmProblem& problem,
                        TileKey key,
                        double time_s,
                        double target);

}  // namespace mho

#endif  // MHO_ANALYSIS_MVM_PROBLEM_H
