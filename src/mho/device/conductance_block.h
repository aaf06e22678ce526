// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_CONDUCTANCE_BLOCK_H
#define MHO_DEVICE_CONDUCTANCE_BLOCK_H

// What a conductance model computes for a run of cells whose normals are already drawn. Internal:
// device/conductance.cc cuts arrays into such runs and draws the normals.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/scalar_math.h"

namespace mho {

struct CustomDrift;
struct StateIndependent;
struct Hermes;
struct ReramWan2022;
struct ReramCmo;
struct ChipPolynomial;
struct UserConductance;

/// All spans have one length.
struct ProgramBlock {
    std::span<const float> target;
    std::span<const float> programming_normal;
    std::span<const float> drift_normal;
    std::span<float> programmed;
    std::span<float> nu;
};

struct ReadBlock {
    std::span<const float> target;
    std::span<const float> programmed;
    std::span<const float> nu;
    std::span<const float> read_normal;
    std::span<const float> relaxation_normal;
    double t_s = 0;
    std::span<float> out;
};

void program_block(const CustomDrift& m, double g_max_us, const ProgramBlock& b);
void program_block(const StateIndependent& m, double g_max_us, const ProgramBlock& b);
void program_block(const Hermes& m, double g_max_us, const ProgramBlock& b);
void program_block(const ReramWan2022& m, double g_max_us, const ProgramBlock& b);
void program_block(const ReramCmo& m, double g_max_us, const ProgramBlock& b);
void program_block(const ChipPolynomial& m, double g_max_us, const ProgramBlock& b);
void program_block(const UserConductance& m, double g_max_us, const ProgramBlock& b);

void read_block(const StateIndependent& m, double g_max_us, const ReadBlock& b);
void read_block(const Hermes& m, double g_max_us, const ReadBlock& b);
void read_block(const ReramWan2022& m, double g_max_us, const ReadBlock& b);
void read_block(const ReramCmo& m, double g_max_us, const ReadBlock& b);
void read_block(const ChipPolynomial& m, double g_max_us, const ReadBlock& b);
void read_block(const UserConductance& m, double g_max_us, const ReadBlock& b);

inline constexpr size_t kMaxPolynomial = 8;  // coefficients of a user's polynomial

/// sum_i c_i x^i, by Horner's rule.
template <class Real>
Real polynomial(std::span<const Real> coefficients, Real x) {
    Real value = 0;
    for (size_t i = coefficients.size(); i-- > 0;) {
        value = value * x + coefficients[i];
    }
    return value;
}

/// The same with a number of terms that the compiler knows, for loops over cells.
template <size_t kTerms, class Real, size_t kStored>
Real first_terms(const std::array<double, kStored>& coefficients, Real x) {
    static_assert(kTerms >= 1 && kTerms <= kStored);
    Real value = Real(coefficients[kTerms - 1]);
    for (size_t k = kTerms - 1; k-- > 0;) {
        value = value * x + Real(coefficients[k]);
    }
    return value;
}

/// Linear interpolation in a table with ascending `xs`; constant beyond its ends.
template <class Real>
Real interpolate(std::span<const Real> xs, std::span<const Real> ys, Real x) {
    const auto above = std::upper_bound(xs.begin(), xs.end(), x);
    if (above == xs.begin()) {
        return ys.front();
    }
    if (above == xs.end()) {
        return ys.back();
    }
    const auto i = static_cast<size_t>(above - xs.begin());
    return ys[i - 1] + (ys[i] - ys[i - 1]) * ((x - xs[i - 1]) / (xs[i] - xs[i - 1]));
}

/// Plain loops use the same float32 functions as the vector kernels, not those of the C library,
/// whose last bit depends on its version.
inline double natural_log(double x) {
    return std::log(x);
}
inline float natural_log(float x) {
    return scalar_math::log(x);
}
inline float exponential(float x) {
    return scalar_math::exp(x);
}

/// Reports a polynomial (the parameter `path`) that has not 1 to kMaxPolynomial coefficients.
void check_polynomial(std::span<const double> coefficients,
                      const std::string& path,
                      std::vector<Problem>& problems);

inline std::vector<float> to_float(std::span<const double> values) {
    return {values.begin(), values.end()};
}

}  // namespace mho

#endif  // MHO_DEVICE_CONDUCTANCE_BLOCK_H
