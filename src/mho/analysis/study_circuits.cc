// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Settings of the crossbar as a circuit, one axis after the other: resolution of the converters and
// bit slices, on-off ratio and mapping style, wire resistance and mapping style. The full form asks
// for the accuracy of a trained ResNet-20, the small one for the error of a product.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "mho/analysis/evaluate.h"
#include "mho/analysis/study.h"
#include "mho/analysis/study_circuit_reasons.h"
#include "mho/kernels/product.h"
#include "mho/net/calibrate_adc.h"
#include "mho/net/executor.h"
#include "mho/tile/grid.h"

namespace mho {
namespace {

constexpr size_t kImages = 400;
constexpr size_t kFreshImages = 600;  // those after them: where a claim does not hold
constexpr size_t kFreshChips = 16;    // the first chip there
constexpr size_t kSmallChips = 3;

// What a setting costs: one number per image and chip (full form, 100 for a wrong answer) or per
// chip (small form, error of a product in percent). Settings share images, chips and noise, so
// differences are those of pairs.
class Subject {
  public:
    virtual ~Subject() = default;
    virtual std::vector<double> losses(const Crossbar& crossbar, size_t chips) const = 0;
    /// The same on pictures and chips that the rows have not seen.
    virtual std::vector<double> fresh_losses(const Crossbar& crossbar, size_t chips) const = 0;
    virtual const char* unit() const = 0;
};

TileConfig tile_config(const Crossbar& crossbar) {
    TileConfig config;
    config.mapping.per_column = false;
    config.drift_compensation = DriftCompensationKind::kNone;
    config.crossbar = crossbar;
    return config;
}

class ProductSubject : public Subject {
  public:
    explicit ProductSubject(uint64_t seed) : seed_(seed) {}

    const char* unit() const override { return "% of |y|"; }

    std::vector<double> losses(const Crossbar& crossbar, size_t) const override {
        return of_chips(crossbar, 0);
    }
    std::vector<double> fresh_losses(const Crossbar& crossbar, size_t) const override {
        return of_chips(crossbar, kSmallChips);
    }

  private:
    std::vector<double> of_chips(const Crossbar& crossbar, uint32_t first) const {
        constexpr size_t kIn = 96;
        constexpr size_t kOut = 32;
        constexpr size_t kVectors = 40;
        std::vector<double> all;
        for (uint32_t chip = first; chip < first + kSmallChips; chip++) {
            const TileKey key = make_tile_key(seed_, "study/circuits", 0, 0, chip);
            Matrix<float> w(kOut, kIn);
            Matrix<float> x(kVectors, kIn);
            fill_normal(key, Stream::kInitialWeights, 0, 0, w.values);
            fill_uniform(key, Stream::kInitialWeights, 1, 0, x.values);
            Matrix<double> exact(kVectors, kOut);
            reference_multiply(w.view(), x.view(), exact.view());
            Crossbar c = crossbar;
            if (c.adc_range.rule == AdcRangeRule::kCalibrated) {
                c.adc_range.limits = limits(c, w, x, key);
            }
            SlicedTile tile(c, {}, kOut, kIn, key);
            tile.write(w.view(), 0, {}, 0);
            Matrix<float> y(kVectors, kOut);
            MvmScratch scratch;
            MvmCall call;
            call.range_scale = 1.0f;
            tile.apply(x.view(), y.view(), call, scratch);
            double error = 0;
            double norm = 0;
            for (size_t k = 0; k < y.values.size(); k++) {
                error += std::pow(double{y.values[k]} - exact.values[k], 2);
                norm += exact.values[k] * exact.values[k];
            }
            all.push_back(100 * std::sqrt(error / norm));
        }
        return all;
    }

    static std::vector<double> limits(const Crossbar& crossbar,
                                      const Matrix<float>& w,
                                      const Matrix<float>& x,
                                      TileKey key) {
        SlicedTile tile(crossbar, {}, w.rows, w.cols, key);
        tile.write_exactly(w.view());
        std::vector<double> largest(tile.slices(), 1e-3);
        MvmScratch scratch;
        MvmCall call;
        call.range_scale = 1.0f;
        tile.observe_currents(x.view(), call, scratch, [&](size_t slice, ConstFloatView i) {
            for (size_t r = 0; r < i.rows; r++) {
                largest[slice] = std::max(largest[slice], double{row_abs_max(i.row(r), i.cols)});
            }
        });
        return largest;
    }

