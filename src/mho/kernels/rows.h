// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_KERNELS_ROWS_H
#define MHO_KERNELS_ROWS_H

// The element-wise stages around the product: one row (one input vector) at a time, so that a row
// stays in the first-level cache. All are float32 laws; order of operations: docs/models/mvm.md.

#include <cstddef>
#include <cstdint>

namespace mho {

/// Input stage. v = x * range_scale, cut to +-1 (range_scale > 0); v *= scale; rounding; clipping;
/// + noise; asymmetry.
struct InputStage {
    float range_scale = 0.0f;  // 1 / input range; 0 = no range
    float scale = 1.0f;        // noise and bound management
    float step = 0.0f;         // 0 = no rounding
    float bound = 0.0f;        // 0 = unlimited
    float noise_std = 0.0f;
    float negative_factor = 1.0f;            // 1 - asymmetry
    const float* noise = nullptr;            // standard normals, needed if noise_std > 0
    const float* rounding_offset = nullptr;  // uniforms in [0, 1), null = round to nearest
};

void input_row(const float* x, size_t n, const InputStage& stage, float* v);

/// Scales by an input range and cuts: v = clamp(x * range_scale, +-1).
void range_row(const float* x, size_t n, float range_scale, float* v);

/// max |x| of a row (0 for an empty one); infinite or not a number if any x is.
float row_abs_max(const float* x, size_t n);

/// Output stage. IR drop; offset and series resistance; weight noise; S-shape; asymmetry; output
/// noise; rounding; clipping; * rescale.
struct OutputStage {
    // Sums of the product; null where the effect is off.
    const float* position = nullptr;
    const float* absolute = nullptr;
    float ir_strength = 0.0f;
    float ir_scale = 0.0f;  // inputs / wire_to_g_max
    // Offset and series resistance (rare).
    bool has_offset = false;
    const float* line_offset = nullptr;  // per output, null = all zero
    float reference = 0.0f;              // -reference_weight * sum of inputs
    bool has_reference = false;
    float series_factor = 0.0f;
    float series_max = 3.4e38f;
    // Weight noise: std sqrt(squares[i]), or std common_root for the additive kind.
    const float* squares = nullptr;
    float weight_noise_std = 0.0f;
    float common_root = 0.0f;
    const float* weight_noise = nullptr;  // standard normals, null = off
    // S-shape, null = off.
    const float* nonlinearity = nullptr;
    float nonlinearity_gain = 1.0f;
    float negative_factor = 1.0f;
    // Output noise.
    const float* output_noise = nullptr;  // standard normals, null = off
    float output_noise_std = 0.0f;
    const float* output_noise_line = nullptr;  // std per output, instead of the common one
    // ADC.
    float step = 0.0f;
    float bound = 0.0f;
    const float* rounding_offset = nullptr;
    float rescale = 1.0f;
};

/// What the bound test saw.
struct OutputFlags {
    bool above = false;          // some output exceeded +bound
    bool below = false;          // some output fell below -bound
    bool last_is_below = false;  // the last output that left the range fell below -bound
};

/// Runs the stages before the ADC only (for modes that add analog partial results): sums of the
/// product -> y. `y` may be `sums` itself.
void array_row(const float* sums, float* y, size_t n, const OutputStage& stage);

/// Runs all stages, sums of the product -> y. `y` may be `sums` itself. `clipped` (may be null): 1
/// where the ADC cut, else 0.
OutputFlags output_row(
    const float* sums, float* y, size_t n, const OutputStage& stage, uint8_t* clipped);

/// The stages from the S-shape on, in place.
OutputFlags finish_row(float* y, size_t n, const OutputStage& stage, uint8_t* clipped);

/// The scalar twins: the same operations in the same order, one element at a time; equal bits.
namespace twin {
void input_row(const float* x, size_t n, const InputStage& stage, float* v);
void array_row(const float* sums, float* y, size_t n, const OutputStage& stage);
OutputFlags output_row(
    const float* sums, float* y, size_t n, const OutputStage& stage, uint8_t* clipped);
OutputFlags finish_row(float* y, size_t n, const OutputStage& stage, uint8_t* clipped);
}  // namespace twin

}  // namespace mho

#endif  // MHO_KERNELS_ROWS_H
