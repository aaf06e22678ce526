// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Which devices suffice: memory window, programming noise and drift for which networks that were
// trained for the hardware stay within 1 % of their accuracy, an hour and a year after programming
// (after the device-specification map of Adv. Intell. Syst. 2026).

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mho/analysis/study_units.h"
#include "mho/studies/study_hwa_families.h"
#include "mho/studies/training_studies.h"

namespace mho {
namespace {

constexpr const char* kDeviceSpecsName = "device-specs";
// Normalised accuracy that suffices, percent. Small networks on small test sets may not reach the
// first: the highest is taken at which a tenth of the devices suffice for the CNN after an hour.
const std::vector<double> kLevels = {99, 98, 95, 90, 80};
const std::vector<double> kTimes = {3600.0, 365 * 86400.0};
const char* const kTimeNames[] = {"1 h", "1 year"};
const std::vector<size_t> kFamilies = {0, 2};  // of hwa_families: CNN, LSTM

struct Device {
    double window_us, noise, drift;
};

struct Grid {
    std::vector<double> windows_us, noises, drifts;
    std::vector<Device> devices() const {
        std::vector<Device> all;
        for (const double w : windows_us) {
            for (const double n : noises) {
                for (const double d : drifts) {
                    all.push_back({w, n, d});
                }
            }
        }
        return all;
    }
};

Grid grid_of(bool is_small) {
    return is_small ? Grid{{10, 24}, {0.1, 2}, {0, 1}}
                    : Grid{{6, 10, 14, 18, 24}, {0.05, 0.1, 0.25, 0.5, 1, 2}, {0, 0.25, 0.5, 1, 2}};
}

// Phase-change cells with another window. Their programming noise in uS depends on the share of the
// window that is used, not on how wide it is; drift coefficients keep their law.
Network with_device(const Network& network, const Device& d) {
    Network changed = network;
    for (auto& [name, hardware] : changed.analog) {
        PcmLike cells;
        cells.programming_noise_scale = d.noise * cells.reference_g_max_us / d.window_us;
        cells.drift_scale = d.drift;
        hardware.conductance = cells;
        hardware.converter = SinglePair{.g_max_us = d.window_us};
    }
    return changed;
}

// Normalised accuracies, mean over chips: [family][device][time].
struct Scores {
    double level = kLevels.back();
    std::vector<Device> devices;
    std::vector<std::vector<std::vector<double>>> mean;
    bool suffices(size_t family, size_t device, size_t time) const {
        return mean[family][device][time] >= level;
    }
    size_t count_at(double of_level, size_t family, size_t time) const {
        return static_cast<size_t>(
            std::count_if(mean[family].begin(), mean[family].end(), [&](const auto& times) {
                return times[time] >= of_level;
            }));
    }
    size_t count(size_t family, size_t time) const { return count_at(level, family, time); }
    // Of the devices that suffice for one family and time those that do for another.
    size_t common(size_t family, size_t time, size_t other_family, size_t other_time) const {
        size_t n = 0;
        for (size_t d = 0; d < devices.size(); d++) {
            n += suffices(family, d, time) && suffices(other_family, d, other_time) ? 1 : 0;
        }
        return n;
    }
};

void choose_level(Scores& s) {
    for (const double level : kLevels) {
        s.level = level;
        if (10 * s.count(0, 0) >= s.devices.size()) {
            return;
        }
    }
}

// Largest noise that suffices at a window and the drift of today's cells; 0 = none.
double tolerated_noise(const Scores& s, size_t family, size_t time, double window_us) {
    double most = 0;
    for (size_t d = 0; d < s.devices.size(); d++) {
        const Device& device = s.devices[d];
        if (device.window_us == window_us && device.drift == 1 && s.suffices(family, d, time)) {
            most = std::max(most, device.noise);
        }
    }
    return most;
}

StudyRow shrinks(const Scores& s, size_t family, const std::string& name) {
    const size_t all = s.count(family, 1);
    StudyRow row =
        count_row(fmt::format("devices that suffice after a year sufficed after an hour, {}", name),
                  "the feasible set shrinks with time",
                  "all",
                  s.common(family, 1, family, 0),
                  all);
    row.measured += fmt::format(
        "; {} suffice after an hour, {} after a year", s.count(family, 0), s.count(family, 1));
    if (s.count(family, 1) > s.count(family, 0)) {
        row.verdict = Verdict::kFails;
    } else if (all == 0 && s.count(family, 0) > 0) {
        row.verdict = Verdict::kHolds;  // nothing is left
    }
    return row;
}

StudyRow contains(const Scores& s, size_t time) {
    const size_t all = s.count(0, time);
    StudyRow row = count_row(
        fmt::format("devices that suffice for the CNN suffice for the LSTM, {}", kTimeNames[time]),
        "LSTM 99.7 (1 h), 99.1 (1 year); ResNet-32 99.0, 97.0",
        "all",
        s.common(0, time, 1, time),
        all);
    row.measured += fmt::format("; {} suffice for the LSTM", s.count(1, time));
    if (all == 0) {
        row.verdict = Verdict::kHolds;
        row.measured += " and none for the CNN";
    }
    return row;
}

StudyRow wider_is_better(const Scores& s, const Grid& grid, size_t time) {
    size_t held = 0;
    size_t all = 0;
    for (size_t f = 0; f < kFamilies.size(); f++) {
        for (size_t w = 1; w < grid.windows_us.size(); w++) {
            all++;
            held += tolerated_noise(s, f, time, grid.windows_us[w]) >=
                            tolerated_noise(s, f, time, grid.windows_us[w - 1])
                        ? 1
                        : 0;
        }
    }
    return count_row(fmt::format("a wider window tolerates no less noise, {}", kTimeNames[time]),
                     "24 uS tolerates noise scale 2.0 at 1 h, 10 uS only 0.1",
                     "all neighbours",
                     held,
                     all);
}

}  // namespace

StudyResult run_device_specs_study(const StudyOptions& options) {
    const uint32_t chips = options.small ? 1 : 3;
    const Grid grid = grid_of(options.small);
    const std::vector<HwaFamily> families = hwa_families(options.small);
    StudyNetworks networks(options.folder.empty() || options.small ? ""
                                                                   : options.folder + "/trained");
    std::vector<HwaNetworks> trained;
    for (const size_t f : kFamilies) {
        trained.push_back(train_family(families[f], options, networks));
    }
    Scores scores;
    scores.devices = grid.devices();
    std::vector<StudyUnit> units;
    for (size_t f = 0; f < kFamilies.size(); f++) {
        const HwaFamily& family = families[kFamilies[f]];
        units.push_back({family.name + " float", [&, f] {
                             return errors_over_time(trained[f].floating_point,
                                                     families[kFamilies[f]].data.test,
                                                     options.seed,
                                                     0,
                                                     {});
                         }});
        for (const Device& d : scores.devices) {
            units.push_back(
                {fmt::format("{} {} uS, noise {}, drift {}, {} chips",
                             family.name,
                             d.window_us,
                             d.noise,
                             d.drift,
                             chips),
                 [&, f, d] {
                     const Network network = with_device(trained[f].hardware_aware, d);
                     std::vector<double> sum(kTimes.size(), 0.0);
                     for (uint32_t chip = 0; chip < chips; chip++) {
                         const std::vector<double> e = errors_over_time(
                             network, families[kFamilies[f]].data.test, options.seed, chip, kTimes);
                         for (size_t t = 0; t < e.size(); t++) {
                             sum[t] += e[t] / chips;
                         }
                     }
                     return sum;
                 }});
        }
    }
    const StudyUnitResults done = run_units(options, kDeviceSpecsName, units);
    size_t unit = 0;
    StudyTable table{fmt::format("Devices that suffice, of {}", scores.devices.size()),
                     {"network",
                      "floating point",
                      "time",
                      "at 99 %",
                      "98 %",
                      "95 %",
                      "90 %",
                      "80 %",
                      "judged at",
                      "least window [uS]"},
                     {},
                     "Normalised accuracy: 100 % is floating point, 0 % guessing. Least window: at "
                     "the noise and drift of today's cells (scales 1)."};
    std::vector<std::string> exact_text;
    for (size_t f = 0; f < kFamilies.size(); f++) {
        const HwaFamily& family = families[kFamilies[f]];
        const double exact = done.values[unit++][0];
        auto& means = scores.mean.emplace_back();
        for (size_t d = 0; d < scores.devices.size(); d++) {
            std::vector<double> a;
            for (const double e : done.values[unit++]) {
                a.push_back(100 * (1 - (e - exact) / (family.chance_error() - exact)));
            }
            means.push_back(std::move(a));
        }
        exact_text.push_back(family.is_text() ? fmt::format("{:.3f} nats", exact)
                                              : fmt::format("{:.1f} %", 100 * (1 - exact)));
    }
    choose_level(scores);
    for (size_t f = 0; f < kFamilies.size(); f++) {
        for (size_t t = 0; t < kTimes.size(); t++) {
            double least = 0;
            for (auto w = grid.windows_us.rbegin(); w != grid.windows_us.rend(); ++w) {
                least = tolerated_noise(scores, f, t, *w) >= 1 ? *w : least;
            }
            std::vector<std::string> row = {
                families[kFamilies[f]].name, exact_text[f], kTimeNames[t]};
            for (const double level : kLevels) {
                row.push_back(fmt::format("{}", scores.count_at(level, f, t)));
            }
            row.push_back(fmt::format("{:.0f} %", scores.level));
            row.push_back(least > 0 ? fmt::format("{}", least) : "none");
            table.rows.push_back(std::move(row));
        }
    }
    StudyResult result;
    result.earlier_s = done.earlier_s + networks.earlier_s();
    result.repetitions =
        fmt::format("{} devices, {} paired chips each", scores.devices.size(), chips);
    result.substitution =
        options.small ? "tiny networks on generated data, trained in seconds"
                      : "ResNet-8 on halved Fashion-MNIST and a character LSTM of 64 units instead "
                        "of ResNet-32, a word LSTM and BERT; phase-change cells whose noise in uS "
                        "does not depend on the window";
    for (size_t f = 0; f < kFamilies.size(); f++) {
        result.rows.push_back(shrinks(scores, f, families[kFamilies[f]].name));
    }
    for (size_t t = 0; t < kTimes.size(); t++) {
        result.rows.push_back(contains(scores, t));
    }
    for (size_t t = 0; t < kTimes.size(); t++) {
        result.rows.push_back(wider_is_better(scores, grid, t));
    }
    StudyChart chart{"Largest noise that suffices, at the drift of today's cells",
                     "window [uS]",
                     "noise scale",
                     false,
                     {}};
    for (size_t f = 0; f < kFamilies.size(); f++) {
        for (size_t t = 0; t < kTimes.size(); t++) {
            StudyCurve curve{families[kFamilies[f]].name + ", " + kTimeNames[t], {}, {}};
            for (const double w : grid.windows_us) {
                curve.x.push_back(w);
                curve.y.push_back(tolerated_noise(scores, f, t, w));
            }
            chart.curves.push_back(std::move(curve));
        }
    }
    result.tables.push_back(std::move(table));
    result.charts.push_back(std::move(chart));
    return result;
}

}  // namespace mho
