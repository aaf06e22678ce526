// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/comparison.h"

#include <utility>

#include "mho/cost/gates.h"
#include "mho/cost/technology.h"
#include "mho/net/presets.h"
#include "mho/util/error.h"

namespace mho::cost {
namespace {

// Where a number is from: the deepest source of the first branch.
std::string source_of(const Node& node) {
    if (!node.source.empty() || node.parts.empty()) {
        return node.source;
    }
    return source_of(node.parts.front());
}

}  // namespace

std::vector<ToolConverter> compare_adcs(int bits, double node_nm, double rows) {
    struct Case {
        std::string tool;
        AdcModel model;
        double column_ohm;
        std::string table_source;
    };
    const CostConfig mnsim = cost_from_json(R"({"preset": "mnsim"})").config;
    const std::vector<Case> cases = {
        {"Murmann regression, 1e8 /s", MurmannAdc{1e8}, 1e5, ""},
        {"Murmann regression, 1e9 /s", MurmannAdc{1e9}, 1e5, ""},
        {"NeuroSim SAR, column of 10 kOhm", NeurosimSarAdc{}, 1e4, ""},
        {"NeuroSim SAR, column of 100 kOhm", NeurosimSarAdc{}, 1e5, ""},
        {"ZigZag-IMC", ZigzagAdc{}, 1e5, ""},
        {"ISAAC table", TableAdc{}, 1e5, ""},
        {"MNSIM table", mnsim.adc, 1e5, "MNSIM 2.0 component tables"}};
    ConverterPlace place;
    place.bits = bits;
    place.rows = rows;
    place.node_nm = node_nm;
    place.supply_v = nominal_supply_v(node_nm);
    std::vector<ToolConverter> out;
    for (const Case& c : cases) {
        place.column_resistance_ohm = c.column_ohm;
        constexpr double kLargestNeurosimNode_nm = 65;
        if (std::holds_alternative<NeurosimSarAdc>(c.model) && node_nm > kLargestNeurosimNode_nm) {
            continue;
        }
        const ConverterCost cost = adc_cost(c.model, place, c.table_source);
        out.push_back({c.tool,
                       cost.energy.value,
                       cost.latency.value,
                       cost.area.value,
                       source_of(cost.energy),
                       cost.warnings.empty() ? "" : cost.warnings.front()});
    }
    return out;
}

std::vector<ToolConverter> compare_adders(int bits, double node_nm) {
    const DigitalCost published;
    constexpr double kWordBits = 32;
    const double supply_v = nominal_supply_v(node_nm);
    const double width = bits / kWordBits;
    const Gate gates = adder(bits);
    return {{"published adder",
             published.adder_pj * width * energy_scaling(published.node_nm, node_nm, supply_v),
             0,
             published.adder_um2 * width * area_scaling(published.node_nm, node_nm),
             "Aladdin (ISCA 2014), 40 nm, 32 bit",
             ""},
            {"full adders",
             gates.energy_pj(supply_v) * energy_scaling(kGateNode_nm, node_nm, supply_v),
             gates.delay_ps * 1e-3,
             gates.area_um2 * area_scaling(kGateNode_nm, node_nm),
             "ZigZag-IMC gate counts at 28 nm",
             "every gate switches"}};
}

std::vector<ToolLayer> compare_presets(const Network& network,
                                       const NetworkActivity& activity,
                                       const CostSpec& own,
                                       const std::string& layer) {
    std::vector<std::pair<std::string, CostSpec>> specs = {{"", own}};
    std::vector<std::string> sources = {"the run's own configuration"};
    for (const PresetInfo& info : list_presets(PresetKind::kCost)) {
        specs.emplace_back(info.name, cost_from_json("{\"preset\": \"" + info.name + "\"}"));
        sources.push_back(info.source);
    }
    std::vector<ToolLayer> out;
    for (size_t i = 0; i < specs.size(); i++) {
        const Report report = of(network, activity, specs[i].second);
        std::vector<std::string> names;
        for (const LayerCost& l : report.layers) {
            names.push_back(l.name);
            if (l.name == layer) {
                out.push_back({specs[i].first,
                               specs[i].second.config.technology.node_nm,
                               l.energy_pj,
                               l.latency_ns,
                               l.area_um2,
                               report.totals.tops_per_w(),
                               sources[i]});
            }
        }
        if (out.size() != i + 1) {
            throw InputError("no layer `" + layer + "`" + suggestion(layer, names));
        }
    }
    return out;
}

}  // namespace mho::cost
