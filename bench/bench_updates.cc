// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Pulsed updates of one array, 512 x 512, batches of 64: seconds of one batch, what the law needed,
// and the error of the laws against pulses one by one. bench/peers/update.py puts the field's tool
// beside these rows.
//
// Work: weights U(-0.3, 0.3), inputs N(0, 1), errors 0.01 N(0, 1), dw_min 0.001, cycle noise and
// spread over cells 0.3; learning rate 0.1 (sparse: 0.6 pulses per cell and sample) or 1 (dense:
// 5). Weights are set before every timed call.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "common.h"
#include "law_errors.h"
#include "mho/random/stream.h"
#include "mho/train/learner.h"
#include "mho/train/pulse_rule.h"

namespace mho::bench {
namespace {

constexpr size_t kSize = 512;
constexpr size_t kBatch = 64;
constexpr size_t kRounds = 9;

double process_seconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

struct Work {
    TileKey key = make_tile_key(7, "bench updates");
    Matrix<float> weights{kSize, kSize};
    Matrix<float> inputs{kBatch, kSize};
    Matrix<float> errors{kBatch, kSize};

    Work() {
        fill_uniform(key, Stream::kTest, 0, 0, weights.values);
        fill_normal(key, Stream::kTest, 1, 0, inputs.values);
        fill_normal(key, Stream::kTest, 2, 0, errors.values);
        for (float& w : weights.values) {
            w = 0.6f * w - 0.3f;
        }
        for (float& d : errors.values) {
            d *= 0.01f;
        }
    }
};

struct Case {
    std::string name;
    PulsedDevice device;
    PulseLaw law = PulseLaw::kSample;
    bool frozen = false;
};

std::vector<Case> device_cases() {
    PiecewiseStep pieces;
    pieces.piecewise_up = pieces.piecewise_down = {1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4};
    std::vector<Case> cases;
    for (const auto& [name, device] : std::vector<std::pair<std::string, PulsedDevice>>{
             {"ConstantStep", ConstantStep{}},
             {"LinearStep", LinearStep{}},
             {"SoftBounds", SoftBounds{}},
             {"SoftBoundsReference", SoftBoundsReference{}},
             {"ExpStep", ExpStep{}},
             {"PowStep", PowStep{}},
             {"PiecewiseStep", pieces}}) {
        cases.push_back({name, device});
    }
    cases.push_back({"LinearStep.batch", LinearStep{}, PulseLaw::kBatch});
    cases.push_back({"SoftBounds.batch", SoftBounds{}, PulseLaw::kBatch});
    cases.push_back({"ExpStep.frozen", ExpStep{}, PulseLaw::kSample, true});
    cases.push_back({"PowStep.frozen", PowStep{}, PulseLaw::kSample, true});
    cases.push_back({"PiecewiseStep.frozen", pieces, PulseLaw::kSample, true});
    return cases;
}

// "ExpStep.frozen" and "sparse" -> "update.ExpStep.sparse.frozen".
std::string row_name(const std::string& name, const char* density) {
    const size_t dot = name.find('.');
    return dot == std::string::npos
               ? fmt::format("update.{}.{}", name, density)
               : fmt::format("update.{}.{}{}", name.substr(0, dot), density, name.substr(dot));
}

double median_of(std::vector<double> seconds) {
    std::sort(seconds.begin(), seconds.end());
    return seconds[seconds.size() / 2];
}

Row timed_row(const std::string& name, double seconds, const std::string& note) {
    Row row;
    row.name = name;
    row.ratio = seconds / kBatch * 1e6;
    row.mine_s = seconds;
    row.note = note;
    return row;
}

void measure_devices(const Work& work, Report& report) {
    for (const Case& c : device_cases()) {
        for (const auto& [density, rate] : {std::pair("sparse", 0.1), std::pair("dense", 1.0)}) {
            const std::string name = row_name(c.name, density);
            if (!report.wants(name)) {
                continue;
            }
            PulseUpdate update;
            update.law = c.law;
            update.frozen_response = c.frozen;
            PulsedArray array(c.device, kSize, kSize, work.key);
            std::vector<double> seconds;
            PulseActivity did;
            for (uint64_t round = 0; round <= kRounds; round++) {
                array.set_weights(work.weights.view(), round);
                const double start = process_seconds();
                did = pulsed_update(
                    array, update, work.inputs.view(), work.errors.view(), rate, {round, 0});
                if (round > 0) {
                    seconds.push_back(process_seconds() - start);
                }
            }
            const double s = median_of(seconds);
            const auto all =
                static_cast<double>(did.batch_cells + did.sample_cells + did.pulse_cells);
            report.add(timed_row(
                name,
                s,
                fmt::format("us per sample; {:.2f} pulses a cell and sample; jumps per batch "
                            "{:.1f} %, per sample {:.1f} %, pulse by pulse {:.1f} %",
                            static_cast<double>(did.pulses) / (kSize * kSize * kBatch),
                            1e2 * static_cast<double>(did.batch_cells) / all,
                            1e2 * static_cast<double>(did.sample_cells) / all,
                            1e2 * static_cast<double>(did.pulse_cells) / all)));
            // Weights and four tables are moved once, every pulse law needs its normal numbers.
            const double bytes = 6.0 * 4 * kSize * kSize;
            const double least = static_cast<double>(did.normals) / machine_rates().normals_per_s +
                                 bytes / machine_rates().bytes_per_s;
            report.remark(
                fmt::format("ceiling: {:.1f} us per sample for {:.2f} M normal numbers "
                            "and {:.1f} MB",
                            least / kBatch * 1e6,
                            static_cast<double>(did.normals) * 1e-6,
                            bytes * 1e-6));
        }
    }
}

template <class C>
C compound(double fast_rate) {
    C c;
    c.devices = {SoftBoundsReference{}, SoftBoundsReference{}};
    c.transfer_in_batches = false;
    c.fast_rate = fast_rate;
    c.update.desired_length = 5;
    return c;
}

std::vector<std::pair<std::string, LearnerConfig>> learner_cases() {
    auto chopped = compound<ChoppedTikiTaka>(0.1);
    chopped.auto_scale = true;
    auto agad = compound<Agad>(0.1);
    agad.auto_scale = true;
    MixedPrecision mixed;
    mixed.device = SoftBoundsReference{};
    return {{"TTv1", compound<TikiTaka>(1.0)},
            {"TTv2", compound<BufferedTikiTaka>(0.1)},
            {"cTTv2", chopped},
            {"AGAD", agad},
            {"MixedPrecision", mixed}};
}

void measure_learners(const Work& work, Report& report) {
    for (const auto& [rule, config] : learner_cases()) {
        for (const auto& [density, rate] : {std::pair("sparse", 0.1), std::pair("dense", 1.0)}) {
            const std::string name = row_name(rule, density);
            if (!report.wants(name)) {
                continue;
            }
            const auto learner = make_learner(config, kSize, kSize, work.key);
            std::vector<double> seconds;
            for (uint64_t round = 0; round <= kRounds; round++) {
                learner->set_weights(work.weights.view(), round);
                UpdateCall call;
                call.rate = rate;
                call.key = {round, 0};
                const double start = process_seconds();
                learner->update(work.inputs.view(), work.errors.view(), call);
                if (round > 0) {
                    seconds.push_back(process_seconds() - start);
                }
            }
            // Pulses reach few cells here: trains of five slots.
            std::string note = "us per sample; pulses and normal numbers per sample:";
            const double samples = kBatch * (kRounds + 1);
            for (size_t k = 0; k < learner->device_count(); k++) {
                const PulseActivity& did = learner->activity(k);
                note += fmt::format(" device {}: {:.0f}, {:.0f};",
                                    k,
                                    static_cast<double>(did.pulses) / samples,
                                    static_cast<double>(did.normals) / samples);
            }
            report.add(timed_row(name, median_of(seconds), note));
        }
    }
}

// Rate of two threads on one batch against that of two processes: `threads.update.*`.
void measure_threads(const Work& work, Report& report) {
    for (const auto& [model, device] : std::vector<std::pair<std::string, PulsedDevice>>{
             {"ConstantStep", ConstantStep{}}, {"SoftBounds", SoftBounds{}}}) {
        const std::string name = "threads.update." + model;
        if (!report.wants(name)) {
            continue;
        }
        constexpr size_t kUpdates = 3;  // of a round and process
        constexpr size_t kThreadRounds = 51;
        PulsedArray array(device, kSize, kSize, work.key);
        const PulseUpdate update;
        uint64_t step = 0;
        const auto run = [&](size_t threads) {
            array.set_weights(work.weights.view(), step);
            const auto x = work.inputs.view();
            const auto d = work.errors.view();
            pulsed_update(array, update, x, d, 1.0, {step++, 0}, threads);
        };
        const ThreadRates rates =
            threads_against_processes([&] { run(1); }, [&] { run(2); }, kUpdates, kThreadRounds);
        Row row;
        row.name = name;
        row.ratio = rates.threads / rates.processes;
        row.goal = 0.93;
        row.at_most = false;
        row.low = rates.ratios[kThreadRounds / 4];
        row.high = rates.ratios[kThreadRounds * 3 / 4];
        row.mine_s = 1.0 / rates.threads;
        row.other_s = 1.0 / rates.processes;
        row.note = "rate of 2 threads on one batch over that of 2 processes, best of all rounds";
        report.add(row);
    }
}

}  // namespace
}  // namespace mho::bench

int main(int argc, char** argv) {
    using namespace mho::bench;
    if (argc > 1 && std::string(argv[1]) == "laws") {
        print_law_errors();
        return 0;
    }
    const Work work;
    Report report(argc, argv);
    measure_devices(work, report);
    measure_learners(work, report);
    measure_threads(work, report);
    return report.finish();
}
