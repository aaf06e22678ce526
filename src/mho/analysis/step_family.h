// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_STEP_FAMILY_H
#define MHO_ANALYSIS_STEP_FAMILY_H

// The step models that a fit tries, as smooth functions of few parameters.
//
// Natural parameters are what is averaged over cells: steps at weight 0, bounds, exponents. The
// optimiser sees the logarithm of those that are positive.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mho/analysis/pulse_traces.h"
#include "mho/device/pulsed_device.h"

namespace mho {

/// What a pulse does on average, and how its noise scales.
struct StepAt {
    double mean = 0.0;         // signed change
    double slope = 0.0;        // its derivative by the weight
    double noise_scale = 0.0;  // the standard deviation over dw_min_std
};

/// First look at the data: straight lines through the steps of each direction, over the weight.
struct StepStatistics {
    double lowest = 0.0;  // readings
    double highest = 0.0;
    double up = 0.0;  // step at weight 0 and its slope; down steps positive
    double up_slope = 0.0;
    double down = 0.0;
    double down_slope = 0.0;
    double step_noise = 0.0;     // standard deviation of a step, less that of two readings
    double write_noise = 0.0;    // of a reading
    bool reaches_upper = false;  // steps vanish near the highest reading: that is a bound
    bool reaches_lower = false;
    double upper = 0.0;  // mean reading there
    double lower = 0.0;
};
StepStatistics step_statistics(const std::vector<PulseTrace>& traces);

/// A natural parameter.
struct FitParameter {
    std::string name;
    double start = 0.0;
    double low = 0.0;
    double high = 0.0;
    bool logarithmic = false;
};

class StepFamily {
  public:
    virtual ~StepFamily() = default;
    /// Name of the device model.
    virtual std::string_view model() const = 0;
    /// Starting points of the optimiser; the first also says which parameters there are.
    virtual std::vector<std::vector<FitParameter>> starts(const StepStatistics& s) const = 0;
    /// One pulse at `weight` with the natural parameters x.
    virtual StepAt step(const std::vector<double>& x, double weight, bool up) const = 0;
    /// The range of the weight.
    virtual std::pair<double, double> bounds(const std::vector<double>& x) const = 0;
    /// Parameters of the device by the names of its configuration, noise excepted; lists for
    /// those that have several numbers.
    virtual std::vector<std::pair<std::string, std::vector<double>>> fields(
        const std::vector<double>& x) const = 0;
    /// Whether cycle noise scales with the actual step.
    virtual bool multiplicative() const { return true; }
};

/// All families, or the one of a model. Throws InputError for a model that cannot be fitted.
std::vector<std::unique_ptr<StepFamily>> step_families(const std::string& model,
                                                       const StepStatistics& s);

}  // namespace mho

#endif  // MHO_ANALYSIS_STEP_FAMILY_H
