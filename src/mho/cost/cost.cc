// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/cost/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "mho/cost/digital_work.h"
#include "mho/cost/layer_cost.h"
#include "mho/net/graph_internal.h"
#include "mho/net/network_internal.h"
#include "mho/net/plan.h"
#include "mho/util/error.h"

namespace mho::cost {
namespace {

constexpr double kJoulePerPj = 1e-12;
constexpr double kSecondPerNs = 1e-9;
constexpr double kMm2PerUm2 = 1e-6;

// Share of its input that a layer needs before it can start: the lines that its kernel sees first.
double input_share(const Op& op, const Shape& input) {
    const auto of_window = [&](int kernel, int padding, int dilation) {
        const int lines = input.size() == 3 ? input[1] : 1;
        const int first = (kernel - 1) * dilation + 1 - padding;
        return std::clamp(static_cast<double>(first) / std::max(lines, 1), 0.0, 1.0);
    };
    return std::visit(
        [&](const auto& o) -> double {
            using O = std::decay_t<decltype(o)>;
            if constexpr (std::is_same_v<O, Conv2dOp>) {
                return of_window(o.kernel[0], o.padding[0], o.dilation[0]);
            } else if constexpr (std::is_same_v<O, Pool2dOp>) {
                return of_window(o.kernel[0], o.padding[0], 1);
            } else if constexpr (std::is_same_v<O, ActivationOp> || std::is_same_v<O, AddOp> ||
                                 std::is_same_v<O, BatchNormOp>) {
                return of_window(1, 0, 1);
            } else {
                return 1.0;
            }
        },
        op);
}

class Builder {
  public:
    Builder(const Network& network, const NetworkActivity& activity, const CostSpec& spec)
        : network_(network),
          activity_(activity),
          spec_(spec),
          shapes_(infer_shapes(network.graph)),
          inputs_(resolve_inputs(network.graph)) {
        if (activity.samples == 0) {
            throw InputError("the cost of a network needs the activity of at least one sample");
        }
    }

    Report build() {
        map_layers();
        add_layers();
        lay_out();
        add_totals();
        return std::move(report_);
    }

  private:
    std::vector<Shape> input_shapes(size_t i) const {
        std::vector<Shape> shapes;
        for (const int input : inputs_[i]) {
            if (input >= 0) {
                shapes.push_back(shapes_[static_cast<size_t>(input)]);
            } else {
                const auto& s = network_.graph.input.shape;
                shapes.push_back({s[0], s[1], s[2]});
            }
        }
        return shapes;
    }

    void map_layers() {
        for (const Layer& layer : network_.graph.layers) {
            const auto hardware = network_.analog.find(layer.name);
            if (hardware == network_.analog.end()) {
                continue;
            }
            const MatrixLayout layout = analog_layout(layer.op, hardware->second);
            std::vector<std::string> warnings;
            mappings_[layer.name] = map_layer(hardware->second,
                                              layout.groups,
                                              layout.rows,
                                              layout.columns,
                                              spec_.config,
                                              warnings);
            for (const std::string& w : warnings) {
                report_.warnings.push_back(layer.name + ": " + w);
            }
            tiles_ += mappings_[layer.name].tiles();
        }
        const double set = spec_.config.communication.hops;
        hops_ =
            set > 0 ? set : 2.0 / 3.0 * std::sqrt(static_cast<double>(std::max<size_t>(tiles_, 1)));
    }

    void add_layers() {
        sources_.resize(network_.graph.layers.size());
        for (size_t i = 0; i < network_.graph.layers.size(); i++) {
            std::vector<size_t> from;
            for (const int input : inputs_[i]) {
                if (input >= 0) {
                    const auto& s = sources_[static_cast<size_t>(input)];
                    from.insert(from.end(), s.begin(), s.end());
                }
            }
            std::sort(from.begin(), from.end());
            from.erase(std::unique(from.begin(), from.end()), from.end());
            const Layer& layer = network_.graph.layers[i];
            const bool on_tiles = mappings_.contains(layer.name);
            const DigitalWork work = digital_work(layer.op, input_shapes(i), shapes_[i], on_tiles);
            if (!on_tiles && work.operations() <= 0) {
                sources_[i] = from;
                continue;
            }
            add_layer(i, work, on_tiles);
            Stage& stage = stages_.back();
            stage.inputs = std::move(from);
            stage.input_share = input_share(layer.op, input_shapes(i).front());
            sources_[i] = {stages_.size() - 1};
        }
    }

