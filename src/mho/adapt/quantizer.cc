// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/quantizer.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "mho/adapt/calibration.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

constexpr double kSmallestStep = 1e-8;

void require_sizes(size_t a, size_t b) {
    if (a != b) {
        throw InputError("a quantiser needs spans of one length, got " + std::to_string(a) +
                         " and " + std::to_string(b));
    }
}

void require_usable(const QuantizerConfig& c) {
    std::vector<Problem> problems;
    const auto check = [&](bool fine, const char* path, const char* message) {
        if (!fine) {
            problems.push_back({std::string("quantizer.") + path, message});
        }
    };
    check(c.bits >= 2 && c.bits <= 16, "bits", "must be 2 to 16");
    check(c.momentum >= 0 && c.momentum <= 1, "momentum", "must be 0 to 1");
    check(c.percentile >= 50 && c.percentile <= 100, "percentile", "must be 50 to 100");
    check(c.candidates >= 1 && c.candidates <= 1000000, "candidates", "must be 1 to 1000000");
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
}

struct Ends {
    double low = 0;
    double high = 0;
};

Ends ends_of(std::span<const float> x) {
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    return {std::min(double{*low}, 0.0), std::max(double{*high}, 0.0)};
}

Ends percentile_ends(const QuantizerConfig& config, std::span<const float> x) {
    std::vector<float> values(x.begin(), x.end());
    const double q = config.percentile / 100.0;
    const double high = quantile_of(values, q);
    const double low = quantile_of(values, 1.0 - q);
    return {std::min(low, 0.0), std::max(high, 0.0)};
}

using Loss = std::function<double(const Ends&)>;

// Shrinks the full range of the values to the one of smallest loss.
Ends grid_search(const QuantizerConfig& config, const Ends& full, const Loss& loss) {
    Ends best = full;
    double least = loss(full);
    const auto attempt = [&](const Ends& ends) {
        const double value = loss(ends);
        if (value < least) {
            least = value;
            best = ends;
        }
    };
    if (config.symmetric) {
        for (int i = 1; i < config.candidates; i++) {
            const double share = static_cast<double>(i) / config.candidates;
            attempt({full.low * share, full.high * share});
        }
        return best;
    }
    // Both ends move: a square grid with about as many candidates.
    const int side = std::max(1, static_cast<int>(std::sqrt(config.candidates)));
    for (int i = 1; i <= side; i++) {
        for (int j = 1; j <= side; j++) {
            attempt({full.low * i / side, full.high * j / side});
        }
    }
    return best;
}

// The share in (0, 1] of smallest loss, to a thousandth; the loss has one valley where it matters
// (Kiefer 1953).
double golden_section(const std::function<double(double)>& loss) {
    const double ratio = (std::sqrt(5.0) - 1.0) / 2.0;
    double low = 0;
    double high = 1;
    double a = high - ratio * (high - low);
    double b = low + ratio * (high - low);
    double at_a = loss(a);
    double at_b = loss(b);
    while (high - low > 1e-3) {
        if (at_a < at_b) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - ratio * (high - low);
            at_a = loss(a);
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + ratio * (high - low);
            at_b = loss(b);
        }
    }
    const double middle = (low + high) / 2;
    return loss(middle) <= loss(1.0) ? middle : 1.0;
}

Ends golden_search(const QuantizerConfig& config, const Ends& full, const Loss& loss) {
    if (config.symmetric) {
        const double share =
            golden_section([&](double s) { return loss({full.low * s, full.high * s}); });
        return {full.low * share, full.high * share};
    }
    // One end after the other, each for the other's last place.
    double low = 1;
    double high = 1;
    for (int round = 0; round < 3; round++) {
        high = golden_section([&](double s) { return loss({full.low * low, full.high * s}); });
        low = golden_section([&](double s) { return loss({full.low * s, full.high * high}); });
    }
    return {full.low * low, full.high * high};
}

}  // namespace

QuantGrid quant_grid(const QuantizerConfig& config, double low, double high) {
    require_usable(config);
    if (!(low <= 0 && high >= 0) || !std::isfinite(low) || !std::isfinite(high)) {
        throw InputError("the range of a quantiser must be finite and contain zero, got " +
                         std::to_string(low) + " to " + std::to_string(high));
    }
    QuantGrid grid;
    double step = 0;
    if (config.symmetric && low < 0) {
        grid.q_max = (1 << (config.bits - 1)) - 1;
        grid.q_min = -grid.q_max - 1;
        step = std::max(-low, high) / grid.q_max;
    } else {
        grid.q_max = (1 << config.bits) - 1;
        step = (high - low) / grid.q_max;
    }
    grid.step = static_cast<float>(std::max(step, kSmallestStep));
    if (!config.symmetric) {
        const double zero = std::nearbyint(-low / double{grid.step});
        grid.zero_point = static_cast<int>(std::clamp(zero, 0.0, static_cast<double>(grid.q_max)));
    }
    return grid;
}

void quantize(const QuantGrid& grid, std::span<const float> x, std::span<int> q) {
    require_sizes(x.size(), q.size());
    const auto low = static_cast<float>(grid.q_min - grid.zero_point);
    const auto high = static_cast<float>(grid.q_max - grid.zero_point);
    for (size_t i = 0; i < x.size(); i++) {
        // Cut as float first: a large value has no int. NaN goes to the lower end.
        const float code = std::fmin(std::fmax(std::nearbyint(x[i] / grid.step), low), high);
        q[i] = static_cast<int>(code) + grid.zero_point;
    }
}

