// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/convert/adc_bank.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "mho/util/error.h"

namespace mho {
namespace {

constexpr double kNever = 1e30;  // an edge that no input reaches
constexpr size_t kMaxConverters = size_t{1} << 20;

template <class A>
constexpr bool is_circuit = std::is_same_v<A, RampAdc> || std::is_same_v<A, SarAdc> ||
                            std::is_same_v<A, PipelineAdc> || std::is_same_v<A, CyclicAdc>;
template <class A>
constexpr bool is_grid = std::is_same_v<A, UniformAdc> || std::is_same_v<A, SignMagnitudeAdc>;
template <class A>
constexpr bool has_capacitor_dac = std::is_same_v<A, RampAdc> || std::is_same_v<A, SarAdc>;

int64_t power_of_two(int bits) {
    return int64_t{1} << bits;
}

// Standard normal numbers of one purpose, as double.
std::vector<double> normals(TileKey key, uint64_t step, size_t count) {
    std::vector<float> drawn(count);
    fill_normal(key, Stream::kDeviceTable, step, 0, drawn);
    return {drawn.begin(), drawn.end()};
}

double place(double x, AdcRange range) {
    return (x - range.low) / (range.high - range.low);
}

// Intervals of a uniform converter over its range.
double grid_steps(const AdcModel& model) {
    if (const auto* a = std::get_if<UniformAdc>(&model)) {
        return static_cast<double>(power_of_two(a->bits) - 1);
    }
    return static_cast<double>(power_of_two(std::get<SignMagnitudeAdc>(model).bits) - 2);
}

Rounding rounding_of(const AdcModel& model) {
    return std::visit(
        [](const auto& a) {
            if constexpr (is_grid<std::decay_t<decltype(a)>>) {
                return a.rounding;
            } else {
                return Rounding::kNearest;
            }
        },
        model);
}

double round_level(double t, Rounding rounding, double uniform) {
    switch (rounding) {
        case Rounding::kFloor:
            return std::floor(t);
        case Rounding::kStochastic:
            return std::floor(t + uniform);
        case Rounding::kNearest:
            break;
    }
    return std::nearbyint(t);
}

// Periods that the oscillators count to full scale: codes -(N - 1) ... N - 1, or 0 ... N - 1.
double cco_periods(const CcoAdc& a, bool is_signed) {
    return static_cast<double>(power_of_two(a.bits - (is_signed ? 1 : 0)));
}

// Current over full scale at which the count reaches m: f(i) = (1 + k) i / (1 + k i).
double cco_edge(const CcoAdc& a, double m, double periods, double gain) {
    const double r = m / (periods * gain);
    const double below = 1 + a.compression - a.compression * r;
    return below > 0 ? r / below : kNever;
}

// Largest code of a logarithmic converter; below it are zero and, if signed, the negative ones.
int64_t log_top(const LogarithmicAdc& a, bool is_signed) {
    return power_of_two(a.bits - (is_signed ? 1 : 0)) - 1;
}

double log_level(const LogarithmicAdc& a, int64_t k, int64_t top) {
    if (k == 0) {
        return 0.0;
    }
    const double share = static_cast<double>(k) / static_cast<double>(top);
    return std::pow(10.0, -a.decades * (1 - share));
}

void require_range(AdcRange range) {
    if (!std::isfinite(range.low) || !std::isfinite(range.high)) {
        throw InputError("the range of a converter must be finite");
    }
}

}  // namespace

std::string_view model_name(const AdcModel& model) {
    return std::visit([](const auto& a) { return Schema<std::decay_t<decltype(a)>>::name; }, model);
}

int bits_of(const AdcModel& model) {
    return std::visit(
        [](const auto& a) {
            if constexpr (requires { a.bits; }) {
                return a.bits;
            } else {
                return 0;
            }
        },
        model);
}

size_t group_size_of(const AdcModel& model) {
    return std::visit(
        [](const auto& a) {
            if constexpr (requires { a.group_size; }) {
                return static_cast<size_t>(a.group_size);
            } else {
                return size_t{1};
            }
        },
        model);
}

bool needs_rounding_draws(const AdcModel& model) {
    return rounding_of(model) == Rounding::kStochastic;
}

AdcRange range_of_step(const AdcModel& model, double step, bool is_signed) {
    if (!(step > 0) || !std::isfinite(step)) {
        throw InputError("the step of a converter must be finite and above 0");
    }
    const int bits = bits_of(model);
    if (bits == 0) {
        return {is_signed ? -step : 0.0, step};
    }
    double steps = static_cast<double>(power_of_two(bits));
    if (std::holds_alternative<UniformAdc>(model) ||
        std::holds_alternative<SignMagnitudeAdc>(model)) {
        steps = grid_steps(model);
    }
    return {is_signed ? -step * steps / 2 : 0.0, is_signed ? step * steps / 2 : step * steps};
}

AdcBank::AdcBank(const AdcModel& model, size_t columns, bool is_signed, TileKey key)
    : model_(model), columns_(columns), is_signed_(is_signed), group_(group_size_of(model)) {
    const int bits = bits_of(model);
    if (!std::holds_alternative<IdealAdc>(model) && (bits < 2 || bits > 24)) {
        throw ConfigError("adc.bits", "must be 2 to 24, got " + std::to_string(bits));
    }
    if (group_ == 0) {
        throw ConfigError("adc.group_size", "must be at least 1, got 0");
    }
    converters_ = (columns + group_ - 1) / group_;
    if (converters_ > kMaxConverters) {
        throw InputError("an array may have at most 2^20 converters");
    }
    // Reference voltage in units of the range.
    const double reference = is_signed ? 0.5 : 1.0;
    std::visit(
        [&](const auto& a) {
            using A = std::decay_t<decltype(a)>;
            if constexpr (is_grid<A>) {
                way_ = Way::kGrid;
            } else if constexpr (is_circuit<A>) {
                mid_tread_ = a.mid_tread;
                const bool exact =
                    a.capacitor_sigma == 0 && a.comparator_sigma == 0 && a.gain_db == 0;
                if constexpr (has_capacitor_dac<A>) {
                    way_ = exact ? Way::kMidRise : Way::kEdges;
                    CapacitorDac dac{a.bits, a.capacitor_sigma, a.gain_db};
                    dac.has_sign = is_signed && a.sign_capacitors;
                    constexpr bool is_ramp = std::is_same_v<A, RampAdc>;
                    if constexpr (!is_ramp) {
                        dac.split = a.split;
                    }
                    const size_t dacs = is_ramp || exact ? 1 : converters_;
                    for (size_t i = 0; i < dacs; i++) {
                        levels_.push_back(dac_edges(dac, normals(key, i, capacitor_count(dac))));
                    }
                    const size_t comparators = is_ramp ? columns_ : converters_;
                    offsets_ = normals(key, kMaxConverters, comparators);
                    for (double& o : offsets_) {
                        o *= a.comparator_sigma * reference;
                    }
                } else {
                    way_ = exact ? Way::kMidRise : Way::kStages;
                    constexpr bool is_cyclic = std::is_same_v<A, CyclicAdc>;
                    const auto stages = static_cast<size_t>(a.bits - 1);
                    const size_t built = is_cyclic ? 1 : stages;
                    for (size_t i = 0; i < converters_; i++) {
                        const std::vector<double> c = normals(key, i, 3 * built);
                        const std::vector<double> o =
                            normals(key, kMaxConverters + i, 2 * built + 1);
                        StageChain chain;
                        for (size_t s = 0; s < stages; s++) {
                            const size_t j = is_cyclic ? 0 : s;
                            chain.stages.push_back(
                                make_stage(1 + a.capacitor_sigma * c[3 * j],
                                           1 + a.capacitor_sigma * c[3 * j + 1],
                                           a.parasitic * (1 + a.capacitor_sigma * c[3 * j + 2]),
                                           a.gain_db,
                                           -0.25 + a.comparator_sigma * o[2 * j],
                                           0.25 + a.comparator_sigma * o[2 * j + 1]));
                        }
                        chain.flash = a.comparator_sigma * o[2 * built];
                        chains_.push_back(std::move(chain));
                    }
                }
            } else if constexpr (std::is_same_v<A, CcoAdc>) {
                way_ = Way::kEdges;
                gains_ = normals(key, 0, 2 * converters_);
                for (double& g : gains_) {
                    g = std::max(1 + a.gain_sigma * g, 0.01);
                }
            } else if constexpr (std::is_same_v<A, LogarithmicAdc>) {
                way_ = Way::kEdges;
            }
        },
        model_);
    if (way_ == Way::kEdges) {
        build_edges();
    }
    if (way_ == Way::kStages) {
        const size_t stages = chains_[0].stages.size();
        for (size_t s = 0; s < stages; s++) {
            for (size_t c = 0; c < columns_; c++) {
                const Stage& stage = chains_[converter_of(c)].stages[s];
                stage_gain_.push_back(static_cast<float>(stage.gain));
                stage_step_.push_back(static_cast<float>(stage.step));
                stage_low_.push_back(static_cast<float>(stage.low));
                stage_high_.push_back(static_cast<float>(stage.high));
            }
        }
        for (size_t c = 0; c < columns_; c++) {
            flash_.push_back(static_cast<float>(chains_[converter_of(c)].flash));
        }
    }
}

void AdcBank::build_edges() {
    const auto keep = [&](const std::vector<double>& edges) {
        edges_.emplace_back(edges.begin(), edges.end());
    };
    if (std::holds_alternative<SarAdc>(model_)) {
        for (const std::vector<double>& levels : levels_) {
            keep(sar_transitions(levels, bits_of(model_)));
        }
        return;
    }
    if (std::holds_alternative<RampAdc>(model_)) {
        // The nearest level: midpoints of the sorted levels; equal levels go to the first code.
        const std::vector<double>& levels = levels_[0];
        std::vector<int32_t> order(levels.size());
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
            return levels[static_cast<size_t>(a)] < levels[static_cast<size_t>(b)];
        });
        const double half = 0.5 / static_cast<double>(levels.size());
        std::vector<double> edges;
        for (size_t i = 0; i + 1 < order.size(); i++) {
            edges.push_back(half + 0.5 * (levels[static_cast<size_t>(order[i])] +
                                          levels[static_cast<size_t>(order[i + 1])]));
        }
        keep(edges);
        segment_codes_.push_back(std::move(order));
        return;
    }
    if (const auto* cco = std::get_if<CcoAdc>(&model_)) {
        const double periods = cco_periods(*cco, is_signed_);
        const auto top = static_cast<int64_t>(periods) - 1;
        for (size_t i = 0; i < converters_; i++) {
            std::vector<double> edges;
            if (is_signed_) {
                for (int64_t m = top; m >= 1; m--) {
                    edges.push_back(
                        0.5 -
                        0.5 * cco_edge(*cco, static_cast<double>(m), periods, gains_[2 * i + 1]));
                }
            }
            for (int64_t m = 1; m <= top; m++) {
                const double at = cco_edge(*cco, static_cast<double>(m), periods, gains_[2 * i]);
                edges.push_back(is_signed_ ? 0.5 + 0.5 * at : at);
            }
            keep(edges);
        }
        return;
    }
    const auto& log = std::get<LogarithmicAdc>(model_);
    const int64_t top = log_top(log, is_signed_);
    std::vector<double> edges;
    const auto middle = [&](int64_t k) {
        return 0.5 * (log_level(log, k, top) + log_level(log, k - 1, top));
    };
    if (is_signed_) {
        for (int64_t k = top; k >= 1; k--) {
            edges.push_back(0.5 - 0.5 * middle(k));
        }
    }
    for (int64_t k = 1; k <= top; k++) {
        edges.push_back(is_signed_ ? 0.5 + 0.5 * middle(k) : middle(k));
    }
    keep(edges);
}

