// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/chip_score.h"

#include <algorithm>

#include "mho/analysis/text_data.h"

namespace mho {

ChipScore::ChipScore(const LabelledImages& test,
                     size_t images,
                     uint64_t seed,
                     size_t threads,
                     const std::atomic<bool>* stop)
    : test_(test),
      seed_(seed),
      threads_(threads),
      stop_(stop),
      labels_(test.labels.size() / std::max<size_t>(test.count, 1)) {
    if (test.count == 0 || images == 0) {
        throw InputError("there are no test images");
    }
    if (labels_ == 0 || test.labels.size() != test.count * labels_) {
        throw InputError("test images: " + std::to_string(test.labels.size()) + " labels for " +
                         std::to_string(test.count) + " images");
    }
    pixels_ = pixels_of(test, 0, std::min(images, test.count));
}

double ChipScore::of(const Executor& executor, ReadKey key) const {
    if (stop_ != nullptr && stop_->load()) {
        throw Interrupted("stopped");
    }
    Matrix<float> outputs(images(), executor.output_features());
    executor.run(pixels_.view(), outputs.view(), key, threads_);
    if (is_loss()) {
        return -cross_entropy_sum(outputs.view(), test_.labels, labels_) /
               static_cast<double>(images() * labels_);
    }
    const std::vector<uint8_t> labels(test_.labels.begin(),
                                      test_.labels.begin() + static_cast<std::ptrdiff_t>(images()));
    return accuracy(outputs.view(), labels);
}

double ChipScore::exact(const Network& network) const {
    return of(Executor(network, seed_), {});
}

double ChipScore::on_chip(const Network& network,
                          uint32_t chip,
                          double t_s,
                          uint64_t read,
                          ConductanceSwitches switches) const {
    Executor executor(network, seed_, chip);
    executor.program(0, switches);
    executor.advance_to(t_s, read);
    return of(executor, {read, 0});
}

}  // namespace mho
