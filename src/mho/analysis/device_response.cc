// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/device_response.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/device/pulsed_array.h"
#include "mho/util/json.h"

namespace mho {
namespace {

constexpr size_t kFewestPulses = 20;
constexpr size_t kDefaultMostPulses = 2000;
constexpr size_t kMostResponsePulses = 1'000'000;
constexpr size_t kMostResponseCells = 100'000;
constexpr double kMostWork = 2e10;  // cells x pulses
constexpr size_t kShownCells = 5;
constexpr size_t kMaxPoints = 401;    // of a curve
constexpr size_t kStates = 201;       // of the step over the weight
constexpr size_t kFewestPairs = 100;  // of pulses in the search of the symmetric point
constexpr size_t kMostPairs = 20'000;
constexpr double kBandQuantile = 0.05;  // quantiles of a band

constexpr size_t kCellColumns = 64;

// A train up, then down, from weight 0: weights of all cells at `marks`.
std::vector<std::vector<float>> run_train(const PulsedDevice& device,
                                          size_t cells,
                                          size_t pulses,
                                          const std::vector<size_t>& marks,
                                          TileKey key) {
    const size_t cols = std::min(cells, kCellColumns);
    const size_t rows = (cells + cols - 1) / cols;
    PulsedArray array(device, rows, cols, key);
    array.set_weights(Matrix<float>(rows, cols).view(), 0);
    std::vector<std::vector<float>> out;
    size_t done = 0;
    for (const size_t mark : marks) {
        for (; done < mark; done++) {
            array.pulse_all(done < pulses, done + 1);
        }
        const ConstFloatView w = array.weights();
        std::vector<float>& now = out.emplace_back();
        for (size_t r = 0; r < rows && now.size() < cells; r++) {
            const auto row = w.row_span(r);
            now.insert(now.end(),
                       row.begin(),
                       row.begin() + static_cast<ptrdiff_t>(std::min(cols, cells - now.size())));
        }
    }
    return out;
}

ResponseBand band_of(const std::vector<std::vector<float>>& weights) {
    ResponseBand band;
    for (std::vector<float> cells : weights) {
        double sum = 0;
        for (const float w : cells) {
            sum += w;
        }
        std::sort(cells.begin(), cells.end());
        const auto last = static_cast<double>(cells.size() - 1);
        band.mean.push_back(sum / static_cast<double>(cells.size()));
        band.low.push_back(cells[static_cast<size_t>(std::floor(kBandQuantile * last))]);
        band.high.push_back(cells[static_cast<size_t>(std::ceil((1 - kBandQuantile) * last))]);
    }
    return band;
}

// Steps of one noise-free cell over its range.
void measure_steps(const PulsedDevice& quiet, DeviceResponse& r, TileKey key) {
    PulsedArray probe(quiet, 1, 1, key);
    const double low = probe.table("min_bound")(0, 0);
    const double high = probe.table("max_bound")(0, 0);
    Matrix<float> start(1, kStates);
    for (size_t i = 0; i < kStates; i++) {
        start(0, i) = static_cast<float>(low + (high - low) * static_cast<double>(i) /
                                                   static_cast<double>(kStates - 1));
    }
    for (const bool up : {true, false}) {
        PulsedArray array(quiet, 1, kStates, key);
        array.set_weights(start.view(), 0);
        const std::vector<float> before(array.weights().row(0), array.weights().row(0) + kStates);
        array.pulse_all(up, 1);
        for (size_t i = 0; i < kStates; i++) {
            if (up) {
                r.weight.push_back(before[i]);
            }
            (up ? r.up_step : r.down_step)
                .push_back(static_cast<double>(array.weights()(0, i)) - before[i]);
        }
    }
    // At the ends a step is cut by the bound; between them the sum of both steps changes its sign
    // at the symmetric point.
    r.symmetric_point = std::nan("");
    double nearest = kInfinity;
    for (size_t i = 2; i + 1 < kStates; i++) {
        const double a = r.up_step[i - 1] + r.down_step[i - 1];
        const double b = r.up_step[i] + r.down_step[i];
        if (a > 0 && b <= 0) {
            const double w = r.weight[i - 1] + (r.weight[i] - r.weight[i - 1]) * a / (a - b);
            if (std::abs(w) < std::abs(nearest)) {
                nearest = w;
            }
        }
    }
    if (std::isfinite(nearest)) {
        r.symmetric_point = nearest;
    }
    // A device whose steps are equal everywhere, up to the rounding of weights, is symmetric at any
    // weight.
    bool equal = true;
    for (size_t i = 1; i + 1 < kStates; i++) {
        const double rounding = 3e-7 * std::abs(r.weight[i]);
        equal &=
            std::abs(r.up_step[i] + r.down_step[i]) <= 1e-4 * std::abs(r.up_step[i]) + rounding;
    }
    if (equal) {
        r.symmetric_point = 0.0;
    }
}

void find_symmetric_points(const PulsedDevice& device,
                           const DeviceResponseOptions& options,
                           double states,
                           DeviceResponse& r,
                           TileKey key) {
    const size_t cols = std::min(options.cells, kCellColumns);
    const size_t rows = (options.cells + cols - 1) / cols;
    PulsedArray array(device, rows, cols, key);
    array.set_weights(Matrix<float>(rows, cols).view(), 0);
    // The pairs drive a cell over its range at the rate of its asymmetry: several times the range.
    const auto pairs =
        static_cast<size_t>(std::clamp(4 * states, double{kFewestPairs}, double{kMostPairs}));
    std::vector<double> sum(rows * cols, 0.0);
    size_t averaged = 0;
    for (size_t k = 0; k < pairs; k++) {
        for (const bool up : {true, false}) {
            array.pulse_all(up, 2 * k + (up ? 1 : 2));
            if (k < pairs / 2) {
                continue;
            }
            for (size_t i = 0; i < sum.size(); i++) {
                sum[i] += array.weights()(i / cols, i % cols);
            }
            averaged++;
        }
    }
    for (size_t i = 0; i < options.cells; i++) {
        r.symmetric_points.push_back(sum[i] / static_cast<double>(averaged));
    }
}

template <class Device>
void remove_spread(Device& d, bool noise_free) {
    const auto ends = [](std::string_view name, std::string_view with) {
        return name.ends_with(with);
    };
    Schema<Device>::fields([&](const auto& f) {
        auto& value = d.*(f.member);
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, double>) {
            const bool noise = f.name == "dw_min_std" || f.name == "dw_min_std_add" ||
                               f.name == "dw_min_std_slope" || f.name == "write_noise_std" ||
                               f.name == "reset_std" || f.name == "hidden_dw_min_std";
            if (ends(f.name, "_dtod") || f.name == "reference_std" ||
                f.name == "stuck_probability" || (noise_free && noise)) {
                value = 0.0;
            }
        } else if constexpr (std::is_same_v<T, std::vector<double>>) {
            if (noise_free && f.name.starts_with("std_")) {
                std::fill(value.begin(), value.end(), 0.0);
            }
        }
    });
}

}  // namespace

