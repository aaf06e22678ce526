// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/step_family.h"

#include <algorithm>
#include <cmath>

#include "mho/util/error.h"

namespace mho {
namespace {

constexpr size_t kNodes = 5;        // of a piecewise step
constexpr double kEdge = 0.04;      // part of the range next to a bound
constexpr double kVanishing = 0.6;  // of the typical step: the weight stands at its bound
constexpr double kWide = 1e3;       // how far the optimiser may go from its start
constexpr double kSmallest = 1e-9;

FitParameter positive(const std::string& name, double start) {
    const double s = std::max(start, kSmallest);
    return {name, s, s / kWide, s * kWide, true};
}

double square(double v) {
    return v * v;
}

// The two steps at weight 0 as dw_min and its one-sided asymmetry.
void add_steps(double up,
               double down,
               std::vector<std::pair<std::string, std::vector<double>>>& f) {
    const double dw_min = std::max(up, down);
    f.push_back({"dw_min", {dw_min}});
    f.push_back({"up_down", {up >= down ? 1 - down / up : up / down - 1}});
}

// What families have in common that do not vanish at their bounds: a bound is a parameter where
// the trace shows it, else the end of the readings.
class BoundedFamily : public StepFamily {
  public:
    explicit BoundedFamily(const StepStatistics& s) : s_(s) {
        const double margin = std::max({std::abs(s.up), std::abs(s.down), s.write_noise});
        upper_ = std::max(s.highest + margin, 0.0);
        lower_ = std::min(s.lowest - margin, 0.0);
    }
    std::pair<double, double> bounds(const std::vector<double>& x) const override {
        size_t i = own_parameters();
        const double high = s_.reaches_upper ? x[i++] : upper_;
        const double low = s_.reaches_lower ? x[i] : lower_;
        return {std::min(low, 0.0), std::max(high, 0.0)};
    }

  protected:
    virtual size_t own_parameters() const = 0;
    void add_bounds(std::vector<FitParameter>& p) const {
        const double range = s_.highest - s_.lowest;
        if (s_.reaches_upper) {
            const double at = s_.upper;
            p.push_back({"w_max", at, at - 0.5 * range, s_.highest + range, false});
        }
        if (s_.reaches_lower) {
            const double at = s_.lower;
            p.push_back({"w_min", at, s_.lowest - range, at + 0.5 * range, false});
        }
    }
    void add_bound_fields(const std::vector<double>& x,
                          std::vector<std::pair<std::string, std::vector<double>>>& f) const {
        const auto [low, high] = bounds(x);
        f.push_back({"w_max", {high}});
        f.push_back({"w_min", {low}});
    }
    StepStatistics s_;
    double upper_;
    double lower_;
};

class ConstantFamily : public BoundedFamily {
  public:
    using BoundedFamily::BoundedFamily;
    std::string_view model() const override { return Schema<ConstantStep>::name; }
    std::vector<std::vector<FitParameter>> starts(const StepStatistics& s) const override {
        std::vector<FitParameter> p = {positive("step up", s.up), positive("step down", s.down)};
        add_bounds(p);
        return {p};
    }
    StepAt step(const std::vector<double>& x, double, bool up) const override {
        return up ? StepAt{x[0], 0, x[0]} : StepAt{-x[1], 0, x[1]};
    }
    std::vector<std::pair<std::string, std::vector<double>>> fields(
        const std::vector<double>& x) const override {
        std::vector<std::pair<std::string, std::vector<double>>> f;
        add_steps(x[0], x[1], f);
        add_bound_fields(x, f);
        return f;
    }

