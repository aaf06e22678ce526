// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_DECOMPRESS_H
#define MHO_IO_DECOMPRESS_H

#include <cstdint>
#include <string>
#include <string_view>

#include "mho/io/file.h"

namespace mho {

enum class Compression { kNone, kGzip, kBzip2, kXz };

/// Judged by the first bytes alone, not by a file's name.
Compression compression_of(std::string_view bytes);

/// The content of a gzip, bzip2 or xz file (several streams one after the other are allowed, as in
/// the command line tools); other bytes are returned as they are. At most `max_bytes` are produced.
/// Throws IoError naming `origin` when the stream is truncated, corrupt, too large, followed by
/// foreign bytes, or (xz) needs more than 256 MiB for its dictionary; `xz -9` needs 65.
std::string decompress(std::string_view bytes,
                       const std::string& origin,
                       uint64_t max_bytes = kMaxFileBytes);

}  // namespace mho

#endif  // MHO_IO_DECOMPRESS_H
