// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_ANALYSIS_SPECS_H
#define MHO_ANALYSIS_SPECS_H

// Which noise, drift and bits suffice: a network with ideal hardware except for one or two
// imperfections, as large as they may be before the accuracy falls by more than a given loss. The
// devices are the state-independent model, so that the answer is about a technology to be built and
// not about one that exists.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mho/analysis/evaluate.h"

namespace mho {

/// What the device and converters of a specification may have; everything off.
struct DeviceSpec {
    double programming_noise = 0.0;  // standard deviation, in g_max
    double drift = 0.0;              // mean exponent; spread over cells 30 % of it
    double off_conductance = 0.0;    // smallest conductance, in g_max: 1 / (on/off ratio)
    double read_noise = 0.0;         // of a weight and product, in the largest weight
    double output_noise = 0.0;       // before the ADC, in units of the tile's outputs
    int dac_bits = 0;                // 0: no grid
    int adc_bits = 0;
};

/// An imperfection on a scale from mild to severe.
struct SpecAxis {
    std::string name;
    std::string unit;
    std::vector<double> levels;  // mildest first
    bool falls = false;          // levels fall: bits
    std::function<void(DeviceSpec&, double)> set;
};

/// "programming noise", "drift", "off conductance", "read noise", "output noise", "DAC bits", "ADC
/// bits". Levels of a continuous axis are a factor of 10^(1/12) apart.
std::vector<SpecAxis> spec_axes();

/// The network on hardware that is ideal but for `spec`. The bounds of the converters, scales and
/// input ranges stay those of the network.
Network with_spec(const Network& network, const DeviceSpec& spec);

struct SpecLimit {
    std::string axis;
    std::optional<double> value;  // the most severe level that suffices; none: not even the mildest
    bool at_end = false;          // all levels suffice
};

/// The border of the feasible region of two imperfections: for each level of the first the most
/// severe of the second.
struct SpecPair {
    std::string first, second;
    std::vector<double> x;
    std::vector<std::optional<double>> limit;
};

struct SpecOptions {
    double loss = 0.01;  // of accuracy (texts: nats)
    size_t images = 1000;
    size_t chips = 3;
    double t_s = 86400.0;
    size_t points = 7;                                       // of a border
    std::vector<std::pair<std::string, std::string>> pairs;  // none: default_spec_pairs()
    size_t threads = 1;
    const std::atomic<bool>* stop = nullptr;
    ProgressHooks progress = {};
};

std::vector<std::pair<std::string, std::string>> default_spec_pairs();

struct Specs {
    bool is_loss = false;
    double exact = 0.0;   // floating point
    double ideal = 0.0;   // the network on ideal hardware
    double target = 0.0;  // exact - loss
    std::vector<SpecLimit> limits;
    std::vector<SpecPair> pairs;
    size_t evaluations = 0;
};

/// The search by itself: `suffices` is asked for specifications that get worse along every axis; by
/// bisection over levels.
Specs find_specs(const std::vector<SpecAxis>& axes,
                 const SpecOptions& options,
                 const std::function<bool(const DeviceSpec&)>& suffices);

/// Mean over chips of the score >= that of floating point - loss. Throws InputError for networks
/// without analog layers and for names of axes that do not exist.
Specs specify(const Network& network,
              const Network& floating_point,
              const LabelledImages& test,
              uint64_t seed,
              const SpecOptions& options);

}  // namespace mho

#endif  // MHO_ANALYSIS_SPECS_H
