// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/cell_tables.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

namespace mho {
namespace {

// Numbers of the draws, one per spread: the step of Stream::kDeviceTable. Never renumber.
enum Draw : uint64_t {
    kUpperBound = 0,
    kLowerBound = 1,
    kGain = 2,
    kAsymmetry = 3,
    kStuck = 4,
    kStuckValue = 5,
    kDiffusion = 6,
    kReset = 7,
    kLifetime = 8,
    kDriftNu = 9,
    kShapeUp = 10,  // spreads of the model itself
    kShapeDown = 11,
    kReference = 12,
    kShapeAsymmetry = 13,
    kHiddenGain = 14,
    kHiddenAsymmetry = 15,
};

// A drawn lifetime is at least this share of the mean, unless it may vanish.
constexpr double kShortestLifetime = 0.01;
constexpr double kPerfectBiasRange = 100.0;
constexpr size_t kMostEstimationSteps = 10000;

struct Drawer {
    CellTables& t;
    TileKey key;

    // Standard normal numbers, row-major without padding.
    std::vector<float> normals(Draw draw) const {
        std::vector<float> xi(t.rows * t.cols);
        fill_normal(key, Stream::kDeviceTable, draw, 0, xi);
        return xi;
    }
    std::vector<float> uniforms(Draw draw) const {
        std::vector<float> u(t.rows * t.cols);
        fill_uniform(key, Stream::kDeviceTable, draw, 0, u);
        return u;
    }
    CellTable empty_table() const { return CellTable(t.rows * t.stride, 0.0f); }

    // table(r, c) = f(normal) for every cell.
    template <class F>
    CellTable drawn(Draw draw, F&& f) const {
        const std::vector<float> xi = normals(draw);
        CellTable table = empty_table();
        for (size_t r = 0; r < t.rows; r++) {
            for (size_t c = 0; c < t.cols; c++) {
                table[r * t.stride + c] = static_cast<float>(f(double{xi[r * t.cols + c]}));
            }
        }
        return table;
    }

