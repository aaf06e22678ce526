// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/stuck_cells.h"

#include <algorithm>
#include <array>

#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {
namespace {

// Two draws per cell: whether it is stuck, and where.
constexpr uint64_t kWhether = 0;
constexpr uint64_t kWhere = 1;

float stuck_value(StuckAt at, double g_min_us, double g_max_us, float uniform) {
    switch (at) {
        case StuckAt::kZero:
            return 0.0f;
        case StuckAt::kGMax:
            return static_cast<float>(g_min_us < 0 && uniform < 0.5f ? g_min_us : g_max_us);
        case StuckAt::kRandom:
            return static_cast<float>(g_min_us + (g_max_us - g_min_us) * double{uniform});
    }
    return 0.0f;
}

}  // namespace

void apply_stuck_cells(const StuckCells& stuck,
                       double g_min_us,
                       double g_max_us,
                       TileKey key,
                       uint64_t first_cell,
                       std::span<float> conductances_us) {
    if (!(stuck.probability >= 0 && stuck.probability <= 1)) {
        throw ConfigError("stuck_cells.probability", "must be 0 to 1");
    }
    require_finite_number(g_min_us, "stuck cells: g_min_us");
    require_finite_number(g_max_us, "stuck cells: g_max_us");
    if (g_min_us > g_max_us) {
        throw InputError("stuck cells: g_min_us must not exceed g_max_us");
    }
    if (stuck.probability == 0) {
        return;
    }
    std::array<float, kRandomBlock> whether;
    std::array<float, kRandomBlock> where;
    const auto limit = static_cast<float>(stuck.probability);
    for (size_t first = 0; first < conductances_us.size(); first += kRandomBlock) {
        const size_t count = std::min(kRandomBlock, conductances_us.size() - first);
        fill_uniform(
            key, Stream::kStuckCell, kWhether, first_cell + first, {whether.data(), count});
        fill_uniform(key, Stream::kStuckCell, kWhere, first_cell + first, {where.data(), count});
        for (size_t i = 0; i < count; i++) {
            if (whether[i] < limit) {
                conductances_us[first + i] = stuck_value(stuck.at, g_min_us, g_max_us, where[i]);
            }
        }
    }
}

}  // namespace mho