    void add_layer(size_t i, const DigitalWork& work, bool on_tiles) {
        const Layer& layer = network_.graph.layers[i];
        double in = 0;
        for (const Shape& shape : input_shapes(i)) {
            in += static_cast<double>(feature_count(shape));
        }
        const auto out = static_cast<double>(feature_count(shapes_[i]));
        const MatrixLayout layout = matrix_layout(layer.op);
        LayerCost cost;
        cost.name = layer.name;
        cost.kind = kind_text(layer.op);
        cost.on_tiles = on_tiles;
        if (layout.groups > 0) {
            cost.multiply_adds = static_cast<double>(layout.weights()) *
                                 static_cast<double>(positions_of(shapes_[i]));
        }
        Stage stage;
        LayerNodes nodes;
        if (on_tiles) {
            nodes = nodes_on_tiles(i, work, in, out);
            const LayerMapping& m = mappings_.at(layer.name);
            cost.tiles = m.tiles();
            cost.cell_utilisation = m.utilisation();
            stage.tiles = cost.tiles;
        } else {
            const double weights = layout.groups > 0 ? static_cast<double>(layout.weights()) : 0;
            nodes = cost_digital(layer.name, work, in, out, weights, spec_);
        }
        stage.duration_ns = nodes.latency.value;
        cost.energy_pj = nodes.energy.value * spec_.config.layout.energy_factor;
        stages_.push_back(stage);
        nodes_.push_back(std::move(nodes));
        report_.layers.push_back(std::move(cost));
    }

    LayerNodes nodes_on_tiles(size_t i, const DigitalWork& work, double in, double out) {
        const Layer& layer = network_.graph.layers[i];
        const auto activity = activity_.layers.find(layer.name);
        if (activity == activity_.layers.end()) {
            throw InputError("the activity of layer " + layer.name + " is missing");
        }
        LayerWork w;
        w.name = layer.name;
        w.mapping = mappings_.at(layer.name);
        w.activity = &activity->second;
        w.samples = static_cast<double>(activity_.samples);
        w.vectors = static_cast<double>(positions_of(shapes_[i]));
        w.recurrent = std::holds_alternative<RecurrentOp>(layer.op);
        w.input_numbers = in;
        w.output_numbers = out;
        w.bias =
            matrix_layout(layer.op).bias && !network_.analog.at(layer.name).mapping.analog_bias;
        w.around = work;
        return cost_on_tiles(w, spec_, hops_, report_.warnings);
    }

    // Copies, and which stages share a tile.
    void lay_out() {
        const ScheduleConfig& s = spec_.config.schedule;
        const bool shares = s.sharing == TileSharing::kFirstFit;
        const auto chip = static_cast<size_t>(s.tiles);
        size_t used = 0;
        if (shares) {
            used = share_tiles();
            if (chip > 0 && used > chip) {
                throw ConfigError("schedule.tiles",
                                  fmt::format("the network needs {} tiles even when layers share "
                                              "them, the chip has {}",
                                              used,
                                              chip));
            }
            if (s.duplication == Duplication::kBalanced) {
                report_.warnings.push_back(
                    "layers that share tiles are not copied: schedule.duplication has no effect");
            }
        } else {
            if (s.duplication == Duplication::kBalanced && chip == 0) {
                throw ConfigError("schedule.tiles",
                                  "copies of layers need a number of tiles to fill");
            }
            used = tiles_;
            if (chip > 0) {
                std::vector<Stage> copied = stages_;
                const size_t with_copies = balance(copied, chip);
                if (s.duplication == Duplication::kBalanced) {
                    stages_ = std::move(copied);
                    used = with_copies;
                }
            }
        }
        report_.totals.tiles = used;
        shared_tiles_ = shares ? used : 0;
        bool digital = false;
        for (Stage& stage : stages_) {
            if (stage.tiles == 0) {
                stage.resources = {shared_tiles_};  // the digital unit
                digital = true;
            }
        }
        has_digital_ = digital;
        report_.timeline = schedule(stages_, s.mode, static_cast<size_t>(s.samples));
        for (size_t k = 0; k < stages_.size(); k++) {
            LayerCost& layer = report_.layers[k];
            layer.copies = stages_[k].copies;
            layer.latency_ns = stages_[k].busy_ns();
            layer.time_utilisation = report_.timeline.utilisation[k];
        }
    }

