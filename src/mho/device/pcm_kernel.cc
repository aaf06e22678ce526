// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pcm_kernel.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mho/device/pcm_kernel.cc"
// clang-format off: this order is the law of Highway
#include "mho/util/simd.h"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include "mho/random/block-inl.h"
#include "mho/util/simd_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mho {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using PcmTag = hn::CappedTag<float, kVirtualLanes>;
using PcmVec = hn::Vec<PcmTag>;

// max(g / g_max, 1e-7): its logarithm is the argument of the drift and the 1/f law.
HWY_INLINE PcmVec rho_of(const PcmConstants& c, PcmVec g) {
    const PcmTag d;
    const PcmVec rho = hn::Mul(g, hn::Set(d, c.inverse_g_max));
    return hn::Max(rho, hn::Set(d, pcm_law::kSmallestRho));
}

HWY_INLINE PcmVec log_rho(const PcmConstants& c, PcmVec g) {
    return simd_log(PcmTag(), rho_of(c, g));
}

HWY_INLINE PcmVec clamped_line(PcmVec x, float slope, float offset, float low, float high) {
    const PcmTag d;
    const PcmVec y = hn::MulAdd(x, hn::Set(d, slope), hn::Set(d, offset));
    return hn::Min(hn::Max(y, hn::Set(d, low)), hn::Set(d, high));
}

HWY_INLINE PcmVec programmed_of(const PcmConstants& c, PcmVec target, PcmVec normal) {
    const PcmTag d;
    const PcmVec rho = hn::Mul(target, hn::Set(d, c.inverse_g_max));
    PcmVec sigma = hn::Set(d, c.sigma[c.sigma_count - 1]);
    for (size_t i = c.sigma_count - 1; i-- > 0;) {
        sigma = hn::MulAdd(sigma, rho, hn::Set(d, c.sigma[i]));
    }
    return hn::Max(hn::MulAdd(sigma, normal, target), hn::Zero(d));
}

HWY_INLINE PcmVec nu_of(const PcmConstants& c, PcmVec log_target, PcmVec normal) {
    using namespace pcm_law;
    const PcmTag d;
    const PcmVec mean = clamped_line(log_target, kMeanSlope, kMeanOffset, kMeanLow, kMeanHigh);
    const PcmVec spread =
        clamped_line(log_target, kSpreadSlope, kSpreadOffset, kSpreadLow, kSpreadHigh);
    return hn::Mul(hn::Abs(hn::MulAdd(spread, normal, mean)), hn::Set(d, c.drift_scale));
}

// What a read gives, for kN registers side by side.
template <size_t kN>
HWY_INLINE void read_of(const PcmConstants& c,
                        const PcmVec (&log_basis)[kN],
                        const PcmVec (&programmed)[kN],
                        const PcmVec (&nu)[kN],
                        const PcmVec (&normal)[kN],
                        PcmVec (&out)[kN]) {
    using namespace pcm_law;
    const PcmTag d;
    // Drift takes away: its exponent is never positive. That of q lies between -62 and 6, for its
    // logarithm lies between those of 1e-7 and of the largest float.
    PcmVec power[2 * kN];
    for (size_t k = 0; k < kN; k++) {
        const PcmVec exponent = hn::Mul(nu[k], hn::Set(d, -c.log_drift_time));
        power[2 * k] = hn::Max(exponent, hn::Set(d, scalar_math::kExpMin));
        power[2 * k + 1] = hn::MulAdd(log_basis[k], hn::Set(d, kQExponent), hn::Set(d, kLogQ));
    }
    simd_exp_inside(d, power);
    for (size_t k = 0; k < kN; k++) {
        const PcmVec drifted = hn::Mul(programmed[k], power[2 * k]);
        const PcmVec q = hn::Min(power[2 * k + 1], hn::Set(d, kQHigh));
        const PcmVec sigma = hn::Mul(drifted, hn::Mul(q, hn::Set(d, c.read_scale)));
        out[k] = hn::Max(hn::MulAdd(sigma, normal[k], drifted), hn::Zero(d));
    }
}

// Calls `f(block, first, count, head)` for every random block that the cells touch: cells
// [first, first + count) of the arrays are elements head, head + 1, ... of the block.
template <class F>
HWY_INLINE void over_cells(uint64_t first_element, size_t size, F&& f) {
    for (size_t done = 0; done < size;) {
        const uint64_t element = first_element + done;
        const size_t head = element % kRandomBlock;
        const size_t count = HWY_MIN(kRandomBlock - head, size - done);
        f(static_cast<uint32_t>(element / kRandomBlock), done, count, head);
        done += count;
    }
}

// A whole block is read in place; a part of one through a buffer filled up with zeros, so that the
// vector loops never see an end.
HWY_INLINE const float* whole_block(const float* from, size_t count, size_t head, float* buffer) {
    if (count == kRandomBlock) {
        return from;
    }
    std::fill(buffer, buffer + kRandomBlock, 0.0f);
    std::copy(from, from + count, buffer + head);
    return buffer;
}

