// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Kernel approximation on analog hardware (Buechel et al., arXiv 2411.03375): ridge classifiers on
// random features, and the attention of a Performer, exact and on simulated HERMES cores.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "mho/analysis/study.h"
#include "mho/analysis/study_kernel_attention.h"
#include "mho/analysis/study_kernel_data.h"
#include "mho/analysis/study_kernel_reasons.h"
#include "mho/analysis/study_kernel_ridge.h"
#include "mho/analysis/study_units.h"
#include "mho/features/kernel_features.h"
#include "mho/features/projection.h"

namespace mho {
namespace {

constexpr const char* kKernelName = "kernel-approximation";
constexpr float kInputCut = 5;  // standard deviations
constexpr ProjectionKind kMethods[] = {
    ProjectionKind::kGaussian, ProjectionKind::kOrthogonal, ProjectionKind::kStructured};
constexpr const char* kMethodNames[] = {"RFF", "ORF", "SORF"};
constexpr Kernel kKernels[] = {{KernelKind::kRbf, 0.05}, {KernelKind::kArcCos0}};
constexpr const char* kKernelNames[] = {"RBF", "ArcCos0"};
constexpr uint32_t kDraws = 10;
constexpr size_t kKs = 5;
constexpr size_t kMs = 7;
// Standard deviation of the entries of queries and keys: near the published error at m = 1.
constexpr float kVectorStd = 0.36f;

// What a unit measures for each k of one kernel and method.
enum Figure {
    kExactAccuracy,
    kAnalogAccuracy,
    kExactBalanced,
    kExactError,
    kAnalogError,
    kFigures
};

size_t place(size_t k, Figure figure) {
    return k * kFigures + figure;
}

// All k of one kernel and method.
std::vector<double> measure(
    const KernelData& table, uint64_t seed, uint32_t draw, size_t most_k, size_t n, size_t method) {
    const KernelSplit data = table.split(seed + draw);
    const size_t d = data.train.cols;
    float range = 0;
    for (const float v : data.train.values) {
        range = std::max(range, std::abs(v));
    }
    range = std::min(range, kInputCut);
    const ConstFloatView probe =
        data.train.view().row_block(0, std::min<size_t>(512, data.train.rows));
    const ConstFloatView first_test =
        data.test.view().row_block(0, std::min<size_t>(1000, data.test.rows));
    std::vector<double> values(place(most_k, kExactAccuracy));
    const Kernel& kernel = kKernels[n];
    const Matrix<double> exact = kernel_matrix(kernel, first_test);
    for (size_t k = 1; k <= most_k; k++) {
        const size_t s = (size_t{1} << k) * d - k;
        const std::string path =
            fmt::format("{}/{}/{}/{}/k{}", kKernelName, table.name, n, method, k);
        const TileKey key = make_tile_key(seed, path, 0, 0, draw);
        Matrix<float> w = draw_projection(kMethods[method], s, d, key);
        for (float& v : w.values) {
            v *= static_cast<float>(projection_factor(kernel));
        }
        std::vector<float> shifts;
        if (kernel.kind == KernelKind::kRbf) {
            shifts.resize(s);
            fill_normal(key, Stream::kTest, 0, 0, shifts);
            for (float& b : shifts) {
                b *= 6.2831853f;
            }
        }
        AnalogProjection analog(
            hermes_core(adc_bound_for(w, probe, range)), w, range, seed, path, draw);
        analog.advance_to(kHour_s);
        const ProjectRows digital = [&](ConstFloatView x, size_t) { return project(w, x); };
        // Training and test read the same programmed cores, at other steps.
        const auto chip = [&](uint64_t step) -> ProjectRows {
            return [&analog, step](ConstFloatView x, size_t first) {
                return analog.project(x, {step, first});
            };
        };
        const RidgeAccuracy fp = classify(kernel, data, s, shifts, digital, digital);
        const RidgeAccuracy on_chip = classify(kernel, data, s, shifts, chip(0), chip(1));
        const auto error = [&](const Matrix<float>& u) {
            return kernel_error(exact, kernel_features(kernel, u.view(), shifts).view());
        };
        values[place(k - 1, kExactAccuracy)] = fp.plain;
        values[place(k - 1, kExactBalanced)] = fp.balanced;
        values[place(k - 1, kAnalogAccuracy)] = on_chip.plain;
        values[place(k - 1, kExactError)] = error(project(w, first_test));
        values[place(k - 1, kAnalogError)] = error(analog.project(first_test, {2, 0}));
    }
    return values;
}

// Errors of the attention weights for m = 1 ... 7: exact, analog.
std::vector<double> measure_attention(uint64_t seed, uint32_t draw, size_t tokens) {
    const AttentionTrial trial("study", seed, draw, tokens, kVectorStd);
    std::vector<double> errors;
    for (size_t m = 1; m <= kMs; m++) {
        const std::string path = fmt::format("{}/attention/m{}", kKernelName, m);
        const Matrix<float> w = trial.projection(path, m);
        errors.push_back(trial.error(project(w, trial.inputs().view())));
        errors.push_back(trial.error(trial.chip(path, w).project(trial.inputs().view(), {})));
    }
    return errors;
}

/// The measured figures of one data set: [kernel][method][draw][place].
struct Measured {
    std::string name;
    std::vector<std::vector<double>> draws[std::size(kKernels)][std::size(kMethods)];

