// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_UTIL_JSON_MESSAGE_H
#define MHO_UTIL_JSON_MESSAGE_H

#include <string>
#include <string_view>

namespace mho {

/// What an exception of nlohmann/json says, without the library's own
/// "[json.exception.NAME.NUMBER]" in front.
std::string plain_json_message(std::string_view what);

}  // namespace mho

#endif  // MHO_UTIL_JSON_MESSAGE_H