PulsedDevice identical_cells(PulsedDevice device, bool noise_free) {
    std::visit([&](auto& d) { remove_spread(d, noise_free); }, device);
    return device;
}

DeviceResponse measure_response(const PulsedDevice& device, const DeviceResponseOptions& options) {
    require_valid(device);
    if (options.cells < 2 || options.cells > kMostResponseCells ||
        options.pulses > kMostResponsePulses) {
        throw InputError(fmt::format("between 2 and {} cells and at most {} pulses can be shown",
                                     kMostResponseCells,
                                     kMostResponsePulses));
    }
    DeviceResponse r;
    r.granularity = granularity(device);
    r.states = number_of_states(device);
    size_t pulses = options.pulses;
    if (pulses == 0) {
        pulses = static_cast<size_t>(
            std::clamp(r.states, double{kFewestPulses}, double{kDefaultMostPulses}));
    }
    if (static_cast<double>(pulses) * static_cast<double>(options.cells) > kMostWork) {
        throw InputError("so many pulses on so many cells would take hours");
    }
    const size_t stride = (2 * pulses + kMaxPoints - 2) / (kMaxPoints - 1);
    std::vector<size_t> marks;
    for (size_t k = 0; k < 2 * pulses; k += stride) {
        if (k > pulses && marks.back() < pulses) {
            marks.push_back(pulses);  // the tip of the curve
        }
        marks.push_back(k);
    }
    marks.push_back(2 * pulses);
    r.pulse.assign(marks.begin(), marks.end());
    const TileKey key = make_tile_key(options.seed, "device response");
    const PulsedDevice quiet = identical_cells(device, true);
    for (const std::vector<float>& w : run_train(quiet, 1, pulses, marks, key)) {
        r.nominal.push_back(w.front());
    }
    r.cycle = band_of(run_train(identical_cells(device, false), options.cells, pulses, marks, key));
    const auto weights = run_train(device, options.cells, pulses, marks, key);
    r.spread = band_of(weights);
    for (size_t i = 0; i < std::min(kShownCells, options.cells); i++) {
        std::vector<double>& cell = r.cells.emplace_back();
        for (const std::vector<float>& w : weights) {
            cell.push_back(w[i]);
        }
    }
    measure_steps(quiet, r, key);
    find_symmetric_points(device, options, r.states, r, key);
    return r;
}

}  // namespace mho
