// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_REFLECT_H
#define MHO_UTIL_REFLECT_H

// One reflection list per configuration struct. From it come JSON in both directions, range checks
// with full paths, `mho explain`, the generated parameter reference and the Python dataclasses.
//
//     struct Adc { double bound = 10.0; };
//     template <> struct Schema<Adc> {
//         static constexpr std::string_view name = "Adc";
//         static void fields(auto&& visit) {
//             visit(field("bound", &Adc::bound,
//                         {.unit = "1", .min = 0, .meaning = "...", .source = "..."}));
//         }
//     };
//
// A visitor instead of a tuple: the tuples of thirty fields were half of the time of a build, in
// every file that saw a header with a Schema; a template that nobody calls costs nothing.
//
// An enum specialises EnumNames, a std::variant of structs is written with a key "model" that holds
// the Schema name of the alternative. A struct with cross-field rules has a member
// `void check(const std::string& path, std::vector<Problem>& problems) const`.

#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace mho {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What a reader must know about one parameter.
struct FieldInfo {
    std::string_view unit = "";  // "uS", "s", "1" for a ratio, "" for names and switches
    double min = -kInfinity;     // inclusive range of a number; a list applies it to each entry
    double max = kInfinity;
    std::string_view meaning = "";  // one sentence
    std::string_view source = "";   // paper and equation, or the data sheet
};

template <class S, class T>
struct Field {
    std::string_view name;
    T S::* member;
    FieldInfo info;
};

template <class S, class T>
constexpr Field<S, T> field(std::string_view name, T S::* member, FieldInfo info) {
    return {name, member, info};
}

/// Specialise for every configuration struct.
template <class S>
struct Schema;

/// Specialise for every enum: `static constexpr std::array<std::pair<E, std::string_view>, N>
/// names`.
template <class E>
struct EnumNames;

template <class S>
concept Reflected = requires { Schema<S>::name; };

template <class E>
constexpr std::string_view enum_name(E value) {
    for (const auto& [e, name] : EnumNames<E>::names) {
        if (e == value) {
            return name;
        }
    }
    return "?";
}

}  // namespace mho

#endif  // MHO_UTIL_REFLECT_H
