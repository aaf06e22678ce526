// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_LEARNER_H
#define MHO_TRAIN_LEARNER_H

// Learning inside the array: W -= rate d x' for the rows of a batch, one after the other, by
// pulses. What a rule does with its devices is in the file of each learner.
//
// Noise of the gradient pulses is named by the caller's (step, sample), noise of transfers by the
// transfer's running number, which is part of the state. Results depend neither on threads nor, in
// the laws `pulse` and `sample` (without batch level), on how samples are cut into calls.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mho/device/pulsed_array.h"
#include "mho/train/cell_learner_config.h"
#include "mho/train/transfer_config.h"

namespace mho {

using LearnerConfig = std::variant<AnalogSgd,
                                   VectorCell,
                                   ReferencePair,
                                   OneSided,
                                   TikiTaka,
                                   BufferedTikiTaka,
                                   ChoppedTikiTaka,
                                   Agad,
                                   ResidualLearning,
                                   MixedPrecision>;

/// The name that a configuration file gives the rule: "analog sgd", "agad", ...
std::string_view learner_name(const LearnerConfig& config);
/// The devices of every weight, in the order of the suffixes _0, _1, ...
std::vector<PulsedDevice> learner_devices(const LearnerConfig& config);
/// From gradients to pulses.
const PulseUpdate& learner_update(const LearnerConfig& config);
PulseUpdate& learner_update(LearnerConfig& config);
/// Throws ConfigError, naming `path`, when a parameter is out of its range.
void require_valid(const LearnerConfig& config, const std::string& path = "learning");
/// JSON in the form of run files and presets: {"model": NAME, ...}.
LearnerConfig learner_from_json(const std::string& text, const std::string& path = "learning");
std::string learner_to_json(const LearnerConfig& config);

/// Everything that changes while a learner learns. Restoring it, in a learner made from the same
/// configuration, shape and key, continues bit for bit.
struct LearnerState {
    std::map<std::string, std::vector<float>> arrays;
    std::map<std::string, uint64_t> numbers;  // counters; real numbers by their bits
};

/// Options of one update.
struct UpdateCall {
    double rate = 0.0;
    ReadKey key;            // names the noise of the pulses
    size_t batch_size = 0;  // what periods in batches and momenta per batch take for one batch;
                            // 0 = the rows of this call
    size_t threads = 1;
};

class Learner {
  public:
    virtual ~Learner() = default;
    Learner(const Learner&) = delete;
    Learner& operator=(const Learner&) = delete;

    size_t rows() const { return rows_; }
    size_t cols() const { return cols_; }
    const LearnerConfig& config() const { return config_; }

    /// The weights [rows, cols] that a forward pass sees.
    virtual ConstFloatView weights() const = 0;
    /// Writes the visible weights, as far as the devices can hold them, and forgets what is
    /// pending. `step` names the write noise. Throws InputError for a wrong shape or non-finite
    /// values.
    void set_weights(ConstFloatView weights, uint64_t step = 0);
    /// W -= rate d x', sample after sample: `inputs` [samples, cols], `errors` [samples, rows]. A
    /// negative rate turns the direction. Throws InputError for wrong shapes and non-finite values.
    void update(ConstFloatView inputs, ConstFloatView errors, const UpdateCall& call);
    /// What happens to every device after a batch: diffusion, then decay.
    void end_of_batch(uint64_t step);
    /// Lets time pass for the drift of the devices.
    void drift(double delta_ms, uint64_t step);
    /// Resets columns [first, first + count) of every device, each cell with probability `p`.
    void reset_columns(size_t first, size_t count, double p, uint64_t step);
    /// Clips every device to +-limit.
    void clip(double limit, uint64_t step);

    /// The step to which the learning rate of the gradient pulses is related.
    virtual double granularity() const;

    size_t device_count() const { return arrays_.size(); }
    const PulsedArray& device(size_t k) const;
    /// Tables of all devices by name: those of PulsedArray and `hidden_weights`, with the suffix _k
    /// where there is more than one device (a single one: no suffix); buffers of the rule, such as
    /// `buffer_0`, `running_mean`.
    std::vector<std::string> table_names() const;
    Matrix<float> table(const std::string& name) const;
    void set_table(const std::string& name, ConstFloatView values);

    /// What the pulses of all updates did, per device; endurance counters once switched on.
    const PulseActivity& activity(size_t k) const;
    void count_pulses(bool on);

    LearnerState state() const;
    /// Throws InputError when a part is missing, unknown or of another size.
    void set_state(const LearnerState& state);

    /// What the rule changed in its configuration, one sentence each (management of reads, ...).
    const std::vector<std::string>& notes() const { return notes_; }

  protected:
    friend std::unique_ptr<Learner> make_learner(const LearnerConfig&, size_t, size_t, TileKey);

    Learner(LearnerConfig config, size_t rows, size_t cols, TileKey key);

    // What a rule implements.
    virtual void write(ConstFloatView weights, uint64_t step) = 0;
    virtual void learn(ConstFloatView inputs, ConstFloatView errors, const UpdateCall& call) = 0;
    /// The devices changed behind the back of the rule: recompute what is derived from them.
    virtual void devices_changed() {}
    /// Matrices of the rule itself, by name; they are tables and state at once.
    virtual std::vector<std::pair<std::string, Matrix<float>*>> buffers() { return {}; }
    /// Counters and real numbers of the state.
    virtual std::vector<std::pair<std::string, uint64_t*>> counters() { return {}; }
    virtual std::vector<std::pair<std::string, double*>> reals() { return {}; }

    LearnerConfig config_;
    size_t rows_;
    size_t cols_;
    TileKey key_;
    std::vector<PulsedArray> arrays_;
    std::vector<PulseActivity> activity_;
    std::vector<std::string> notes_;
};

/// Makes the learner of a configuration. Throws ConfigError for a bad configuration, InputError for
/// an empty or absurd shape. Devices draw their tables from `key` and their number.
std::unique_ptr<Learner> make_learner(const LearnerConfig& config,
                                      size_t rows,
                                      size_t cols,
                                      TileKey key);

}  // namespace mho

#endif  // MHO_TRAIN_LEARNER_H
