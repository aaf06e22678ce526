// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_COST_CONVERTER_MODELS_H
#define MHO_COST_CONVERTER_MODELS_H

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mho/cost/tree.h"

namespace mho::cost {

// Converters by the models of the field's tools. They disagree by factors (`mho cost --tools`), so
// the choice is the user's, and every number says which model it came from.

/// A published or measured converter of one resolution.
struct AdcPoint {
    int bits = 8;
    double energy_pj = 1.67;  // per conversion
    double latency_ns = 0.833;
    double area_um2 = 1200.0;
};

/// Regression on Murmann's converter survey (hwcomponents-adc): the best converters of the survey.
struct MurmannAdc {
    double rate_hz = 1e8;  // conversions per second of one converter
};
/// SAR converter of NeuroSim, whose power depends on the resistance of the column that it reads.
struct NeurosimSarAdc {
    double transistor_f2 = 196.0;  // area of a unit transistor, in squares of the node
};
/// Closed form of ZigZag-IMC at 28 nm and 0.9 V.
struct ZigzagAdc {};
/// Converters of a table; the smallest one with enough bits is taken.
struct TableAdc {
    double node_nm = 32.0;
    std::vector<AdcPoint> points;  // empty: the converters of ISAAC
};
using AdcModel = std::variant<MurmannAdc, NeurosimSarAdc, ZigzagAdc, TableAdc>;

struct DacPoint {
    int bits = 1;
    double energy_pj = 0.0;  // per conversion
    double power_uw = 0.0;   // while the line is driven
    double area_um2 = 0.0;
};
/// 50 fF per bit charged to the supply; nothing for one bit, which the line driver does (ZigZag).
struct ZigzagDac {};
struct TableDac {
    double node_nm = 32.0;
    std::vector<DacPoint> points;  // empty: the one-bit converter of ISAAC
};
using DacModel = std::variant<ZigzagDac, TableDac>;

/// Where a converter stands.
struct ConverterPlace {
    int bits = 8;
    double rows = 128;                   // of the array
    double column_resistance_ohm = 1e5;  // from driven rows to the converter
    double node_nm = 22.0;
    double supply_v = 0.85;
    double temperature_k = 300.0;
    double driven_ns = 10.0;  // DAC: how long a line is held
};

struct ConverterCost {
    Node energy;   // pJ per conversion
    Node latency;  // ns per conversion
    Node area;     // um2
    std::vector<std::string> warnings;
};

/// Throws ConfigError for a place or parameters outside the model. `sources[...]`: where the
/// parameters of a table are from.
ConverterCost adc_cost(const AdcModel& model,
                       const ConverterPlace& place,
                       const std::string& parameter_source);
ConverterCost dac_cost(const DacModel& model,
                       const ConverterPlace& place,
                       const std::string& parameter_source);

std::string_view adc_name(const AdcModel& model);

/// The converters of ISAAC (8 bit: Kull et al., ISSCC 2013, 32 nm), the others scaled from it after
/// Saberi et al. 2011.
const std::vector<AdcPoint>& isaac_adcs();

// The bare formulas.

/// Energy (pJ) of a conversion and area (um2): `bits` effective bits (at least 4), `node_nm`,
/// conversions per second.
double murmann_energy_pj(double bits, double node_nm, double rate_hz);
double murmann_area_um2(double bits, double node_nm, double rate_hz);
/// Energy (pJ) of a conversion of NeuroSim's SAR: power x (bits + 1) ns.
double neurosim_sar_energy_pj(double bits,
                              double node_nm,
                              double column_resistance_ohm,
                              double temperature_k);
/// ZigZag-IMC at 28 nm.
double zigzag_adc_energy_pj(double bits, double supply_v);
double zigzag_adc_area_um2(double bits);
double zigzag_adc_delay_ns(double bits, double rows);
double zigzag_dac_energy_pj(double bits, double supply_v);

}  // namespace mho::cost

#endif  // MHO_COST_CONVERTER_MODELS_H
