// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_RANDOM_STREAM_H
#define MHO_RANDOM_STREAM_H

// Every random number of mho is a pure function of (tile key, stream, step, element).
//
// Nothing counts inside an object: whoever makes a noisy call says which step it is, so a call can
// be repeated (backward pass, gradient checkpointing, audit), split over threads, or cut into other
// batches, and gives the same numbers. Adding one noise source never shifts the draws of another.
//
// Generator: blocks of 512 numbers. Philox4x32-10 (Salmon et al., SC 2011) with the tile key and
// the counter (block * 16 + lane, stream, step low, step high) seeds 16 lanes of xoshiro128++
// (Blackman and Vigna 2021); lane words come in 32 rounds. Normals: Box-Muller on two consecutive
// rounds.

#include <cstdint>
#include <span>
#include <string_view>

namespace mho {

/// The purpose of a random number. Values are part of the reproducibility contract: never renumber.
enum class Stream : uint32_t {
    kDeviceTable = 1,       // per-cell tables of training devices
    kProgramming = 2,       // programming noise of a conductance
    kDriftCoefficient = 3,  // drift coefficient of a conductance
    kConductanceRead = 4,   // 1/f noise when conductances are evaluated at a time
    kInputNoise = 5,        // after the DAC
    kOutputNoise = 6,       // before the ADC
    kWeightNoise = 7,       // read noise of the weights, referred to the output
    kDacRounding = 8,       // stochastic rounding
    kAdcRounding = 9,
    kWeightModifier = 10,  // hardware-aware training
    kModifierRounding = 11,
    kDropConnect = 12,
    kOutputNoiseSpread = 13,  // tables drawn once per tile and direction
    kVoltageOffset = 14,
    kNonLinearity = 15,
    kReadAsymmetry = 16,
    kStuckCell = 17,
    kInitialWeights = 18,  // of a digital network
    kShuffle = 19,         // order of training samples
    kPulseTrainInput = 20,
    kPulseTrainError = 21,
    kPulseNoise = 22,
    kChopper = 23,
    kAugmentation = 24,
    kVoltageOffsetSign = 25,  // second draw of the compatible voltage-offset law
    kPulseRounding = 26,      // stochastic rounding of pulse probabilities
    kPulseBatch = 27,         // one number per cell and batch of pulses
    kPulseCount = 28,         // binomial counts of the statistics-only law
    kWriteNoise = 29,         // visible weight around the hidden one
    kDiffusion = 30,          // random walk of training devices
    kReset = 31,              // weight after a reset
    kResetChoice = 32,        // which cells a reset reaches
    kTrainingDrift = 33,      // exponent and noise of the drift of training devices
    kLearner = 34,            // choices of the in-memory learners
    kDropout = 35,            // masks between layers in training
    kTest = 1000,
};

/// Identifies the noise of one tile of one chip.
struct TileKey {
    uint64_t value = 0;
    friend bool operator==(TileKey, TileKey) = default;
};

/// Key of tile (`tile_row`, `tile_col`) of the layer `layer_path` on chip number `chip`: Philox of
/// the seed, with the 64-bit FNV-1a hash of the rest as its counter.
TileKey make_tile_key(uint64_t seed,
                      std::string_view layer_path,
                      uint32_t tile_row = 0,
                      uint32_t tile_col = 0,
                      uint32_t chip = 0);

/// Steps of callers are below this. Bits 55 and up number what a tile does beside them: read-outs
/// for drift compensation, polarities, rounds of bound management.
inline constexpr unsigned kStepBits = 55;
inline constexpr uint64_t kMaxSteps = uint64_t{1} << kStepBits;

/// What the caller of a noisy operation decides: which repetition it is, and the global index of
/// the first sample of the batch.
struct ReadKey {
    uint64_t step = 0;
    uint64_t first_sample = 0;
};

inline constexpr size_t kRandomBlock = 512;  // numbers per Philox-seeded block

/// Standard normal numbers of elements [first, first + out.size()). Elements below 2^37.
void fill_normal(TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<float> out);

/// out = to + factor * fill_normal, the product rounded before the sum; `out` may be `to`. As many
/// as the shorter of both has.
void add_normal(TileKey key,
                Stream stream,
                uint64_t step,
                uint64_t first,
                std::span<const float> to,
                float factor,
                std::span<float> out);

/// Uniform numbers in [0, 1), multiples of 2^-24.
void fill_uniform(TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<float> out);

/// Raw 32-bit words.
void fill_words(TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<uint32_t> out);

/// A uniformly distributed permutation of 0 ... out.size() - 1 (Fisher-Yates).
void fill_permutation(TileKey key, Stream stream, uint64_t step, std::span<uint32_t> out);

/// The scalar twins: the same operations in the same order, one number at a time; equal bits.
namespace twin {
void fill_normal(TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<float> out);
void fill_uniform(TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<float> out);
void fill_words(TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<uint32_t> out);
}  // namespace twin

/// Double-precision Box-Muller on the same words: what fill_normal approximates.
void reference_fill_normal(
    TileKey key, Stream stream, uint64_t step, uint64_t first, std::span<double> out);

}  // namespace mho

#endif  // MHO_RANDOM_STREAM_H