    template <class F>
    void for_cells(F&& f) const {
        for (size_t r = 0; r < t.rows; r++) {
            for (size_t c = 0; c < t.cols; c++) {
                f(r * t.stride + c, r * t.cols + c, c);
            }
        }
    }
};

// b_up and b_down of pulsed_cell.h.
double up_bias(const PulsedCell& p, double asymmetry) {
    return p.asymmetry_law == AsymmetryLaw::kSymmetric ? asymmetry : std::min(asymmetry, 0.0);
}
double down_bias(const PulsedCell& p, double asymmetry) {
    return p.asymmetry_law == AsymmetryLaw::kSymmetric ? -asymmetry : std::min(-asymmetry, 0.0);
}

void draw_steps_and_bounds(const PulsedCell& p, double dw_min, const Drawer& d) {
    CellTables& t = d.t;
    t.max_bound =
        d.drawn(kUpperBound, [&](double xi) { return p.w_max * (1 + p.w_max_dtod * xi); });
    t.min_bound =
        d.drawn(kLowerBound, [&](double xi) { return p.w_min * (1 + p.w_min_dtod * xi); });
    const std::vector<float> gain = d.normals(kGain);
    const std::vector<float> asymmetry = d.normals(kAsymmetry);
    t.step_up = d.empty_table();
    t.step_down = d.empty_table();
    d.for_cells([&](size_t i, size_t draw, size_t) {
        const double g = p.dw_min_dtod_log_normal ? std::exp(p.dw_min_dtod * gain[draw])
                                                  : 1 + p.dw_min_dtod * gain[draw];
        const double r = p.up_down_dtod * asymmetry[draw];
        double up = (g + up_bias(p, p.up_down) + r) * dw_min;
        double down = (g + down_bias(p, p.up_down) - r) * dw_min;
        float& high = t.max_bound[i];
        float& low = t.min_bound[i];
        if (p.enforce_consistency) {
            up = std::abs(up);
            down = std::abs(down);
            if (low > high) {
                std::swap(low, high);
            }
            high = std::abs(high);
            low = -std::abs(low);
        } else if (low > high) {
            low = high = 0.5f * (low + high);  // switched off
        }
        t.step_up[i] = static_cast<float>(up);
        t.step_down[i] = static_cast<float>(down);
    });
}

void draw_stuck_cells(const PulsedCell& p, const Drawer& d) {
    if (p.stuck_probability <= 0) {
        return;
    }
    CellTables& t = d.t;
    const std::vector<float> chance = d.uniforms(kStuck);
    const std::vector<float> value = d.uniforms(kStuckValue);
    const auto range = static_cast<float>(std::abs(p.stuck_range));
    d.for_cells([&](size_t i, size_t draw, size_t) {
        if (chance[draw] < static_cast<float>(p.stuck_probability)) {
            const float low = std::max(std::min(t.min_bound[i], t.max_bound[i]), -range);
            const float high = std::min(std::max(t.min_bound[i], t.max_bound[i]), range);
            t.min_bound[i] = t.max_bound[i] = low + (high - low) * value[draw];
            t.step_up[i] = t.step_down[i] = 0.0f;
        }
    });
}

void make_bias_perfect(const PulsedCell& p, double dw_min, const Drawer& d) {
    if (!p.perfect_bias) {
        return;
    }
    CellTables& t = d.t;
    d.for_cells([&](size_t i, size_t, size_t c) {
        if (c + 1 == t.cols) {
            t.step_up[i] = t.step_down[i] = static_cast<float>(dw_min);
            t.max_bound[i] = static_cast<float>(kPerfectBiasRange * p.w_max);
            t.min_bound[i] = static_cast<float>(kPerfectBiasRange * p.w_min);
        }
    });
}

void draw_time_tables(const PulsedCell& p, const Drawer& d) {
    CellTables& t = d.t;
    if (p.diffusion > 0) {
        t.diffusion = d.drawn(kDiffusion, [&](double xi) {
            return std::abs(p.diffusion * (1 + p.diffusion_dtod * xi));
        });
    }
    if (p.reset_dtod > 0) {
        t.reset_bias = d.drawn(kReset, [&](double xi) { return p.reset + p.reset_dtod * xi; });
    }
    if (p.lifetime > 0) {
        t.decay = d.drawn(kLifetime, [&](double xi) {
            double life = p.lifetime * (1 + p.lifetime_dtod * xi);
            if (!p.lifetime_may_vanish) {
                life = std::max(life, kShortestLifetime * p.lifetime);
            }
            return life > 1 ? 1 - 1 / life : 0.0;
        });
    }
    if (p.drift.nu_dtod > 0) {
        t.drift_nu = d.drawn(
            kDriftNu, [&](double xi) { return p.drift.nu + p.drift.nu_dtod * p.drift.nu * xi; });
    }
}

// k = -gamma s / bound, in which the bound that a step refers to depends on the model.
template <class S>
void draw_slopes(const S& s,
                 const Drawer& d,
                 double gamma_up,
                 double gamma_down,
                 double up_dtod,
                 double down_dtod,
                 bool allow_increasing,
                 bool mean_reference) {
    CellTables& t = d.t;
    const std::vector<float> up = up_dtod > 0 ? d.normals(kShapeUp) : std::vector<float>();
    const std::vector<float> down = down_dtod > 0 ? d.normals(kShapeDown) : std::vector<float>();
    t.slope_up = d.empty_table();
    t.slope_down = d.empty_table();
    d.for_cells([&](size_t i, size_t draw, size_t) {
        double gu = gamma_up + (up.empty() ? 0.0 : up_dtod * up[draw]);
        double gd = gamma_down + (down.empty() ? 0.0 : down_dtod * down[draw]);
        if (!allow_increasing) {
            gu = std::abs(gu);
            gd = std::abs(gd);
        }
        const double high = mean_reference ? s.w_max : double{t.max_bound[i]};
        const double low = mean_reference ? s.w_min : double{t.min_bound[i]};
        const double ref_up = s.reverse_up ? low - s.reverse_offset : high;
        const double ref_down = s.reverse_down ? high + s.reverse_offset : low;
        t.slope_up[i] = ref_up != 0 ? static_cast<float>(-gu * t.step_up[i] / ref_up) : 0.0f;
        t.slope_down[i] =
            ref_down != 0 ? static_cast<float>(-gd * t.step_down[i] / ref_down) : 0.0f;
    });
}

// The reference of each cell, with the symmetry point that `at` finds from its tables.
template <class S, class F>
void draw_reference(const S& s, const Drawer& d, bool bias_takes_point, F&& symmetry_point) {
    CellTables& t = d.t;
    if (s.reference_std == 0 && s.reference_mean == 0 && !s.subtract_symmetry_point) {
        return;
    }
    t.reference =
        d.drawn(kReference, [&](double xi) { return s.reference_mean + s.reference_std * xi; });
    if (!s.subtract_symmetry_point) {
        return;
    }
    if (bias_takes_point && t.reset_bias.empty()) {
        t.reset_bias.assign(t.rows * t.stride, static_cast<float>(s.reset));
    }
    d.for_cells([&](size_t i, size_t, size_t) {
        const double point = symmetry_point(i);
        t.reference[i] = static_cast<float>(t.reference[i] + point);
        if (bias_takes_point) {
            t.reset_bias[i] = static_cast<float>(t.reset_bias[i] + point);
        }
    });
}

// Where the mean steps of a response cancel, by letting pulse pairs act from 0.
template <class F>
double iterate_symmetry_point(double up, double down, double range, int wanted, F&& net_step) {
    const double smallest = std::min(up, down);
    size_t n = kMostEstimationSteps;
    if (wanted > 0) {
        n = static_cast<size_t>(wanted);
    } else if (smallest > 0) {
        n = static_cast<size_t>(
            std::min(std::round(10.0 * range / smallest), double{kMostEstimationSteps}));
    }
    double point = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double step = net_step(point);
        if (step == 0.0) {
            break;
        }
        point += step;
    }
    return point;
}

struct ShapeTables {
    const Drawer& d;
    CellTables& t;

