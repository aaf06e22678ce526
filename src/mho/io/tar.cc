// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/tar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "mho/io/file.h"
#include "mho/io/scan.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// POSIX.1-2017, pax, "ustar Interchange Format".
constexpr size_t kBlock = 512;
struct HeaderField {
    size_t offset;
    size_t length;
};
constexpr HeaderField kName{0, 100};
constexpr HeaderField kSize{124, 12};
constexpr HeaderField kChecksum{148, 8};
constexpr size_t kType = 156;
constexpr HeaderField kMagic{257, 8};
constexpr HeaderField kPrefix{345, 155};

class Reader {
  public:
    Reader(std::string_view bytes, const std::string& origin) : bytes_(bytes), origin_(origin) {}

    std::map<std::string, std::string> read() {
        std::map<std::string, std::string> files;
        std::string long_name;
        while (true) {
            const std::string_view header = take(kBlock, "a header");
            if (is_zero(header)) {
                if (!is_zero(take(kBlock, "the end mark"))) {
                    fail("one zero block where the end mark has two");
                }
                return files;
            }
            check(header);
            const std::string name = long_name.empty() ? name_of(header) : long_name;
            const char type = header[kType];
            const uint64_t size = number(header, kSize, name);
            const std::string_view content = take_padded(size, name);
            long_name.clear();
            if (type == '0' || type == '\0') {
                if (!files.emplace(name, content).second) {
                    fail(fmt::format("`{}` appears twice", excerpt(name)));
                }
            } else if (type == 'x') {
                long_name = pax_path(content);
            } else if (type != '5' && type != 'g') {
                fail(fmt::format("`{}` has type `{}`; only files and folders are read",
                                 excerpt(name),
                                 excerpt(std::string_view(&type, 1))));
            }
        }
    }

  private:
    [[noreturn]] void fail(std::string_view reason) const {
        throw IoError(fmt::format(
            "`{}` is not a readable tar archive: {}, before byte {}", origin_, reason, position_));
    }

    std::string_view take(uint64_t size, std::string_view what) {
        if (size > bytes_.size() - position_) {
            fail(fmt::format("truncated in {}", what));
        }
        const std::string_view piece = bytes_.substr(position_, static_cast<size_t>(size));
        position_ += piece.size();
        return piece;
    }

    std::string_view take_padded(uint64_t size, const std::string& name) {
        const std::string_view piece = take(size, excerpt(name));
        take((kBlock - piece.size() % kBlock) % kBlock, excerpt(name));
        return piece;
    }

    static bool is_zero(std::string_view block) {
        return block.find_first_not_of('\0') == std::string_view::npos;
    }

    static std::string_view text(std::string_view header, HeaderField field) {
        const std::string_view whole = header.substr(field.offset, field.length);
        return whole.substr(0, whole.find('\0'));
    }

    /// Octal digits, perhaps with blanks around.
    uint64_t number(std::string_view header, HeaderField field, std::string_view name) const {
        const std::string_view digits = trim(text(header, field));
        uint64_t value = 0;
        for (const char c : digits) {
            if (c < '0' || c > '7') {
                fail(fmt::format("`{}` has a bad octal number in its header", excerpt(name)));
            }
            value = value << 3 | static_cast<uint64_t>(c - '0');  // at most 12 digits: 36 bits
        }
        return value;
    }

    void check(std::string_view header) const {
        if (!header.substr(kMagic.offset).starts_with("ustar")) {
            fail("no `ustar` mark in a header");
        }
        // The sum of all header bytes, those of the checksum itself counted as blanks.
        uint64_t sum = 0;
        for (size_t i = 0; i < kBlock; i++) {
            const bool own = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.length;
            sum += own ? static_cast<uint8_t>(' ') : static_cast<uint8_t>(header[i]);
        }
        if (sum != number(header, kChecksum, "checksum")) {
            fail("a header has a wrong checksum");
        }
    }

    static std::string name_of(std::string_view header) {
        const std::string name(text(header, kName));
        // GNU tar ends its mark with blanks and keeps times where POSIX has the prefix.
        const bool posix = header[kMagic.offset + 5] == '\0';
        const std::string_view prefix = posix ? text(header, kPrefix) : std::string_view();
        return prefix.empty() ? name : std::string(prefix) + "/" + name;
    }

    /// The `path` of a pax header, or "". Records are "LENGTH KEY=VALUE\n", LENGTH counting all of
    /// it.
    std::string pax_path(std::string_view records) const {
        std::string path;
        while (!records.empty()) {
            const size_t blank = records.find(' ');
            const std::optional<uint64_t> length = blank == std::string_view::npos
                                                       ? std::nullopt
                                                       : parse_index(records.substr(0, blank));
            if (!length || *length < blank + 3 || *length > records.size() ||
                records[static_cast<size_t>(*length) - 1] != '\n') {
                fail("a malformed pax header");
            }
            const std::string_view record =
                records.substr(blank + 1, static_cast<size_t>(*length) - blank - 2);
            if (record.starts_with("path=")) {
                path = record.substr(5);
            } else if (record.starts_with("size=") || record.starts_with("GNU.sparse")) {
                fail("files of 8 GiB and sparse files are not supported");
            }
            records.remove_prefix(static_cast<size_t>(*length));
        }
        return path;
    }

    std::string_view bytes_;
    const std::string& origin_;
    size_t position_ = 0;
};

}  // namespace

std::map<std::string, std::string> parse_tar(std::string_view bytes, const std::string& origin) {
    return Reader(bytes, origin).read();
}

std::map<std::string, std::string> read_tar(const std::string& path) {
    return parse_tar(read_maybe_compressed(path), path);
}

}  // namespace mho
