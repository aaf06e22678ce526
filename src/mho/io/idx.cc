// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/idx.h"

#include <fmt/format.h>

#include <optional>

#include "mho/io/file.h"
#include "mho/io/tensor.h"
#include "mho/util/error.h"

namespace mho {
namespace {

const char* type_name(uint8_t type) {
    switch (type) {
        case 0x09:
            return "signed bytes";
        case 0x0b:
            return "16-bit integers";
        case 0x0c:
            return "32-bit integers";
        case 0x0d:
            return "floats";
        case 0x0e:
            return "doubles";
        default:
            return "an unknown type";
    }
}

}  // namespace

IdxArray parse_idx(std::string_view bytes, const std::string& origin) {
    const auto fail = [&](std::string_view reason) {
        throw IoError(fmt::format("`{}` is not a valid IDX file: {}", origin, reason));
    };
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
    if (bytes.size() < 4 || byte(0) != 0 || byte(1) != 0) {
        fail("it does not begin with two zero bytes, a type and a number of extents");
    }
    if (byte(2) != 0x08) {
        fail(fmt::format("it holds {} (type {:#04x}); only unsigned bytes (type 0x08) are read",
                         type_name(byte(2)),
                         byte(2)));
    }
    const size_t rank = byte(3);
    const size_t header = 4 + 4 * rank;
    if (rank == 0 || bytes.size() < header) {
        fail(fmt::format("it announces {} extents and has {} bytes", rank, bytes.size()));
    }
    IdxArray result;
    for (size_t i = 0; i < rank; i++) {
        size_t extent = 0;
        for (size_t k = 0; k < 4; k++) {
            extent = extent << 8 | byte(4 + 4 * i + k);
        }
        result.shape.push_back(extent);
    }
    const std::string_view data = bytes.substr(header);
    if (shape_count(result.shape) != std::optional<size_t>(data.size())) {
        fail(fmt::format(
            "extents {} do not fit {} bytes of data", shape_text(result.shape), data.size()));
    }
    result.values.assign(data.begin(), data.end());
    return result;
}

IdxArray read_idx(const std::string& path) {
    return parse_idx(read_maybe_compressed(path), path);
}

}  // namespace mho
