// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/slot_columns.h"

#include <array>
#include <bit>

namespace mho {
namespace {

// A list pays where it is this many times shorter than the row.
constexpr size_t kRowPerList = 5;
constexpr size_t kPadding = 16;

}  // namespace

SlotColumnLists::SlotColumnLists(const PulseTrains& trains, size_t first, size_t last)
    : first_(first), short_(last - first), slots_((last - first) * kMostSlots) {
    const LineTrains& cols = trains.col_lines;
    const size_t most = cols.lines / kRowPerList;
    std::vector<int32_t> firing(kMostSlots * cols.lines);  // per slot
    for (size_t s = first; s < last; s++) {
        const uint32_t length = trains.length[s];
        if (length == 0 || length > kMostSlots) {
            continue;
        }
        short_[s - first] = 1;
        std::array<size_t, kMostSlots> count{};
        const uint32_t* bits = cols.sample_bits(s);
        const uint32_t* negative = cols.negative.data() + s * cols.stride;
        for (size_t c = 0; c < cols.lines; c++) {
            for (uint32_t b = bits[c]; b != 0; b &= b - 1) {
                const auto t = static_cast<size_t>(std::countr_zero(b));
                firing[t * cols.lines + count[t]++] =
                    static_cast<int32_t>(static_cast<uint32_t>(c) | (negative[c] & kNegative));
            }
        }
        for (uint32_t t = 0; t < length; t++) {
            SlotColumns& slot = slots_[(s - first) * kMostSlots + t];
            slot.listed = count[t] <= most;
            if (slot.listed) {
                slot.begin = static_cast<uint32_t>(columns_.size());
                slot.count = static_cast<uint32_t>(count[t]);
                const auto begin = firing.begin() + static_cast<std::ptrdiff_t>(t * cols.lines);
                columns_.insert(
                    columns_.end(), begin, begin + static_cast<std::ptrdiff_t>(count[t]));
            }
        }
    }
    columns_.resize(columns_.size() + kPadding);
}

}  // namespace mho
