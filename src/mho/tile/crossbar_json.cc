// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/crossbar_json.h"

namespace mho {

template Json to_json<Crossbar>(const Crossbar&);
template void from_json<Crossbar>(
    const Json&, Crossbar&, const std::string&, const FieldInfo&, Problems&);
template void describe<Crossbar>(const Crossbar&, const std::string&, std::vector<ParameterDoc>&);
namespace json_detail {
template void check_value<Crossbar>(const Crossbar&, const PathLink&, const FieldInfo&, Problems&);
}  // namespace json_detail

}  // namespace mho
