// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_XML_CHECK_H
#define MHO_REPORT_XML_CHECK_H

// For tests: a small check that a text is well-formed, and readers of what it holds.

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace mho {

/// "" when every tag is closed in order, attributes are quoted and unique, and `<` and `&` occur as
/// markup only; else what is wrong. A leading <!DOCTYPE ...> and the text of <style> are skipped.
inline std::string xml_problem(std::string_view text) {
    std::vector<std::string> open;
    size_t roots = 0;
    const auto near = [&](size_t at) { return " near `" + std::string(text.substr(at, 60)) + "`"; };
    const auto bad_entity = [&](std::string_view part) {
        for (size_t at = part.find('&'); at != part.npos; at = part.find('&', at + 1)) {
            const size_t end = part.find(';', at);
            const std::string_view name = end == part.npos ? "" : part.substr(at + 1, end - at - 1);
            if (name != "amp" && name != "lt" && name != "gt" && name != "quot" && name != "#39") {
                return true;
            }
        }
        return false;
    };
    size_t at = text.starts_with("<!DOCTYPE") ? text.find('>') + 1 : 0;
    while (at < text.size()) {
        const size_t tag = text.find('<', at);
        const std::string_view content = text.substr(at, tag == text.npos ? tag : tag - at);
        if (bad_entity(content)) {
            return "bad entity" + near(at);
        }
        if (content.find('>') != content.npos) {
            return "unescaped >" + near(at);
        }
        if (open.empty() && content.find_first_not_of(" \n") != content.npos) {
            return "text outside of the root" + near(at);
        }
        if (tag == text.npos) {
            break;
        }
        size_t i = tag + 1;
        const bool closing = i < text.size() && text[i] == '/';
        i += closing ? 1 : 0;
        const size_t name_begin = i;
        while (i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) != 0)) {
            i++;
        }
        const std::string name(text.substr(name_begin, i - name_begin));
        if (name.empty()) {
            return "no tag name" + near(tag);
        }
        std::vector<std::string> attributes;
        bool self_closing = false;
        for (;;) {
            while (i < text.size() && (text[i] == ' ' || text[i] == '\n')) {
                i++;
            }
            if (i >= text.size()) {
                return "tag without end" + near(tag);
            }
            if (text[i] == '>') {
                break;
            }
            if (text[i] == '/' && i + 1 < text.size() && text[i + 1] == '>') {
                self_closing = true;
                i++;
                break;
            }
            const size_t quote = text.find("=\"", i);
            const size_t end = quote == text.npos ? quote : text.find('"', quote + 2);
            if (end == text.npos) {
                return "attribute without quotes" + near(tag);
            }
            const std::string attribute(text.substr(i, quote - i));
            if (attribute.find_first_of(" <>/\"'") != attribute.npos) {
                return "attribute name `" + attribute + "`" + near(tag);
            }
            for (const std::string& other : attributes) {
                if (other == attribute) {
                    return "attribute twice" + near(tag);
                }
            }
            attributes.push_back(attribute);
            const std::string_view value = text.substr(quote + 2, end - quote - 2);
            if (value.find('<') != value.npos || bad_entity(value)) {
                return "bad attribute value" + near(tag);
            }
            i = end + 1;
        }
        at = i + 1;
        if (closing) {
            if (open.empty() || open.back() != name) {
                return "</" + name + "> closes nothing" + near(tag);
            }
            open.pop_back();
        } else if (!self_closing) {
            roots += open.empty() ? 1 : 0;
            open.push_back(name);
            if (name == "style") {
                at = std::min(text.find("</style>", at), text.size());
            }
        } else {
            roots += open.empty() ? 1 : 0;
        }
    }
    if (!open.empty()) {
        return "<" + open.back() + "> stays open";
    }
    return roots == 1 ? "" : std::to_string(roots) + " root elements";
}

inline size_t count_of(std::string_view text, std::string_view part) {
    size_t n = 0;
    for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) {
        n++;
    }
    return n;
}

/// The numbers of every attribute `name`, in order: numbers_of(svg, "cx").
inline std::vector<double> numbers_of(std::string_view text, std::string_view name) {
    std::vector<double> out;
    const std::string key = " " + std::string(name) + "=\"";
    for (size_t at = text.find(key); at != text.npos; at = text.find(key, at + 1)) {
        out.push_back(std::stod(std::string(text.substr(at + key.size(), 24))));
    }
    return out;
}

/// True when a coordinate (the value of a geometry attribute) holds "nan" or "inf".
inline bool has_bad_coordinate(std::string_view svg) {
    for (const char* name :
         {"x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "d", "viewBox"}) {
        const std::string key = " " + std::string(name) + "=\"";
        for (size_t at = svg.find(key); at != svg.npos; at = svg.find(key, at + 1)) {
            const size_t begin = at + key.size();
            const std::string_view value = svg.substr(begin, svg.find('"', begin) - begin);
            if (value.find("nan") != value.npos || value.find("inf") != value.npos) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace mho

#endif  // MHO_REPORT_XML_CHECK_H
