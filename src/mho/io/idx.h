// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_IDX_H
#define MHO_IO_IDX_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mho {

/// The content of an IDX file (the format of MNIST: http://yann.lecun.com/exdb/mnist), row-major.
struct IdxArray {
    std::vector<size_t> shape;  // 1 to 255 extents
    std::vector<uint8_t> values;
};

/// Reads arrays of unsigned bytes. Layout: two zero bytes, the type (8 = unsigned byte), the number
/// of extents, the extents (4 bytes each, big-endian), the values. Throws IoError naming `origin`
/// for other types and when the size of the file is not exactly the one its extents ask for.
IdxArray parse_idx(std::string_view bytes, const std::string& origin);

/// The same from a file, decompressed if need be.
IdxArray read_idx(const std::string& path);

}  // namespace mho

#endif  // MHO_IO_IDX_H
