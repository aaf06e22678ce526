// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/array/converter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mho/device/conductance.h"
#include "mho/device/golden_statistics.test.h"
#include "mho/util/json.h"

namespace mho {
namespace {

Matrix<float> matrix_of(const nlohmann::json& rows) {
    Matrix<float> m(rows.size(), rows[0].size());
    for (size_t r = 0; r < m.rows; r++) {
        for (size_t c = 0; c < m.cols; c++) {
            m(r, c) = rows[r][c].get<float>();
        }
    }
    return m;
}

Converter converter_of(const nlohmann::json& config) {
    const std::string name = config.at("class");
    const double g_max = config.at("g_max");
    const double g_min = config.at("g_min");
    if (name == "SinglePairConductanceConverter") {
        return SinglePair{g_max, g_min};
    }
    if (name == "SingleDeviceConductanceConverter") {
        return SingleDevice{g_max, g_min};
    }
    const auto factors = config.at("f_lst").get<std::vector<double>>();
    if (name == "CustomPairConductanceConverter") {
        CustomPair c;
        c.factors = factors;
        c.g_plus_us.clear();
        c.g_minus_us.clear();
        const auto& tables = config.at("g_lst");
        for (size_t i = 0; i < tables.size(); i += 2) {
            c.g_plus_us.push_back(tables[i].get<std::vector<double>>());
            c.g_minus_us.push_back(tables[i + 1].get<std::vector<double>>());
        }
        return c;
    }
    return NPair{factors, g_max, g_min};
}

TEST(Converter, GoldenConductancesAndWeights) {
    for (const auto& record : golden_records("converters")) {
        SCOPED_TRACE(record.at("id").get<std::string>());
        const Converter converter = converter_of(record.at("config"));
        const Matrix<float> w = matrix_of(record.at("inputs").at("W"));
        const auto& exact = record.at("exact");
        const Conductances g = to_conductances(converter, w.view());
        const auto& golden = exact.at("conductances_uS");
        const bool one_matrix = std::holds_alternative<SingleDevice>(converter);
        ASSERT_EQ(g.slices.size(), one_matrix ? 1 : golden.size());
        for (size_t s = 0; s < g.slices.size(); s++) {
            const Matrix<float> expected = matrix_of(one_matrix ? golden : golden[s]);
            for (size_t i = 0; i < expected.values.size(); i++) {
                EXPECT_NEAR(
                    g.slices[s].values[i], expected.values[i], 1e-6 * g_max_us(converter) * 2);
            }
        }
        const double ratio = exact.at("parameters").at("scale_ratio");
        EXPECT_NEAR(g.scale.us_per_weight[0], ratio, 1e-6 * ratio);
        if (one_matrix) {
            EXPECT_NEAR(
                g.scale.weight_offset, exact.at("parameters").at("min").get<double>(), 1e-6);
        }
        Matrix<float> back(w.rows, w.cols);
        to_weights(converter, g, back.view());
        const Matrix<float> expected = matrix_of(exact.at("weights"));
        for (size_t i = 0; i < expected.values.size(); i++) {
            EXPECT_NEAR(back.values[i], expected.values[i], 1e-6);
        }
    }
}

ConductanceModel model_of(const nlohmann::json& config) {
    const std::string name = config.at("class");
    if (name == "ReRamWan2022NoiseModel") {
        return ReramWan2022{1, 1, true};
    }
    if (name == "ReRamCMONoiseModel") {
        return ReramCmo{};
    }
    if (name == "HermesNoiseModel") {
        return Hermes{};
    }
    return PcmLike{};
}

class WeightNoise : public testing::TestWithParam<std::string> {};

// The recorded tool converts the programmed, noisy weights again at every time, with the scale of
// their own maximum. Its law is built here from the public functions.
TEST_P(WeightNoise, FollowsTheRenormalisingLaw) {
    const auto record = golden_record("weight_noise", GetParam());
    const Converter converter = converter_of(record.at("config").at("g_converter"));
    const ConductanceModel model = model_of(record.at("config"));
    const double g_max = g_max_us(converter);
    const Matrix<float> w = matrix_of(record.at("inputs").at("W"));
    const auto& stats = record.at("stats");
    constexpr size_t kSamples = 2000;
    const size_t cells = w.values.size();
    const TileKey key{4711};
    const Conductances target = to_conductances(converter, w.view());
    std::map<std::string, std::vector<std::vector<float>>> samples;
    for (const auto& [name, unused] : stats.items()) {
        samples[name].resize(cells);
    }
    const auto keep = [&](const std::string& name, const Matrix<float>& m) {
        for (size_t i = 0; i < cells; i++) {
            samples[name][i].push_back(m.values[i]);
        }
    };
    Matrix<float> weights(w.rows, w.cols);
    for (size_t n = 0; n < kSamples; n++) {
        std::vector<Matrix<float>> programmed = target.slices;
        std::vector<Matrix<float>> nu = target.slices;
        for (size_t s = 0; s < programmed.size(); s++) {
            program(model,
                    g_max,
                    target.slices[s].values,
                    programmed[s].values,
                    nu[s].values,
                    key,
                    n,
                    s * 512);
        }
        to_weights(converter, programmed, target.scale, weights.view());
        keep("programmed", weights);
        Conductances again = to_conductances(converter, weights.view());
        uint64_t step = n * 10;
        for (const auto& [name, expected] : stats.items()) {
            if (name == "programmed") {
                continue;
            }
            std::vector<Matrix<float>> read = again.slices;
            for (size_t s = 0; s < read.size(); s++) {
                at_time(model,
                        g_max,
                        target.slices[s].values,
                        again.slices[s].values,
                        nu[s].values,
                        expected.at("t"),
                        read[s].values,
                        key,
                        step,
                        s * 512);
            }
            Matrix<float> at(w.rows, w.cols);
            to_weights(converter, read, again.scale, at.view());
            keep(name, at);
            step++;
        }
    }
    for (const auto& [name, expected] : stats.items()) {
        for (size_t i = 0; i < cells; i++) {
            expect_statistics(samples[name][i], expected, i, name);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Converter,
    WeightNoise,
    testing::Values(
        "PCMLike", "ReRamWan2022", "ReRamCMO", "Hermes 2 devices", "PCMLike, dual pair 1, 3"),
    [](const auto& param) {
        std::string name = param.param;
        std::replace_if(
            name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
        return name;
    });

CustomPair two_tables() {
    CustomPair c;
    c.factors = {1.0, 2.0};
    c.g_plus_us = {{2, 1, 4, 11, 20}, {0, 0, 0, 2.5, 5}};
    c.g_minus_us = {{20, 10, 4, 2, 2}, {5, 2.5, 0, 0, 0}};
    return c;
}

struct Case {
    std::string name;
    Converter converter;
};

std::vector<Case> cases() {
    return {{"single pair", SinglePair{}},
            {"single pair, g_min", SinglePair{20, 1}},
            {"n pair", NPair{{1, 2, 4}, 25, 0.5}},
            {"custom pair", two_tables()},
            {"single device", SingleDevice{}},
            {"fusion", Fusion{}},
            {"differential", Differential{}},
            {"differential, whole tile", Differential{25, false}}};
}

Matrix<float> some_weights(size_t rows, size_t cols) {
    Matrix<float> w(rows, cols);
    fill_normal(TileKey{5}, Stream::kTest, 0, 0, w.values);
    for (float& v : w.values) {
        v *= 0.3f;
    }
    return w;
}

TEST(Converter, WeightsComeBackAndSlicesStayInRange) {
    const Matrix<float> w = some_weights(17, 33);
    float largest = 0;
    for (const float v : w.values) {
        largest = std::max(largest, std::abs(v));
    }
    for (const Case& c : cases()) {
        SCOPED_TRACE(c.name);
        const Conductances g = to_conductances(c.converter, w.view());
        EXPECT_EQ(g.slices.size(), slice_count(c.converter));
        for (const Matrix<float>& slice : g.slices) {
            for (const float v : slice.values) {
                EXPECT_GE(v, g_min_us(c.converter) - 1e-6 * g_max_us(c.converter));
                EXPECT_LE(v, g_max_us(c.converter) * (1 + 1e-6));
            }
        }
        Matrix<float> back(w.rows, w.cols);
        to_weights(c.converter, g, back.view());
        for (size_t i = 0; i < w.values.size(); i++) {
            // A handful of roundings of numbers as large as the sum over the slices.
            EXPECT_NEAR(back.values[i], w.values[i], 2e-6 * largest);
        }
    }
}

TEST(Converter, FastPathFollowsTheReference) {
    const Matrix<float> w = some_weights(9, 21);
    for (const Case& c : cases()) {
        SCOPED_TRACE(c.name);
        const Conductances g = to_conductances(c.converter, w.view());
        Matrix<float> back(w.rows, w.cols);
        to_weights(c.converter, g, back.view());
        for (size_t r = 0; r < w.rows; r++) {
            std::vector<double> fusion_g;
            std::vector<double> original;
            for (size_t col = 0; col < w.cols; col++) {
                const auto slices = reference_slices(
                    c.converter, w(r, col), g.scale.of_row(r), g.scale.weight_offset);
                ASSERT_EQ(slices.size(), g.slices.size());
                for (size_t s = 0; s < slices.size(); s++) {
                    // Roundings of w k, at most the sum over all slices (175 uS for the n pair).
                    EXPECT_NEAR(g.slices[s](r, col), slices[s], 3e-7 * 180);
                }
                if (!std::holds_alternative<Fusion>(c.converter)) {
                    EXPECT_NEAR(back(r, col),
                                reference_weight(
                                    c.converter, slices, g.scale.of_row(r), g.scale.weight_offset),
                                2e-6);
                }
                fusion_g.push_back(slices[0]);
                original.push_back(w(r, col));
            }
            if (std::holds_alternative<Fusion>(c.converter)) {
                const auto expected = reference_fusion_row(fusion_g, original);
                for (size_t col = 0; col < w.cols; col++) {
                    EXPECT_NEAR(back(r, col), expected[col], 2e-6);
                }
            }
        }
    }
}

TEST(Converter, AGivenScaleIsKeptAndClips) {
    const Matrix<float> w = some_weights(4, 6);
    Matrix<float> doubled = w;
    for (float& v : doubled.values) {
        v *= 2.0f;
    }
    const Converter converter = SinglePair{};
    const ConductanceScale scale = fit_scale(converter, w.view());
    const Conductances g = to_conductances(converter, doubled.view(), scale);
    EXPECT_EQ(g.scale.us_per_weight, scale.us_per_weight);
    Matrix<float> back(4, 6);
    to_weights(converter, g, back.view());
    const double largest = 25.0 / scale.us_per_weight[0];
    for (size_t i = 0; i < back.values.size(); i++) {
        EXPECT_NEAR(back.values[i], std::clamp(double{doubled.values[i]}, -largest, largest), 1e-6);
    }
    // A noisy conductance moves its weight by its error over the kept scale.
    Conductances noisy = to_conductances(converter, w.view());
    Matrix<float> clean(4, 6);
    to_weights(converter, noisy, clean.view());
    noisy.slices[0](1, 2) += 2.0f;
    to_weights(converter, noisy, back.view());
    for (size_t i = 0; i < back.values.size(); i++) {
        const double moved = i == 8 ? 2.0 / scale.us_per_weight[0] : 0.0;
        EXPECT_NEAR(back.values[i], clean.values[i] + moved, 1e-6);
    }
}

TEST(Converter, FusionRescalesRowsByRegression) {
    // All conductances of a row lost 20 %: the regression gives the weights back.
    const Matrix<float> w = some_weights(3, 40);
    const Converter converter = Fusion{};
    Conductances g = to_conductances(converter, w.view());
    for (float& v : g.slices[0].values) {
        v *= 0.8f;
    }
    Matrix<float> back(3, 40);
    to_weights(converter, g, back.view());
    for (size_t i = 0; i < w.values.size(); i++) {
        EXPECT_NEAR(back.values[i], w.values[i], 1e-6);
    }
}

TEST(Converter, ZeroEmptyAndSingleWeights) {
    for (const Case& c : cases()) {
        SCOPED_TRACE(c.name);
        const Matrix<float> zero(3, 4);
        Matrix<float> back(3, 4, 1.0f);
        to_weights(c.converter, to_conductances(c.converter, zero.view()), back.view());
        for (const float v : back.values) {
            EXPECT_NEAR(v, 0.0, 1e-12);
        }
        const Matrix<float> empty(0, 4);
        Matrix<float> back_empty(0, 4);
        to_weights(c.converter, to_conductances(c.converter, empty.view()), back_empty.view());
        const Matrix<float> one(1, 1, -0.7f);
        Matrix<float> back_one(1, 1);
        to_weights(c.converter, to_conductances(c.converter, one.view()), back_one.view());
        EXPECT_NEAR(back_one.values[0], -0.7, 1e-6);
    }
}

TEST(Converter, ViewsWithAStrideReadOnlyTheirColumns) {
    Matrix<float> wide = some_weights(5, 20);
    wide(2, 15) = 100.0f;  // outside the view: must not change the scale
    const ConstFloatView view(wide.values.data(), 5, 8, 20);
    Matrix<float> copy(5, 8);
    for (size_t r = 0; r < 5; r++) {
        std::copy_n(wide.row(r), 8, copy.row(r));
    }
    const Conductances a = to_conductances(SinglePair{}, view);
    const Conductances b = to_conductances(SinglePair{}, copy.view());
    EXPECT_EQ(a.scale.us_per_weight, b.scale.us_per_weight);
    EXPECT_EQ(a.slices[0].values, b.slices[0].values);
}

TEST(Converter, RefusesBadInput) {
    Matrix<float> w = some_weights(2, 3);
    Matrix<float> back(2, 3);
    Conductances g = to_conductances(SinglePair{}, w.view());
    EXPECT_THROW(to_weights(NPair{}, g, back.view()), InputError);
    Matrix<float> wrong(3, 2);
    EXPECT_THROW(to_weights(SinglePair{}, g, wrong.view()), InputError);
    ConductanceScale bad = g.scale;
    bad.us_per_weight = {0.0};
    EXPECT_THROW(to_conductances(SinglePair{}, w.view(), bad), InputError);
    bad.us_per_weight = {1.0, 1.0, 1.0};
    EXPECT_THROW(to_conductances(SinglePair{}, w.view(), bad), InputError);
    g.slices[1](0, 0) = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THROW(to_weights(SinglePair{}, g, back.view()), InputError);
    w(1, 1) = std::numeric_limits<float>::infinity();
    EXPECT_THROW(to_conductances(SinglePair{}, w.view()), InputError);
    const Matrix<float> fine(2, 3, 1.0f);
    EXPECT_THROW(to_conductances(SinglePair{5, 6}, fine.view()), ConfigError);
    EXPECT_THROW(to_conductances(Fusion{50}, fine.view()), ConfigError);
    EXPECT_THROW(to_conductances(NPair{{}, 25, 0}, fine.view()), ConfigError);
    EXPECT_THROW(to_conductances(UserConverter{}, fine.view()), ConfigError);
    CustomPair bent = two_tables();
    bent.g_plus_us[0][3] = 12;  // the pairs no longer add up to a line
    EXPECT_THROW(require_valid(bent), ConfigError);
    bent = two_tables();
    bent.g_minus_us[1].pop_back();
    EXPECT_THROW(require_valid(bent), ConfigError);
    bent = two_tables();
    bent.g_plus_us.pop_back();
    EXPECT_THROW(require_valid(bent), ConfigError);
}

// Offset binary: one device per weight, the zero in the middle of the range.
class OffsetBinary : public ConverterLaw {
  public:
    std::vector<double> slice_factors() const override { return {1.0}; }
    double g_max_us() const override { return 10.0; }
    double g_min_us() const override { return 0.0; }
    ConductanceScale fit_scale(ConstFloatView) const override { return {{5.0}, -1.0, {}}; }
    void to_slices(ConstFloatView w,
                   const ConductanceScale& scale,
                   std::vector<Matrix<float>>& slices) const override {
        for (size_t r = 0; r < w.rows; r++) {
            for (size_t c = 0; c < w.cols; c++) {
                slices[0](r, c) = static_cast<float>((w(r, c) + 1.0) * scale.us_per_weight[0]);
            }
        }
    }
    void to_weights(std::span<const Matrix<float>> slices,
                    const ConductanceScale& scale,
                    FloatView out) const override {
        for (size_t r = 0; r < out.rows; r++) {
            for (size_t c = 0; c < out.cols; c++) {
                out(r, c) = static_cast<float>(slices[0](r, c) / scale.us_per_weight[0] - 1.0);
            }
        }
    }
};

TEST(Converter, AUsersOwnMapping) {
    UserConverter user;
    user.law = std::make_shared<OffsetBinary>();
    Matrix<float> w(1, 2);
    w.values = {0.5f, -0.5f};
    const Conductances g = to_conductances(user, w.view());
    EXPECT_FLOAT_EQ(g.slices[0].values[0], 7.5f);
    EXPECT_EQ(g_max_us(user), 10.0);
    Matrix<float> back(1, 2);
    to_weights(user, g, back.view());
    EXPECT_FLOAT_EQ(back.values[1], -0.5f);
    EXPECT_THROW(reference_slices(user, 0.1, 1.0, 0.0), InputError);
}

struct Holder {
    Converter converter;
};

}  // namespace

template <>
struct Schema<Holder> {
    static constexpr std::string_view name = "Holder";
    static void fields(auto&& visit) { visit(field("converter", &Holder::converter, {})); }
};

namespace {

TEST(Converter, EveryConverterGoesThroughJson) {
    for (const Case& c : cases()) {
        const Json written = to_json(Holder{c.converter});
        EXPECT_EQ(written["converter"]["model"], std::string(converter_name(c.converter)));
        Holder after;
        read_struct_or_throw(written, after, "");
        EXPECT_EQ(to_json(after), written);
    }
    Holder holder;
    EXPECT_THROW(
        read_struct_or_throw(parse_json(R"({"converter": {"model": "user"}})", ""), holder, ""),
        ConfigError);
}

}  // namespace
}  // namespace mho
