// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/converter_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "mho/cost/technology.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho::cost {
namespace {

constexpr double kZigzagNode_nm = 28.0;
constexpr const char* kMurmannSource =
    "regression on Murmann's ADC survey, hwcomponents-adc (CiMLoop, ISPASS 2024)";
constexpr const char* kNeurosimSource = "NeuroSim V1.4, SAR ADC";
constexpr const char* kZigzagSource = "ZigZag-IMC, closed forms at 28 nm";
constexpr const char* kScalingSource = "Stillmaker and Baas, Integration 58 (2017)";

void require(bool good, const std::string& path, const std::string& message) {
    if (!good) {
        throw ConfigError(path, message);
    }
}

Node scaled(std::string name,
            double at_source,
            std::string unit,
            double factor,
            double from_nm,
            double to_nm,
            std::string formula,
            const std::string& source) {
    Node original{name + fmt::format(" at {} nm", number(from_nm)),
                  at_source,
                  unit,
                  std::move(formula),
                  source,
                  {}};
    if (from_nm == to_nm) {
        original.name = std::move(name);
        return original;
    }
    Node factor_node{"scaling",
                     factor,
                     "1",
                     fmt::format("from {} nm to {} nm", number(from_nm), number(to_nm)),
                     kScalingSource,
                     {}};
    return {std::move(name),
            at_source * factor,
            std::move(unit),
            fmt::format("{} x {}", number(at_source), number(factor)),
            "",
            {std::move(original), std::move(factor_node)}};
}

ConverterCost cost_of(const MurmannAdc& m, const ConverterPlace& p, const std::string& source) {
    ConverterCost c;
    const double bits = std::max(p.bits, 4);
    if (p.bits < 4) {
        c.warnings.push_back("the survey starts at 4 effective bits: 4 are taken");
    }
    c.energy = {"energy of a conversion",
                murmann_energy_pj(bits, p.node_nm, m.rate_hz),
                "pJ",
                fmt::format("1/2 10^((SNDR - FOM) / 10) exp(26.0496 + 1.88004 ln {0} - 2.82913 ln "
                            "{1} - 1.4702), SNDR = 6.0206 {1} + 1.761, FOM = min(213.781 - 2.8719 "
                            "ln {2}, 128.307 + 3.22051 {1})",
                            number(p.node_nm),
                            number(bits),
                            number(m.rate_hz)),
                kMurmannSource,
                {value("conversions per second", m.rate_hz, "Hz", source)}};
    c.latency = {"time of a conversion",
                 1e9 / m.rate_hz,
                 "ns",
                 fmt::format("1 / {} Hz", number(m.rate_hz)),
                 source,
                 {}};
    c.area = {"area of an ADC",
              murmann_area_um2(bits, p.node_nm, m.rate_hz),
              "um2",
              fmt::format("exp(0.99328 ln {} + 0.18072 ln {} + 0.29912 ln {} + 1.34619)",
                          number(p.node_nm),
                          number(m.rate_hz),
                          number(c.energy.value)),
              kMurmannSource,
              {}};
    return c;
}

ConverterCost cost_of(const NeurosimSarAdc& m, const ConverterPlace& p, const std::string& source) {
    ConverterCost c;
    const double bits = p.bits;
    c.energy = {"energy of a conversion",
                neurosim_sar_energy_pj(bits, p.node_nm, p.column_resistance_ohm, p.temperature_k),
                "pJ",
                fmt::format("({} bit power + 0.072341 exp(-2.303 log10 {}) W) x ({} + 1) ns",
                            p.bits,
                            number(p.column_resistance_ohm),
                            p.bits),
                kNeurosimSource,
                {value("resistance of a column",
                       p.column_resistance_ohm,
                       "Ohm",
                       "from the conductances and inputs of the layer")}};
    c.latency = {"time of a conversion",
                 bits + 1,
                 "ns",
                 fmt::format("({} + 1) x 1 ns", p.bits),
                 kNeurosimSource,
                 {}};
    const double transistor_um2 = m.transistor_f2 * p.node_nm * p.node_nm * 1e-6;
    const double transistors = 269 + 109 * (bits - 1) + 209 + 73 * (bits - 1);
    c.area = {
        "area of an ADC",
        transistors * transistor_um2,
        "um2",
        fmt::format(
            "(269 + 109 ({0} - 1) + 209 + 73 ({0} - 1)) x {1} um2", p.bits, number(transistor_um2)),
        kNeurosimSource,
        {value("area of a transistor", m.transistor_f2, "F2", source)}};
    return c;
}

ConverterCost cost_of(const ZigzagAdc&, const ConverterPlace& p, const std::string&) {
    ConverterCost c;
    const double bits = p.bits;
    c.energy = scaled(
        "energy of a conversion",
        zigzag_adc_energy_pj(bits, p.supply_v),
        "pJ",
        energy_scaling(kZigzagNode_nm, p.node_nm, p.supply_v),
        kZigzagNode_nm,
        p.node_nm,
        fmt::format("(100 x {0} + 0.001 x 4^{0}) fF x ({1} V)^2", p.bits, number(p.supply_v)),
        kZigzagSource);
    c.latency = {"time of a conversion",
                 zigzag_adc_delay_ns(bits, p.rows),
                 "ns",
                 fmt::format("{} (0.00653 x {} rows + 0.640) ns", p.bits, number(p.rows)),
                 kZigzagSource,
                 {}};
    c.area = scaled("area of an ADC",
                    zigzag_adc_area_um2(bits),
                    "um2",
                    area_scaling(kZigzagNode_nm, p.node_nm),
                    kZigzagNode_nm,
                    p.node_nm,
                    fmt::format("10^(1.206 - 0.0369 x {0}) x 2^{0}", p.bits),
                    kZigzagSource);
    return c;
}

// The smallest entry with enough bits, else the largest with a warning.
template <class Point>
const Point& pick(const std::vector<Point>& points,
                  int bits,
                  const char* what,
                  std::vector<std::string>& warnings) {
    const Point* best = nullptr;
    const Point* largest = &points.front();
    for (const Point& point : points) {
        if (point.bits >= bits && (best == nullptr || point.bits < best->bits)) {
            best = &point;
        }
        if (point.bits > largest->bits) {
            largest = &point;
        }
    }
    if (best == nullptr) {
        warnings.push_back(fmt::format(
            "the table has no {} of {} bit: that of {} bit is taken", what, bits, largest->bits));
        return *largest;
    }
    if (best->bits > bits) {
        warnings.push_back(fmt::format(
            "the table has no {} of {} bit: that of {} bit is taken", what, bits, best->bits));
    }
    return *best;
}

ConverterCost cost_of(const TableAdc& m, const ConverterPlace& p, const std::string& given) {
    ConverterCost c;
    const std::string source =
        m.points.empty() ? "ISAAC (ISCA 2016) after Kull et al. (ISSCC 2013), 32 nm" : given;
    const AdcPoint& point =
        pick(m.points.empty() ? isaac_adcs() : m.points, p.bits, "ADC", c.warnings);
    const std::string entry = fmt::format("table entry of {} bit", point.bits);
    c.energy = scaled("energy of a conversion",
                      point.energy_pj,
                      "pJ",
                      energy_scaling(m.node_nm, p.node_nm, p.supply_v),
                      m.node_nm,
                      p.node_nm,
                      entry,
                      source);
    c.latency = {"time of a conversion", point.latency_ns, "ns", entry, source, {}};
    c.area = scaled("area of an ADC",
                    point.area_um2,
                    "um2",
                    area_scaling(m.node_nm, p.node_nm),
                    m.node_nm,
                    p.node_nm,
                    entry,
                    source);
    return c;
}

ConverterCost cost_of(const ZigzagDac&, const ConverterPlace& p, const std::string&) {
    ConverterCost c;
    c.energy = {"energy of a DAC",
                zigzag_dac_energy_pj(p.bits, p.supply_v),
                "pJ",
                p.bits > 1 ? fmt::format("50 fF x {} x ({} V)^2", p.bits, number(p.supply_v))
                           : std::string("one bit needs no converter"),
                kZigzagSource,
                {}};
    c.latency = {"time of a DAC", 0.0, "ns", "within the read", kZigzagSource, {}};
    c.area = {"area of a DAC", 0.0, "um2", "not part of the model", kZigzagSource, {}};
    return c;
}

ConverterCost cost_of(const TableDac& m, const ConverterPlace& p, const std::string& given) {
    static const std::vector<DacPoint> isaac = {{1, 0.417, 0.0, 0.166}};
    ConverterCost c;
    const std::string source =
        m.points.empty() ? "ISAAC (ISCA 2016), 32 nm, as in hwcomponents-library" : given;
    const DacPoint& point = pick(m.points.empty() ? isaac : m.points, p.bits, "DAC", c.warnings);
    constexpr double kPjPerUwNs = 1e-3;
    c.energy = scaled("energy of a DAC",
                      point.energy_pj + point.power_uw * p.driven_ns * kPjPerUwNs,
                      "pJ",
                      energy_scaling(m.node_nm, p.node_nm, p.supply_v),
                      m.node_nm,
                      p.node_nm,
                      fmt::format("{} pJ + {} uW x {} ns",
                                  number(point.energy_pj),
                                  number(point.power_uw),
                                  number(p.driven_ns)),
                      source);
    c.latency = {"time of a DAC", 0.0, "ns", "within the read", source, {}};
    c.area = scaled("area of a DAC",
                    point.area_um2,
                    "um2",
                    area_scaling(m.node_nm, p.node_nm),
                    m.node_nm,
                    p.node_nm,
                    fmt::format("table entry of {} bit", point.bits),
                    source);
    return c;
}

void require_place(const ConverterPlace& p, const char* path) {
    require(p.bits >= 1 && p.bits <= 32, path, "converters have 1 to 32 bits");
    require(p.supply_v > 0 && p.rows > 0 && p.column_resistance_ohm > 0 && p.temperature_k > 0,
            path,
            "supply, rows, column resistance and temperature must be positive");
}

// Fits of SAR power at one node, uW: slope x bits + constant.
struct SarFit {
    double node_nm, slope, constant;
};
constexpr std::array<SarFit, 4> kSarFits = {
    {{65, 3.7506, 25.844}, {22, 0.538, 4.3753}, {7, 0.1061, 0.8847}, {1, 0.0101, 0.0843}}};

// Between two fits in proportion to a power of the node: straight lines in the logarithms.
double sar_power_uw(double bits, double node_nm) {
    const auto at = [&](const SarFit& f) { return f.slope * bits + f.constant; };
    for (size_t i = 0; i + 1 < kSarFits.size(); i++) {
        const SarFit& high = kSarFits[i];
        const SarFit& low = kSarFits[i + 1];
        if (node_nm >= low.node_nm) {
            const double share =
                std::log(node_nm / low.node_nm) / std::log(high.node_nm / low.node_nm);
            return at(low) * std::pow(at(high) / at(low), share);
        }
    }
    return at(kSarFits.back());
}

}  // namespace

