// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/tree.h"

#include <fmt/format.h>

#include <utility>

namespace mho::cost {
namespace {

void append(const Node& node, const std::string& indent, std::string& text) {
    text += fmt::format("{}{}  {} {}", indent, node.name, number(node.value), node.unit);
    if (!node.formula.empty()) {
        text += "  = " + node.formula;
    }
    if (!node.source.empty()) {
        text += "  [" + node.source + "]";
    }
    text += "\n";
    for (const Node& part : node.parts) {
        append(part, indent + "  ", text);
    }
}

}  // namespace

Node value(std::string name, double value, std::string unit, std::string source) {
    return {std::move(name), value, std::move(unit), "", std::move(source), {}};
}

Node sum(std::string name, std::string unit, std::vector<Node> parts) {
    double total = 0.0;
    for (const Node& part : parts) {
        total += part.value;
    }
    return {std::move(name), total, std::move(unit), kSum, "", std::move(parts)};
}

const Node* find(const Node& node, const std::string& name) {
    for (const Node& part : node.parts) {
        if (part.name == name) {
            return &part;
        }
        if (const Node* below = find(part, name)) {
            return below;
        }
    }
    return nullptr;
}

std::string number(double value) {
    return fmt::format("{:.4g}", value);
}

std::string to_text(const Node& root) {
    std::string text;
    append(root, "", text);
    return text;
}

}  // namespace mho::cost