  protected:
    size_t own_parameters() const override { return 2; }
};

class LinearFamily : public BoundedFamily {
  public:
    LinearFamily(const StepStatistics& s, bool scaled) : BoundedFamily(s), scaled_(scaled) {}
    std::string_view model() const override { return Schema<LinearStep>::name; }
    bool multiplicative() const override { return scaled_; }
    std::vector<std::vector<FitParameter>> starts(const StepStatistics& s) const override {
        std::vector<FitParameter> p = {positive("step up", s.up), positive("step down", s.down)};
        const double steepest = 5 / std::max(s.highest - s.lowest, kSmallest);
        const auto slope = [&](const char* name, double start) {
            p.push_back(
                {name, std::clamp(start, -steepest, steepest), -2 * steepest, 2 * steepest, false});
        };
        slope("slope up", -s.up_slope / std::max(s.up, kSmallest));
        slope("slope down", s.down_slope / std::max(s.down, kSmallest));
        add_bounds(p);
        return {p};
    }
    StepAt step(const std::vector<double>& x, double w, bool up) const override {
        const double s = up ? x[0] : x[1];
        const double factor = up ? 1 - x[2] * w : 1 + x[3] * w;
        const double sign = up ? 1 : -1;
        return {
            sign * s * factor, sign * s * (up ? -x[2] : x[3]), scaled_ ? std::abs(s * factor) : s};
    }
    std::vector<std::pair<std::string, std::vector<double>>> fields(
        const std::vector<double>& x) const override {
        const auto [low, high] = bounds(x);
        std::vector<std::pair<std::string, std::vector<double>>> f;
        add_steps(x[0], x[1], f);
        f.push_back({"gamma_up", {x[2] * high}});
        f.push_back({"gamma_down", {-x[3] * low}});
        add_bound_fields(x, f);
        return f;
    }

  protected:
    size_t own_parameters() const override { return 4; }

  private:
    bool scaled_;
};

class SoftFamily : public StepFamily {
  public:
    explicit SoftFamily(bool scaled) : scaled_(scaled) {}
    std::string_view model() const override {
        return scaled_ ? Schema<SoftBounds>::name : Schema<SoftBoundsReference>::name;
    }
    bool multiplicative() const override { return scaled_; }
    std::vector<std::vector<FitParameter>> starts(const StepStatistics& s) const override {
        const double range = s.highest - s.lowest;
        const auto bound = [&](double step, double slope, double reading) {
            const double from_slope = slope > 0 ? step / slope : 10 * range;
            return std::clamp(from_slope, std::max(reading, 0.05 * range), 20 * range);
        };
        return {{positive("step up", s.up),
                 positive("step down", s.down),
                 positive("w_max", bound(s.up, -s.up_slope, s.highest)),
                 positive("-w_min", bound(s.down, s.down_slope, -s.lowest))}};
    }
    StepAt step(const std::vector<double>& x, double w, bool up) const override {
        const double s = up ? x[0] : x[1];
        const double bound = up ? x[2] : -x[3];
        const double sign = up ? 1 : -1;
        const double mean = sign * s * (1 - w / bound);
        return {mean, -sign * s / bound, scaled_ ? std::abs(mean) : s};
    }
    std::pair<double, double> bounds(const std::vector<double>& x) const override {
        return {-x[3], x[2]};
    }
    std::vector<std::pair<std::string, std::vector<double>>> fields(
        const std::vector<double>& x) const override {
        std::vector<std::pair<std::string, std::vector<double>>> f;
        add_steps(x[0], x[1], f);
        f.push_back({"w_max", {x[2]}});
        f.push_back({"w_min", {-x[3]}});
        return f;
    }

