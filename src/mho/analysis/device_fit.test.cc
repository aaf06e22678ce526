// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/device_fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/analysis/device_response.h"
#include "mho/analysis/simulated_traces.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// Trains up and down, read after each pulse.
std::vector<PulseTrace> simulate(
    const PulsedDevice& device, size_t cells, int pulses, int cycles, uint64_t seed) {
    return simulate_traces(device, cells, pulses, cycles, 0, seed);
}

const FittedParameter& parameter(const DeviceFit& fit, const std::string& name) {
    for (const FittedParameter& p : fit.parameters) {
        if (p.name == name) {
            return p;
        }
    }
    throw InputError("no parameter " + name);
}

// Within 4.5 standard errors: 1e-5 of fits would fail, and seeds are fixed.
void expect_recovered(const DeviceFit& fit, const std::string& name, double truth) {
    const FittedParameter& p = parameter(fit, name);
    ASSERT_TRUE(std::isfinite(p.error)) << name;
    EXPECT_LE(std::abs(p.value - truth), 4.5 * p.error) << name << " = " << p.value;
    // The interval must be of use: a tenth of the value or of the range.
    EXPECT_LE(p.error, 0.2 * std::max(std::abs(truth), 0.05)) << name;
}

SoftBounds soft_device() {
    SoftBounds d;
    d.dw_min = 0.01;
    d.up_down = 0.25;
    d.w_max = 0.7;
    d.w_min = -0.5;
    d.dw_min_std = 0.4;
    d.write_noise_std = 1.5;
    return d;
}

TEST(DeviceFit, RecoversSoftBounds) {
    const PulsedDevice device = identical_cells(soft_device(), false);
    const auto fits = fit_devices(simulate(device, 1, 200, 4, 3), {.model = "soft bounds"});
    ASSERT_EQ(fits.size(), 1U);
    const DeviceFit& fit = fits.front();
    ASSERT_TRUE(std::holds_alternative<SoftBounds>(fit.device));
    expect_recovered(fit, "dw_min", 0.01);
    expect_recovered(fit, "up_down", 0.25);
    expect_recovered(fit, "w_max", 0.7);
    expect_recovered(fit, "w_min", -0.5);
    expect_recovered(fit, "dw_min_std", 0.4);
    expect_recovered(fit, "write_noise_std", 1.5);
    EXPECT_NEAR(fit.residual_std, 1.0, 0.12);  // of 1600 numbers: 0.018
    EXPECT_LT(std::abs(fit.residual_lag), 0.12);
    // Nine of ten readings lie in a band of 90 %.
    const auto traces = simulate(device, 1, 200, 4, 3);
    size_t inside = 0;
    for (size_t i = 0; i < traces[0].weight.size(); i++) {
        inside += traces[0].weight[i] >= fit.band_low[i] && traces[0].weight[i] <= fit.band_high[i];
    }
    EXPECT_GT(static_cast<double>(inside) / static_cast<double>(traces[0].weight.size()), 0.6);
}

