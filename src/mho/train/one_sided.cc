// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// A pair of devices that only go up, W = W_plus - W_minus: an up coincidence pulses W_plus, a down
// coincidence W_minus. Devices that fill up are refreshed: cells where the larger one is above the
// upper threshold and the other above the lower one are read, reset and get their difference back
// by one pulsed update per column, open loop (Boybat et al., Nat. Commun. 2018; aihwkit).

#include <algorithm>
#include <cmath>
#include <numeric>

#include "mho/train/learner_rules.h"
#include "mho/train/line_reader.h"
#include "mho/train/pulse_writer.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// Refreshes write the arrays that gradients write: their noise has steps of its own.
constexpr uint64_t kRefreshStep = uint64_t{1} << 48;
constexpr size_t kMinus = 0;
constexpr size_t kPlus = 1;
constexpr size_t kColumnsAtOnce = 64;
constexpr size_t kColumnsRead = 32;

class OneSidedLearner : public Learner {
  public:
    OneSidedLearner(const OneSided& c, size_t rows, size_t cols, TileKey key)
        : Learner(c, rows, cols, key), c_(c), writer_(c.update, key), visible_(rows, cols) {
        const MvmConfig read = line_read_without_management(c.refresh_read, "refresh_read", notes_);
        for (const size_t k : {kMinus, kPlus}) {
            readers_.emplace_back(read, rows, cols, true, device_key(key, k));
            refresh_writers_.emplace_back(c.refresh_update, device_key(key, 2 + k));
        }
        if (c.copy_inverted) {
            mirror();
        }
    }

    ConstFloatView weights() const override { return visible_.view(); }
    double granularity() const override {
        return 0.5 * (arrays_[kMinus].granularity() + arrays_[kPlus].granularity());
    }

  protected:
    void write(ConstFloatView weights, uint64_t step) override {
        Matrix<float> part(rows_, cols_);
        for (const size_t k : {kMinus, kPlus}) {
            const float sign = k == kPlus ? 1.0f : -1.0f;
            for (size_t r = 0; r < rows_; r++) {
                for (size_t c = 0; c < cols_; c++) {
                    part(r, c) = std::max(sign * weights(r, c), 0.0f);
                }
            }
            arrays_[k].set_weights(part.view(), step);
        }
    }

    void learn(ConstFloatView inputs, ConstFloatView errors, const UpdateCall& call) override {
        writer_.prepare(inputs, errors, call.rate, granularity(), call.key);
        const uint64_t every =
            period_in_vectors(c_.refresh_every, c_.refresh_in_batches, call.batch_size);
        for (size_t first = 0; first < inputs.rows;) {
            const uint64_t left = every > 0 ? every - updates_ % every : inputs.rows;
            const size_t count = static_cast<size_t>(std::min<uint64_t>(left, inputs.rows - first));
            PulseOptions options;
            options.threads = call.threads;
            options.first = first;
            options.count = count;
            options.routing = PulseRouting::kUpOnly;
            activity_[kPlus].add(writer_.apply(arrays_[kPlus], options));
            options.routing = PulseRouting::kDownAsUp;
            activity_[kMinus].add(writer_.apply(arrays_[kMinus], options));
            first += count;
            updates_ += count;
            if (every > 0 && updates_ % every == 0) {
                refresh(call.threads);
            }
        }
    }

    void devices_changed() override {
        for (size_t r = 0; r < rows_; r++) {
            const float* plus = arrays_[kPlus].weights().row(r);
            const float* minus = arrays_[kMinus].weights().row(r);
            for (size_t c = 0; c < cols_; c++) {
                visible_(r, c) = plus[c] - minus[c];
            }
        }
    }

    std::vector<std::pair<std::string, uint64_t*>> counters() override {
        return {{"updates", &updates_}, {"refreshes", &refreshes_}};
    }

  private:
    struct Thresholds {
        float upper = 0;
        float lower = 0;
    };

    // Whether the larger device of a pair is above its upper threshold and the other one above its
    // lower one. Without branches: many pairs side by side.
    static uint32_t is_full(float plus, Thresholds of_plus, float minus, Thresholds of_minus) {
        const uint32_t plus_wins = plus > minus;
        const uint32_t with_plus = (plus > of_plus.upper) & (minus > of_minus.lower);
        const uint32_t with_minus = (plus > of_plus.lower) & (minus > of_minus.upper);
        return (plus_wins & with_plus) | (~plus_wins & with_minus);
    }

    // A pair that is refreshed: what its devices read.
    struct FullPair {
        size_t row = 0;
        size_t column = 0;
        float plus = 0;
        float minus = 0;
    };

