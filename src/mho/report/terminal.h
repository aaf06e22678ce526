// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_TERMINAL_H
#define MHO_REPORT_TERMINAL_H

#include <cstddef>

namespace mho {

/// Columns of the terminal behind a file descriptor, less one, for a line that fills the last
/// column wraps on some; 80 where it does not tell, 0 where there is no terminal.
size_t terminal_columns(int descriptor);

}  // namespace mho

#endif  // MHO_REPORT_TERMINAL_H
