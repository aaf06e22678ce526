// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Tiki-Taka (Gokmen and Haensch 2020) and its buffered form (Gokmen 2021): chains of two or more
// devices.
//
//     TTv1   W_{j+1} += rate read                          by a pulsed update of the line
//     TTv2   H += rate read;  n = trunc(H / b), at most the length of a write;  b = scale g_{j+1}
//            H forgets: H *= momentum, or H -= (1 - momentum) n b
//            W_{j+1} += n step g_{j+1}                     by a pulsed update of the line

#include <algorithm>
#include <cmath>

#include "mho/train/transfer_learner.h"

namespace mho {
namespace {

// Periods and rates of all levels. Levels get slower by the number of outputs over the reads (as
// the field's standard toolkit computes it, though it documents the number of inputs).
template <class C, class L>
std::vector<L> chain_levels(const C& c, size_t rows, size_t cols, bool self) {
    const size_t devices = c.devices.size();
    const auto outputs = static_cast<double>(c.transfer_columns ? rows : cols);
    std::vector<L> levels(self ? devices : devices - 1);
    double every = c.transfer_every;
    for (size_t j = 0; j < levels.size(); j++) {
        levels[j].every = c.transfer_every_levels.empty() ? every : c.transfer_every_levels[j];
        levels[j].rate =
            c.transfer_rate_levels.empty() ? c.transfer_rate : c.transfer_rate_levels[j];
        every *= outputs / c.reads_per_transfer;
    }
    return levels;
}

class TikiTakaLearner : public TransferLearner {
  public:
    TikiTakaLearner(const TikiTaka& c, size_t rows, size_t cols, TileKey key)
        : TransferLearner(c,
                          c,
                          chain_gammas(c.gammas, c.gamma, c.devices.size()),
                          chain_levels<TikiTaka, Level>(c, rows, cols, c.self_transfer),
                          rows,
                          cols,
                          key) {
        reads_ = static_cast<size_t>(c.reads_per_transfer);
        random_line_ = c.random_line;
        favours_ends_ = c.compatible_random_line;
        reset_probability_ = c.reset_probability;
        self_transfer_ = c.self_transfer;
    }

  protected:
    double to_writes(size_t level,
                     std::span<const TransferEvent>,
                     size_t,
                     FloatView values,
                     double learning_rate) override {
        for (size_t k = 0; k < values.rows; k++) {
            for (float& v : values.row_span(k)) {
                v = -v;
            }
        }
        return levels_[level].rate *
               (settings_.scale_transfer_rate ? std::abs(learning_rate) : 1.0);
    }
};

class BufferedLearner : public TransferLearner {
  public:
    BufferedLearner(const BufferedTikiTaka& c, size_t rows, size_t cols, TileKey key)
        : TransferLearner(c,
                          c,
                          chain_gammas(c.gammas, c.gamma, c.devices.size()),
                          chain_levels<BufferedTikiTaka, Level>(c, rows, cols, false),
                          rows,
                          cols,
                          key),
          threshold_scale_(c.threshold_scale),
          step_(c.step),
          momentum_(static_cast<float>(c.momentum)),
          forget_buffer_(c.forget_buffer) {
        reads_ = static_cast<size_t>(c.reads_per_transfer);
        random_line_ = c.random_line;
        favours_ends_ = c.compatible_random_line;
        for (size_t j = 0; j < levels_.size(); j++) {
            buffers_.emplace_back(lines(), line_size());
        }
    }

  protected:
    double to_writes(size_t level,
                     std::span<const TransferEvent> events,
                     size_t,
                     FloatView values,
                     double learning_rate) override {
        const double granularity = arrays_[level + 1].granularity();
        double rate =
            levels_[level].rate * (settings_.scale_transfer_rate ? std::abs(learning_rate) : 1.0);
        if (gammas_[level] > 0 && gammas_[level + 1] > 0) {
            rate *= gammas_[level] / gammas_[level + 1];
        }
        const auto factor = static_cast<float>(rate);
        const auto threshold = static_cast<float>(threshold_scale_ * granularity);
        const auto most = static_cast<float>(settings_.transfer_update.desired_length);
        const float taken = (1.0f - momentum_) * threshold;
        for (size_t k = 0; k < events.size(); k++) {
            float* h = buffers_[level].row(events[k].line);
            float* v = values.row(k);
            for (size_t i = 0; i < values.cols; i++) {
                const float sum = h[i] + factor * v[i];
                const float n = whole_within(sum / threshold, most);
                const float after = forget_buffer_ ? sum * momentum_ : sum - taken * n;
                h[i] = n != 0 ? after : sum;
                v[i] = -n;
            }
        }
        return step_ * granularity;
    }
    void forget() override {
        for (Matrix<float>& b : buffers_) {
            std::fill(b.values.begin(), b.values.end(), 0.0f);
        }
    }
    std::vector<std::pair<std::string, Matrix<float>*>> buffers() override {
        std::vector<std::pair<std::string, Matrix<float>*>> list;
        for (size_t j = 0; j < buffers_.size(); j++) {
            list.emplace_back("buffer_" + std::to_string(j), &buffers_[j]);
        }
        return list;
    }

  private:
    double threshold_scale_;
    double step_;
    float momentum_;
    bool forget_buffer_;
    std::vector<Matrix<float>> buffers_;  // per level, [lines][line_size]
};

}  // namespace

std::unique_ptr<Learner> make_rule(const TikiTaka& c, size_t rows, size_t cols, TileKey key) {
    return std::make_unique<TikiTakaLearner>(c, rows, cols, key);
}

std::unique_ptr<Learner> make_rule(const BufferedTikiTaka& c,
                                   size_t rows,
                                   size_t cols,
                                   TileKey key) {
    return std::make_unique<BufferedLearner>(c, rows, cols, key);
}

}  // namespace mho
