// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TRAIN_WHOLE_NUMBERS_H
#define MHO_TRAIN_WHOLE_NUMBERS_H

// How sums become counts of pulses, in loops that are vectorised. Internal to train.

#include <cstdint>

namespace mho {

/// Within [-most, most]; no number at all becomes -most, for the sums of a damaged state may
/// overflow and no integer holds what is left. By value: references of std::min keep the loops from
/// being vectorised.
inline float clamped(float x, float most) {
    const float low = x > -most ? x : -most;
    return low > most ? most : low;
}

/// trunc(x) within [-most, most], most a whole number below 2^31: by way of an integer, as
/// truncation of floats keeps loops from being vectorised, too.
inline float whole_within(float x, float most) {
    return static_cast<float>(static_cast<int32_t>(clamped(x, most)));
}

}  // namespace mho

#endif  // MHO_TRAIN_WHOLE_NUMBERS_H