  private:
    bool scaled_;
};

class PowerFamily : public StepFamily {
  public:
    std::string_view model() const override { return Schema<PowStep>::name; }
    std::vector<std::vector<FitParameter>> starts(const StepStatistics& s) const override {
        std::vector<std::vector<FitParameter>> all;
        const double range = s.highest - s.lowest;
        for (const double gamma : {1.0, 2.0}) {
            // At weight 0 about half of the range is left.
            const double whole = std::pow(2.0, gamma);
            std::vector<FitParameter> p = {positive("full step up", s.up * whole),
                                           positive("full step down", s.down * whole),
                                           {"gamma up", gamma, 0.02, 50, true},
                                           {"gamma down", gamma, 0.02, 50, true}};
            p.push_back({"w_max",
                         std::max(s.highest, 0.0) + 0.05 * range,
                         std::max(s.highest - 0.3 * range, 1e-3 * range),
                         std::max(s.highest, 0.0) + 20 * range,
                         true});
            p.push_back({"-w_min",
                         std::max(-s.lowest, 0.0) + 0.05 * range,
                         std::max(-s.lowest - 0.3 * range, 1e-3 * range),
                         std::max(-s.lowest, 0.0) + 20 * range,
                         true});
            all.push_back(p);
        }
        return all;
    }
    StepAt step(const std::vector<double>& x, double w, bool up) const override {
        const double range = x[4] + x[5];
        const double left = std::max(up ? x[4] - w : w + x[5], 1e-9 * range) / range;
        const double gamma = up ? x[2] : x[3];
        const double mean = (up ? x[0] : -x[1]) * std::pow(left, gamma);
        return {mean, (up ? -1 : 1) * gamma * mean / (left * range), std::abs(mean)};
    }
    std::pair<double, double> bounds(const std::vector<double>& x) const override {
        return {-x[5], x[4]};
    }
    std::vector<std::pair<std::string, std::vector<double>>> fields(
        const std::vector<double>& x) const override {
        std::vector<std::pair<std::string, std::vector<double>>> f;
        add_steps(x[0], x[1], f);
        const double gamma = std::max(x[2], x[3]);
        f.push_back({"pow_gamma", {gamma}});
        f.push_back({"pow_up_down", {x[2] >= x[3] ? 1 - x[3] / x[2] : x[2] / x[3] - 1}});
        f.push_back({"w_max", {x[4]}});
        f.push_back({"w_min", {-x[5]}});
        return f;
    }
};

// With a = 1/2 and b = 0 the normalised weight is z = w / (w_max - w_min): A and gamma take up what
// a and b could say.
class ExponentialFamily : public BoundedFamily {
  public:
    using BoundedFamily::BoundedFamily;
    std::string_view model() const override { return Schema<ExpStep>::name; }
    std::vector<std::vector<FitParameter>> starts(const StepStatistics& s) const override {
        std::vector<std::vector<FitParameter>> all;
        // Steps that fall off near the bound, and steps that decay from the far one.
        for (const auto& [amplitude, gamma] : {std::pair{0.3, 2.0}, std::pair{-1.0, -2.0}}) {
            const double low = amplitude > 0 ? 1e-8 : -1e4;
            const double high = amplitude > 0 ? 0.999 : -1e-6;
            const double slow = amplitude > 0 ? 0.05 : -40.0;
            const double fast = amplitude > 0 ? 40.0 : -0.05;
            std::vector<FitParameter> p = {positive("scale up", s.up / (1 - amplitude)),
                                           positive("scale down", s.down / (1 - amplitude)),
                                           {"A up", amplitude, low, high, false},
                                           {"A down", amplitude, low, high, false},
                                           {"gamma up", gamma, slow, fast, false},
                                           {"gamma down", gamma, slow, fast, false}};
            add_bounds(p);
            all.push_back(p);
        }
        return all;
    }
    StepAt step(const std::vector<double>& x, double w, bool up) const override {
        const auto [low, high] = bounds(x);
        const double range = std::max(high - low, kSmallest);
        const double a = up ? x[2] : x[3];
        const double gamma = (up ? x[4] : -x[5]) / range;
        const double e = a * std::exp(std::clamp(gamma * w, -50.0, 50.0));
        const double s = up ? x[0] : -x[1];
        const double y = std::max(1 - e, 0.0);
        return {s * y, y > 0 ? -s * gamma * e : 0.0, std::abs(s * y)};
    }
    std::vector<std::pair<std::string, std::vector<double>>> fields(
        const std::vector<double>& x) const override {
        std::vector<std::pair<std::string, std::vector<double>>> f;
        add_steps(x[0], x[1], f);
        f.push_back({"a_up", {x[2]}});
        f.push_back({"a_down", {x[3]}});
        f.push_back({"gamma_up", {x[4]}});
        f.push_back({"gamma_down", {x[5]}});
        f.push_back({"a", {0.5}});
        f.push_back({"b", {0.0}});
        add_bound_fields(x, f);
        return f;
    }