ConverterCost adc_cost(const AdcModel& model,
                       const ConverterPlace& place,
                       const std::string& parameter_source) {
    require_place(place, "adc");
    return std::visit([&](const auto& m) { return cost_of(m, place, parameter_source); }, model);
}

ConverterCost dac_cost(const DacModel& model,
                       const ConverterPlace& place,
                       const std::string& parameter_source) {
    require_place(place, "dac");
    return std::visit([&](const auto& m) { return cost_of(m, place, parameter_source); }, model);
}

std::string_view adc_name(const AdcModel& model) {
    constexpr std::array<std::string_view, 4> names = {
        "murmann", "neurosim sar", "zigzag", "table"};
    return names[model.index()];
}

const std::vector<AdcPoint>& isaac_adcs() {
    static const std::vector<AdcPoint> points = {{4, 0.79, 0.833, 361.04},
                                                 {5, 0.99, 0.833, 476.91},
                                                 {6, 1.20, 0.833, 626.91},
                                                 {7, 1.42, 0.833, 845.18},
                                                 {8, 1.67, 0.833, 1200},
                                                 {9, 1.969, 0.833, 1827.9},
                                                 {10, 2.379, 0.833, 3002.0}};
    return points;
}

double murmann_energy_pj(double bits, double node_nm, double rate_hz) {
    require_positive(bits, "bits");
    require_positive(node_nm, "node_nm");
    require_positive(rate_hz, "rate_hz");
    const double sndr_db = 6.0206 * bits + 1.761;
    const double fom_db =
        std::min(213.781 - 2.8719 * std::log(rate_hz), 128.307 + 3.22051 * std::ceil(bits));
    const double of_node =
        std::exp(26.0496 + 1.88004 * std::log(node_nm) - 2.82913 * std::log(bits) - 1.4702);
    return 0.5 * std::pow(10.0, (sndr_db - fom_db) / 10) * of_node;
}

