// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The error of an analog matrix-vector product on the standard model of Rasch et al.
// (arXiv 2302.08469): over time, and what each imperfection alone contributes.

#include <fmt/format.h>

#include "mho/analysis/evaluate.h"
#include "mho/analysis/mvm_problem.h"
#include "mho/analysis/study.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

constexpr size_t kSize = 512;  // rows and columns of the tile

struct Time {
    const char* name;
    double t_s;
};
constexpr Time kTimes[] = {{"1 s", 1.0},
                           {"1 h", 3600.0},
                           {"1 day", 86400.0},
                           {"1 month", 30 * 86400.0},
                           {"1 year", 365 * 86400.0}};
constexpr size_t kTimeCount = std::size(kTimes);

struct Contribution {
    const char* name;
    MvmConfig forward;
    bool programmed = false;  // conductance noise too, 1 s after programming
};

// Nothing but what a contribution switches on.
MvmConfig nothing() {
    MvmConfig c;
    c.dac.steps = 0;
    c.adc = {.bound = 0, .steps = 0};
    c.output_noise.std = 0;
    c.weight_noise = {WeightNoiseKind::kNone, 0.0};
    c.ir_drop.strength = 0;
    return c;
}

std::vector<Contribution> contributions() {
    const MvmConfig standard;
    MvmConfig dac = nothing();
    dac.dac = standard.dac;
    MvmConfig adc = nothing();
    adc.adc = standard.adc;
    MvmConfig output = nothing();
    output.output_noise = standard.output_noise;
    MvmConfig read = nothing();
    read.weight_noise = standard.weight_noise;
    MvmConfig wires = nothing();
    wires.ir_drop = standard.ir_drop;
    return {{"input converter, 8 bit", dac},
            {"output converter, 8 bit", adc},
            {"output noise 0.04", output},
            {"read noise 0.0175", read},
            {"IR drop", wires},
            {"all of these", standard},
            {"conductance noise at 1 s", nothing(), true}};
}

// In percent.
double error_percent(const Tile& tile, const MvmProblem& p, uint64_t step) {
    return 100 * mvm_error(tile, p, step);
}

struct ChipErrors {
    double compensated[kTimeCount] = {};
    double uncompensated[kTimeCount] = {};
    std::vector<double> alone;
};

ChipErrors measure(uint64_t seed, uint64_t chip, size_t vectors) {
    const MvmProblem p =
        random_mvm_problem(seed, "study/mvm-error", static_cast<uint32_t>(chip), kSize, vectors);
    const TileKey key =
        make_tile_key(seed, "study/mvm-error/tile", 0, 0, static_cast<uint32_t>(chip));
    ChipErrors errors;
    Tile tile(TileConfig{}, kSize, kSize, key);
    tile.program(p.mapped.weights.view());
    for (size_t t = 0; t < kTimeCount; t++) {
        tile.advance_to(kTimes[t].t_s, t);
        tile.use_compensation(true);
        errors.compensated[t] = error_percent(tile, p, t);
        tile.use_compensation(false);
        errors.uncompensated[t] = error_percent(tile, p, t);
    }
    for (const Contribution& c : contributions()) {
        TileConfig config;
        config.forward = c.forward;
        Tile alone(config, kSize, kSize, key);
        if (c.programmed) {
            alone.program(p.mapped.weights.view());
            alone.advance_to(1.0, 0);
        } else {
            alone.set_weights(p.mapped.weights.view());
        }
        errors.alone.push_back(error_percent(alone, p, 0));
    }
    return errors;
}

StudyResult run_mvm_error(const StudyOptions& options) {
    const size_t chips = options.small ? 4 : 25;
    const size_t vectors = options.small ? 32 : 512;
    std::vector<ChipErrors> all(chips);
    std::atomic<size_t> done{0};
    parallel_for(options.threads, chips, [&](size_t chip, size_t) {
        if (options.stop != nullptr && options.stop->load()) {
            throw Interrupted("the study was interrupted");
        }
        all[chip] = measure(options.seed, chip, vectors);
        const size_t finished = ++done;
        if (options.progress) {
            options.progress(finished, chips);
        }
    });
    const auto gather = [&](const auto& pick) {
        std::vector<double> values;
        for (const ChipErrors& c : all) {
            values.push_back(pick(c));
        }
        return values;
    };
    const auto at = [&](size_t t) {
        return bootstrap_interval(gather([t](const ChipErrors& c) { return c.compensated[t]; }),
                                  options.seed);
    };
    StudyResult result;
    result.repetitions = fmt::format("{} chips, {} input vectors each", chips, vectors);
    result.substitution =
        "random weights and inputs of a given law; the paper averages over the layers of its "
        "networks";
    result.rows = {number_row("the MVM error of the standard model is about 15 % one hour after "
                              "programming (arXiv 2302.08469)",
                              "about 15 %",
                              11,
                              18,
                              at(1),
                              "%",
                              2),
                   number_row("right after programming it is 13 % for a 512 x 512 tile and inputs "
                              "of which half are zero (arXiv 2307.09357)",
                              "13 %",
                              11,
                              15,
                              at(0),
                              "%",
                              2)};
    StudyTable times{"MVM error over time",
                     {"time", "compensated [%]", "not compensated [%]", "gain [points]"},
                     {},
                     "Mean over chips and its 95 % interval; the gain is that of pairs with equal "
                     "noise."};
    for (size_t t = 0; t < kTimeCount; t++) {
        const auto with = gather([t](const ChipErrors& c) { return c.compensated[t]; });
        const auto without = gather([t](const ChipErrors& c) { return c.uncompensated[t]; });
        times.rows.push_back({kTimes[t].name,
                              interval_text(bootstrap_interval(with, options.seed)),
                              interval_text(bootstrap_interval(without, options.seed)),
                              interval_text(paired_difference(without, with, options.seed))});
    }
    StudyTable alone{"Each imperfection alone", {"imperfection", "MVM error [%]"}, {}, ""};
    const std::vector<Contribution> list = contributions();
    for (size_t i = 0; i < list.size(); i++) {
        alone.rows.push_back(
            {list[i].name,
             interval_text(bootstrap_interval(
                 gather([i](const ChipErrors& c) { return c.alone[i]; }), options.seed))});
    }
    result.tables = {std::move(times), std::move(alone)};
    return result;
}

}  // namespace

Study mvm_error_study() {
    return {"mvm-error",
            "Rasch et al., Nat. Commun. 14, 5282 (2023), arXiv 2302.08469",
            "The matrix-vector product of the standard AIMC model is off by about 15 %, mostly by "
            "the noise of its conductances.",
            run_mvm_error};
}

}  // namespace mho