    void operator()(const ConstantStep&) const {}

    void operator()(const LinearStep& s) const {
        draw_slopes(s,
                    d,
                    s.gamma_up,
                    s.gamma_down,
                    s.gamma_up_dtod,
                    s.gamma_down_dtod,
                    s.allow_increasing,
                    s.mean_bound_reference);
    }
    void operator()(const SoftBounds& s) const {
        draw_slopes(s, d, 1.0, 1.0, 0.0, 0.0, false, false);
    }

    // Slope spread moves the bounds: b = s / slope.
    void operator()(const SoftBoundsReference& s) const {
        t.slope_up = d.empty_table();
        t.slope_down = d.empty_table();
        const std::vector<float> up =
            s.slope_up_dtod > 0 ? d.normals(kShapeUp) : std::vector<float>();
        const std::vector<float> down =
            s.slope_down_dtod > 0 ? d.normals(kShapeDown) : std::vector<float>();
        d.for_cells([&](size_t i, size_t draw, size_t) {
            float& high = t.max_bound[i];
            float& low = t.min_bound[i];
            const double su = t.step_up[i];
            const double sd = t.step_down[i];
            if (high > 0 && low < 0) {
                const double ku =
                    su / high * std::abs(1 + (up.empty() ? 0.0 : s.slope_up_dtod * up[draw]));
                const double kd =
                    sd / -low * std::abs(1 + (down.empty() ? 0.0 : s.slope_down_dtod * down[draw]));
                if (!up.empty() && ku > 0) {
                    high = static_cast<float>(su / ku);
                }
                if (!down.empty() && kd > 0) {
                    low = static_cast<float>(-sd / kd);
                }
            }
            t.slope_up[i] = high > 0 ? static_cast<float>(-su / high) : 0.0f;
            t.slope_down[i] = low < 0 ? static_cast<float>(-sd / low) : 0.0f;
        });
        draw_reference(s, d, s.reset_shifts_twice, [&](size_t i) {
            const double slopes = double{t.slope_down[i]} - double{t.slope_up[i]};
            return slopes > 0 ? (double{t.step_up[i]} - t.step_down[i]) / slopes : 0.0;
        });
    }

    void operator()(const ExpStep&) const {}

    template <class S>
    void draw_exponents(const S& s) const {
        const std::vector<float> up = d.normals(kShapeUp);
        const std::vector<float> asymmetry = d.normals(kShapeAsymmetry);
        t.gamma_up = d.empty_table();
        t.gamma_down = d.empty_table();
        d.for_cells([&](size_t i, size_t draw, size_t) {
            const double g = 1 + s.pow_gamma_dtod * up[draw];
            const double r = s.pow_up_down_dtod * asymmetry[draw];
            double gu = (g + up_bias(s, s.pow_up_down) + r) * s.pow_gamma;
            double gd = (g + down_bias(s, s.pow_up_down) - r) * s.pow_gamma;
            if (s.enforce_consistency) {
                gu = std::abs(gu);
                gd = std::abs(gd);
            }
            t.gamma_up[i] = static_cast<float>(gu);
            t.gamma_down[i] = static_cast<float>(gd);
        });
    }
    void operator()(const PowStep& s) const { draw_exponents(s); }
    void operator()(const PowStepReference& s) const {
        draw_exponents(s);
        draw_reference(s, d, s.reset_shifts_twice, [&](size_t i) {
            const double high = t.max_bound[i];
            const double low = t.min_bound[i];
            const double range = high - low;
            if (range <= 0) {
                return 0.0;
            }
            const double up = t.step_up[i];
            const double down = t.step_down[i];
            return iterate_symmetry_point(up, down, range, s.estimation_steps, [&](double w) {
                return up * std::pow(std::max((high - w) / range, 0.0), double{t.gamma_up[i]}) -
                       down * std::pow(std::max((w - low) / range, 0.0), double{t.gamma_down[i]});
            });
        });
    }
    void operator()(const PiecewiseStep&) const {}
    void operator()(const MeasuredStep&) const {}
    void operator()(const UserStep&) const {}

