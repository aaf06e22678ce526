// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/gates.h"

#include <cmath>

#include "mho/util/finite.h"

namespace mho::cost {
namespace {

Gate times(const Gate& g, double area, double delay, double capacitance) {
    return {g.area_um2 * area, g.delay_ps * delay, g.capacitance_ff * capacitance};
}

}  // namespace

Gate nand2() {
    return {0.614, 47.8, 0.7};
}

Gate xor2() {
    return times(nand2(), 2.4, 2.4, 1.5);
}

Gate flip_flop() {
    return times(nand2(), 6, 1, 3);
}

Gate full_adder() {
    const Gate n = nand2();
    const Gate x = xor2();
    // The longest way leads through both exclusive ors.
    return {3 * n.area_um2 + 2 * x.area_um2,
            2 * x.delay_ps,
            3 * n.capacitance_ff + 2 * x.capacitance_ff};
}

double adder_tree_full_adders(double bits, double words) {
    require_not_negative(bits, "bits");
    require_not_negative(words, "words");
    return words > 1 ? bits * (words - 1) + words * (std::log2(words) - 0.5) : 0.0;
}

Gate adder(double bits) {
    require_not_negative(bits, "bits");
    return times(full_adder(), bits, bits, bits);
}

double bit_line_energy_pj(double line_ff, double weight_bits, double supply_v) {
    require_not_negative(line_ff, "line_ff");
    require_not_negative(weight_bits, "weight_bits");
    require_finite_number(supply_v, "supply_v");
    constexpr double kPjPerFj = 1e-3;
    return line_ff * supply_v * supply_v * weight_bits * kPjPerFj;
}

}  // namespace mho::cost
