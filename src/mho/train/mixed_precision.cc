// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Mixed precision (Nandakumar et al., Front. Neurosci. 2020): outer products are summed digitally,
// chi += rate d x', and whole multiples of the granularity are written to the devices:
//
//     every batch, row by row: n = trunc(chi / e), chi -= n e, W -= n e by a pulsed update of the
//     row
//
// Operands can be quantised to bins per vector: h = bins / 2 levels on each side of 0,
// width = max |v| / h, v = rint(v / width) width, rounded stochastically if wanted.

#include <algorithm>
#include <cmath>

#include "mho/kernels/outer_sum.h"
#include "mho/kernels/rows.h"
#include "mho/train/learner_rules.h"
#include "mho/train/pulse_writer.h"
#include "mho/train/whole_numbers.h"
#include "mho/util/threads.h"

namespace mho {
namespace {

constexpr size_t kSampleBlock = 64;  // samples whose columns of a block stay in the first cache
constexpr size_t kRowBlock = 64;     // rows of a task, and of one sequence of writes
constexpr float kMostSteps = 1e9f;   // of one write

PulseUpdate managed(PulseUpdate update) {
    update.length_management = true;
    update.update_management = true;
    return update;
}

class MixedPrecisionLearner : public Learner {
  public:
    MixedPrecisionLearner(const MixedPrecision& c, size_t rows, size_t cols, TileKey key)
        : Learner(c, rows, cols, key),
          c_(c),
          writer_(managed(c.update), key),
          chi_(rows, cols),
          turned_(rows, kSampleBlock) {
        if (!c.update.length_management || !c.update.update_management) {
            notes_.push_back("update: both managements are on, writes carry counts of pulses");
        }
    }

    ConstFloatView weights() const override { return arrays_[0].weights(); }
    double granularity() const override {
        return c_.granularity > 0 ? c_.granularity : arrays_[0].granularity();
    }

  protected:
    void write(ConstFloatView weights, uint64_t step) override {
        arrays_[0].set_weights(weights, step);
        std::fill(chi_.values.begin(), chi_.values.end(), 0.0f);
        updates_ = 0;
        next_row_ = 0;
    }

    void learn(ConstFloatView inputs, ConstFloatView errors, const UpdateCall& call) override {
        inputs = quantised(inputs, c_.x_bins, c_.stochastic_x, key_, call.key, x_);
        errors = quantised(errors, c_.d_bins, c_.stochastic_d, device_key(key_, 1), call.key, d_);
        const uint64_t every =
            std::max<uint64_t>(period_in_vectors(c_.transfer_every, true, call.batch_size), 1);
        for (size_t first = 0; first < inputs.rows;) {
            uint64_t due = c_.late_transfer ? every + 1 : every;
            due += updates_ >= due ? ((updates_ - due) / every + 1) * every : 0;
            const size_t count =
                static_cast<size_t>(std::min<uint64_t>(due - updates_, inputs.rows - first));
            for (size_t s = first; s < first + count; s += kSampleBlock) {
                const size_t n = std::min(kSampleBlock, first + count - s);
                accumulate(inputs.row_block(s, n), errors.row_block(s, n), call);
            }
            first += count;
            updates_ += count;
            if (updates_ == due) {
                transfer(call.threads);
            }
        }
    }

    void devices_changed() override { next_row_ %= rows_; }  // a saved state may hold anything

    std::vector<std::pair<std::string, Matrix<float>*>> buffers() override {
        return {{"chi", &chi_}};
    }
    std::vector<std::pair<std::string, uint64_t*>> counters() override {
        return {{"updates", &updates_}, {"transfers", &transfers_}, {"next_row", &next_row_}};
    }

  private:
    static ConstFloatView quantised(
        ConstFloatView v, int bins, bool stochastic, TileKey tile, ReadKey key, Matrix<float>& to) {
        if (bins == 0) {
            return v;
        }
        if (to.rows < v.rows) {
            to = Matrix<float>(v.rows, v.cols);
        }
        const auto half = static_cast<float>(bins / 2);
        std::vector<float> uniforms(stochastic ? v.cols : 0);
        for (size_t s = 0; s < v.rows; s++) {
            const float largest = row_abs_max(v.row(s), v.cols);
            const float width = largest > 0 ? largest / half : 1.0f;
            if (stochastic) {
                fill_uniform(
                    tile, Stream::kLearner, key.step, (key.first_sample + s) * v.cols, uniforms);
            }
            for (size_t i = 0; i < v.cols; i++) {
                const float code =
                    std::nearbyint(v(s, i) / width + (stochastic ? uniforms[i] - 0.5f : 0.0f));
                to(s, i) = std::min(std::max(code, -half), half) * width;
            }
        }
        return ConstFloatView(to.view()).row_block(0, v.rows);
    }

