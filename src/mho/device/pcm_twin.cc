// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// The kernel of device/pcm_kernel.cc one cell at a time: same operations, same order, equal bits.

#include <cmath>
#include <vector>

#include "mho/device/pcm_kernel.h"
#include "mho/util/scalar_math.h"

namespace mho {
namespace {

// As the vector instructions: the second operand when both are equal.
float larger(float a, float b) {
    return a > b ? a : b;
}

float smaller(float a, float b) {
    return a < b ? a : b;
}

float log_rho(const PcmConstants& c, float g) {
    return scalar_math::log(larger(g * c.inverse_g_max, pcm_law::kSmallestRho));
}

float clamped_line(float x, float slope, float offset, float low, float high) {
    return smaller(larger(std::fma(x, slope, offset), low), high);
}

std::vector<float> normals(TileKey tile, Stream stream, uint64_t step, uint64_t first, size_t n) {
    std::vector<float> values(n);
    twin::fill_normal(tile, stream, step, first, values);
    return values;
}

}  // namespace

namespace twin {

void pcm_program(const PcmConstants& c,
                 std::span<const float> target,
                 std::span<float> programmed,
                 std::span<float> nu,
                 const PcmKeys& keys) {
    using namespace pcm_law;
    const auto write = normals(
        keys.tile, Stream::kProgramming, keys.programming, keys.first_element, target.size());
    const auto drift = normals(
        keys.tile, Stream::kDriftCoefficient, keys.programming, keys.first_element, target.size());
    for (size_t i = 0; i < target.size(); i++) {
        const float rho = target[i] * c.inverse_g_max;
        float sigma = c.sigma[c.sigma_count - 1];
        for (size_t k = c.sigma_count - 1; k-- > 0;) {
            sigma = std::fma(sigma, rho, c.sigma[k]);
        }
        programmed[i] = larger(std::fma(sigma, write[i], target[i]), 0.0f);

        const float l = log_rho(c, target[i]);
        const float mean = clamped_line(l, kMeanSlope, kMeanOffset, kMeanLow, kMeanHigh);
        const float spread = clamped_line(l, kSpreadSlope, kSpreadOffset, kSpreadLow, kSpreadHigh);
        nu[i] = std::fabs(std::fma(spread, drift[i], mean)) * c.drift_scale;
    }
}

void pcm_at_time(const PcmConstants& c,
                 std::span<const float> target,
                 std::span<const float> programmed,
                 std::span<const float> nu,
                 std::span<float> out,
                 const PcmKeys& keys) {
    using namespace pcm_law;
    const auto read =
        normals(keys.tile, Stream::kConductanceRead, keys.read, keys.first_element, out.size());
    for (size_t i = 0; i < out.size(); i++) {
        const float l = log_rho(c, c.q_from_target ? target[i] : programmed[i]);
        const float drifted = programmed[i] * scalar_math::exp(-(nu[i] * c.log_drift_time));
        const float q = smaller(scalar_math::exp(std::fma(l, kQExponent, kLogQ)), kQHigh);
        const float sigma = drifted * (q * c.read_scale);
        out[i] = larger(std::fma(sigma, read[i], drifted), 0.0f);
    }
}

}  // namespace twin
}  // namespace mho
