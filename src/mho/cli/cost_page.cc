// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cli/cost_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "mho/cost/published_chips.h"
#include "mho/report/html.h"
#include "mho/report/numbers.h"
#include "mho/report/stacked_chart.h"
#include "mho/util/json.h"

namespace mho {
namespace {

constexpr double kNjPerPj = 1e-3;
constexpr double kUsPerNs = 1e-3;
constexpr double kMm2PerUm2 = 1e-6;

// Leaves of the energy tree that a reader tells apart, and what they are called in pictures.
struct Component {
    const char* node;
    const char* name;
};
constexpr Component kComponents[] = {{"cells", "cells"},
                                     {"word lines", "word lines"},
                                     {"DACs", "DACs"},
                                     {"ADCs", "ADCs"},
                                     {"products of whole tiles", "tiles as published"},
                                     {"shift and add", "digital"},
                                     {"scales, pieces and bias", "digital"},
                                     {"around the matrix", "digital"},
                                     {"arithmetic", "digital"},
                                     {"buffers", "buffers"},
                                     {"communication", "communication"},
                                     {"power that always flows", "static power"}};

const char* component_of(const std::string& node) {
    for (const Component& c : kComponents) {
        if (node == c.node) {
            return c.name;
        }
    }
    return nullptr;
}

void add_components(const cost::Node& node, std::map<std::string, double>& pj) {
    if (const char* name = component_of(node.name)) {
        pj[name] += node.value;
        return;
    }
    for (const cost::Node& part : node.parts) {
        add_components(part, pj);
    }
}

std::vector<std::string> component_names() {
    std::vector<std::string> names;
    for (const Component& c : kComponents) {
        if (std::find(names.begin(), names.end(), c.name) == names.end()) {
            names.emplace_back(c.name);
        }
    }
    return names;
}

double sum_named(const cost::Node& node, const std::string& name) {
    double total = node.name == name ? node.value : 0.0;
    for (const cost::Node& part : node.parts) {
        total += sum_named(part, name);
    }
    return total;
}

// The node of every layer, below whatever the total was multiplied by.
const cost::Node* layer_node(const cost::Node& root, const std::string& name) {
    const cost::Node& layers = root.formula == cost::kSum ? root : root.parts.front();
    const auto found = std::find_if(layers.parts.begin(),
                                    layers.parts.end(),
                                    [&](const cost::Node& n) { return n.name == name; });
    return found == layers.parts.end() ? nullptr : &*found;
}

std::string with_prefix(double value, const char* unit) {
    struct Prefix {
        double factor;
        const char* name;
    };
    constexpr Prefix prefixes[] = {
        {1, ""}, {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}, {1e-12, "p"}, {1e-15, "f"}};
    for (const Prefix& p : prefixes) {
        if (value >= p.factor) {
            return format_number(value / p.factor) + " " + p.name + unit;
        }
    }
    return format_number(value) + " " + unit;
}

struct TotalLine {
    std::string name, value;
};

std::vector<TotalLine> totals_of(const cost::Report& r) {
    const cost::Totals& t = r.totals;
    const double share = t.multiply_adds > 0 ? t.analog_multiply_adds / t.multiply_adds : 0.0;
    return {{"energy of a sample", with_prefix(t.energy_j, "J")},
            {"efficiency", format_number(t.tops_per_w()) + " TOPS/W"},
            {"latency of a sample", with_prefix(t.latency_s, "s")},
            {"time between samples", with_prefix(t.interval_s, "s")},
            {"samples per second", format_number(t.interval_s > 0 ? 1 / t.interval_s : 0)},
            {"power at that rate", with_prefix(t.power_w(), "W")},
            {"area", format_number(t.area_mm2) + " mm2"},
            {"throughput by area", format_number(t.tops_per_mm2()) + " TOPS/mm2"},
            {"tiles", format_count(t.tiles)},
            {"multiply-adds of a sample",
             fmt::format("{} ({} on tiles)",
                         format_count(static_cast<unsigned long long>(t.multiply_adds)),
                         format_percent(share, 1))}};
}

Table totals_table(const cost::Report& r) {
    Table table("Totals");
    table.column("").column("value", Align::kRight);
    for (const TotalLine& line : totals_of(r)) {
        table.row({line.name, line.value});
    }
    return table;
}

std::string ratio(double own, double published) {
    return published > 0 ? format_number(own / published, 3) : std::string(kNoValue);
}

std::string number_or_none(double value) {
    return value > 0 ? format_number(value) : std::string(kNoValue);
}

Json tree_json(const cost::Node& node) {
    Json j = {{"name", node.name}, {"value", node.value}, {"unit", node.unit}};
    if (!node.formula.empty()) {
        j["formula"] = node.formula;
    }
    if (!node.source.empty()) {
        j["source"] = node.source;
    }
    if (!node.parts.empty()) {
        j["parts"] = Json::array();
        for (const cost::Node& part : node.parts) {
            j["parts"].push_back(tree_json(part));
        }
    }
    return j;
}

StackedChart energy_chart(const cost::Report& r) {
    StackedChart chart;
    chart.title = "Energy of a sample by layer";
    chart.description = "What each layer takes, and which component takes it";
    chart.x_label = "nJ per sample";
    chart.unit = "nJ";
    std::map<std::string, double> all;
    add_components(r.energy, all);
    for (const std::string& name : component_names()) {
        if (all[name] > 0) {
            chart.series.push_back(name);
        }
    }
    for (const cost::LayerCost& layer : r.layers) {
        const cost::Node* node = layer_node(r.energy, layer.name);
        std::map<std::string, double> pj;
        if (node != nullptr) {
            add_components(*node, pj);
        }
        StackedBar bar{layer.name, {}};
        for (const std::string& name : chart.series) {
            bar.values.push_back(pj[name] * kNjPerPj);
        }
        chart.bars.push_back(std::move(bar));
    }
    return chart;
}

TimelineChart timeline_chart(const cost::Report& r) {
    TimelineChart chart;
    chart.title = "Layers over time";
    chart.description = "When each layer works on each sample";
    chart.x_label = "us; one colour for each sample";
    for (size_t s = 0; s < r.layers.size(); s++) {
        TimelineRow row{r.layers[s].name, {}};
        for (size_t n = 0; n < r.timeline.stages.size(); n++) {
            const cost::Interval& i = r.timeline.stages[n][s];
            row.spans.push_back({i.start_ns * kUsPerNs,
                                 i.end_ns * kUsPerNs,
                                 static_cast<int>(n),
                                 fmt::format("{}, sample {}: {} to {} us",
                                             row.label,
                                             n + 1,
                                             format_number(i.start_ns * kUsPerNs),
                                             format_number(i.end_ns * kUsPerNs))});
        }
        chart.rows.push_back(std::move(row));
    }
    return chart;
}

}  // namespace

Table cost_layers(const cost::Report& r) {
    Table table("Layers");
    table.column("layer")
        .column("kind")
        .column("tiles", Align::kRight)
        .column("copies", Align::kRight)
        .column("cells used", Align::kRight)
        .column("busy", Align::kRight)
        .column("energy", Align::kRight, "nJ")
        .column("share", Align::kRight)
        .column("latency", Align::kRight, "us")
        .column("area", Align::kRight, "mm2");
    const double all = r.totals.energy_j * 1e12;
    for (const cost::LayerCost& l : r.layers) {
        table.row({l.name,
                   l.kind,
                   l.on_tiles ? format_count(l.tiles) : "digital",
                   l.on_tiles ? format_count(l.copies) : "",
                   l.on_tiles ? format_percent(l.cell_utilisation, 1) : "",
                   format_percent(l.time_utilisation, 1),
                   format_number(l.energy_pj * kNjPerPj),
                   format_percent(all > 0 ? l.energy_pj / all : 0, 1),
                   format_number(l.latency_ns * kUsPerNs),
                   format_number(l.area_um2 * kMm2PerUm2)});
    }
    return table;
}

Table cost_components(const cost::Report& r) {
    Table table("Energy by component");
    table.column("component").column("energy", Align::kRight, "nJ").column("share", Align::kRight);
    std::map<std::string, double> pj;
    add_components(r.energy, pj);
    double all = 0;
    for (const auto& [name, value] : pj) {
        all += value;
    }
    for (const std::string& name : component_names()) {
        if (pj[name] > 0) {
            table.row(
                {name, format_number(pj[name] * kNjPerPj), format_percent(pj[name] / all, 1)});
        }
    }
    const double averaged = sum_named(r.energy, "driven conductance by averages, for comparison");
    if (const double driven = sum_named(r.energy, "driven conductance"); driven > 0) {
        table.footnote(fmt::format("cells by average operands instead of those simulated: {} times",
                                   format_number(averaged / driven, 3)));
    }
    return table;
}

Table cost_chips(const cost::Report& r) {
    Table table("Published chips");
    table.column("chip")
        .column("kind")
        .column("published", Align::kRight, "TOPS/W")
        .column("here / published", Align::kRight)
        .column("published", Align::kRight, "TOPS/mm2")
        .column("here / published", Align::kRight)
        .column("source");
    for (const cost::PublishedChip& chip : cost::published_chips()) {
        table.row({chip.name,
                   chip.kind,
                   number_or_none(chip.tops_per_w),
                   ratio(r.totals.tops_per_w(), chip.tops_per_w),
                   number_or_none(chip.tops_per_mm2),
                   ratio(r.totals.tops_per_mm2(), chip.tops_per_mm2),
                   chip.source});
    }
    table.footnote(
        fmt::format("here: {} TOPS/W, {} TOPS/mm2 on this network, idle cells included; "
                    "chips quote their best case, full tiles",
                    format_number(r.totals.tops_per_w()),
                    format_number(r.totals.tops_per_mm2())));
    return table;
}

namespace {

Table circuit_table(const std::string& title, const std::vector<cost::ToolConverter>& tools) {
    Table table(title);
    table.column("model")
        .column("energy", Align::kRight, "pJ")
        .column("latency", Align::kRight, "ns")
        .column("area", Align::kRight, "um2")
        .column("source");
    for (const cost::ToolConverter& t : tools) {
        table.row({t.tool,
                   format_number(t.energy_pj),
                   number_or_none(t.latency_ns),
                   format_number(t.area_um2),
                   t.source + (t.note.empty() ? "" : "; " + t.note)});
    }
    table.footnote(fmt::format("largest over smallest energy: {}",
                               format_number(cost::energy_spread(tools), 3)));
    return table;
}

}  // namespace

Table adc_table(const std::vector<cost::ToolConverter>& tools, int bits, double node_nm) {
    return circuit_table(fmt::format("An ADC of {} bit at {} nm", bits, format_number(node_nm)),
                         tools);
}

Table adder_table(const std::vector<cost::ToolConverter>& tools, int bits, double node_nm) {
    return circuit_table(fmt::format("An adder of {} bit at {} nm", bits, format_number(node_nm)),
                         tools);
}

Table layer_table(const std::vector<cost::ToolLayer>& tools, const std::string& layer) {
    Table table("Layer " + layer + " by every preset");
    table.column("preset")
        .column("node", Align::kRight, "nm")
        .column("energy", Align::kRight, "nJ")
        .column("latency", Align::kRight, "us")
        .column("area", Align::kRight, "mm2")
        .column("network", Align::kRight, "TOPS/W")
        .column("source");
    for (const cost::ToolLayer& t : tools) {
        table.row({t.preset.empty() ? "this run" : t.preset,
                   format_number(t.node_nm),
                   format_number(t.energy_pj * kNjPerPj),
                   format_number(t.latency_ns * kUsPerNs),
                   format_number(t.area_um2 * kMm2PerUm2),
                   format_number(t.network_tops_per_w),
                   t.source});
    }
    table.footnote(fmt::format("largest over smallest energy: {}",
                               format_number(cost::energy_spread(tools), 3)));
    return table;
}

Table update_table(const std::string& rule, const std::vector<cost::LayerUpdate>& layers) {
    Table table("Training in memory: " + rule);
    table.column("layer")
        .column("tile", Align::kRight)
        .column("vectors", Align::kRight)
        .column("update", Align::kRight, "ns")
        .column("passes", Align::kRight, "ns")
        .column("sample", Align::kRight, "us")
        .column("pulses", Align::kRight, "nJ");
    for (const cost::LayerUpdate& u : layers) {
        table.row(
            {u.layer,
             fmt::format("{} x {}", u.tile_rows, u.tile_columns),
             format_number(u.vectors),
             format_number(u.update_ns),
             format_number(u.read_ns),
             format_number(u.sample_ns * kUsPerNs),
             u.energy_pj > 0 ? format_number(u.energy_pj * kNjPerPj) : std::string(kNoValue)});
    }
    table.footnote(fmt::format("a sample takes {} us; time model: arXiv 2502.06309, cost.update",
                               format_number(cost::training_sample_ns(layers) * kUsPerNs)));
    return table;
}

std::string cost_text(const CostSubject& s) {
    std::string text = s.title + "\n" + s.about + "\n" + s.condition + "\n\n";
    text += cost_layers(s.report).text() + "\n" + cost_components(s.report).text() + "\n" +
            totals_table(s.report).text() + "\n" + cost_chips(s.report).text();
    if (!s.tools.empty()) {
        text += "\n" + layer_table(s.tools, s.tools_layer).text();
    }
    for (const Table& table : s.updates) {
        text += "\n" + table.text();
    }
    for (const std::string& warning : s.report.warnings) {
        text += "note: " + warning + "\n";
    }
    return text;
}

std::string cost_explanation(const cost::Report& r) {
    return to_text(r.energy) + "\n" + to_text(r.latency) + "\n" + to_text(r.area);
}

std::string cost_json(const CostSubject& s) {
    const cost::Totals& t = s.report.totals;
    Json j;
    j["name"] = s.title;
    j["condition"] = s.condition;
    j["totals"] = {{"energy_j", t.energy_j},
                   {"latency_s", t.latency_s},
                   {"interval_s", t.interval_s},
                   {"area_mm2", t.area_mm2},
                   {"power_w", t.power_w()},
                   {"multiply_adds", t.multiply_adds},
                   {"analog_multiply_adds", t.analog_multiply_adds},
                   {"tiles", t.tiles},
                   {"tops", t.tops()},
                   {"tops_per_w", t.tops_per_w()},
                   {"tops_per_mm2", t.tops_per_mm2()}};
    j["layers"] = Json::array();
    for (const cost::LayerCost& l : s.report.layers) {
        j["layers"].push_back({{"name", l.name},
                               {"kind", l.kind},
                               {"on_tiles", l.on_tiles},
                               {"tiles", l.tiles},
                               {"copies", l.copies},
                               {"multiply_adds", l.multiply_adds},
                               {"cell_utilisation", l.cell_utilisation},
                               {"time_utilisation", l.time_utilisation},
                               {"energy_pj", l.energy_pj},
                               {"latency_ns", l.latency_ns},
                               {"area_um2", l.area_um2}});
    }
    j["chips"] = Json::array();
    for (const cost::PublishedChip& c : cost::published_chips()) {
        j["chips"].push_back({{"name", c.name},
                              {"kind", c.kind},
                              {"tops_per_w", c.tops_per_w},
                              {"ratio", t.tops_per_w() / c.tops_per_w},
                              {"source", c.source}});
    }
    for (const cost::ToolLayer& l : s.tools) {
        j["tools"].push_back({{"preset", l.preset},
                              {"layer", s.tools_layer},
                              {"node_nm", l.node_nm},
                              {"energy_pj", l.energy_pj},
                              {"latency_ns", l.latency_ns},
                              {"area_um2", l.area_um2},
                              {"tops_per_w", l.network_tops_per_w}});
    }
    j["energy"] = tree_json(s.report.energy);
    j["latency"] = tree_json(s.report.latency);
    j["area"] = tree_json(s.report.area);
    j["notes"] = s.report.warnings;
    return j.dump(2) + "\n";
}

std::string cost_html(const CostSubject& s) {
    const cost::Totals& t = s.report.totals;
    HtmlPage page(s.title, s.about);
    page.cards({{with_prefix(t.energy_j, "J"), "energy of a sample", s.condition},
                {format_number(t.tops_per_w()) + " TOPS/W", "efficiency", "all layers"},
                {with_prefix(t.latency_s, "s"),
                 "latency",
                 "a sample every " + with_prefix(t.interval_s, "s")},
                {format_number(t.area_mm2) + " mm2", "area", format_count(t.tiles) + " tiles"}});
    page.figure(full_figure(energy_chart(s.report)));
    page.figure(full_figure(timeline_chart(s.report)));
    page.heading("Layers").table(cost_layers(s.report));
    page.heading("Components").table(cost_components(s.report));
    page.heading("Published chips").table(cost_chips(s.report));
    if (!s.tools.empty()) {
        page.heading("The field's tools").table(layer_table(s.tools, s.tools_layer));
    }
    if (!s.updates.empty()) {
        page.heading("Training in memory");
        for (const Table& table : s.updates) {
            page.table(table);
        }
    }
    page.heading("Every number, its formula and its source");
    page.details("Energy", to_text(s.report.energy));
    page.details("Latency", to_text(s.report.latency));
    page.details("Area", to_text(s.report.area));
    std::string notes;
    for (const std::string& warning : s.report.warnings) {
        notes += warning + "\n";
    }
    if (!notes.empty()) {
        page.details("Notes", notes);
    }
    return page.str();
}

}  // namespace mho
