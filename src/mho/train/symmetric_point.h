// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_SYMMETRIC_POINT_H
#define MHO_TRAIN_SYMMETRIC_POINT_H

// The weight at which an up and a down pulse are equally large. Zero shifting (Kim et al.,
// arXiv 1907.10228): alternating pulses drive every cell there.

#include "mho/device/pulsed_array.h"

namespace mho {

/// Pulses every cell `pulses` times, up and down in turn, and returns the mean of the weights over
/// the second half of the pulses, [rows, cols]: cycle noise averages out. `step` and the steps
/// after it, `pulses` of them, name the noise. Throws InputError for fewer than two pulses.
Matrix<float> find_symmetric_points(PulsedArray& array, size_t pulses, uint64_t step);

}  // namespace mho

#endif  // MHO_TRAIN_SYMMETRIC_POINT_H