// Normals of one purpose; zeros, drawn once, when their factor is zero.
struct Normals {
    HWY_ALIGN float values[kRandomBlock] = {};
    bool draw;
    uint64_t key;
    uint32_t stream;
    uint64_t step;

    HWY_INLINE Normals(bool wanted, TileKey tile, Stream purpose, uint64_t at_step)
        : draw(wanted), key(tile.value), stream(static_cast<uint32_t>(purpose)), step(at_step) {}
    HWY_INLINE void fill(uint32_t block) {
        if (draw) {
            normal_block(key, stream, step, block, values);
        }
    }
};

void Program(const PcmConstants& constants,
             const float* target,
             float* programmed,
             float* nu,
             size_t size,
             const PcmKeys& keys) {
    const PcmTag d;
    const PcmConstants c = constants;  // stores to `out` cannot alias a local copy
    Normals write(c.draw_programming, keys.tile, Stream::kProgramming, keys.programming);
    Normals drift(c.drift_scale != 0, keys.tile, Stream::kDriftCoefficient, keys.programming);
    HWY_ALIGN float target_buffer[kRandomBlock];
    HWY_ALIGN float programmed_buffer[kRandomBlock];
    HWY_ALIGN float nu_buffer[kRandomBlock];
    over_cells(
        keys.first_element, size, [&](uint32_t block, size_t first, size_t count, size_t head) {
            write.fill(block);
            drift.fill(block);
            const float* from = whole_block(target + first, count, head, target_buffer);
            const bool whole = count == kRandomBlock;
            float* to_programmed = whole ? programmed + first : programmed_buffer;
            float* to_nu = whole ? nu + first : nu_buffer;
            for (size_t i = 0; i < kRandomBlock; i += hn::Lanes(d)) {
                const PcmVec g = hn::LoadU(d, from + i);
                hn::StoreU(
                    programmed_of(c, g, hn::Load(d, write.values + i)), d, to_programmed + i);
                hn::StoreU(nu_of(c, log_rho(c, g), hn::Load(d, drift.values + i)), d, to_nu + i);
            }
            if (!whole) {
                std::copy(to_programmed + head, to_programmed + head + count, programmed + first);
                std::copy(to_nu + head, to_nu + head + count, nu + first);
            }
        });
}

void AtTime(const PcmConstants& constants,
            const float* target,
            const float* programmed,
            const float* nu,
            float* out,
            size_t size,
            const PcmKeys& keys) {
    const PcmTag d;
    const PcmConstants c = constants;  // stores to `out` cannot alias a local copy
    Normals read(c.read_scale != 0, keys.tile, Stream::kConductanceRead, keys.read);
    const float* basis = c.q_from_target ? target : programmed;
    HWY_ALIGN float basis_buffer[kRandomBlock];
    HWY_ALIGN float programmed_buffer[kRandomBlock];
    HWY_ALIGN float nu_buffer[kRandomBlock];
    HWY_ALIGN float out_buffer[kRandomBlock];
    over_cells(
        keys.first_element, size, [&](uint32_t block, size_t first, size_t count, size_t head) {
            read.fill(block);
            const float* b = whole_block(basis + first, count, head, basis_buffer);
            const float* p = whole_block(programmed + first, count, head, programmed_buffer);
            const float* n = whole_block(nu + first, count, head, nu_buffer);
            const bool whole = count == kRandomBlock;
            float* to = whole ? out + first : out_buffer;
            for (size_t i = 0; i < kRandomBlock; i += hn::Lanes(d)) {
                const PcmVec log_basis[1] = {log_rho(c, hn::LoadU(d, b + i))};
                const PcmVec conductance[1] = {hn::LoadU(d, p + i)};
                const PcmVec coefficient[1] = {hn::LoadU(d, n + i)};
                const PcmVec normal[1] = {hn::Load(d, read.values + i)};
                PcmVec now[1];
                read_of(c, log_basis, conductance, coefficient, normal, now);
                hn::StoreU(now[0], d, to + i);
            }
            if (!whole) {
                std::copy(to + head, to + head + count, out + first);
            }
        });
}

