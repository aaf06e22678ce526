// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Chopped Tiki-Taka (c-TTv2) and AGAD (Rasch, Carta, Fagbohungbe, Gokmen, Nat. Commun. 2024). The
// gradient of line l reaches the fast device A with the sign s = chop_in[l] chop_out[o]; reads are
// multiplied by the same sign, so that a constant offset of A changes sign at every flip and
// averages out. With v the read of a line, T the sweeps over all lines so far:
//
//     c-TTv2   H += s v scale
//     AGAD     after a flip of the line: rho = mu;   H += s (v - rho) scale;
//              mu += beta (v - mu), beta = min(tail / N, 1), N reads between periodic flips;
//              nothing is written while T <= N
//     both     |H| >= 1: n = trunc(H), at most the length of a write; H forgets; C += n step g_C
//     scale    |transfer rate| / (b g_A), b = buffer granularity, or auto_granularity over the
//              vector updates between two reads of a line
//
// With auto_scale the rate of A is fast_rate BL g_A / (m_x m_d), m the running means of the largest
// input and error: an average gradient uses whole trains.

#include <algorithm>
#include <cmath>

#include "mho/train/transfer_learner.h"

namespace mho {
namespace {

// What was true at a read.
struct Chop {
    float sign = 1;         // of the line
    bool switched = false;  // the line flipped after its previous read
    uint64_t sweep = 0;
    double rate = 0;  // of the fast device
};

// The running means of |x| and |d|.
double follow(double mean, double now, double tau) {
    if (mean <= 0) {
        return now;
    }
    return now <= 0 ? mean : mean + tau * (now - mean);
}

float abs_max(const float* v, size_t n) {
    return row_abs_max(v, n);
}

class ChoppedLearner : public TransferLearner {
  public:
    ChoppedLearner(const LearnerConfig& config,
                   const ChoppedSettings& settings,
                   double output_chop,
                   const Agad* agad,
                   size_t rows,
                   size_t cols,
                   TileKey key)
        : TransferLearner(config,
                          settings,
                          {settings.gamma, 1.0},
                          {Level{settings.transfer_every, settings.transfer_rate}},
                          rows,
                          cols,
                          key),
          chopped_(settings),
          output_chop_(output_chop),
          input_sign_(1, lines(), 1.0f),
          output_sign_(1, line_size(), 1.0f),
          buffer_(lines(), line_size()) {
        if (agad != nullptr) {
            agad_ = *agad;
            dynamic_ = true;
            switched_ = Matrix<float>(1, lines());
            mean_ = Matrix<float>(lines(), line_size());
            past_ = Matrix<float>(lines(), line_size());
            if (agad_.significance_gate) {
                variance_ = Matrix<float>(lines(), line_size());
            }
        }
        const double p = settings.input_chop_probability;
        flip_period_ =
            p > 0 ? static_cast<uint64_t>(std::min(std::max(std::ceil(1.0 / p), 2.0), 1e15)) : 0;
        repeats_ = settings.compatible_double_transfer && settings.transfer_every < 0 ? 2 : 1;
    }

  protected:
    uint64_t period(size_t level, size_t batch) const override {
        if (settings_.transfer_every >= 0) {
            return TransferLearner::period(level, batch);
        }
        const double vectors = arrays_[0].number_of_states() / static_cast<double>(lines()) *
                               std::abs(settings_.transfer_every);
        return static_cast<uint64_t>(std::clamp(std::nearbyint(vectors), 1.0, 9e18));
    }

    void gradient(ConstFloatView inputs,
                  ConstFloatView errors,
                  const UpdateCall& call,
                  std::span<const TransferEvent> events) override;
    double to_writes(size_t level,
                     std::span<const TransferEvent> events,
                     size_t first,
                     FloatView values,
                     double learning_rate) override;
    void forget() override;
    void devices_changed() override;

