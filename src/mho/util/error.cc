// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/util/error.h"

#include <algorithm>
#include <numeric>

namespace mho {
namespace {

std::string list_problems(const std::vector<Problem>& problems) {
    std::string text;
    for (const Problem& p : problems) {
        if (!text.empty()) {
            text += "\n";
        }
        text += p.path.empty() ? p.message : p.path + ": " + p.message;
    }
    return text;
}

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 0; i < a.size(); i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.size(); j++) {
            const size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j + 1] + 1, row[j] + 1, substituted});
        }
    }
    return row[b.size()];
}

}  // namespace

ConfigError::ConfigError(std::vector<Problem> problems)
    : Error(list_problems(problems)), problems_(std::move(problems)) {}

ConfigError::ConfigError(std::string path, std::string message)
    : ConfigError(std::vector<Problem>{{std::move(path), std::move(message)}}) {}

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
    std::string best;
    // Half the letters wrong is no longer a typing error.
    size_t best_distance = std::max<size_t>(2, name.size() / 2);
    for (const std::string& candidate : known) {
        const size_t distance = edit_distance(name, candidate);
        if (distance < best_distance || (distance == best_distance && best.empty())) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
    const std::string near = nearest_name(name, known);
    if (!near.empty()) {
        return ", did you mean `" + near + "`?";
    }
    std::string text = "; known: ";
    for (size_t i = 0; i < known.size(); i++) {
        text += (i ? ", " : "") + known[i];
    }
    return text;
}

std::string join_path(std::string_view parent, std::string_view child) {
    return parent.empty() ? std::string(child) : std::string(parent) + "." + std::string(child);
}

}  // namespace mho
