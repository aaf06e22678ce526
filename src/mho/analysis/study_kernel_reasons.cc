// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/study_kernel_reasons.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "mho/analysis/study_kernel_attention.h"
#include "mho/analysis/study_kernel_ridge.h"
#include "mho/features/projection.h"

namespace mho {
namespace {

constexpr const char* kPath = "study/kernel-reasons";
constexpr Kernel kRbf = {KernelKind::kRbf, 0.05};
constexpr Kernel kArcCos = {KernelKind::kArcCos0};
constexpr size_t kPadded = 64;  // inputs of the padded structured matrices
constexpr size_t kFurther = 2;  // k beyond the study's
constexpr size_t kMost = 7;     // features per input of the attention, against 1
constexpr double kInputNoise[] = {0.0, 0.02, 0.05};  // shares of the input range

size_t blocks(const StudyOptions& o) {
    return o.small ? 2 : 10;
}
size_t many_draws(const StudyOptions& o) {
    return o.small ? 3 : 100;
}
size_t few_rows(const StudyOptions& o) {
    return o.small ? 100 : 500;
}

size_t rows_of(size_t k, size_t inputs) {
    return (size_t{1} << k) * inputs - k;
}

// Structured rows made for `padded` inputs, of which the first `inputs` are used.
Matrix<float> structured(size_t rows, size_t inputs, size_t padded, TileKey key) {
    const Matrix<float> wide = draw_projection(ProjectionKind::kStructured, rows, padded, key);
    Matrix<float> w(rows, inputs);
    for (size_t r = 0; r < rows; r++) {
        std::copy_n(wide.row(r), inputs, w.row(r));
    }
    return w;
}

double error_of(const Kernel& kernel,
                const Matrix<double>& exact,
                Matrix<float> w,
                ConstFloatView rows) {
    for (float& v : w.values) {
        v *= static_cast<float>(projection_factor(kernel));
    }
    return kernel_error(exact, kernel_features(kernel, project(w, rows).view()).view());
}

// Structured rows in blocks as narrow as the inputs allow, and in blocks of 64: errors at k = 1
// ..., distinct rows and accuracy at the study's last k; for both kernels the errors.
std::vector<double> block_sizes(const KernelData& table,
                                const KernelReasons& reasons,
                                uint64_t seed,
                                uint32_t draw) {
    const KernelSplit data = table.split(seed + draw);
    const size_t d = data.train.cols;
    const ConstFloatView rows =
        data.test.view().row_block(0, std::min<size_t>(1000, data.test.rows));
    const Matrix<double> rbf = kernel_matrix(kRbf, rows);
    const Matrix<double> arc = kernel_matrix(kArcCos, rows);
    std::vector<double> values;
    for (const size_t padded : {d, kPadded}) {
        for (size_t k = 1; k <= reasons.most_k + kFurther; k++) {
            const TileKey key = make_tile_key(
                seed, fmt::format("{}/blocks/{}/{}/k{}", kPath, table.name, padded, k), 0, 0, draw);
            Matrix<float> w = structured(rows_of(k, d), d, padded, key);
            values.push_back(error_of(kRbf, rbf, w, rows));
            values.push_back(error_of(kArcCos, arc, w, rows));
            if (k != reasons.most_k) {
                continue;
            }
            std::set<std::vector<float>> distinct;
            for (size_t r = 0; r < w.rows; r++) {
                // A row and its negative give the same kernel.
                std::vector<float> row(w.row(r), w.row(r) + w.cols);
                const float sign =
                    *std::find_if(row.begin(), row.end() - 1, [](float v) { return v != 0.0f; }) < 0
                        ? -1.0f
                        : 1.0f;
                for (float& v : row) {
                    v = std::round(v * sign * 1000) / 1000 + 0.0f;
                }
                distinct.insert(row);
            }
            values.push_back(static_cast<double>(distinct.size()));
            for (float& v : w.values) {
                v *= static_cast<float>(projection_factor(kRbf));
            }
            const ProjectRows digital = [&](ConstFloatView x, size_t) { return project(w, x); };
            values.push_back(classify(kRbf, data, w.rows, {}, digital, digital).plain);
        }
    }
    return values;
}

// Errors of Gaussian and orthogonal arc-cosine features of the same rows, draw after draw: for
// each k the differences orthogonal minus Gaussian, then the mean of the Gaussian ones.
std::vector<double> arc_cosine_differences(const KernelData& table,
                                           const KernelReasons& reasons,
                                           const StudyOptions& options) {
    const KernelSplit data = table.split(options.seed);
    const ConstFloatView rows =
        data.test.view().row_block(0, std::min(few_rows(options), data.test.rows));
    const Matrix<double> exact = kernel_matrix(kArcCos, rows);
    std::vector<double> values;
    for (size_t k = 1; k <= reasons.most_k; k++) {
        const size_t s = rows_of(k, rows.cols);
        double gaussian = 0;
        for (uint32_t draw = 0; draw < many_draws(options); draw++) {
            double errors[2] = {};
            for (size_t method = 0; method < 2; method++) {
                const TileKey key =
                    make_tile_key(options.seed,
                                  fmt::format("{}/draws/{}/{}/k{}", kPath, table.name, method, k),
                                  0,
                                  0,
                                  draw);
                const auto kind =
                    method == 0 ? ProjectionKind::kGaussian : ProjectionKind::kOrthogonal;
                errors[method] =
                    error_of(kArcCos, exact, draw_projection(kind, s, rows.cols, key), rows);
            }
            values.push_back(errors[1] - errors[0]);
            gaussian += errors[0] / static_cast<double>(many_draws(options));
        }
        values.push_back(gaussian);
    }
    return values;
}

// Ratio of the attention error on the chip to floating point at m = 1 and at the largest m, for
// every noise that the inputs have in common for all features.
std::vector<double> shared_noise(const KernelReasons& reasons, uint64_t seed, uint32_t draw) {
    const AttentionTrial trial(kPath, seed, draw, reasons.tokens, reasons.vector_std);
    const Matrix<float>& inputs = trial.inputs();
    std::vector<float> normal(inputs.values.size());
    fill_normal(trial.key(), Stream::kTest, 1, 0, normal);
    std::vector<double> ratios;
    for (const size_t m : {size_t{1}, kMost}) {
        const std::string path = fmt::format("{}/attention/m{}", kPath, m);
        const Matrix<float> w = trial.projection(path, m);
        const AnalogProjection chip = trial.chip(path, w);
        const double floating_point = trial.error(project(w, inputs.view()));
        for (const double noise : kInputNoise) {
            Matrix<float> noisy = inputs;
            for (size_t i = 0; i < normal.size(); i++) {
                noisy.values[i] += static_cast<float>(noise) * trial.range() * normal[i];
            }
            ratios.push_back(trial.error(chip.project(noisy.view(), {})) / floating_point);
        }
    }
    return ratios;
}

StudyRow* row_of(StudyResult& result, const std::string& start) {
    for (StudyRow& row : result.rows) {
        if (row.claim.starts_with(start) && row.verdict != Verdict::kHolds) {
            return &row;
        }
    }
    return nullptr;
}

std::string listed(const std::vector<KernelException>& all, bool with_method) {
    static constexpr const char* kKernels[] = {"RBF", "ArcCos0"};
    static constexpr const char* kMethods[] = {"RFF", "ORF", "SORF"};
    std::string text;
    for (const KernelException& e : all) {
        text += fmt::format("{}{} {}{}{} k = {}",
                            text.empty() ? "" : ", ",
                            e.data,
                            kKernels[e.kernel],
                            with_method ? " " : "",
                            with_method ? kMethods[e.method] : "",
                            e.k + 1);
    }
    return text;
}

// The smallest number of inputs: there the blocks are narrowest.
size_t narrowest(const KernelReasons& reasons) {
    for (size_t i = 0; i < reasons.names.size(); i++) {
        if (reasons.names[i] == "skin") {
            return i;
        }
    }
    return 0;
}

}  // namespace

std::vector<StudyUnit> kernel_reason_units(const KernelReasons& reasons,
                                           const StudyOptions& options) {
    std::vector<StudyUnit> units;
    const size_t narrow = narrowest(reasons);
    for (uint32_t draw = 0; draw < blocks(options); draw++) {
        units.push_back({fmt::format("why: blocks {} {}", reasons.names[narrow], draw),
                         [&reasons, &options, narrow, draw] {
                             return block_sizes(reasons.table(narrow), reasons, options.seed, draw);
                         }});
    }
    for (uint32_t draw = 0; draw < blocks(options); draw++) {
        units.push_back({fmt::format("why: input noise {}", draw), [&reasons, &options, draw] {
                             return shared_noise(reasons, options.seed, draw);
                         }});
    }
    for (size_t i = 0; i < reasons.names.size(); i++) {
        units.push_back({fmt::format("why: draws {}", reasons.names[i]), [&reasons, &options, i] {
                             return arc_cosine_differences(reasons.table(i), reasons, options);
                         }});
    }
    return units;
}

void explain_kernel_rows(const KernelReasons& reasons,
                         const std::vector<std::vector<double>>& values,
                         const std::vector<KernelException>& not_falling,
                         const std::vector<KernelException>& not_better,
                         const std::string& methods,
                         uint64_t seed,
                         StudyResult& result) {
    const size_t sets = reasons.names.size();
    const size_t draws = (values.size() - sets) / 2;
    const size_t errors = 2 * (reasons.most_k + kFurther) + 2;  // of one size of blocks
    // Mean over the draws of one number of the first experiment.
    const auto of_blocks = [&](size_t size, size_t at) {
        double sum = 0;
        for (size_t i = 0; i < draws; i++) {
            sum += values[i][size * errors + at] / static_cast<double>(draws);
        }
        return sum;
    };
    const auto error_at = [&](size_t size, size_t k, size_t kernel) {
        return of_blocks(size, 2 * k + (k >= reasons.most_k ? 2 : 0) + kernel);
    };
    const size_t distinct = 2 * reasons.most_k;
    const std::string& narrow = reasons.names[narrowest(reasons)];
    if (StudyRow* row = row_of(result, "accuracy of the RBF ridge in floating point on skin")) {
        row->explanation = fmt::format(
            "{}. SORF's blocks for three inputs are 4 x 4: of its rows at k = {} only {:.0f} "
            "differ. "
            "Tested: with blocks of {} x {}, all other inputs zero, {:.0f} differ, and SORF "
            "reaches "
            "{:.2f} instead of {:.2f} %.",
            methods,
            reasons.most_k,
            of_blocks(0, distinct),
            kPadded,
            kPadded,
            of_blocks(1, distinct),
            of_blocks(1, distinct + 1),
            of_blocks(0, distinct + 1));
    }
    if (StudyRow* row = row_of(result, "the error in floating point falls with k")) {
        row->explanation = fmt::format(
            "it does not fall at {}. Blocks as narrow as the inputs ({}) give few different rows, "
            "so "
            "more of them bring nothing new. Tested on other draws up to k = {}: with these blocks "
            "the "
            "errors from k = {} are {:.3f}, {:.3f}, {:.3f} (RBF) and {:.3f}, {:.3f}, {:.3f} "
            "(ArcCos0), a "
            "floor; with blocks of {} they go on falling: {:.3f}, {:.3f}, {:.3f} and {:.3f}, "
            "{:.3f}, "
            "{:.3f}.",
            listed(not_falling, true),
            narrow,
            reasons.most_k + kFurther,
            reasons.most_k,
            error_at(0, reasons.most_k - 1, 0),
            error_at(0, reasons.most_k, 0),
            error_at(0, reasons.most_k + 1, 0),
            error_at(0, reasons.most_k - 1, 1),
            error_at(0, reasons.most_k, 1),
            error_at(0, reasons.most_k + 1, 1),
            kPadded,
            error_at(1, reasons.most_k - 1, 0),
            error_at(1, reasons.most_k, 0),
            error_at(1, reasons.most_k + 1, 0),
            error_at(1, reasons.most_k - 1, 1),
            error_at(1, reasons.most_k, 1),
            error_at(1, reasons.most_k + 1, 1));
    }
    if (StudyRow* row = row_of(result, "orthogonal features have no larger error")) {
        size_t smaller = 0;
        size_t undecided = 0;
        std::string larger;
        const size_t many = values.back().size() / reasons.most_k - 1;
        double gain = 0;
        for (size_t i = 0; i < sets; i++) {
            const std::vector<double>& v = values[2 * draws + i];
            for (size_t k = 0; k < reasons.most_k; k++) {
                const double* first = v.data() + k * (many + 1);
                const Interval d = bootstrap_interval({first, many}, seed);
                smaller += d.high < 0 ? 1 : 0;
                undecided += d.low <= 0 && d.high >= 0 ? 1 : 0;
                gain += 100 * d.mean / first[many] / static_cast<double>(sets * reasons.most_k);
                if (d.low > 0) {
                    larger += fmt::format("{}{} k = {} ({:+.1f} %)",
                                          larger.empty() ? "" : ", ",
                                          reasons.names[i],
                                          k + 1,
                                          100 * d.mean / first[many]);
                }
            }
        }
        row->explanation = fmt::format(
            "{}t is larger at {}. Tested: {} further draws of the arc-cosine kernel on fewer rows. "
            "There the error of ORF minus that of RFF is below zero with its interval in {} of {} "
            "pairs, undecided in {}, above zero in {}{}; on average it is {:+.1f} % of the error "
            "of RFF.",
            larger.empty() ? "by chance of the draws. I" : "i",
            listed(not_better, false),
            many,
            smaller,
            sets * reasons.most_k,
            undecided,
            sets * reasons.most_k - smaller - undecided,
            larger.empty() ? "" : ": " + larger,
            gain);
    }
    if (StudyRow* row = row_of(result, "that ratio grows from m = 1")) {
        row->explanation =
            "on the simulated cores the errors of the features are independent of each other, and "
            "average out over m as fast as those of the random features. Tested: noise on the "
            "inputs, "
            "which all features of a vector share.";
        for (size_t n = 0; n < std::size(kInputNoise); n++) {
            std::vector<double> growth, first;
            for (size_t i = draws; i < 2 * draws; i++) {
                first.push_back(values[i][n]);
                growth.push_back(values[i][std::size(kInputNoise) + n] - values[i][n]);
            }
            const Interval g = bootstrap_interval(growth, seed);
            row->explanation += fmt::format(
                "{} {:g} % of their range: {:.2f} at m = 1, growth {:+.3f} ({:+.3f} to {:+.3f})",
                n == 0 ? " With" : ";",
                100 * kInputNoise[n],
                mean(first),
                g.mean,
                g.low,
                g.high);
        }
        row->explanation += ".";
    }
}

}  // namespace mho
