// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_RECURRENT_LAYERS_H
#define MHO_NN_RECURRENT_LAYERS_H

#include <torch/nn/modules/common.h>
#include <torch/nn/modules/container/any.h>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "mho/nn/analog_layers.h"
#include "mho/nn/sequence_functions.h"

namespace mho {

/// The recurrence of a layer with its analog matrix from hidden state to gates (RecurrentOp):
/// inputs of the gates [samples, positions, gates * hidden], or the inputs themselves where the
/// matrix takes them too, to hidden states [samples, positions, hidden]. Modified weights are drawn
/// once a step, the noise of the tiles anew at every position (set_position). A batch that
/// initialises the input range is run once with the present range; the hidden states that it feeds
/// back, without the zeros of the start, set it.
class AnalogRecurrenceImpl : public AnalogLayerImpl {
  public:
    AnalogRecurrenceImpl(const RecurrentOp& op,
                         const Hardware& hardware,
                         std::string path = "hidden",
                         uint64_t seed = 0);
    /// From a zero state.
    torch::Tensor forward(const torch::Tensor& input) override;
    /// From `state`, which becomes the last one.
    torch::Tensor forward(const torch::Tensor& input, RecurrentState& state);
    /// The product of hidden states [samples, hidden], or of [samples, inputs + hidden], at the
    /// position that set_position() names.
    torch::Tensor product(const torch::Tensor& hidden);
    const RecurrentOp& op() const { return op_; }

  private:
    LayerGeometry geometry() const;
    RecurrentOp op_;
};
TORCH_MODULE(AnalogRecurrence);

/// One step of a recurrent layer with two analog matrices, PATH.input and PATH.hidden. A loop over
/// positions calls set_position() before each step.
class AnalogRecurrentCellImpl : public torch::nn::Module {
  public:
    AnalogRecurrentCellImpl(RecurrentKind kind,
                            int inputs,
                            int hidden,
                            const Hardware& hardware,
                            const std::string& path = "cell",
                            uint64_t seed = 0);
    /// x [samples, inputs] and a state (zero_state() at the start) -> the next state.
    RecurrentState forward(const torch::Tensor& x, const RecurrentState& state);
    RecurrentState zero_state(int64_t samples) const;
    void set_position(uint64_t position, uint64_t positions);

    AnalogLinear input{nullptr};
    AnalogRecurrence hidden{nullptr};
};
TORCH_MODULE(AnalogRecurrentCell);

/// How a stack of recurrent layers is built.
struct AnalogRecurrentOptions {
    int layers = 1;
    bool bias = true;
    bool bidirectional = false;  // a second recurrence from the end; its features come behind
    double dropout = 0.0;        // of the hidden states between layers, in training
    bool combined = false;       // one matrix for input and hidden state (rnn and lstm)
};

/// A stack of recurrent layers, PATH1.input, PATH1.hidden, PATH2.input, ...: the names of
/// char_recurrent() for the paths rnn, lstm and gru; PATHn.reverse.input, PATHn.reverse.hidden for
/// the second direction, PATHn (and PATHn.reverse) where one matrix takes both.
class AnalogRecurrentImpl : public torch::nn::Module {
  public:
    AnalogRecurrentImpl(RecurrentKind kind,
                        int inputs,
                        int hidden,
                        const AnalogRecurrentOptions& options,
                        const Hardware& hardware,
                        const std::string& path = "recurrent",
                        uint64_t seed = 0);
    AnalogRecurrentImpl(RecurrentKind kind,
                        int inputs,
                        int hidden,
                        int layers,
                        const Hardware& hardware,
                        const std::string& path = "recurrent",
                        uint64_t seed = 0)
        : AnalogRecurrentImpl(kind,
                              inputs,
                              hidden,
                              AnalogRecurrentOptions{.layers = layers},
                              hardware,
                              path,
                              seed) {}
    /// [samples, positions, inputs] -> [samples, positions, hidden * directions], from zero states.
    torch::Tensor forward(const torch::Tensor& x);
    /// From states (one for each layer and direction, in the order of PyTorch), which become the
    /// last ones.
    torch::Tensor forward(const torch::Tensor& x, std::vector<RecurrentState>& states);
    std::vector<RecurrentState> zero_states(int64_t samples) const;