    uint64_t seed_;
};

class NetworkSubject : public Subject {
  public:
    explicit NetworkSubject(const StudyOptions& options) : options_(options) {
        RunFile run;
        run.name = "study circuits";
        run.seed = options.seed;
        run.data.set = DataSet::kCifar10Lossless;
        run.network.model = ResnetCifarModel{20};
        run.network.weights = "models/resnet20-cifar10.safetensors";
        run.network.mean = {0.485, 0.456, 0.406};
        run.network.std = {0.229, 0.224, 0.225};
        static_cast<TileConfig&>(run.hardware.base) = tile_config({});
        run.evaluation.calibrate = true;
        run.evaluation.calibration.quantile = 0.9995;
        run.evaluation.calibration_images = 256;
        const LabelledImages train = load_train_images(run.data);
        mapped_ = make_naive(run, fold_batch_norm(build_network(run)), train);
        calibration_ = pixels_of(train, 0, 16);
        test_ = load_test_images(run.data);
    }

    const char* unit() const override { return "% wrong"; }

    std::vector<double> losses(const Crossbar& crossbar, size_t chips) const override {
        return of(crossbar, 0, kImages, 0, chips);
    }
    std::vector<double> fresh_losses(const Crossbar& crossbar, size_t chips) const override {
        return of(crossbar, kImages, kFreshImages, kFreshChips, chips);
    }

  private:
    std::vector<double> of(const Crossbar& crossbar,
                           size_t first,
                           size_t count,
                           size_t first_chip,
                           size_t chips) const {
        Network network = mapped_;
        for (auto& [layer, hardware] : network.analog) {
            hardware.crossbar = crossbar;
        }
        calibrate_adc_ranges(network, calibration_.view(), options_.seed);
        const Matrix<float> pixels = pixels_of(test_, first, std::min(count, test_.count - first));
        std::vector<double> all;
        for (size_t chip = first_chip; chip < first_chip + chips; chip++) {
            Executor executor(network, options_.seed, static_cast<uint32_t>(chip));
            executor.program();
            Matrix<float> outputs(pixels.rows, executor.output_features());
            executor.run(pixels.view(), outputs.view(), {}, options_.threads);
            for (size_t r = 0; r < outputs.rows; r++) {
                const float* row = outputs.row(r);
                const auto best =
                    static_cast<size_t>(std::max_element(row, row + outputs.cols) - row);
                all.push_back(best == test_.labels[first + r] ? 0.0 : 100.0);
            }
        }
        return all;
    }

