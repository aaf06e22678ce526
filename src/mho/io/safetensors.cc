// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "mho/io/file.h"
#include "mho/util/error.h"
#include "mho/util/json_message.h"

namespace mho {
namespace {

static_assert(std::endian::native == std::endian::little, "data is copied as little-endian");

constexpr size_t kLengthBytes = 8;
// The format itself allows 100 MB; 32 MiB describe some 300,000 tensors, and parsed JSON takes tens
// of times its text.
constexpr uint64_t kMaxHeaderBytes = uint64_t{32} << 20;
constexpr const char* kMetadata = "__metadata__";

// Not the ordered Json of util/json.h, whose insertion takes time linear in the number of keys: a
// hostile header of a million names would take hours.
using Header = nlohmann::json;

/// Throws Header::exception for malformed text, IoError for a key that appears twice in an object.
Header parse_header(std::string_view text, const std::string& origin) {
    std::vector<std::set<std::string>> keys_of_open_objects;
    return Header::parse(text, [&](int, Header::parse_event_t event, Header& parsed) {
        if (event == Header::parse_event_t::object_start) {
            keys_of_open_objects.emplace_back();
        } else if (event == Header::parse_event_t::object_end) {
            keys_of_open_objects.pop_back();
        } else if (event == Header::parse_event_t::key) {
            const std::string key = parsed.get<std::string>();
            if (!keys_of_open_objects.back().insert(key).second) {
                throw IoError(
                    fmt::format("`{}` is not a valid safetensors file: the name `{}` appears twice",
                                origin,
                                key));
            }
        }
        return true;
    });
}

template <class T>
T load(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
}

/// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits.
float half_to_float(uint16_t bits) {
    const int exponent = (bits >> 10) & 31;
    const int fraction = bits & 1023;
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
    if (exponent == 31) {
        return std::bit_cast<float>(sign | 0x7f800000u | static_cast<uint32_t>(fraction) << 13);
    }
    const float magnitude = exponent == 0
                                ? std::ldexp(static_cast<float>(fraction), -24)
                                : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
}

struct Dtype {
    const char* name;
    size_t bytes;
    float (*convert)(const char*);
};

constexpr Dtype kDtypes[] = {
    {"F32", 4, [](const char* p) { return load<float>(p); }},
    {"F64", 8, [](const char* p) { return static_cast<float>(load<double>(p)); }},
    {"F16", 2, [](const char* p) { return half_to_float(load<uint16_t>(p)); }},
    // bfloat16 is the upper half of a float.
    {"BF16",
     2,
     [](const char* p) {
         return std::bit_cast<float>(static_cast<uint32_t>(load<uint16_t>(p)) << 16);
     }},
    {"I64", 8, [](const char* p) { return static_cast<float>(load<int64_t>(p)); }},
    {"I32", 4, [](const char* p) { return static_cast<float>(load<int32_t>(p)); }},
    {"U8", 1, [](const char* p) { return static_cast<float>(load<uint8_t>(p)); }},
};

/// One header entry, checked in itself but not yet against its neighbours.
struct HeaderEntry {
    std::string name;
    const Dtype* dtype = nullptr;
    std::vector<size_t> shape;
    uint64_t begin = 0;
    uint64_t end = 0;
};

class HeaderParser {
  public:
    HeaderParser(std::string_view bytes, const std::string& origin)
        : bytes_(bytes), origin_(origin) {}

    SafeTensors parse() {
        const Header header = read_header();
        std::vector<HeaderEntry> entries;
        SafeTensors result;
        for (const auto& [name, value] : header.items()) {
            if (name == kMetadata) {
                read_metadata(value, result);
            } else {
                entries.push_back(read_entry(name, value));
            }
        }
        check_layout(entries);
        for (HeaderEntry& entry : entries) {
            result.tensors.emplace(entry.name, read_values(entry));
        }
        return result;
    }

  private:
    [[noreturn]] void fail(std::string_view reason) const {
        throw IoError(fmt::format("`{}` is not a valid safetensors file: {}", origin_, reason));
    }
    [[noreturn]] void fail(const std::string& tensor, std::string_view reason) const {
        fail(fmt::format("tensor `{}`: {}", tensor, reason));
    }

