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

// ln(max(g / g_max, 1e-7)): the argument of the drift and the 1/f law.
HWY_INLINE PcmVec log_rho(const PcmConstants& c, PcmVec g) {
    const PcmTag d;
    const PcmVec rho = hn::Mul(g, hn::Set(d, c.inverse_g_max));
    return simd_log(d, hn::Max(rho, hn::Set(d, pcm_law::kSmallestRho)));
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

HWY_INLINE PcmVec
read_of(const PcmConstants& c, PcmVec log_basis, PcmVec programmed, PcmVec nu, PcmVec normal) {
    using namespace pcm_law;
    const PcmTag d;
    // Drift takes away: its exponent is never positive. That of q lies between -62 and 6, for its
    // logarithm lies between those of 1e-7 and of the largest float.
    const PcmVec exponent = hn::Mul(nu, hn::Set(d, -c.log_drift_time));
    const PcmVec decay = simd_exp_inside(d, hn::Max(exponent, hn::Set(d, scalar_math::kExpMin)));
    const PcmVec drifted = hn::Mul(programmed, decay);
    const PcmVec q = hn::Min(
        simd_exp_inside(d, hn::MulAdd(log_basis, hn::Set(d, kQExponent), hn::Set(d, kLogQ))),
        hn::Set(d, kQHigh));
    const PcmVec sigma = hn::Mul(drifted, hn::Mul(q, hn::Set(d, c.read_scale)));
    return hn::Max(hn::MulAdd(sigma, normal, drifted), hn::Zero(d));
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
                const PcmVec log_basis = log_rho(c, hn::LoadU(d, b + i));
                hn::StoreU(read_of(c,
                                   log_basis,
                                   hn::LoadU(d, p + i),
                                   hn::LoadU(d, n + i),
                                   hn::Load(d, read.values + i)),
                           d,
                           to + i);
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
    HWY_ALIGN float out_buffer[kRandomBlock];
    over_cells(
        keys.first_element, size, [&](uint32_t block, size_t first, size_t count, size_t head) {
            write.fill(block);
            drift.fill(block);
            read.fill(block);
            const float* from = whole_block(target + first, count, head, target_buffer);
            const bool whole = count == kRandomBlock;
            float* to = whole ? out + first : out_buffer;
            const PcmVec scale = hn::Set(d, c.inverse_g_max);
            const PcmVec least = hn::Set(d, pcm_law::kSmallestRho);
            // Four registers of a chain of fifty dependent operations at once.
            const size_t n = hn::Lanes(d);
            for (size_t i = 0; i < kRandomBlock; i += 2 * n) {
                const PcmVec g0 = hn::LoadU(d, from + i), g1 = hn::LoadU(d, from + i + n);
                good = hn::And(good, hn::And(hn::Ge(g0, hn::Zero(d)), hn::Le(g0, high)));
                good = hn::And(good, hn::And(hn::Ge(g1, hn::Zero(d)), hn::Le(g1, high)));
                const PcmVec p0 = programmed_of(c, g0, hn::Load(d, write.values + i));
                const PcmVec p1 = programmed_of(c, g1, hn::Load(d, write.values + i + n));
                PcmVec log[4] = {hn::Max(hn::Mul(g0, scale), least),
                                 hn::Max(hn::Mul(g1, scale), least),
                                 hn::Max(hn::Mul(p0, scale), least),
                                 hn::Max(hn::Mul(p1, scale), least)};
                simd_log(d, log);
                const PcmVec n0 = nu_of(c, log[0], hn::Load(d, drift.values + i));
                const PcmVec n1 = nu_of(c, log[1], hn::Load(d, drift.values + i + n));
                const PcmVec basis0 = c.q_from_target ? log[0] : log[2];
                const PcmVec basis1 = c.q_from_target ? log[1] : log[3];
                hn::StoreU(read_of(c, basis0, p0, n0, hn::Load(d, read.values + i)), d, to + i);
                hn::StoreU(
                    read_of(c, basis1, p1, n1, hn::Load(d, read.values + i + n)), d, to + i + n);
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