    // Reads all columns, some at a time: they stay in cache until they are compared.
    std::vector<FullPair> find_full_pairs() {
        Thresholds limits[2];
        bool whole = false;
        for (const size_t k : {kMinus, kPlus}) {
            const double w_max = common_parameters(arrays_[k].device()).w_max;
            limits[k] = {static_cast<float>(c_.refresh_upper * w_max),
                         static_cast<float>(c_.refresh_lower * w_max)};
            whole = whole || readers_[k].needs_matrix();
        }
        const size_t most = whole ? cols_ : std::min(cols_, kColumnsRead);
        Matrix<float> reads[2] = {Matrix<float>(most, rows_), Matrix<float>(most, rows_)};
        std::vector<uint32_t> columns(most);
        std::vector<FullPair> full;
        for (size_t first = 0; first < cols_; first += most) {
            const size_t count = std::min(most, cols_ - first);
            std::iota(columns.begin(), columns.end(), static_cast<uint32_t>(first));
            for (const size_t k : {kMinus, kPlus}) {
                readers_[k].read_matrix(arrays_[k].weights(),
                                        std::span(columns).first(count),
                                        reads[k].view().row_block(0, count),
                                        refreshes_ * cols_ + first);
            }
            for (size_t c = 0; c < count; c++) {
                const float* plus = reads[kPlus].row(c);
                const float* minus = reads[kMinus].row(c);
                uint32_t any = 0;
                for (size_t r = 0; r < rows_; r++) {
                    any |= is_full(plus[r], limits[kPlus], minus[r], limits[kMinus]);
                }
                for (size_t r = 0; r < rows_ && any != 0; r++) {
                    if (is_full(plus[r], limits[kPlus], minus[r], limits[kMinus]) != 0) {
                        full.push_back({r, first + c, plus[r], minus[r]});
                    }
                }
            }
        }
        return full;
    }

    // Columns do not touch each other: all are read, then all are reset, then all are written.
    void refresh(size_t threads) {
        const uint64_t step = kRefreshStep + refreshes_;
        const std::vector<FullPair> full = find_full_pairs();
        refreshes_++;
        if (full.empty()) {
            return;
        }
        std::vector<uint8_t> mask(rows_ * cols_, 0);
        Matrix<float> write[2] = {Matrix<float>(cols_, rows_), Matrix<float>(cols_, rows_)};
        for (const FullPair& p : full) {
            mask[p.row * cols_ + p.column] = 1;
            write[p.plus > p.minus ? kPlus : kMinus](p.column, p.row) = std::abs(p.plus - p.minus);
        }
        for (const size_t k : {kMinus, kPlus}) {
            arrays_[k].reset_cells(mask, step);
            PulseWriter& writer = refresh_writers_[k];
            Matrix<float> one_hot(std::min(kColumnsAtOnce, cols_), cols_);
            for (size_t first = 0; first < cols_; first += kColumnsAtOnce) {
                const size_t count = std::min(kColumnsAtOnce, cols_ - first);
                std::fill(one_hot.values.begin(), one_hot.values.end(), 0.0f);
                for (size_t i = 0; i < count; i++) {
                    one_hot(i, first + i) = 1.0f;
                }
                writer.prepare(ConstFloatView(one_hot.view()).row_block(0, count),
                               ConstFloatView(write[k].view()).row_block(first, count),
                               -1.0,
                               arrays_[k].granularity(),
                               {step, first});
                PulseOptions options;
                options.threads = threads;
                activity_[k].add(writer.apply(arrays_[k], options));
            }
        }
    }

    // Tables of the positive device: those of the negative one seen in the mirror w -> -w.
    void mirror() {
        const std::vector<std::string> names = arrays_[kMinus].table_names();
        const auto other = [](std::string name) {
            static constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
                {"max_bound", "min_bound"},
                {"dwmin_up", "dwmin_down"},
                {"slope_up", "slope_down"},
                {"gamma_up", "gamma_down"},
                {"hidden_up", "hidden_down"},
            };
            for (const auto& [a, b] : kPairs) {
                if (name == a) {
                    return std::string(b);
                }
                if (name == b) {
                    return std::string(a);
                }
            }
            return name;
        };
        for (const std::string& name : names) {
            Matrix<float> t = arrays_[kMinus].table(other(name));
            const bool turns = name.ends_with("_bound") || name.starts_with("slope") ||
                               name == "reset_bias" || name == "reference";
            for (float& v : t.values) {
                v = turns ? -v : v;
            }
            arrays_[kPlus].set_table(name, t.view());
        }
    }

    OneSided c_;
    PulseWriter writer_;
    Matrix<float> visible_;
    std::vector<LineReader> readers_;
    std::vector<PulseWriter> refresh_writers_;
    uint64_t updates_ = 0;
    uint64_t refreshes_ = 0;
};

}  // namespace

std::unique_ptr<Learner> make_rule(const OneSided& c, size_t rows, size_t cols, TileKey key) {
    return std::make_unique<OneSidedLearner>(c, rows, cols, key);
}

}  // namespace mho