    Header read_header() {
        if (bytes_.size() < kLengthBytes) {
            fail(fmt::format("it has {} bytes, too few for the header length", bytes_.size()));
        }
        uint64_t length = 0;
        std::memcpy(&length, bytes_.data(), kLengthBytes);
        if (length > bytes_.size() - kLengthBytes) {
            fail(fmt::format("the header should have {} bytes, but only {} follow",
                             length,
                             bytes_.size() - kLengthBytes));
        }
        if (length > kMaxHeaderBytes) {
            fail(fmt::format("a header of {} bytes (at most {})", length, kMaxHeaderBytes));
        }
        const std::string_view text = bytes_.substr(kLengthBytes, static_cast<size_t>(length));
        data_ = bytes_.substr(kLengthBytes + static_cast<size_t>(length));
        if (!text.starts_with('{')) {
            fail("the header does not begin with {");
        }
        try {
            return parse_header(text, origin_);
        } catch (const Header::exception& e) {
            fail(fmt::format("the header is not JSON: {}", plain_json_message(e.what())));
        }
    }

    void read_metadata(const Header& value, SafeTensors& result) const {
        if (!value.is_object()) {
            fail("`__metadata__` is not an object");
        }
        for (const auto& [key, text] : value.items()) {
            if (!text.is_string()) {
                fail(fmt::format("`__metadata__.{}` is not a string", key));
            }
            result.metadata.emplace(key, text.get<std::string>());
        }
    }

    const Header& member(const std::string& name, const Header& value, const char* key) const {
        const auto found = value.find(key);
        if (found == value.end()) {
            fail(name, fmt::format("`{}` is missing", key));
        }
        return *found;
    }

    uint64_t whole_number(const std::string& name, const Header& value, const char* key) const {
        if (!value.is_number_unsigned()) {
            fail(name, fmt::format("`{}` must hold whole numbers from 0", key));
        }
        return value.get<uint64_t>();
    }

    HeaderEntry read_entry(const std::string& name, const Header& value) const {
        if (!value.is_object()) {
            fail(name, "its entry is not an object");
        }
        if (value.size() != 3) {
            fail(name, "its entry must have exactly `dtype`, `shape` and `data_offsets`");
        }
        HeaderEntry entry;
        entry.name = name;
        entry.dtype = read_dtype(name, member(name, value, "dtype"));
        const Header& shape = member(name, value, "shape");
        const Header& offsets = member(name, value, "data_offsets");
        if (!shape.is_array() || !offsets.is_array() || offsets.size() != 2) {
            fail(name, "`shape` must be a list and `data_offsets` a list of two");
        }
        for (const Header& extent : shape) {
            entry.shape.push_back(whole_number(name, extent, "shape"));
        }
        entry.begin = whole_number(name, offsets[0], "data_offsets");
        entry.end = whole_number(name, offsets[1], "data_offsets");
        if (entry.begin > entry.end || entry.end > data_.size()) {
            fail(name,
                 fmt::format("data_offsets [{}, {}] do not fit the {} bytes of data",
                             entry.begin,
                             entry.end,
                             data_.size()));
        }
        const std::optional<size_t> count = shape_count(entry.shape);
        size_t wanted = 0;
        if (!count || __builtin_mul_overflow(*count, entry.dtype->bytes, &wanted) ||
            wanted != entry.end - entry.begin) {
            fail(name,
                 fmt::format("shape {} of {} does not have the {} bytes of its data_offsets",
                             shape_text(entry.shape),
                             entry.dtype->name,
                             entry.end - entry.begin));
        }
        return entry;
    }

    const Dtype* read_dtype(const std::string& name, const Header& value) const {
        if (!value.is_string()) {
            fail(name, "`dtype` is not a string");
        }
        const std::string wanted = value.get<std::string>();
        std::string known;
        for (const Dtype& dtype : kDtypes) {
            if (wanted == dtype.name) {
                return &dtype;
            }
            known += known.empty() ? dtype.name : std::string(", ") + dtype.name;
        }
        fail(name, fmt::format("dtype `{}` is not one of {}", wanted, known));
    }

