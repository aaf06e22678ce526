// The same perceptron mapped to phase-change memory as it is, and after hardware-aware training:
// accuracy over the time since programming. Needs LibTorch for the training.
#include <cstdio>

#include "mho/net/executor.h"
#include "mho/net/zoo.h"
#include "mho/nn/train_network.h"

namespace {

constexpr size_t kPixels = 64, kClasses = 10;

mho::LabelledImages patterns(size_t count, uint64_t step) {
    const mho::TileKey key = mho::make_tile_key(3, "example");
    std::vector<float> pattern(kClasses * kPixels), noise(count * kPixels);
    mho::fill_uniform(key, mho::Stream::kInitialWeights, 0, 0, pattern);
    mho::fill_uniform(key, mho::Stream::kInitialWeights, step, 0, noise);
    mho::LabelledImages images;
    images.count = count;
    images.channels = 1;
    images.height = images.width = 8;
    images.classes = kClasses;
    images.source = "patterns";
    for (size_t i = 0; i < count; i++) {
        images.labels.push_back(static_cast<uint8_t>(i % kClasses));
        for (size_t p = 0; p < kPixels; p++) {
            images.pixels.push_back(static_cast<uint8_t>(90 * pattern[i % kClasses * kPixels + p] +
                                                         165 * noise[i * kPixels + p]));
        }
    }
    return images;
}

mho::Matrix<float> as_matrix(const mho::LabelledImages& images) {
    mho::Matrix<float> m(images.count, kPixels);
    m.values.assign(images.pixels.begin(), images.pixels.end());
    return m;
}

// Mean over five chips.
double accuracy_at(const mho::Network& network, const mho::LabelledImages& test, double time_s) {
    double sum = 0;
    mho::Matrix<float> outputs(test.count, kClasses);
    for (uint32_t chip = 0; chip < 5; chip++) {
        mho::Executor executor(network, 1, chip);
        executor.program();
        executor.advance_to(time_s);
        executor.run(as_matrix(test).view(), outputs.view(), {});
        sum += mho::accuracy(outputs.view(), test.labels) / 5;
    }
    return 100 * sum;
}

}  // namespace

int main() {
    const mho::LabelledImages train = patterns(1000, 1), test = patterns(500, 2);
    mho::HardwareSpec hardware;
    hardware.base.modifier.kind = mho::ModifierKind::kAddNormal;  // noise while training
    hardware.base.modifier.std = 0.1;
    hardware.base.input_range.init_batches = 10;

    mho::TrainConfig config;
    config.epochs = 6;
    config.batch = 20;
    config.learning_rate = 5e-3;
    const mho::Graph graph =
        mho::mlp({64, 24, 10}, mho::InputSpec{{1, 8, 8}, 1.0 / 255, {0.4}, {0.2}});
    const mho::Network floating = mho::train_network(mho::initialize(graph, 1), train, config, 1);
    mho::Network direct = mho::map_to_hardware(floating, hardware);
    mho::initialize_input_ranges(direct, as_matrix(train).view(), 20, 1);
    config.learning_rate = 1e-3;
    const mho::Network aware =
        mho::train_network(mho::map_to_hardware(floating, hardware), train, config, 1);

    // Rounded: gradients may differ in the last bits from one processor to another.
    for (const double time_s : {1.0, 86400.0, 3.15e8}) {
        const double before = accuracy_at(direct, test, time_s);
        const double after = accuracy_at(aware, test, time_s);
        std::printf("after %9.0f s: direct mapping above 80 %%: %s, hardware-aware not worse: %s\n",
                    time_s,
                    before > 80 ? "yes" : "no",
                    after > before - 0.5 ? "yes" : "no");
    }
}
