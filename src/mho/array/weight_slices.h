// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ARRAY_WEIGHT_SLICES_H
#define MHO_ARRAY_WEIGHT_SLICES_H

// Weights as states of cells, in one or several bit slices, and back from currents.
//
// States are g = G / Gmax in [g_min, 1], R = 1 - g_min; w' = w / w_max in [-1, 1]; B = weight_bits.
//
//     balanced, one-sided   g+ = g_min + R w' for w' > 0, g- = g_min - R w' for w' < 0, else g_min
//     balanced, two-sided   g+- = g_min + R (1 +- w') / 2
//     offset                g = g_min' + R' (w' + 1) / 2; with states of c bits the lowest one is
//                           left out (R' = R (2^c - 2) / (2^c - 1), g_min' = 1 - R'), so that
//                           weight zero is a state
//     two's complement      sliced only: digits of w_int mod 2^B, the top bit counts negative
//
// With weight_bits the integers w_int = round(w' (2^(B-1) - 1)) are cut into digits of b_s bits,
// least significant first; the digits d_s stand in place of w': g = g_min + R d_s / (2^b_s - 1).
// Balanced slices cut |w_int| and give every digit the sign; offset slices cut w_int + 2^(B-1).
//
// The way back is linear in the currents I_s of the slices (units: one fully-on cell at full
// input):
//
//     y = sum_s gain_s I_s + input_gain sum_j x_j
//
// where I_s = I+ - I- for pairs, and I - I_unit with a unit column (a column that holds what weight
// zero holds); without one the second term takes the offset off. Formulas: Xiao et al., IEEE
// Circuits Syst. Mag. 22(2), 26 (2022); CrossSim 3.2.

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/matrix.h"
#include "mho/util/reflect.h"

namespace mho {

enum class WeightCoding { kBalanced, kOffset, kTwosComplement };
enum class OffsetCorrection { kDigital, kUnitColumn };

template <>
struct EnumNames<WeightCoding> {
    static constexpr std::array<std::pair<WeightCoding, std::string_view>, 3> names = {
        {{WeightCoding::kBalanced, "balanced"},
         {WeightCoding::kOffset, "offset"},
         {WeightCoding::kTwosComplement, "two's complement"}}};
};
template <>
struct EnumNames<OffsetCorrection> {
    static constexpr std::array<std::pair<OffsetCorrection, std::string_view>, 2> names = {
        {{OffsetCorrection::kDigital, "digital"}, {OffsetCorrection::kUnitColumn, "unit column"}}};
};

/// How weights become states.
struct WeightSlicing {
    WeightCoding coding = WeightCoding::kBalanced;
    bool two_sided = false;
    bool subtract_before_adc = true;
    bool interleaved = false;
    OffsetCorrection correction = OffsetCorrection::kDigital;
    int weight_bits = 0;
    int slices = 1;
    std::vector<int> slice_bits;
    double percentile = 1.0;
    bool power_of_two_scale = false;
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// The cells' share: states between g_min and 1.
struct CellStates {
    double g_min = 0.0;  // 1 / on-off ratio
    int bits = 0;        // 2^bits equidistant states, 0 = any state
};

/// Bits of every slice, least significant first; one slice of 0 bits for weights that are not cut.
/// Equal slices: B / S bits if that divides, else ceil((B - 1) / S) for balanced and ceil(B / S)
/// for offset coding; the last digit takes what is left. Throws ConfigError for bits that do not
/// suffice.
std::vector<int> bits_per_slice(const WeightSlicing& slicing);

/// Digits of one integer, least significant first.
std::vector<int> digits_of(const WeightSlicing& slicing, int value);

/// One slice of a tile as its cells should be.
struct StateSlice {
    Matrix<float> plus;       // [out, in]
    Matrix<float> minus;      // [out, in]; empty for single cells
    std::vector<float> unit;  // [in] of the unit column; empty if there is none
    double gain = 1.0;        // of its current in the weight
    double step = 0.0;        // smallest difference of states, 0 = continuous
};

struct WeightStates {
    std::vector<StateSlice> slices;
    double w_max = 1.0;
    double input_gain = 0.0;  // of the sum of all inputs
};

/// The nearest state, half to even.
double nearest_state(const CellStates& cells, double g);

/// Largest weight that is represented: `percentile` of the larger side (at most 1), or that many
/// times the largest weight (above 1); rounded up to a power of two if asked for.
double weight_limit(const WeightSlicing& slicing, ConstFloatView weights);

/// States of the weights `[out, in]`, finite.
WeightStates to_states(const WeightSlicing& slicing,
                       const CellStates& cells,
                       ConstFloatView weights);

/// The weights that states stand for: what an exact product of them would multiply with.
Matrix<float> weights_of_states(const WeightStates& states);

template <>
struct Schema<WeightSlicing> {
    static constexpr std::string_view name = "WeightSlicing";
    static void fields(auto&& visit) {
        using W = WeightSlicing;
        visit(field("coding",
                    &W::coding,
                    {.meaning = "pairs of cells, one cell with an offset, or the digits of two's "
                                "complement",
                     .source = "CrossSim 3.2; Xiao et al., IEEE CAS Mag. 22(2), 26 (2022)"}));
        visit(field(
            "two_sided",
            &W::two_sided,
            {.meaning = "balanced pairs: both cells move around the middle, instead of one of "
                        "them from the lowest state"}));
        visit(field("subtract_before_adc",
                    &W::subtract_before_adc,
                    {.meaning = "balanced pairs: currents are subtracted before conversion, else "
                                "both are digitised"}));
        visit(field("interleaved",
                    &W::interleaved,
                    {.meaning = "balanced pairs: both cells sit on one column and are driven by +V "
                                "and -V, so their currents cancel along the wire"}));
        visit(
            field("correction",
                  &W::correction,
                  {.meaning = "how the common current of single cells is taken off: digitally from "
                              "the sum of the inputs, or by a column of its own"}));
        visit(
            field("weight_bits",
                  &W::weight_bits,
                  {.unit = "bits",
                   .min = 0,
                   .max = 16,
                   .meaning = "weights become integers of this many bits (with sign) that are cut "
                              "into slices; 0 = one slice, not rounded"}));
        visit(field("slices",
                    &W::slices,
                    {.unit = "slices",
                     .min = 1,
                     .max = 16,
                     .meaning = "slices of equal width; used where slice_bits is empty"}));
        visit(field("slice_bits",
                    &W::slice_bits,
                    {.unit = "bits",
                     .min = 1,
                     .max = 16,
                     .meaning = "width of every slice, least significant first"}));
        visit(field("percentile",
                    &W::percentile,
                    {.unit = "1",
                     .min = 0.01,
                     .max = 100,
                     .meaning = "weights beyond this quantile are cut; above 1: head-room over the "
                                "largest weight"}));
        visit(field(
            "power_of_two_scale",
            &W::power_of_two_scale,
            {.meaning = "round the scale of a tile up to a power of two: blocks that share an "
                        "exponent"}));
    }
};

}  // namespace mho

#endif  // MHO_ARRAY_WEIGHT_SLICES_H
