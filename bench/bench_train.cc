// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Hardware-aware training steps and programming against LibTorch. Rows and goals: bench/README.md.

#include <ATen/Parallel.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <fmt/core.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/pooling.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include <memory>

#include "common.h"
#include "mho/net/zoo.h"
#include "mho/nn/graph_network.h"
#include "mho/nn/optimizer.h"
#include "mho/random/stream.h"
#include "mho/util/keep_memory.h"

namespace mho::bench {
namespace {

constexpr TileKey kKey{20240229};
constexpr int64_t kBatch = 128;
constexpr double kRate = 1e-3;
constexpr uint64_t kWarmSteps = 3;

// What the field calls a full step: a fresh Gaussian on every weight (per batch), a learned input
// range, 8-bit converters, output noise, and clipping. No IR drop and no read noise.
Hardware full_step() {
    Hardware h;
    h.forward.ir_drop.strength = 0;
    h.forward.weight_noise.kind = WeightNoiseKind::kNone;
    h.forward.output_noise.std = 0.02;
    h.modifier.kind = ModifierKind::kAddNormal;
    h.modifier.std = 0.06;
    h.clip.kind = ClipKind::kLayerGaussian;
    h.clip.sigma = 2.5;
    h.remap.kind = RemapKind::kNone;
    h.mapping.learn_scales = LearnedScales::kNone;
    h.input_range.init_batches = 1;
    return h;
}

Hardware standard_step() {
    Hardware h;
    h.modifier.kind = ModifierKind::kAddNormal;
    h.modifier.std = 0.06;
    h.input_range.init_batches = 1;
    return h;
}

torch::Tensor inputs(std::vector<int64_t> shape) {
    torch::Tensor x = at::empty(shape);
    fill_normal(kKey, Stream::kTest, 0, 0, {x.data_ptr<float>(), static_cast<size_t>(x.numel())});
    return x;
}

torch::Tensor labels() {
    torch::Tensor y = at::empty({kBatch}, at::kLong);
    for (int64_t i = 0; i < kBatch; i++) {
        y.data_ptr<int64_t>()[i] = i % 10;
    }
    return y;
}

// One step of mho's training loop.
struct Work {
    double normals = 0;
    double bytes = 0;
};

class AnalogStep {
  public:
    AnalogStep(const Graph& graph, const Hardware& hardware)
        : network_(map_to_hardware(initialize(graph, 1), HardwareSpec{hardware, {}}), 1) {
        network_->train();
        TrainConfig config;
        config.optimizer = OptimizerKind::kSgd;
        config.momentum = 0;
        config.weight_decay = 0;
        std::vector<Optimizer::Slot> slots;
        for (torch::Tensor& p : network_->parameters()) {
            if (p.requires_grad()) {
                slots.push_back(
                    {"", p.data_ptr<float>(), static_cast<size_t>(p.numel()), true, {}, {}});
                parameters_.push_back(p);
            }
        }
        optimizer_ = std::make_unique<Optimizer>(config, std::move(slots));
    }

    void run(const torch::Tensor& x, const torch::Tensor& y) {
        network_->set_step(step_++);
        for (torch::Tensor& p : parameters_) {
            p.mutable_grad() = torch::Tensor();
        }
        at::cross_entropy_loss(network_->forward(x), y).backward();
        const torch::NoGradGuard no_grad;
        std::vector<const float*> gradients;
        for (torch::Tensor& p : parameters_) {
            gradients.push_back(p.grad().data_ptr<float>());
        }
        optimizer_->step(gradients, kRate);
        network_->post_step();
    }

    /// What one step needs besides products: a random number per analog weight and output; the
    /// weights read and written with their noise, packed, and looked at for the clip.
    Work extra() const {
        Work all;
        const NetworkSummary summary = summarize(network_->export_network());
        for (const LayerSummary& layer : summary.layers) {
            if (layer.tiles > 0) {
                double outputs = 1;
                for (const int d : layer.output) {
                    outputs *= d;
                }
                const auto weights = static_cast<double>(layer.weights);
                all.normals += weights + outputs * static_cast<double>(kBatch);
                all.bytes += 5 * sizeof(float) * weights;
            }
        }
        return all;
    }

  private:
    GraphNetwork network_;
    std::vector<torch::Tensor> parameters_;
    std::unique_ptr<Optimizer> optimizer_;
    uint64_t step_ = 0;
};

class PlainStep {
  public:
    explicit PlainStep(torch::nn::Sequential network)
        : network_(std::move(network)), optimizer_(network_->parameters(), kRate) {}
    void run(const torch::Tensor& x, const torch::Tensor& y) {
        optimizer_.zero_grad();
        at::cross_entropy_loss(network_->forward(x), y).backward();
        optimizer_.step();
    }

