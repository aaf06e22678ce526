// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/specs.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mho/analysis/chip_score.h"
#include "mho/analysis/test_support.h"
#include "mho/analysis/yield.h"

namespace mho {
namespace {

double limit_of(const Specs& s, const std::string& axis) {
    for (const SpecLimit& l : s.limits) {
        if (l.axis == axis) {
            return l.value.value_or(NAN);
        }
    }
    return NAN;
}

// A known region: (noise / 0.05)^2 + (drift / 0.1)^2 <= 1, at least 5 bits of the ADC.
bool known(const DeviceSpec& s) {
    const double noise = s.programming_noise / 0.05;
    const double drift = s.drift / 0.1;
    return noise * noise + drift * drift <= 1.0 && (s.adc_bits == 0 || s.adc_bits >= 5) &&
           s.read_noise <= 0;
}

TEST(Specs, FindsAKnownRegion) {
    SpecOptions options;
    options.points = 9;
    options.pairs = {
        {"programming noise", "drift"}, {"programming noise", "ADC bits"}, {"drift", "read noise"}};
    size_t asked = 0;
    const Specs s = find_specs(spec_axes(), options, [&](const DeviceSpec& spec) {
        asked++;
        return known(spec);
    });
    const double step = std::pow(10.0, 1.0 / 12.0);
    EXPECT_LE(limit_of(s, "programming noise"), 0.05);
    EXPECT_GT(limit_of(s, "programming noise"), 0.05 / step * 0.999);
    EXPECT_LE(limit_of(s, "drift"), 0.1);
    EXPECT_GT(limit_of(s, "drift"), 0.1 / step * 0.999);
    EXPECT_EQ(limit_of(s, "ADC bits"), 5.0);
    EXPECT_EQ(limit_of(s, "DAC bits"), 2.0);
    EXPECT_TRUE(std::isnan(limit_of(s, "read noise")));
    for (const SpecLimit& l : s.limits) {
        EXPECT_EQ(l.at_end,
                  l.axis == "DAC bits" || l.axis == "output noise" || l.axis == "off conductance")
            << l.axis;
    }
    ASSERT_EQ(s.pairs.size(), 3U);
    const SpecPair& circle = s.pairs[0];
    ASSERT_EQ(circle.x.size(), 9U);
    for (size_t i = 0; i < circle.x.size(); i++) {
        const double noise = circle.x[i] / 0.05;
        const double border = 0.1 * std::sqrt(1 - noise * noise);
        const double limit = circle.limit[i].value_or(0.0);
        EXPECT_LE(limit, border * (1 + 1e-9));
        EXPECT_GT(limit, border / step * 0.999 - 1e-3);  // 1e-3: the mildest level
        EXPECT_TRUE(i == 0 || limit <= circle.limit[i - 1].value_or(0.0));
    }
    for (const auto& bits : s.pairs[1].limit) {
        EXPECT_EQ(bits.value_or(0), 5.0);
    }
    for (const auto& none : s.pairs[2].limit) {
        EXPECT_FALSE(none.has_value());
    }
    EXPECT_LT(asked, 150U);  // bisection, not a scan
    options.pairs = {{"programming noise", "drfit"}};
    EXPECT_THROW(find_specs(spec_axes(), options, known), InputError);
}

TEST(Specs, OfANetwork) {
    const RunFile run = tiny_run();
    const RunNetworks networks = matched_networks(run, pattern_images(64, 1));
    const LabelledImages test = pattern_images(60, 2);
    // Ideal hardware still clips inputs at its input ranges, and nothing else: chips are alike.
    const ChipScore score(test, 60, run.seed, 1);
    const double exact = score.exact(networks.floating_point);
    const double ideal = score.on_chip(with_spec(networks.naive, {}), 0, 86400.0, 1);
    EXPECT_NEAR(ideal, exact, 2.5 / 60);
    EXPECT_EQ(score.on_chip(with_spec(networks.naive, {}), 1, 1.0, 1), ideal);
    SpecOptions options;
    options.images = 60;
    options.chips = 2;
    options.points = 3;
    options.loss = 0.05;
    options.pairs = {{"programming noise", "ADC bits"}};
    const Specs s = specify(networks.naive, networks.floating_point, test, run.seed, options);
    EXPECT_EQ(s.exact, exact);
    EXPECT_NEAR(s.ideal, ideal, 1e-12);
    EXPECT_NEAR(s.target, exact - 0.05, 1e-12);
    ASSERT_EQ(s.limits.size(), spec_axes().size());
    // What is found suffices, and the level after it does not.
    const SpecAxis noise = spec_axes()[0];
    const double limit = limit_of(s, "programming noise");
    const auto mean_score = [&](double v) {
        DeviceSpec spec;
        spec.programming_noise = v;
        const Network changed = with_spec(networks.naive, spec);
        return (score.on_chip(changed, 0, options.t_s, 1) +
                score.on_chip(changed, 1, options.t_s, 1)) /
               2;
    };
    EXPECT_GE(mean_score(limit), s.target);
    const auto at = std::find(noise.levels.begin(), noise.levels.end(), limit);
    ASSERT_NE(at, noise.levels.end());
    if (at + 1 != noise.levels.end()) {
        EXPECT_LT(mean_score(*(at + 1)), s.target);
    }
    EXPECT_GT(s.evaluations, 20U);
    EXPECT_THROW(specify(networks.floating_point, networks.floating_point, test, 1, options),
                 InputError);
}

// What stands in place of `forward` and the conductance model is gone: the axes act.
TEST(Specs, OfNetworksOnCrossbars) {
    const RunFile run =
        tiny_run({"hardware.preset=crossbar sar", "hardware.crossbar.cell.read_voltage_v=0.3"});
    const RunNetworks networks = matched_networks(run, pattern_images(64, 1));
    const Network plain = with_spec(networks.naive, {});
    for (const auto& [name, h] : plain.analog) {
        EXPECT_FALSE(h.crossbar.enabled) << name;
        EXPECT_FALSE(h.time_ir_drop.enabled) << name;
        // Nothing of `forward` acts that the crossbar stood in for.
        EXPECT_EQ(h.forward.output_noise.std, 0) << name;
        EXPECT_EQ(h.forward.ir_drop.strength, 0) << name;
        EXPECT_EQ(h.forward.adc.steps, 0) << name;
    }
    const LabelledImages test = pattern_images(60, 2);
    const ChipScore score(test, 60, run.seed, 1);
    DeviceSpec noisy;
    noisy.programming_noise = 0.5;
    EXPECT_LT(score.on_chip(with_spec(networks.naive, noisy), 0, 86400.0, 1),
              score.on_chip(plain, 0, 86400.0, 1));
}

TEST(Yield, WilsonInterval) {
    const double chips[] = {0.9, 0.91, 0.89, 0.95, 0.92, 0.93, 0.88, 0.9, 0.94, 0.9};
    const Interval y = chip_yield(chips, 0.9);
    EXPECT_DOUBLE_EQ(y.mean, 0.8);
    // Wilson's score interval of 8 of 10: 0.4902 to 0.9433 (Brown, Cai, DasGupta 2001).
    EXPECT_NEAR(y.low, 0.4902, 5e-5);
    EXPECT_NEAR(y.high, 0.9433, 5e-5);
    const Interval all = chip_yield(chips, 0.5);
    EXPECT_EQ(all.mean, 1.0);
    EXPECT_NEAR(all.high, 1.0, 1e-12);
    EXPECT_NEAR(all.low, 10 / (10 + 3.8414588), 1e-6);
    EXPECT_NEAR(chip_yield(chips, 0.99).low, 0.0, 1e-12);
    EXPECT_THROW(chip_yield({}, 0.5), InputError);
    const std::string results =
        R"({"accuracy": {"float": 0.95, "naive": {"1 day": {"mean": 0.9, "all": [0.9, 0.88, 0.92, 0.94]}}}})";
    const std::vector<CurveYield> of_run = yields_of(results, "r", 0.9);
    ASSERT_EQ(of_run.size(), 1u);
    EXPECT_EQ(of_run[0].curve + of_run[0].time, "naive1 day");
    EXPECT_EQ(of_run[0].chips, 4u);
    EXPECT_EQ(of_run[0].share.mean, 0.75);
    const std::string losses = R"({"loss": {"float": 1, "hwa": {"1 s": {"all": [1.1, 1.3]}}}})";
    EXPECT_EQ(yields_of(losses, "r", 1.2)[0].share.mean, 0.5);
    EXPECT_THROW(yields_of("{}", "r", 0.9), InputError);
}

}  // namespace
}  // namespace mho
