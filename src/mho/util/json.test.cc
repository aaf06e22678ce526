// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/util/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace mho {

enum class Colour { kRed, kBlue };
template <>
struct EnumNames<Colour> {
    static constexpr std::array<std::pair<Colour, std::string_view>, 2> names = {
        {{Colour::kRed, "red"}, {Colour::kBlue, "blue"}}};
};

struct Leaf {
    double bound = 1.0;
    int steps = 3;
    void check(const std::string& path, std::vector<Problem>& problems) const {
        if (bound == 0 && steps != 0) {
            problems.push_back({join_path(path, "steps"), "must be 0 when the bound is 0"});
        }
    }
};
template <>
struct Schema<Leaf> {
    static constexpr std::string_view name = "leaf";
    static void fields(auto&& visit) {
        visit(field("bound", &Leaf::bound, {.unit = "V", .min = 0, .max = 10, .meaning = "limit"}));
        visit(field("steps", &Leaf::steps, {.unit = "steps", .min = 0}));
    }
};

struct Other {
    float gain = 2.0f;
};
template <>
struct Schema<Other> {
    static constexpr std::string_view name = "other";
    static void fields(auto&& visit) { visit(field("gain", &Other::gain, {})); }
};

struct Tree {
    bool flag = false;
    std::string text = "a";
    Colour colour = Colour::kRed;
    uint64_t seed = 1;
    int8_t small = 0;
    double number = 0.5;
    std::optional<double> maybe;
    std::vector<double> list = {1, 2};
    std::map<std::string, double> map;
    std::vector<Leaf> leaves;
    Leaf leaf;
    std::variant<Leaf, Other> either;
};
template <>
struct Schema<Tree> {
    static constexpr std::string_view name = "tree";
    static void fields(auto&& visit) {
        visit(field("flag", &Tree::flag, {}));
        visit(field("text", &Tree::text, {}));
        visit(field("colour", &Tree::colour, {}));
        visit(field("seed", &Tree::seed, {}));
        visit(field("small", &Tree::small, {}));
        visit(field("number", &Tree::number, {.max = 1}));
        visit(field("maybe", &Tree::maybe, {.min = 0}));
        visit(field("list", &Tree::list, {.min = -5, .max = 5}));
        visit(field("map", &Tree::map, {}));
        visit(field("leaves", &Tree::leaves, {}));
        visit(field("leaf", &Tree::leaf, {}));
        visit(field("either", &Tree::either, {}));
    }
};

namespace {

// The problems of reading `text` into a fresh Tree.
Problems problems_of(const std::string& text, Tree* out = nullptr) {
    Tree tree;
    Problems problems;
    read_struct(parse_json(text, "test"), tree, "t", problems);
    if (out != nullptr) {
        *out = tree;
    }
    return problems;
}

void expect_problem(const std::string& text, const std::string& path, const std::string& words) {
    const Problems problems = problems_of(text);
    ASSERT_EQ(problems.size(), 1u) << text;
    EXPECT_EQ(problems[0].path, path) << text;
    EXPECT_NE(problems[0].message.find(words), std::string::npos) << problems[0].message;
}

TEST(Json, ReadsAllTypes) {
    Tree t;
    EXPECT_TRUE(problems_of(R"({"flag": true, "text": "b", "colour": "blue",
        "seed": 12345678901234567890, "small": -128, "number": -3, "maybe": 2.5,
        "list": [3, -4.5], "map": {"x": 1, "y": 2},
        "leaves": [{"steps": 4}, {"bound": 2}], "leaf": {"bound": 0, "steps": 0},
        "either": {"model": "other", "gain": 7}})",
                            &t)
                    .empty());
    EXPECT_TRUE(t.flag);
    EXPECT_EQ(t.text, "b");
    EXPECT_EQ(t.colour, Colour::kBlue);
    EXPECT_EQ(t.seed, 12345678901234567890u);
    EXPECT_EQ(t.small, -128);
    EXPECT_EQ(t.number, -3);
    EXPECT_EQ(t.maybe, 2.5);
    EXPECT_EQ(t.list, (std::vector<double>{3, -4.5}));
    EXPECT_EQ(t.map.at("y"), 2);
    EXPECT_EQ(t.leaves[0].steps, 4);
    EXPECT_EQ(t.leaves[1].bound, 2);
    EXPECT_EQ(t.leaf.steps, 0);
    EXPECT_EQ(std::get<Other>(t.either).gain, 7.0f);
}

