// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Residual learning (Wu et al., arXiv 2502.06309). The forward pass sees W + gamma (P - R); P gets
// the gradient there, R is the symmetric point of P (zero shifting). Per transfer, for one line:
//
//     v1   W += b (P - R)                                   by a pulsed update of the line
//     v2   H = (1 - b) H + b (P - R);  |H| >= g_W: one pulse of sign(H) on W, H -= sign(H) g_W

#include <algorithm>
#include <cmath>

#include "mho/train/symmetric_point.h"
#include "mho/train/transfer_learner.h"

namespace mho {
namespace {

// Steps of the search for the symmetric points: no update reaches them.
constexpr uint64_t kSearchStep = uint64_t{1} << 50;

TransferSettings settings_of(const ResidualLearning& c) {
    TransferSettings s = c;
    if (c.version == ResidualVersion::kV2) {
        const PulseLaw law = c.transfer_update.law;
        s.transfer_update = single_pulse_update();
        s.transfer_update.law = law;
    }
    return s;
}

class ResidualLearner : public TransferLearner {
  public:
    ResidualLearner(const ResidualLearning& c, size_t rows, size_t cols, TileKey key)
        : TransferLearner(c,
                          settings_of(c),
                          {c.gamma, 1.0},
                          {Level{c.transfer_every, c.transfer_rate}},
                          rows,
                          cols,
                          key),
          version_(c.version),
          leaking_(c.leaking_buffer),
          reference_(rows, cols) {
        if (version_ == ResidualVersion::kV2) {
            buffer_ = Matrix<float>(lines(), line_size());
            notes_.push_back("transfer_update: version 2 writes single pulses");
        }
        if (c.zero_shift_pulses > 0) {
            reference_ =
                find_symmetric_points(arrays_[0],
                                      std::max<size_t>(static_cast<size_t>(c.zero_shift_pulses), 2),
                                      kSearchStep);
        }
        rest(0, kSearchStep);
    }

  protected:
    void rest(size_t device, uint64_t step) override {
        device == 0 ? arrays_[0].set_weights(reference_.view(), step)
                    : TransferLearner::rest(device, step);
    }
    void forget() override { std::fill(buffer_.values.begin(), buffer_.values.end(), 0.0f); }

    void subtract_reference(size_t,
                            std::span<const TransferEvent> events,
                            FloatView values) override {
        for (size_t k = 0; k < events.size(); k++) {
            float* v = values.row(k);
            const uint32_t line = events[k].line;
            for (size_t i = 0; i < values.cols; i++) {
                v[i] -= settings_.transfer_columns ? reference_(i, line) : reference_(line, i);
            }
        }
    }

    double to_writes(size_t level,
                     std::span<const TransferEvent> events,
                     size_t,
                     FloatView values,
                     double learning_rate) override {
        const double rate =
            levels_[level].rate * (settings_.scale_transfer_rate ? std::abs(learning_rate) : 1.0);
        if (version_ == ResidualVersion::kV1) {
            for (size_t k = 0; k < events.size(); k++) {
                for (float& v : values.row_span(k)) {
                    v = -v;
                }
            }
            return rate;
        }
        const double granularity = arrays_[1].granularity();
        const auto g = static_cast<float>(granularity);
        const auto b = static_cast<float>(std::min(rate, 1.0));
        const float keep = leaking_ ? 1.0f - b : 1.0f;
        for (size_t k = 0; k < events.size(); k++) {
            float* h = buffer_.row(events[k].line);
            float* v = values.row(k);
            for (size_t i = 0; i < values.cols; i++) {
                const float sum = keep * h[i] + b * v[i];
                const float pulse = std::abs(sum) >= g ? std::copysign(1.0f, sum) : 0.0f;
                h[i] = sum - pulse * g;
                v[i] = -pulse;
            }
        }
        return granularity;
    }

    void devices_changed() override {
        TransferLearner::devices_changed();
        if (visible_.values.empty()) {
            return;
        }
        const auto gamma = static_cast<float>(gammas_[0]);
        for (size_t i = 0; i < visible_.values.size(); i++) {
            visible_.values[i] -= gamma * reference_.values[i];
        }
    }

    std::vector<std::pair<std::string, Matrix<float>*>> buffers() override {
        std::vector<std::pair<std::string, Matrix<float>*>> list = {{"reference", &reference_}};
        if (version_ == ResidualVersion::kV2) {
            list.emplace_back("buffer", &buffer_);
        }
        return list;
    }

  private:
    ResidualVersion version_;
    bool leaking_;
    Matrix<float> reference_;  // [rows][cols]
    Matrix<float> buffer_;     // [lines][line_size]
};

}  // namespace

std::unique_ptr<Learner> make_rule(const ResidualLearning& c,
                                   size_t rows,
                                   size_t cols,
                                   TileKey key) {
    return std::make_unique<ResidualLearner>(c, rows, cols, key);
}

}  // namespace mho
