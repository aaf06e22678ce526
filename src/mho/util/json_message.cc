// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/util/json_message.h"

namespace mho {

std::string plain_json_message(std::string_view what) {
    const size_t end = what.find("] ");
    if (what.starts_with("[json.exception.") && end != std::string_view::npos) {
        what.remove_prefix(end + 2);
    }
    return std::string(what);
}

}  // namespace mho
