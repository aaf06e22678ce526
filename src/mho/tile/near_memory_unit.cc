// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/near_memory_unit.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "mho/util/error.h"

namespace mho {
namespace {

// x / 2^cut, half up.
int64_t round_off(int64_t x, int cut) {
    return cut == 0 ? x : (x + (int64_t{1} << (cut - 1))) >> cut;
}

// floor(x / y) for y > 0.
int64_t floor_quotient(int64_t x, int64_t y) {
    const int64_t q = x / y;
    return x % y != 0 && x < 0 ? q - 1 : q;
}

}  // namespace

void NearMemoryFormat::check() const {
    const auto refuse = [](const std::string& what) { throw ConfigError("periphery", what); };
    if (scale_fraction_bits < 0 || scale_fraction_bits > 14 || offset_fraction_bits < 0 ||
        offset_integer_bits < 1 || offset_integer_bits + offset_fraction_bits > 30 ||
        output_bits < 2 || output_bits > 30) {
        refuse(
            "the unit takes scales of 0 to 14 fraction bits, offsets of at most 30 bits and "
            "results of 2 to 30 bits");
    }
    if (shift < -scale_fraction_bits || shift > 24 || cut_before < 0 || cut_middle < 0 ||
        cut_after() < 0) {
        refuse("the bits cut must lie between 0 and those there are: " +
               std::to_string(fraction_bits()) + " fraction bits, " + std::to_string(cut_before) +
               " cut before and " + std::to_string(cut_middle) + " in the middle");
    }
}

NearMemoryFormat near_memory_format(int scale_fraction_bits,
                                    int offset_integer_bits,
                                    int offset_fraction_bits,
                                    int shift,
                                    int cut_before,
                                    int output_bits) {
    NearMemoryFormat f;
    f.scale_fraction_bits = scale_fraction_bits;
    f.offset_integer_bits = offset_integer_bits;
    f.offset_fraction_bits = offset_fraction_bits;
    f.shift = shift;
    f.output_bits = output_bits;
    f.cut_before = std::min(cut_before, f.fraction_bits());
    f.cut_middle = std::max(0, f.fraction_bits() - f.cut_before - offset_fraction_bits);
    f.check();
    return f;
}

NearMemoryFormat with_relu(NearMemoryFormat format) {
    format.relu = true;
    if (format.offset_fraction_bits > 0) {
        format.offset_fraction_bits--;
        format.offset_integer_bits++;
    }
    return format;
}

int32_t near_memory(const NearMemoryFormat& f, int32_t count, uint32_t scale, int32_t offset) {
    int64_t p = int64_t{count} * int64_t{scale};
    p >>= f.cut_before;  // arithmetic: towards minus infinity
    p = round_off(p, f.cut_middle);
    const int left = f.cut_after();
    // The offset is aligned to the fraction bits that are left.
    const int up = left - f.offset_fraction_bits;
    p += up >= 0 ? int64_t{offset} << up : int64_t{offset} >> -up;
    p = round_off(p, left);
    return static_cast<int32_t>(std::clamp<int64_t>(p, f.smallest_result(), f.largest_result()));
}

int32_t reference_near_memory(const NearMemoryFormat& f,
                              int32_t count,
                              uint32_t scale,
                              int32_t offset) {
    const auto power = [](int n) { return int64_t{1} << n; };
    const auto half_up = [&](int64_t x, int cut) {
        return floor_quotient(2 * x + power(cut), power(cut + 1));
    };
    int64_t value = floor_quotient(int64_t{count} * int64_t{scale}, power(f.cut_before));
    value = half_up(value, f.cut_middle);
    const int left = f.cut_after();
    value += floor_quotient(int64_t{offset} * power(left), power(f.offset_fraction_bits));
    value = half_up(value, left);
    if (f.relu) {
        const int64_t positive = value < 0 ? 0 : value;
        return static_cast<int32_t>(positive < power(f.output_bits) ? positive
                                                                    : power(f.output_bits) - 1);
    }
    const int64_t most = power(f.output_bits - 1) - 1;
    return static_cast<int32_t>(value > most ? most : value < -most - 1 ? -most - 1 : value);
}

ColumnAffine fold_column(double a,
                         double b,
                         double gain,
                         double shift,
                         double mean,
                         double variance,
                         double epsilon,
                         double step) {
    if (!(step > 0) || !(variance + epsilon > 0)) {
        throw InputError("folding needs a step and a variance above 0");
    }
    for (const double v : {a, b, gain, shift, mean, variance, epsilon, step}) {
        if (!std::isfinite(v)) {
            throw InputError("the numbers that are folded into a column must be finite");
        }
    }
    const double factor = gain / std::sqrt(variance + epsilon);
    return {factor * a / step, (shift + factor * (b - mean)) / step};
}

NearMemoryCodes near_memory_codes(const NearMemoryFormat& format,
                                  std::span<const ColumnAffine> columns) {
    double largest = 0;
    for (const ColumnAffine& c : columns) {
        if (!(c.scale >= 0) || !std::isfinite(c.scale) || !std::isfinite(c.offset)) {
            throw InputError(
                "the scale of a column must be finite and at least 0: flip the signs "
                "of the column's weights instead");
        }
        largest = std::max(largest, c.scale);
    }
    const int shift = largest > 0 ? std::clamp(-static_cast<int>(std::floor(std::log2(largest))),
                                               -format.scale_fraction_bits,
                                               24)
                                  : 0;
    NearMemoryCodes codes;
    codes.format = near_memory_format(format.scale_fraction_bits,
                                      format.offset_integer_bits,
                                      format.offset_fraction_bits,
                                      shift,
                                      format.cut_before,
                                      format.output_bits);
    codes.format.relu = format.relu;
    const double scale_unit = std::ldexp(1.0, codes.format.fraction_bits());
    const double offset_unit = std::ldexp(1.0, codes.format.offset_fraction_bits);
    for (const ColumnAffine& c : columns) {
        const double s = std::nearbyint(c.scale * scale_unit);
        const double o = std::nearbyint(c.offset * offset_unit);
        const double most_s = codes.format.largest_scale();
        const double most_o = codes.format.largest_offset();
        codes.saturated += (s > most_s ? 1 : 0) + (std::abs(o) > most_o ? 1 : 0);
        codes.scales.push_back(static_cast<uint32_t>(std::min(s, most_s)));
        codes.offsets.push_back(static_cast<int32_t>(std::clamp(o, -most_o, most_o)));
    }
    return codes;
}

float round_to_half(float value) {
    const float size = std::fabs(value);
    if (!(size < INFINITY)) {
        return value;
    }
    if (size < 0x1p-14f) {
        // No finer than 2^-24, the spacing of floats from 0.5 on.
        return std::copysign((size + 0.5f) - 0.5f, value);
    }
    // 11 of 24 significant bits: half of the last one that stays, one less where that one is even.
    const auto bits = std::bit_cast<uint32_t>(size);
    const float rounded =
        std::bit_cast<float>((bits + 0x0fffU + ((bits >> 13) & 1U)) & ~uint32_t{0x1fff});
    return std::copysign(rounded > 65504.0f ? INFINITY : rounded, value);
}

double periphery_cycles(size_t columns, size_t units, size_t operations) {
    if (units == 0) {
        throw InputError("a periphery has at least one unit");
    }
    return static_cast<double>((columns + units - 1) / units * operations);
}

}  // namespace mho
