// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_LEAST_SQUARES_H
#define MHO_ANALYSIS_LEAST_SQUARES_H

// The least-squares problem on which training in memory is understood (Wu et al., NeurIPS 2025,
// arXiv 2502.06309):
//
//     f(w) = |A (w - w*)|^2 / (2 equations),   gradients with independent normal noise.
//
// On a device with the linear responses q_up = (1 + c) (1 - w / tau), q_down = (1 - c) (1 + w /
// tau) analog SGD is SGD on f(w) + <Sigma, R_c(w)>, with Sigma = E|gradient| and R_c the integral
// of
//
//     R = G / F = (w / tau - c) / (1 - c w / tau):
//
// it is drawn to the symmetric point c tau the more, the noisier the gradient.

#include <cstdint>
#include <span>
#include <vector>

#include "mho/device/step_models.h"
#include "mho/train/learner.h"
#include "mho/util/matrix.h"

namespace mho {

/// A device with the linear responses above: the same cells everywhere.
SoftBounds linear_response_device(double tau, double c, double dw_min, double cycle_noise);

class LeastSquares {
  public:
    /// A standard normal [equations, unknowns]; w* normal with `solution_std`.
    LeastSquares(size_t equations, size_t unknowns, double solution_std, TileKey key);

    size_t unknowns() const { return solution_.size(); }
    std::span<const double> solution() const { return solution_; }
    double loss(std::span<const double> w) const;
    /// Without noise.
    void gradient(std::span<const double> w, std::span<double> g) const;

    /// Where analog SGD comes to rest: the zero of gradient + E|noisy gradient| R(w), by Newton's
    /// method.
    std::vector<double> penalised_minimum(double tau, double c, double noise_std) const;

  private:
    Matrix<double> a_;
    std::vector<double> solution_;
};

struct LeastSquaresRun {
    size_t steps = 20000;
    double rate = 0.02;
    double noise_std = 0.1;  // of every component of the gradient
};

/// A learner [1, unknowns], one step a gradient; returns the iterate averaged over the second half.
std::vector<double> learn_least_squares(const LeastSquares& problem,
                                        Learner& learner,
                                        const LeastSquaresRun& run,
                                        TileKey noise_key);
/// The same by digital SGD in double precision.
std::vector<double> descend_least_squares(const LeastSquares& problem,
                                          const LeastSquaresRun& run,
                                          TileKey noise_key);

}  // namespace mho

#endif  // MHO_ANALYSIS_LEAST_SQUARES_H
