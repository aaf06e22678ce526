// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/report/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace mho {

size_t terminal_columns(int descriptor) {
    if (isatty(descriptor) == 0) {
        return 0;
    }
    winsize size{};
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u : 80u;
}

}  // namespace mho
