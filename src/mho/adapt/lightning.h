// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_LIGHTNING_H
#define MHO_ADAPT_LIGHTNING_H

// A linear layer that imitates analog tiles without mapping its weights onto them: the model of
// aihwkit-lightning 2.1, made for training large networks. The weights keep their scale; noise and
// bounds are multiplied by the largest weight instead. The inputs are cut into pieces; for piece s,
// with R its input range, w_max the largest |w| (of a row, or of the piece):
//
//     v   = clip(x, +-R), rounded to steps of 2 R / input_steps
//     W'  = W clipped at +-c, rounded to steps of 2 w_max / weight_steps; in training + sigma w_max
//     xi y_s = W' v; in training + output_noise w_max R / sqrt(pieces) xi y_s : rounded to steps of
//     2 b / output_steps, clipped at b = output_bound R w_max y   = sum_s y_s + bias
//
// Rounding is half to even. Backward is straight through all rounding and noise, with the noisy
// weights of the forward pass; errors are zero where the output clip cut, and input gradients where
// |x| > R. Quantised weights act in evaluation too, noise does not.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mho/random/stream.h"
#include "mho/util/error.h"
#include "mho/util/matrix.h"
#include "mho/util/reflect.h"

namespace mho {

enum class LightningRange {
    kNone,     // inputs are taken as they are
    kLearned,  // one range per piece: from the spread of the first batches, then by gradient
    kDynamic,  // max |x| of each input vector and piece
    kFast,     // one range per piece: extremes of the first batches, then by the plain gradient
};

/// What shares one largest weight.
enum class LightningScope { kNone, kPerTensor, kPerChannel };

enum class LightningClip {
    kNone,
    kLayerGaussian,            // after each step, at sigma * std(W)
    kLayerGaussianPerChannel,  // the same per output row
    kLearnedPerChannel,        // in the forward pass, at a learned value per output row and piece
};

template <>
struct EnumNames<LightningRange> {
    static constexpr std::array<std::pair<LightningRange, std::string_view>, 4> names = {
        {{LightningRange::kNone, "none"},
         {LightningRange::kLearned, "learned"},
         {LightningRange::kDynamic, "dynamic"},
         {LightningRange::kFast, "fast"}}};
};
template <>
struct EnumNames<LightningScope> {
    static constexpr std::array<std::pair<LightningScope, std::string_view>, 3> names = {
        {{LightningScope::kNone, "none"},
         {LightningScope::kPerTensor, "per tensor"},
         {LightningScope::kPerChannel, "per channel"}}};
};
template <>
struct EnumNames<LightningClip> {
    static constexpr std::array<std::pair<LightningClip, std::string_view>, 4> names = {
        {{LightningClip::kNone, "none"},
         {LightningClip::kLayerGaussian, "layer gaussian"},
         {LightningClip::kLayerGaussianPerChannel, "layer gaussian per channel"},
         {LightningClip::kLearnedPerChannel, "learned per channel"}}};
};

struct LightningLayer {
    int max_inputs = 0;
    LightningRange range = LightningRange::kNone;
    bool learn_range = true;
    double initial_range = 3.0;
    int init_batches = 100;
    double init_std_factor = 3.0;
    double range_decay = 1e-3;
    double min_share_inside = 0.95;
    double fast_momentum = 0.95;  // -1 = running extremes
    double input_steps = 0.0;
    double output_steps = 0.0;
    double output_bound = 0.0;
    double output_noise = 0.0;
    LightningScope output_noise_scope = LightningScope::kPerTensor;
    LightningClip clip = LightningClip::kNone;
    double clip_sigma = 2.5;
    LightningScope weight_noise_scope = LightningScope::kNone;
    double weight_noise = 0.0;
    LightningScope weight_rounding = LightningScope::kNone;
    double weight_steps = 0.0;

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<LightningLayer> {
    static constexpr std::string_view name = "LightningLayer";
    static void fields(auto&& visit) {
        using C = LightningLayer;
        constexpr std::string_view kSource = "aihwkit-lightning 2.1";
        visit(field("max_inputs",
                    &C::max_inputs,
                    {.unit = "inputs",
                     .min = 0,
                     .max = 1048576,
                     .meaning = "largest piece of the inputs; 0 = one piece",
                     .source = kSource}));
        visit(field("range",
                    &C::range,
                    {.meaning = "where the input range comes from", .source = kSource}));
        visit(field("learn_range",
                    &C::learn_range,
                    {.meaning = "give a learned or fast range a gradient", .source = kSource}));
        visit(field("initial_range",
                    &C::initial_range,
                    {.unit = "1",
                     .min = 1e-6,
                     .max = 1e9,
                     .meaning = "range before any data were seen",
                     .source = kSource}));
        visit(field("init_batches",
                    &C::init_batches,
                    {.unit = "batches",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "training batches that set the range",
                     .source = kSource}));
        visit(field("init_std_factor",
                    &C::init_std_factor,
                    {.unit = "std",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "range in standard deviations of the inputs",
                     .source = kSource}));
        visit(field("range_decay",
                    &C::range_decay,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "pull on the range while enough inputs fit",
                     .source = kSource}));
        visit(field("min_share_inside",
                    &C::min_share_inside,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "share of inputs inside the range above which the decay acts",
                     .source = kSource}));
        visit(
            field("fast_momentum",
                  &C::fast_momentum,
                  {.unit = "1",
                   .min = -1,
                   .max = 1,
                   .meaning = "weight of the past in the extremes of range `fast` after the first "
                              "batch; -1 = running extremes",
                   .source = kSource}));
        visit(field("input_steps",
                    &C::input_steps,
                    {.unit = "steps",
                     .min = 0,
                     .max = 4294967296.0,
                     .meaning = "steps over [-range, range]; 254 is 8 bit, 0 = no rounding",
                     .source = kSource}));
        visit(field("output_steps",
                    &C::output_steps,
                    {.unit = "steps",
                     .min = 0,
                     .max = 4294967296.0,
                     .meaning = "steps over [-bound, bound] of the outputs; 0 = no rounding",
                     .source = kSource}));
        visit(field("output_bound",
                    &C::output_bound,
                    {.unit = "range * w_max",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "outputs of a piece are clipped here; 0 = never",
                     .source = kSource}));
        visit(field("output_noise",
                    &C::output_noise,
                    {.unit = "range * w_max",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "standard deviation of the output noise in training",
                     .source = kSource}));
        visit(
            field("output_noise_scope",
                  &C::output_noise_scope,
                  {.meaning = "whose largest weight scales the output noise", .source = kSource}));
        visit(field("clip", &C::clip, {.meaning = "how weights are clipped", .source = kSource}));
        visit(field("clip_sigma",
                    &C::clip_sigma,
                    {.unit = "std",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "bound of the gaussian clips in standard deviations",
                     .source = kSource}));
        visit(
            field("weight_noise_scope",
                  &C::weight_noise_scope,
                  {.meaning = "whose largest weight scales the weight noise", .source = kSource}));
        visit(field("weight_noise",
                    &C::weight_noise,
                    {.unit = "w_max",
                     .min = 0,
                     .max = 1e3,
                     .meaning = "standard deviation of the weight noise in training",
                     .source = kSource}));
        visit(field("weight_rounding",
                    &C::weight_rounding,
                    {.meaning = "whose largest weight is the full scale of rounded weights",
                     .source = kSource}));
        visit(field("weight_steps",
                    &C::weight_steps,
                    {.unit = "steps",
                     .min = 0,
                     .max = 4294967296.0,
                     .meaning = "steps over [-w_max, w_max]; 0 = no rounding",
                     .source = kSource}));
    }
};

