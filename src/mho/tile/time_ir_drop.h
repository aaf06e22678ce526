// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_TIME_IR_DROP_H
#define MHO_TILE_TIME_IR_DROP_H

// IR drop of a tile whose inputs are pulse widths: which cells draw current changes while a product
// is read, and so does the drop. Unit cells are pairs (g+, g-); even outputs are read at one end of
// the array, odd ones at the other; the wires of a column are cut into segments. Formulas:
// docs/models/time-ir-drop.md (the law of aihwkit's TorchInferenceTileIRDropT).

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "mho/array/converter.h"
#include "mho/kernels/product.h"
#include "mho/util/reflect.h"

namespace mho {

/// How an input of several bits becomes pulses.
enum class PulseInput {
    kOnePass,  // one pulse as long as the input
    kSplit,    // low and high bits in two passes, added digitally
    kBitWise,  // a pass for every bit
};

template <>
struct EnumNames<PulseInput> {
    static constexpr std::array<std::pair<PulseInput, std::string_view>, 3> names = {
        {{PulseInput::kOnePass, "one pass"},
         {PulseInput::kSplit, "split"},
         {PulseInput::kBitWise, "bit wise"}}};
};

struct TimeIrDrop {
    bool enabled = false;
    PulseInput input = PulseInput::kOnePass;
    int steps = 126;  // of the input converter over its full range: 2^bits - 2
    double strength = 1.0;
    double wire_ohm = 0.15;
    int segments = 8;
    int rows = 0;  // physical rows of the array, unused ones on both sides; 0: as many as inputs
    double time_resolution = 1.0;  // time steps per step of the converter (one pass only)
    double read_voltage = 0.4005;
    int split_bits = 3;      // low bits of `split`
    bool plain_sum = false;  // sum of samples instead of the trapezoidal rule
    double adc_ghz = 6.24;   // ticks of the current-to-time converter; 0: none

    void check(const std::string& path, std::vector<Problem>& problems) const;
};

template <>
struct Schema<TimeIrDrop> {
    static constexpr std::string_view name = "TimeIrDrop";
    static void fields(auto&& visit) {
        visit(
            field("enabled",
                  &TimeIrDrop::enabled,
                  {.meaning = "this takes the place of the product, the input converter and the IR "
                              "drop of `forward`, whose output noise and converter stay"}));
        visit(field("input", &TimeIrDrop::input, {.meaning = "how an input becomes pulses"}));
        visit(field("steps",
                    &TimeIrDrop::steps,
                    {.unit = "steps",
                     .min = 2,
                     .max = 65534,
                     .meaning = "steps of the input converter over its full range, 2^bits - 2",
                     .source = "aihwkit 1 / inp_res"}));
        visit(field("strength",
                    &TimeIrDrop::strength,
                    {.unit = "1",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "scale of the wire resistance",
                     .source = "aihwkit ir_drop"}));
        visit(field("wire_ohm",
                    &TimeIrDrop::wire_ohm,
                    {.unit = "ohm",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "wire per cell",
                     .source = "aihwkit ir_drop_rs"}));
        visit(field("segments",
                    &TimeIrDrop::segments,
                    {.unit = "segments",
                     .min = 1,
                     .max = 65536,
                     .meaning = "pieces of a column wire",
                     .source = "aihwkit ir_drop_segments"}));
        visit(field("rows",
                    &TimeIrDrop::rows,
                    {.unit = "rows",
                     .min = 0,
                     .max = 65536,
                     .meaning = "physical rows; 0 = as many as inputs"}));
        visit(field("time_resolution",
                    &TimeIrDrop::time_resolution,
                    {.unit = "1",
                     .min = 0.1,
                     .max = 64,
                     .meaning = "time steps per step of the input converter",
                     .source = "aihwkit ir_drop_time_step_resolution_scale"}));
        visit(field("read_voltage",
                    &TimeIrDrop::read_voltage,
                    {.unit = "V",
                     .min = -10,
                     .max = 10,
                     .meaning = "of the read-out; idle cells are at 0.4 V",
                     .source = "aihwkit ir_drop_v_read"}));
        visit(field("split_bits",
                    &TimeIrDrop::split_bits,
                    {.unit = "bits",
                     .min = 1,
                     .max = 15,
                     .meaning = "low bits of input `split`",
                     .source = "aihwkit split_mode_bit_shift"}));
        visit(field("plain_sum",
                    &TimeIrDrop::plain_sum,
                    {.meaning = "sum of current samples instead of the trapezoidal rule",
                     .source = "aihwkit ir_drop_integration_sum"}));
        visit(field("adc_ghz",
                    &TimeIrDrop::adc_ghz,
                    {.unit = "GHz",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "clock of the output converter, which counts whole ticks; 0 = none",
                     .source = "aihwkit adc_frequency"}));
    }
};

/// The array behind its wires. Segments, wires and conductances do not change while a product is
/// read, so the charge is linear in the time that each input is on: one matrix product a pass.
class TimeIrDropArray {
  public:
    /// `conductances` of pairs (g+, g-, next pair ...), `[outputs, inputs]`, as the converter made
    /// them. Throws ConfigError (below `path`), and InputError for a converter without pairs.
    TimeIrDropArray(const TimeIrDrop& config,
                    const Converter& converter,
                    const Conductances& conductances,
                    const std::string& path = "time_ir_drop");

    /// y `[vectors, outputs]` in units of weight x input for x `[vectors, inputs]`, -1 to 1, which
    /// are rounded to the grid of the converter. `read_out(pass, y)` may change what a pass gives
    /// (output noise, bounds) before the passes are added digitally.
    using ReadOut = std::function<void(unsigned pass, FloatView y)>;
    void apply(ConstFloatView x, FloatView y, const ReadOut& read_out = {}) const;

    size_t outputs() const { return outputs_; }
    size_t inputs() const { return inputs_; }
    size_t bytes() const;

  private:
    struct Pair {
        PackedMatrix charge;         // uA per input that is on, [outputs, inputs]
        std::vector<double> leak;    // uA of an idle array
        std::vector<double> factor;  // from charge to output, per output
    };
    TimeIrDrop config_;
    size_t outputs_ = 0;
    size_t inputs_ = 0;
    std::vector<Pair> pairs_;
};

/// The same in double, sample by sample in time and segment by segment, as the formulas say.
Matrix<double> reference_time_ir_drop(const TimeIrDrop& config,
                                      const Converter& converter,
                                      const Conductances& conductances,
                                      MatrixView<const double> x);

}  // namespace mho

#endif  // MHO_TILE_TIME_IR_DROP_H