int64_t AdcBank::codes() const {
    const int bits = bits_of(model_);
    if (bits == 0) {
        return 0;
    }
    if (std::holds_alternative<SignMagnitudeAdc>(model_)) {
        return power_of_two(bits) - 1;
    }
    const bool has_one_zero =
        std::holds_alternative<CcoAdc>(model_) || std::holds_alternative<LogarithmicAdc>(model_);
    return power_of_two(bits) - (has_one_zero && is_signed_ ? 1 : 0);
}

double AdcBank::value_of_code(int64_t code, AdcRange range) const {
    require_range(range);
    const double width = range.high - range.low;
    const auto k = static_cast<double>(code);
    if (way_ == Way::kGrid) {
        return range.low + k * width / grid_steps(model_);
    }
    if (const auto* cco = std::get_if<CcoAdc>(&model_)) {
        const double periods = cco_periods(*cco, is_signed_);
        if (!is_signed_) {
            return (k + 0.5) * range.high / periods;
        }
        const double m = k - (periods - 1);
        return m == 0 ? 0.0 : std::copysign(std::abs(m) + 0.5, m) * range.high / periods;
    }
    if (const auto* log = std::get_if<LogarithmicAdc>(&model_)) {
        const int64_t top = log_top(*log, is_signed_);
        const int64_t m = is_signed_ ? code - top : code;
        return (m < 0 ? -1.0 : 1.0) * range.high * log_level(*log, std::abs(m), top);
    }
    return range.low + (k + (mid_tread_ ? 0.0 : 0.5)) * width / static_cast<double>(codes());
}