TEST(DeviceFit, RecoversLinearPowerAndExponentialSteps) {
    LinearStep linear;
    linear.dw_min = 0.004;
    linear.gamma_up = 0.4;
    linear.gamma_down = 0.7;
    linear.w_max = 0.5;
    linear.w_min = -0.5;
    linear.multiplicative_noise = false;
    linear.write_noise_std = 1.0;
    auto fits = fit_devices(simulate(identical_cells(linear, false), 1, 450, 4, 5),
                            {.model = "linear step"});
    // Two laws of the noise. With readings this noisy they can hardly be told apart.
    ASSERT_EQ(fits.size(), 2U);
    const DeviceFit& additive = fits[fits[0].multiplicative_noise ? 1 : 0];
    EXPECT_FALSE(additive.multiplicative_noise);
    EXPECT_LT(additive.aic - fits.front().aic, 10.0);
    expect_recovered(additive, "dw_min", 0.004);
    expect_recovered(additive, "w_max", 0.5);
    expect_recovered(additive, "gamma_up", 0.4);
    expect_recovered(additive, "gamma_down", 0.7);

    PowStep power;
    power.dw_min = 0.04;
    power.pow_gamma = 1.8;
    power.w_max = 0.6;
    power.w_min = -0.6;
    fits =
        fit_devices(simulate(identical_cells(power, false), 1, 150, 6, 7), {.model = "power step"});
    expect_recovered(fits.front(), "pow_gamma", 1.8);
    expect_recovered(fits.front(), "dw_min_std", 0.3);

    // Parameters of an exponential step hang together; what they say about steps does not.
    ExpStep exponential;
    exponential.dw_min = 0.005;
    exponential.a_up = exponential.a_down = 0.3;
    exponential.gamma_up = exponential.gamma_down = 2.0;
    exponential.a = 0.5;
    exponential.b = 0.0;
    const PulsedDevice truth = identical_cells(exponential, true);
    fits = fit_devices(simulate(identical_cells(exponential, false), 1, 300, 4, 9),
                       {.model = "exponential step"});
    DeviceResponseOptions options;
    options.pulses = 300;
    options.cells = 2;
    const DeviceResponse a = measure_response(truth, options);
    const DeviceResponse b = measure_response(identical_cells(fits.front().device, true), options);
    for (size_t i = 0; i < a.nominal.size(); i++) {
        EXPECT_NEAR(a.nominal[i], b.nominal[i], 0.06) << a.pulse[i];
    }
}

// Without a wish for a model the right one wins, or one that contains it.
TEST(DeviceFit, ChoosesTheModel) {
    ConstantStep constant;
    constant.dw_min = 0.005;
    constant.w_max = 5.0;
    constant.w_min = -5.0;
    const auto fits = fit_devices(simulate(identical_cells(constant, false), 1, 150, 3, 11));
    EXPECT_GE(fits.size(), 6U);
    double constant_aic = 0;
    for (const DeviceFit& f : fits) {
        EXPECT_GT(f.aic, fits.front().aic - 2.0);
        if (std::holds_alternative<ConstantStep>(f.device)) {
            constant_aic = f.aic;
            EXPECT_FALSE(f.notes.empty());  // it has no write noise
        }
    }
    EXPECT_LT(constant_aic - fits.front().aic, 8.0);

    PiecewiseStep bump;
    bump.dw_min = 0.01;
    bump.piecewise_up = {0.3, 1.0, 2.0, 1.0, 0.3};
    bump.piecewise_down = {0.3, 1.0, 2.0, 1.0, 0.3};
    const auto of_bump = fit_devices(simulate(identical_cells(bump, false), 1, 200, 4, 12));
    EXPECT_TRUE(std::holds_alternative<PiecewiseStep>(of_bump.front().device));
    // A straight line does not explain this: its residuals tell.
    for (const DeviceFit& f : of_bump) {
        if (std::holds_alternative<SoftBounds>(f.device)) {
            EXPECT_GT(f.aic - of_bump.front().aic, 50.0);
        }
    }
}

TEST(DeviceFit, SpreadOverCells) {
    SoftBounds d = soft_device();
    d.dw_min_dtod = 0.2;
    d.up_down = 0.0;
    d.up_down_dtod = 0.1;
    d.w_max_dtod = 0.15;
    d.w_min_dtod = 0.15;
    d.write_noise_std = 0.0;
    const auto fits = fit_devices(simulate(d, 40, 120, 2, 13), {.model = "soft bounds"});
    const DeviceFit& fit = fits.front();
    expect_recovered(fit, "w_max", 0.7);
    EXPECT_NEAR(
        parameter(fit, "dw_min_dtod").value, 0.2, 4.5 * parameter(fit, "dw_min_dtod").error);
    EXPECT_NEAR(
        parameter(fit, "up_down_dtod").value, 0.1, 4.5 * parameter(fit, "up_down_dtod").error);
    EXPECT_NEAR(parameter(fit, "w_max_dtod").value, 0.15, 4.5 * parameter(fit, "w_max_dtod").error);
    EXPECT_GT(common_parameters(fit.device).w_min_dtod, 0.05);
}