  protected:
    size_t own_parameters() const override { return 6; }
};

class PiecewiseFamily : public BoundedFamily {
  public:
    using BoundedFamily::BoundedFamily;
    std::string_view model() const override { return Schema<PiecewiseStep>::name; }
    std::vector<std::vector<FitParameter>> starts(const StepStatistics& s) const override {
        std::vector<FitParameter> p;
        const double smallest = 0.02 * std::max({s.up, s.down, kSmallest});
        for (const bool up : {true, false}) {
            for (size_t i = 0; i < kNodes; i++) {
                const double w = lower_ + (upper_ - lower_) * static_cast<double>(i) / (kNodes - 1);
                const double line = up ? s.up + s.up_slope * w : s.down + s.down_slope * w;
                p.push_back(
                    positive((up ? "up " : "down ") + std::to_string(i), std::max(line, smallest)));
            }
        }
        add_bounds(p);
        return {p};
    }
    StepAt step(const std::vector<double>& x, double w, bool up) const override {
        const auto [low, high] = bounds(x);
        const double spacing = std::max(high - low, kSmallest) / (kNodes - 1);
        const double q = std::clamp((w - low) / spacing, 0.0, double{kNodes - 1});
        const size_t i = std::min(static_cast<size_t>(q), kNodes - 2);
        const double t = q - static_cast<double>(i);
        const double* v = x.data() + (up ? 0 : kNodes) + i;
        const double mean = (1 - t) * v[0] + t * v[1];
        const double sign = up ? 1 : -1;
        return {sign * mean, sign * (v[1] - v[0]) / spacing, mean};
    }
    std::vector<std::pair<std::string, std::vector<double>>> fields(
        const std::vector<double>& x) const override {
        double sum = 0;
        for (size_t i = 0; i < 2 * kNodes; i++) {
            sum += x[i] / (2 * kNodes);
        }
        std::vector<double> up;
        std::vector<double> down;
        for (size_t i = 0; i < kNodes; i++) {
            up.push_back(x[i] / sum);
            down.push_back(x[kNodes + i] / sum);
        }
        std::vector<std::pair<std::string, std::vector<double>>> f = {
            {"dw_min", {sum}}, {"piecewise_up", up}, {"piecewise_down", down}};
        add_bound_fields(x, f);
        return f;
    }

