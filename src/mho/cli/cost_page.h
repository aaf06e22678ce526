// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_CLI_COST_PAGE_H
#define MHO_CLI_COST_PAGE_H

#include <string>
#include <vector>

#include "mho/cost/comparison.h"
#include "mho/cost/cost.h"
#include "mho/cost/update_cost.h"
#include "mho/report/table.h"

namespace mho {

/// What `mho cost` shows of a network.
struct CostSubject {
    std::string title;
    std::string about;      // one sentence: network, weights, activity
    std::string condition;  // "16 samples, conductances 1 s after programming"
    cost::Report report;
    std::vector<cost::ToolLayer> tools;  // empty: not asked for
    std::string tools_layer;
    std::vector<Table> updates;  // training in memory, a table for each rule
};

/// Layers with tiles, energy, time, area.
Table cost_layers(const cost::Report& report);
/// Energy of the network by component, over all layers.
Table cost_components(const cost::Report& report);
/// Efficiency of published chips, and that of the report over theirs.
Table cost_chips(const cost::Report& report);
/// One ADC by the models of all tools, and one layer by all presets.
Table adc_table(const std::vector<cost::ToolConverter>& tools, int bits, double node_nm);
Table adder_table(const std::vector<cost::ToolConverter>& tools, int bits, double node_nm);
Table layer_table(const std::vector<cost::ToolLayer>& tools, const std::string& layer);

/// Time (and energy) of training in memory by one rule.
Table update_table(const std::string& rule, const std::vector<cost::LayerUpdate>& layers);

/// Totals and tables for a terminal.
std::string cost_text(const CostSubject& subject);
/// The three trees, every number with formula and source.
std::string cost_explanation(const cost::Report& report);
/// Everything as JSON.
std::string cost_json(const CostSubject& subject);
/// A self-contained page with pictures.
std::string cost_html(const CostSubject& subject);

}  // namespace mho

#endif  // MHO_CLI_COST_PAGE_H
