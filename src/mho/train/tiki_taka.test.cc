// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Learners with transfers against plain serial references. Gradients are added as numbers and reads
// are perfect, so that nothing but the bookkeeping decides.

#include <gtest/gtest.h>

#include <cmath>

#include "mho/train/learner.h"
#include "mho/train/test_support.h"

namespace mho {
namespace {

constexpr TileKey kKey{57};
constexpr size_t kRows = 4;
constexpr size_t kCols = 6;
constexpr double kRate = 0.05;

using Dense = Matrix<double>;

struct Sample {
    Matrix<float> x;
    Matrix<float> d;
};

Sample sample(uint64_t step, float offset = 0) {
    Sample s{test::normal_matrix(1, kCols, 1.0f, 2 * step),
             test::normal_matrix(1, kRows, 1.0f, 2 * step + 1)};
    for (float& v : s.d.values) {
        v += offset;
    }
    return s;
}

void feed(Learner& learner, const Sample& s, uint64_t step) {
    UpdateCall call;
    call.rate = kRate;
    call.key = {step, 0};
    learner.update(s.x.view(), s.d.view(), call);
}

void expect_near(const Dense& wanted, ConstFloatView got, double tolerance, uint64_t step) {
    for (size_t r = 0; r < kRows; r++) {
        for (size_t c = 0; c < kCols; c++) {
            ASSERT_NEAR(wanted(r, c), got(r, c), tolerance)
                << "row " << r << ", column " << c << " after update " << step;
        }
    }
}

void add_gradient(Dense& a,
                  const Sample& s,
                  double rate,
                  const std::vector<double>& in,
                  const std::vector<double>& out) {
    for (size_t r = 0; r < kRows; r++) {
        for (size_t c = 0; c < kCols; c++) {
            a(r, c) -= rate * double{s.d(0, r)} * s.x(0, c) * in[c] * out[r];
        }
    }
}

template <class C>
C number_chain(size_t devices) {
    C c;
    c.devices.assign(devices, test::ideal_device());
    c.update = test::number_update();
    c.transfer_read = perfect_mvm();
    c.transfer_in_batches = false;
    return c;
}

TEST(TikiTaka, FollowsTheSerialLaw) {
    for (const bool columns : {true, false}) {
        SCOPED_TRACE(columns);
        TikiTaka c = number_chain<TikiTaka>(3);
        c.transfer_update = test::number_update();
        c.transfer_columns = columns;
        c.transfer_every = 2;
        c.reads_per_transfer = 2;
        c.gamma = 0.5;
        c.fast_rate = 0.7;
        c.transfer_rate = 3;
        c.transfer_rate_levels = {3.0, 5.0, 0.0};
        auto learner = make_learner(c, kRows, kCols, kKey);
        learner->set_weights(Matrix<float>(kRows, kCols, 0.25f).view());
        Dense w[3] = {Dense(kRows, kCols), Dense(kRows, kCols), Dense(kRows, kCols, 0.25)};
        const size_t lines = columns ? kCols : kRows;
        const size_t every[2] = {2, 2 * (columns ? kRows : kCols) / 2};
        size_t line[2] = {0, 0};
        const std::vector<double> plain_in(kCols, 1.0);
        const std::vector<double> plain_out(kRows, 1.0);
        for (uint64_t step = 1; step <= 60; step++) {
            const Sample s = sample(step);
            feed(*learner, s, step);
            add_gradient(w[0], s, 0.7 * kRate, plain_in, plain_out);
            for (size_t j = 0; j < 2; j++) {
                if (step % every[j] != 0) {
                    continue;
                }
                for (size_t k = 0; k < 2; k++) {
                    for (size_t i = 0; i < (columns ? kRows : kCols); i++) {
                        double& from = columns ? w[j](i, line[j]) : w[j](line[j], i);
                        double& to = columns ? w[j + 1](i, line[j]) : w[j + 1](line[j], i);
                        to += c.transfer_rate_levels[j] * kRate * from;
                    }
                    line[j] = (line[j] + 1) % lines;
                }
            }
            Dense visible(kRows, kCols);
            for (size_t i = 0; i < visible.values.size(); i++) {
                visible.values[i] = 0.25 * w[0].values[i] + 0.5 * w[1].values[i] + w[2].values[i];
            }
            expect_near(visible, learner->weights(), 1e-4, step);
        }
    }
}

// With gamma 0 the visible weight is the last device itself.
TEST(TikiTaka, ShowsTheLastDeviceWithoutGamma) {
    auto learner = make_learner(number_chain<TikiTaka>(2), kRows, kCols, kKey);
    EXPECT_EQ(learner->weights().data, learner->device(1).weights().data);
    TikiTaka c = number_chain<TikiTaka>(2);
    c.gammas = {0.5, 2.0};
    learner = make_learner(c, kRows, kCols, kKey);
    learner->set_weights(Matrix<float>(kRows, kCols, 0.5f).view());
    EXPECT_NEAR(0.25, learner->device(1).weights()(0, 0), 1e-7);
    EXPECT_NEAR(0.5, learner->weights()(0, 0), 1e-7);
}

// Random lines are uniform; by the compatible law the two at the ends come twice as often.
TEST(TikiTaka, ChoosesRandomLines) {
    constexpr size_t kLines = 8;
    constexpr int kTransfers = 4000;
    for (const bool compatible : {false, true}) {
        SCOPED_TRACE(compatible);
        TikiTaka c = number_chain<TikiTaka>(2);
        c.transfer_update = test::number_update();
        c.transfer_every = 1;
        c.random_line = true;
        c.compatible_random_line = compatible;
        c.scale_fast_rate = c.scale_transfer_rate = false;
        auto learner = make_learner(c, 1, kLines, kKey);
        UpdateCall call;
        call.rate = 1.0;
        // The fast device holds 1 in every cell after the first update and stays there.
        Matrix<float> x(1, kLines, 1.0f);
        Matrix<float> d(1, 1, -1e-3f);
        std::vector<int> chosen(kLines, 0);
        Matrix<float> before(1, kLines);
        for (int k = 0; k < kTransfers; k++) {
            call.key = {static_cast<uint64_t>(k), 0};
            learner->update(x.view(), d.view(), call);
            d.values[0] = 0.0f;
            size_t changed = 0;
            for (size_t j = 0; j < kLines; j++) {
                const float now = learner->weights()(0, j);
                chosen[j] += now != before(0, j) ? 1 : 0;
                changed += now != before(0, j) ? 1 : 0;
                before(0, j) = now;
            }
            ASSERT_EQ(changed, 1U);
        }
        for (size_t j = 0; j < kLines; j++) {
            const bool end = j == 0 || j + 1 == kLines;
            const double p = !compatible ? 1.0 / kLines : (end ? 2.0 : 1.0) / (kLines + 2);
            const double error = std::sqrt(p * (1 - p) / kTransfers);
            EXPECT_NEAR(chosen[j] / static_cast<double>(kTransfers), p, 5.5 * error) << j;
        }
    }
}

// A reset after every read leaves the line of the fast device at its reset value.
TEST(TikiTaka, ResetsWhatItRead) {
    TikiTaka c = number_chain<TikiTaka>(2);
    for (PulsedDevice& d : c.devices) {
        common_parameters(d).reset_std = 0;
    }
    c.transfer_update = test::number_update();
    c.reset_probability = 1;
    c.transfer_every = 1;
    auto learner = make_learner(c, kRows, kCols, kKey);
    feed(*learner, sample(1), 1);
    const Matrix<float> first = sample(1).d;
    for (size_t r = 0; r < kRows; r++) {
        EXPECT_EQ(0.0f, learner->device(0).weights()(r, 0));
        EXPECT_NE(0.0f, learner->device(0).weights()(r, 1));
        // The read came before the reset.
        EXPECT_NEAR(
            -kRate * kRate * first(0, r) * sample(1).x(0, 0), learner->weights()(r, 0), 1e-7);
    }
}

// What the buffered rules have in common: a sum, whole pulses of it, and what stays.
struct Buffer {
    Dense sum{kRows, kCols};
    double most = 1;
    double momentum = 0;
    bool forget = true;
    double cap = INFINITY;
    // Adds and returns the pulses.
    double add(size_t r, size_t c, double what) {
        double& h = sum(r, c);
        h += what;
        const double n = std::clamp(std::trunc(h), -most, most);
        if (n != 0) {
            h = forget ? h * momentum : h - (1 - momentum) * n;
            h = std::clamp(h, -cap, cap);
        }
        return n;
    }
};

TEST(BufferedTikiTaka, FollowsTheSerialLaw) {
    for (const bool forget : {true, false}) {
        SCOPED_TRACE(forget);
        BufferedTikiTaka c = number_chain<BufferedTikiTaka>(2);
        c.forget_buffer = forget;
        c.momentum = 0.25;
        c.threshold_scale = 2;
        c.step = 3;
        c.transfer_rate = 0.3;
        c.transfer_update = single_pulse_update();
        c.transfer_update.type = PulseType::kNoneWithDevice;
        c.transfer_update.desired_length = 2;
        auto learner = make_learner(c, kRows, kCols, kKey);
        Dense a(kRows, kCols);
        Dense w(kRows, kCols);
        Buffer h;
        h.most = 2;
        h.momentum = 0.25;
        h.forget = forget;
        const std::vector<double> plain_in(kCols, 1.0);
        const std::vector<double> plain_out(kRows, 1.0);
        size_t pulses = 0;
        for (uint64_t step = 1; step <= 200; step++) {
            const Sample s = sample(step);
            feed(*learner, s, step);
            add_gradient(a, s, kRate, plain_in, plain_out);
            const size_t line = (step - 1) % kCols;
            for (size_t r = 0; r < kRows; r++) {
                // In units of the threshold, 2 dw_min.
                const double n = h.add(r, line, 0.3 * kRate * a(r, line) / 0.002);
                pulses += n != 0 ? 1 : 0;
                w(r, line) += n * 3 * 0.001;
            }
            expect_near(w, learner->weights(), 1e-5, step);
        }
        EXPECT_GT(pulses, 50u);
    }
}

// c-TTv2 and AGAD with periodic choppers.
void expect_chopped_law(bool dynamic, bool forget) {
    ChoppedTikiTaka c = number_chain<ChoppedTikiTaka>(2);
    Agad agad = number_chain<Agad>(2);
    ChoppedSettings& settings =
        dynamic ? static_cast<ChoppedSettings&>(agad) : static_cast<ChoppedSettings&>(c);
    settings.input_chop_probability = 0.4;  // period 3
    settings.input_chop_random = false;
    settings.buffer_granularity = 1.5;
    settings.auto_granularity = 12;  // over 6 columns every vector: factor 2
    settings.transfer_rate = 0.4;
    settings.momentum = 0.5;
    settings.forget_buffer = forget;
    settings.fast_rate = 0.9;
    settings.scale_fast_rate = true;
    settings.gamma = 0.1;
    settings.transfer_update.desired_length = 2;
    settings.transfer_update.type = PulseType::kNoneWithDevice;
    agad.tail_weight = 2;
    agad.buffer_cap = 0.3;
    auto learner =
        make_learner(dynamic ? LearnerConfig(agad) : LearnerConfig(c), kRows, kCols, kKey);
    Dense a(kRows, kCols);
    Dense w(kRows, kCols);
    Dense mu(kRows, kCols);
    Dense rho(kRows, kCols);
    Buffer h;
    h.most = 2;
    h.momentum = 0.5;
    h.forget = forget;
    if (dynamic && !forget) {
        h.cap = 0.3 * 2;
    }
    std::vector<double> chop(kCols, 1.0);
    std::vector<bool> switched(kCols, false);
    const std::vector<double> plain_out(kRows, 1.0);
    constexpr uint64_t kPeriod = 3;
    const double scale = 0.4 * kRate / (1.5 * 0.001 * 2);
    uint64_t sweep = 0;
    size_t pulses = 0;
    for (uint64_t step = 1; step <= 300; step++) {
        const Sample s = sample(step, 0.3f);
        feed(*learner, s, step);
        add_gradient(a, s, 0.9 * kRate, chop, plain_out);
        const size_t line = (step - 1) % kCols;
        for (size_t r = 0; r < kRows; r++) {
            const double v = a(r, line);
            if (dynamic && switched[line]) {
                rho(r, line) = mu(r, line);
            }
            const double n =
                h.add(r, line, chop[line] * (v - (dynamic ? rho(r, line) : 0.0)) * scale);
            const double beta = 2.0 / kPeriod;
            mu(r, line) = (1 - beta) * mu(r, line) + beta * v;
            if (!dynamic || sweep > kPeriod) {
                w(r, line) += n * 0.001;
                pulses += n != 0 ? 1 : 0;
            }
        }
        switched[line] = false;
        if (sweep % kPeriod + 1 == kPeriod) {
            chop[line] = -chop[line];
            switched[line] = true;
        }
        if (line + 1 == kCols) {
            sweep++;
        }
        Dense visible = w;
        for (size_t r = 0; r < kRows; r++) {
            for (size_t col = 0; col < kCols; col++) {
                visible(r, col) += 0.1 * chop[col] * a(r, col);
            }
        }
        expect_near(visible, learner->weights(), 2e-5, step);
    }
    EXPECT_GT(pulses, 100u);
}

TEST(ChoppedTikiTaka, FollowsTheSerialLaw) {
    expect_chopped_law(false, true);
    expect_chopped_law(false, false);
}

TEST(Agad, FollowsTheSerialLaw) {
    expect_chopped_law(true, true);
    expect_chopped_law(true, false);
}

// The rate of the fast device follows the means of the largest input and error: the first vector
// uses a whole train for its largest product.
TEST(ChoppedTikiTaka, ScalesItsRateToTheGradients) {
    for (const float size : {1e-3f, 10.0f}) {
        ChoppedTikiTaka c = number_chain<ChoppedTikiTaka>(2);
        c.auto_scale = true;
        c.fast_rate = 0.5;
        c.auto_momentum = 0.9;
        c.transfer_every = 0;
        auto learner = make_learner(c, kRows, kCols, kKey);
        Sample s = sample(1);
        double largest_x = 0;
        double largest_d = 0;
        for (float& v : s.d.values) {
            v *= size;
            largest_d = std::max(largest_d, std::abs(double{v}));
        }
        for (const float v : s.x.values) {
            largest_x = std::max(largest_x, std::abs(double{v}));
        }
        feed(*learner, s, 1);
        const double rate = 0.5 * 31 * 0.001 / (largest_x * largest_d);
        Dense a(kRows, kCols);
        add_gradient(a, s, rate, std::vector<double>(kCols, 1), std::vector<double>(kRows, 1));
        expect_near(a, learner->device(0).weights(), 1e-7, 1);
        // The means move by a tenth towards the second vector, twice as large.
        for (float& v : s.x.values) {
            v *= 2;
        }
        feed(*learner, s, 2);
        add_gradient(
            a, s, rate / 1.1, std::vector<double>(kCols, 1), std::vector<double>(kRows, 1));
        expect_near(a, learner->device(0).weights(), 1e-7, 2);
    }
}

// A negative period is that share of the fast device's states per line.
TEST(ChoppedTikiTaka, ChoosesItsOwnPeriod) {
    ChoppedTikiTaka c = number_chain<ChoppedTikiTaka>(2);
    common_parameters(c.devices[0]).w_max = 0.06;
    common_parameters(c.devices[0]).w_min = -0.06;  // 120 states over 6 columns
    c.transfer_every = -0.25;                       // 5 vectors
    auto learner = make_learner(c, kRows, kCols, kKey);
    for (uint64_t step = 1; step <= 14; step++) {
        feed(*learner, sample(step), step);
    }
    EXPECT_EQ(2u, learner->state().numbers.at("events_0"));
    feed(*learner, sample(15), 15);
    EXPECT_EQ(3u, learner->state().numbers.at("events_0"));
}

// The compatible law of a negative period: every line is read and written twice in a row.
TEST(ChoppedTikiTaka, TransfersTwiceWhereCompatible) {
    ChoppedTikiTaka c = number_chain<ChoppedTikiTaka>(2);
    common_parameters(c.devices[0]).w_max = 6;
    common_parameters(c.devices[0]).w_min = -6;
    c.input_chop_probability = 0;
    c.scale_transfer_rate = false;
    c.buffer_granularity = 1e6;  // nothing is written: the buffer is the sum of the reads
    const double states = 12 / granularity(c.devices[0]);
    const auto buffer = [&](double every, bool compatible) {
        c.transfer_every = every;
        c.compatible_double_transfer = compatible;
        auto learner = make_learner(c, kRows, kCols, kKey);
        for (uint64_t step = 1; step <= 5; step++) {
            feed(*learner, sample(step), step);
        }
        return learner->table("buffer");
    };
    const double every = -5.0 * static_cast<double>(kCols) / states;  // 5 vectors
    const Matrix<float> once = buffer(every, false);
    const Matrix<float> twice = buffer(every, true);
    EXPECT_EQ(once.values, buffer(5, true).values);
    for (size_t i = 0; i < once.values.size(); i++) {
        EXPECT_EQ(once.values[i] != 0, i < kRows);  // the first line
        EXPECT_FLOAT_EQ(2 * once.values[i], twice.values[i]);
    }
}

// Random choppers flip with their probability.
TEST(ChoppedTikiTaka, FlipsAtRandom) {
    ChoppedTikiTaka c = number_chain<ChoppedTikiTaka>(2);
    c.input_chop_probability = 0.2;
    auto learner = make_learner(c, 2, 40, kKey);
    size_t flips = 0;
    constexpr size_t kSweeps = 100;
    Matrix<float> before = learner->table("input_sign");
    const Matrix<float> x(40, 40);
    const Matrix<float> d(40, 2);
    for (uint64_t sweep = 0; sweep < kSweeps; sweep++) {
        UpdateCall call;
        call.rate = 0.1;
        call.key = {sweep, 0};
        learner->update(x.view(), d.view(), call);
        const Matrix<float> after = learner->table("input_sign");
        for (size_t i = 0; i < after.values.size(); i++) {
            flips += after.values[i] != before.values[i] ? 1 : 0;
        }
        before = after;
    }
    EXPECT_NEAR(800.0, static_cast<double>(flips), 5.5 * std::sqrt(4000 * 0.16));
}

}  // namespace
}  // namespace mho