    std::vector<std::pair<std::string, Matrix<float>*>> buffers() override {
        std::vector<std::pair<std::string, Matrix<float>*>> list = {
            {"buffer", &buffer_}, {"input_sign", &input_sign_}, {"output_sign", &output_sign_}};
        if (dynamic_) {
            list.emplace_back("switched", &switched_);
            list.emplace_back("running_mean", &mean_);
            list.emplace_back("past_mean", &past_);
            if (agad_.significance_gate) {
                list.emplace_back("running_variance", &variance_);
            }
        }
        return list;
    }
    std::vector<std::pair<std::string, uint64_t*>> counters() override {
        auto list = TransferLearner::counters();
        list.emplace_back("sweeps", &sweep_);
        return list;
    }
    std::vector<std::pair<std::string, double*>> reals() override {
        return {{"mean_abs_max_input", &mean_x_}, {"mean_abs_max_error", &mean_d_}};
    }

  private:
    void after_read(const TransferEvent& event, float uniform);
    void write_counts(const Chop& chop, const float* output_sign, float scale, float* h, float* v);
    void write_dynamic(
        const Chop& chop, const float* output_sign, float scale, uint32_t line, float* v);

    ChoppedSettings chopped_;
    double output_chop_;
    bool dynamic_ = false;
    Agad agad_;
    uint64_t flip_period_ = 0;

    Matrix<float> input_sign_;   // per line, +-1
    Matrix<float> output_sign_;  // per number of a line
    Matrix<float> buffer_;       // H, [lines][line_size]
    Matrix<float> switched_;
    Matrix<float> mean_;
    Matrix<float> past_;
    Matrix<float> variance_;
    uint64_t sweep_ = 0;
    double mean_x_ = 0;
    double mean_d_ = 0;

