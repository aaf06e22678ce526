// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_GATES_H
#define MHO_COST_GATES_H

namespace mho::cost {

// Digital arithmetic by counting gates: the closed forms of ZigZag-IMC at 28 nm. A second opinion
// on the published adders that costs are made of (cost.digital).

struct Gate {
    double area_um2 = 0;
    double delay_ps = 0;
    double capacitance_ff = 0;  // switched in an operation

    /// Energy of an operation at `supply_v`, pJ.
    double energy_pj(double supply_v) const { return capacitance_ff * supply_v * supply_v * 1e-3; }
};

inline constexpr double kGateNode_nm = 28.0;

Gate nand2();
Gate xor2();        // 2.4 times the area and delay of a NAND2, 1.5 times its capacitance
Gate flip_flop();   // 6 times the area, 3 times the capacitance
Gate full_adder();  // three NAND2 and two XOR2

/// Full adders that add `words` words of `bits` bits: b (w - 1) + w (log2 w - 1/2).
double adder_tree_full_adders(double bits, double words);
/// Full adders of one adder of `bits` bits.
Gate adder(double bits);

/// A bit line of capacitance `line_ff` charged for `weight_bits` columns, pJ.
double bit_line_energy_pj(double line_ff, double weight_bits, double supply_v);

}  // namespace mho::cost

#endif  // MHO_COST_GATES_H
