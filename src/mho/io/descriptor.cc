// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "mho/util/error.h"

namespace mho {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close_now();
        fd_ = other.release();
    }
    return *this;
}

Descriptor::~Descriptor() {
    close_now();
}

int Descriptor::release() {
    return std::exchange(fd_, -1);
}

bool Descriptor::close_now() {
    const int fd = release();
    // close(2) on Linux frees the descriptor even when it reports EINTR: never call it twice.
    return fd < 0 || ::close(fd) == 0 || errno == EINTR;
}

Descriptor open_or_throw(const std::string& path, int flags, const char* action) {
    if (path.find('\0') != std::string::npos) {
        throw IoError(fmt::format("cannot {} a file: its name contains a NUL character", action));
    }
    int fd = -1;
    do {
        fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        throw_io_error(action, path, errno);
    }
    return Descriptor(fd);
}

void throw_io_error(const char* action, const std::string& path, int error_number) {
    throw IoError(fmt::format(
        "cannot {} `{}`: {}", action, path, std::generic_category().message(error_number)));
}

bool write_all(int fd, std::string_view bytes) {
    // Linux moves at most 2^31 - 4096 bytes in one call; smaller portions also keep signals prompt.
    constexpr size_t kPortion = size_t{1} << 26;
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), std::min(bytes.size(), kPortion));
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
}

bool sync_folder(const std::string& folder) {
    const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) {
        return false;
    }
    // Some file systems (network, FUSE) cannot sync a folder and say EINVAL: nothing more can be
    // done.
    return ::fsync(fd.get()) == 0 || errno == EINVAL;
}

std::string folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return folder.empty() ? "." : folder;
}

}  // namespace mho
