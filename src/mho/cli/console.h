// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_CONSOLE_H
#define MHO_CLI_CONSOLE_H

#include <iosfwd>
#include <memory>
#include <string>

#include "mho/analysis/evaluate.h"

namespace mho {

class Progress;
class Table;

/// Shows ProgressHooks as bars on a terminal or as plain lines.
class Console {
  public:
    /// `err`: where bars and notes go; a terminal is recognised only behind std::cerr.
    Console(bool quiet, std::ostream& err);
    ~Console();
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    ProgressHooks hooks();

  private:
    bool quiet_;
    std::ostream& err_;
    std::unique_ptr<Progress> progress_;
};

/// Prints a table, wrapped to the terminal where `out` is std::cout and that is one; whole lines
/// otherwise, so that other programs find a row in a line.
void print(const Table& table, std::ostream& out);

/// "1.4 GiB".
std::string format_bytes(size_t bytes);

/// Says how much memory the work takes; throws InputError when the machine does not have it.
void check_memory(size_t bytes, const ProgressHooks& hooks);

}  // namespace mho

#endif  // MHO_CLI_CONSOLE_H
