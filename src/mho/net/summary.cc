// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/graph_internal.h"
#include "mho/net/network.h"
#include "mho/net/network_internal.h"
#include "mho/tile/grid.h"

namespace mho {
namespace {

// Cells that the pieces of an axis occupy on full-size tiles; an unlimited axis has tiles of its
// own size.
size_t axis_cells(size_t size, int limit, size_t pieces) {
    return limit > 0 ? pieces * static_cast<size_t>(limit) : size;
}

void add_tiles(const MatrixLayout& layout, const Mapping& mapping, LayerSummary& summary) {
    const size_t in = split_axis(layout.rows, mapping.max_inputs).size() - 1;
    const size_t out = split_axis(layout.columns, mapping.max_outputs).size() - 1;
    summary.tiles = layout.groups * in * out;
    const double cells = static_cast<double>(axis_cells(layout.rows, mapping.max_inputs, in)) *
                         static_cast<double>(axis_cells(layout.columns, mapping.max_outputs, out));
    summary.utilisation = static_cast<double>(layout.rows * layout.columns) / cells;
}

}  // namespace

NetworkSummary summarize(const Network& network) {
    const std::vector<Shape> shapes = infer_shapes(network.graph);
    NetworkSummary result;
    for (size_t i = 0; i < network.graph.layers.size(); i++) {
        const Layer& layer = network.graph.layers[i];
        LayerSummary summary;
        summary.name = layer.name;
        summary.kind = kind_text(layer.op);
        summary.output = shapes[i];
        const MatrixLayout layout = matrix_layout(layer.op);
        if (layout.groups > 0) {
            summary.rows = layout.rows;
            summary.columns = layout.columns;
            summary.weights = layout.weights();
            summary.multiply_adds = layout.weights() * positions_of(shapes[i]);
            const auto hardware = network.analog.find(layer.name);
            if (hardware != network.analog.end()) {
                add_tiles(
                    analog_layout(layer.op, hardware->second), hardware->second.mapping, summary);
            }
        }
        result.weights += summary.weights;
        result.multiply_adds += summary.multiply_adds;
        result.tiles += summary.tiles;
        result.layers.push_back(std::move(summary));
    }
    return result;
}

}  // namespace mho
