// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/libsvm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "mho/io/file.h"
#include "mho/io/scan.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// A single line "1 4000000000:1" would otherwise ask for 32 GB.
constexpr uint64_t kMaxDenseNumbers = uint64_t{1} << 27;

struct SparseEntry {
    uint64_t index = 0;  // from 1
    double value = 0;
};

class LibsvmParser {
  public:
    LibsvmParser(std::string_view text, const std::string& origin, uint64_t features)
        : origin_(origin), lines_(text), features_(features) {}

    LabelledTable parse() {
        std::string_view line;
        while (lines_.next(line)) {
            const std::vector<std::string_view> parts =
                split_blanks(line.substr(0, line.find('#')));
            if (!parts.empty()) {
                read_row(parts);
            }
        }
        return dense_table();
    }

  private:
    [[noreturn]] void fail(std::string_view reason) const {
        throw IoError(fmt::format("`{}`, line {}: {}", origin_, lines_.number(), reason));
    }

    void read_row(const std::vector<std::string_view>& parts) {
        const std::optional<double> label = parse_number(parts[0]);
        if (!label || !std::isfinite(*label)) {
            fail(fmt::format("the label `{}` is not a finite number", excerpt(parts[0])));
        }
        labels_.push_back(number_text(*label));
        uint64_t previous = 0;
        for (size_t i = 1; i < parts.size(); i++) {
            const SparseEntry entry = read_entry(parts[i]);
            if (entry.index <= previous) {
                fail(fmt::format(
                    "index {} after {}; they must ascend from 1", entry.index, previous));
            }
            if (features_ != 0 && entry.index > features_) {
                fail(fmt::format(
                    "index {}, but only {} features are expected", entry.index, features_));
            }
            previous = entry.index;
            entries_.push_back(entry);
        }
        largest_ = std::max(largest_, previous);
        row_ends_.push_back(entries_.size());
    }

    SparseEntry read_entry(std::string_view text) const {
        const size_t colon = text.find(':');
        if (colon != std::string_view::npos) {
            const std::optional<uint64_t> index = parse_index(text.substr(0, colon));
            const std::optional<double> value = parse_number(text.substr(colon + 1));
            if (index && value && std::isfinite(*value)) {
                return {*index, *value};
            }
        }
        fail(fmt::format("`{}` is not index:value with a finite value", excerpt(text)));
    }

    LabelledTable dense_table() {
        const uint64_t columns = features_ != 0 ? features_ : largest_;
        if (row_ends_.empty() || columns == 0) {
            throw IoError(fmt::format("`{}` holds no examples with features", origin_));
        }
        if (columns > kMaxDenseNumbers / row_ends_.size()) {
            throw IoError(
                fmt::format("`{}`: {} examples of {} features are too many for a dense table "
                            "(at most 2^27 numbers)",
                            origin_,
                            row_ends_.size(),
                            columns));
        }
        LabelledTable table;
        table.labels = std::move(labels_);
        table.features = Matrix<double>(row_ends_.size(), static_cast<size_t>(columns));
        size_t next = 0;
        for (size_t r = 0; r < row_ends_.size(); r++) {
            for (; next < row_ends_[r]; next++) {
                const SparseEntry& entry = entries_[next];
                table.features(r, static_cast<size_t>(entry.index - 1)) = entry.value;
            }
        }
        return table;
    }

    const std::string& origin_;
    LineScanner lines_;
    uint64_t features_;
    uint64_t largest_ = 0;
    std::vector<std::string> labels_;
    std::vector<SparseEntry> entries_;
    std::vector<size_t> row_ends_;
};

}  // namespace

LabelledTable parse_libsvm(std::string_view text, const std::string& origin, size_t features) {
    return LibsvmParser(text, origin, features).parse();
}

LabelledTable read_libsvm(const std::string& path, size_t features) {
    return parse_libsvm(read_maybe_compressed(path, kMaxTextBytes), path, features);
}

}  // namespace mho