bool ProgramAndRead(const PcmConstants& constants,
                    const float* target,
                    float highest,
                    float* out,
                    size_t size,
                    const PcmKeys& keys) {
    const PcmTag d;
    // Targets are looked at here, where they are at hand: a pass of its own would fetch a chip from
    // memory twice.
    const PcmVec high = hn::Set(d, highest);
    auto good = hn::Eq(high, high);
    const PcmConstants c = constants;  // stores to `out` cannot alias a local copy
    Normals write(c.draw_programming, keys.tile, Stream::kProgramming, keys.programming);
    // Before any drift the coefficient does not matter.
    Normals drift(c.drift_scale != 0 && c.log_drift_time != 0,
                  keys.tile,
                  Stream::kDriftCoefficient,
                  keys.programming);
    Normals read(c.read_scale != 0, keys.tile, Stream::kConductanceRead, keys.read);
    HWY_ALIGN float target_buffer[kRandomBlock];
    HWY_ALIGN float programmed[kRandomBlock];
    HWY_ALIGN float log_target[kRandomBlock];
    HWY_ALIGN float log_programmed[kRandomBlock];
    HWY_ALIGN float out_buffer[kRandomBlock];
    over_cells(
        keys.first_element, size, [&](uint32_t block, size_t first, size_t count, size_t head) {
            write.fill(block);
            drift.fill(block);
            read.fill(block);
            const float* from = whole_block(target + first, count, head, target_buffer);
            const bool whole = count == kRandomBlock;
            float* to = whole ? out + first : out_buffer;
            // Step by step, as normal numbers are drawn (random/block-inl.h): one chain through the
            // law is fifty dependent operations long.
            const size_t n = hn::Lanes(d);
            for (size_t i = 0; i < kRandomBlock; i += n) {
                const PcmVec g = hn::LoadU(d, from + i);
                good = hn::And(good, hn::And(hn::Ge(g, hn::Zero(d)), hn::Le(g, high)));
                const PcmVec p = programmed_of(c, g, hn::Load(d, write.values + i));
                hn::Store(p, d, programmed + i);
                hn::Store(rho_of(c, g), d, log_target + i);
                hn::Store(rho_of(c, p), d, log_programmed + i);
            }
            for (size_t i = 0; i < kRandomBlock; i += 2 * n) {
                PcmVec log[4] = {hn::Load(d, log_target + i),
                                 hn::Load(d, log_target + i + n),
                                 hn::Load(d, log_programmed + i),
                                 hn::Load(d, log_programmed + i + n)};
                simd_log(d, log);
                hn::Store(log[0], d, log_target + i);
                hn::Store(log[1], d, log_target + i + n);
                hn::Store(log[2], d, log_programmed + i);
                hn::Store(log[3], d, log_programmed + i + n);
            }
            const float* log_basis = c.q_from_target ? log_target : log_programmed;
            for (size_t i = 0; i < kRandomBlock; i += 2 * n) {
                PcmVec basis[2], conductance[2], nu[2], normal[2], now[2];
                for (size_t k = 0; k < 2; k++) {
                    const size_t at = i + k * n;
                    basis[k] = hn::Load(d, log_basis + at);
                    conductance[k] = hn::Load(d, programmed + at);
                    nu[k] = nu_of(c, hn::Load(d, log_target + at), hn::Load(d, drift.values + at));
                    normal[k] = hn::Load(d, read.values + at);
                }
                read_of(c, basis, conductance, nu, normal, now);
                for (size_t k = 0; k < 2; k++) {
                    hn::StoreU(now[k], d, to + i + k * n);
                }
            }
            if (!whole) {
                std::copy(to + head, to + head + count, out + first);
            }
        });
    return hn::AllTrue(d, good);
}

}  // namespace HWY_NAMESPACE
}  // namespace mho
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>

namespace mho {
HWY_EXPORT(Program);
HWY_EXPORT(AtTime);
HWY_EXPORT(ProgramAndRead);

PcmConstants pcm_constants(const PcmLike& m, double g_max_us, double t_s) {
    PcmConstants c;
    c.inverse_g_max = static_cast<float>(1.0 / g_max_us);
    const double sigma_scale = m.programming_noise_scale * g_max_us / m.reference_g_max_us;
    c.sigma_count = static_cast<uint32_t>(m.programming_coefficients_us.size());
    for (size_t i = 0; i < c.sigma_count; i++) {
        c.sigma[i] = static_cast<float>(sigma_scale * m.programming_coefficients_us[i]);
    }
    c.draw_programming = m.programming_noise_scale != 0;
    c.drift_scale = static_cast<float>(m.drift_scale);
    c.log_drift_time = static_cast<float>(log_drift_time(t_s, m.t_0_s));
    c.read_scale =
        static_cast<float>(m.read_noise_scale * read_noise_time_factor(t_s, m.t_0_s, m.t_read_s));
    c.q_from_target = m.read_noise_basis == ReadNoiseBasis::kTarget;
    return c;
}

void pcm_program(const PcmConstants& c,
                 std::span<const float> target,
                 std::span<float> programmed,
                 std::span<float> nu,
                 const PcmKeys& keys) {
    HWY_DYNAMIC_DISPATCH(Program)
    (c, target.data(), programmed.data(), nu.data(), target.size(), keys);
}

void pcm_at_time(const PcmConstants& c,
                 std::span<const float> target,
                 std::span<const float> programmed,
                 std::span<const float> nu,
                 std::span<float> out,
                 const PcmKeys& keys) {
    HWY_DYNAMIC_DISPATCH(AtTime)
    (c, target.data(), programmed.data(), nu.data(), out.data(), out.size(), keys);
}

bool pcm_program_and_read(const PcmConstants& c,
                          std::span<const float> target,
                          float highest,
                          std::span<float> out,
                          const PcmKeys& keys) {
    return HWY_DYNAMIC_DISPATCH(ProgramAndRead)(
        c, target.data(), highest, out.data(), out.size(), keys);
}

}  // namespace mho
#endif  // HWY_ONCE
