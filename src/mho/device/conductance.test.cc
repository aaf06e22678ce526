// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/conductance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "mho/device/golden_statistics.test.h"
#include "mho/util/json.h"

namespace mho {
namespace {

constexpr TileKey kKey{0x0123456789abcdefu};

/// The configuration of a golden record in terms of mho.
ConductanceModel model_of(const nlohmann::json& config) {
    const std::string name = config.at("class");
    if (name == "PCMLikeNoiseModel" || name == "CustomDriftPCMLikeNoiseModel") {
        CustomDrift m;
        m.programming_coefficients_us = config.at("prog_coeff").get<std::vector<double>>();
        m.reference_g_max_us = config.at("prog_coeff_g_max_reference");
        m.programming_noise_scale = config.at("prog_noise_scale");
        m.drift_scale = config.at("drift_scale");
        m.read_noise_scale = config.at("read_noise_scale");
        if (name == "PCMLikeNoiseModel") {
            return PcmLike(m);
        }
        const auto& drift = config.at("custom_drift_model");
        m.drift_g_us = drift.at("g_lst").get<std::vector<double>>();
        m.drift_nu_mean = drift.at("nu_mean_lst").get<std::vector<double>>();
        m.drift_nu_std = drift.at("nu_std_lst").get<std::vector<double>>();
        return m;
    }
    if (name == "StateIndependentNoiseModel") {
        return StateIndependent{};
    }
    if (name == "ReRamWan2022NoiseModel") {
        const double scale = config.at("noise_scale");
        return ReramWan2022{scale, scale, true};
    }
    if (name == "ReRamCMONoiseModel") {
        ReramCmo m;
        m.acceptance = config.at("acceptance_range").get<double>() == 2.0
                           ? ReramAcceptance::k2Percent
                           : ReramAcceptance::k0p2Percent;
        return m;
    }
    Hermes m;
    m.devices = config.at("num_devices");
    return m;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, ProgrammedDriftAndReadStatistics) {
    const auto record = golden_record("conductance", GetParam());
    const ConductanceModel model = model_of(record.at("config"));
    const double g_max = record.at("config").at("g_max");
    const auto targets = record.at("inputs").at("targets_uS").get<std::vector<float>>();
    const auto& stats = record.at("stats");
    constexpr size_t kSamples = 20000;
    const bool has_nu =
        std::get_if<ReramWan2022>(&model) == nullptr && std::get_if<ReramCmo>(&model) == nullptr;
    for (size_t i = 0; i < targets.size(); i++) {
        const std::vector<float> target(kSamples, targets[i]);
        std::vector<float> programmed(kSamples);
        std::vector<float> nu(kSamples);
        std::vector<float> read(kSamples);
        program(model, g_max, target, programmed, nu, kKey, 1, i * kSamples);
        uint64_t step = 0;
        for (const auto& [name, expected] : stats.items()) {
            if (name == "programmed") {
                expect_statistics(programmed, expected, i, name);
            } else if (name == "drift_coefficient") {
                if (has_nu) {
                    expect_statistics(nu, expected, i, name);
                }
            } else {
                at_time(model,
                        g_max,
                        target,
                        programmed,
                        nu,
                        expected.at("t"),
                        read,
                        kKey,
                        step++,
                        i * kSamples);
                expect_statistics(read, expected, i, name);
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Conductance,
                         Golden,
                         testing::Values("PCMLike",
                                         "PCMLike, scales 2/0.5/3",
                                         "PCMLike, g_max 40",
                                         "CustomDriftPCMLike",
                                         "StateIndependent",
                                         "ReRamWan2022",
                                         "ReRamWan2022, noise scale 2",
                                         "ReRamCMO",
                                         "ReRamCMO, acceptance 2",
                                         "Hermes 2 devices",
                                         "Hermes 1 device"),
                         [](const auto& param) {
                             std::string name = param.param;
                             std::replace_if(
                                 name.begin(),
                                 name.end(),
                                 [](unsigned char c) { return !std::isalnum(c); },
                                 '_');
                             return name;
                         });

// A law of the user's own: relative programming noise, logarithmic decay.
class LogDecay : public ConductanceLaw {
  public:
    void program(double,
                 std::span<const float> target,
                 std::span<const float> programming_normal,
                 std::span<const float> drift_normal,
                 std::span<float> programmed,
                 std::span<float> nu) const override {
        for (size_t i = 0; i < target.size(); i++) {
            programmed[i] = target[i] * (1.0f + 0.1f * programming_normal[i]);
            nu[i] = 0.01f + 0.001f * drift_normal[i];
        }
    }
    void at_time(double,
                 double t_s,
                 std::span<const float>,
                 std::span<const float> programmed,
                 std::span<const float> nu,
                 std::span<const float> read_normal,
                 std::span<const float> relaxation_normal,
                 std::span<float> out) const override {
        const auto log_t = static_cast<float>(std::log1p(t_s));
        for (size_t i = 0; i < out.size(); i++) {
            out[i] = programmed[i] * (1.0f - nu[i] * log_t) + 0.1f * read_normal[i] +
                     0.01f * relaxation_normal[i];
        }
    }
};

struct Case {
    std::string name;
    ConductanceModel model;
    double g_max_us;
    double g_low_us;
    double t_s;
};

// Measurements of one's own in the place of those of the publications.
Hermes own_hermes() {
    Hermes m;
    m.programming_coefficients_us = {0.1, 0.5, -0.2, 0.1, 0.05, 0.02};
    m.reference_g_max_us = 10;
    m.t_0_s = 20;
    m.t_read_s = 1e-6;
    return m;
}

ReramWan2022 own_wan() {
    ReramWan2022 m;
    m.times_s = {2, 3600};
    m.coefficients_us = {{0.5, 1.0}, {1.0, 2.0, 3.0, 0.5, 0.25, 0.125}};
    return m;
}

ReramCmo own_cmo() {
    ReramCmo m;
    m.programming_coefficients_us = {0.1, 0.01, 1e-4};
    m.relaxation_mean_us = -0.2;
    m.relaxation_std_us = 0.5;
    m.relaxation_std_slope_us = 0.1;
    m.read_noise_us = 0.1;
    m.t_read_s = 1e-5;
    return m;
}

std::vector<Case> cases() {
    PcmLike target_basis;
    target_basis.read_noise_basis = ReadNoiseBasis::kTarget;
    Hermes one;
    one.devices = 1;
    UserConductance user;
    user.law = std::make_shared<LogDecay>();
    return {{"pcm", PcmLike{}, 25, 0, 86400},
            {"pcm, read noise from target", target_basis, 18, 0, 3600},
            {"custom drift", CustomDrift{}, 25, 0, 86400},
            {"state independent", StateIndependent{}, 25, 0, 1e6},
            {"hermes 2", Hermes{}, 20.7, 0, 86400},
            {"hermes 1", one, 10, 0, 1e8},
            {"wan", ReramWan2022{}, 30, 0, 172800},
            {"cmo", ReramCmo{}, 88.199997, 9, 3e7},
            {"chip polynomial", ChipPolynomial{}, 180, -180, 10},
            {"user", user, 25, -25, 100},
            {"hermes, own numbers", own_hermes(), 20, 0, 3600},
            {"wan, own numbers", own_wan(), 30, 0, 3600},
            {"cmo, own numbers", own_cmo(), 80, 9, 3e7}};
}

std::vector<float> ramp(double low, double high, size_t n) {
    std::vector<float> values(n);
    for (size_t i = 0; i < n; i++) {
        // Not in order: neighbours in a vector register take different branches.
        const double u = static_cast<double>(i * 7919 % n) / static_cast<double>(n - 1);
        values[i] = static_cast<float>(low + (high - low) * u);
    }
    return values;
}

// Float32 against double: relative errors of a few 1e-7 per operation; the fast logarithm and
// exponential are good to 2e-7, an exponent nu L of up to 5 amplifies its rounding to 5 x 6e-8, and
// piecewise laws may take the other branch next to a knee, where their fits differ by up to 1e-3 in
// sigma/g. 3e-6 of g_max bounds all but the latter.
TEST(Conductance, KernelsFollowTheReference) {
    constexpr size_t kCells = 5003;
    for (const Case& c : cases()) {
        SCOPED_TRACE(c.name);
        const auto target = ramp(c.g_low_us, c.g_max_us, kCells);
        std::vector<float> programmed(kCells);
        std::vector<float> nu(kCells);
        std::vector<float> read(kCells);
        program(c.model, c.g_max_us, target, programmed, nu, kKey, 5, 100);
        at_time(c.model, c.g_max_us, target, programmed, nu, c.t_s, read, kKey, 6, 100);
        std::vector<float> xi(kCells);
        std::vector<float> xi_nu(kCells);
        std::vector<float> xi_read(kCells);
        std::vector<float> xi_relax(kCells);
        fill_normal(kKey, Stream::kProgramming, 5, 100, xi);
        fill_normal(kKey, Stream::kDriftCoefficient, 5, 100, xi_nu);
        fill_normal(kKey, Stream::kConductanceRead, 6, 100, xi_read);
        fill_normal(kKey, Stream::kDriftCoefficient, 6, 100, xi_relax);
        size_t off = 0;
        for (size_t i = 0; i < kCells; i++) {
            const double p = reference_programmed(c.model, target[i], c.g_max_us, xi[i]);
            const double n = reference_drift_coefficient(c.model, target[i], c.g_max_us, xi_nu[i]);
            const double g = reference_at_time(c.model,
                                               target[i],
                                               programmed[i],
                                               nu[i],
                                               c.t_s,
                                               c.g_max_us,
                                               xi_read[i],
                                               xi_relax[i]);
            const bool good = std::abs(programmed[i] - p) <= 3e-6 * c.g_max_us &&
                              std::abs(nu[i] - n) <= 2e-6 &&
                              std::abs(read[i] - g) <= 3e-6 * c.g_max_us;
            off += good ? 0 : 1;
        }
        EXPECT_LE(off, c.name.starts_with("hermes") ? 3u : 0u);
    }
}

TEST(Conductance, TheSameBitsForAnySplitAndFused) {
    constexpr size_t kCells = 1700;
    for (const Case& c : cases()) {
        SCOPED_TRACE(c.name);
        const auto target = ramp(c.g_low_us, c.g_max_us, kCells);
        std::vector<float> programmed(kCells);
        std::vector<float> nu(kCells);
        std::vector<float> read(kCells);
        std::vector<float> fused(kCells);
        program(c.model, c.g_max_us, target, programmed, nu, kKey, 1, 77);
        at_time(c.model, c.g_max_us, target, programmed, nu, c.t_s, read, kKey, 2, 77);
        program_and_read(c.model, c.g_max_us, target, c.t_s, fused, kKey, 1, 2, 77);
        EXPECT_EQ(read, fused);

        std::vector<float> split_programmed(kCells);
        std::vector<float> split_nu(kCells);
        std::vector<float> split_read(kCells);
        std::vector<float> split_fused(kCells);
        const std::vector<size_t> cuts = {0, 1, 18, 435, 436, 1000, kCells};
        for (size_t k = 0; k + 1 < cuts.size(); k++) {
            const size_t from = cuts[k];
            const size_t n = cuts[k + 1] - from;
            const std::span<const float> t = std::span(target).subspan(from, n);
            const auto p = std::span(split_programmed).subspan(from, n);
            const auto v = std::span(split_nu).subspan(from, n);
            program(c.model, c.g_max_us, t, p, v, kKey, 1, 77 + from);
            at_time(c.model,
                    c.g_max_us,
                    t,
                    p,
                    v,
                    c.t_s,
                    std::span(split_read).subspan(from, n),
                    kKey,
                    2,
                    77 + from);
            program_and_read(c.model,
                             c.g_max_us,
                             t,
                             c.t_s,
                             std::span(split_fused).subspan(from, n),
                             kKey,
                             1,
                             2,
                             77 + from);
        }
        EXPECT_EQ(programmed, split_programmed);
        EXPECT_EQ(nu, split_nu);
        EXPECT_EQ(read, split_read);
        EXPECT_EQ(read, split_fused);
        // In place.
        at_time(c.model, c.g_max_us, target, programmed, nu, c.t_s, programmed, kKey, 2, 77);
        EXPECT_EQ(read, programmed);
        auto in_place = target;
        program_and_read(c.model, c.g_max_us, in_place, c.t_s, in_place, kKey, 1, 2, 77);
        EXPECT_EQ(read, in_place);
    }
}

TEST(Conductance, AScaleOfZeroSwitchesOneSourceOffAndMovesNoOtherDraw) {
    constexpr size_t kCells = 600;
    for (const Case& c : cases()) {
        SCOPED_TRACE(c.name);
        const auto target = ramp(c.g_low_us, c.g_max_us, kCells);
        std::vector<float> programmed(kCells);
        std::vector<float> nu(kCells);
        std::vector<float> programmed_2(kCells);
        std::vector<float> nu_2(kCells);
        program(c.model, c.g_max_us, target, programmed, nu, kKey, 1);
        program(
            scaled(c.model, {.programming = 0}), c.g_max_us, target, programmed_2, nu_2, kKey, 1);
        EXPECT_EQ(nu, nu_2);
        for (size_t i = 0; i < kCells; i++) {
            if (c.name != "chip polynomial" || std::abs(target[i]) >= 0.6f) {
                EXPECT_EQ(programmed_2[i], target[i]);
            }
        }
        program(scaled(c.model, {.drift = 0, .read = 0}),
                c.g_max_us,
                target,
                programmed_2,
                nu_2,
                kKey,
                1);
        EXPECT_EQ(programmed, programmed_2);
        EXPECT_EQ(nu_2, std::vector<float>(kCells, 0.0f));

        // Nothing left: what is read at any time is the target.
        const ConductanceModel silent = scaled(c.model, {0, 0, 0});
        std::vector<float> read(kCells);
        program_and_read(silent, c.g_max_us, target, c.t_s, read, kKey, 1, 2);
        for (size_t i = 0; i < kCells; i++) {
            if (c.name != "chip polynomial" || std::abs(target[i]) >= 0.6f) {
                EXPECT_NEAR(read[i], target[i], 1e-6 * c.g_max_us);
            }
        }
    }
}

TEST(Conductance, WanScalesWithTheActualGMax) {
    // sigma(1 s) at rho = 0.5: 0.348 + 16.030/2 - 43.853/4 + 45.393/8 - 16.815/16 = 2.02293750 uS.
    EXPECT_NEAR(sigma_programming(ReramWan2022{}, 20.0, 40.0), 2.0229375, 1e-9);
    EXPECT_NEAR(sigma_programming(ReramWan2022{}, 10.0, 20.0), 2.0229375 / 2, 1e-9);
    EXPECT_NEAR(sigma_programming(ReramWan2022{1, 1, true}, 10.0, 20.0), 2.0229375, 1e-9);
    // Without the growth since the first second, the deviation of the first second is left.
    EXPECT_NEAR(sigma_at_time(ReramWan2022{1, 0, false}, 20.0, 86400.0, 40.0), 2.0229375, 1e-9);
}

TEST(Conductance, OwnNumbersByHand) {
    // Half of g_max: 0.1 + 0.5/2 - 0.2/4 + 0.1/8 + 0.05/16 + 0.02/32, scaled from 10 to 20 uS.
    EXPECT_NEAR(sigma_programming(own_hermes(), 10.0, 20.0), 2 * 0.31625, 1e-12);
    Hermes hermes = own_hermes();
    hermes.read_noise_scale = 0;
    // (3600 + 20) / 20 = 181.
    EXPECT_NEAR(
        reference_at_time(hermes, 10, 10, 0.05, 3600, 20, 0), 10 * std::pow(181.0, -0.05), 1e-9);
    // Half of g_max: 0.5 + 1/2 at the first time, 1 + 1 + 3/4 + 1/16 + 1/64 + 1/256 later; 3/4 of
    // 40 uS.
    EXPECT_NEAR(sigma_at_time(own_wan(), 15.0, 0.0, 30.0), 0.75, 1e-12);
    EXPECT_NEAR(sigma_at_time(own_wan(), 15.0, 3600.0, 30.0), 0.75 * 2.83203125, 1e-12);
    EXPECT_THROW(sigma_at_time(own_wan(), 15.0, 1.0, 30.0), InputError);
    EXPECT_NEAR(sigma_programming(own_cmo(), 20.0, 80.0), 0.1 + 0.2 + 0.04, 1e-12);
    const double e = std::exp(1.0);
    EXPECT_NEAR(reference_at_time(own_cmo(), 20, 20, 0, e, 80, 0, 2), 20 - 0.2 + 2 * 0.6, 1e-12);
    EXPECT_NEAR(reference_at_time(own_cmo(), 20, 20, 0, 1, 80, 2, 0),
                20 + 2 * 0.1 * std::log10(20.0) * std::sqrt(std::log((1 + 1e-5) / 2e-5)),
                1e-9);
}

TEST(Conductance, ChipPolynomialCheckValues) {
    // arXiv 2505.09663: sigma(0) = 2.58, sigma(52.5-) = 8.36, sigma(180) = 19.2 of 180 units.
    const ChipPolynomial m;
    EXPECT_NEAR(sigma_programming(m, 0.0, 180.0), 2.57974, 1e-6);
    EXPECT_NEAR(sigma_programming(m, 52.5, 180.0), 8.36, 0.01);
    EXPECT_NEAR(sigma_programming(m, -180.0, 180.0), 19.2, 0.05);
    EXPECT_NEAR(sigma_programming(m, 25.0, 25.0), 19.2 * 25 / 180, 0.01);
    EXPECT_EQ(reference_programmed(m, 0.59, 180.0, 3.0), 0.0);
    EXPECT_NE(reference_programmed(m, 0.61, 180.0, 3.0), 0.0);
}

TEST(Conductance, ChipPolynomialMoments) {
    constexpr size_t kCells = 100000;
    const ChipPolynomial m;
    for (const float target : {0.0f, 30.0f, -100.0f, 180.0f}) {
        const std::vector<float> targets(kCells, target);
        std::vector<float> noisy(kCells);
        program_and_read(m, 180.0, targets, 0.0, noisy, kKey, 3, 4);
        const Moments own = moments(noisy);
        const double sigma = target == 0 ? 0.0 : sigma_programming(m, target, 180.0);
        EXPECT_NEAR(own.mean, target, 5 * sigma / std::sqrt(kCells));
        EXPECT_NEAR(own.deviation, sigma, 5 * sigma / std::sqrt(2.0 * kCells));
    }
}

TEST(Conductance, PcmHandComputedValues) {
    const PcmLike m;
    EXPECT_NEAR(sigma_programming(m, 0.8375 * 25, 25), 1.0864, 1e-4);  // the maximum
    EXPECT_NEAR(sigma_programming(m, 0, 25), 0.26348, 1e-12);
    EXPECT_NEAR(drift_mean(m, 25, 25), 0.049, 1e-12);
    EXPECT_NEAR(drift_spread(m, 0, 25), 0.045, 1e-12);
    EXPECT_NEAR(read_noise_q(m, 25, 25), 0.0088, 1e-12);
    EXPECT_NEAR(read_noise_q(m, 0, 25), 0.2, 1e-12);
    // 20 s after the reference reading the conductance has fallen by 2^-nu.
    EXPECT_NEAR(reference_at_time(m, 10, 10, 0.05, 20.0, 25, 0.0), 10 * std::exp2(-0.05), 1e-12);
    EXPECT_EQ(reference_at_time(m, 10, 10, 0.05, 0.0, 25, 0.0), 10.0);
}

std::string message_of(const std::function<void()>& f) {
    try {
        f();
    } catch (const Error& e) {
        return e.what();
    }
    return "";
}

TEST(Conductance, RefusesWhatAModelDoesNotCover) {
    std::vector<float> target(4, 5.0f);
    std::vector<float> out(4);
    const auto run = [&](const ConductanceModel& m, double g_max, double t) {
        return message_of([&] { program_and_read(m, g_max, target, t, out, kKey, 0, 0); });
    };
    EXPECT_EQ(run(PcmLike{}, 25, 0), "");
    EXPECT_NE(run(PcmLike{}, 25, -1).find("time"), std::string::npos);
    EXPECT_NE(run(PcmLike{}, 25, std::nan("")).find("time"), std::string::npos);
    EXPECT_NE(run(PcmLike{}, 0, 1).find("g_max"), std::string::npos);
    EXPECT_NE(run(Hermes{}, 25, 1).find("20.7"), std::string::npos);
    EXPECT_NE(run(ReramWan2022{}, 25, 3600).find("86400"), std::string::npos);
    Hermes too_many;
    too_many.programming_coefficients_us.assign(9, 0.1);
    EXPECT_NE(run(too_many, 20, 1).find("programming_coefficients_us"), std::string::npos);
    ReramWan2022 wrong_times;
    wrong_times.times_s = {1, 1, 2};
    EXPECT_NE(run(wrong_times, 25, 1).find("times_s"), std::string::npos);
    wrong_times.times_s = {1, 2};
    EXPECT_NE(run(wrong_times, 25, 1).find("coefficients_us"), std::string::npos);
    wrong_times.coefficients_us = {{1.0}, {}};
    EXPECT_NE(run(wrong_times, 25, 1).find("coefficients_us"), std::string::npos);
    ReramCmo too_many_cmo;
    too_many_cmo.programming_coefficients_us.assign(9, 0.1);
    EXPECT_NE(run(too_many_cmo, 80, 1).find("programming_coefficients_us"), std::string::npos);
    EXPECT_NE(run(ReramCmo{}, 100, 1).find("88.199997"), std::string::npos);
    EXPECT_NE(run(ReramCmo{}, 8, 1).find("g_min"), std::string::npos);
    EXPECT_NE(run(ReramCmo{}, 88, 1e-5).find("0.0001"), std::string::npos);
    EXPECT_NE(run(CustomDrift{}, 40, 1).find("cover"), std::string::npos);
    EXPECT_NE(run(UserConductance{}, 25, 1).find("law"), std::string::npos);
    PcmLike too_long;
    too_long.programming_coefficients_us.assign(9, 0.1);
    EXPECT_NE(run(too_long, 25, 1).find("programming_coefficients_us"), std::string::npos);
    for (const float bad : {-1.0f,
                            26.0f,
                            std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()}) {
        target[2] = bad;
        EXPECT_NE(run(PcmLike{}, 25, 1).find("cell 2"), std::string::npos);
    }
    target[2] = 5.0f;
    std::vector<float> short_out(3);
    EXPECT_THROW(program(PcmLike{}, 25, target, out, short_out, kKey, 0), InputError);
    EXPECT_THROW(program(PcmLike{}, 25, target, out, out, kKey, 0, uint64_t{1} << 37), InputError);
    std::vector<float> nu(4, std::numeric_limits<float>::infinity());
    EXPECT_THROW(at_time(PcmLike{}, 25, target, target, nu, 1, out, kKey, 0), InputError);
    EXPECT_THROW(scaled(PcmLike{}, {.read = -1}), InputError);
    program(PcmLike{}, 25, {}, {}, {}, kKey, 0);  // nothing to do
}

struct Holder {
    ConductanceModel model;
};

}  // namespace

template <>
struct Schema<Holder> {
    static constexpr std::string_view name = "Holder";
    static void fields(auto&& visit) { visit(field("model", &Holder::model, {})); }
};

namespace {

TEST(Conductance, EveryModelGoesThroughJson) {
    for (const Case& c : cases()) {
        const Holder before{c.model};
        const Json written = to_json(before);
        EXPECT_EQ(written["model"]["model"], std::string(model_name(c.model)));
        Holder after;
        Problems problems;
        read_struct(written, after, "", problems);
        // A user's law cannot be written down.
        EXPECT_EQ(problems.size(), c.name == "user" ? 1u : 0u) << c.name;
        EXPECT_EQ(to_json(after), written);
    }
    Holder holder;
    read_struct_or_throw(
        parse_json(R"({"model": {"model": "reram cmo", "acceptance": "2 %"}})", ""), holder, "");
    EXPECT_EQ(std::get<ReramCmo>(holder.model).acceptance, ReramAcceptance::k2Percent);
    EXPECT_THROW(
        read_struct_or_throw(
            parse_json(R"({"model": {"model": "pcm", "programming_coefficients_us": []}})", ""),
            holder,
            ""),
        ConfigError);
    EXPECT_THROW(
        read_struct_or_throw(
            parse_json(R"({"model": {"model": "pcm custom drift", "drift_g_us": [0, 0]}})", ""),
            holder,
            ""),
        ConfigError);
}

}  // namespace
}  // namespace mho
