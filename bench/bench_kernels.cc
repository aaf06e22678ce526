// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The numeric core against the plain product of oneDNN (one thread) and the standard library's
// normal numbers. Rows and goals: bench/README.md.

#include <fmt/core.h>
#include <omp.h>

#include <cmath>
#include <random>

#include "common.h"
#include "mho/adapt/modifier.h"
#include "mho/kernels/product.h"
#include "mho/random/stream.h"
#include "mho/tile/tile.h"
#include "mho/util/threads.h"
#include "plain_product.h"

namespace mho::bench {
namespace {

constexpr TileKey kKey{20240229};
constexpr size_t kSize = 512;
constexpr size_t kBatch = 64;
constexpr double kOut = kSize * kBatch;  // outputs of one batch

Matrix<float> normal_matrix(size_t rows, size_t cols, uint64_t step) {
    Matrix<float> m(rows, cols);
    fill_normal(kKey, Stream::kTest, step, 0, m.values);
    return m;
}

Matrix<float> uniform_matrix(size_t rows, size_t cols, uint64_t step, float limit) {
    Matrix<float> m(rows, cols);
    fill_uniform(kKey, Stream::kTest, step, 0, m.values);
    for (float& v : m.values) {
        v = limit * (2.0f * v - 1.0f);
    }
    return m;
}

// Weights, inputs and outputs of one shape, with the yardstick on them.
struct Problem {
    Problem(size_t outputs, size_t inputs, size_t batch)
        : w(uniform_matrix(outputs, inputs, 1, 0.3f)),
          x(normal_matrix(batch, inputs, 2)),
          y(batch, outputs),
          plain_y(batch, outputs),
          yardstick(w.view(), x.view(), plain_y.view()) {}
    Matrix<float> w, x, y, plain_y;
    PlainProduct yardstick;
};

// The sums of one pass over the weights without anything around them: what the products of an
// analog forward cost by themselves.
void sums_only(
    Report& report, ProductSet set, size_t size, double products, const std::string& name) {
    if (!report.wants(name)) {
        return;
    }
    Problem p(size, size, kBatch);
    PackedMatrix packed;
    packed.pack(p.w.view());
    ProductScratch scratch;
    Matrix<float> out[3] = {{kBatch, size}, {kBatch, size}, {kBatch, size}};
    const ProductSums sums{
        p.y.values.data(), out[0].values.data(), out[1].values.data(), out[2].values.data(), size};
    const std::vector<float> position(size, 0.5f);
    const Comparison c =
        compare([&] { multiply(packed, set, p.x.view(), position.data(), sums, scratch); },
                [&] { p.yardstick.run(); });
    report.add(row_of(name,
                      c,
                      kNone,
                      products,
                      fmt::format("{0}x{0}: {1:.0f} sums in one pass", size, products)));
}

void plain(Report& report, size_t outputs, size_t inputs, size_t batch, const std::string& name) {
    if (!report.wants(name)) {
        return;
    }
    Problem p(outputs, inputs, batch);
    PackedMatrix packed;
    packed.pack(p.w.view());
    ProductScratch scratch;
    const ProductSums sums{p.y.values.data(), nullptr, nullptr, nullptr, outputs};
    const Comparison c =
        compare([&] { multiply(packed, ProductSet::kPlain, p.x.view(), nullptr, sums, scratch); },
                [&] { p.yardstick.run(); });
    double largest = 0;
    for (size_t i = 0; i < p.y.values.size(); i++) {
        largest = std::max(largest, std::abs(double{p.y.values[i]} - double{p.plain_y.values[i]}));
    }
    const double flops = 2.0 * static_cast<double>(outputs * inputs * batch);
    report.add(row_of(name,
                      c,
                      1.11,
                      1.0,
                      fmt::format("{}x{} batch {}, {:.0f} and {:.0f} GFLOP/s, difference {:.1e}",
                                  outputs,
                                  inputs,
                                  batch,
                                  flops / c.mine_s * 1e-9,
                                  flops / c.other_s * 1e-9,
                                  largest)));
}

MvmConfig noisy() {
    MvmConfig c;
    c.dac.steps = 126;
    c.adc.steps = 510;
    c.adc.bound = 12;
    c.output_noise.std = 0.06;
    c.weight_noise.kind = WeightNoiseKind::kNone;
    c.ir_drop.strength = 0;
    c.noise_management.kind = NoiseManagementKind::kAbsMax;
    c.noise_management.threshold = 0;
    return c;
}

MvmConfig pcm_read() {
    MvmConfig c = noisy();
    c.weight_noise.kind = WeightNoiseKind::kPcmRead;
    return c;
}

MvmConfig bound_management() {
    MvmConfig c = noisy();
    c.adc.bound = 3;
    c.bound_management.kind = BoundManagementKind::kIterative;
    return c;
}

void forward(Report& report,
             const std::string& name,
             const MvmConfig& config,
             double goal,
             double products,
             double normals,
             bool backward,
             const std::string& note) {
    if (!report.wants(name)) {
        return;
    }
    Problem p(kSize, kSize, kBatch);
    TileConfig tile_config;
    tile_config.forward = config;
    tile_config.backward = config;
    Tile tile(tile_config, kSize, kSize, kKey);
    tile.set_weights(p.w.view());
    tile.prepare_backward();
    MvmScratch scratch;
    MvmCall call;
    const Comparison c = compare(
        [&] {
            call.key.step++;
            if (backward) {
                tile.apply_transposed(p.x.view(), p.y.view(), call, scratch);
            } else {
                tile.apply(p.x.view(), p.y.view(), call, scratch);
            }
        },
        [&] { p.yardstick.run(); });
    // Beyond the products: inputs through the DAC, sums through the ADC, noise, once written and
    // read.
    const double bytes = 4.0 * (4.0 * static_cast<double>(p.x.values.size()) + 2.0 * normals);
    report.add(row_of(name, c, goal, ceiling(products, normals, bytes, c.other_s), note));
}

void weight_noise(Report& report) {
    const std::string name = "forward.weight_noise";
    if (!report.wants(name)) {
        return;
    }
    Problem p(kSize, kSize, kBatch);
    TileConfig config;
    config.forward = noisy();
    Tile tile(config, kSize, kSize, kKey);
    MvmScratch scratch;
    MvmCall call;
    Matrix<float> some(PackedMatrix::kPanel, kSize);
    WeightModifier modifier;
    modifier.kind = ModifierKind::kAddNormal;
    modifier.std = 0.06;
    const Comparison c = compare(
        [&] {
            call.key.step++;
            WeightModification draw(modifier, p.w.view(), kKey, call.key.step);
            tile.set_weights_from([&](size_t first, size_t count) -> ConstFloatView {
                const FloatView rows = some.view().row_block(0, count);
                draw.write(first, rows);
                return rows;
            });
            tile.apply(p.x.view(), p.y.view(), call, scratch);
        },
        [&] { p.yardstick.run(); });
    const double noise = static_cast<double>(p.w.values.size() + p.y.values.size());
    const double bytes = 4.0 * (4.0 * static_cast<double>(p.x.values.size()) +
                                2.0 * static_cast<double>(p.w.values.size()));
    report.add(row_of(name,
                      c,
                      1.8,
                      ceiling(1, noise, bytes, c.other_s),
                      "as forward.noisy, every weight redrawn per batch"));
}

// Two threads that share a batch against two processes of one thread each.
void threads(Report& report) {
    const std::string name = "threads.forward";
    if (!report.wants(name)) {
        return;
    }
    constexpr size_t kRows = 4 * kBatch;
    Problem p(kSize, kSize, kRows);
    TileConfig config;
    config.forward = noisy();
    Tile tile(config, kSize, kSize, kKey);
    tile.set_weights(p.w.view());
    MvmScratch scratch[2];
    const auto block = [&](size_t i, size_t worker) {
        MvmCall call;
        call.key.first_sample = i * kBatch;
        tile.apply(p.x.view().row_block(i * kBatch, kBatch),
                   p.y.view().row_block(i * kBatch, kBatch),
                   call,
                   scratch[worker]);
    };
    constexpr size_t kTimes = 12;
    constexpr size_t kRounds = 101;
    const ThreadRates rates = threads_against_processes(
        [&] {
            for (size_t k = 0; k < kRows / kBatch; k++) {
                block(k, 0);
            }
        },
        [&] { parallel_for(2, kRows / kBatch, block); },
        kTimes,
        kRounds);
    report.add({name,
                rates.threads / rates.processes,
                0.93,
                false,
                rates.ratios[kRounds / 4],
                rates.ratios[kRounds * 3 / 4],
                "rate of 2 threads on one batch over that of 2 processes, best of all rounds",
                1.0});
}

// The words that normals are made of: the ceiling of their rate.
double word_rate() {
    std::vector<uint32_t> words(1 << 16);
    uint64_t step = 0;
    const double s = median_seconds([&] { fill_words(kKey, Stream::kTest, step++, 0, words); });
    return static_cast<double>(words.size()) / s;
}

void normals(Report& report) {
    const std::string name = "random.normal";
    if (!report.wants(name)) {
        return;
    }
    std::vector<float> mine(1 << 16);
    std::vector<float> other(1 << 14);
    std::mt19937 engine(1);
    std::normal_distribution<float> distribution;
    uint64_t step = 0;
    const Comparison c = compare([&] { fill_normal(kKey, Stream::kTest, step++, 0, mine); },
                                 [&] {
                                     for (float& v : other) {
                                         v = distribution(engine);
                                     }
                                 });
    const double mine_rate = static_cast<double>(mine.size()) / c.mine_s;
    const double other_rate = static_cast<double>(other.size()) / c.other_s;
    // The ratio of rates: the inverse of that of the times, corrected for the sizes.
    const double sizes = static_cast<double>(mine.size()) / static_cast<double>(other.size());
    report.add({name,
                mine_rate / other_rate,
                15,
                false,
                sizes / c.high,
                sizes / c.low,
                fmt::format("{:.2f} against {:.3f} G samples/s of std::normal_distribution",
                            mine_rate * 1e-9,
                            other_rate * 1e-9),
                word_rate() / other_rate});
}

int run(int argc, char** argv) {
    // oneDNN takes the number of OpenMP threads.
    omp_set_num_threads(1);
    Report report(argc, argv);
    plain(report, 512, 512, kBatch, "product.plain");
    plain(report, 1024, 1024, kBatch, "product.plain.1024");
    plain(report, 256, 256, kBatch, "product.plain.256");
    plain(report, 512, 512, 1, "product.plain.batch1");
    sums_only(report, ProductSet::kSquares, 512, 2, "product.squares");
    sums_only(report, ProductSet::kAll, 512, 4, "product.all");
    sums_only(report, ProductSet::kAll, 1024, 4, "product.all.1024");
    forward(report,
            "forward.noisy",
            noisy(),
            1.3,
            1,
            1 * kOut,
            false,
            "7 bit DAC, 9 bit ADC, output noise");
    forward(report, "backward.noisy", noisy(), kNone, 1, kOut, true, "the transposed product");
    weight_noise(report);
    forward(report, "forward.pcm_read", pcm_read(), 2.5, 2, 2 * kOut, false, "and PCM read noise");
    forward(
        report, "backward.pcm_read", pcm_read(), 2.5, 2, 2 * kOut, true, "the transposed product");
    forward(report,
            "forward.standard",
            MvmConfig{},
            4.8,
            4,
            2 * kOut,
            false,
            "standard model: IR drop as well");
    forward(
        report, "backward.standard", MvmConfig{}, 4.8, 4, 2 * kOut, true, "the transposed product");
    forward(report,
            "forward.bound_management",
            bound_management(),
            2.5,
            2,
            2 * kOut,
            false,
            "ADC bound 3: most vectors run twice");
    threads(report);
    normals(report);
    return report.finish();
}

}  // namespace
}  // namespace mho::bench

int main(int argc, char** argv) {
    return mho::bench::run(argc, argv);
}