void fake_quantize(const QuantGrid& grid, std::span<const float> x, std::span<float> y) {
    require_sizes(x.size(), y.size());
    const auto low = static_cast<float>(grid.q_min - grid.zero_point);
    const auto high = static_cast<float>(grid.q_max - grid.zero_point);
    for (size_t i = 0; i < x.size(); i++) {
        y[i] = std::fmin(std::fmax(std::nearbyint(x[i] / grid.step), low), high) * grid.step;
    }
}

double reference_fake_quantize(const QuantGrid& grid, double x) {
    const double q = std::nearbyint(x / double{grid.step}) + grid.zero_point;
    const double cut =
        std::clamp(q, static_cast<double>(grid.q_min), static_cast<double>(grid.q_max));
    return (cut - grid.zero_point) * double{grid.step};
}

void straight_through(const QuantGrid& grid,
                      std::span<const float> x,
                      std::span<const float> gradient,
                      std::span<float> out) {
    require_sizes(x.size(), gradient.size());
    require_sizes(x.size(), out.size());
    for (size_t i = 0; i < x.size(); i++) {
        out[i] = x[i] >= grid.low() && x[i] <= grid.high() ? gradient[i] : 0.0f;
    }
}

double quantization_error(const QuantGrid& grid, std::span<const float> x) {
    require_all_finite(x, "numbers to quantise");
    double sum = 0;
    for (const float v : x) {
        const double d = reference_fake_quantize(grid, v) - v;
        sum += d * d;
    }
    return x.empty() ? 0.0 : sum / static_cast<double>(x.size());
}

double quantization_cross_entropy(const QuantGrid& grid, std::span<const float> x, size_t row) {
    if (row == 0 || x.size() % row != 0) {
        throw InputError("rows of " + std::to_string(row) + " logits do not fit " +
                         std::to_string(x.size()) + " numbers");
    }
    require_all_finite(x, "logits to quantise");
    // log sum exp of a row, and the row through a function.
    const auto log_sum = [&](std::span<const float> v, const auto& f) {
        double largest = f(v[0]);
        for (const float each : v) {
            largest = std::max(largest, f(each));
        }
        double sum = 0;
        for (const float each : v) {
            sum += std::exp(f(each) - largest);
        }
        return largest + std::log(sum);
    };
    const auto exact = [](float v) { return double{v}; };
    const auto moved = [&](float v) { return reference_fake_quantize(grid, v); };
    double total = 0;
    for (size_t first = 0; first < x.size(); first += row) {
        const std::span<const float> v = x.subspan(first, row);
        const double norm = log_sum(v, exact);
        const double moved_norm = log_sum(v, moved);
        for (const float each : v) {
            total += std::exp(exact(each) - norm) * (moved_norm - moved(each));
        }
    }
    return x.empty() ? 0.0 : total / static_cast<double>(x.size() / row);
}

GridGradient grid_gradient(const QuantGrid& grid,
                           std::span<const float> x,
                           std::span<const float> gradient) {
    require_sizes(x.size(), gradient.size());
    const double low = grid.q_min - grid.zero_point;
    const double high = grid.q_max - grid.zero_point;
    GridGradient sum;
    for (size_t i = 0; i < x.size(); i++) {
        const double v = double{x[i]} / double{grid.step};
        const double code = std::nearbyint(v);
        const double g = double{gradient[i]};
        if (code < low) {
            sum.step += g * low;
            sum.zero_point -= g * double{grid.step};
        } else if (code > high) {
            sum.step += g * high;
            sum.zero_point -= g * double{grid.step};
        } else {
            sum.step += g * (code - v);
        }
    }
    return sum;
}

RangeEstimator::RangeEstimator(const QuantizerConfig& config) : config_(config) {
    require_usable(config);
}

void RangeEstimator::add(std::span<const float> batch, size_t row) {
    if (batch.empty()) {
        return;
    }
    require_finite({batch.data(), 1, batch.size()}, "values to quantise");
    Ends now;
    switch (config_.range) {
        case RangeRule::kPercentile:
            now = percentile_ends(config_, batch);
            break;
        case RangeRule::kMse:
            now = grid_search(config_, ends_of(batch), [&](const Ends& e) {
                return quantization_error(quant_grid(config_, e.low, e.high), batch);
            });
            break;
        case RangeRule::kMseGolden:
            now = golden_search(config_, ends_of(batch), [&](const Ends& e) {
                return quantization_error(quant_grid(config_, e.low, e.high), batch);
            });
            break;
        case RangeRule::kCrossEntropy:
            now = grid_search(config_, ends_of(batch), [&](const Ends& e) {
                return quantization_cross_entropy(
                    quant_grid(config_, e.low, e.high), batch, row == 0 ? batch.size() : row);
            });
            break;
        default:
            now = ends_of(batch);
    }
    if (config_.range == RangeRule::kAllTime) {
        now = {std::min(now.low, low_), std::max(now.high, high_)};
    } else if (config_.range == RangeRule::kRunning && batches_ > 0) {
        const double m = config_.momentum;
        now = {m * low_ + (1 - m) * now.low, m * high_ + (1 - m) * now.high};
    }
    low_ = now.low;
    high_ = now.high;
    batches_++;
}

std::vector<QuantGrid> fake_quantize_weights(const QuantizerConfig& config, FloatView weights) {
    std::vector<QuantGrid> grids;
    if (weights.stride != weights.cols) {
        throw InputError("weights to quantise must be contiguous");
    }
    const size_t block = config.per_channel ? 1 : weights.rows;
    for (size_t first = 0; first < weights.rows; first += block) {
        const std::span<float> values{weights.row(first), block * weights.cols};
        RangeEstimator estimator(config);
        estimator.add(values);
        const QuantGrid& grid = grids.emplace_back(estimator.grid());
        fake_quantize(grid, values, values);
    }
    return grids;
}

}  // namespace mho
