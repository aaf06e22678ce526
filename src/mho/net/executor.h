// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_EXECUTOR_H
#define MHO_NET_EXECUTOR_H

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mho/net/network.h"
#include "mho/tile/grid.h"

namespace mho {

/// Runs a network forward, digital layers exactly, analog layers on tiles of one simulated chip.
class Executor {
  public:
    /// `chip` enters the random keys: another number is another chip of the same design.
    /// Throws ConfigError for a network that does not fit together, and for the noise management
    /// `average abs max`, whose results depend on the order of the samples.
    Executor(const Network& network, uint64_t seed, uint32_t chip = 0);
    ~Executor();
    Executor(Executor&&) noexcept;
    Executor& operator=(Executor&&) noexcept;

    /// Programs every tile (see TileGrid::program). Without it analog layers run with their exact
    /// tile weights.
    /// A programmer (adapt/programmers.h), the caller's or that of the layer's `programming`,
    /// brings them there by pulses, else it is one shot.
    void program(uint64_t programming = 0,
                 ConductanceSwitches switches = {},
                 const Programmer* programmer = nullptr);
    /// See TileGrid::set_periphery. Layers that ReLUs alone read have them computed there, where
    /// periphery.fold_relu asks for that; the ReLU of the network then finds nothing to cut.
    void set_periphery(const DigitalPeriphery& periphery);
    void advance_to(double t_s, uint64_t read_step = 0);
    void use_compensation(bool on);

    /// Pixels in network input order [samples, channels * height * width] (0 ... 255 or anything
    /// that the input spec scales) -> outputs [samples, features]. Samples are numbered
    /// key.first_sample + row; the result does not depend on `threads` nor on how a caller cuts its
    /// samples into calls. `progress` is called after each finished block with its number of
    /// samples (from any thread). Throws InputError for wrong shapes and for pixels that are not
    /// finite.
    void run(ConstFloatView pixels,
             FloatView outputs,
             ReadKey key,
             size_t threads = 1,
             const std::function<void(size_t)>& progress = {}) const;

    /// Lets an observer see the input matrix [rows, inputs] of every analog layer (unrolled patches
    /// for convolutions; group g of a grouped one) while `run` is called with threads = 1. A batch
    /// comes in several pieces, in order.
    using Observer =
        std::function<void(const std::string& layer, size_t group, ConstFloatView inputs)>;
    void set_observer(Observer observer) { observer_ = std::move(observer); }

    size_t output_features() const;
    const Network& network() const { return network_; }
    /// Tile grids of an analog layer, one per group.
    const std::vector<TileGrid>& grids(const std::string& layer) const;
    std::vector<TileGrid>& grids(const std::string& layer);
    std::vector<std::string> analog_layers() const;
    /// Bytes of the programmed state (tiles), and of the activations of one sample.
    size_t state_bytes() const;
    size_t activation_bytes_per_sample() const;

  private:
    friend void initialize_input_ranges(Network&, ConstFloatView, size_t, uint64_t, size_t);
    struct Impl;
    Network network_;
    Observer observer_;
    std::unique_ptr<Impl> impl_;
};

/// Share of samples whose largest output is at the label; row r has the label number first_label +
/// r.
double accuracy(ConstFloatView outputs, const std::vector<uint8_t>& labels, size_t first_label = 0);

/// Sets the input ranges of all analog layers from data, as the first training batches do: range <-
/// running mean over batches of init_std_factor * std(inputs of the piece) (n - 1 in the std;
/// batches with std 0 are skipped; the first batch replaces `initial`), the analog forward with
/// `seed` feeding the next layers; a batch is passed with the range that it has just set. Row s of
/// `pixels` is sample s of step 0. `pixels` [samples, features] is cut into batches of `batch`
/// rows, at most init_batches of them. A recurrent layer runs each batch with its present range
/// first, takes the range from the hidden states that it fed back (without the zeros of the start),
/// and runs again. The result does not depend on `threads`.
void initialize_input_ranges(
    Network& network, ConstFloatView pixels, size_t batch, uint64_t seed, size_t threads = 1);

}  // namespace mho

#endif  // MHO_NET_EXECUTOR_H
