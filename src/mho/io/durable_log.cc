// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/durable_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "mho/io/descriptor.h"
#include "mho/util/error.h"

namespace mho {

struct DurableLog::Impl {
    std::string path;
    Descriptor fd;
    size_t dropped = 0;
};

namespace {

off_t size_of(int fd, const std::string& path) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) {
        throw_io_error("append to", path, errno);
    }
    return status.st_size;
}

/// Where the last whole line ends. Searched from the back in blocks: logs grow large, torn lines
/// do not.
off_t end_of_whole_lines(int fd, off_t size, const std::string& path) {
    std::array<char, 1 << 16> block;
    off_t end = size;
    while (end > 0) {
        const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(block.size()));
        const ssize_t got = ::pread(fd, block.data(), static_cast<size_t>(end - begin), begin);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got != end - begin) {
            throw_io_error("read the end of", path, got < 0 ? errno : EIO);
        }
        const std::string_view text(block.data(), static_cast<size_t>(got));
        const size_t newline = text.rfind('\n');
        if (newline != std::string_view::npos) {
            return begin + static_cast<off_t>(newline) + 1;
        }
        end = begin;
    }
    return 0;
}

}  // namespace

DurableLog::DurableLog(const std::string& path) : impl_(std::make_unique<Impl>()) {
    impl_->path = path;
    impl_->fd = open_or_throw(path, O_RDWR | O_CREAT | O_APPEND, "append to");
    const int fd = impl_->fd.get();
    const off_t size = size_of(fd, path);
    const off_t whole = end_of_whole_lines(fd, size, path);
    if (whole != size && ::ftruncate(fd, whole) != 0) {
        throw_io_error("drop the torn last line of", path, errno);
    }
    impl_->dropped = static_cast<size_t>(size - whole);
    if (size == 0 && !sync_folder(folder_of(path))) {
        throw_io_error("make durable", path, errno);
    }
}

DurableLog::DurableLog(DurableLog&&) noexcept = default;
DurableLog& DurableLog::operator=(DurableLog&&) noexcept = default;
DurableLog::~DurableLog() = default;

size_t DurableLog::dropped_bytes() const {
    return impl_ ? impl_->dropped : 0;
}

void DurableLog::write_line(std::string_view line) {
    if (!impl_) {
        throw InputError("this log was moved away; open it again");
    }
    if (line.find('\n') != std::string_view::npos) {
        throw InputError(fmt::format("a line for `{}` contains a newline; write one line at a time",
                                     impl_->path));
    }
    const int fd = impl_->fd.get();
    const off_t before = size_of(fd, impl_->path);
    const std::string whole = std::string(line) + '\n';
    ssize_t written = -1;
    do {
        written = ::write(fd, whole.data(), whole.size());
    } while (written < 0 && errno == EINTR);
    int error = written < 0 ? errno : 0;
    if (error == 0 && static_cast<size_t>(written) != whole.size()) {
        error = ENOSPC;  // the only usual reason for a short write to a regular file
    }
    if (error == 0 && ::fdatasync(fd) != 0) {
        error = errno;
    }
    if (error != 0) {
        // Best effort: if this fails too, the next opening drops the torn line.
        const int undone = ::ftruncate(fd, before);
        static_cast<void>(undone);
        throw_io_error("append to", impl_->path, error);
    }
}

}  // namespace mho
