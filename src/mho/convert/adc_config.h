// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CONVERT_ADC_CONFIG_H
#define MHO_CONVERT_ADC_CONFIG_H

// Parameters of the output converters of a crossbar whose currents are digitised per bit slice.
// What each does with them: convert/adc_bank.h and docs/models/converters.md. Sigmas are relative:
// a capacitor of C units deviates by sigma sqrt(C) units, a comparator offset by sigma times the
// reference voltage.

#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include "mho/util/reflect.h"

namespace mho {

enum class Rounding { kNearest, kFloor, kStochastic };

template <>
struct EnumNames<Rounding> {
    static constexpr std::array<std::pair<Rounding, std::string_view>, 3> names = {
        {{Rounding::kNearest, "nearest"},
         {Rounding::kFloor, "floor"},
         {Rounding::kStochastic, "stochastic"}}};
};

/// No conversion: currents as they are.
struct IdealAdc {};

/// 2^bits levels that include both ends of the range (zero is none of a symmetric one).
struct UniformAdc {
    int bits = 8;
    Rounding rounding = Rounding::kNearest;
};

/// 2^bits - 1 levels, symmetric around zero, which is one of them.
struct SignMagnitudeAdc {
    int bits = 8;
    Rounding rounding = Rounding::kNearest;
};

/// A ramp from a capacitive DAC shared by all columns, one comparator per column.
struct RampAdc {
    int bits = 8;
    double capacitor_sigma = 0.0;
    double comparator_sigma = 0.0;
    double gain_db = 0.0;
    bool sign_capacitors = true;
    bool mid_tread = false;
};

/// Successive approximation: a capacitive DAC and a comparator per group of columns.
struct SarAdc {
    int bits = 8;
    double capacitor_sigma = 0.0;
    double comparator_sigma = 0.0;
    double gain_db = 0.0;
    bool split = true;
    bool sign_capacitors = true;
    int group_size = 8;
    bool mid_tread = false;
};

/// bits - 1 stages of 1.5 bit and a flash bit.
struct PipelineAdc {
    int bits = 8;
    double capacitor_sigma = 0.0;
    double parasitic = 0.0;
    double comparator_sigma = 0.0;
    double gain_db = 0.0;
    int group_size = 8;
    bool mid_tread = false;
};

/// One 1.5-bit stage used bits - 1 times, and a flash bit.
struct CyclicAdc {
    int bits = 8;
    double capacitor_sigma = 0.0;
    double parasitic = 0.0;
    double comparator_sigma = 0.0;
    double gain_db = 0.0;
    int group_size = 8;
    bool mid_tread = false;
};

/// A current-controlled oscillator per polarity whose periods are counted.
struct CcoAdc {
    int bits = 8;
    double gain_sigma = 0.0;
    double compression = 0.0;
    int group_size = 1;
};

/// Levels in equal ratios: sign, zero, and 2^(bits - 1) - 1 sizes over `decades`.
struct LogarithmicAdc {
    int bits = 8;
    double decades = 3.0;
};

using AdcModel = std::variant<IdealAdc,
                              UniformAdc,
                              SignMagnitudeAdc,
                              RampAdc,
                              SarAdc,
                              PipelineAdc,
                              CyclicAdc,
                              CcoAdc,
                              LogarithmicAdc>;

namespace adc_detail {

template <class A>
constexpr auto bits_field(double most) {
    return field(
        "bits", &A::bits, {.unit = "bits", .min = 2, .max = most, .meaning = "resolution"});
}

template <class A>
constexpr auto rounding_field() {
    return field("rounding",
                 &A::rounding,
                 {.meaning = "to the nearest level, to the one below, or up with the probability "
                             "of the remainder"});
}

template <class A>
void circuit_fields(auto&& visit) {
    visit(
        field("capacitor_sigma",
              &A::capacitor_sigma,
              {.unit = "1",
               .min = 0,
               .max = 1,
               .meaning = "mismatch of a unit capacitor; one of C units deviates by sigma sqrt(C)",
               .source = "Pelgrom et al., JSSC 24, 1433 (1989)"}));
    visit(field("comparator_sigma",
                &A::comparator_sigma,
                {.unit = "1",
                 .min = 0,
                 .max = 1,
                 .meaning = "comparator offset over the reference voltage"}));
    visit(
        field("gain_db",
              &A::gain_db,
              {.unit = "dB",
               .min = 0,
               .max = 300,
               .meaning = "open-loop gain of the amplifier that holds the charge; 0 = no error"}));
    visit(field("mid_tread",
                &A::mid_tread,
                {.meaning = "shift the input by half a step, so that zero lies in the middle of a "
                            "code instead of on an edge"}));
}

template <class A>
constexpr auto group_field() {
    return field("group_size",
                 &A::group_size,
                 {.unit = "columns",
                  .min = 1,
                  .max = 65536,
                  .meaning = "neighbouring columns that share a converter; every converter has its "
                             "own mismatch"});
}

template <class A>
constexpr auto sign_field() {
    return field("sign_capacitors",
                 &A::sign_capacitors,
                 {.meaning = "signed ranges: the sign picks the reference and both halves share "
                             "their capacitors; else one array from end to end"});
}

template <class A>
constexpr auto parasitic_field() {
    return field("parasitic",
                 &A::parasitic,
                 {.unit = "1",
                  .min = 0,
                  .max = 100,
                  .meaning = "parasitic capacitance at the summing node over the unit capacitor"});
}

}  // namespace adc_detail

template <>
struct Schema<IdealAdc> {
    static constexpr std::string_view name = "ideal";
    static void fields(auto&& /*visit*/) {}
};
template <>
struct Schema<UniformAdc> {
    static constexpr std::string_view name = "uniform";
    static void fields(auto&& visit) {
        visit(adc_detail::bits_field<UniformAdc>(24));
        visit(adc_detail::rounding_field<UniformAdc>());
    }
};
template <>
struct Schema<SignMagnitudeAdc> {
    static constexpr std::string_view name = "sign magnitude";
    static void fields(auto&& visit) {
        visit(adc_detail::bits_field<SignMagnitudeAdc>(24));
        visit(adc_detail::rounding_field<SignMagnitudeAdc>());
    }
};
template <>
struct Schema<RampAdc> {
    static constexpr std::string_view name = "ramp";
    static void fields(auto&& visit) {
        visit(adc_detail::bits_field<RampAdc>(14));
        adc_detail::circuit_fields<RampAdc>(visit);
        visit(adc_detail::sign_field<RampAdc>());
    }
};
template <>
struct Schema<SarAdc> {
    static constexpr std::string_view name = "sar";
    static void fields(auto&& visit) {
        visit(adc_detail::bits_field<SarAdc>(14));
        adc_detail::circuit_fields<SarAdc>(visit);
        visit(adc_detail::sign_field<SarAdc>());
        visit(adc_detail::group_field<SarAdc>());
        visit(field("split",
                    &SarAdc::split,
                    {.meaning = "two half-size capacitor arrays joined by a bridge "
                                "capacitor instead of one array"}));
    }
};
template <>
struct Schema<PipelineAdc> {
    static constexpr std::string_view name = "pipeline";
    static void fields(auto&& visit) {
        visit(adc_detail::bits_field<PipelineAdc>(20));
        adc_detail::circuit_fields<PipelineAdc>(visit);
        visit(adc_detail::parasitic_field<PipelineAdc>());
        visit(adc_detail::group_field<PipelineAdc>());
    }
};
template <>
struct Schema<CyclicAdc> {
    static constexpr std::string_view name = "cyclic";
    static void fields(auto&& visit) {
        visit(adc_detail::bits_field<CyclicAdc>(20));
        adc_detail::circuit_fields<CyclicAdc>(visit);
        visit(adc_detail::parasitic_field<CyclicAdc>());
        visit(adc_detail::group_field<CyclicAdc>());
    }
};
template <>
struct Schema<CcoAdc> {
    static constexpr std::string_view name = "cco";
    static void fields(auto&& visit) {
        visit(adc_detail::bits_field<CcoAdc>(14));
        visit(field("gain_sigma",
                    &CcoAdc::gain_sigma,
                    {.unit = "1",
                     .min = 0,
                     .max = 0.5,
                     .meaning = "spread of the frequency per current over oscillators",
                     .source = "Khaddam-Aljameh et al., JSSC 57, 1027 (2022)"}));
        visit(field("compression",
                    &CcoAdc::compression,
                    {.unit = "1",
                     .min = 0,
                     .max = 10,
                     .meaning = "k of f ~ (1 + k) i / (1 + k i), i the current over full scale"}));
        visit(adc_detail::group_field<CcoAdc>());
    }
};
template <>
struct Schema<LogarithmicAdc> {
    static constexpr std::string_view name = "logarithmic";
    static void fields(auto&& visit) {
        visit(adc_detail::bits_field<LogarithmicAdc>(14));
        visit(field("decades",
                    &LogarithmicAdc::decades,
                    {.unit = "1",
                     .min = 0.1,
                     .max = 12,
                     .meaning = "decades between the smallest and the largest level",
                     .source = "Lammie et al., MemTorch, arXiv 2004.10971"}));
    }
};

}  // namespace mho

#endif  // MHO_CONVERT_ADC_CONFIG_H
