// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NN_RECURRENT_LAYERS_H
#define MHO_NN_RECURRENT_LAYERS_H

#include <string>
#include <vector>

#include "mho/nn/analog_layers.h"
#include "mho/nn/sequence_functions.h"

namespace mho {

/// The recurrence of a layer with its analog matrix from hidden state to gates (RecurrentOp):
/// inputs of the gates [samples, positions, gates * hidden] to hidden states [samples, positions,
/// hidden]. Modified weights are drawn once a step, the noise of the tiles anew at every position
/// (set_position). A batch that initialises the input range is run once with the present range; the
/// hidden states that it feeds back, without the zeros of the start, set it.
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
    /// The product of hidden states [samples, hidden] at the position that set_position() names.
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

/// A stack of recurrent layers, PATH1.input, PATH1.hidden, PATH2.input, ...: the names of
/// char_recurrent() for the paths rnn, lstm and gru.
class AnalogRecurrentImpl : public torch::nn::Module {
  public:
    AnalogRecurrentImpl(RecurrentKind kind,
                        int inputs,
                        int hidden,
                        int layers,
                        const Hardware& hardware,
                        const std::string& path = "recurrent",
                        uint64_t seed = 0);
    /// [samples, positions, inputs] -> [samples, positions, hidden], from zero states.
    torch::Tensor forward(const torch::Tensor& x);

    std::vector<AnalogLinear> input_layers;
    std::vector<AnalogRecurrence> hidden_layers;
};

TORCH_MODULE(AnalogRecurrent);

class AnalogRNNImpl : public AnalogRecurrentImpl {
  public:
    AnalogRNNImpl(int inputs,
                  int hidden,
                  int layers,
                  const Hardware& hardware,
                  const std::string& path = "rnn",
                  uint64_t seed = 0)
        : AnalogRecurrentImpl(RecurrentKind::kRnn, inputs, hidden, layers, hardware, path, seed) {}
};
TORCH_MODULE(AnalogRNN);

class AnalogLSTMImpl : public AnalogRecurrentImpl {
  public:
    AnalogLSTMImpl(int inputs,
                   int hidden,
                   int layers,
                   const Hardware& hardware,
                   const std::string& path = "lstm",
                   uint64_t seed = 0)
        : AnalogRecurrentImpl(RecurrentKind::kLstm, inputs, hidden, layers, hardware, path, seed) {}
};
TORCH_MODULE(AnalogLSTM);

class AnalogGRUImpl : public AnalogRecurrentImpl {
  public:
    AnalogGRUImpl(int inputs,
                  int hidden,
                  int layers,
                  const Hardware& hardware,
                  const std::string& path = "gru",
                  uint64_t seed = 0)
        : AnalogRecurrentImpl(RecurrentKind::kGru, inputs, hidden, layers, hardware, path, seed) {}
};
TORCH_MODULE(AnalogGRU);

}  // namespace mho

#endif  // MHO_NN_RECURRENT_LAYERS_H
