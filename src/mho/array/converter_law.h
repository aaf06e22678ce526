// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ARRAY_CONVERTER_LAW_H
#define MHO_ARRAY_CONVERTER_LAW_H

// The slices of one row of weights, in float32. Internal to array/converter.

#include <span>
#include <vector>

#include "mho/array/converter_config.h"

namespace mho {

/// The sum over pairs that the most positive weight reaches.
double custom_full_scale_us(const CustomPair& c);

void slices_of_row(const SinglePair& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double weight_offset,
                   std::span<float* const> slices);
void slices_of_row(const NPair& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double weight_offset,
                   std::span<float* const> slices);
void slices_of_row(const CustomPair& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double weight_offset,
                   std::span<float* const> slices);
void slices_of_row(const SingleDevice& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double weight_offset,
                   std::span<float* const> slices);
void slices_of_row(const Fusion& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double weight_offset,
                   std::span<float* const> slices);
void slices_of_row(const Differential& c,
                   std::span<const float> weights,
                   double us_per_weight,
                   double weight_offset,
                   std::span<float* const> slices);

}  // namespace mho

#endif  // MHO_ARRAY_CONVERTER_LAW_H
