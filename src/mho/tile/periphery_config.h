// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_PERIPHERY_CONFIG_H
#define MHO_TILE_PERIPHERY_CONFIG_H

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/reflect.h"

namespace mho {

/// Arithmetic of the affine correction behind each column of a tile.
enum class PeripheryKind {
    kIdeal,       // forward.adc converts, digital arithmetic is float32 and needs no correction
    kFloat32,     // oscillator counts, affine correction in float32
    kFloat16,     // the same, every operation rounded to half precision
    kFixedPoint,  // the near-memory unit: integers only
};

template <>
struct EnumNames<PeripheryKind> {
    static constexpr std::array<std::pair<PeripheryKind, std::string_view>, 4> names = {
        {{PeripheryKind::kIdeal, "ideal"},
         {PeripheryKind::kFloat32, "float32"},
         {PeripheryKind::kFloat16, "float16"},
         {PeripheryKind::kFixedPoint, "fixed point"}}};
};

/// Column read-out by counters of oscillators that are not alike, and the digital unit that
/// corrects them (Ferro et al., arXiv 2402.07549). All kinds but `ideal` replace forward.adc, which
/// must be off.
struct DigitalPeriphery {
    PeripheryKind kind = PeripheryKind::kIdeal;
    int count_bits = 9;
    double full_scale = 10.0;
    double gain_spread = 0.21;
    double offset_std = 2.0;
    double compression = 0.0;
    int scale_fraction_bits = 7;
    int offset_integer_bits = 7;
    int offset_fraction_bits = 1;
    int cut_before = 0;
    int output_bits = 8;
    bool fold_relu = true;
    int calibration_inputs = 256;
};

template <>
struct Schema<DigitalPeriphery> {
    static constexpr std::string_view name = "DigitalPeriphery";
    static void fields(auto&& visit) {
        using P = DigitalPeriphery;
        visit(field("kind",
                    &P::kind,
                    {.meaning = "arithmetic of the correction behind each column; all but `ideal` "
                                "count oscillations instead of forward.adc",
                     .source = "arXiv 2402.07549"}));
        visit(field("count_bits",
                    &P::count_bits,
                    {.unit = "bit",
                     .min = 2,
                     .max = 16,
                     .meaning = "width of a signed count",
                     .source = "arXiv 2402.07549"}));
        visit(field("full_scale",
                    &P::full_scale,
                    {.unit = "1",
                     .min = 1e-9,
                     .max = 1e9,
                     .meaning = "output of the array at the largest count of an average column"}));
        visit(field("gain_spread",
                    &P::gain_spread,
                    {.unit = "1",
                     .min = 0,
                     .max = 0.99,
                     .meaning = "the gain of a column is uniform in 1 +- this",
                     .source = "Khaddam-Aljameh et al., JSSC 57, 1027 (2022)"}));
        visit(field("offset_std",
                    &P::offset_std,
                    {.unit = "counts",
                     .min = 0,
                     .max = 1e4,
                     .meaning = "standard deviation of the offset of a column"}));
        visit(field(
            "compression",
            &P::compression,
            {.unit = "1",
             .min = 0,
             .max = 0.5,
             .meaning = "share of the count that is lost at full scale; grows with the square "
                        "of the output"}));
        visit(field("scale_fraction_bits",
                    &P::scale_fraction_bits,
                    {.unit = "bit",
                     .min = 0,
                     .max = 14,
                     .meaning = "fraction bits of the unsigned scale, which has one integer bit",
                     .source = "arXiv 2402.07549: 7"}));
        visit(field("offset_integer_bits",
                    &P::offset_integer_bits,
                    {.unit = "bit",
                     .min = 1,
                     .max = 15,
                     .meaning = "integer bits of the signed offset, without its sign",
                     .source = "arXiv 2402.07549: 7"}));
        visit(field("offset_fraction_bits",
                    &P::offset_fraction_bits,
                    {.unit = "bit",
                     .min = 0,
                     .max = 8,
                     .meaning = "fraction bits of the offset",
                     .source = "arXiv 2402.07549: 1"}));
        visit(field("cut_before",
                    &P::cut_before,
                    {.unit = "bit",
                     .min = 0,
                     .max = 14,
                     .meaning = "fraction bits of the product that are cut off before rounding"}));
        visit(field("output_bits",
                    &P::output_bits,
                    {.unit = "bit",
                     .min = 2,
                     .max = 24,
                     .meaning = "width of the saturated result: signed, or unsigned where a ReLU "
                                "is folded in"}));
        visit(field(
            "fold_relu",
            &P::fold_relu,
            {.meaning = "a ReLU directly behind a layer whose inputs fit one tile is computed here",
             .source = "arXiv 2402.07549"}));
        visit(field(
            "calibration_inputs",
            &P::calibration_inputs,
            {.unit = "vectors",
             .min = 2,
             .max = 65536,
             .meaning = "random input vectors that the correction of a column is fitted to"}));
    }
};

}  // namespace mho

#endif  // MHO_TILE_PERIPHERY_CONFIG_H