double murmann_area_um2(double bits, double node_nm, double rate_hz) {
    require_positive(bits, "bits");
    require_positive(node_nm, "node_nm");
    require_positive(rate_hz, "rate_hz");
    return std::exp(0.99328 * std::log(node_nm) + 0.18072 * std::log(rate_hz) +
                    0.29912 * std::log(murmann_energy_pj(bits, node_nm, rate_hz)) + 1.34619);
}

double neurosim_sar_energy_pj(double bits,
                              double node_nm,
                              double column_resistance_ohm,
                              double temperature_k) {
    require_positive(bits, "bits");
    require_positive(column_resistance_ohm, "column_resistance_ohm");
    require_positive(temperature_k, "temperature_k");
    require(node_nm >= kSarFits.back().node_nm && node_nm <= kSarFits.front().node_nm,
            "technology.node_nm",
            "the SAR ADC of NeuroSim is fitted from 1 to 65 nm, got " + number(node_nm) +
                "; choose another adc.model");
    constexpr double kUwPerW = 1e6;
    constexpr double kPjPerUwNs = 1e-3;
    const double of_column =
        0.072341 * std::exp(-2.303 * std::log10(column_resistance_ohm)) * kUwPerW;
    return (sar_power_uw(bits, node_nm) + of_column) * (1 + 1.3e-3 * (temperature_k - 300)) *
           (bits + 1) * kPjPerUwNs;
}

double zigzag_adc_energy_pj(double bits, double supply_v) {
    require_positive(bits, "bits");
    require_positive(supply_v, "supply_v");
    constexpr double kPjPerFj = 1e-3;
    return (100 * bits + 0.001 * std::pow(4.0, bits)) * supply_v * supply_v * kPjPerFj;
}

double zigzag_adc_area_um2(double bits) {
    require_positive(bits, "bits");
    return std::pow(10.0, 1.206 - 0.0369 * bits) * std::exp2(bits);
}

double zigzag_adc_delay_ns(double bits, double rows) {
    require_positive(bits, "bits");
    require_positive(rows, "rows");
    return bits * (0.00653 * rows + 0.640);
}

double zigzag_dac_energy_pj(double bits, double supply_v) {
    require_positive(bits, "bits");
    require_positive(supply_v, "supply_v");
    constexpr double kPjPerFj = 1e-3;
    return bits > 1 ? 50 * bits * supply_v * supply_v * kPjPerFj : 0.0;
}

}  // namespace mho::cost
