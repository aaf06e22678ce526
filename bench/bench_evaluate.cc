// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Evaluating a trained ResNet-32 on CIFAR-10 images over programmings and times: images per second,
// and the memory of one programmed network. Needs MHO_DATA. Rows and goals: bench/README.md.

#include <fmt/core.h>

#include "common.h"
#include "mho/analysis/evaluate.h"
#include "mho/io/image_data.h"
#include "mho/net/executor.h"

namespace mho::bench {
namespace {

const char* const kRunFile = R"({
  "name": "resnet32",
  "network": {"model": {"model": "resnet cifar", "depth": 32},
              "weights": "models/resnet32-cifar10.safetensors",
              "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
  "hardware": {"preset": "standard"},
  "data": {"set": "cifar10 lossless", "train_images": 1280}
})";
constexpr size_t kProgrammings = 25;

const char* const kSlicedRun = R"({
  "name": "sliced resnet20",
  "network": {"model": {"model": "resnet cifar", "depth": 20},
              "weights": "models/resnet20-cifar10.safetensors",
              "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
  "hardware": {"mapping": {"per_column": false, "max_inputs": 1152},
               "drift_compensation": "none",
               "crossbar": {"enabled": true,
                            "weights": {"weight_bits": 8, "slices": 8},
                            "adc": {"model": "sar", "bits": 8, "mid_tread": true},
                            "adc_range": {"rule": "calibrated"}}},
  "data": {"set": "cifar10 lossless", "train_images": 128},
  "evaluation": {"calibrate": true, "calibration_images": 128}
})";
constexpr size_t kSlicedSlices = 8;
constexpr int kSlicedRounds = 5;

// Eight slices of one bit, one input pass, a SAR conversion of every column of every slice.
void bit_sliced(Report& report) {
    const RunFile run = parse_run_file(kSlicedRun, "bench_evaluate");
    const Network network = fold_batch_norm(build_network(run));
    const Network mapped = make_naive(run, network, load_train_images(run.data));
    const LabelledImages test = load_test_images(run.data);
    const size_t images = test.count;
    const Matrix<float> pixels = pixels_of(test, 0, images);
    Executor analog(mapped, run.seed);
    analog.program();
    const Executor exact(network, run.seed);
    Matrix<float> outputs(images, analog.output_features());
    std::vector<double> mine, other, ratios;
    double right = 0;
    for (int round = 0; round < kSlicedRounds; round++) {
        double begin = process_cpu_s();
        analog.run(pixels.view(), outputs.view(), {}, 1);
        mine.push_back(process_cpu_s() - begin);
        right = accuracy(outputs.view(), test.labels);
        begin = process_cpu_s();
        exact.run(pixels.view(), outputs.view(), {}, 1);
        other.push_back(process_cpu_s() - begin);
        ratios.push_back(mine.back() / other.back());
    }
    const double ratio = quantile(mine, 0.5) / quantile(other, 0.5);
    report.add({"evaluate.sliced_resnet20",
                ratio,
                1.5 * kSlicedSlices,
                true,
                quantile(ratios, 0.25),
                quantile(ratios, 0.75),
                fmt::format("8 slices, SAR 8 bit, {} images: {:.0f} images/s, {:.0f} in floating "
                            "point; {:.1f} % right",
                            images,
                            static_cast<double>(images) / quantile(mine, 0.5),
                            static_cast<double>(images) / quantile(other, 0.5),
                            100 * right),
                kNone});
}

int run(int argc, char** argv) {
    Report report(argc, argv);
    const bool sliced = report.wants("evaluate.sliced_resnet20");
    const bool standard = report.wants("evaluate.resnet32");
    if (!sliced && !standard) {
        return 0;
    }
    if (!find_data("models")) {
        fmt::print("evaluate: skipped, set MHO_DATA to the folder of data sets and models\n");
        return 0;
    }
    if (sliced) {
        bit_sliced(report);
    }
    if (!standard) {
        return report.finish();
    }
    const RunFile run = parse_run_file(kRunFile, "bench_evaluate");
    const Network network = fold_batch_norm(build_network(run));
    const Network mapped = make_naive(run, network, load_train_images(run.data));
    const LabelledImages test = load_test_images(run.data);
    const size_t images = test.count;
    const Matrix<float> pixels = pixels_of(test, 0, images);

    Executor analog(mapped, run.seed);
    const Executor exact(network, run.seed);
    Matrix<float> outputs(images, analog.output_features());
    double right = 0;
    std::vector<double> mine, other, ratios;
    for (size_t programming = 0; programming < kProgrammings; programming++) {
        double begin = process_cpu_s();
        analog.program(programming);
        analog.advance_to(86400.0);
        analog.run(pixels.view(), outputs.view(), {}, 1);
        mine.push_back(process_cpu_s() - begin);
        right += accuracy(outputs.view(), test.labels);
        begin = process_cpu_s();
        exact.run(pixels.view(), outputs.view(), {}, 1);
        other.push_back(process_cpu_s() - begin);
        ratios.push_back(mine.back() / other.back());
    }
    Comparison c;
    c.mine_s = quantile(mine, 0.5);
    c.other_s = quantile(other, 0.5);
    c.ratio = c.mine_s / c.other_s;
    c.low = quantile(ratios, 0.25);
    c.high = quantile(ratios, 0.75);
    report.add(row_of("evaluate.resnet32",
                      c,
                      kNone,
                      kNone,
                      fmt::format("{} programmings of {} images: {:.0f} images/s on the standard "
                                  "model, {:.0f} in floating point; {:.2f} % right after a day",
                                  kProgrammings,
                                  images,
                                  static_cast<double>(images) / c.mine_s,
                                  static_cast<double>(images) / c.other_s,
                                  100 * right / kProgrammings)));
    size_t floats = 0;
    for (const auto& [name, tensor] : network.parameters) {
        floats += tensor.values.size();
    }
    // What a programmed chip needs: its tiles, and the weights that it is programmed from.
    size_t bytes = analog.state_bytes();
    for (const auto& [name, tensor] : analog.network().parameters) {
        bytes += tensor.values.size() * sizeof(float);
    }
    const auto weights = static_cast<double>(floats * sizeof(float));
    const double ratio = static_cast<double>(bytes) / weights;
    report.add({"evaluate.resnet32.bytes",
                ratio,
                4.0,
                true,
                ratio,
                ratio,
                fmt::format("{:.2f} MB of a programmed network, {:.2f} MB of float32 weights",
                            static_cast<double>(bytes) * 1e-6,
                            weights * 1e-6),
                kNone});
    return report.finish();
}

}  // namespace
}  // namespace mho::bench

int main(int argc, char** argv) {
    return mho::bench::run(argc, argv);
}
