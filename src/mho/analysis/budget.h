// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_BUDGET_H
#define MHO_ANALYSIS_BUDGET_H

// Where the accuracy goes: the share of every non-ideality in what a network loses on its hardware.
// Three answers, because non-idealities do not add up: what comes back when one is switched off,
// what is lost when one acts alone, and the Shapley share, which sums to the whole loss. All on
// the same chips and images, with the same random draws.

#include <string>
#include <vector>

#include "mho/analysis/ablation.h"
#include "mho/analysis/evaluate.h"
#include "mho/analysis/statistics.h"

namespace mho {

inline constexpr size_t kMaxBudgetSources = 8;

struct BudgetOptions {
    size_t images = 1000;
    size_t chips = 5;
    double t_s = 86400.0;
    std::string time_name = "1 day";
    size_t orders = 32;  // of joining, for the Shapley shares
    size_t threads = 1;
    const std::atomic<bool>* stop = nullptr;
    ProgressHooks progress = {};
};

struct BudgetShare {
    std::string source;
    Interval off;      // score gained by switching it off
    Interval alone;    // score lost when it acts alone
    Interval shapley;  // its share of the loss
};

struct Budget {
    bool is_loss = false;             // texts: scores are minus the loss in nats
    double exact = 0.0;               // floating point on the same images
    Interval none;                    // on the hardware with every source off: mapping only
    Interval all;                     // with everything on
    std::vector<BudgetShare> shares;  // largest Shapley share first
    size_t evaluations = 0;
    size_t images = 0;
    size_t chips = 0;
    std::string time_name;
};

/// The network with a subset of sources acting: bit i of `acting` is sources[i].
Network with_sources(const Network& network,
                     const std::vector<NonIdeality>& sources,
                     uint32_t acting,
                     ConductanceSwitches& switches);

/// At most kMaxBudgetSources: when more act, converters are one source, and what is left of the
/// periphery another.
std::vector<NonIdeality> budget_sources(const Network& network);

/// Throws InputError for a network without analog layers.
Budget error_budget(const Network& network,
                    const Network& floating_point,
                    const LabelledImages& test,
                    uint64_t seed,
                    const BudgetOptions& options);

}  // namespace mho

#endif  // MHO_ANALYSIS_BUDGET_H