// 95 % intervals hold the truth in 95 of 100 experiments: of 40, at least 31 (binomial, 1e-6).
TEST(DeviceFit, IntervalsCover) {
    const PulsedDevice device = identical_cells(soft_device(), false);
    size_t covered[3] = {};
    for (uint64_t seed = 0; seed < 40; seed++) {
        const auto fits =
            fit_devices(simulate(device, 1, 100, 2, 100 + seed), {.model = "soft bounds"});
        const char* names[] = {"dw_min", "w_max", "dw_min_std"};
        const double truth[] = {0.01, 0.7, 0.4};
        for (size_t i = 0; i < 3; i++) {
            const FittedParameter& p = parameter(fits.front(), names[i]);
            covered[i] += p.low <= truth[i] && truth[i] <= p.high;
        }
    }
    for (const size_t n : covered) {
        EXPECT_GE(n, 28U);
    }
}

DeviceFitOptions threads_only(size_t threads) {
    DeviceFitOptions options;
    options.threads = threads;
    return options;
}

TEST(DeviceFit, SameResultsForAnyNumberOfThreads) {
    const auto traces = simulate(identical_cells(soft_device(), false), 2, 60, 1, 15);
    const auto one = fit_devices(traces, threads_only(1));
    const auto three = fit_devices(traces, threads_only(3));
    ASSERT_EQ(one.size(), three.size());
    for (size_t i = 0; i < one.size(); i++) {
        EXPECT_EQ(one[i].aic, three[i].aic);
    }
}

TEST(DeviceFit, RefusesWhatSaysNothing) {
    EXPECT_THROW(fit_devices({}), InputError);
    PulseTrace flat;
    for (int i = 0; i < 20; i++) {
        flat.pulses.push_back(i % 2 ? 1 : -1);
        flat.weight.push_back(0.1);
    }
    EXPECT_THROW(fit_devices({flat}), InputError);
    flat.weight[3] = 0.2;
    EXPECT_THROW(fit_devices({flat}, {.model = "soft bond"}), InputError);
    // A single outlier still gives numbers, however doubtful.
    for (const DeviceFit& f : fit_devices({flat})) {
        EXPECT_TRUE(std::isfinite(f.aic));
    }
}

TEST(PulseTraces, ReadsCellsAndUnits) {
    std::string csv = "cell;Pulses;weight;note\n";
    for (int i = 0; i < 20; i++) {
        for (const int cell : {7, 3}) {
            csv += std::to_string(cell) + ";" + (i < 10 ? "2" : "-1") + ";" +
                   std::to_string(10 + i * cell) + ";0\n";
        }
    }
    const auto traces = parse_pulse_traces(csv, "t.csv", {10.0, 0.1});
    ASSERT_EQ(traces.size(), 2U);
    EXPECT_EQ(traces[0].cell, 7.0);
    EXPECT_EQ(traces[0].pulses[0], 2);
    EXPECT_EQ(traces[0].pulses[19], -1);
    EXPECT_NEAR(traces[0].weight[2], 1.4, 1e-12);
    EXPECT_NEAR(traces[1].weight[2], 0.6, 1e-12);
}

TEST(PulseTraces, SaysWhatIsWrong) {
    const auto message = [](const std::string& csv, const PulseTraceOptions& options = {}) {
        try {
            parse_pulse_traces(csv, "t.csv", options);
        } catch (const Error& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    EXPECT_NE(message("").find("t.csv"), std::string::npos);
    EXPECT_NE(message("weight\n1\n").find("no column `pulses`"), std::string::npos);
    EXPECT_NE(message("pulses,w\n1,1\n").find("no column `weight`"), std::string::npos);
    EXPECT_NE(message("pulses,weight\n").find("no readings"), std::string::npos);
    EXPECT_NE(message("pulses,weight\n0.5,1\n").find("reading 1: `pulses`"), std::string::npos);
    EXPECT_NE(message("pulses,weight\n1,nan\n").find("`weight`"), std::string::npos);
    EXPECT_NE(message("pulses,weight\n1e9,1\n").find("`pulses`"), std::string::npos);
    EXPECT_NE(message("pulses,weight\n1,0.1\n1,0.2\n").find("four of each"), std::string::npos);
    EXPECT_THROW(parse_pulse_traces("pulses,weight\n1,1\n", "t", {0.0, 0.0}), InputError);
    EXPECT_THROW(read_pulse_traces("/nowhere/t.csv"), IoError);
}

}  // namespace
}  // namespace mho