/// What a layer learns beside weights and bias, one entry per piece.
struct LightningState {
    std::vector<float> ranges;
    std::vector<uint64_t> batches_seen;
    std::vector<float> x_min, x_max;  // range `fast`
    Matrix<float> clip;               // [pieces, outputs]; clip `learned per channel`
};

LightningState lightning_state(const LightningLayer& layer, ConstFloatView weights);

struct LightningCall {
    bool training = false;
    TileKey key;
    uint64_t step = 0;          // weight noise is drawn once per step
    uint64_t first_sample = 0;  // output noise of row r is that of sample first_sample + r
};

/// What backward needs of a forward pass.
struct LightningRecord {
    std::vector<size_t> offsets;      // where the pieces begin, and the end
    std::vector<float> ranges;        // of the pieces; empty for ranges `none` and `dynamic`
    Matrix<float> inputs;             // v [rows, inputs]
    Matrix<float> weights;            // W' [outputs, inputs]
    std::vector<uint8_t> output_cut;  // [pieces][rows][outputs]
};

/// y `[rows, outputs]` of x `[rows, inputs]`, weights `[outputs, inputs]`, bias `[outputs]` or
/// empty. In training the state follows the data while initialisation lasts. Throws InputError for
/// shapes that do not fit and for numbers that are not finite.
void lightning_forward(const LightningLayer& layer,
                       ConstFloatView weights,
                       std::span<const float> bias,
                       ConstFloatView x,
                       FloatView y,
                       LightningState& state,
                       const LightningCall& call,
                       LightningRecord* record = nullptr);

struct LightningGradients {
    Matrix<float> inputs;       // [rows, inputs]
    Matrix<float> weights;      // [outputs, inputs]
    std::vector<float> bias;    // [outputs]
    std::vector<float> ranges;  // per piece; empty unless ranges are `learned` or `fast`
    Matrix<float> clip;         // [pieces, outputs]; empty unless clips are learned
};

/// Gradients of sum(upstream * y) for the recorded pass. The range gradient is
/// R (sum over x >= R of min(dx, 0) - sum over x <= -R of max(dx, 0)) + decay R while enough inputs
/// fit, with dx before the mask; for range `fast` it is that of the clamp itself,
/// sum over x > R of dx - sum over x < -R of dx. Learned clips get the gradient of learned step
/// sizes (Esser et al., arXiv 1902.08153), scaled by 1 / sqrt(n), with rounding by 2
/// sqrt(weight_steps / 2 / n), n weights.
LightningGradients lightning_backward(const LightningLayer& layer,
                                      ConstFloatView weights,
                                      ConstFloatView x,
                                      ConstFloatView upstream,
                                      const LightningState& state,
                                      const LightningRecord& record);

/// The gaussian clips, after an optimiser step.
void lightning_clip_weights(const LightningLayer& layer, FloatView weights);

}  // namespace mho

#endif  // MHO_ADAPT_LIGHTNING_H
