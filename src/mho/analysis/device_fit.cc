// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/device_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "mho/analysis/device_response.h"
#include "mho/analysis/statistics.h"
#include "mho/analysis/step_likelihood.h"
#include "mho/device/pulsed_array.h"
#include "mho/device/pulsed_device_json.h"
#include "mho/util/finite.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

constexpr size_t kFewestCells = 3;  // from which on cells are fitted one by one
constexpr double kNormal975 = 1.959963984540054;
constexpr size_t kBandCells = 400;
constexpr double kEquallyGood = 2.0;  // difference of Akaike's criterion
constexpr double kBandEdge = 0.05;
constexpr double kMaxBandPulses = 2e8;  // cells x pulses

using Fields = std::vector<std::pair<std::string, std::vector<double>>>;

// All numbers of the device from the natural parameters x with the two of the noise behind.
Fields device_fields(const StepFamily& family, const std::vector<double>& x) {
    Fields f = family.fields(x);
    double dw_min = 1.0;
    for (const auto& [name, values] : f) {
        dw_min = name == "dw_min" ? values.front() : dw_min;
    }
    f.push_back({"dw_min_std", {x[x.size() - 2]}});
    f.push_back({"write_noise_std", {x[x.size() - 1] / dw_min}});
    return f;
}

std::vector<double> flat(const Fields& fields) {
    std::vector<double> values;
    for (const auto& [name, list] : fields) {
        values.insert(values.end(), list.begin(), list.end());
    }
    return values;
}

std::vector<std::string> flat_names(const Fields& fields) {
    std::vector<std::string> names;
    for (const auto& [name, list] : fields) {
        for (size_t i = 0; i < list.size(); i++) {
            names.push_back(list.size() == 1 ? name : fmt::format("{}[{}]", name, i));
        }
    }
    return names;
}

PulsedDevice make_device(const StepFamily& family, const Fields& fields) {
    Json j = Json::object();
    j["model"] = std::string(family.model());
    PulsedDevice device;
    Problems problems;
    from_json(j, device, "device", {}, problems);
    const Json known = to_json(device);
    for (const auto& [name, values] : fields) {
        if (known.contains(name)) {
            j[name] = known[name].is_array() ? Json(values) : Json(values.front());
        }
    }
    if (known.contains("multiplicative_noise")) {
        j["multiplicative_noise"] = family.multiplicative();
    }
    if (known.contains("allow_increasing")) {
        j["allow_increasing"] =
            j["gamma_up"].get<double>() < 0 || j["gamma_down"].get<double>() < 0;
    }
    from_json(j, device, "device", {}, problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    device = identical_cells(device, false);
    require_valid(device);
    return device;
}

// Standard errors of a function of x, to first order in its deviations.
std::vector<double> errors_of(const std::function<std::vector<double>(std::vector<double>)>& g,
                              const std::vector<double>& x,
                              const std::vector<double>& covariance) {
    const size_t n = x.size();
    const std::vector<double> value = g(x);
    std::vector<std::vector<double>> gradient;
    for (size_t i = 0; i < n; i++) {
        const double h = 1e-5 * std::max(std::abs(x[i]), 1e-8);
        std::vector<double> moved = x;
        moved[i] += h;
        const std::vector<double> above = g(moved);
        moved[i] = x[i] - h;
        const std::vector<double> below = g(moved);
        std::vector<double>& row = gradient.emplace_back(value.size());
        for (size_t k = 0; k < value.size(); k++) {
            row[k] = (above[k] - below[k]) / (2 * h);
        }
    }
    std::vector<double> errors(value.size());
    for (size_t k = 0; k < value.size(); k++) {
        double variance = 0;
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                const double weight = gradient[i][k] * gradient[j][k];
                // Zero times infinity: what does not enter leaves no doubt.
                variance += weight != 0 ? weight * covariance[i * n + j] : 0.0;
            }
        }
        errors[k] = variance >= 0 && std::isfinite(variance) ? std::sqrt(variance) : std::nan("");
    }
    return errors;
}

void add_parameters(DeviceFit& fit,
                    const StepFamily& family,
                    const std::vector<double>& x,
                    const std::vector<double>& covariance,
                    double quantile) {
    const Fields fields = device_fields(family, x);
    const std::vector<double> value = flat(fields);
    const std::vector<std::string> names = flat_names(fields);
    const std::vector<double> error =
        errors_of([&](const std::vector<double>& at) { return flat(device_fields(family, at)); },
                  x,
                  covariance);
    for (size_t i = 0; i < value.size(); i++) {
        fit.parameters.push_back({names[i],
                                  value[i],
                                  error[i],
                                  value[i] - quantile * error[i],
                                  value[i] + quantile * error[i]});
    }
}

