// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_FILE_H
#define MHO_IO_FILE_H

#include <cstdint>
#include <string>
#include <string_view>

namespace mho {

/// No file is read, and nothing is decompressed, beyond this size unless the caller says so.
inline constexpr uint64_t kMaxFileBytes = uint64_t{4} << 30;

/// The bytes of a file as they are. Throws IoError with the path and the reason, also when the file
/// holds more than `max_bytes`.
std::string read_file(const std::string& path, uint64_t max_bytes = kMaxFileBytes);

/// The bytes of a file, decompressed when it begins like gzip, bzip2 or xz. The file and its
/// content may each have at most `max_bytes`. Throws IoError naming the file, also for a truncated
/// or corrupt stream.
std::string read_maybe_compressed(const std::string& path, uint64_t max_bytes = kMaxFileBytes);

/// Puts `bytes` into a file such that a reader, a crash or a power cut sees the old content or the
/// new one, never a mixture: temporary file beside it, fsync, rename, fsync of the folder.
/// A symbolic link is replaced by the file; what exists and is no regular file (a folder, a device)
/// is refused. Creates no folders. On any failure the temporary file is removed and IoError thrown.
void write_file_atomically(const std::string& path, std::string_view bytes);

/// Creates the folder and its missing parents; fine if it exists. Throws IoError.
void ensure_folder(const std::string& path);

}  // namespace mho

#endif  // MHO_IO_FILE_H
