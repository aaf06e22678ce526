// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_PULSE_RULE_H
#define MHO_TRAIN_PULSE_RULE_H

// From a learning rate to pulses (Gokmen and Vlasov 2016; aihwkit). With the granularity g of the
// device and trains of BL slots, row i fires in a slot with probability A |d_i| and column j with
// B |x_j|; A B = lr / (g BL), so that the expected change of a cell is lr d_i x_j wherever no
// probability exceeds 1.
//
// Management of the length shortens the trains to ceil(lr max|x| max|d| / g); management of the
// update balances A and B such that both largest values have the same probability.

#include <span>

#include "mho/device/pulse_trains.h"
#include "mho/device/pulsed_array.h"
#include "mho/random/stream.h"
#include "mho/util/matrix.h"
#include "mho/util/reflect.h"

namespace mho {

enum class PulseType {
    kStochasticCompressed,   // signs ride on the pulses: one phase
    kStochastic,             // two phases, positive columns first
    kMeanCount,              // expected counts of pulses, rounded
    kDeterministicImplicit,  // expected coincidences, rounded
    kNone,                   // floating point, the device is not asked
    kNoneWithDevice,         // floating point, then clipped to the bounds of the cells
};

template <>
struct EnumNames<PulseType> {
    static constexpr std::array<std::pair<PulseType, std::string_view>, 6> names = {
        {{PulseType::kStochasticCompressed, "stochastic compressed"},
         {PulseType::kStochastic, "stochastic"},
         {PulseType::kMeanCount, "mean count"},
         {PulseType::kDeterministicImplicit, "deterministic implicit"},
         {PulseType::kNone, "none"},
         {PulseType::kNoneWithDevice, "none with device"}}};
};

/// Settings of a pulsed update.
struct PulseUpdate {
    PulseType type = PulseType::kStochasticCompressed;
    int desired_length = 31;
    bool fixed_length = true;
    bool length_management = true;
    bool update_management = true;
    double gradient_scale = 1.0;
    double probability_steps = 0.0;
    double x_steps = 0.0;
    double d_steps = 0.0;
    bool stochastic_rounding = false;
    bool statistics_only = false;
    PulseLaw law = PulseLaw::kSample;
    bool batch_level = true;
    bool frozen_response = false;
};

template <>
struct Schema<PulseUpdate> {
    static constexpr std::string_view name = "PulseUpdate";
    static void fields(auto&& visit) {
        using U = PulseUpdate;
        visit(field("type",
                    &U::type,
                    {.meaning = "how values become pulses", .source = "Gokmen and Vlasov 2016"}));
        visit(
            field("desired_length",
                  &U::desired_length,
                  {.unit = "slots",
                   .min = 1,
                   .max = 10000,
                   .meaning = "length of a pulse train, the longest one under length management"}));
        visit(field("fixed_length",
                    &U::fixed_length,
                    {.meaning = "keep the length where the learning rate asks for more pulses"}));
        visit(field("length_management",
                    &U::length_management,
                    {.meaning = "shorten trains to the pulses that a sample needs",
                     .source = "aihwkit update_bl_management"}));
        visit(field("update_management",
                    &U::update_management,
                    {.meaning = "balance the probabilities of rows and columns; always on under "
                                "length management",
                     .source = "Gokmen et al. 2017"}));
        visit(field("gradient_scale",
                    &U::gradient_scale,
                    {.unit = "1",
                     .min = 1e-6,
                     .max = 1e6,
                     .meaning = "factor on the largest error that the managements see",
                     .source = "aihwkit um_grad_scale"}));
        visit(field("probability_steps",
                    &U::probability_steps,
                    {.unit = "steps",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "steps per unit to which probabilities are rounded; 0 = none"}));
        visit(field("x_steps",
                    &U::x_steps,
                    {.unit = "steps",
                     .min = 0,
                     .max = 1e9,
                     .meaning = "steps per unit of the columns' probabilities in deterministic "
                                "implicit pulses; 0 = none"}));
        visit(field("d_steps",
                    &U::d_steps,
                    {.unit = "steps", .min = 0, .max = 1e9, .meaning = "the same of the rows"}));
        visit(field("stochastic_rounding",
                    &U::stochastic_rounding,
                    {.meaning = "these roundings are stochastic"}));
        visit(field("statistics_only",
                    &U::statistics_only,
                    {.meaning = "draw a binomial count for every cell instead of trains: the "
                                "correlation between cells of a line is lost"}));
        visit(field("law",
                    &U::law,
                    {.meaning = "how pulses turn into weight changes; `pulse` is the reference"}));
        visit(field("batch_level",
                    &U::batch_level,
                    {.meaning = "constant step, law `sample`: one normal number per cell and batch "
                                "where no bound can be met; results then depend on how samples are "
                                "cut into batches"}));
        visit(field(
            "frozen_response",
            &U::frozen_response,
            {.meaning = "law `sample`: evaluate a non-linear response once per sample instead "
                        "of at every pulse"}));
    }
};

/// What the managements decided for one sample.
struct TrainScale {
    uint32_t length = 0;   // BL
    double row_scale = 0;  // A: multiplies |d|
    double col_scale = 0;  // B: multiplies |x|
};

/// The base rule and both managements for one sample; x_max = max|x|, d_max = max|d|, rate >= 0.
TrainScale train_scale(
    const PulseUpdate& update, double rate, double granularity, double x_max, double d_max);

/// The pulses of W -= rate d x' for a batch: `x` [samples, cols], `d` [samples, rows]. A negative
/// rate turns the direction. `key` names the trains by (step, first_sample + sample). Throws
/// InputError for mis-shaped or non-finite input. Type kNone has no trains: InputError.
PulseTrains make_pulse_trains(const PulseUpdate& update,
                              ConstFloatView x,
                              ConstFloatView d,
                              double rate,
                              double granularity,
                              TileKey tile,
                              ReadKey key);

/// The same into the memory of `out`, which is kept between calls.
void make_pulse_trains(const PulseUpdate& update,
                       ConstFloatView x,
                       ConstFloatView d,
                       double rate,
                       double granularity,
                       TileKey tile,
                       ReadKey key,
                       PulseTrains& out);

/// Trains and their application in one call; the floating-point types included.
PulseActivity pulsed_update(PulsedArray& array,
                            const PulseUpdate& update,
                            ConstFloatView x,
                            ConstFloatView d,
                            double rate,
                            ReadKey key,
                            size_t threads = 1);

}  // namespace mho

#endif  // MHO_TRAIN_PULSE_RULE_H