    const StudyOptions& options_;
    Network mapped_;
    Matrix<float> calibration_;
    LabelledImages test_;
};

struct CircuitSetting {
    std::string name;
    Crossbar crossbar;
};

// A table: one row per series, one column per step; steps go from worse hardware to better.
struct Axis {
    std::string title;
    std::string head;
    std::vector<std::string> steps;
    std::vector<std::vector<CircuitSetting>> series;
    size_t chips = 1;
};

Crossbar base() {
    Crossbar c;
    c.enabled = true;
    c.weights.weight_bits = 8;
    c.adc_range.rule = AdcRangeRule::kCalibrated;
    return c;
}

SarAdc sar(int bits) {
    SarAdc adc;
    adc.bits = bits;
    adc.mid_tread = true;
    return adc;
}

Axis converters() {
    Axis axis{"Converter bits and weight slices", "slices", {}, {}, 1};
    for (int bits = 4; bits <= 10; bits++) {
        axis.steps.push_back(fmt::format("{} bit", bits));
    }
    for (const int slices : {1, 2, 4}) {
        std::vector<CircuitSetting> row;
        for (int bits = 4; bits <= 10; bits++) {
            Crossbar c = base();
            c.weights.slices = slices;
            c.adc = sar(bits);
            row.push_back({fmt::format("{} x {} bit", slices, 8 / slices), c});
        }
        axis.series.push_back(std::move(row));
    }
    return axis;
}

std::vector<std::pair<std::string, WeightSlicing>> styles() {
    WeightSlicing one = base().weights;
    WeightSlicing two = one;
    two.two_sided = true;
    WeightSlicing offset = one;
    offset.coding = WeightCoding::kOffset;
    WeightSlicing unit = offset;
    unit.correction = OffsetCorrection::kUnitColumn;
    return {{"balanced, one-sided", one},
            {"balanced, two-sided", two},
            {"offset, digital", offset},
            {"offset, unit column", unit}};
}

Axis ratios() {
    Axis axis{"On-off ratio and mapping (programming error 1 % of the largest conductance, 8 bit)",
              "mapping",
              {},
              {},
              2};
    const std::vector<double> list = {10, 30, 100, 1000, 0};
    for (const double r : list) {
        axis.steps.push_back(r > 0 ? fmt::format("{:.0f}", r) : "infinite");
    }
    for (const auto& [name, weights] : styles()) {
        std::vector<CircuitSetting> row;
        for (const double r : list) {
            Crossbar c = base();
            c.weights = weights;
            c.cell.on_off_ratio = r;
            c.cell.model = GenericCell{};
            c.adc = sar(8);
            row.push_back({name, c});
        }
        axis.series.push_back(std::move(row));
    }
    return axis;
}

Axis wires() {
    Axis axis{"Wire resistance per segment (1 / Gmax) and mapping, 8 bit converters",
              "mapping",
              {"1e-4", "3e-5", "1e-5", "1e-6", "0"},
              {},
              1};
    const std::vector<double> list = {1e-4, 3e-5, 1e-5, 1e-6, 0};
    const auto add = [&](const std::string& name, const WeightSlicing& weights, bool word_lines) {
        std::vector<CircuitSetting> row;
        for (const double r : list) {
            Crossbar c = base();
            c.weights = weights;
            c.cell.on_off_ratio = 100;
            c.adc = sar(8);
            c.wires.row_resistance = word_lines ? r : 0.0;
            c.wires.column_resistance = r;
            row.push_back({name, c});
        }
        axis.series.push_back(std::move(row));
    };
    const auto all = styles();
    add(all[0].first, all[0].second, true);
    WeightSlicing interleaved = all[0].second;
    interleaved.interleaved = true;
    add("balanced, interleaved", interleaved, true);
    add(all[2].first, all[2].second, true);
    // A pair halves what flows along its bit line, but loads a word line twice.
    add("bit lines alone: " + all[0].first, all[0].second, false);
    add("bit lines alone: balanced, interleaved", interleaved, false);
    return axis;
}

using Losses = std::vector<std::vector<std::vector<double>>>;  // [series][step][unit]

// The largest paired growth of the loss from a step to the next, better one.
struct Growth {
    size_t series = 0;
    size_t step = 1;  // the better one
    Interval size;
};

Growth worst_growth(const Losses& losses, uint64_t seed) {
    Growth worst{0, 1, {-1e9, -1e9, -1e9}};
    for (size_t i = 0; i < losses.size(); i++) {
        for (size_t s = 1; s < losses[i].size(); s++) {
            const Interval growth = paired_difference(losses[i][s], losses[i][s - 1], seed);
            if (growth.mean > worst.size.mean) {
                worst = {i, s, growth};
            }
        }
    }
    return worst;
}

StudyTable table_of(const Axis& axis, const Losses& losses, const char* unit, uint64_t seed) {
    StudyTable table{
        axis.title, {axis.head}, {}, fmt::format("{}: mean and 95 % interval (bootstrap).", unit)};
    table.columns.insert(table.columns.end(), axis.steps.begin(), axis.steps.end());
    for (size_t i = 0; i < losses.size(); i++) {
        std::vector<std::string> row = {axis.series[i][0].name};
        for (const std::vector<double>& step : losses[i]) {
            row.push_back(interval_text(bootstrap_interval(step, seed)));
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

// Means over the steps, numbered from the worst hardware to the best.
StudyChart chart_of(const Axis& axis, const Losses& losses, const char* unit) {
    StudyChart chart{axis.title, "", unit, false, {}};
    for (size_t s = 0; s < axis.steps.size(); s++) {
        chart.x_label += (s > 0 ? ", " : "") + fmt::format("{}: {}", s + 1, axis.steps[s]);
    }
    for (size_t i = 0; i < losses.size(); i++) {
        StudyCurve curve{axis.series[i][0].name, {}, {}};
        for (size_t s = 0; s < losses[i].size(); s++) {
            curve.x.push_back(static_cast<double>(s + 1));
            curve.y.push_back(mean(losses[i][s]));
        }
        chart.curves.push_back(std::move(curve));
    }
    return chart;
}

StudyResult run_circuits(const StudyOptions& options) {
    std::unique_ptr<Subject> subject;
    if (options.small) {
        subject = std::make_unique<ProductSubject>(options.seed);
    } else {
        subject = std::make_unique<NetworkSubject>(options);
    }
    const std::vector<Axis> axes = {converters(), ratios(), wires()};
    size_t all = 1;
    for (const Axis& axis : axes) {
        all += axis.series.size() * axis.steps.size();
    }
    size_t done = 0;
    const auto measure = [&](const Crossbar& crossbar, size_t chips) {
        if (options.stop != nullptr && options.stop->load()) {
            throw Interrupted("the study was interrupted");
        }
        std::vector<double> losses = subject->losses(crossbar, chips);
        done++;
        if (options.progress) {
            options.progress(done, all);
        }
        return losses;
    };
    Crossbar exact;
    exact.enabled = true;
    exact.input.coding = InputCoding::kAnalog;
    const std::vector<double> ideal = measure(exact, 1);
    StudyResult result;
    std::vector<Losses> measured;
    for (const Axis& axis : axes) {
        Losses losses;
        for (const std::vector<CircuitSetting>& series : axis.series) {
            losses.emplace_back();
            for (const CircuitSetting& s : series) {
                losses.back().push_back(measure(s.crossbar, axis.chips));
            }
        }
        result.charts.push_back(chart_of(axis, losses, subject->unit()));
        result.tables.push_back(table_of(axis, losses, subject->unit(), options.seed));
        measured.push_back(std::move(losses));
    }
    const double slack = options.small ? 0.05 : 1.0;
    const std::string unit = "points";
    // The largest of many steps is lifted by chance: that step again, where nothing was selected.
    const auto again = [&](const Axis& axis, const Growth& g) {
        const std::vector<CircuitSetting>& series = axis.series[g.series];
        const std::vector<double> worse =
            subject->fresh_losses(series[g.step - 1].crossbar, axis.chips);
        const std::vector<double> better =
            subject->fresh_losses(series[g.step].crossbar, axis.chips);
        const Interval d = paired_difference(better, worse, options.seed);
        return fmt::format(
            "it is the largest of {} steps, {} from {} to {}, which chance has lifted. Tested: the "
            "same step on {} and other chips: the loss goes from {:.2f} to {:.2f}, by {:.2f} "
            "points ({:.2f} to {:.2f}).{}",
            axis.series.size() * (axis.steps.size() - 1),
            series[0].name,
            axis.steps[g.step - 1],
            axis.steps[g.step],
            options.small ? "other products" : fmt::format("{} other pictures", kFreshImages),
            mean(worse),
            mean(better),
            d.mean,
            d.low,
            d.high,
            d.high <= slack  ? " So it was chance."
            : d.low <= slack ? " So it is not decided."
                             : " So it is none.");
    };
    const auto monotone = [&](const char* claim, size_t axis) {
        const Growth g = worst_growth(measured[axis], options.seed);
        StudyRow row = at_most_row(claim, "never worse", slack, g.size, unit, 2);
        if (row.verdict != Verdict::kHolds) {
            row.explanation = again(axes[axis], g);
        }
        result.rows.push_back(std::move(row));
    };
    monotone("more converter bits never hurt: largest growth of the loss by one more bit", 0);
    monotone("a larger on-off ratio never hurts: largest growth of the loss", 1);
    monotone("less wire resistance never hurts: largest growth of the loss", 2);
    result.rows.push_back(
        at_most_row("8-bit converters with calibrated ranges cost next to nothing (one slice)",
                    "about 0",
                    options.small ? 3.0 : 1.0,
                    paired_difference(measured[0][0][4], ideal, options.seed),
                    unit,
                    2));
    result.rows.push_back(at_least_row(
        "pairs need a smaller on-off ratio than offset cells: loss of offset minus balanced at 10",
        "above 0",
        -slack,
        paired_difference(measured[1][2][0], measured[1][0][0], options.seed),
        unit,
        2));
    result.rows.push_back(
        at_least_row("interleaved pairs suffer less from the resistance of bit lines than separate "
                     "columns: loss "
                     "at 1e-4, difference",
                     "above 0",
                     -slack,
                     paired_difference(measured[2][3][0], measured[2][4][0], options.seed),
                     unit,
                     2));
    // Bit line of resistance R, cells G+ at V and G- at -V, sums of currents S+ and S-: to first
    // order separate columns err by R (sum G+ S+ - sum G- S-), shared ones by R (sum G+ + sum G-)
    // (S+ - S-), the sums of G over the cells that conduct.
    if (result.rows.back().verdict != Verdict::kHolds) {
        result.rows.back().explanation =
            why_pairs_lose(axes[2].series[3][0].crossbar, 1e-4, options.seed);
    }
    result.repetitions =
        options.small ? fmt::format("{} random matrices of 32 x 96, 40 vectors each", kSmallChips)
                      : fmt::format(
                            "{} lossless CIFAR-10 test images, 1 chip (2 with programming "
                            "errors)",
                            kImages);
    result.substitution = options.small
                              ? "the error of products instead of the accuracy of a network"
                              : "ResNet-20 of the same authors; own choice of settings";
    return result;
}

}  // namespace

Study circuits_study() {
    return {
        "circuits",
        "Xiao et al., IEEE Circuits Syst. Mag. 22(2), 26 (2022); CrossSim 3.2",
        "Accuracy of a bit-sliced, converted, wire-limited crossbar: better circuits never hurt, "
        "and pairs of cells forgive more than cells with an offset.",
        run_circuits};
}

}  // namespace mho
