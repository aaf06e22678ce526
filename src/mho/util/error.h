// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_ERROR_H
#define MHO_UTIL_ERROR_H

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mho {

/// Base of every exception that mho throws on purpose.
class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// One wrong parameter: its full path ("hardware.forward.adc.steps") and what would be right.
struct Problem {
    std::string path;
    std::string message;
};

/// A configuration with one or more wrong parameters; `what()` lists them all, one a line.
class ConfigError : public Error {
  public:
    explicit ConfigError(std::vector<Problem> problems);
    ConfigError(std::string path, std::string message);
    const std::vector<Problem>& problems() const { return problems_; }

  private:
    std::vector<Problem> problems_;
};

/// A file that cannot be read or written, or holds something else than it should.
class IoError : public Error {
  public:
    using Error::Error;
};

/// Arguments that do not fit: shapes, non-finite numbers, calls out of order.
class InputError : public Error {
  public:
    using Error::Error;
};

/// The name among `known` that is nearest to `name` by edit distance, or "" if none is close.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

/// ", did you mean `x`?" when a known name is near, else a list of what is known.
std::string suggestion(std::string_view name, const std::vector<std::string>& known);

/// Joins the parts of a parameter path: ("a.b", "c") -> "a.b.c", ("", "c") -> "c".
std::string join_path(std::string_view parent, std::string_view child);

}  // namespace mho

#endif  // MHO_UTIL_ERROR_H
