// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/net/graph.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const Graph graph = graph_from_json(std::string(input));
        infer_shapes(graph);
        const std::string text = graph_to_json(graph);
        fuzz::require(graph_to_json(graph_from_json(text)) == text);
    });
}
