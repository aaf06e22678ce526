// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/io/arff.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "mho/io/file.h"
#include "mho/io/scan.h"
#include "mho/io/table_builder.h"
#include "mho/util/error.h"

namespace mho {
namespace {

struct Attribute {
    std::string name;
    bool numeric = false;
    bool nominal = false;
    std::vector<std::string> values;  // of a nominal attribute
};

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return result;
}

bool is_quote(char c) {
    return c == '\'' || c == '"';
}

std::string_view unquoted(std::string_view text) {
    const bool quoted = text.size() >= 2 && is_quote(text[0]) && text.back() == text[0];
    return quoted ? text.substr(1, text.size() - 2) : text;
}

class ArffParser {
  public:
    ArffParser(std::string_view text, const std::string& origin)
        : origin_(origin), lines_(text), builder_(origin) {}

    LabelledTable parse() {
        read_declarations();
        std::vector<std::string> names;
        for (size_t i = 0; i + 1 < attributes_.size(); i++) {
            names.push_back(attributes_[i].name);
        }
        read_rows();
        return builder_.finish(std::move(names));
    }

  private:
    [[noreturn]] void fail(std::string_view reason) const {
        throw IoError(fmt::format("`{}`, line {}: {}", origin_, lines_.number(), reason));
    }

    /// The next line that is neither blank nor a comment.
    bool next(std::string_view& line) {
        while (lines_.next(line)) {
            line = trim(line);
            if (!line.empty() && line[0] != '%') {
                return true;
            }
        }
        return false;
    }

    void read_declarations() {
        std::string_view line;
        while (next(line)) {
            const std::string keyword = lower(split_blanks(line)[0]);
            if (keyword == "@data") {
                check_attributes();
                return;
            }
            if (keyword == "@attribute") {
                attributes_.push_back(read_attribute(trim(line.substr(keyword.size()))));
            } else if (keyword != "@relation") {
                fail(fmt::format("`{}` is not @relation, @attribute or @data", excerpt(keyword)));
            }
        }
        fail("the end of the file before @data");
    }

    Attribute read_attribute(std::string_view text) const {
        Attribute attribute;
        size_t end = std::min(text.find_first_of(" \t{"), text.size());
        if (!text.empty() && is_quote(text[0])) {
            const size_t close = text.find(text[0], 1);
            if (close == std::string_view::npos) {
                fail("a quote is not closed");
            }
            end = close + 1;
        }
        attribute.name = unquoted(text.substr(0, end));
        const std::string_view type = trim(text.substr(end));
        if (attribute.name.empty() || type.empty()) {
            fail("@attribute needs a name and a type");
        }
        const std::string kind = lower(type);
        if (type[0] == '{') {
            if (type.back() != '}') {
                fail("the list of values is not closed by }");
            }
            attribute.nominal = true;
            for (const std::string_view value : split(type.substr(1, type.size() - 2), ',')) {
                attribute.values.emplace_back(unquoted(value));
            }
            std::sort(attribute.values.begin(), attribute.values.end());
        } else if (kind == "numeric" || kind == "real" || kind == "integer") {
            attribute.numeric = true;
        } else if (kind != "string") {
            fail(fmt::format("the type `{}` is not numeric, real, integer, string or {{...}}",
                             excerpt(type)));
        }
        return attribute;
    }

    void check_attributes() const {
        if (attributes_.size() < 2) {
            fail("at least one feature and a label must be declared before @data");
        }
        for (size_t i = 0; i + 1 < attributes_.size(); i++) {
            if (!attributes_[i].numeric) {
                fail(fmt::format(
                    "attribute `{}` is not numeric; only the last one, the label, may be "
                    "something else",
                    excerpt(attributes_[i].name)));
            }
        }
    }

    void read_rows() {
        std::string_view line;
        while (next(line)) {
            if (line[0] == '{') {
                fail("a sparse row; only dense rows are read");
            }
            std::vector<std::string_view> fields = split(line, ',');
            if (fields.size() != attributes_.size()) {
                fail(fmt::format("{} values, but {} attributes are declared",
                                 fields.size(),
                                 attributes_.size()));
            }
            if (std::find(fields.begin(), fields.end(), "?") != fields.end()) {
                fail("a missing value (?)");
            }
            fields.back() = unquoted(fields.back());
            const Attribute& label = attributes_.back();
            if (label.nominal &&
                !std::binary_search(label.values.begin(), label.values.end(), fields.back())) {
                fail(fmt::format("`{}` is not a declared value of `{}`",
                                 excerpt(fields.back()),
                                 excerpt(label.name)));
            }
            builder_.add_row(fields, fields.size() - 1, lines_.number());
        }
    }

    const std::string& origin_;
    LineScanner lines_;
    TableBuilder builder_;
    std::vector<Attribute> attributes_;
};

}  // namespace

LabelledTable parse_arff(std::string_view text, const std::string& origin) {
    return ArffParser(text, origin).parse();
}

LabelledTable read_arff(const std::string& path) {
    return parse_arff(read_maybe_compressed(path, kMaxTextBytes), path);
}

}  // namespace mho