    /// Key of the noise and of the dropout of the next passes.
    void set_step(uint64_t step);
    void set_first_sample(uint64_t sample);
    /// After an optimiser step.
    void post_step();

    const AnalogRecurrentOptions& options() const { return options_; }
    size_t directions() const { return options_.bidirectional ? 2 : 1; }

    // [layer * directions + direction]; input_layers is empty where one matrix takes both.
    std::vector<AnalogLinear> input_layers;
    std::vector<AnalogRecurrence> hidden_layers;

  private:
    AnalogRecurrentOptions options_;
    std::string path_;
    uint64_t seed_;
    uint64_t step_ = 0;
    uint64_t first_sample_ = 0;
};

TORCH_MODULE(AnalogRecurrent);

/// The three kinds, with their own names as default path.
template <RecurrentKind kKind>
class AnalogRecurrentOfImpl : public AnalogRecurrentImpl {
  public:
    static constexpr const char* kPath = kKind == RecurrentKind::kRnn    ? "rnn"
                                         : kKind == RecurrentKind::kLstm ? "lstm"
                                                                         : "gru";
    AnalogRecurrentOfImpl(int inputs,
                          int hidden,
                          int layers,
                          const Hardware& hardware,
                          const std::string& path = kPath,
                          uint64_t seed = 0)
        : AnalogRecurrentImpl(kKind, inputs, hidden, layers, hardware, path, seed) {}
    AnalogRecurrentOfImpl(int inputs,
                          int hidden,
                          const AnalogRecurrentOptions& options,
                          const Hardware& hardware,
                          const std::string& path = kPath,
                          uint64_t seed = 0)
        : AnalogRecurrentImpl(kKind, inputs, hidden, options, hardware, path, seed) {}
};
using AnalogRNNImpl = AnalogRecurrentOfImpl<RecurrentKind::kRnn>;
using AnalogLSTMImpl = AnalogRecurrentOfImpl<RecurrentKind::kLstm>;
using AnalogGRUImpl = AnalogRecurrentOfImpl<RecurrentKind::kGru>;
TORCH_MODULE(AnalogRNN);
TORCH_MODULE(AnalogLSTM);
TORCH_MODULE(AnalogGRU);

/// What convert() puts in the place of a torch::nn::LSTM: the same calls and results, sequences of
/// [positions, samples, features] unless `batch_first`.
class AnalogTorchLSTMImpl : public torch::nn::Module {
  public:
    using States =
        std::tuple<torch::Tensor, torch::Tensor>;  // [layers * directions, samples, hidden]
    AnalogTorchLSTMImpl(AnalogRecurrent layers, bool batch_first);
    std::tuple<torch::Tensor, States> forward(const torch::Tensor& x,
                                              std::optional<States> states = {});
    AnalogRecurrent layers{nullptr};

  protected:
    FORWARD_HAS_DEFAULT_ARGS({1, torch::nn::AnyValue(std::optional<States>())})

  private:
    bool batch_first_;
};
TORCH_MODULE(AnalogTorchLSTM);

/// The same for torch::nn::RNN and torch::nn::GRU.
class AnalogTorchRecurrentImpl : public torch::nn::Module {
  public:
    AnalogTorchRecurrentImpl(AnalogRecurrent layers, bool batch_first);
    std::tuple<torch::Tensor, torch::Tensor> forward(const torch::Tensor& x,
                                                     const torch::Tensor& states = {});
    AnalogRecurrent layers{nullptr};

  protected:
    FORWARD_HAS_DEFAULT_ARGS({1, torch::nn::AnyValue(torch::Tensor())})

  private:
    bool batch_first_;
};
TORCH_MODULE(AnalogTorchRecurrent);

}  // namespace mho

#endif  // MHO_NN_RECURRENT_LAYERS_H