int64_t AdcBank::reference_code(size_t column, double x, AdcRange range, double uniform) const {
    if (column >= columns_) {
        throw InputError("the array has " + std::to_string(columns_) + " columns, there is no " +
                         std::to_string(column));
    }
    if (!std::isfinite(x)) {
        throw InputError("the input of a converter must be finite");
    }
    require_range(range);
    const int bits = bits_of(model_);
    const auto last = static_cast<double>(codes() - 1);
    double u = place(x, range);
    if (way_ == Way::kGrid) {
        const double t = std::clamp(u, 0.0, 1.0) * grid_steps(model_);
        return static_cast<int64_t>(
            std::clamp(round_level(t, rounding_of(model_), uniform), 0.0, last));
    }
    u += circuit_shift();
    const size_t converter = converter_of(column);
    if (std::holds_alternative<SarAdc>(model_)) {
        return sar_code(
            levels_[std::min(converter, levels_.size() - 1)], u + offsets_[converter], bits);
    }
    if (std::holds_alternative<RampAdc>(model_)) {
        if (way_ == Way::kMidRise) {
            return static_cast<int64_t>(
                std::clamp(std::floor(u * static_cast<double>(codes())), 0.0, last));
        }
        const std::vector<double>& levels = levels_[0];
        const double half = 0.5 / static_cast<double>(levels.size());
        const double target = u + offsets_[column];
        size_t best = 0;
        for (size_t k = 1; k < levels.size(); k++) {
            if (std::abs(levels[k] + half - target) < std::abs(levels[best] + half - target)) {
                best = k;
            }
        }
        return static_cast<int64_t>(best);
    }
    if (!chains_.empty()) {
        return stage_code(chains_[converter], 2 * u - 1);
    }
    if (const auto* cco = std::get_if<CcoAdc>(&model_)) {
        const double periods = cco_periods(*cco, is_signed_);
        const double i = std::min(std::abs(x) / range.high, 1.0);
        const double gain = gains_[2 * converter + (is_signed_ && x < 0 ? 1 : 0)];
        const double f = (1 + cco->compression) * i / (1 + cco->compression * i);
        const double count = std::min(std::floor(periods * gain * f), periods - 1);
        if (!is_signed_) {
            return x < 0 ? 0 : static_cast<int64_t>(count);
        }
        return static_cast<int64_t>(periods - 1 + (x < 0 ? -count : count));
    }
    const auto& log = std::get<LogarithmicAdc>(model_);
    const int64_t top = log_top(log, is_signed_);
    const double size = (is_signed_ ? std::abs(x) : std::max(x, 0.0)) / range.high;
    int64_t k = 0;
    while (k < top && size >= 0.5 * (log_level(log, k, top) + log_level(log, k + 1, top))) {
        k++;
    }
    return is_signed_ ? top + (x < 0 ? -k : k) : k;
}

double AdcBank::reference(size_t column, double x, AdcRange range, double uniform) const {
    require_range(range);
    if (column >= columns_) {
        throw InputError("the array has " + std::to_string(columns_) + " columns, there is no " +
                         std::to_string(column));
    }
    if (way_ == Way::kNothing) {
        return x;
    }
    return value_of_code(reference_code(column, x, range, uniform), range);
}

size_t AdcBank::bytes() const {
    size_t total = (stage_gain_.size() * 4 + flash_.size()) * sizeof(float) +
                   (offsets_.size() + gains_.size()) * sizeof(double);
    for (const auto& e : edges_) {
        total += e.size() * sizeof(float);
    }
    for (const auto& l : levels_) {
        total += l.size() * sizeof(double);
    }
    return total;
}

}  // namespace mho
