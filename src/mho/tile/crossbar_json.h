// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TILE_CROSSBAR_JSON_H
#define MHO_TILE_CROSSBAR_JSON_H

// JSON of a crossbar, compiled once (crossbar_json.cc): its templates are large. Internal: it
// exposes nlohmann/json.

#include "mho/tile/crossbar_config.h"
#include "mho/util/json.h"

namespace mho {

extern template Json to_json<Crossbar>(const Crossbar&);
extern template void from_json<Crossbar>(
    const Json&, Crossbar&, const std::string&, const FieldInfo&, Problems&);
extern template void describe<Crossbar>(const Crossbar&,
                                        const std::string&,
                                        std::vector<ParameterDoc>&);
namespace json_detail {
extern template void check_value<Crossbar>(const Crossbar&,
                                           const PathLink&,
                                           const FieldInfo&,
                                           Problems&);
}  // namespace json_detail

}  // namespace mho

#endif  // MHO_TILE_CROSSBAR_JSON_H