    template <class S, class F>
    void draw_response_reference(const S& s, F&& q) const {
        draw_reference(s, d, false, [&](size_t i) {
            const double high = t.max_bound[i];
            const double low = t.min_bound[i];
            if (!(high > 0 && low < 0)) {
                return 0.0;
            }
            const double up = t.step_up[i];
            const double down = t.step_down[i];
            return iterate_symmetry_point(up, down, high - low, 0, [&](double w) {
                return up * q(std::max(1 - w / high, 0.0)) - down * q(std::max(1 - w / low, 0.0));
            });
        });
    }
    void operator()(const PowerResponse& s) const {
        t.gamma_up = d.empty_table();
        t.gamma_down = d.empty_table();
        d.for_cells([&](size_t i, size_t, size_t) {
            t.gamma_up[i] = t.gamma_down[i] = static_cast<float>(s.gamma);
        });
        draw_response_reference(s, [&](double x) { return std::pow(x, s.gamma); });
    }
    void operator()(const ExponentialResponse& s) const {
        draw_response_reference(
            s, [&](double x) { return std::expm1(s.gamma * x) / std::expm1(s.gamma); });
    }
    void operator()(const HiddenStep& s) const {
        const std::vector<float> gain = d.normals(kHiddenGain);
        const std::vector<float> asymmetry = d.normals(kHiddenAsymmetry);
        const double step = 1.0 / s.hidden_states;
        t.hidden_up = d.empty_table();
        t.hidden_down = d.empty_table();
        d.for_cells([&](size_t i, size_t draw, size_t) {
            const double g = 1 + s.hidden_dw_min_dtod * gain[draw];
            const double r = s.hidden_up_down_dtod * asymmetry[draw];
            t.hidden_up[i] =
                static_cast<float>(std::abs((g + up_bias(s, s.hidden_up_down) + r) * step));
            t.hidden_down[i] =
                static_cast<float>(std::abs((g + down_bias(s, s.hidden_up_down) - r) * step));
        });
    }
};

}  // namespace

void derive_scales(const PulsedDevice& device, CellTables& t) {
    // scale = numerator / width of the cell, 0 where it has none: its bounds pin it anyway.
    const auto fill = [&](auto&& up, auto&& down) {
        t.scale_up.assign(t.rows * t.stride, 0.0f);
        t.scale_down.assign(t.rows * t.stride, 0.0f);
        for (size_t i = 0; i < t.scale_up.size(); i++) {
            const double high = t.max_bound[i];
            const double low = t.min_bound[i];
            t.scale_up[i] = static_cast<float>(up(low, high));
            t.scale_down[i] = static_cast<float>(down(low, high));
        }
    };
    const auto over_range = [](double numerator) {
        return [numerator](double low, double high) {
            return high > low ? numerator / (high - low) : 0.0;
        };
    };
    const auto own_bounds = [&] {
        fill([](double, double high) { return high > 0 ? 1 / high : 0.0; },
             [](double low, double) { return low < 0 ? -1 / low : 0.0; });
    };
    if (const auto* e = std::get_if<ExpStep>(&device)) {
        const double rate = 2 * e->a / std::numbers::ln2;  // of powers of two
        fill(over_range(rate * e->gamma_up), over_range(-rate * e->gamma_down));
    } else if (std::holds_alternative<PowStep>(device) ||
               std::holds_alternative<PowStepReference>(device)) {
        fill(over_range(1.0), over_range(1.0));
    } else if (const auto* p = std::get_if<PiecewiseStep>(&device)) {
        const auto n = static_cast<double>(p->piecewise_up.size() - 1);
        fill(over_range(n), over_range(n));
    } else if (const auto* m = std::get_if<MeasuredStep>(&device)) {
        const auto n = static_cast<double>(m->mean_up.size() - 1);
        fill(over_range(n), over_range(n));
    } else if (std::holds_alternative<PowerResponse>(device) ||
               std::holds_alternative<ExponentialResponse>(device)) {
        own_bounds();
    }
}

CellTables draw_cell_tables(const PulsedDevice& device, size_t rows, size_t cols, TileKey key) {
    CellTables t;
    t.rows = rows;
    t.cols = cols;
    t.stride = (cols + 15) / 16 * 16;
    const PulsedCell& p = common_parameters(device);
    const Drawer d{t, key};
    double dw_min = p.dw_min;
    if (const auto* h = std::get_if<HiddenStep>(&device)) {
        dw_min *= h->hidden_states;  // one visible step per overflow
    }
    draw_steps_and_bounds(p, dw_min, d);
    draw_stuck_cells(p, d);
    make_bias_perfect(p, dw_min, d);
    draw_time_tables(p, d);
    std::visit(ShapeTables{d, t}, device);
    derive_scales(device, t);
    return t;
}

}  // namespace mho
