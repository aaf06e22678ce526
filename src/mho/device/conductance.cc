// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/conductance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "mho/device/conductance_block.h"
#include "mho/device/pcm_kernel.h"
#include "mho/util/json.h"

namespace mho {
namespace {

// CustomDrift differs from PcmLike only in the drift coefficient.
template <class M>
constexpr bool kReadsLikePcm = std::is_base_of_v<PcmLike, M>;

constexpr uint64_t kMaxElement = uint64_t{1} << 37;  // random/stream.h
// Converters round: a target may exceed g_max by so much.
constexpr double kTargetSlack = 1e-4;

using Buffer = std::array<float, kRandomBlock>;

void require_size(std::string_view name, size_t size, size_t expected) {
    if (size != expected) {
        throw InputError(
            fmt::format("{} has {} cells, but there are {} targets", name, size, expected));
    }
}

// A first pass without branches, which compilers vectorise; the position only when one is wrong.
void require_range(std::string_view name, std::span<const float> values, float low, float high) {
    unsigned wrong = 0;
    for (const float v : values) {
        wrong |= static_cast<unsigned>(!(v >= low)) | static_cast<unsigned>(!(v <= high));
    }
    if (wrong == 0) {
        return;
    }
    for (size_t i = 0; i < values.size(); i++) {
        if (!(values[i] >= low && values[i] <= high)) {
            throw InputError(fmt::format(
                "{} of cell {} must lie between {} and {}, got {}", name, i, low, high, values[i]));
        }
    }
}

void require_cells(uint64_t first_element, size_t size) {
    if (first_element > kMaxElement || size > kMaxElement - first_element) {
        throw InputError("a tile can have at most 2^37 cells; first_element is too large");
    }
}

float highest_target(double g_max_us) {
    return static_cast<float>(g_max_us * (1.0 + kTargetSlack));
}

void require_targets(const ConductanceModel& model,
                     double g_max_us,
                     std::span<const float> target_us) {
    const float high = highest_target(g_max_us);
    const float low = takes_signed_targets(model) ? -high : 0.0f;
    require_range("target conductance (uS)", target_us, low, high);
}

// Calls `f(first, count)` for runs of cells that lie in one random block.
template <class F>
void over_blocks(uint64_t first_element, size_t size, F&& f) {
    for (size_t done = 0; done < size;) {
        const size_t head = (first_element + done) % kRandomBlock;
        const size_t count = std::min(kRandomBlock - head, size - done);
        f(done, count);
        done += count;
    }
}

template <class M>
struct Run {
    const M& m;
    double g_max_us;
    TileKey key;

    void program(std::span<const float> target,
                 std::span<float> programmed,
                 std::span<float> nu,
                 uint64_t step,
                 uint64_t element) const {
        Buffer write;
        Buffer drift;
        const size_t n = target.size();
        fill_normal(key, Stream::kProgramming, step, element, {write.data(), n});
        fill_normal(key, Stream::kDriftCoefficient, step, element, {drift.data(), n});
        program_block(m, g_max_us, {target, {write.data(), n}, {drift.data(), n}, programmed, nu});
    }