TEST(Json, AbsentKeysKeepTheirValueAndNullEmptiesAnOptional) {
    Tree t;
    t.maybe = 3;
    t.text = "kept";
    Problems problems;
    read_struct(parse_json(R"({"maybe": null})", "test"), t, "", problems);
    EXPECT_TRUE(problems.empty());
    EXPECT_FALSE(t.maybe);
    EXPECT_EQ(t.text, "kept");
}

TEST(Json, WritesWhatItReads) {
    Tree t;
    t.seed = std::numeric_limits<uint64_t>::max();
    t.maybe = 0.1;
    t.leaves = {Leaf{2, 5}};
    t.either = Other{0.3f};
    t.map["k"] = 4;
    const Json written = to_json(t);
    Tree back;
    read_struct_or_throw(parse_json(written.dump(), "test"), back, "");
    EXPECT_EQ(to_json(back).dump(), written.dump());
    EXPECT_EQ(back.seed, t.seed);
    EXPECT_EQ(std::get<Other>(back.either).gain, 0.3f);
}

TEST(Json, UnknownKeysAreNamedWithASuggestion) {
    expect_problem(R"({"flga": true})", "t.flga", "did you mean `flag`?");
    expect_problem(R"({"leaf": {"bond": 1}})", "t.leaf.bond", "did you mean `bound`?");
    expect_problem(R"({"either": {"model": "leaf", "gain": 1}})", "t.either.gain", "unknown key");
    expect_problem(R"({"either": {"model": "othr"}})", "t.either.model", "did you mean `other`?");
    expect_problem(R"({"colour": "blu"})", "t.colour", "did you mean `blue`?");
}

TEST(Json, WrongTypesAreNamed) {
    expect_problem(R"({"flag": 1})", "t.flag", "expected true or false, got the number 1");
    expect_problem(R"({"text": []})", "t.text", "expected a string, got a list");
    expect_problem(R"({"number": "1"})", "t.number", "expected a number, got the string");
    expect_problem(R"({"seed": 1.5})", "t.seed", "expected an integer, got 1.5");
    expect_problem(R"({"list": {}})", "t.list", "expected a list [ ... ], got an object");
    expect_problem(R"({"list": [1, "x"]})", "t.list[1]", "expected a number");
    expect_problem(R"({"map": [1]})", "t.map", "expected an object");
    expect_problem(R"({"leaf": 3})", "t.leaf", "expected an object { ... }, got the number 3");
    expect_problem(R"({"leaf": null})", "t.leaf", "got null");
    expect_problem(R"({"either": "leaf"})", "t.either", "expected an object");
    expect_problem(R"({"either": {"model": 4}})", "t.either.model", "expected a string");
    expect_problem(R"({"colour": 4})", "t.colour", "expected a string");
    expect_problem("[]", "t", "expected an object");
}

TEST(Json, RangesAreNamed) {
    expect_problem(R"({"leaf": {"bound": 11}})", "t.leaf.bound", "must be 0.0 to 10.0, got 11");
    expect_problem(R"({"leaf": {"steps": -1}})", "t.leaf.steps", "must be at least 0.0, got -1");
    expect_problem(R"({"number": 1.5})", "t.number", "must be at most 1.0, got 1.5");
    expect_problem(R"({"maybe": -1})", "t.maybe", "at least 0.0");
    expect_problem(R"({"list": [0, 6]})", "t.list[1]", "-5.0 to 5.0");
    expect_problem(R"({"leaves": [{}, {"bound": -1}]})", "t.leaves[1].bound", "must be");
}

