// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/budget.h"

#include <algorithm>

#include "mho/analysis/chip_score.h"
#include "mho/analysis/shapley.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

ConductanceSwitches both(ConductanceSwitches a, ConductanceSwitches b) {
    return {a.programming && b.programming, a.drift && b.drift, a.read && b.read};
}

// Joins the sources whose names are listed into one.
void merge(std::vector<NonIdeality>& sources,
           const std::vector<std::string>& names,
           const std::string& joint_name) {
    NonIdeality joint;
    joint.name = joint_name;
    std::vector<std::function<void(Hardware&)>> parts;
    std::vector<NonIdeality> kept;
    for (NonIdeality& s : sources) {
        if (std::find(names.begin(), names.end(), s.name) == names.end()) {
            kept.push_back(std::move(s));
            continue;
        }
        joint.switches = both(joint.switches, s.switches);
        if (s.switch_off) {
            parts.push_back(s.switch_off);
        }
    }
    if (!parts.empty()) {
        joint.switch_off = [parts](Hardware& h) {
            for (const auto& part : parts) {
                part(h);
            }
        };
        kept.push_back(std::move(joint));
    }
    sources = std::move(kept);
}

}  // namespace

std::vector<NonIdeality> budget_sources(const Network& network) {
    std::vector<NonIdeality> sources = active_non_idealities(network);
    if (sources.size() > kMaxBudgetSources) {
        merge(sources, {"input converter (DAC)", "output converter (ADC)"}, "converters");
    }
    if (sources.size() > kMaxBudgetSources) {
        merge(sources,
              {"voltage offset", "series resistance", "output non-linearity", "input noise"},
              "analog periphery");
    }
    // Sources of the future beyond these: the last ones count as one.
    if (sources.size() > kMaxBudgetSources) {
        std::vector<std::string> names;
        for (size_t i = kMaxBudgetSources - 1; i < sources.size(); i++) {
            names.push_back(sources[i].name);
        }
        merge(sources, names, "others");
    }
    return sources;
}

Network with_sources(const Network& network,
                     const std::vector<NonIdeality>& sources,
                     uint32_t acting,
                     ConductanceSwitches& switches) {
    Network changed = network;
    switches = {};
    for (size_t i = 0; i < sources.size(); i++) {
        if ((acting >> i & 1U) != 0) {
            continue;
        }
        switches = both(switches, sources[i].switches);
        if (sources[i].switch_off) {
            for (auto& [name, hardware] : changed.analog) {
                sources[i].switch_off(hardware);
            }
        }
    }
    return changed;
}

Budget error_budget(const Network& network,
                    const Network& floating_point,
                    const LabelledImages& test,
                    uint64_t seed,
                    const BudgetOptions& o) {
    const std::vector<NonIdeality> sources = budget_sources(network);
    if (sources.empty()) {
        throw InputError("an error budget needs a network on analog hardware");
    }
    if (o.chips == 0 || o.orders == 0) {
        throw InputError("an error budget needs at least one chip and one order of joining");
    }
    require_not_negative(o.t_s, "time of an error budget");
    const ChipScore score(test, o.images, seed, o.threads, o.stop);
    const size_t n = sources.size();
    const auto all = static_cast<uint32_t>((uint64_t{1} << n) - 1);
    Budget budget;
    budget.is_loss = score.is_loss();
    budget.images = score.images();
    budget.chips = o.chips;
    budget.time_name = o.time_name;
    budget.exact = score.exact(floating_point);
    // The same subsets serve all three answers.
    std::map<std::pair<uint32_t, size_t>, double> known;
    if (o.progress.begin) {
        // An upper limit; orders share subsets.
        o.progress.begin(
            "error budget",
            std::min((n - 1) * 2 * ((o.orders + 1) / 2) + 2 * n + 2, size_t{1} << n) * o.chips,
            "chips");
    }
    const auto value = [&](uint32_t acting, size_t chip) {
        const auto [at, is_new] = known.try_emplace({acting, chip}, 0.0);
        if (is_new) {
            ConductanceSwitches switches;
            const Network changed = with_sources(network, sources, acting, switches);
            at->second = score.on_chip(changed, static_cast<uint32_t>(chip), o.t_s, 1, switches);
            if (o.progress.advance) {
                o.progress.advance(1);
            }
        }
        return at->second;
    };
    const auto interval = [&](const auto& of_chip) {
        std::vector<double> values(o.chips);
        for (size_t chip = 0; chip < o.chips; chip++) {
            values[chip] = of_chip(chip);
        }
        return t_interval(values);
    };
    budget.all = interval([&](size_t chip) { return value(all, chip); });
    budget.none = interval([&](size_t chip) { return value(0, chip); });
    const ShapleyShares shapley =
        shapley_shares(n, o.chips, o.orders, seed, [&](uint32_t acting, size_t chip) {
            return -value(acting, chip);
        });
    for (size_t i = 0; i < n; i++) {
        const uint32_t bit = 1U << i;
        budget.shares.push_back(
            {sources[i].name,
             interval([&](size_t chip) { return value(all & ~bit, chip) - value(all, chip); }),
             interval([&](size_t chip) { return value(0, chip) - value(bit, chip); }),
             shapley.share[i]});
    }
    std::stable_sort(
        budget.shares.begin(), budget.shares.end(), [](const BudgetShare& a, const BudgetShare& b) {
            return a.shapley.mean > b.shapley.mean;
        });
    budget.evaluations = known.size();
    if (o.progress.end) {
        o.progress.end();
    }
    return budget;
}

}  // namespace mho
