// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_DEVICE_CELL_TABLE_H
#define MHO_DEVICE_CELL_TABLE_H

#include <string>
#include <string_view>

#include "mho/device/cell_config.h"

namespace mho {

/// A measured cell from text: JSON (an object with the parameters of `table`), or CSV with a header
/// of column names in any order,
///
///     state_us,mean_us,std_us,nu,nu_std,read_us
///
/// of which only state_us must be there, or the two columns voltage_v,current of an I-V curve,
/// which is then added to the states of `base`. Throws IoError naming `origin`, line and column for
/// anything that is not such a table.
TableCell parse_cell_table(std::string_view text,
                           const std::string& origin,
                           const TableCell& base = {});
TableCell read_cell_table(const std::string& path, const TableCell& base = {});

}  // namespace mho

#endif  // MHO_DEVICE_CELL_TABLE_H
