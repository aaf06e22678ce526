// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_CLIP_REMAP_H
#define MHO_ADAPT_CLIP_REMAP_H

#include <span>

#include "mho/adapt/adapt_config.h"
#include "mho/util/matrix.h"

namespace mho {

/// The bound that `clip` puts on the weights of a tile `[outputs, inputs]`; 0 = none. Fixed:
/// `value`. Layer gaussian: sigma * std(w), n - 1 in the std. Average channel max: mean over
/// outputs of max |row|. The latter two are limited by `value` if it is above 0. (Joshi et al.
/// 2020; aihwkit WeightClipType.)
double clip_bound(const WeightClip& clip, ConstFloatView weights);

/// Cuts the weights to +-clip_bound.
void clip_weights(const WeightClip& clip, FloatView weights);

/// Stretches the weights of a tile `[outputs, inputs]` to the range +-w_max and moves the factor
/// into the digital `scales`, one per output, so that scale * weight stays. `scales` must hold
/// mapping scale times learned scale: the caller sets the learned one to 1 afterwards. Layer: one
/// factor for the tile. Column: one per output. Zero rows (or an all-zero tile) stay as they are.
/// With max_scale_range > 0 (column only) no scale grows beyond max_scale_range * max(smallest
/// scale before, max_scale_reference): such rows stay below w_max. Throws InputError when the
/// number of scales is not that of the outputs.
void remap_weights(const WeightRemap& remap, FloatView weights, std::span<float> scales);

}  // namespace mho

#endif  // MHO_ADAPT_CLIP_REMAP_H
