// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/parameter_sources.h"

#include <map>
#include <string>
#include <utility>

namespace mho {
namespace {

struct KindSource {
    const char* section;  // what the path must hold before the kind
    const char* kind;
    const char* source;
};

// Whole models; single parameters of other origin say so themselves. Formulas of all of them with
// their sources are in docs/models.
constexpr const char* kSimulator = "Rasch et al., AICAS 2021, arXiv 2104.02184";
constexpr const char* kOnlineLearning = "Rasch et al., Nat. Commun. 15, 7133 (2024)";
constexpr const char* kResponses = "Wu et al., arXiv 2502.06309";
constexpr const char* kTiki = "Gokmen and Haensch, Front. Neurosci. 14, 103 (2020)";
constexpr const char* kMilestones = "Rasch et al., Nat. Commun. 14, 5282 (2023), arXiv 2302.08469";

const KindSource kKinds[] = {
    {"", "<linear step>", "Li et al., VLSI 2018; Tang et al., IEDM 2018"},
    {"", "<soft bounds>", "Frascaroli et al., Sci. Rep. 8, 7178 (2018)"},
    {"", "<soft bounds, reference>", kOnlineLearning},
    {"", "<soft bounds, p_max>", kSimulator},
    {"", "<exponential step>", "Gong et al., Nat. Commun. 9, 2102 (2018)"},
    {"", "<power step>", kSimulator},
    {"", "<power step, reference>", kSimulator},
    {"", "<piecewise step>", kSimulator},
    {"", "<hidden step>", kSimulator},
    {"", "<constant step>", "Gokmen and Vlasov, Front. Neurosci. 10, 333 (2016)"},
    {"", "<power response>", kResponses},
    {"", "<exponential response>", kResponses},
    {"", "<measured step>", "mho: a table of measured steps"},
    {"", "<user step>", "mho: a law of the user's own"},
    {"", "<vector cell>", "Boybat et al., Nat. Commun. 9, 2514 (2018)"},
    {"", "<one-sided>", "Boybat et al., Nat. Commun. 9, 2514 (2018)"},
    {"", "<reference pair>", kSimulator},
    {"", "<tiki-taka>", kTiki},
    {"", "<tiki-taka v2>", "Gokmen, Front. Artif. Intell. 4, 699148 (2021)"},
    {"", "<chopped tiki-taka>", kOnlineLearning},
    {"", "<agad>", kOnlineLearning},
    {"", "<residual learning>", kResponses},
    {"", "<mixed precision>", "Nandakumar et al., Front. Neurosci. 14, 406 (2020)"},
    {"learner", ".update", "Gokmen and Vlasov, Front. Neurosci. 10, 333 (2016)"},
    {"conductance", "<state independent>", kMilestones},
    {"conductance", "<pcm>", "Joshi et al., Nat. Commun. 11, 2473 (2020)"},
    {"conductance", "<pcm custom drift>", "Joshi et al., Nat. Commun. 11, 2473 (2020)"},
    {"conductance", "<hermes>", "Le Gallo et al., Nature Electronics 6, 680 (2023)"},
    {"conductance", "<reram wan 2022>", "Wan et al., Nature 608, 504 (2022)"},
    {"conductance", "<user>", "mho: a law of the user's own"},
    {"converter", "<user>", "mho: a law of the user's own"},
};

// `learning.rules[].learner<agad>.tail` -> `learning.rules[].learner<agad>` -> ... -> "".
std::string parent_of(const std::string& path) {
    if (path.ends_with("[]")) {
        return path.substr(0, path.size() - 2);
    }
    if (path.ends_with('>')) {
        return path.substr(0, path.rfind('<'));
    }
    // Kinds may hold dots no more than commas, so the last dot is one between names.
    const size_t dot = path.rfind('.');
    return dot == std::string::npos ? std::string() : path.substr(0, dot);
}

// Of the kind that stands last in the path.
std::string kind_source(const std::string& path) {
    size_t last = 0;
    std::string source;
    for (const KindSource& k : kKinds) {
        const size_t at = path.rfind(k.kind);
        if (at != std::string::npos && path.find(k.section) <= at && at >= last) {
            last = at;
            source = k.source;
        }
    }
    return source;
}

}  // namespace

void fill_sources(std::vector<Parameter>& parameters) {
    std::map<std::string, std::string> own;
    for (const Parameter& p : parameters) {
        own[p.path] = p.source;
    }
    for (Parameter& p : parameters) {
        if (!p.source.empty()) {
            continue;
        }
        p.source = kind_source(p.path);
        for (std::string above = parent_of(p.path); p.source.empty() && !above.empty();
             above = parent_of(above)) {
            const auto found = own.find(above);
            p.source = found != own.end() ? found->second : "";
        }
        if (p.source.empty()) {
            p.source = "mho";
        }
    }
}

}  // namespace mho
