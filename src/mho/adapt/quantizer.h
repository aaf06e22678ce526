// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ADAPT_QUANTIZER_H
#define MHO_ADAPT_QUANTIZER_H

// Uniform digital quantisers and the ranges they work on: the low-precision digital baseline (W4A8
// and the like) that analog hardware is compared with. Laws as in Nagel et al., "A White Paper on
// Neural Network Quantization", arXiv 2106.08295, sections 2.2 and 3.1.

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mho/util/error.h"
#include "mho/util/matrix.h"
#include "mho/util/reflect.h"

namespace mho {

/// How a quantiser finds its range [low, high]; zero always lies inside.
enum class RangeRule {
    kCurrent,       // smallest and largest value of the last batch
    kAllTime,       // of all batches
    kRunning,       // running mean of those of each batch
    kPercentile,    // a share cut off at both ends of the last batch
    kMse,           // the range of smallest mean squared error on the last batch, by grid search
    kMseGolden,     // the same by golden-section search
    kCrossEntropy,  // rows are logits: the range that changes their softmax least, by grid search
};

template <>
struct EnumNames<RangeRule> {
    static constexpr std::array<std::pair<RangeRule, std::string_view>, 7> names = {
        {{RangeRule::kCurrent, "current min max"},
         {RangeRule::kAllTime, "all-time min max"},
         {RangeRule::kRunning, "running min max"},
         {RangeRule::kPercentile, "percentile"},
         {RangeRule::kMse, "mse"},
         {RangeRule::kMseGolden, "mse, golden section"},
         {RangeRule::kCrossEntropy, "cross entropy"}}};
};

struct QuantizerConfig {
    int bits = 8;
    bool symmetric = true;
    bool per_channel = false;
    RangeRule range = RangeRule::kCurrent;
    double momentum = 0.9;
    double percentile = 99.99;
    int candidates = 100;
};

template <>
struct Schema<QuantizerConfig> {
    static constexpr std::string_view name = "Quantizer";
    static void fields(auto&& visit) {
        using Q = QuantizerConfig;
        visit(field("bits",
                    &Q::bits,
                    {.unit = "bit",
                     .min = 2,
                     .max = 16,
                     .meaning = "width of the integers",
                     .source = "arXiv 2106.08295"}));
        visit(field(
            "symmetric",
            &Q::symmetric,
            {.meaning = "zero is the integer 0; else the grid spans the range with a zero point",
             .source = "arXiv 2106.08295, eqs. 4 to 9"}));
        visit(field("per_channel",
                    &Q::per_channel,
                    {.meaning = "one grid per output channel instead of one per tensor",
                     .source = "arXiv 2106.08295, section 2.4"}));
        visit(field("range",
                    &Q::range,
                    {.meaning = "how the range of the grid is found",
                     .source = "arXiv 2106.08295, section 3.1"}));
        visit(field("momentum",
                    &Q::momentum,
                    {.unit = "1",
                     .min = 0,
                     .max = 1,
                     .meaning = "weight of the past in `running min max`",
                     .source = "aihwkit 1.2.0: 0.9"}));
        visit(field("percentile",
                    &Q::percentile,
                    {.unit = "%",
                     .min = 50,
                     .max = 100,
                     .meaning = "upper percentile of `percentile`; the lower one is its mirror"}));
        visit(field(
            "candidates",
            &Q::candidates,
            {.unit = "ranges",
             .min = 1,
             .max = 1e6,
             .meaning = "ranges that `mse` and `cross entropy` try; both ends of an asymmetric "
                        "grid share them",
             .source = "aihwkit 1.2.0: 100"}));
    }
};

/// The integers of a quantiser and what they stand for: x = step (q - zero_point).
struct QuantGrid {
    float step = 1.0f;  // >= 1e-8
    int zero_point = 0;
    int q_min = 0;
    int q_max = 0;

    /// Largest and smallest number on the grid.
    double low() const { return double{step} * (q_min - zero_point); }
    double high() const { return double{step} * (q_max - zero_point); }
};

/// The grid for values in [low, high], low <= 0 <= high. Symmetric: integers
/// -2^(b-1) ... 2^(b-1) - 1 and step max(|low|, high) / (2^(b-1) - 1); without negative values 0
/// ... 2^b - 1 and step high / (2^b - 1). Asymmetric: 0 ... 2^b - 1, step (high - low) / (2^b - 1),
/// zero point round(-low / step).
QuantGrid quant_grid(const QuantizerConfig& config, double low, double high);

/// The integer of each value: round half to even, then cut.
void quantize(const QuantGrid& grid, std::span<const float> x, std::span<int> q);
/// Values moved to the grid, float32. x and y may be the same.
void fake_quantize(const QuantGrid& grid, std::span<const float> x, std::span<float> y);
/// The same in double.
double reference_fake_quantize(const QuantGrid& grid, double x);
/// Straight-through gradient: that of the output where x lies on the range of the grid, else zero.
void straight_through(const QuantGrid& grid,
                      std::span<const float> x,
                      std::span<const float> gradient,
                      std::span<float> out);

/// Gradient of the grid itself: of its step, and of its zero point taken as a real number (Esser et
/// al., arXiv 1902.08153, eq. 3; Nagel et al., section 4.1). `gradient` is that of the output.
struct GridGradient {
    double step = 0;
    double zero_point = 0;
};
GridGradient grid_gradient(const QuantGrid& grid,
                           std::span<const float> x,
                           std::span<const float> gradient);

/// Finds the range of one grid from batches.
class RangeEstimator {
  public:
    /// Throws ConfigError.
    explicit RangeEstimator(const QuantizerConfig& config);
    /// A batch of finite values; an empty one is ignored. `row`: numbers of a row of logits, for
    /// `cross entropy`; 0 = all are one row.
    void add(std::span<const float> batch, size_t row = 0);
    bool has_range() const { return batches_ > 0; }
    /// Low end <= 0 and high end >= 0; both 0 before the first batch.
    double low() const { return low_; }
    double high() const { return high_; }
    QuantGrid grid() const { return quant_grid(config_, low_, high_); }

  private:
    QuantizerConfig config_;
    size_t batches_ = 0;
    double low_ = 0;
    double high_ = 0;
};

/// Mean squared error of fake_quantize, in double.
double quantization_error(const QuantGrid& grid, std::span<const float> x);

/// Mean over rows of the cross-entropy of softmax(quantised row) against softmax(row), in double.
double quantization_cross_entropy(const QuantGrid& grid, std::span<const float> x, size_t row);

/// The weights `[channels, inputs]` moved to their grids, which are returned: one per channel
/// or one for all.
std::vector<QuantGrid> fake_quantize_weights(const QuantizerConfig& config, FloatView weights);

}  // namespace mho

#endif  // MHO_ADAPT_QUANTIZER_H
