// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_TRANSFER_LEARNER_H
#define MHO_TRAIN_TRANSFER_LEARNER_H

// The common course of learners that collect gradients on device 0 and carry them on, line by
// line: device j is read after some vector updates, the rule turns the read into a write of the
// same line of device j + 1. Internal to train.
//
// When a line is read is known from counters alone, and nothing that is written flows back into a
// faster device. So a batch needs no cut: the gradient pulses of all samples run row by row, with
// looks at the lines that are read (WeightTap); then all reads become writes, which run as one
// sequence on the next device. Only resets after a read, self-transfers and reads that need the
// whole matrix are replayed event by event.

#include <span>
#include <vector>

#include "mho/train/learner_rules.h"
#include "mho/train/line_reader.h"
#include "mho/train/pulse_writer.h"
#include "mho/train/whole_numbers.h"

namespace mho {

/// One read of one line.
struct TransferEvent {
    size_t sample = 0;  // of the call; the read follows its update
    uint32_t line = 0;
    uint64_t number = 0;  // running number of the level: names the noise
};

class TransferLearner : public Learner {
  public:
    ConstFloatView weights() const override;

  protected:
    /// How one level moves: from device `level` to the next.
    struct Level {
        double every = 0;  // vectors or batches, 0 = never
        double rate = 1;
    };

    TransferLearner(const LearnerConfig& config,
                    const TransferSettings& settings,
                    std::vector<double> gammas,
                    std::vector<Level> levels,
                    size_t rows,
                    size_t cols,
                    TileKey key);

    /// All lines of one direction: columns or rows.
    size_t lines() const { return settings_.transfer_columns ? cols_ : rows_; }
    /// Numbers in a line.
    size_t line_size() const { return settings_.transfer_columns ? rows_ : cols_; }
    double fast_rate(double rate) const;

    // What a rule implements.

    /// The last device takes W / gamma, the others start at rest; buffers are forgotten.
    void write(ConstFloatView weights, uint64_t step) override;
    /// Sets a device to where it holds nothing: 0.
    virtual void rest(size_t device, uint64_t step);
    /// Gradient pulses of the fast device for these samples. `events` are its reads. Default:
    /// as they come, at fast_rate.
    virtual void gradient(ConstFloatView inputs,
                          ConstFloatView errors,
                          const UpdateCall& call,
                          std::span<const TransferEvent> events);
    /// What the read-out subtracts from the weights of a line before it reads.
    virtual void subtract_reference(size_t, std::span<const TransferEvent>, FloatView) {}
    /// Turns reads, [events][line_size], into d of the write W -= rate d x'; returns that rate.
    /// `first`: events before these in the call.
    virtual double to_writes(size_t level,
                             std::span<const TransferEvent> events,
                             size_t first,
                             FloatView values,
                             double learning_rate) = 0;
    virtual void forget() {}
    /// Period of a level in vector updates, 0 = never.
    virtual uint64_t period(size_t level, size_t batch) const;

    void learn(ConstFloatView inputs, ConstFloatView errors, const UpdateCall& call) override;
    void devices_changed() override;
    std::vector<std::pair<std::string, uint64_t*>> counters() override;

    TransferSettings settings_;
    std::vector<double> gammas_;
    std::vector<Level> levels_;
    size_t reads_ = 1;
    size_t repeats_ = 1;  // of the read and the transfer of a line
    bool random_line_ = false;
    bool favours_ends_ = false;  // of random lines: TikiTaka::compatible_random_line
    double reset_probability_ = 0;
    bool self_transfer_ = false;
    std::vector<PulseWriter> writers_;  // [0]: gradients, [1 + level]: transfers
    Matrix<float> visible_;             // empty where the last device is all that is seen

  private:
    uint64_t random_line(double uniform) const;
    void schedule(size_t level, size_t samples, size_t batch);
    size_t target(size_t level) const { return std::min(level + 1, arrays_.size() - 1); }
    void copy_line(size_t device, uint32_t line, float* to) const;
    void learn_at_once(const UpdateCall& call);
    void learn_event_by_event(size_t samples, const UpdateCall& call);
    void write_lines(size_t level,
                     std::span<const TransferEvent> events,
                     size_t first,
                     FloatView values,
                     std::span<const WeightTap> taps,
                     float* tapped,
                     const UpdateCall& call);

    uint64_t updates_ = 0;               // vector updates since the weights were written
    std::vector<uint64_t> next_line_;    // per level
    std::vector<uint64_t> event_count_;  // per level, over the whole life
    std::vector<LineReader> readers_;
    std::vector<std::vector<TransferEvent>> events_;
    std::vector<std::vector<WeightTap>> taps_;
    std::vector<Matrix<float>> values_;
    std::vector<uint32_t> write_lines_;
    std::vector<uint32_t> read_lines_;
    std::vector<float> uniforms_;
};

/// gammas of a chain: those given, or gamma^(n - 1 - k).
std::vector<double> chain_gammas(const std::vector<double>& given, double gamma, size_t devices);

}  // namespace mho

#endif  // MHO_TRAIN_TRANSFER_LEARNER_H
