// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "mho/io/decompress.h"
#include "mho/io/descriptor.h"
#include "mho/util/error.h"

namespace mho {
namespace {

/// Removes the temporary file unless it was renamed.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& target) : target_(target) {
        // O_EXCL settles who owns a name, between threads as well as processes, so no global
        // counter is needed. The name is short: beside a target of 255 letters a longer one would
        // not fit.
        for (int attempt = 0; attempt < 1000; attempt++) {
            path_ = fmt::format("{}/.mho-tmp-{}-{}", folder_of(target), ::getpid(), attempt);
            fd_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
            if (fd_.valid()) {
                return;
            }
            if (errno != EEXIST && errno != EINTR) {
                break;
            }
        }
        throw_io_error("write", target, errno);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        if (!renamed_) {
            ::unlink(path_.c_str());
        }
    }

    void fill(std::string_view bytes) {
        if (!write_all(fd_.get(), bytes) || ::fsync(fd_.get()) != 0 || !fd_.close_now()) {
            throw_io_error("write", target_, errno);
        }
    }
    void rename_to_target() {
        if (::rename(path_.c_str(), target_.c_str()) != 0) {
            throw_io_error("write", target_, errno);
        }
        renamed_ = true;
    }

  private:
    std::string target_;
    std::string path_;
    Descriptor fd_;
    bool renamed_ = false;
};

// A pipe that this process holds already: the standard input, or what a shell puts in the place of
// <(command). Any other pipe or device may keep its reader waiting for ever.
bool is_own_stream(const std::string& path) {
    return path == "/dev/stdin" || path.starts_with("/dev/fd/") ||
           path.starts_with("/proc/self/fd/");
}

void require_readable(const std::string& path) {
    struct stat status{};
    // What is not there fails in open(), with the right message.
    if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) &&
        !S_ISDIR(status.st_mode) && !is_own_stream(path)) {
        throw IoError(fmt::format("cannot read `{}`: it is no regular file", path));
    }
}

[[noreturn]] void throw_too_large(const std::string& path, uint64_t max_bytes) {
    throw IoError(fmt::format("`{}` is larger than the {} bytes accepted here", path, max_bytes));
}

}  // namespace

std::string read_file(const std::string& path, uint64_t max_bytes) {
    require_readable(path);
    const Descriptor fd = open_or_throw(path, O_RDONLY, "read");
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) {
        throw_io_error("read", path, errno);
    }
    if (S_ISDIR(status.st_mode)) {
        throw_io_error("read", path, EISDIR);
    }
    const uint64_t announced =
        S_ISREG(status.st_mode) ? static_cast<uint64_t>(std::max<off_t>(status.st_size, 0)) : 0;
    if (announced > max_bytes) {
        throw_too_large(path, max_bytes);
    }
    // The size is only a hint: pipes have none, and files can grow. One byte more than announced,
    // so that the end of the file shows without enlarging the buffer.
    std::string bytes(static_cast<size_t>(announced) + 1, '\0');
    size_t filled = 0;
    while (true) {
        if (filled == bytes.size()) {
            bytes.resize(bytes.size() + std::max<size_t>(bytes.size() / 2, size_t{1} << 16));
        }
        const size_t room = std::min<size_t>(bytes.size() - filled, size_t{1} << 26);
        const ssize_t got = ::read(fd.get(), bytes.data() + filled, room);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw_io_error("read", path, errno);
        }
        if (got == 0) {
            break;
        }
        filled += static_cast<size_t>(got);
        if (filled > max_bytes) {
            throw_too_large(path, max_bytes);
        }
    }
    bytes.resize(filled);
    return bytes;
}

std::string read_maybe_compressed(const std::string& path, uint64_t max_bytes) {
    std::string bytes = read_file(path, max_bytes);
    if (compression_of(bytes) == Compression::kNone) {
        return bytes;
    }
    return decompress(bytes, path, max_bytes);
}

void write_file_atomically(const std::string& path, std::string_view bytes) {
    if (path.empty() || path.find('\0') != std::string::npos) {
        throw IoError("cannot write a file: its name is empty or contains a NUL character");
    }
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
        // rename() would happily replace a device such as /dev/null when run with the rights for
        // it.
        throw IoError(fmt::format("cannot write `{}`: it exists and is {}",
                                  path,
                                  S_ISDIR(status.st_mode) ? "a folder" : "not a regular file"));
    }
    TemporaryFile temporary(path);
    temporary.fill(bytes);
    temporary.rename_to_target();
    if (!sync_folder(folder_of(path))) {
        throw_io_error("make durable", path, errno);
    }
}

void ensure_folder(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) {
        throw IoError(fmt::format("cannot create the folder `{}`: {}", path, error.message()));
    }
    if (!std::filesystem::is_directory(path, error)) {
        throw IoError(fmt::format("cannot create the folder `{}`: it exists and is a file", path));
    }
}

}  // namespace mho
