// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/decompress.h"

#include <bzlib.h>
#include <fmt/format.h>
#include <lzma.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "mho/util/error.h"

namespace mho {
namespace {

constexpr uint64_t kXzMemoryLimit = uint64_t{256} << 20;

[[noreturn]] void fail(const std::string& origin, const char* format, std::string_view reason) {
    throw IoError(fmt::format("`{}`: {} stream {}", origin, format, reason));
}

/// Collects the output portion by portion, so that a small file that expands without end (a "bomb")
/// is stopped at the limit instead of by the memory of the machine.
class Output {
  public:
    Output(const std::string& origin, uint64_t max_bytes)
        : origin_(origin), max_bytes_(max_bytes) {}

    char* portion() { return portion_.data(); }
    static constexpr size_t portion_size() { return kPortion; }
    void take(size_t count) {
        if (count > max_bytes_ - bytes_.size()) {
            throw IoError(fmt::format(
                "`{}`: decompresses to more than the {} bytes accepted here", origin_, max_bytes_));
        }
        bytes_.append(portion_.data(), count);
    }
    std::string finish() { return std::move(bytes_); }

  private:
    static constexpr size_t kPortion = size_t{1} << 16;
    const std::string& origin_;
    uint64_t max_bytes_;
    std::string bytes_;
    std::array<char, kPortion> portion_;
};

/// zlib and bzip2 count input in 32 bits.
unsigned next_count(std::string_view rest) {
    return static_cast<unsigned>(
        std::min<size_t>(rest.size(), std::numeric_limits<unsigned>::max() / 2));
}

std::string gunzip(std::string_view bytes, const std::string& origin, uint64_t max_bytes) {
    constexpr const char* kFormat = "gzip";
    z_stream stream{};
    // 15: the largest window; + 16: gzip header and checksum instead of zlib's.
    if (inflateInit2(&stream, 15 + 16) != Z_OK) {
        fail(origin, kFormat, "cannot be opened: out of memory");
    }
    struct Closer {
        z_stream* s;
        ~Closer() { inflateEnd(s); }
    } const closer{&stream};

    Output output(origin, max_bytes);
    std::string_view rest = bytes;
    while (true) {
        const unsigned offered = next_count(rest);
        // zlib never writes through next_in; its declaration is older than const.
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
        stream.avail_in = offered;
        stream.next_out = reinterpret_cast<Bytef*>(output.portion());
        stream.avail_out = static_cast<unsigned>(Output::portion_size());
        const int code = inflate(&stream, Z_NO_FLUSH);
        rest.remove_prefix(offered - stream.avail_in);
        const size_t produced = Output::portion_size() - stream.avail_out;
        output.take(produced);
        if (code == Z_STREAM_END) {
            // Tapes and some writers pad with zeros; gzip ignores them as well.
            if (rest.find_first_not_of('\0') == std::string_view::npos) {
                return output.finish();
            }
            if (compression_of(rest) != Compression::kGzip) {
                fail(origin, kFormat, "is followed by foreign bytes");
            }
            inflateReset(&stream);
        } else if (code == Z_BUF_ERROR || (code == Z_OK && produced == 0 && rest.empty())) {
            fail(origin, kFormat, "is truncated");
        } else if (code != Z_OK) {
            fail(origin, kFormat, "is corrupt");
        }
    }
}

std::string bunzip2(std::string_view bytes, const std::string& origin, uint64_t max_bytes) {
    constexpr const char* kFormat = "bzip2";
    Output output(origin, max_bytes);
    std::string_view rest = bytes;
    do {
        if (compression_of(rest) != Compression::kBzip2) {
            fail(origin, kFormat, "is followed by foreign bytes");
        }
        bz_stream stream{};
        if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) {
            fail(origin, kFormat, "cannot be opened: out of memory");
        }
        struct Closer {
            bz_stream* s;
            ~Closer() { BZ2_bzDecompressEnd(s); }
        } const closer{&stream};
        int code = BZ_OK;
        while (code != BZ_STREAM_END) {
            const unsigned offered = next_count(rest);
            stream.next_in = const_cast<char*>(rest.data());
            stream.avail_in = offered;
            stream.next_out = output.portion();
            stream.avail_out = static_cast<unsigned>(Output::portion_size());
            code = BZ2_bzDecompress(&stream);
            const size_t consumed = offered - stream.avail_in;
            rest.remove_prefix(consumed);
            const size_t produced = Output::portion_size() - stream.avail_out;
            output.take(produced);
            if (code != BZ_OK && code != BZ_STREAM_END) {
                fail(origin, kFormat, "is corrupt");
            }
            // bzip2 has no code for a missing end: it just asks for more.
            if (code == BZ_OK && consumed == 0 && produced == 0) {
                fail(origin, kFormat, "is truncated");
            }
        }
    } while (!rest.empty());
    return output.finish();
}

std::string unxz(std::string_view bytes, const std::string& origin, uint64_t max_bytes) {
    constexpr const char* kFormat = "xz";
    lzma_stream stream = LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&stream, kXzMemoryLimit, LZMA_CONCATENATED) != LZMA_OK) {
        fail(origin, kFormat, "cannot be opened: out of memory");
    }
    struct Closer {
        lzma_stream* s;
        ~Closer() { lzma_end(s); }
    } const closer{&stream};

    Output output(origin, max_bytes);
    stream.next_in = reinterpret_cast<const uint8_t*>(bytes.data());
    stream.avail_in = bytes.size();
    while (true) {
        stream.next_out = reinterpret_cast<uint8_t*>(output.portion());
        stream.avail_out = Output::portion_size();
        // LZMA_FINISH: there is no more input, which also turns a missing end into LZMA_BUF_ERROR.
        const lzma_ret code = lzma_code(&stream, LZMA_FINISH);
        output.take(Output::portion_size() - stream.avail_out);
        switch (code) {
            case LZMA_OK:
                break;
            case LZMA_STREAM_END:
                return output.finish();
            case LZMA_BUF_ERROR:
                fail(origin, kFormat, "is truncated");
            case LZMA_MEMLIMIT_ERROR:
                fail(origin,
                     kFormat,
                     "needs a dictionary of more than 256 MiB; compress it with `xz -9` or less");
            case LZMA_OPTIONS_ERROR:
                fail(origin, kFormat, "uses a filter that this liblzma does not know");
            default:
                fail(origin, kFormat, "is corrupt");
        }
    }
}

}  // namespace

Compression compression_of(std::string_view bytes) {
    // RFC 1952: magic 1f 8b, method 8 (deflate, the only one ever defined).
    if (bytes.starts_with("\x1f\x8b\x08")) {
        return Compression::kGzip;
    }
    if (bytes.size() >= 4 && bytes.starts_with("BZh") && bytes[3] >= '1' && bytes[3] <= '9') {
        return Compression::kBzip2;
    }
    if (bytes.starts_with(std::string_view("\xfd"
                                           "7zXZ\0",
                                           6))) {
        return Compression::kXz;
    }
    return Compression::kNone;
}

std::string decompress(std::string_view bytes, const std::string& origin, uint64_t max_bytes) {
    switch (compression_of(bytes)) {
        case Compression::kGzip:
            return gunzip(bytes, origin, max_bytes);
        case Compression::kBzip2:
            return bunzip2(bytes, origin, max_bytes);
        case Compression::kXz:
            return unxz(bytes, origin, max_bytes);
        case Compression::kNone:
            break;
    }
    if (bytes.size() > max_bytes) {
        throw IoError(
            fmt::format("`{}` is larger than the {} bytes accepted here", origin, max_bytes));
    }
    return std::string(bytes);
}

}  // namespace mho
