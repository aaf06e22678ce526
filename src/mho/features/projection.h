// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_FEATURES_PROJECTION_H
#define MHO_FEATURES_PROJECTION_H

// The random matrix of a kernel approximation, and its product on simulated hardware
// (Buechel et al., arXiv 2411.03375).

#include <array>
#include <cstdint>
#include <string>

#include "mho/random/stream.h"
#include "mho/tile/grid.h"
#include "mho/util/matrix.h"
#include "mho/util/reflect.h"

namespace mho {

enum class ProjectionKind {
    kGaussian,    // RFF: independent normal numbers, cut at three standard deviations
    kOrthogonal,  // ORF: blocks of orthogonal rows whose lengths follow the chi distribution
    kStructured,  // SORF: blocks sqrt(D) H D1 H D2 H D3
};

template <>
struct EnumNames<ProjectionKind> {
    static constexpr std::array<std::pair<ProjectionKind, std::string_view>, 3> names = {
        {{ProjectionKind::kGaussian, "gaussian"},
         {ProjectionKind::kOrthogonal, "orthogonal"},
         {ProjectionKind::kStructured, "structured"}}};
};

/// A random matrix `[features, inputs]` whose rows look like those of independent standard normal
/// numbers. Rows are orthogonal inside each block of `inputs` rows (kStructured: of the next power
/// of two; columns beyond `inputs` are dropped, as the inputs there would be zero). Random numbers:
/// Stream::kInitialWeights of `key`. Throws InputError for no features or inputs.
Matrix<float> draw_projection(ProjectionKind kind, size_t features, size_t inputs, TileKey key);

/// Standard normal numbers without those beyond +-`bound`, from steps `step`, `step` + 1, ... of
/// the stream.
void fill_truncated_normal(TileKey key, uint64_t step, float bound, std::span<float> out);

/// y = x W^T exactly: x `[rows, inputs]`, W `[features, inputs]`.
Matrix<float> project(const Matrix<float>& projection, ConstFloatView inputs);

/// A random matrix programmed on tiles. Its digital scales (per column and tile) are those of
/// map_weights; the input range is the bound of the inputs, larger ones are cut.
class AnalogProjection {
  public:
    /// `name` and `chip` enter the random keys.
    AnalogProjection(const TileConfig& config,
                     const Matrix<float>& projection,
                     float input_range,
                     uint64_t seed,
                     const std::string& name,
                     uint32_t chip);
    void advance_to(double t_s, uint64_t read_step = 0) { grid_.advance_to(t_s, read_step); }
    /// y `[rows, features]`; row r draws the noise of sample key.first_sample + r.
    Matrix<float> project(ConstFloatView inputs, ReadKey key) const;
    const TileGrid& grid() const { return grid_; }

  private:
    TileGrid grid_;
};

/// The 64-core HERMES chip as a tile: 256 x 256 unit cells of two devices per polarity, 8-bit
/// converters, output noise 1 % of the range of the ADC, one digital scale per column and a global
/// drift compensation (Le Gallo et al., Nature Electronics 6:680, 2023). `adc_bound` is in units of
/// the largest weight times the largest input.
TileConfig hermes_core(double adc_bound);

/// Range of an ADC that takes the exact products of the mapped projection with these inputs
/// (cut at `input_range`), times `margin`.
double adc_bound_for(const Matrix<float>& projection,
                     ConstFloatView inputs,
                     float input_range,
                     double margin = 1.1);

}  // namespace mho

#endif  // MHO_FEATURES_PROJECTION_H
