// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/learner.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mho/train/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

using test::normal_matrix;

constexpr size_t kRows = 19;
constexpr size_t kCols = 37;
constexpr size_t kBatch = 12;
constexpr TileKey kKey{0xfeedbeef};

struct Batch {
    Matrix<float> x = Matrix<float>();
    Matrix<float> d = Matrix<float>();
};

Batch batch(uint64_t step) {
    return {normal_matrix(kBatch, kCols, 0.5f, 2 * step),
            normal_matrix(kBatch, kRows, 0.5f, 2 * step + 1)};
}

// Trains on batches [first, last), each in pieces of `piece` samples.
void train(Learner& learner, uint64_t first, uint64_t last, size_t piece, size_t threads) {
    for (uint64_t step = first; step < last; step++) {
        const Batch b = batch(step);
        for (size_t s = 0; s < kBatch; s += piece) {
            const size_t n = std::min(piece, kBatch - s);
            UpdateCall call;
            call.rate = 0.05;
            call.key = {step, s};
            call.batch_size = kBatch;
            call.threads = threads;
            learner.update(ConstFloatView(b.x.view()).row_block(s, n),
                           ConstFloatView(b.d.view()).row_block(s, n),
                           call);
        }
        learner.end_of_batch(step);
    }
}

std::unique_ptr<Learner> made(const LearnerConfig& config) {
    auto learner = make_learner(config, kRows, kCols, kKey);
    learner->set_weights(normal_matrix(kRows, kCols, 0.1f, 1000).view());
    return learner;
}

void expect_same(const Learner& a, const Learner& b) {
    const LearnerState sa = a.state();
    const LearnerState sb = b.state();
    EXPECT_EQ(sa.numbers, sb.numbers);
    ASSERT_EQ(sa.arrays.size(), sb.arrays.size());
    for (const auto& [name, values] : sa.arrays) {
        EXPECT_EQ(values, sb.arrays.at(name)) << name;
    }
    for (size_t r = 0; r < kRows; r++) {
        for (size_t c = 0; c < kCols; c++) {
            ASSERT_EQ(a.weights()(r, c), b.weights()(r, c)) << r << ", " << c;
        }
    }
}

class EveryLearner : public testing::TestWithParam<test::NamedLearner> {};

std::string test_name(const testing::TestParamInfo<test::NamedLearner>& parameter) {
    std::string name = parameter.param.name;
    std::erase_if(name, [](char c) { return !std::isalnum(c); });
    return name;
}

INSTANTIATE_TEST_SUITE_P(Train, EveryLearner, testing::ValuesIn(test::all_learners()), test_name);

TEST_P(EveryLearner, MovesTheWeights) {
    auto learner = made(GetParam().config);
    const Matrix<float> before = test::copy_of(learner->weights());
    train(*learner, 0, 20, kBatch, 1);
    size_t moved = 0;
    for (size_t r = 0; r < kRows; r++) {
        for (size_t c = 0; c < kCols; c++) {
            ASSERT_TRUE(std::isfinite(learner->weights()(r, c)));
            moved += learner->weights()(r, c) != before(r, c) ? 1 : 0;
        }
    }
    EXPECT_GT(moved, kRows * kCols / 10);
    for (size_t k = 0; k < learner->device_count(); k++) {
        const bool reference = GetParam().name == "reference pair" && k == 1;
        EXPECT_EQ(learner->activity(k).pulses == 0, reference) << "device " << k;
    }
}

TEST_P(EveryLearner, DoesNotDependOnThreads) {
    auto one = made(GetParam().config);
    auto four = made(GetParam().config);
    train(*one, 0, 6, kBatch, 1);
    train(*four, 0, 6, kBatch, 4);
    expect_same(*one, *four);
}

TEST_P(EveryLearner, DoesNotDependOnHowABatchIsCut) {
    for (const PulseLaw law : {PulseLaw::kPulse, PulseLaw::kSample}) {
        LearnerConfig config = GetParam().config;
        learner_update(config).law = law;
        auto whole = made(config);
        auto pieces = made(config);
        auto singles = made(config);
        train(*whole, 0, 5, kBatch, 1);
        train(*pieces, 0, 5, 5, 1);
        train(*singles, 0, 5, 1, 1);
        expect_same(*whole, *pieces);
        expect_same(*whole, *singles);
    }
}

TEST_P(EveryLearner, ContinuesASavedStateBitForBit) {
    auto unbroken = made(GetParam().config);
    train(*unbroken, 0, 4, kBatch, 1);
    const LearnerState saved = unbroken->state();
    auto resumed = make_learner(GetParam().config, kRows, kCols, kKey);
    resumed->set_state(saved);
    expect_same(*unbroken, *resumed);
    train(*unbroken, 4, 8, kBatch, 1);
    train(*resumed, 4, 8, kBatch, 2);
    expect_same(*unbroken, *resumed);
}

TEST_P(EveryLearner, RefusesAStateOfAnother) {
    auto learner = made(GetParam().config);
    train(*learner, 0, 2, kBatch, 1);
    const Matrix<float> before = test::copy_of(learner->weights());
    LearnerState bad = learner->state();
    bad.arrays.begin()->second.push_back(0.0f);
    EXPECT_THROW(learner->set_state(bad), InputError);
    bad = learner->state();
    bad.arrays.erase(std::prev(bad.arrays.end()));
    EXPECT_THROW(learner->set_state(bad), InputError);
    bad = learner->state();
    bad.numbers["nonsense"] = 1;
    EXPECT_THROW(learner->set_state(bad), InputError);
    EXPECT_EQ(before.values, test::copy_of(learner->weights()).values);
}