    // Of the call.
    Matrix<float> x_;
    Matrix<float> d_;
    std::vector<Chop> chops_;
    std::vector<float> output_signs_;  // [events][line_size] where outputs are chopped
    std::vector<float> uniforms_;
};

// Flips after the read of a line: the law of the choppers.
void ChoppedLearner::after_read(const TransferEvent& event, float uniform) {
    const bool last_of_period = flip_period_ > 0 && sweep_ % flip_period_ + 1 == flip_period_;
    const bool by_chance =
        chopped_.input_chop_random && uniform < static_cast<float>(chopped_.input_chop_probability);
    // AGAD always flips at the end of a period; random flips come on top.
    const bool flip = dynamic_ ? last_of_period || by_chance
                               : (chopped_.input_chop_random ? by_chance : last_of_period);
    if (flip) {
        input_sign_.values[event.line] = -input_sign_.values[event.line];
        if (dynamic_) {
            switched_.values[event.line] = 1.0f;
        }
    }
    if (event.line + 1 == lines()) {
        if (output_chop_ > 0) {
            std::vector<float> draws(line_size());
            // The name of a sweep; with repeated reads one has two ends.
            const uint64_t sweep = repeats_ == 1 ? event.number / lines() : event.number;
            fill_uniform(key_, Stream::kChopper, 1 + sweep, 0, draws);
            for (size_t o = 0; o < draws.size(); o++) {
                if (draws[o] < static_cast<float>(output_chop_)) {
                    output_sign_.values[o] = -output_sign_.values[o];
                }
            }
        }
        sweep_++;
    }
}

void ChoppedLearner::gradient(ConstFloatView inputs,
                              ConstFloatView errors,
                              const UpdateCall& call,
                              std::span<const TransferEvent> events) {
    const size_t samples = inputs.rows;
    x_.rows = d_.rows = samples;
    x_.cols = cols_;
    d_.cols = rows_;
    x_.values.resize(samples * cols_);
    d_.values.resize(samples * rows_);
    chops_.resize(events.size());
    const bool outputs_chopped = output_chop_ > 0;
    output_signs_.resize(outputs_chopped ? events.size() * line_size() : 0);
    if (!events.empty() && chopped_.input_chop_random) {
        uniforms_.resize(events.size());
        fill_uniform(key_, Stream::kChopper, 0, events[0].number, uniforms_);
    }
    const double granularity = arrays_[0].granularity();
    const bool auto_scale = chopped_.auto_scale && chopped_.fast_rate > 0;
    const double tau = (1.0 - chopped_.auto_momentum) / static_cast<double>(call.batch_size);
    double rate = fast_rate(call.rate);
    if (auto_scale) {
        // The rate with both means at 1; the means divide the values of each sample instead.
        rate = std::copysign(chopped_.fast_rate * settings_.update.desired_length * granularity,
                             call.rate) *
               (chopped_.scale_fast_rate ? std::abs(call.rate) : 1.0);
    }
    const bool columns = settings_.transfer_columns;
    size_t event = 0;
    for (size_t s = 0; s < samples; s++) {
        double sample_rate = rate;
        float factor = 1.0f;
        if (auto_scale) {
            mean_x_ = follow(mean_x_, abs_max(inputs.row(s), cols_), tau);
            mean_d_ = follow(mean_d_, abs_max(errors.row(s), rows_), tau);
            if (mean_x_ > 0 && mean_d_ > 0) {
                sample_rate = rate / (mean_x_ * mean_d_);
                factor = static_cast<float>(1.0 / std::sqrt(mean_x_ * mean_d_));
            }
        }
        const float* in_sign = columns ? input_sign_.row(0) : output_sign_.row(0);
        const float* out_sign = columns ? output_sign_.row(0) : input_sign_.row(0);
        float* x = x_.row(s);
        for (size_t j = 0; j < cols_; j++) {
            x[j] = inputs(s, j) * (in_sign[j] * factor);
        }
        float* d = d_.row(s);
        for (size_t i = 0; i < rows_; i++) {
            d[i] = errors(s, i) * (out_sign[i] * factor);
        }
        for (; event < events.size() && events[event].sample == s; event++) {
            const uint32_t line = events[event].line;
            Chop& chop = chops_[event];
            chop.sign = input_sign_.values[line];
            chop.sweep = sweep_;
            chop.rate = std::abs(sample_rate);
            chop.switched = dynamic_ && switched_.values[line] != 0;
            if (chop.switched) {
                switched_.values[line] = 0;
            }
            if (outputs_chopped) {
                std::copy(output_sign_.values.begin(),
                          output_sign_.values.end(),
                          output_signs_.begin() + static_cast<ptrdiff_t>(event * line_size()));
            }
            after_read(events[event], uniforms_.empty() ? 1.0f : uniforms_[event]);
        }
    }
    writers_[0].prepare(x_.view(), d_.view(), rate, granularity, call.key);
}

double ChoppedLearner::to_writes(size_t level,
                                 std::span<const TransferEvent> events,
                                 size_t first,
                                 FloatView values,
                                 double learning_rate) {
    const double g_fast = arrays_[0].granularity();
    const double g_slow = arrays_[1].granularity();
    double unit = chopped_.buffer_granularity > 0 ? chopped_.buffer_granularity : 1.0;
    unit *= g_fast;
    if (chopped_.auto_granularity > 0) {
        unit *= chopped_.auto_granularity /
                (static_cast<double>(lines()) * std::abs(settings_.transfer_every));
    }
    const double rate =
        levels_[level].rate * (settings_.scale_transfer_rate ? std::abs(learning_rate) : 1.0);
    for (size_t k = 0; k < events.size(); k++) {
        const Chop& chop = chops_[first + k];
        double scale = rate / unit;
        if (chopped_.correct_gradient_magnitudes) {
            scale = chop.rate > 0 ? rate / chop.rate / (unit * g_slow / g_fast) : 0.0;
        }
        const float* output_sign = output_chop_ > 0
                                       ? output_signs_.data() + (first + k) * line_size()
                                       : output_sign_.row(0);
        if (dynamic_) {
            write_dynamic(
                chop, output_sign, static_cast<float>(scale), events[k].line, values.row(k));
        } else {
            write_counts(chop,
                         output_sign,
                         static_cast<float>(scale),
                         buffer_.row(events[k].line),
                         values.row(k));
        }
    }
    return chopped_.step * g_slow;
}

void ChoppedLearner::write_counts(
    const Chop& chop, const float* output_sign, float scale, float* h, float* v) {
    const auto most = static_cast<float>(settings_.transfer_update.desired_length);
    const auto momentum = static_cast<float>(chopped_.momentum);
    const float keep = chopped_.no_buffer ? 0.0f : 1.0f;
    const bool forget = chopped_.forget_buffer;
    const float factor = scale * chop.sign;
    const size_t count = line_size();
    for (size_t i = 0; i < count; i++) {
        const float sum = keep * h[i] + v[i] * (factor * output_sign[i]);
        const float n = whole_within(sum, most);
        const float after = forget ? sum * momentum : sum - (1.0f - momentum) * n;
        h[i] = n != 0 ? after : sum;
        v[i] = -n;
    }
}

void ChoppedLearner::write_dynamic(
    const Chop& chop, const float* output_sign, float scale, uint32_t line, float* v) {
    const auto most = static_cast<float>(settings_.transfer_update.desired_length);
    const auto momentum = static_cast<float>(chopped_.momentum);
    const bool forget = chopped_.forget_buffer;
    const float keep = chopped_.no_buffer ? 0.0f : 1.0f;
    const auto reads = static_cast<double>(flip_period_);
    const auto beta = static_cast<float>(std::min(agad_.tail_weight / reads, 1.0));
    const float cap =
        agad_.buffer_cap > 0 && !forget ? static_cast<float>(agad_.buffer_cap) * most : INFINITY;
    float factor = scale * chop.sign;
    if (agad_.correct_accumulation) {
        const double since = static_cast<double>(chop.sweep % flip_period_ + 1);
        factor /= static_cast<float>(std::min(since, 1.0 / arrays_[0].granularity()));
    }
    const float open = chop.sweep > flip_period_ ? 1.0f : 0.0f;  // warm-up writes are dropped
    const size_t count = line_size();
    float* h = buffer_.row(line);
    float* mu = mean_.row(line);
    float* rho = past_.row(line);
    if (chop.switched) {
        std::copy_n(mu, line_size(), rho);
    }
    if (agad_.significance_gate) {
        // The reads whose offset from the reference is within the error of the mean count nothing.
        float* var = variance_.row(line);
        const float share = beta / (2.0f - beta);
        for (size_t i = 0; i < count; i++) {
            const float off = v[i] - mu[i];
            var[i] += beta * (off * off - var[i]);
            const float now = mu[i] + beta * off - rho[i];
            mu[i] += beta * off;
            v[i] = now * now > share * var[i] ? v[i] - rho[i] : 0.0f;
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            const float read = v[i];
            v[i] = read - rho[i];
            mu[i] = (1.0f - beta) * mu[i] + beta * read;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const float sum = keep * h[i] + v[i] * (factor * output_sign[i]);
        const float n = whole_within(sum, most);
        float after = forget ? sum * momentum : sum - (1.0f - momentum) * n;
        after = clamped(after, cap);
        h[i] = n != 0 ? after : sum;
        v[i] = -n * open;
    }
}

void ChoppedLearner::forget() {
    std::fill(input_sign_.values.begin(), input_sign_.values.end(), 1.0f);
    std::fill(output_sign_.values.begin(), output_sign_.values.end(), 1.0f);
    for (Matrix<float>* m : {&buffer_, &switched_, &mean_, &past_, &variance_}) {
        std::fill(m->values.begin(), m->values.end(), 0.0f);
    }
    sweep_ = 0;
    mean_x_ = 0;
    mean_d_ = 0;
}

// The visible part of A carries the signs that its gradients had.
void ChoppedLearner::devices_changed() {
    TransferLearner::devices_changed();
    if (visible_.values.empty()) {
        return;
    }
    const auto gamma = static_cast<float>(gammas_[0]);
    const ConstFloatView fast = arrays_[0].weights();
    const ConstFloatView slow = arrays_[1].weights();
    const bool columns = settings_.transfer_columns;
    for (size_t r = 0; r < rows_; r++) {
        const float row_sign = columns ? output_sign_.values[r] : input_sign_.values[r];
        for (size_t c = 0; c < cols_; c++) {
            const float col_sign = columns ? input_sign_.values[c] : output_sign_.values[c];
            visible_(r, c) = slow(r, c) + gamma * (row_sign * col_sign) * fast(r, c);
        }
    }
}

}  // namespace

std::unique_ptr<Learner> make_rule(const ChoppedTikiTaka& c,
                                   size_t rows,
                                   size_t cols,
                                   TileKey key) {
    return std::make_unique<ChoppedLearner>(
        c, c, c.output_chop_probability, nullptr, rows, cols, key);
}

std::unique_ptr<Learner> make_rule(const Agad& c, size_t rows, size_t cols, TileKey key) {
    return std::make_unique<ChoppedLearner>(c, c, 0.0, &c, rows, cols, key);
}

}  // namespace mho