    void accumulate(ConstFloatView x, ConstFloatView d, const UpdateCall& call) {
        const auto rate = static_cast<float>(call.rate);
        const size_t tasks = (rows_ + kRowBlock - 1) / kRowBlock;
        parallel_for(call.threads, tasks, [&](size_t task, size_t) {
            const size_t begin = task * kRowBlock;
            const size_t end = std::min(rows_, begin + kRowBlock);
            for (size_t r = begin; r < end; r++) {
                float* to = turned_.row(r);
                for (size_t s = 0; s < d.rows; s++) {
                    to[s] = rate * d(s, r);
                }
            }
            const ConstFloatView factors = turned_.view();
            add_outer_products(factors.row_block(begin, end - begin),
                               x,
                               chi_.view().row_block(begin, end - begin));
        });
    }

    void transfer(size_t threads) {
        size_t row = static_cast<size_t>(next_row_);
        if (c_.random_row) {
            float uniform = 0;
            fill_uniform(device_key(key_, 2),
                         Stream::kLearner,
                         1,
                         transfers_,
                         std::span<float>(&uniform, 1));
            row = std::min(static_cast<size_t>(double{uniform} * static_cast<double>(rows_)),
                           rows_ - 1);
        }
        size_t left = c_.rows_per_transfer > 0
                          ? std::min(static_cast<size_t>(c_.rows_per_transfer), rows_)
                          : rows_;
        while (left > 0) {
            const size_t count = std::min({left, kRowBlock, rows_ - row});
            write_rows(row, count, threads);
            left -= count;
            row = (row + count) % rows_;
        }
        next_row_ = row;
        transfers_++;
    }

    // Moves whole steps `e` of a row of sums to counts.
    void take_steps(float* __restrict sums, size_t n, float e, float* __restrict counts) const {
        const float most = most_steps_;
        for (size_t i = 0; i < n; i++) {
            const float whole = whole_within(sums[i] / e, most);
            counts[i] = whole;
            sums[i] -= whole * e;
        }
    }

    void write_rows(size_t first, size_t count, size_t threads) {
        const double unit = granularity();
        const auto e = static_cast<float>(unit);
        if (counts_.rows < count) {
            counts_ = Matrix<float>(count, cols_);
        }
        lines_.clear();
        bool any = false;
        for (size_t k = 0; k < count; k++) {
            take_steps(chi_.row(first + k), cols_, e, counts_.row(k));
            any = any || row_abs_max(counts_.row(k), cols_) > 0;
            lines_.push_back(static_cast<uint32_t>(first + k));
        }
        if (!any) {
            return;
        }
        writer_.prepare_lines(false,
                              lines_,
                              rows_,
                              ConstFloatView(counts_.view()).row_block(0, count),
                              unit * c_.transfer_rate,
                              arrays_[0].granularity(),
                              {transfers_, first});
        PulseOptions options;
        options.threads = threads;
        activity_[0].add(writer_.apply(arrays_[0], options));
    }

    MixedPrecision c_;
    PulseWriter writer_;
    Matrix<float> chi_;     // what is not yet written
    Matrix<float> turned_;  // rate d, [rows][samples of a block]
    Matrix<float> x_;       // quantised operands
    Matrix<float> d_;
    Matrix<float> counts_;
    std::vector<uint32_t> lines_;
    float most_steps_ = kMostSteps;  // a known limit becomes a branch, which keeps loops scalar
    uint64_t updates_ = 0;
    uint64_t transfers_ = 0;
    uint64_t next_row_ = 0;
};

}  // namespace

std::unique_ptr<Learner> make_rule(const MixedPrecision& c, size_t rows, size_t cols, TileKey key) {
    return std::make_unique<MixedPrecisionLearner>(c, rows, cols, key);
}

}  // namespace mho
