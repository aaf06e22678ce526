// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CONVERT_ADC_CIRCUIT_H
#define MHO_CONVERT_ADC_CIRCUIT_H

// The circuits inside SAR, ramp, pipeline and cyclic converters, with their errors. Equations and
// sources: docs/models/converters.md.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mho {

/// What a capacitive DAC is made of.
struct CapacitorDac {
    int bits = 8;
    double sigma = 0.0;    // of a unit capacitor; C units deviate by sigma sqrt(C)
    double gain_db = 0.0;  // of the amplifier, 0 = infinite
    bool split = false;    // two arrays and a bridge
    bool has_sign = true;  // a sign bit picks the reference; bits - 1 capacitors
};

/// Standard normal numbers that dac_edges() uses: one per capacitor.
size_t capacitor_count(const CapacitorDac& dac);

/// Edges between codes 0 | 1 | ... | 2^bits - 1 in u, the place in the range [0, 1]: entry k is the
/// lower edge of code k (entry 0 is unused and 0). Not monotone when the mismatch is large.
std::vector<double> dac_edges(const CapacitorDac& dac, std::span<const double> normals);

/// Binary search of a SAR against the edges: the law itself.
int64_t sar_code(std::span<const double> edges, double u, int bits);

/// Where that search ends up in each code: sorted lower edges of codes 1 ... 2^bits - 1 (codes that
/// are never reached share the edge of the next one).
std::vector<double> sar_transitions(std::span<const double> edges, int bits);

/// One 1.5-bit stage: v <- gain v - digit step, the digit decided at low and high.
struct Stage {
    double gain = 2.0;
    double step = 1.0;
    double low = -0.25;
    double high = 0.25;
};

/// The stages that a value passes one after the other, and the last comparator.
struct StageChain {
    std::vector<Stage> stages;
    double flash = 0.0;
};

/// A stage from its capacitors and offsets: gamma = C2 / C1, feedback factor beta = C1 / (C1 + C2 +
/// C_par), v <- ((1 + gamma) v - digit gamma) / (1 + 1 / (A beta)).
Stage make_stage(double c1, double c2, double c_par, double gain_db, double low, double high);

/// Code of v in [-1, 1): 2^(bits - 1) + sum of digits x 2^(bits - 1 - stage) + flash - 1, cut to
/// the codes that there are.
int64_t stage_code(const StageChain& chain, double v);

}  // namespace mho

#endif  // MHO_CONVERT_ADC_CIRCUIT_H