  protected:
    size_t own_parameters() const override { return 2 * kNodes; }
};

// Least squares line through (w, v).
struct Line {
    double n = 0, w = 0, ww = 0, v = 0, wv = 0;
    void add(double at, double value) {
        n++;
        w += at;
        ww += at * at;
        v += value;
        wv += at * value;
    }
    double slope() const {
        const double spread = ww - w * w / std::max(n, 1.0);
        return spread > 1e-12 * ww ? (wv - w * v / n) / spread : 0.0;
    }
    double at_zero() const { return n > 0 ? (v - slope() * w) / n : 0.0; }
};

}  // namespace

StepStatistics step_statistics(const std::vector<PulseTrace>& traces) {
    StepStatistics s;
    s.lowest = kInfinity;
    s.highest = -kInfinity;
    Line up;
    Line down;
    const auto each = [&](auto&& f) {
        for (const PulseTrace& t : traces) {
            for (size_t i = 1; i < t.weight.size(); i++) {
                if (t.pulses[i] != 0) {
                    f(t, i, (t.weight[i] - t.weight[i - 1]) / std::abs(t.pulses[i]));
                }
            }
        }
    };
    for (const PulseTrace& t : traces) {
        const auto [low, high] = std::minmax_element(t.weight.begin(), t.weight.end());
        s.lowest = std::min(s.lowest, *low);
        s.highest = std::max(s.highest, *high);
    }
    each([&](const PulseTrace& t, size_t i, double change) {
        t.pulses[i] > 0 ? up.add(t.weight[i - 1], change) : down.add(t.weight[i - 1], -change);
    });
    const double range = std::max(s.highest - s.lowest, kSmallest);
    // A line through noisy readings may cross zero anywhere: at least a thousandth of the range.
    const double mean_up = up.v / std::max(up.n, 1.0);
    const double mean_down = down.v / std::max(down.n, 1.0);
    s.up = std::max({up.at_zero(), 0.3 * mean_up, 1e-4 * range});
    s.down = std::max({down.at_zero(), 0.3 * mean_down, 1e-4 * range});
    s.up_slope = up.slope();
    s.down_slope = down.slope();
    // Reading noise makes neighbouring changes anti-correlated: - variance at lag 1.
    double variance = 0;
    double lagged = 0;
    double n = 0;
    double before = 0;
    double edge_up = 0, edge_up_n = 0, edge_down = 0, edge_down_n = 0;
    each([&](const PulseTrace& t, size_t i, double change) {
        const double w = t.weight[i - 1];
        const bool is_up = t.pulses[i] > 0;
        const double k = std::abs(t.pulses[i]);
        const double line = is_up ? s.up + s.up_slope * w : -(s.down + s.down_slope * w);
        const double residual = (change - line) * k;
        variance += square(residual);
        lagged += i > 1 ? residual * before : 0.0;
        before = residual;
        n++;
    });
    variance /= std::max(n, 1.0);
    const double write = std::clamp(-lagged / std::max(n, 1.0), 0.0, 0.499 * variance);
    s.write_noise = std::sqrt(std::max(write, square(1e-5 * range)));
    s.step_noise = std::sqrt(std::max(variance - 2 * write, square(1e-5 * range)));
    // Whether cells stand still at the ends. The reading before the last one says where a cell is:
    // its error is not in the change.
    const double edge = std::max(kEdge * range, 3 * s.write_noise);
    for (const PulseTrace& t : traces) {
        for (size_t i = 2; i < t.weight.size(); i++) {
            const double change =
                (t.weight[i] - t.weight[i - 1]) / std::max(std::abs(t.pulses[i]), 1);
            if (t.pulses[i] > 0 && t.pulses[i - 1] > 0 && t.weight[i - 2] > s.highest - edge) {
                edge_up += change;
                edge_up_n++;
                s.upper += t.weight[i];
            }
            if (t.pulses[i] < 0 && t.pulses[i - 1] < 0 && t.weight[i - 2] < s.lowest + edge) {
                edge_down -= change;
                edge_down_n++;
                s.lower += t.weight[i];
            }
        }
    }
    s.upper = edge_up_n > 0 ? s.upper / edge_up_n : s.highest;
    s.lower = edge_down_n > 0 ? s.lower / edge_down_n : s.lowest;
    s.reaches_upper = edge_up_n >= 5 && edge_up / edge_up_n < kVanishing * mean_up;
    s.reaches_lower = edge_down_n >= 5 && edge_down / edge_down_n < kVanishing * mean_down;
    return s;
}

std::vector<std::unique_ptr<StepFamily>> step_families(const std::string& model,
                                                       const StepStatistics& s) {
    std::vector<std::unique_ptr<StepFamily>> all;
    all.push_back(std::make_unique<ConstantFamily>(s));
    all.push_back(std::make_unique<LinearFamily>(s, true));
    all.push_back(std::make_unique<LinearFamily>(s, false));
    all.push_back(std::make_unique<SoftFamily>(true));
    all.push_back(std::make_unique<SoftFamily>(false));
    all.push_back(std::make_unique<PowerFamily>());
    all.push_back(std::make_unique<ExponentialFamily>(s));
    all.push_back(std::make_unique<PiecewiseFamily>(s));
    if (model.empty()) {
        return all;
    }
    std::vector<std::string> known;
    std::vector<std::unique_ptr<StepFamily>> chosen;
    for (auto& family : all) {
        known.emplace_back(family->model());
        if (family->model() == model) {
            chosen.push_back(std::move(family));
        }
    }
    if (chosen.empty()) {
        throw InputError("`" + model + "` is no model that can be fitted" +
                         suggestion(model, known));
    }
    return chosen;
}

}  // namespace mho