  private:
    torch::nn::Sequential network_;
    torch::optim::SGD optimizer_;
};

void train(Report& report,
           const std::string& name,
           const Graph& graph,
           const Hardware& hardware,
           torch::nn::Sequential plain_network,
           std::vector<int64_t> plain_shape,
           double products,
           double goal,
           const std::string& note) {
    if (!report.wants(name)) {
        return;
    }
    AnalogStep mine(graph, hardware);
    PlainStep plain(std::move(plain_network));
    const torch::Tensor x = inputs(std::move(plain_shape));
    const torch::Tensor flat = x.reshape({kBatch, -1});
    const torch::Tensor y = labels();
    // The first batches set the input ranges.
    for (uint64_t i = 0; i < kWarmSteps; i++) {
        mine.run(flat, y);
    }
    const Comparison c =
        compare([&] { mine.run(flat, y); }, [&] { plain.run(x, y); }, /*seconds=*/6);
    const Work extra = mine.extra();
    const double limit = ceiling(products, extra.normals, extra.bytes, c.other_s);
    report.add(row_of(name, c, goal, limit, note));
    report.remark(fmt::format("random numbers of a step: {:.0f} us",
                              extra.normals / machine_rates().normals_per_s * 1e6));
}

InputSpec images(int channels, int height, int width) {
    InputSpec spec;
    spec.shape = {channels, height, width};
    spec.scale = 1.0;
    return spec;
}

torch::nn::Sequential plain_mlp() {
    using namespace torch::nn;
    return Sequential(Linear(784, 512), ReLU(), Linear(512, 512), ReLU(), Linear(512, 10));
}

// 15 million multiply-adds per image: three convolutions of 3 x 3, two pools, one linear layer.
Graph conv_graph() {
    Graph g;
    g.name = "conv";
    g.input = images(3, 32, 32);
    const auto conv = [](int in, int out) {
        Conv2dOp op;
        op.in_channels = in;
        op.out_channels = out;
        op.padding = {1, 1};
        return op;
    };
    g.layers = {{"conv1", conv(3, 32), {}},
                {"relu1", ActivationOp{}, {}},
                {"conv2", conv(32, 32), {}},
                {"relu2", ActivationOp{}, {}},
                {"pool1", Pool2dOp{}, {}},
                {"conv3", conv(32, 64), {}},
                {"relu3", ActivationOp{}, {}},
                {"pool2", Pool2dOp{}, {}},
                {"flat", FlattenOp{}, {}},
                {"fc", LinearOp{64 * 64, 10, true}, {}}};
    return g;
}

torch::nn::Sequential plain_conv() {
    using namespace torch::nn;
    const auto conv = [](int64_t in, int64_t out) {
        return Conv2d(Conv2dOptions(in, out, 3).padding(1));
    };
    return Sequential(conv(3, 32),
                      ReLU(),
                      conv(32, 32),
                      ReLU(),
                      MaxPool2d(2),
                      conv(32, 64),
                      ReLU(),
                      MaxPool2d(2),
                      Flatten(),
                      Linear(64 * 64, 10));
}

// A chip of 4 M cells programmed, drifted for a day and read, against as many normal numbers.
void program_pcm(Report& report) {
    const std::string name = "program.pcm";
    if (!report.wants(name)) {
        return;
    }
    constexpr size_t kCells = size_t{1} << 22;
    std::vector<float> target(kCells), now(kCells);
    fill_uniform(kKey, Stream::kTest, 0, 0, target);
    const double g_max = 25;
    for (float& g : target) {
        g *= static_cast<float>(g_max);
    }
    torch::Tensor normals = at::empty({static_cast<int64_t>(kCells)});
    const ConductanceModel model = PcmLike{};
    uint64_t programming = 0;
    const Comparison c = compare(
        [&] { program_and_read(model, g_max, target, 86400.0, now, kKey, programming++, 0); },
        [&] { normals.normal_(); },
        3);
    report.add(row_of(name,
                      c,
                      1.0,
                      ceiling(0, 3.0 * kCells, 8.0 * kCells, c.other_s),
                      fmt::format("{:.2f} ns per cell (three normals, a logarithm, two "
                                  "exponentials) against torch's normal_",
                                  c.mine_s / kCells * 1e9)));
}

int run(int argc, char** argv) {
    at::set_num_threads(1);
    Report report(argc, argv);
    const Graph mlp_graph = mlp({784, 512, 512, 10}, images(1, 28, 28));
    const std::string full =
        "weight noise per batch, learned range, 8-bit DAC and ADC, output noise, clip";
    train(report,
          "train.hwa_mlp",
          mlp_graph,
          full_step(),
          plain_mlp(),
          {kBatch, 784},
          1,
          1.35,
          "784-512-512-10: " + full);
    train(report,
          "train.hwa_conv",
          conv_graph(),
          full_step(),
          plain_conv(),
          {kBatch, 3, 32, 32},
          1,
          1.5,
          "conv 32-32-64, linear: " + full);
    // A plain step has three products (two in the first layer); the standard model's forward adds
    // three more.
    train(report,
          "train.standard_mlp",
          mlp_graph,
          standard_step(),
          plain_mlp(),
          {kBatch, 784},
          2,
          3.5,
          "784-512-512-10, standard model: PCM read noise and IR drop as well");
    program_pcm(report);
    return report.finish();
}

}  // namespace
}  // namespace mho::bench

int main(int argc, char** argv) {
    mho::keep_freed_memory();  // for both sides, as the command does
    return mho::bench::run(argc, argv);
}
