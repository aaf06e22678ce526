// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_SLOT_COLUMNS_H
#define MHO_DEVICE_SLOT_COLUMNS_H

// Which columns fire in a slot, as lists: what rows need that fire in this slot alone. Internal.

#include <cstdint>
#include <span>
#include <vector>

#include "mho/device/pulse_trains.h"

namespace mho {

/// One slot of one sample. Slots in which many columns fire have no list.
struct SlotColumns {
    uint32_t begin = 0;
    uint32_t count = 0;
    bool listed = false;
};

class SlotColumnLists {
  public:
    /// Longer trains have no lists: few rows fire in one slot only.
    static constexpr uint32_t kMostSlots = 8;

    /// Marks columns whose value is negative.
    static constexpr uint32_t kNegative = 0x80000000u;

    /// The lists of samples [first, last).
    SlotColumnLists(const PulseTrains& trains, size_t first, size_t last);

    /// The slots of a sample, or nullptr.
    const SlotColumns* of_sample(size_t s) const {
        const size_t at = s - first_;
        return short_[at] != 0 ? slots_.data() + at * kMostSlots : nullptr;
    }
    /// Columns in ascending order, with kNegative; 16 numbers may be read from any place of the
    /// list.
    std::span<const int32_t> list(const SlotColumns& slot) const {
        return {columns_.data() + slot.begin, slot.count};
    }

  private:
    size_t first_;
    std::vector<uint8_t> short_;
    std::vector<SlotColumns> slots_;  // [samples][kMostSlots]
    std::vector<int32_t> columns_;
};

}  // namespace mho

#endif  // MHO_DEVICE_SLOT_COLUMNS_H
