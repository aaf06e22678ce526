// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "mho/io/descriptor.h"
#include "mho/util/error.h"

namespace mho {

struct FolderLock::Impl {
    Descriptor fd;
};

namespace {

/// What the holder wrote: digits, or nothing if it is between locking and writing.
std::string holder_of(int fd) {
    std::array<char, 24> text;
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    std::string digits;
    for (ssize_t i = 0; i < got; i++) {
        const char c = text[static_cast<size_t>(i)];
        if (c < '0' || c > '9') {
            break;
        }
        digits += c;
    }
    return digits.empty() ? "(unknown)" : digits;
}

/// Throws when somebody else holds the folder.
void take(int fd, int kind, const std::string& folder) {
    int result = -1;
    do {
        result = ::flock(fd, kind | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        if (errno == EWOULDBLOCK) {
            throw IoError(
                fmt::format("folder `{}` is in use by process {}", folder, holder_of(fd)));
        }
        throw_io_error("lock", folder, errno);
    }
}

}  // namespace

FolderLock::FolderLock(const std::string& folder) : impl_(std::make_unique<Impl>()) {
    impl_->fd = open_or_throw(folder + "/.mho.lock", O_RDWR | O_CREAT, "lock");
    const int fd = impl_->fd.get();
    take(fd, LOCK_EX, folder);
    const std::string pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd, 0) != 0 || !write_all(fd, pid)) {
        throw_io_error("lock", folder, errno);
    }
}

FolderLock::FolderLock(FolderLock&&) noexcept = default;
FolderLock& FolderLock::operator=(FolderLock&&) noexcept = default;
// Closing releases the lock; LOCK_UN would release it for forked children as well.
FolderLock::~FolderLock() = default;

void check_not_in_use(const std::string& folder) {
    if (::access((folder + "/.mho.lock").c_str(), R_OK) == 0) {
        const Descriptor fd = open_or_throw(folder + "/.mho.lock", O_RDONLY, "lock");
        take(fd.get(), LOCK_SH, folder);
    }
}

}  // namespace mho