    /// Entries may come in any order, but must tile the data.
    void check_layout(std::vector<HeaderEntry>& entries) const {
        std::sort(entries.begin(), entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) {
            return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
        });
        uint64_t expected = 0;
        for (const HeaderEntry& entry : entries) {
            if (entry.begin != expected) {
                fail(entry.name,
                     fmt::format("its data begin at {}, {} the previous tensor's end {}",
                                 entry.begin,
                                 entry.begin < expected ? "before" : "behind a gap after",
                                 expected));
            }
            expected = entry.end;
        }
        if (expected != data_.size()) {
            fail(fmt::format(
                "the tensors end at byte {} of {} bytes of data; truncated or appended to",
                expected,
                data_.size()));
        }
    }

    Tensor read_values(HeaderEntry& entry) const {
        const char* from = data_.data() + entry.begin;
        std::vector<float> values((entry.end - entry.begin) / entry.dtype->bytes);
        for (float& value : values) {
            value = entry.dtype->convert(from);
            from += entry.dtype->bytes;
        }
        return Tensor{std::move(entry.shape), std::move(values)};
    }

    std::string_view bytes_;
    const std::string& origin_;
    std::string_view data_;
};

/// A JSON string literal.
std::string quoted(const std::string& text) {
    try {
        return Header(text).dump();
    } catch (const Header::exception&) {
        throw InputError("a name or text for a safetensors file is not valid UTF-8");
    }
}

}  // namespace

const Tensor& SafeTensors::at(std::string_view name) const {
    const auto found = tensors.find(std::string(name));
    if (found != tensors.end()) {
        return found->second;
    }
    std::vector<std::string> known;
    known.reserve(tensors.size());
    for (const auto& [each, tensor] : tensors) {
        known.push_back(each);
    }
    throw InputError(fmt::format("there is no tensor `{}`{}", name, suggestion(name, known)));
}

SafeTensors parse_safetensors(std::string_view bytes, const std::string& origin) {
    return HeaderParser(bytes, origin).parse();
}

SafeTensors read_safetensors(const std::string& path) {
    // Not decompressed: a header length may look like the magic bytes of gzip.
    return parse_safetensors(read_file(path), path);
}

std::string format_safetensors(const SafeTensors& content) {
    std::string header = "{";
    if (!content.metadata.empty()) {
        header += fmt::format("\"{}\":{{", kMetadata);
        for (const auto& [key, text] : content.metadata) {
            header += header.back() == '{' ? "" : ",";
            header += quoted(key) + ":" + quoted(text);
        }
        header += "}";
    }
    size_t offset = 0;
    for (const auto& [name, tensor] : content.tensors) {
        if (name == kMetadata) {
            throw InputError("a tensor cannot be named `__metadata__`: the name is reserved");
        }
        if (tensor.count() != tensor.values.size()) {
            throw InputError(fmt::format("tensor `{}` of shape {} has {} values",
                                         name,
                                         shape_text(tensor.shape),
                                         tensor.values.size()));
        }
        const size_t end = offset + tensor.values.size() * sizeof(float);
        std::string shape;
        for (const size_t extent : tensor.shape) {
            shape += fmt::format("{}{}", shape.empty() ? "" : ",", extent);
        }
        header += header.size() == 1 ? "" : ",";
        header += fmt::format(R"({}:{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}})",
                              quoted(name),
                              shape,
                              offset,
                              end);
        offset = end;
    }
    header += "}";
    // The data begin at a multiple of 8, so that a memory map can be read as numbers.
    header.append((8 - header.size() % 8) % 8, ' ');

    std::string bytes(kLengthBytes + header.size() + offset, '\0');
    const uint64_t length = header.size();
    std::memcpy(bytes.data(), &length, kLengthBytes);
    std::memcpy(bytes.data() + kLengthBytes, header.data(), header.size());
    char* to = bytes.data() + kLengthBytes + header.size();
    for (const auto& [name, tensor] : content.tensors) {
        if (!tensor.values.empty()) {
            std::memcpy(to, tensor.values.data(), tensor.values.size() * sizeof(float));
            to += tensor.values.size() * sizeof(float);
        }
    }
    return bytes;
}

void write_safetensors(const std::string& path, const SafeTensors& content) {
    write_file_atomically(path, format_safetensors(content));
}

}  // namespace mho