TEST(Json, IntegersThatDoNotFitAreRefused) {
    expect_problem(R"({"small": 128})", "t.small", "must be -128 to 127, got 128");
    expect_problem(R"({"small": -129})", "t.small", "must be -128 to 127");
    expect_problem(R"({"seed": -1})", "t.seed", "must be 0 to 18446744073709551615, got -1");
    expect_problem(R"({"seed": 18446744073709551616})", "t.seed", "must be 0 to");
    expect_problem(R"({"seed": 1e300})", "t.seed", "must be 0 to");
    Tree t;
    EXPECT_TRUE(problems_of(R"({"seed": 18446744073709551615})", &t).empty());
    EXPECT_EQ(t.seed, std::numeric_limits<uint64_t>::max());
    EXPECT_TRUE(problems_of(R"({"seed": 1e3})", &t).empty());
    EXPECT_EQ(t.seed, 1000u);
}

TEST(Json, NumbersAreAlwaysFinite) {
    EXPECT_THROW(parse_json(R"({"number": NaN})", "test"), ConfigError);
    EXPECT_THROW(parse_json(R"({"number": 1e400})", "test"), ConfigError);
    expect_problem(R"({"either": {"model": "other", "gain": 1e300}})", "t.either.gain", "finite");
    Tree t;
    t.number = std::numeric_limits<double>::quiet_NaN();
    const Problems problems = validate(t, "t");
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems[0].path, "t.number");
}

TEST(Json, CrossFieldRulesRunOnlyOnFieldsThatAreRight) {
    expect_problem(R"({"leaf": {"bound": 0}})", "t.leaf.steps", "must be 0 when the bound is 0");
    expect_problem(
        R"({"leaf": {"bound": 0, "steps": "x"}})", "t.leaf.steps", "expected an integer");
}

TEST(Json, AllProblemsComeAtOnce) {
    const Problems all =
        problems_of(R"({"flag": 1, "leaf": {"bound": -1, "x": 2}, "list": ["a", "b"]})");
    EXPECT_EQ(all.size(), 5u);
    Tree t;
    try {
        read_struct_or_throw(parse_json(R"({"flag": 1, "text": 2})", "test"), t, "root");
        FAIL();
    } catch (const ConfigError& e) {
        EXPECT_EQ(e.problems().size(), 2u);
        EXPECT_EQ(e.problems()[0].path, "root.flag");
    }
}

TEST(Json, MalformedTextNamesItsOrigin) {
    for (const char* text : {"", "{", R"({"a": })", R"({"a": 1} x)", "\xff"}) {
        try {
            parse_json(text, "file.json");
            FAIL() << text;
        } catch (const ConfigError& e) {
            EXPECT_NE(std::string(e.what()).find("file.json"), std::string::npos) << e.what();
        }
    }
}

TEST(Json, DuplicateKeysAreErrors) {
    EXPECT_THROW(parse_json(R"({"a": 1, "a": 2})", "test"), ConfigError);
    EXPECT_THROW(parse_json(R"({"b": {"a": 1, "c": [{"a": 1, "a": 3}]}})", "test"), ConfigError);
    EXPECT_NO_THROW(parse_json(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})", "test"));
}

TEST(Json, DeepNestingDoesNotCrash) {
    const std::string deep = std::string(100000, '[') + std::string(100000, ']');
    EXPECT_THROW(parse_json(deep, "test"), ConfigError);
}

TEST(Json, DescribesEveryParameter) {
    std::vector<ParameterDoc> docs;
    describe(Tree{}, "", docs);
    const auto find = [&](const std::string& path) {
        for (const ParameterDoc& d : docs) {
            if (d.path == path) {
                return d;
            }
        }
        ADD_FAILURE() << path;
        return ParameterDoc{};
    };
    EXPECT_EQ(find("colour").type, "one of: red, blue");
    EXPECT_EQ(find("colour").default_value, "\"red\"");
    EXPECT_EQ(find("leaf.bound").unit, "V");
    EXPECT_EQ(find("leaf.bound").range, "0.0 to 10.0");
    EXPECT_EQ(find("leaf.bound").default_value, "1.0");
    EXPECT_EQ(find("either<other>.gain").type, "number");
    EXPECT_EQ(find("leaves[].steps").type, "integer");
    EXPECT_EQ(find("maybe").type, "number or null");
    EXPECT_EQ(find("list").type, "list of number");
}

}  // namespace
}  // namespace mho
