// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_COLUMN_BLOCKS_H
#define MHO_DEVICE_COLUMN_BLOCKS_H

// In which slots of short trains any of sixteen neighbouring columns fires: rows pass over the
// blocks with which they share no slot. Internal.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "mho/device/pulse_trains.h"

namespace mho {

class ColumnBlocks {
  public:
    static constexpr size_t kColumns = 16;  // of a block

    /// The blocks of samples [first, last): their first 32 slots.
    ColumnBlocks(const PulseTrains& trains, size_t first, size_t last);

    /// Slots of every block; as many as a multiple of 16 may be read, those of the padding are 0.
    const uint32_t* of_sample(size_t s) const { return bits_.data() + (s - first_) * stride_; }

  private:
    size_t first_;
    size_t stride_;               // blocks, rounded up to 16
    std::vector<uint32_t> bits_;  // [samples][stride]
};

}  // namespace mho

#endif  // MHO_DEVICE_COLUMN_BLOCKS_H