// Spreads over cells by the laws of PulsedCell, from what each cell's fit says. The scatter of the
// fits themselves is taken off.
void add_spreads(DeviceFit& fit,
                 const StepFamily& family,
                 const std::vector<MaximumLikelihood>& cells,
                 PulsedCell& device) {
    const auto n = static_cast<double>(cells.size());
    const auto spread = [&](const std::string& name,
                            double& target,
                            double unit,
                            const std::function<double(const Fields&)>& quantity) {
        std::vector<double> values;
        double scatter = 0;
        for (const MaximumLikelihood& m : cells) {
            values.push_back(quantity(device_fields(family, m.x)));
            const double error = errors_of(
                [&](const std::vector<double>& at) {
                    return std::vector<double>{quantity(device_fields(family, at))};
                },
                m.x,
                m.covariance)[0];
            scatter += std::isfinite(error) ? error * error / n : 0.0;
        }
        const double total = standard_deviation(values);
        target = std::sqrt(std::max(total * total - scatter, 0.0)) / std::abs(unit);
        // Of a standard deviation of n normal numbers.
        const double error = total / std::abs(unit) / std::sqrt(2 * (n - 1));
        fit.parameters.push_back({name,
                                  target,
                                  error,
                                  std::max(target - kNormal975 * error, 0.0),
                                  target + kNormal975 * error});
    };
    const auto of = [](const Fields& f, const char* name) {
        for (const auto& [field, values] : f) {
            if (field == name) {
                return values.front();
            }
        }
        return 0.0;
    };
    const auto step = [&of](const Fields& f, bool up) {
        const double asymmetry = of(f, "up_down");
        return of(f, "dw_min") * (1 - std::max(up ? -asymmetry : asymmetry, 0.0));
    };
    spread("dw_min_dtod", device.dw_min_dtod, device.dw_min, [&](const Fields& f) {
        return 0.5 * (step(f, true) + step(f, false));
    });
    spread("up_down_dtod", device.up_down_dtod, device.dw_min, [&](const Fields& f) {
        return 0.5 * (step(f, true) - step(f, false));
    });
    if (device.w_max != 0) {
        spread("w_max_dtod", device.w_max_dtod, device.w_max, [&](const Fields& f) {
            return of(f, "w_max");
        });
    }
    if (device.w_min != 0) {
        spread("w_min_dtod", device.w_min_dtod, device.w_min, [&](const Fields& f) {
            return of(f, "w_min");
        });
    }
}

void add_residuals(DeviceFit& fit) {
    const std::vector<double>& r = fit.residuals;
    const double centre = mean(r);
    double squares = 0;
    double lagged = 0;
    for (size_t i = 0; i < r.size(); i++) {
        squares += (r[i] - centre) * (r[i] - centre);
        lagged += i > 0 ? (r[i] - centre) * (r[i - 1] - centre) : 0.0;
    }
    fit.residual_std = standard_deviation(r);
    fit.residual_lag = squares > 0 ? lagged / squares : 0.0;
}

// What cells of the fitted device would do under the pulses of the first trace.
void add_band(DeviceFit& fit, const PulseTrace& trace, uint64_t seed) {
    double pulses = 0;
    for (const int n : trace.pulses) {
        pulses += std::abs(n);
    }
    if (pulses * kBandCells > kMaxBandPulses) {
        fit.notes.push_back("the trace is too long for a band of simulated cells");
        return;
    }
    PulsedArray array(fit.device, 1, kBandCells, make_tile_key(seed, "fitted device"));
    array.set_weights(Matrix<float>(1, kBandCells, static_cast<float>(trace.weight[0])).view(), 0);
    uint64_t step = 1;
    for (size_t i = 0; i < trace.weight.size(); i++) {
        for (int k = i == 0 ? 0 : std::abs(trace.pulses[i]); k > 0; k--) {
            array.pulse_all(trace.pulses[i] > 0, step++);
        }
        const float* w = array.weights().row(0);
        std::vector<double> cells(w, w + kBandCells);
        std::sort(cells.begin(), cells.end());
        fit.band_mean.push_back(mean(cells));
        fit.band_low.push_back(cells[static_cast<size_t>(kBandEdge * (kBandCells - 1))]);
        fit.band_high.push_back(
            cells[static_cast<size_t>(std::ceil((1 - kBandEdge) * (kBandCells - 1)))]);
    }
}

