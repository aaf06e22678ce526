// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0

// Every choice that a hardware file offers runs with the defaults of everything else. The choices
// come from the reflection lists, so that a new one is tested without an edit here.

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "mho/net/hardware_json.h"
#include "mho/net/presets.h"
#include "mho/net/test_support.h"
#include "mho/util/error.h"

namespace mho {
namespace {

// {"a": {"b": value}} of "a.b"; "a<model>.b" gives {"a": {"model": "model", "b": value}}.
Json nested(const std::string& path, const Json& value) {
    if (path.empty()) {
        return value;
    }
    const size_t dot = path.find('.');
    std::string first = path.substr(0, dot);
    Json inside = nested(dot == std::string::npos ? "" : path.substr(dot + 1), value);
    const size_t bracket = first.find('<');
    if (bracket != std::string::npos) {
        inside["model"] = first.substr(bracket + 1, first.size() - bracket - 2);
        first = first.substr(0, bracket);
    }
    return {{first, inside}};
}

bool is_unknown(const std::string& refused) {
    return refused.find("unknown choice") != std::string::npos;
}

// Runs a small network over time; "" or why the configuration was refused.
std::string refusal(const Json& hardware) {
    const Network network = initialize(mlp({20, 8, 3}, raw_input(1, 4, 5)), 3);
    const Matrix<float> pixels = normal_matrix(5, 20, 1);
    try {
        const Network analog =
            map_to_hardware(network, hardware_from_json(hardware.dump(), "hardware"));
        Executor executor(analog, 5);
        executor.program();
        executor.advance_to(86400.0);
        for (const float y : run_all(executor, pixels).values) {
            EXPECT_TRUE(std::isfinite(y)) << hardware.dump();
        }
        return "";
    } catch (const Error& e) {
        return e.what();
    }
}

std::vector<ParameterDoc> parameters() {
    std::vector<ParameterDoc> docs;
    describe(Hardware{}, "", docs);
    return docs;
}

// The alternatives of a model, in order.
std::vector<std::string> alternatives(const std::string& name) {
    std::vector<std::string> found;
    for (const ParameterDoc& doc : parameters()) {
        if (doc.path.starts_with(name + "<")) {
            const size_t first = name.size() + 1;
            const std::string model = doc.path.substr(first, doc.path.find('>') - first);
            if (found.empty() || found.back() != model) {
                found.push_back(model);
            }
        }
    }
    return found;
}

TEST(Defaults, RunUnchanged) {
    EXPECT_EQ(refusal(Json::object()), "");
}

TEST(Defaults, EveryChoiceRuns) {
    constexpr std::string_view kPrefix = "one of: ";
    size_t tried = 0;
    for (const ParameterDoc& doc : parameters()) {
        // Alternatives of a model have their own test; a user's law is set in code.
        if (!doc.type.starts_with(kPrefix) || doc.path.find('<') != std::string::npos ||
            doc.path.find('[') != std::string::npos) {
            continue;
        }
        const auto choices = [&] {
            std::vector<std::string> list;
            std::string rest = doc.type.substr(kPrefix.size());
            for (size_t at = 0; (at = rest.find(", ")) != std::string::npos;) {
                list.push_back(rest.substr(0, at));
                rest = rest.substr(at + 2);
            }
            list.push_back(rest);
            return list;
        }();
        for (size_t i = 0; i < choices.size(); i++) {
            std::string choice = choices[i];
            std::string refused = refusal(nested(doc.path, choice));
            // A name may hold a comma itself ("global, exact reference"); its first part can be a
            // name of its own.
            if (is_unknown(refused) && i > 0) {
                choice = choices[i - 1] + ", " + choice;
                refused = refusal(nested(doc.path, choice));
            }
            if (choice == "average abs max" && doc.path.starts_with("forward.")) {
                EXPECT_NE(refused.find("order of the samples"), std::string::npos);
            } else if (doc.path == "periphery.kind" && choice != "ideal") {
                // Counters take the place of a converter that must be off.
                EXPECT_NE(refused.find("bound and steps to 0"), std::string::npos);
            } else if (choice == "two's complement") {
                // A number of bits goes with it: an integer has no complement without.
                EXPECT_NE(refused.find("weight_bits: must be set"), std::string::npos);
            } else {
                EXPECT_EQ(refused, "") << doc.path << " = " << choice;
            }
            tried++;
        }
    }
    EXPECT_GT(tried, 30u);
}

TEST(Defaults, EveryConverterAndEveryConductanceRuns) {
    const std::vector<std::string> converters = alternatives("converter");
    const std::vector<std::string> conductances = alternatives("conductance");
    EXPECT_GE(converters.size(), 6u);
    EXPECT_GE(conductances.size(), 6u);
    std::set<std::string> ran;
    // The default g_max of a converter may exceed what a cell holds.
    for (const std::string& conductance : conductances) {
        for (const double g_max_us : {10.0, 25.0, 180.0}) {
            const Json hardware = {
                {"converter", {{"model", "single pair"}, {"g_max_us", g_max_us}}},
                {"conductance", {{"model", conductance}}}};
            if (refusal(hardware).empty()) {
                ran.insert("conductance " + conductance);
            }
        }
    }
    for (const std::string& converter : converters) {
        for (const std::string& conductance : conductances) {
            const Json hardware = {{"converter", {{"model", converter}}},
                                   {"conductance", {{"model", conductance}}}};
            // Some pairs do not fit (another g_max); each must have a partner.
            if (refusal(hardware).empty()) {
                ran.insert("converter " + converter);
                ran.insert("conductance " + conductance);
            }
        }
    }
    for (const std::string& converter : converters) {
        EXPECT_EQ(ran.contains("converter " + converter), !converter.starts_with("user"))
            << converter;
    }
    for (const std::string& conductance : conductances) {
        EXPECT_EQ(ran.contains("conductance " + conductance), !conductance.starts_with("user"))
            << conductance;
    }
}

}  // namespace
}  // namespace mho