    void read(std::span<const float> target,
              std::span<const float> programmed,
              std::span<const float> nu,
              double t_s,
              std::span<float> out,
              uint64_t step,
              uint64_t element) const {
        if constexpr (kReadsLikePcm<M>) {
            pcm_at_time(pcm_constants(m, g_max_us, t_s),
                        target,
                        programmed,
                        nu,
                        out,
                        {.tile = key, .read = step, .first_element = element});
        } else {
            Buffer read_normal;
            Buffer relaxation{};
            const size_t n = target.size();
            fill_normal(key, Stream::kConductanceRead, step, element, {read_normal.data(), n});
            if constexpr (std::is_same_v<M, ReramCmo> || std::is_same_v<M, UserConductance>) {
                fill_normal(key, Stream::kDriftCoefficient, step, element, {relaxation.data(), n});
            }
            read_block(m,
                       g_max_us,
                       {target,
                        programmed,
                        nu,
                        {read_normal.data(), n},
                        {relaxation.data(), n},
                        t_s,
                        out});
        }
    }
};

}  // namespace

std::string_view model_name(const ConductanceModel& model) {
    return std::visit([](const auto& m) { return Schema<std::decay_t<decltype(m)>>::name; }, model);
}

ConductanceModel scaled(ConductanceModel model, const ConductanceScales& scales) {
    for (const double s : {scales.programming, scales.drift, scales.read}) {
        if (!(s >= 0 && s <= 1e3)) {
            throw InputError(fmt::format("a scale factor must lie between 0 and 1000, got {}", s));
        }
    }
    std::visit(
        [&](auto& m) {
            m.programming_noise_scale *= scales.programming;
            if constexpr (requires { m.drift_scale; }) {
                m.drift_scale *= scales.drift;
            }
            if constexpr (requires { m.relaxation_scale; }) {
                m.relaxation_scale *= scales.drift;
            }
            if constexpr (requires { m.read_noise_scale; }) {
                m.read_noise_scale *= scales.read;
            }
        },
        model);
    return model;
}

bool takes_signed_targets(const ConductanceModel& model) {
    return std::holds_alternative<ChipPolynomial>(model) ||
           std::holds_alternative<UserConductance>(model);
}

void require_valid(const ConductanceModel& model) {
    Problems problems = std::visit([](const auto& m) { return validate(m); }, model);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
}

void require_g_max(const ConductanceModel& model, double g_max_us) {
    if (!(g_max_us >= 1e-6 && g_max_us <= 1e6)) {
        throw InputError(
            fmt::format("g_max must lie between 1e-6 and 1e6 uS, got {} uS", g_max_us));
    }
    double limit = kInfinity;
    if (const auto* hermes = std::get_if<Hermes>(&model)) {
        limit = hermes_g_max_us(*hermes);
    } else if (const auto* cmo = std::get_if<ReramCmo>(&model)) {
        limit = kReramCmoGMax_us;
        if (g_max_us <= cmo->g_min_us) {
            throw InputError(
                fmt::format("g_max of model `reram cmo` must exceed its g_min of {} "
                            "uS, got {} uS",
                            cmo->g_min_us,
                            g_max_us));
        }
    } else if (const auto* custom = std::get_if<CustomDrift>(&model)) {
        if (custom->drift_g_us.empty() || custom->drift_g_us.front() > 0 ||
            custom->drift_g_us.back() < g_max_us * (1.0 - 1e-9)) {
            throw InputError(
                fmt::format("drift_g_us of model `pcm custom drift` must cover 0 to "
                            "g_max = {} uS",
                            g_max_us));
        }
    }
    // Limits such as 88.199997 came through float32.
    if (g_max_us > limit * (1.0 + 1e-6)) {
        throw InputError(fmt::format(
            "model `{}` holds up to g_max = {} uS, got {} uS", model_name(model), limit, g_max_us));
    }
}

void require_time(const ConductanceModel& model, double t_s) {
    if (!(t_s >= 0 && t_s <= 1e15)) {
        throw InputError(
            fmt::format("time since programming must lie between 0 and 1e15 s, got {}", t_s));
    }
    if (std::holds_alternative<ReramCmo>(model) && t_s > 0 && t_s < kReramCmoFirstTime_s) {
        throw InputError(fmt::format("model `reram cmo` holds at 0 and from {} s on, not at {} s",
                                     kReramCmoFirstTime_s,
                                     t_s));
    }
    if (const auto* wan = std::get_if<ReramWan2022>(&model)) {
        sigma_at_time(*wan, 0.0, t_s, 1.0);
    }
}

void program(const ConductanceModel& model,
             double g_max_us,
             std::span<const float> target_us,
             std::span<float> programmed_us,
             std::span<float> nu,
             TileKey key,
             uint64_t programming,
             uint64_t first_element) {
    require_valid(model);
    require_g_max(model, g_max_us);
    require_cells(first_element, target_us.size());
    require_size("programmed_us", programmed_us.size(), target_us.size());
    require_size("nu", nu.size(), target_us.size());
    require_targets(model, g_max_us, target_us);
    // Drift coefficients belong to targets, which must still be there after the programmed values
    // are written.
    std::vector<float> kept;
    if (target_us.data() == programmed_us.data()) {
        kept.assign(target_us.begin(), target_us.end());
        target_us = kept;
    }
    std::visit(
        [&](const auto& m) {
            using M = std::decay_t<decltype(m)>;
            if constexpr (std::is_same_v<M, PcmLike>) {
                pcm_program(pcm_constants(m, g_max_us, 0.0),
                            target_us,
                            programmed_us,
                            nu,
                            {key, programming, 0, first_element});
            } else {
                const Run<M> run{m, g_max_us, key};
                over_blocks(first_element, target_us.size(), [&](size_t first, size_t count) {
                    run.program(target_us.subspan(first, count),
                                programmed_us.subspan(first, count),
                                nu.subspan(first, count),
                                programming,
                                first_element + first);
                });
            }
        },
        model);
}

void at_time(const ConductanceModel& model,
             double g_max_us,
             std::span<const float> target_us,
             std::span<const float> programmed_us,
             std::span<const float> nu,
             double t_s,
             std::span<float> out_us,
             TileKey key,
             uint64_t read_step,
             uint64_t first_element) {
    require_valid(model);
    require_g_max(model, g_max_us);
    require_time(model, t_s);
    require_cells(first_element, target_us.size());
    require_size("programmed_us", programmed_us.size(), target_us.size());
    require_size("nu", nu.size(), target_us.size());
    require_size("out_us", out_us.size(), target_us.size());
    require_targets(model, g_max_us, target_us);
    // Programmed values stray beyond g_max by their noise, never by orders of magnitude.
    const auto limit = static_cast<float>(g_max_us * 1e6);
    const bool any_sign = takes_signed_targets(model) || std::holds_alternative<ReramCmo>(model);
    require_range("programmed conductance (uS)", programmed_us, any_sign ? -limit : 0.0f, limit);
    require_range("drift coefficient", nu, -1e6f, 1e6f);
    std::visit(
        [&](const auto& m) {
            using M = std::decay_t<decltype(m)>;
            const Run<M> run{m, g_max_us, key};
            if constexpr (kReadsLikePcm<M>) {
                run.read(target_us, programmed_us, nu, t_s, out_us, read_step, first_element);
            } else {
                over_blocks(first_element, target_us.size(), [&](size_t first, size_t count) {
                    run.read(target_us.subspan(first, count),
                             programmed_us.subspan(first, count),
                             nu.subspan(first, count),
                             t_s,
                             out_us.subspan(first, count),
                             read_step,
                             first_element + first);
                });
            }
        },
        model);
}

void program_and_read(const ConductanceModel& model,
                      double g_max_us,
                      std::span<const float> target_us,
                      double t_s,
                      std::span<float> out_us,
                      TileKey key,
                      uint64_t programming,
                      uint64_t read_step,
                      uint64_t first_element) {
    require_valid(model);
    require_g_max(model, g_max_us);
    require_time(model, t_s);
    require_cells(first_element, target_us.size());
    require_size("out_us", out_us.size(), target_us.size());
    // Targets that the results replace must all be good before the first is lost.
    const bool apart = out_us.data() != target_us.data();
    if (!apart || !std::holds_alternative<PcmLike>(model)) {
        require_targets(model, g_max_us, target_us);
    }
    std::visit(
        [&](const auto& m) {
            using M = std::decay_t<decltype(m)>;
            if constexpr (std::is_same_v<M, PcmLike>) {
                if (!pcm_program_and_read(pcm_constants(m, g_max_us, t_s),
                                          target_us,
                                          highest_target(g_max_us),
                                          out_us,
                                          {key, programming, read_step, first_element})) {
                    require_targets(model, g_max_us, target_us);
                }
            } else {
                const Run<M> run{m, g_max_us, key};
                over_blocks(first_element, target_us.size(), [&](size_t first, size_t count) {
                    Buffer programmed;
                    Buffer nu;
                    const auto target = target_us.subspan(first, count);
                    const uint64_t element = first_element + first;
                    run.program(target,
                                {programmed.data(), count},
                                {nu.data(), count},
                                programming,
                                element);
                    run.read(target,
                             {programmed.data(), count},
                             {nu.data(), count},
                             t_s,
                             out_us.subspan(first, count),
                             read_step,
                             element);
                });
            }
        },
        model);
}

double reference_programmed(const ConductanceModel& model,
                            double target_us,
                            double g_max_us,
                            double normal) {
    return std::visit(
        [&](const auto& m) { return reference_programmed(m, target_us, g_max_us, normal); }, model);
}

double reference_drift_coefficient(const ConductanceModel& model,
                                   double target_us,
                                   double g_max_us,
                                   double normal) {
    return std::visit(
        [&](const auto& m) { return reference_drift_coefficient(m, target_us, g_max_us, normal); },
        model);
}

double reference_at_time(const ConductanceModel& model,
                         double target_us,
                         double programmed_us,
                         double nu,
                         double t_s,
                         double g_max_us,
                         double read_normal,
                         double relaxation_normal) {
    return std::visit(
        [&](const auto& m) {
            return reference_at_time(
                m, target_us, programmed_us, nu, t_s, g_max_us, read_normal, relaxation_normal);
        },
        model);
}

}  // namespace mho
