// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Plain stochastic gradient descent in the array (Gokmen and Vlasov 2016): every vector update is
// pulsed onto the one device of each weight.

#include "mho/train/learner_rules.h"
#include "mho/train/pulse_writer.h"

namespace mho {
namespace {

class AnalogSgdLearner : public Learner {
  public:
    AnalogSgdLearner(const AnalogSgd& c, size_t rows, size_t cols, TileKey key)
        : Learner(c, rows, cols, key), writer_(c.update, key) {}

    ConstFloatView weights() const override { return arrays_[0].weights(); }

  protected:
    void write(ConstFloatView weights, uint64_t step) override {
        arrays_[0].set_weights(weights, step);
    }
    void learn(ConstFloatView inputs, ConstFloatView errors, const UpdateCall& call) override {
        writer_.prepare(inputs, errors, call.rate, granularity(), call.key);
        PulseOptions options;
        options.threads = call.threads;
        activity_[0].add(writer_.apply(arrays_[0], options));
    }

  private:
    PulseWriter writer_;
};

}  // namespace

std::unique_ptr<Learner> make_rule(const AnalogSgd& c, size_t rows, size_t cols, TileKey key) {
    return std::make_unique<AnalogSgdLearner>(c, rows, cols, key);
}

}  // namespace mho