DeviceFit fit_family(const StepFamily& family,
                     const std::vector<PulseTrace>& traces,
                     const StepStatistics& statistics,
                     uint64_t seed) {
    DeviceFit fit;
    fit.multiplicative_noise = family.multiplicative();
    std::vector<double> x;
    if (traces.size() < kFewestCells) {
        std::vector<const PulseTrace*> all;
        for (const PulseTrace& t : traces) {
            all.push_back(&t);
        }
        const MaximumLikelihood m = maximise(family, all, statistics);
        x = m.x;
        fit.device = make_device(family, device_fields(family, x));
        add_parameters(fit, family, x, m.covariance, kNormal975);
        fit.log_likelihood = -m.cost;
        fit.free_parameters = x.size();
        for (const PulseTrace& t : traces) {
            trace_cost(family, x, t, &fit.residuals);
        }
        if (!m.determined) {
            fit.notes.push_back("the data leave some parameters open; they have no interval");
        }
    } else {
        std::vector<MaximumLikelihood> cells;
        for (const PulseTrace& t : traces) {
            cells.push_back(maximise(family, {&t}, step_statistics({t})));
            fit.log_likelihood -= cells.back().cost;
            trace_cost(family, cells.back().x, t, &fit.residuals);
        }
        const size_t k = cells.front().x.size();
        const auto n = static_cast<double>(cells.size());
        x.assign(k, 0.0);
        for (const MaximumLikelihood& m : cells) {
            for (size_t i = 0; i < k; i++) {
                x[i] += m.x[i] / n;
            }
        }
        std::vector<double> covariance(k * k, 0.0);  // of the mean
        for (const MaximumLikelihood& m : cells) {
            for (size_t i = 0; i < k; i++) {
                for (size_t j = 0; j < k; j++) {
                    covariance[i * k + j] += (m.x[i] - x[i]) * (m.x[j] - x[j]) / (n * (n - 1));
                }
            }
        }
        fit.device = make_device(family, device_fields(family, x));
        add_parameters(fit, family, x, covariance, t_quantile_975(cells.size() - 1));
        add_spreads(fit, family, cells, common_parameters(fit.device));
        fit.free_parameters = k * cells.size();
        fit.notes.push_back(
            fmt::format("mean over {} cells, fitted one by one; intervals and spreads from their "
                        "scatter",
                        cells.size()));
    }
    for (const PulseTrace& t : traces) {
        fit.readings += t.weight.size() - 1;
    }
    if (write_noise_of(fit.device) == nullptr) {
        fit.notes.push_back(
            "this model has no write noise; what the readings show of it is left "
            "out of the device");
    }
    fit.aic = 2 * static_cast<double>(fit.free_parameters) - 2 * fit.log_likelihood;
    add_residuals(fit);
    add_band(fit, traces.front(), seed);
    return fit;
}

}  // namespace

std::vector<DeviceFit> fit_devices(const std::vector<PulseTrace>& traces,
                                   const DeviceFitOptions& options) {
    if (traces.empty()) {
        throw InputError("there is no trace to fit");
    }
    for (const PulseTrace& trace : traces) {
        if (trace.weight.empty() || trace.pulses.size() != trace.weight.size()) {
            throw InputError("a trace needs readings, and as many numbers of pulses");
        }
        require_all_finite(trace.weight, "readings of a trace");
    }
    const StepStatistics statistics = step_statistics(traces);
    if (!(statistics.highest > statistics.lowest)) {
        throw InputError("all readings are equal: nothing moves");
    }
    const auto families = step_families(options.model, statistics);
    std::vector<std::optional<DeviceFit>> fits(families.size());
    std::vector<std::string> failures(families.size());
    parallel_for(std::max<size_t>(options.threads, 1), families.size(), [&](size_t i, size_t) {
        try {
            fits[i] = fit_family(*families[i], traces, statistics, options.seed);
        } catch (const Error& e) {
            failures[i] = std::string(families[i]->model()) + ": " + e.what();
        }
    });
    std::vector<DeviceFit> good;
    for (std::optional<DeviceFit>& fit : fits) {
        if (fit && std::isfinite(fit->aic)) {
            good.push_back(std::move(*fit));
        }
    }
    if (good.empty()) {
        std::string text = "no model fits these traces";
        for (const std::string& failure : failures) {
            text += failure.empty() ? "" : "; " + failure;
        }
        throw InputError(text);
    }
    std::stable_sort(good.begin(), good.end(), [](const DeviceFit& a, const DeviceFit& b) {
        return a.aic < b.aic;
    });
    // Models this close explain the data equally well; the simplest one goes first.
    auto best = good.begin();
    for (auto it = good.begin(); it != good.end() && it->aic < good.front().aic + kEquallyGood;
         ++it) {
        best = it->free_parameters < best->free_parameters ? it : best;
    }
    std::rotate(good.begin(), best, best + 1);
    return good;
}

}  // namespace mho
