// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ARRAY_CONVERTER_CONFIG_H
#define MHO_ARRAY_CONVERTER_CONFIG_H

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/matrix.h"
#include "mho/util/reflect.h"

namespace mho {

struct Conductances;
struct ConductanceScale;

/// One device for positive and one for negative weights.
struct SinglePair {
    double g_max_us = 25.0;
    double g_min_us = 0.0;
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// Several pairs of different significance, filled one after the other from the first.
struct NPair {
    std::vector<double> factors = {1.0, 1.0};
    double g_max_us = 25.0;
    double g_min_us = 0.0;
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// Pairs whose devices follow tables over an equidistant grid of weights from the most negative to
/// the most positive: `g_plus_us[pair][point]`, `g_minus_us[pair][point]`.
struct CustomPair {
    std::vector<double> factors = {1.0};
    std::vector<std::vector<double>> g_plus_us = {{0.0, 0.0, 25.0}};
    std::vector<std::vector<double>> g_minus_us = {{25.0, 0.0, 0.0}};
    double g_max_us = 25.0;
    double g_min_us = 0.0;
    /// Also tests that the tables can be inverted: sum f (g+ - g-) must be linear in the weight.
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// One device per weight; the smallest weight is g_min.
struct SingleDevice {
    double g_max_us = 88.199997;
    double g_min_us = 9.0;
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

/// The Fusion chip: one device holds the size of a weight, scaled per output row; when read back,
/// each row is rescaled by linear regression against the weights that were programmed.
struct Fusion {
    double g_max_us = 40.0;
};

/// One signed quantity per weight (both polarities together), for noise laws fitted per weight.
struct Differential {
    double g_max_us = 180.0;
    bool per_row = true;
};

/// A mapping of the user's own.
class ConverterLaw {
  public:
    virtual ~ConverterLaw() = default;
    virtual std::vector<double> slice_factors() const = 0;
    virtual double g_max_us() const = 0;
    virtual double g_min_us() const = 0;
    virtual ConductanceScale fit_scale(ConstFloatView weights) const = 0;
    /// Fills `slices` (as many as slice_factors(), already of the shape of `weights`).
    virtual void to_slices(ConstFloatView weights,
                           const ConductanceScale& scale,
                           std::vector<Matrix<float>>& slices) const = 0;
    virtual void to_weights(std::span<const Matrix<float>> slices,
                            const ConductanceScale& scale,
                            FloatView out) const = 0;
};

/// It cannot be read from a configuration file: set `law` in code.
struct UserConverter {
    std::string law_name = "user law";
    std::shared_ptr<const ConverterLaw> law;
    void check(const std::string& path, std::vector<Problem>& problems) const;
};

using Converter =
    std::variant<SinglePair, NPair, CustomPair, SingleDevice, Fusion, Differential, UserConverter>;

namespace converter_detail {

template <class C>
void range_fields(auto&& visit) {
    visit(field(
        "g_max_us",
        &C::g_max_us,
        {.unit = "uS", .min = 1e-6, .max = 1e6, .meaning = "largest conductance of a device"}));
    visit(
        field("g_min_us",
              &C::g_min_us,
              {.unit = "uS", .min = 0, .max = 1e6, .meaning = "smallest conductance of a device"}));
}

}  // namespace converter_detail

template <>
struct Schema<SinglePair> {
    static constexpr std::string_view name = "single pair";
    static void fields(auto&& visit) { converter_detail::range_fields<SinglePair>(visit); }
};

template <>
struct Schema<NPair> {
    static constexpr std::string_view name = "n pair";
    static void fields(auto&& visit) {
        visit(field("factors",
                    &NPair::factors,
                    {.unit = "1",
                     .min = 1e-6,
                     .max = 1e6,
                     .meaning = "significance of every pair; the first is filled first"}));
        converter_detail::range_fields<NPair>(visit);
    }
};

template <>
struct Schema<CustomPair> {
    static constexpr std::string_view name = "custom pair";
    static void fields(auto&& visit) {
        visit(
            field("factors",
                  &CustomPair::factors,
                  {.unit = "1", .min = 1e-6, .max = 1e6, .meaning = "significance of every pair"}));
        visit(field("g_plus_us",
                    &CustomPair::g_plus_us,
                    {.unit = "uS",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "per pair, the positive device over an equidistant grid "
                                "of weights, most negative first"}));
        visit(field("g_minus_us",
                    &CustomPair::g_minus_us,
                    {.unit = "uS",
                     .min = 0,
                     .max = 1e6,
                     .meaning = "per pair, the negative device over the same grid"}));
        converter_detail::range_fields<CustomPair>(visit);
    }
};

template <>
struct Schema<SingleDevice> {
    static constexpr std::string_view name = "single device";
    static void fields(auto&& visit) { converter_detail::range_fields<SingleDevice>(visit); }
};

template <>
struct Schema<Fusion> {
    static constexpr std::string_view name = "fusion";
    static void fields(auto&& visit) {
        visit(field("g_max_us",
                    &Fusion::g_max_us,
                    {.unit = "uS",
                     .min = 10,
                     .max = 40,
                     .meaning = "conductance of the largest weight of a row"}));
    }
};

template <>
struct Schema<Differential> {
    static constexpr std::string_view name = "differential";
    static void fields(auto&& visit) {
        visit(field(
            "g_max_us",
            &Differential::g_max_us,
            {.unit = "uS", .min = 1e-6, .max = 1e6, .meaning = "size of the largest weight"}));
        visit(
            field("per_row",
                  &Differential::per_row,
                  {.meaning = "scale every output row by itself instead of the tile as a whole"}));
    }
};

template <>
struct Schema<UserConverter> {
    static constexpr std::string_view name = "user";
    static void fields(auto&& visit) {
        visit(field(
            "law_name", &UserConverter::law_name, {.meaning = "name of the mapping in reports"}));
    }
};

}  // namespace mho

#endif  // MHO_ARRAY_CONVERTER_CONFIG_H
