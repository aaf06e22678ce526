// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Several devices per weight, W = sum gamma_k W_k (Boybat et al., Nat. Commun. 2018; aihwkit). All
// devices see the same trains; which of them a vector update reaches is decided by the policy. The
// granularity is the mean of the devices'. A reference pair is two devices of which only the first
// learns.
//
// Written weights go to every device, divided by the sum of the gammas; under `single fixed` only
// to the learning device, such that the visible weight is the wanted one.

#include <algorithm>
#include <cmath>

#include "mho/train/learner_rules.h"
#include "mho/train/pulse_writer.h"

namespace mho {
namespace {

class VectorCellLearner : public Learner {
  public:
    VectorCellLearner(const LearnerConfig& config,
                      VectorPolicy policy,
                      size_t first,
                      std::vector<double> gammas,
                      size_t rows,
                      size_t cols,
                      TileKey key)
        : Learner(config, rows, cols, key),
          policy_(policy),
          current_(first),
          gammas_(std::move(gammas)),
          writer_(learner_update(config_), key),
          visible_(rows, cols) {
        if (gammas_.empty()) {
            gammas_.assign(arrays_.size(), 1.0 / static_cast<double>(arrays_.size()));
        }
        turns_.resize(arrays_.size());
    }

    ConstFloatView weights() const override { return visible_.view(); }
    double granularity() const override {
        double sum = 0;
        for (const PulsedArray& a : arrays_) {
            sum += a.granularity();
        }
        return sum / static_cast<double>(arrays_.size());
    }

  protected:
    void write(ConstFloatView weights, uint64_t step) override {
        Matrix<float> one(rows_, cols_);
        if (policy_ == VectorPolicy::kSingleFixed) {
            // The other devices keep what they hold.
            std::vector<double> others = gammas_;
            others[current_] = 0;
            combine(arrays_, others, one.view());
            scaled_difference(weights, gammas_[current_], one);
            arrays_[current_].set_weights(one.view(), step);
            return;
        }
        double sum = 0;
        for (const double g : gammas_) {
            sum += g;
        }
        scaled_difference(weights, sum, one);
        for (PulsedArray& a : arrays_) {
            a.set_weights(one.view(), step);
        }
    }

    void learn(ConstFloatView inputs, ConstFloatView errors, const UpdateCall& call) override {
        const size_t samples = inputs.rows;
        const size_t n = arrays_.size();
        writer_.prepare(inputs, errors, call.rate, granularity(), call.key);
        const bool all = policy_ == VectorPolicy::kAll;
        if (!all) {
            choose(samples, call.key);
        }
        for (size_t k = 0; k < n; k++) {
            PulseOptions options;
            options.threads = call.threads;
            if (!all) {
                if (std::find(turns_[k].begin(), turns_[k].end(), 1) == turns_[k].end()) {
                    continue;
                }
                options.only = turns_[k];
            }
            activity_[k].add(writer_.apply(arrays_[k], options));
        }
    }

    void devices_changed() override {
        current_ %= arrays_.size();  // a saved state may hold anything
        combine(arrays_, gammas_, visible_.view());
    }

    std::vector<std::pair<std::string, uint64_t*>> counters() override {
        return {{"current_device", &current_}};
    }

  private:
    // to = (weights - to) / factor; a sum of 0 (refused under `all`) writes nothing.
    static void scaled_difference(ConstFloatView weights, double factor, Matrix<float>& to) {
        const double inverse = std::abs(factor) > 1e-9 ? 1.0 / factor : 0.0;
        for (size_t r = 0; r < to.rows; r++) {
            for (size_t c = 0; c < to.cols; c++) {
                to(r, c) = static_cast<float>((double{weights(r, c)} - to(r, c)) * inverse);
            }
        }
    }

    // turns_[k][s] = 1 where sample s pulses device k.
    void choose(size_t samples, ReadKey key) {
        const size_t n = arrays_.size();
        for (std::vector<uint8_t>& t : turns_) {
            t.assign(samples, 0);
        }
        if (policy_ == VectorPolicy::kSingleRandom) {
            uniforms_.resize(samples);
            fill_uniform(key_, Stream::kLearner, key.step, key.first_sample, uniforms_);
        }
        for (size_t s = 0; s < samples; s++) {
            if (policy_ == VectorPolicy::kSingleRandom) {
                current_ = std::min<uint64_t>(
                    static_cast<uint64_t>(uniforms_[s] * static_cast<float>(n)), n - 1);
            } else if (policy_ == VectorPolicy::kSingleSequential) {
                current_ = (current_ + 1) % n;
            }
            turns_[current_][s] = 1;
        }
    }

    VectorPolicy policy_;
    uint64_t current_;
    std::vector<double> gammas_;
    PulseWriter writer_;
    Matrix<float> visible_;
    std::vector<std::vector<uint8_t>> turns_;
    std::vector<float> uniforms_;
};

}  // namespace

std::unique_ptr<Learner> make_rule(const VectorCell& c, size_t rows, size_t cols, TileKey key) {
    return std::make_unique<VectorCellLearner>(
        c, c.policy, static_cast<size_t>(c.first_device), c.gammas, rows, cols, key);
}

std::unique_ptr<Learner> make_rule(const ReferencePair& c, size_t rows, size_t cols, TileKey key) {
    return std::make_unique<VectorCellLearner>(
        c, VectorPolicy::kSingleFixed, 0, c.gammas, rows, cols, key);
}

}  // namespace mho
