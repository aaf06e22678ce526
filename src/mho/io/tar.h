// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_TAR_H
#define MHO_IO_TAR_H

#include <map>
#include <string>
#include <string_view>

namespace mho {

/// The regular files of a tar archive (POSIX ustar, the same in GNU flavour, long names in pax
/// headers), by name; folders are left out. `bytes` must be decompressed. Nothing is unpacked:
/// names are only keys and may hold anything, also `..`. Throws IoError naming `origin` for a bad
/// checksum, a missing end mark (truncation), a name that appears twice, and links or devices.
std::map<std::string, std::string> parse_tar(std::string_view bytes, const std::string& origin);

/// The same from a file, decompressed if need be.
std::map<std::string, std::string> read_tar(const std::string& path);

}  // namespace mho

#endif  // MHO_IO_TAR_H