    size_t share_tiles() {
        std::vector<Piece> pieces;
        size_t tile_rows = 0;
        size_t tile_columns = 0;
        for (size_t k = 0; k < stages_.size(); k++) {
            const auto mapping = mappings_.find(report_.layers[k].name);
            if (mapping == mappings_.end()) {
                continue;
            }
            const LayerMapping& m = mapping->second;
            if (tile_rows != 0 && (tile_rows != m.tile_rows || tile_columns != m.tile_columns)) {
                throw ConfigError("schedule.sharing",
                                  "layers can share tiles only where all tiles are of one size; " +
                                      mapping->first + " has others");
            }
            tile_rows = m.tile_rows;
            tile_columns = m.tile_columns;
            const auto part = [](size_t size, size_t pieces_of) {
                return (size + pieces_of - 1) / pieces_of;
            };
            constexpr size_t kMostPieces = 20000;  // first fit looks at all tiles for every piece
            if (pieces.size() + m.tiles() > kMostPieces) {
                throw ConfigError(
                    "schedule.sharing",
                    fmt::format("first fit places at most {} pieces of matrices; take "
                                "larger tiles",
                                kMostPieces));
            }
            for (size_t t = 0; t < m.tiles(); t++) {
                pieces.push_back(
                    {k, part(m.rows, m.input_pieces), part(m.columns, m.output_pieces)});
            }
        }
        if (pieces.empty()) {
            return 0;
        }
        const std::vector<size_t> where = place(pieces, tile_rows, tile_columns);
        size_t used = 0;
        for (size_t p = 0; p < pieces.size(); p++) {
            std::vector<size_t>& tiles = stages_[pieces[p].stage].resources;
            if (std::find(tiles.begin(), tiles.end(), where[p]) == tiles.end()) {
                tiles.push_back(where[p]);
            }
            used = std::max(used, where[p] + 1);
        }
        return used;
    }

    void add_totals() {
        const LayoutCost& layout = spec_.config.layout;
        const StaticCost& idle = spec_.config.static_power;
        std::vector<Node> energy;
        std::vector<Node> latency;
        std::vector<Node> area;
        for (size_t k = 0; k < nodes_.size(); k++) {
            LayerCost& layer = report_.layers[k];
            report_.totals.multiply_adds += layer.multiply_adds;
            report_.totals.analog_multiply_adds += layer.on_tiles ? layer.multiply_adds : 0;
            energy.push_back(std::move(nodes_[k].energy));
            latency.push_back(std::move(nodes_[k].latency));
            add_area(k, std::move(nodes_[k].area), area);
        }
        if (has_digital_) {
            area.push_back(digital_unit_area(spec_));
        }
        const double interval_ns = report_.timeline.interval_ns;
        const double idle_mw =
            idle.mw_per_tile * static_cast<double>(report_.totals.tiles) + idle.mw_per_chip;
        Node power{"power that always flows",
                   idle_mw * interval_ns,
                   "pJ",
                   fmt::format("({} mW x {} tiles + {} mW) x {} ns",
                               number(idle.mw_per_tile),
                               report_.totals.tiles,
                               number(idle.mw_per_chip),
                               number(interval_ns)),
                   spec_.source("static_power.mw_per_tile"),
                   {}};
        energy.push_back(std::move(power));
        report_.energy = with_factor(sum("energy of a sample", "pJ", std::move(energy)),
                                     layout.energy_factor,
                                     "layout.energy_factor");
        report_.area = with_factor(
            sum("area", "um2", std::move(area)), layout.area_factor, "layout.area_factor");
        report_.latency = {"latency of a sample",
                           report_.timeline.latency_ns,
                           "ns",
                           "schedule of the layers below; copies share the vectors of a layer",
                           "event-driven schedule, docs/models/cost.md",
                           std::move(latency)};
        Totals& t = report_.totals;
        t.energy_j = report_.energy.value * kJoulePerPj;
        t.latency_s = report_.timeline.latency_ns * kSecondPerNs;
        t.interval_s = interval_ns * kSecondPerNs;
        t.area_mm2 = report_.area.value * kMm2PerUm2;
    }

