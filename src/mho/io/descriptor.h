// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_IO_DESCRIPTOR_H
#define MHO_IO_DESCRIPTOR_H

// Internal to io/: POSIX file descriptors without leaks.

#include <string>
#include <string_view>

namespace mho {

/// Owns a file descriptor; closes it at the end.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }
    int release();
    /// Closes now; false (and errno) when the system reports a late write error.
    bool close_now();

  private:
    int fd_ = -1;
};

/// open(2) with O_CLOEXEC, repeated when a signal interrupts; throws IoError "cannot DO `path`:
/// reason".
Descriptor open_or_throw(const std::string& path, int flags, const char* action);

/// Throws IoError "cannot ACTION `path`: " and the text of `error_number`.
[[noreturn]] void throw_io_error(const char* action, const std::string& path, int error_number);

/// Writes everything; false (and errno) on failure.
bool write_all(int fd, std::string_view bytes);

/// Makes a new or renamed entry of the folder survive a power cut; false (and errno) on failure.
bool sync_folder(const std::string& folder);

/// The folder part of a path: "a/b" -> "a", "b" -> ".".
std::string folder_of(const std::string& path);

}  // namespace mho

#endif  // MHO_IO_DESCRIPTOR_H