TEST_P(EveryLearner, LendsItsTablesByName) {
    auto learner = made(GetParam().config);
    train(*learner, 0, 2, kBatch, 1);
    for (const std::string& name : learner->table_names()) {
        const Matrix<float> table = learner->table(name);
        ASSERT_FALSE(table.values.empty()) << name;
        learner->set_table(name, table.view());
        EXPECT_EQ(table.values, learner->table(name).values) << name;
    }
    EXPECT_THROW(learner->table("max_bund"), InputError);
    EXPECT_THROW(learner->set_table(learner->table_names()[0], Matrix<float>(1, 1).view()),
                 InputError);
}

TEST_P(EveryLearner, ReadsItsOwnJson) {
    const std::string text = learner_to_json(GetParam().config);
    EXPECT_EQ(text, learner_to_json(learner_from_json(text)));
}

TEST_P(EveryLearner, RefusesWrongInput) {
    auto learner = made(GetParam().config);
    const Batch b = batch(0);
    UpdateCall call;
    call.rate = 0.1;
    EXPECT_THROW(learner->update(b.d.view(), b.x.view(), call), InputError);
    Matrix<float> nan = b.x;
    nan(3, 3) = NAN;
    EXPECT_THROW(learner->update(nan.view(), b.d.view(), call), InputError);
    call.rate = INFINITY;
    EXPECT_THROW(learner->update(b.x.view(), b.d.view(), call), InputError);
    EXPECT_THROW(learner->set_weights(Matrix<float>(kCols, kRows).view()), InputError);
    EXPECT_THROW(make_learner(GetParam().config, 0, 3, kKey), InputError);
    EXPECT_THROW(make_learner(GetParam().config, 3, size_t{1} << 40, kKey), InputError);
}

TEST(LearnerConfig, NamesWhatIsWrong) {
    const auto problem = [](const std::string& text) {
        try {
            learner_from_json(text);
        } catch (const ConfigError& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    EXPECT_NE(problem(R"({"model": "agad", "input_chop_probability": 0})")
                  .find("learning.input_chop_probability"),
              std::string::npos);
    EXPECT_NE(problem(R"({"model": "agadd"})").find("agad"), std::string::npos);
    EXPECT_NE(problem(R"({"model": "tiki-taka", "devices": []})").find("learning.devices"),
              std::string::npos);
    EXPECT_NE(problem(R"({"model": "vector cell", "gammas": [1, -1]})").find("sum to 0"),
              std::string::npos);
    EXPECT_NE(problem(R"({"model": "tiki-taka", "gammas": [1, 0]})").find("learning.gammas"),
              std::string::npos);
    EXPECT_NE(problem(R"({"model": "chopped tiki-taka", "auto_scale": true, "auto_momentum": 1})")
                  .find("learning.auto_momentum"),
              std::string::npos);
    EXPECT_NE(problem(R"({"model": "one-sided", "update": {"type": "none"}})")
                  .find("learning.update.type"),
              std::string::npos);
    EXPECT_NE(problem(R"({"model": "mixed precision", "x_bins": 1})").find("learning.x_bins"),
              std::string::npos);
    EXPECT_NE(problem(R"({"model": "residual learning", "transfer_every": -1})")
                  .find("learning.transfer_every"),
              std::string::npos);
}

TEST(Learner, ReportsTheManagementThatReadsDoWithout) {
    TikiTaka tt;
    tt.transfer_read.noise_management.kind = NoiseManagementKind::kAbsMax;
    tt.transfer_read.bound_management.kind = BoundManagementKind::kIterative;
    const auto learner = make_learner(tt, 3, 3, kKey);
    ASSERT_EQ(2u, learner->notes().size());
    EXPECT_NE(learner->notes()[0].find("noise management"), std::string::npos);
    EXPECT_TRUE(make_learner(TikiTaka(), 3, 3, kKey)->notes().empty());
}

TEST(Learner, DecaysAndDiffusesAfterABatch) {
    AnalogSgd sgd;
    ConstantStep device = test::ideal_device();
    device.lifetime = 4;
    sgd.device = device;
    auto learner = make_learner(sgd, 2, 2, kKey);
    Matrix<float> w(2, 2, 0.5f);
    learner->set_weights(w.view());
    learner->end_of_batch(0);
    EXPECT_NEAR(0.375, learner->weights()(1, 1), 1e-6);
    learner->clip(0.25, 1);
    EXPECT_NEAR(0.25, learner->weights()(0, 0), 1e-6);
}

// What is accepted and does nothing is said.
TEST(Learner, NotesOptionsWithoutEffect) {
    AnalogSgd c;
    ExpStep exponential;
    exponential.drift.nu = 0.1;
    c.device = exponential;
    c.update.law = PulseLaw::kBatch;
    c.update.type = PulseType::kMeanCount;
    c.update.statistics_only = true;
    const auto learner = make_learner(c, 2, 3, make_tile_key(1, "notes"));
    std::string notes;
    for (const std::string& n : learner->notes()) {
        notes += n + "\n";
    }
    for (const char* part : {"device.drift", "update.law", "update.statistics_only"}) {
        EXPECT_NE(notes.find(part), std::string::npos) << notes;
    }
    c = AnalogSgd{};
    EXPECT_TRUE(make_learner(c, 2, 3, make_tile_key(1, "notes"))->notes().empty());
}

}  // namespace
}  // namespace mho
