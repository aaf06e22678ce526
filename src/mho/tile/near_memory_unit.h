// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_NEAR_MEMORY_UNIT_H
#define MHO_TILE_NEAR_MEMORY_UNIT_H

// The near-memory unit: an affine correction per column in integers, bit-true
// (Ferro et al., arXiv 2402.07549). Data path and folding: docs/models/near-memory-unit.md.

#include <cstdint>
#include <span>
#include <vector>

namespace mho {

/// Widths of the data path. A count c times the scale code S has `scale_fraction_bits` + `shift`
/// fraction bits; `cut_before` of them are truncated, `cut_middle` rounded away (half up), the
/// offset is added, what is left is rounded away (half up) and the result saturates: signed, or
/// with a ReLU in the unit unsigned, so that no code stands for what the ReLU cuts.
struct NearMemoryFormat {
    int scale_fraction_bits = 7;   // S: unsigned, 1 integer bit
    int offset_fraction_bits = 1;  // O: signed
    int offset_integer_bits = 7;   // without the sign
    int shift = 0;                 // power of two of the layer: S stands for S 2^-shift
    int cut_before = 0;
    int cut_middle = 6;
    int output_bits = 8;
    bool relu = false;  // results are 0 to 2^output_bits - 1

    int fraction_bits() const { return scale_fraction_bits + shift; }
    int cut_after() const { return fraction_bits() - cut_before - cut_middle; }
    uint32_t largest_scale() const { return (uint32_t{2} << scale_fraction_bits) - 1; }
    int32_t largest_offset() const {
        return (int32_t{1} << (offset_integer_bits + offset_fraction_bits)) - 1;
    }
    int32_t largest_result() const { return (int32_t{1} << (output_bits - (relu ? 0 : 1))) - 1; }
    int32_t smallest_result() const { return relu ? 0 : -largest_result() - 1; }
    /// Throws ConfigError when widths do not fit together or exceed 31 bits in between.
    void check() const;
};

/// The usual cuts of a format: `cut_before` bits truncated, then rounded to the fraction bits of
/// the offset.
NearMemoryFormat near_memory_format(int scale_fraction_bits,
                                    int offset_integer_bits,
                                    int offset_fraction_bits,
                                    int shift,
                                    int cut_before,
                                    int output_bits);

/// The same unit with a ReLU: results lose their sign and gain a bit, and the step of a result is
/// half as large. The offset keeps its bits; its binary point moves by one place, where it has a
/// fraction bit to give, so that the same offsets fit.
NearMemoryFormat with_relu(NearMemoryFormat format);

/// One count through the unit.
int32_t near_memory(const NearMemoryFormat& format, int32_t count, uint32_t scale, int32_t offset);

/// The same law written with exact fractions (floor of quotients of integers) instead of shifts.
int32_t reference_near_memory(const NearMemoryFormat& format,
                              int32_t count,
                              uint32_t scale,
                              int32_t offset);

/// What a column's unit is to compute, in output steps: y = scale c + offset.
struct ColumnAffine {
    double scale = 1.0;
    double offset = 0.0;
};

/// Folds y = gain (a c + b - mean) / sqrt(variance + epsilon) + shift, divided by the step of the
/// result, into one affine law: the count's calibration (a, b), a batch norm and the next layer's
/// input step. Throws InputError for a step that is not above 0.
ColumnAffine fold_column(double a,
                         double b,
                         double gain,
                         double shift,
                         double mean,
                         double variance,
                         double epsilon,
                         double step);

/// The codes of all columns of a tile: one power of two such that the largest scale lies in [1, 2),
/// nearest codes, saturated.
struct NearMemoryCodes {
    NearMemoryFormat format;
    std::vector<uint32_t> scales;
    std::vector<int32_t> offsets;
    size_t saturated = 0;  // codes that did not fit
};
/// Throws InputError for a negative scale: flip the signs of the weights of that column instead.
NearMemoryCodes near_memory_codes(const NearMemoryFormat& format,
                                  std::span<const ColumnAffine> columns);

/// Nearest half-precision number (round half to even; beyond 65504 infinity).
float round_to_half(float value);

/// Cycles per input vector: ceil(columns / units) columns per unit, `operations` cycles each.
double periphery_cycles(size_t columns, size_t units, size_t operations);

}  // namespace mho

#endif  // MHO_TILE_NEAR_MEMORY_UNIT_H