    // Tiles of a layer count once per copy; tiles that layers share count once in all.
    void add_area(size_t k, Node node, std::vector<Node>& area) {
        LayerCost& layer = report_.layers[k];
        const double copies = static_cast<double>(layer.copies);
        if (layer.on_tiles && shared_tiles_ > 0 && !node.parts.empty()) {
            Node tiles = std::move(node.parts.front());
            node.parts.erase(node.parts.begin());
            node = sum(node.name, node.unit, std::move(node.parts));
            if (!counted_shared_ && !tiles.parts.empty()) {
                counted_shared_ = true;
                Node tile = std::move(tiles.parts.front());
                const double all = static_cast<double>(shared_tiles_);
                area.push_back({"shared tiles",
                                all * tile.value,
                                "um2",
                                fmt::format("{} tiles x {} um2", shared_tiles_, number(tile.value)),
                                "first fit",
                                {std::move(tile)}});
            }
        } else if (copies > 1) {
            const double one = node.value;
            const std::string name = node.name;
            node.name += ", one copy";
            node = {name,
                    one * copies,
                    "um2",
                    fmt::format("{} copies x {} um2", layer.copies, number(one)),
                    "schedule.duplication",
                    {std::move(node)}};
        }
        layer.area_um2 = node.value * spec_.config.layout.area_factor;
        area.push_back(std::move(node));
    }

    Node with_factor(Node node, double factor, const std::string& path) {
        if (factor == 1.0) {
            return node;
        }
        const double bare = node.value;
        const std::string name = node.name;
        node.name += ", components";
        return {name,
                bare * factor,
                node.unit,
                fmt::format("{} x {}", number(bare), number(factor)),
                "",
                {node, value("cost." + path, factor, "1", spec_.source(path))}};
    }

    const Network& network_;
    const NetworkActivity& activity_;
    const CostSpec& spec_;
    std::vector<Shape> shapes_;
    std::vector<std::vector<int>> inputs_;
    std::map<std::string, LayerMapping> mappings_;
    // Stages that a layer's output comes from. Layers that cost nothing (views, dropout) are no
    // stages: who reads them reads their inputs.
    std::vector<std::vector<size_t>> sources_;
    std::vector<Stage> stages_;
    std::vector<LayerNodes> nodes_;
    size_t tiles_ = 0;
    size_t shared_tiles_ = 0;
    bool has_digital_ = false;
    bool counted_shared_ = false;
    double hops_ = 1;
    Report report_;
};

}  // namespace

double Totals::tops() const {
    return interval_s > 0 ? 2 * multiply_adds / interval_s * 1e-12 : 0.0;
}

double Totals::tops_per_w() const {
    return energy_j > 0 ? 2 * multiply_adds / energy_j * 1e-12 : 0.0;
}

double Totals::tops_per_mm2() const {
    return area_mm2 > 0 ? tops() / area_mm2 : 0.0;
}

double Totals::power_w() const {
    return interval_s > 0 ? energy_j / interval_s : 0.0;
}

Report of(const Network& network, const NetworkActivity& activity, const CostSpec& spec) {
    return Builder(network, activity, spec).build();
}

NetworkActivity activity_of(const Network& network,
                            ConstFloatView pixels,
                            const ActivityConfig& config,
                            uint64_t seed) {
    if (config.source == ActivitySource::kAverage) {
        return average_activity(network, config);
    }
    Executor executor(network, seed);
    executor.program();
    executor.advance_to(config.time_s);
    return measure_activity(executor, pixels);
}

}  // namespace mho::cost
