// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/nn/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "mho/util/json.h"

namespace mho {

namespace {
constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;
}  // namespace

Optimizer::Optimizer(const TrainConfig& config, std::vector<Slot> slots)
    : kind_(config.optimizer),
      momentum_(config.momentum),
      weight_decay_(config.weight_decay),
      slots_(std::move(slots)) {
    for (Slot& s : slots_) {
        if (kind_ != OptimizerKind::kSgd) {
            s.first.assign(s.size, 0.0f);
            s.second.assign(s.size, 0.0f);
        } else if (momentum_ > 0) {
            s.first.assign(s.size, 0.0f);
        }
    }
}

void Optimizer::step(const std::vector<const float*>& gradients, double learning_rate) {
    const bool first_step = steps_ == 0;
    steps_++;
    const auto t = static_cast<double>(steps_);
    const auto step_size = static_cast<float>(learning_rate / (1 - std::pow(kBeta1, t)));
    const auto root = static_cast<float>(std::sqrt(1 - std::pow(kBeta2, t)));
    const auto b1 = static_cast<float>(kBeta1);
    const auto b2 = static_cast<float>(kBeta2);
    const auto c1 = static_cast<float>(1 - kBeta1);
    const auto c2 = static_cast<float>(1 - kBeta2);
    const auto eps = static_cast<float>(kEpsilon);
    const auto rate = static_cast<float>(learning_rate);
    const auto mu = static_cast<float>(momentum_);
    for (size_t i = 0; i < slots_.size(); i++) {
        if (gradients[i] == nullptr) {
            continue;
        }
        Slot& s = slots_[i];
        const auto decay = static_cast<float>(s.decays ? weight_decay_ : 0.0);
        float* p = s.values;
        const float* g = gradients[i];
        float* m = s.first.data();
        float* v = s.second.data();
        if (kind_ == OptimizerKind::kSgd) {
            for (size_t k = 0; k < s.size; k++) {
                float d = g[k] + decay * p[k];
                if (mu > 0) {
                    m[k] = first_step ? d : mu * m[k] + d;
                    d = m[k];
                }
                p[k] -= rate * d;
            }
            continue;
        }
        const bool decoupled = kind_ == OptimizerKind::kAdamW;
        const float keep = decoupled ? 1.0f - rate * decay : 1.0f;
        const float add = decoupled ? 0.0f : decay;
        for (size_t k = 0; k < s.size; k++) {
            const float d = g[k] + add * p[k];
            m[k] = b1 * m[k] + c1 * d;
            v[k] = b2 * v[k] + c2 * d * d;
            p[k] = keep * p[k] - step_size * m[k] / (std::sqrt(v[k]) / root + eps);
        }
    }
}

double schedule_factor(const Schedule& s,
                       uint64_t step,
                       uint64_t steps_per_epoch,
                       uint64_t epochs) {
    const uint64_t per_epoch = std::max<uint64_t>(steps_per_epoch, 1);
    const double total = static_cast<double>(per_epoch * std::max<uint64_t>(epochs, 1));
    const auto at = static_cast<double>(step);
    const auto cosine = [](double from, double to, double share) {
        return to +
               (from - to) * 0.5 * (1 + std::cos(std::numbers::pi * std::clamp(share, 0.0, 1.0)));
    };
    switch (s.kind) {
        case ScheduleKind::kConstant:
            return 1.0;
        case ScheduleKind::kStep: {
            double factor = 1.0;
            for (int epoch : s.at_epochs) {
                if (step / per_epoch >= static_cast<uint64_t>(std::max(epoch, 0))) {
                    factor *= s.factor;
                }
            }
            return factor;
        }
        case ScheduleKind::kCosine:
            return cosine(1.0, s.final_factor, total > 1 ? at / (total - 1) : 0.0);
        case ScheduleKind::kOneCycle: {
            // Rises from 1/25 (arXiv 1708.07120 as PyTorch sets it), then falls to final_factor.
            const double top = std::max(1.0, s.warmup_share * total) - 1;
            if (at < top) {
                return cosine(1.0 / 25, 1.0, at / top);
            }
            return cosine(
                1.0, s.final_factor, total - 1 > top ? (at - top) / (total - 1 - top) : 0.0);
        }
    }
    return 1.0;
}

std::string train_config_text(const TrainConfig& config) {
    return to_json(config).dump();
}

std::string train_config_rewritten(const std::string& text) {
    TrainConfig config;
    Problems problems;
    read_struct(parse_json(text, "training"), config, "training", problems);
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
    return train_config_text(config);
}

void validate_train_config(const TrainConfig& config) {
    Problems problems = validate(config, "training");
    if (!problems.empty()) {
        throw ConfigError(std::move(problems));
    }
}

}  // namespace mho
