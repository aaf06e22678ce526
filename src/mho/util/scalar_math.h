// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_SCALAR_MATH_H
#define MHO_UTIL_SCALAR_MATH_H

// The scalar twin of util/simd_math-inl.h: same constants, same operations, same order, equal bits.

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace mho::scalar_math {

// Coefficients of the float32 routines of the Cephes library (S. Moshier), highest power first:
// ln(1 + f) = f - f^2/2 + f^3 P(f), exp(r) = 1 + r + r^2 P(r), sin(a) = a + a^3 P(a^2),
// cos(a) = 1 - a^2/2 + a^4 P(a^2).
inline constexpr std::array<float, 9> kLog = {7.0376836292e-2f,
                                              -1.1514610310e-1f,
                                              1.1676998740e-1f,
                                              -1.2420140846e-1f,
                                              1.4249322787e-1f,
                                              -1.6668057665e-1f,
                                              2.0000714765e-1f,
                                              -2.4999993993e-1f,
                                              3.3333331174e-1f};
inline constexpr std::array<float, 6> kExp = {1.9875691500e-4f,
                                              1.3981999507e-3f,
                                              8.3334519073e-3f,
                                              4.1665795894e-2f,
                                              1.6666665459e-1f,
                                              5.0000001201e-1f};
// Minimax polynomials: log2(1 + f) / f for 1 + f in [sqrt(1/2), sqrt(2)), and 2^r for |r| <= 1/2.
inline constexpr std::array<float, 6> kLog2Ratio = {-2.0660518109798431e-1f,
                                                    3.2214295864105225e-1f,
                                                    -3.6748373508453369e-1f,
                                                    4.7934967279434204e-1f,
                                                    -7.2113227844238281e-1f,
                                                    1.4427133798599243f};
inline constexpr std::array<float, 5> kExp2 = {9.5701012760400772e-3f,
                                               5.5917859077453613e-2f,
                                               2.4024744331836700e-1f,
                                               6.9312179088592529e-1f,
                                               9.9999928474426270e-1f};
inline constexpr float kExp2Min = -125.0f;
inline constexpr float kExp2Max = 127.0f;
inline constexpr std::array<float, 3> kSin = {
    -1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f};
inline constexpr std::array<float, 3> kCos = {
    2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f};
inline constexpr int32_t kSqrtHalfBits = 0x3f3504f3;
// ln 2 in two parts, so that multiples of the high part are exact.
inline constexpr float kLn2High = 0.693359375f;
inline constexpr float kLn2Low = -2.12194440e-4f;
inline constexpr float kLog2E = 1.44269504088896341f;
inline constexpr float kExpMin = -87.0f;
inline constexpr float kExpMax = 88.0f;
inline constexpr float kTurnToRadian = 1.4629180792671596e-9f;  // 2 pi / 2^32

inline float log(float x) {
    const int32_t bits = std::bit_cast<int32_t>(x) - kSqrtHalfBits;
    const float exponent = static_cast<float>(bits >> 23);
    const float m = std::bit_cast<float>((bits & 0x007fffff) + kSqrtHalfBits);
    const float f = m - 1.0f;
    float p = kLog[0];
    for (size_t i = 1; i < kLog.size(); i++) {
        p = std::fma(p, f, kLog[i]);
    }
    const float f2 = f * f;
    float r = f2 * f * p;
    r = std::fma(exponent, kLn2Low, r);
    r = std::fma(f2, -0.5f, r);
    r = f + r;
    return std::fma(exponent, kLn2High, r);
}

inline float exp(float x) {
    x = x > kExpMin ? x : kExpMin;  // not fmax: loops over this are vectorised
    x = x < kExpMax ? x : kExpMax;
    const float n = std::nearbyint(x * kLog2E);
    float r = std::fma(-n, kLn2High, x);
    r = std::fma(-n, kLn2Low, r);
    float p = kExp[0];
    for (size_t i = 1; i < kExp.size(); i++) {
        p = std::fma(p, r, kExp[i]);
    }
    p = std::fma(r * r, p, r + 1.0f);
    return p * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

/// 2^x for x within [-125, 127], to which others are moved. The relative error is below 3e-6: what
/// responses of devices need, in half of the operations of exp.
inline float exp2(float x) {
    x = x > kExp2Min ? x : kExp2Min;
    x = x < kExp2Max ? x : kExp2Max;
    const float n = std::nearbyint(x);
    const float r = x - n;
    float p = kExp2[0];
    for (size_t i = 1; i < kExp2.size(); i++) {
        p = std::fma(p, r, kExp2[i]);
    }
    return std::bit_cast<float>(std::bit_cast<int32_t>(p) + (static_cast<int32_t>(n) << 23));
}

/// base^exponent for positive normal `base`, within the range of exp2. The relative error is below
/// 3e-6 + 2e-6 |exponent| + 1e-7 |exponent log2(base)|.
inline float power(float base, float exponent) {
    const int32_t bits = std::bit_cast<int32_t>(base) - kSqrtHalfBits;
    const float f = std::bit_cast<float>((bits & 0x007fffff) + kSqrtHalfBits) - 1.0f;
    float ratio = kLog2Ratio[0];
    for (size_t i = 1; i < kLog2Ratio.size(); i++) {
        ratio = std::fma(ratio, f, kLog2Ratio[i]);
    }
    return exp2(exponent * std::fma(f, ratio, static_cast<float>(bits >> 23)));
}

inline void sincos_turn(int32_t turn, float& sine, float& cosine) {
    // Unsigned arithmetic wraps, as the vector instructions do.
    const auto u = static_cast<uint32_t>(turn);
    const int32_t quarter = static_cast<int32_t>(u + (1u << 29)) >> 30;
    const auto rest = static_cast<int32_t>(u - (static_cast<uint32_t>(quarter) << 30));
    const float a = static_cast<float>(rest) * kTurnToRadian;
    const float a2 = a * a;
    float s = kSin[0];
    float c = kCos[0];
    for (size_t i = 1; i < kSin.size(); i++) {
        s = std::fma(s, a2, kSin[i]);
        c = std::fma(c, a2, kCos[i]);
    }
    s = std::fma(s * a2, a, a);
    c = std::fma(c * a2, a2, std::fma(a2, -0.5f, 1.0f));
    const float s0 = (quarter & 1) ? c : s;
    const float c0 = (quarter & 1) ? s : c;
    sine = (quarter & 2) ? -s0 : s0;
    cosine = ((quarter + 1) & 2) ? -c0 : c0;
}

}  // namespace mho::scalar_math

#endif  // MHO_UTIL_SCALAR_MATH_H
