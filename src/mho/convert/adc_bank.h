// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CONVERT_ADC_BANK_H
#define MHO_CONVERT_ADC_BANK_H

// The output converters of one array: drawn once per chip, then a fixed map from current to number.
//
// All laws work on u = (x - low) / (high - low), the place of a current x in the range, and give a
// code k of n = 2^bits:
//
//     uniform           k = round(u (n - 1)),            y = low + k (high - low) / (n - 1)
//     sign magnitude    k = round(u (n - 2)),            y = low + k (high - low) / (n - 2)
//     sar, ramp,        without errors k = floor(u n),   y = low + (k + 1/2) (high - low) / n
//     pipeline, cyclic    (mid-rise; `mid_tread` adds half a step before, takes it off after)
//     cco               k = min(floor(N g f(i)), N - 1), N = 2^(bits - 1) periods a polarity (n
//                         unsigned), i = |x| / high; y = (k + 1/2) high / N, 0 for k = 0 if signed
//     logarithmic       the nearest of 0, +-high 10^(-decades (1 - k / K)), k = 1 ... K
//
// Circuit errors of the capacitive DAC, the comparators and the amplifiers: adc_circuit.h.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "mho/convert/adc_circuit.h"
#include "mho/convert/adc_config.h"
#include "mho/random/stream.h"

namespace mho {

/// Limits of a converter in units of its input; low = -high (signed) or 0 (unsigned).
struct AdcRange {
    double low = -1.0;
    double high = 1.0;
};

/// The name that a configuration file gives the model.
std::string_view model_name(const AdcModel& model);
/// Resolution, 0 for the ideal converter.
int bits_of(const AdcModel& model);
/// Columns that share a converter: 1 for models without circuits.
size_t group_size_of(const AdcModel& model);
bool needs_rounding_draws(const AdcModel& model);

/// The range in which neighbouring levels of the converter are `step` apart.
AdcRange range_of_step(const AdcModel& model, double step, bool is_signed);

class AdcBank {
  public:
    /// Draws the mismatch of all converters that `columns` columns need. `is_signed`: the range
    /// will be symmetric (low = -high), else it starts at 0. Throws ConfigError for parameters out
    /// of range.
    AdcBank(const AdcModel& model, size_t columns, bool is_signed, TileKey key);

    /// Converts one row of currents, one per column, in place. `uniforms`: a number in [0, 1) per
    /// column for stochastic rounding, null otherwise. float32; a code may differ from the
    /// reference within a few units of rounding of an edge.
    void convert_row(std::span<float> row, AdcRange range, const float* uniforms) const;

    /// The law itself, serial and double: code and value of one current.
    int64_t reference_code(size_t column, double x, AdcRange range, double uniform = 0) const;
    double reference(size_t column, double x, AdcRange range, double uniform = 0) const;

    const AdcModel& model() const { return model_; }
    size_t columns() const { return columns_; }
    size_t converters() const { return converters_; }
    bool is_signed() const { return is_signed_; }
    /// Number of codes, 0 for the ideal converter.
    int64_t codes() const;
    double value_of_code(int64_t code, AdcRange range) const;
    size_t bytes() const;

  private:
    // How convert_row() works.
    enum class Way { kNothing, kGrid, kMidRise, kEdges, kStages };
    size_t converter_of(size_t column) const { return column / group_; }
    void build_edges();
    void convert_grid(std::span<float> row, AdcRange range, const float* uniforms) const;
    void convert_mid_rise(std::span<float> row, AdcRange range) const;
    void convert_edges(std::span<float> row, AdcRange range) const;
    void convert_stages(std::span<float> row, AdcRange range) const;
    double circuit_shift() const { return mid_tread_ ? 0.5 / static_cast<double>(codes()) : 0.0; }

    AdcModel model_;
    size_t columns_;
    bool is_signed_;
    size_t group_ = 1;
    size_t converters_ = 0;
    Way way_ = Way::kNothing;
    bool mid_tread_ = false;
    // Circuits, as far as the model has them.
    std::vector<std::vector<double>> levels_;  // per converter (ramp: one): edges of the DAC in u
    std::vector<double> offsets_;              // per comparator, in u
    std::vector<StageChain> chains_;           // per converter: pipeline, cyclic
    std::vector<double> gains_;                // cco: [converter][polarity]
    // Tables of the fast way. Segment s of a converter holds u in [edges[s - 1], edges[s]).
    std::vector<std::vector<float>> edges_;
    std::vector<std::vector<int32_t>> segment_codes_;  // empty: segment = code
    // [stage][column] for the stages: gain, reference step, thresholds.
    std::vector<float> stage_gain_, stage_step_, stage_low_, stage_high_;
    std::vector<float> flash_;
};

}  // namespace mho

#endif  // MHO_CONVERT_ADC_BANK_H
