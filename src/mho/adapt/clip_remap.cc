// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/adapt/clip_remap.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "mho/adapt/input_range.h"
#include "mho/kernels/passes.h"
#include "mho/kernels/rows.h"
#include "mho/util/error.h"

namespace mho {

double clip_bound(const WeightClip& clip, ConstFloatView w) {
    double bound = 0;
    switch (clip.kind) {
        case ClipKind::kNone:
            return 0;
        case ClipKind::kFixed:
            return clip.value;
        case ClipKind::kLayerGaussian: {
            if (w.rows * w.cols < 2) {
                return 0;
            }
            InputMoments moments;  // sums in a fixed number of lanes: equal bits on every machine
            moments.add(w);
            bound = clip.sigma * moments.std();
            break;
        }
        case ClipKind::kAverageChannelMax: {
            double sum = 0;
            for (size_t r = 0; r < w.rows; r++) {
                sum += static_cast<double>(row_abs_max(w.row(r), w.cols));
            }
            bound = w.rows > 0 ? sum / static_cast<double>(w.rows) : 0;
            break;
        }
    }
    return clip.value > 0 ? std::min(bound, clip.value) : bound;
}

void clip_weights(const WeightClip& clip, FloatView w) {
    const auto bound = static_cast<float>(clip_bound(clip, w));
    if (bound <= 0) {
        return;
    }
    for (size_t r = 0; r < w.rows; r++) {
        clamp_in_place(w.row(r), bound, w.cols);
    }
}

namespace {

void divide(float* row, size_t n, float divisor) {
    for (size_t c = 0; c < n; c++) {
        row[c] /= divisor;
    }
}

}  // namespace

void remap_weights(const WeightRemap& remap, FloatView w, std::span<float> scales) {
    if (remap.kind == RemapKind::kNone || w.rows == 0 || w.cols == 0) {
        return;
    }
    if (scales.size() != w.rows) {
        throw InputError("remapping needs one scale per output: the tile has " +
                         std::to_string(w.rows) + " outputs, there are " +
                         std::to_string(scales.size()) + " scales");
    }
    const auto w_max = static_cast<float>(remap.w_max);
    if (remap.kind == RemapKind::kLayer) {
        float largest = 0;
        for (size_t r = 0; r < w.rows; r++) {
            largest = std::max(largest, row_abs_max(w.row(r), w.cols));
        }
        const float factor = largest / w_max;
        if (!(factor > 0) || !std::isfinite(factor)) {
            return;
        }
        for (size_t r = 0; r < w.rows; r++) {
            divide(w.row(r), w.cols, factor);
            scales[r] *= factor;
        }
        return;
    }
    float limit = INFINITY;
    if (remap.max_scale_range > 0) {
        const float smallest = *std::min_element(scales.begin(), scales.end());
        limit = static_cast<float>(remap.max_scale_range) *
                std::max(smallest, static_cast<float>(remap.max_scale_reference));
    }
    for (size_t r = 0; r < w.rows; r++) {
        float factor = row_abs_max(w.row(r), w.cols) / w_max;
        if (limit < INFINITY && scales[r] > 0 && limit > 0) {
            factor = std::min(factor, limit / scales[r]);
        }
        // A zero row has nothing to stretch; a factor of 1 would only cost rounding.
        if (!(factor > 0) || factor == 1.0f || !std::isfinite(factor)) {
            continue;
        }
        divide(w.row(r), w.cols, factor);
        scales[r] *= factor;
    }
}

}  // namespace mho
