// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_TREE_H
#define MHO_COST_TREE_H

#include <string>
#include <vector>

namespace mho::cost {

/// A number that says how it came about: the value, the formula that gave it, where formula or
/// number are published, and the numbers that went into it.
struct Node {
    std::string name;
    double value = 0.0;
    std::string unit;     // of the value: "pJ", "ns", "um2", "1"
    std::string formula;  // "sum of the parts", "64 outputs x 1 conversion x 0.85 pJ", ...
    std::string source;   // paper, tool or "run file"; empty where the parts carry theirs
    std::vector<Node> parts;
};

/// The formula of a node whose value is the sum of its parts.
inline constexpr const char* kSum = "sum of the parts";

/// A number taken as it is.
Node value(std::string name, double value, std::string unit, std::string source);

/// Adds up parts of the same unit.
Node sum(std::string name, std::string unit, std::vector<Node> parts);

/// The first part of that name below `node`; nullptr if there is none.
const Node* find(const Node& node, const std::string& name);

/// Numbers of a formula, four significant digits: "0.8473", "1.2e-05".
std::string number(double value);

/// The tree as indented lines, one for each number:
///   name  value unit  = formula  [source]
std::string to_text(const Node& root);

}  // namespace mho::cost

#endif  // MHO_COST_TREE_H