    std::vector<double> at(size_t kernel, size_t method, size_t k, Figure figure) const {
        std::vector<double> values;
        for (const std::vector<double>& draw : draws[kernel][method]) {
            values.push_back(draw[place(k, figure)]);
        }
        return values;
    }
    size_t draw_count() const { return draws[0][0].size(); }
    double mean_at(size_t kernel, size_t method, size_t k, Figure figure) const {
        return mean(at(kernel, method, k, figure));
    }
    // Per draw, the mean over the methods.
    std::vector<double> over_methods(size_t kernel, size_t k, Figure figure) const {
        std::vector<double> values(draw_count(), 0.0);
        for (size_t method = 0; method < std::size(kMethods); method++) {
            const std::vector<double> part = at(kernel, method, k, figure);
            for (size_t i = 0; i < part.size(); i++) {
                values[i] += part[i] / std::size(kMethods);
            }
        }
        return values;
    }
};

std::vector<double> difference(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> d;
    for (size_t i = 0; i < a.size(); i++) {
        d.push_back(a[i] - b[i]);
    }
    return d;
}

// Rows that compare with the published figures of the real data sets.
void near_exact_rows(const std::vector<Measured>& all, uint64_t seed, StudyResult& result) {
    struct Goal {
        const char* data;
        double published;
        double tolerance;
    };
    for (const Goal& goal :
         {Goal{"magic", 86.35, 0.6}, Goal{"skin", 98.32, 0.5}, Goal{"ijcnn1", 93.12, 0.5}}) {
        for (const Measured& m : all) {
            if (m.name == goal.data) {
                result.rows.push_back(number_row(
                    fmt::format("accuracy of the RBF ridge in floating point on {}, k = 5 (mean "
                                "over RFF, ORF, SORF)",
                                goal.data),
                    fmt::format("{:.2f} %", goal.published),
                    goal.published - goal.tolerance,
                    goal.published + goal.tolerance,
                    bootstrap_interval(m.over_methods(0, kKs - 1, kExactAccuracy), seed),
                    "%",
                    2));
            }
        }
    }
    constexpr double kLetterOrf[kKs] = {0.2650, 0.1913, 0.1318, 0.0929, 0.0665};
    for (const Measured& m : all) {
        if (m.name != "letter") {
            continue;
        }
        size_t near = 0;
        for (size_t k = 0; k < kKs; k++) {
            near += std::abs(m.mean_at(0, 1, k, kExactError) / kLetterOrf[k] - 1) <= 0.15 ? 1 : 0;
        }
        result.rows.push_back(
            count_row("error of the RBF kernel by ORF on letter in floating point, k = 1 to 5",
                      "0.265, 0.191, 0.132, 0.093, 0.067",
                      "each within 15 %",
                      near,
                      kKs));
    }
}

void general_rows(const std::vector<Measured>& all,
                  size_t most_k,
                  uint64_t seed,
                  StudyResult& result,
                  std::vector<KernelException>& not_falling,
                  std::vector<KernelException>& not_better) {
    std::vector<double> loss(all[0].draw_count(), 0.0);
    std::vector<double> growth(all[0].draw_count(), 0.0);
    size_t steps = 0;
    size_t pairs = 0;
    for (const Measured& m : all) {
        for (size_t n = 0; n < std::size(kKernels); n++) {
            const std::vector<double> d = difference(m.over_methods(n, most_k - 1, kAnalogAccuracy),
                                                     m.over_methods(n, most_k - 1, kExactAccuracy));
            for (size_t i = 0; i < d.size(); i++) {
                loss[i] += d[i] / static_cast<double>(all.size() * std::size(kKernels));
            }
            for (size_t k = 0; k < most_k; k++) {
                if (m.mean_at(n, 1, k, kExactError) > m.mean_at(n, 0, k, kExactError)) {
                    not_better.push_back({m.name, n, 1, k});
                }
                pairs++;
                for (size_t method = 0; method < std::size(kMethods) && k > 0; method++) {
                    if (m.mean_at(n, method, k, kExactError) >=
                        m.mean_at(n, method, k - 1, kExactError)) {
                        not_falling.push_back({m.name, n, method, k});
                    }
                    steps++;
                }
            }
        }
        const auto ratio = [&](size_t k, size_t i) {
            return m.over_methods(0, k, kAnalogError)[i] / m.over_methods(0, k, kExactError)[i];
        };
        for (size_t i = 0; i < growth.size(); i++) {
            growth[i] += (ratio(most_k - 1, i) - ratio(0, i)) / static_cast<double>(all.size());
        }
    }
    result.rows.push_back(
        at_least_row(fmt::format("accuracy on the chip minus floating point, mean over the data "
                                 "sets and both kernels, k = {}",
                                 most_k),
                     "-0.42 points (mean of six data sets and two kernels)",
                     -1.0,
                     bootstrap_interval(loss, seed),
                     "points",
                     2));
    result.rows.push_back(count_row("the error in floating point falls with k",
                                    "in every series",
                                    "every step of every data set, kernel and method",
                                    steps - not_falling.size(),
                                    steps));
    result.rows.push_back(at_least_row(
        fmt::format("the error on the chip reaches a floor: its ratio to floating point (RBF) "
                    "grows from k = 1 to k = {}",
                    most_k),
        "by 0.3 (letter, ORF)",
        0.0,
        bootstrap_interval(growth, seed),
        "",
        3));
    result.rows.push_back(count_row("orthogonal features have no larger error than Gaussian ones",
                                    "ORF <= RFF",
                                    "every data set, kernel and k",
                                    pairs - not_better.size(),
                                    pairs));
}

void attention_rows(const std::vector<std::vector<double>>& draws,
                    uint64_t seed,
                    StudyResult& result) {
    constexpr double kPublished[2][kMs] = {{.0995, .0767, .0778, .0612, .0616, .0538, .0550},
                                           {.1096, .0909, .0840, .0790, .0759, .0741, .0722}};
    const auto values = [&](size_t m, size_t analog) {
        std::vector<double> v;
        for (const std::vector<double>& d : draws) {
            v.push_back(d[2 * m + analog]);
        }
        return v;
    };
    std::vector<double> fall;
    std::vector<double> ratio[kMs];
    std::vector<double> growth;
    for (const std::vector<double>& d : draws) {
        fall.push_back(d[2 * (kMs - 1)] / d[0]);
        for (size_t m = 0; m < kMs; m++) {
            ratio[m].push_back(d[2 * m + 1] / d[2 * m]);
        }
        growth.push_back(ratio[kMs - 1].back() - ratio[0].back());
    }
    result.rows.push_back(
        at_most_row("the error of FAVOR+ attention falls with m: error at m = 7 over m = 1",
                    "0.55",
                    0.99,
                    bootstrap_interval(fall, seed),
                    "",
                    3));
    result.rows.push_back(number_row("attention error on the chip over floating point, m = 1",
                                     "1.10",
                                     1.0,
                                     1.25,
                                     bootstrap_interval(ratio[0], seed),
                                     "",
                                     3));
    result.rows.push_back(number_row(
        "the same at m = 7", "1.31", 1.1, 1.6, bootstrap_interval(ratio[kMs - 1], seed), "", 3));
    result.rows.push_back(at_least_row("that ratio grows from m = 1 to m = 7",
                                       "0.21",
                                       0.0,
                                       bootstrap_interval(growth, seed),
                                       "",
                                       3));
    StudyTable table{"Error of attention weights, FAVOR+ with positive features",
                     {"m", "floating point", "published", "chip", "published"},
                     {},
                     ""};
    StudyChart chart{"Error of attention weights",
                     "random features per input (m)",
                     "relative error",
                     false,
                     {{"floating point", {}, {}}, {"chip", {}, {}}}};
    for (size_t m = 0; m < kMs; m++) {
        std::vector<std::string> row = {std::to_string(m + 1)};
        for (size_t analog = 0; analog < 2; analog++) {
            const double value = mean(values(m, analog));
            row.push_back(fmt::format("{:.4f}", value));
            row.push_back(fmt::format("{:.4f}", kPublished[analog][m]));
            chart.curves[analog].x.push_back(static_cast<double>(m + 1));
            chart.curves[analog].y.push_back(value);
        }
        table.rows.push_back(std::move(row));
    }
    result.tables.push_back(std::move(table));
    result.charts.push_back(std::move(chart));
}

void tables(const std::vector<Measured>& all, size_t most_k, StudyResult& result) {
    StudyTable accuracy{fmt::format("Accuracy [%] at k = {}, mean over the methods", most_k),
                        {"data", "kernel", "floating point", "balanced", "chip", "difference"},
                        {},
                        "Balanced: mean of the accuracies of both classes, floating point."};
    StudyTable errors{"Kernel error on the first 1000 test rows",
                      {"data", "kernel", "method", "k = 1", "3", "5", "chip, k = 1", "3", "5"},
                      {},
                      ""};
    StudyChart chart{"Error of the RBF kernel, orthogonal features",
                     "random features per input (2^k)",
                     "relative error",
                     true,
                     {}};
    for (const Measured& m : all) {
        for (size_t n = 0; n < std::size(kKernels); n++) {
            const auto figure = [&](Figure f) { return mean(m.over_methods(n, most_k - 1, f)); };
            accuracy.rows.push_back(
                {m.name,
                 kKernelNames[n],
                 fmt::format("{:.2f}", figure(kExactAccuracy)),
                 fmt::format("{:.2f}", figure(kExactBalanced)),
                 fmt::format("{:.2f}", figure(kAnalogAccuracy)),
                 fmt::format("{:+.2f}", figure(kAnalogAccuracy) - figure(kExactAccuracy))});
            for (size_t method = 0; method < std::size(kMethods); method++) {
                std::vector<std::string> row = {m.name, kKernelNames[n], kMethodNames[method]};
                for (const Figure f : {kExactError, kAnalogError}) {
                    for (size_t k = 0; k < kKs; k += 2) {
                        row.push_back(k < most_k ? fmt::format("{:.4f}", m.mean_at(n, method, k, f))
                                                 : "-");
                    }
                }
                errors.rows.push_back(std::move(row));
            }
        }
        for (const Figure f : {kExactError, kAnalogError}) {
            StudyCurve curve{m.name + (f == kExactError ? "" : ", chip"), {}, {}};
            for (size_t k = 0; k < most_k; k++) {
                curve.x.push_back(static_cast<double>(size_t{2} << k));
                curve.y.push_back(m.mean_at(0, 1, k, f));
            }
            chart.curves.push_back(std::move(curve));
        }
    }
    result.tables.push_back(std::move(accuracy));
    result.tables.push_back(std::move(errors));
    result.charts.push_back(std::move(chart));
}

StudyResult run_kernel_approximation(const StudyOptions& options) {
    const uint32_t draws = options.small ? 2 : kDraws;
    const size_t most_k = options.small ? 3 : kKs;
    const size_t tokens = options.small ? 64 : 256;
    std::vector<std::string> names;
    std::string missing;
    for (const char* name : {"letter", "magic", "skin", "eeg", "ijcnn1"}) {
        if (!options.small && has_kernel_data(name)) {
            names.emplace_back(name);
        } else {
            missing += (missing.empty() ? "" : ", ") + std::string(name);
        }
    }
    if (names.empty()) {
        names.emplace_back("made up");
    }
    // Tables are read when a unit needs them: a resumed run may need few.
    std::vector<std::once_flag> once(names.size());
    std::vector<KernelData> loaded(names.size());
    const auto table = [&](size_t i) -> const KernelData& {
        std::call_once(once[i], [&] {
            loaded[i] = names[i] == "made up" ? made_up_kernel_data(1200, options.seed)
                                              : *load_kernel_data(names[i]);
        });
        return loaded[i];
    };
    // Seed by seed, so that a run cut short has all of its seeds.
    std::vector<StudyUnit> units;
    for (uint32_t draw = 0; draw < draws; draw++) {
        for (size_t i = 0; i < names.size(); i++) {
            for (size_t n = 0; n < std::size(kKernels); n++) {
                for (size_t method = 0; method < std::size(kMethods); method++) {
                    units.push_back(
                        {fmt::format(
                             "{} {} {} {}", names[i], kKernelNames[n], kMethodNames[method], draw),
                         [&, i, n, method, draw] {
                             return measure(table(i), options.seed, draw, most_k, n, method);
                         }});
                }
            }
        }
        units.push_back({fmt::format("attention std {:.2f} {}", kVectorStd, draw),
                         [&, draw] { return measure_attention(options.seed, draw, tokens); }});
    }
    const KernelReasons reasons = {names, table, most_k, tokens, kVectorStd};
    for (StudyUnit& unit : kernel_reason_units(reasons, options)) {
        units.push_back(std::move(unit));
    }
    StudyUnitResults done = run_units(options, kKernelName, units);
    std::vector<Measured> all(names.size());
    std::vector<std::vector<double>> attention;
    size_t unit = 0;
    for (uint32_t draw = 0; draw < draws; draw++) {
        for (size_t i = 0; i < names.size(); i++) {
            all[i].name = names[i];
            for (auto& kernel : all[i].draws) {
                for (auto& method : kernel) {
                    method.push_back(std::move(done.values[unit++]));
                }
            }
        }
        attention.push_back(std::move(done.values[unit++]));
    }
    StudyResult result;
    result.earlier_s = done.earlier_s;
    result.repetitions =
        fmt::format("{} seeds (random matrix, chip, and split where that is random)", draws);
    result.substitution =
        "simulated HERMES cores one hour after programming instead of the chip; no cod-rna; "
        "letter split 16,000 / 4,000; eeg without its four rows of spikes; queries and keys of the "
        "attention are normal numbers instead of those of a BERT";
    if (!missing.empty()) {
        result.substitution += "; no rows for " + missing + ", whose data were not there";
    }
    near_exact_rows(all, options.seed, result);
    std::vector<KernelException> not_falling, not_better;
    general_rows(all, most_k, options.seed, result, not_falling, not_better);
    tables(all, most_k, result);
    attention_rows(attention, options.seed, result);
    std::string by_method;
    for (const Measured& m : all) {
        for (size_t method = 0; m.name == "skin" && method < std::size(kMethods); method++) {
            by_method += fmt::format("{}{} {:.2f} %",
                                     by_method.empty() ? "by method: " : ", ",
                                     kMethodNames[method],
                                     m.mean_at(0, method, most_k - 1, kExactAccuracy));
        }
    }
    explain_kernel_rows(
        reasons,
        {std::make_move_iterator(done.values.begin() + static_cast<std::ptrdiff_t>(unit)),
         std::make_move_iterator(done.values.end())},
        not_falling,
        not_better,
        by_method,
        options.seed,
        result);
    return result;
}

}  // namespace

Study kernel_approximation_study() {
    return {kKernelName,
            "Buechel et al., Nature Machine Intelligence 6, 1605 (2024), arXiv 2411.03375",
            "Random features computed on an analog chip cost less than one point of a ridge "
            "classifier's accuracy.",
            run_kernel_approximation};
}

}  // namespace mho
