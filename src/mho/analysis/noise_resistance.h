// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_NOISE_RESISTANCE_H
#define MHO_ANALYSIS_NOISE_RESISTANCE_H

#include <functional>
#include <span>
#include <vector>

namespace mho {

/// Accuracies of one network under additive noise on its weights.
struct NoiseSweep {
    double clean = 0;                           // accuracy without noise, above 0
    std::vector<double> levels;                 // of the noise (net/weight_noise.h)
    std::vector<std::vector<double>> accuracy;  // [level][draw], equally many draws each
};

/// Average normalised accuracy of Fagbohungbe and Qian (arXiv 2011.11840), one number per draw, in
/// percent: the mean over the levels of 100 accuracy / clean accuracy. Throws InputError for a
/// sweep without levels or draws, with rows of different lengths, or with a clean accuracy of 0.
std::vector<double> average_normalised_accuracy(const NoiseSweep& sweep);

/// A* = 1 - (e - e_float) / (e_chance - e_float) of Rasch et al. (arXiv 2302.08469, eq. 5), in
/// percent: 100 = as good as in floating point, 0 = chance. Errors in any one unit; for language
/// models the loss stands for the error and that of uniform guesses for chance. Iso-accurate is
/// what reaches kIsoAccuracy. Throws InputError when floating point is not better than chance.
double normalised_accuracy(double error, double floating_point_error, double chance_error);
inline constexpr double kIsoAccuracy = 99.0;

/// The crossing of a falling curve with `threshold`, by linear interpolation on the logarithm of
/// the abscissa: x rising and positive, y of equal length. The last x where the curve stays above,
/// the first where it starts below. Throws InputError for anything else.
double tolerance(std::span<const double> x, std::span<const double> y, double threshold);

/// The x in [low, high] where a rising function reaches `target`, by bisection of the logarithm
/// down to a relative width of `precision`; an end where it is never or always reached. Throws
/// InputError unless 0 < low < high.
double find_level(const std::function<double(double)>& measure,
                  double target,
                  double low,
                  double high,
                  double precision);

/// Excess kurtosis m4 / m2^2 - 3 of the values (0 for normal, -1.2 for uniform numbers); 0 when
/// they are all equal. Throws InputError for fewer than 2.
double excess_kurtosis(std::span<const float> values);

}  // namespace mho

#endif  // MHO_ANALYSIS_NOISE_RESISTANCE_H
