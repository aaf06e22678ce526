// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/device/column_blocks.h"

namespace mho {

ColumnBlocks::ColumnBlocks(const PulseTrains& trains, size_t first, size_t last) : first_(first) {
    const LineTrains& cols = trains.col_lines;
    const size_t blocks = cols.stride / kColumns;
    stride_ = (blocks + 15) / 16 * 16;
    bits_.resize((last - first) * stride_);
    for (size_t s = first; s < last; s++) {
        const uint32_t* bits = cols.sample_bits(s);
        uint32_t* to = bits_.data() + (s - first) * stride_;
        for (size_t b = 0; b < blocks; b++, bits += kColumns) {
            uint32_t any = 0;
            for (size_t c = 0; c < kColumns; c++) {
                any |= bits[c];
            }
            to[b] = any;
        }
    }
}

}  // namespace mho
