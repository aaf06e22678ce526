// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/pcm_kernel.h"

#include <gtest/gtest.h>

#include <vector>

#include "mho/device/conductance.h"
#include "mho/util/simd.h"
#include "mho/util/simd_test_support.h"

namespace mho {
namespace {

constexpr TileKey kKey{99};

struct Result {
    std::vector<float> programmed, nu, read, fused;
    friend bool operator==(const Result&, const Result&) = default;
};

std::vector<float> targets(size_t n, double g_max) {
    std::vector<float> t(n);
    for (size_t i = 0; i < n; i++) {
        t[i] = static_cast<float>(g_max * static_cast<double>(i * 37 % 101) / 100.0);
    }
    return t;
}

Result run_kernel(const PcmConstants& c, const std::vector<float>& t, const PcmKeys& keys) {
    const size_t n = t.size();
    Result r{
        std::vector<float>(n), std::vector<float>(n), std::vector<float>(n), std::vector<float>(n)};
    pcm_program(c, t, r.programmed, r.nu, keys);
    pcm_at_time(c, t, r.programmed, r.nu, r.read, keys);
    EXPECT_TRUE(pcm_program_and_read(c, t, 1e6f, r.fused, keys));
    return r;
}

TEST(PcmKernel, SaysWhetherTargetsAreInRange) {
    const PcmConstants c = pcm_constants(PcmLike{}, 25.0, 60.0);
    for (const size_t n : {size_t{1}, size_t{700}, 3 * kRandomBlock}) {
        std::vector<float> out(n);
        for (const size_t first : {size_t{0}, size_t{5}}) {
            const PcmKeys keys{TileKey{3}, 0, 0, first};
            for (const size_t at : {size_t{0}, n / 2, n - 1}) {
                std::vector<float> t = targets(n, 25.0);
                EXPECT_TRUE(pcm_program_and_read(c, t, 25.0f, out, keys));
                for (const float bad : {-1e-3f, 25.01f, NAN, INFINITY}) {
                    t[at] = bad;
                    EXPECT_FALSE(pcm_program_and_read(c, t, 25.0f, out, keys)) << n << " " << bad;
                }
            }
        }
    }
}

Result run_twin(const PcmConstants& c, const std::vector<float>& t, const PcmKeys& keys) {
    const size_t n = t.size();
    Result r{std::vector<float>(n), std::vector<float>(n), std::vector<float>(n), {}};
    twin::pcm_program(c, t, r.programmed, r.nu, keys);
    twin::pcm_at_time(c, t, r.programmed, r.nu, r.read, keys);
    r.fused = r.read;
    return r;
}

std::vector<PcmLike> models() {
    PcmLike from_target;
    from_target.read_noise_basis = ReadNoiseBasis::kTarget;
    PcmLike scales;
    scales.programming_noise_scale = 2.0;
    scales.drift_scale = 0.5;
    scales.read_noise_scale = 3.0;
    PcmLike silent;
    silent.programming_noise_scale = silent.drift_scale = silent.read_noise_scale = 0.0;
    PcmLike quintic;
    quintic.programming_coefficients_us = {0.2, 1.0, -0.5, 0.1, -0.05, 0.02};
    PcmLike constant;
    constant.programming_coefficients_us = {0.5};
    return {PcmLike{}, from_target, scales, silent, quintic, constant};
}

TEST(PcmKernel, TwinGivesTheSameBitsAtEveryLengthAndStart) {
    const auto model = models();
    for (size_t n = 0; n <= 40; n++) {
        const PcmConstants c = pcm_constants(model[n % model.size()], 25.0, 3600.0);
        const auto t = targets(n, 25.0);
        for (const uint64_t first : {uint64_t{0}, uint64_t{13}, uint64_t{500}}) {
            const PcmKeys keys{kKey, 3, 4, first};
            EXPECT_EQ(run_kernel(c, t, keys), run_twin(c, t, keys)) << n << " from " << first;
        }
    }
    for (const PcmLike& m : model) {
        for (const double t_s : {0.0, 1.0, 3.15e8}) {
            for (const size_t n : {511u, 512u, 513u, 2049u}) {
                const PcmConstants c = pcm_constants(m, 25.0, t_s);
                const auto t = targets(n, 25.0);
                const PcmKeys keys{kKey, 5, 1u << 20, 511};
                EXPECT_EQ(run_kernel(c, t, keys), run_twin(c, t, keys)) << n << " cells at " << t_s;
            }
        }
    }
}

TEST(PcmKernel, EveryTargetGivesTheSameBits) {
    const auto t = targets(3000, 25.0);
    const PcmConstants c = pcm_constants(PcmLike{}, 25.0, 1e5);
    const PcmKeys keys{kKey, 0, 1, 5};
    const Result expected = run_twin(c, t, keys);
    on_all_targets([&] { EXPECT_EQ(run_kernel(c, t, keys), expected); });
}

}  // namespace
}  // namespace mho
