// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_NET_CALIBRATE_ADC_H
#define MHO_NET_CALIBRATE_ADC_H

#include <cstddef>
#include <cstdint>

#include "mho/net/network.h"

namespace mho {

/// Whether any layer is a crossbar whose converters are still to be calibrated.
bool needs_adc_ranges(const Network& network);

/// Sets the converter ranges (crossbar.adc_range.limits, one per bit slice) of all layers with rule
/// `calibrated` that have none: the quantile of |current| over columns, passes and the vectors that
/// sample inputs `pixels` [samples, features] give, with ideal converters everywhere and the states
/// without errors. A slice that sees no current takes the largest range of the others. Input ranges
/// come first.
void calibrate_adc_ranges(Network& network, ConstFloatView pixels, uint64_t seed = 1);

}  // namespace mho

#endif  // MHO_NET_CALIBRATE_ADC_H
