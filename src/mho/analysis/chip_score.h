// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_CHIP_SCORE_H
#define MHO_ANALYSIS_CHIP_SCORE_H

#include <atomic>

#include "mho/analysis/evaluate.h"
#include "mho/net/executor.h"

namespace mho {

/// How good networks are on fixed images: the share of right answers, or for texts minus the mean
/// loss in nats, so that more is better. Experiments that compare many versions of a network on the
/// same chips ask here.
class ChipScore {
  public:
    /// The first `images` test images (at most all of them), which must live as long as this.
    /// `stop`: may be null.
    ChipScore(const LabelledImages& test,
              size_t images,
              uint64_t seed,
              size_t threads,
              const std::atomic<bool>* stop = nullptr);
    ChipScore(LabelledImages&&, size_t, uint64_t, size_t, const std::atomic<bool>* = nullptr) =
        delete;

    /// On exact arithmetic, or on what the executor holds.
    double exact(const Network& network) const;
    double of(const Executor& executor, ReadKey key) const;

    /// A chip of its own for every number `chip`; the same draws whatever else is switched off.
    /// `read` numbers the reading (the evaluation uses the place of the time in its list, plus 1).
    double on_chip(const Network& network,
                   uint32_t chip,
                   double t_s,
                   uint64_t read,
                   ConductanceSwitches switches = {}) const;

    bool is_loss() const { return labels_ > 1; }
    size_t images() const { return pixels_.rows; }

  private:
    const LabelledImages& test_;
    uint64_t seed_;
    size_t threads_;
    const std::atomic<bool>* stop_;
    size_t labels_;
    Matrix<float> pixels_;
};

}  // namespace mho

#endif  // MHO_ANALYSIS_CHIP_SCORE_H
