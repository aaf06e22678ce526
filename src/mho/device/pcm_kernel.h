// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_PCM_KERNEL_H
#define MHO_DEVICE_PCM_KERNEL_H

// The hot path of the PCM-like model: normals are drawn and used in place, block by block of 512
// cells, so that neither they nor (in the fused form) programmed values and drift coefficients pass
// through memory. Internal: device/conductance.h is the public door and checks the arguments.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mho/device/pcm_conductance.h"
#include "mho/random/stream.h"

namespace mho {

/// The parameters of PcmLike in float32, with all that does not depend on the cell folded in.
struct PcmConstants {
    float inverse_g_max = 0;
    std::array<float, 8> sigma{};  // uS, scales included
    uint32_t sigma_count = 0;
    float drift_scale = 0;
    float log_drift_time = 0;  // ln((t + t_0) / t_0)
    float read_scale = 0;      // read_noise_scale sqrt(ln((t + t_0 + t_r) / (2 t_r)))
    bool q_from_target = false;
    bool draw_programming = true;  // false: the factor is 0, the normals need not be drawn
};

PcmConstants pcm_constants(const PcmLike& m, double g_max_us, double t_s);

struct PcmKeys {
    TileKey tile;
    uint64_t programming = 0;
    uint64_t read = 0;
    uint64_t first_element = 0;
};

void pcm_program(const PcmConstants& c,
                 std::span<const float> target,
                 std::span<float> programmed,
                 std::span<float> nu,
                 const PcmKeys& keys);
void pcm_at_time(const PcmConstants& c,
                 std::span<const float> target,
                 std::span<const float> programmed,
                 std::span<const float> nu,
                 std::span<float> out,
                 const PcmKeys& keys);
/// Whether all targets lie between 0 and `highest` (uS); when they do not, `out` holds nothing of
/// use. `out` may be `target`.
bool pcm_program_and_read(const PcmConstants& c,
                          std::span<const float> target,
                          float highest,
                          std::span<float> out,
                          const PcmKeys& keys);

/// One cell at a time in plain C++; equal bits.
namespace twin {
void pcm_program(const PcmConstants& c,
                 std::span<const float> target,
                 std::span<float> programmed,
                 std::span<float> nu,
                 const PcmKeys& keys);
void pcm_at_time(const PcmConstants& c,
                 std::span<const float> target,
                 std::span<const float> programmed,
                 std::span<const float> nu,
                 std::span<float> out,
                 const PcmKeys& keys);
}  // namespace twin

// Constants of the drift and the 1/f noise laws, shared by the kernel and its twin.
namespace pcm_law {
inline constexpr float kSmallestRho = 1e-7f;
inline constexpr float kMeanSlope = -0.0155f;
inline constexpr float kMeanOffset = 0.0244f;
inline constexpr float kMeanLow = 0.049f;
inline constexpr float kMeanHigh = 0.1f;
inline constexpr float kSpreadSlope = -0.0125f;
inline constexpr float kSpreadOffset = -0.0059f;
inline constexpr float kSpreadLow = 0.008f;
inline constexpr float kSpreadHigh = 0.045f;
inline constexpr float kQExponent = -0.65f;
inline constexpr float kLogQ = -4.7330036f;  // ln 0.0088
inline constexpr float kQHigh = 0.2f;
}  // namespace pcm_law

}  // namespace mho

#endif  // MHO_DEVICE_PCM_KERNEL_H
