// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// Energy, latency and area: the command `mho cost`, of runs and of networks at hand.
#include "mho/cost/cost.h"

#include <algorithm>

#include "bindings.h"
#include "mho/analysis/data.h"
#include "mho/cli/cost_page.h"
#include "mho/cli/run_folder.h"
#include "mho/net/training_presets.h"
#include "mho/util/error.h"

namespace mho::python {

namespace {

cost::CostSpec spec_of(const std::string& json) {
    return cost::cost_from_json(json, "cost");
}

cost::NetworkActivity activity(const Network& network,
                               ConstFloatView pixels,
                               const cost::CostSpec& spec,
                               uint64_t seed) {
    if (spec.config.activity.source == cost::ActivitySource::kMeasured && pixels.rows == 0) {
        throw InputError(
            "inputs: the activity is measured on samples of the network's inputs; give some, or "
            "set cost.activity.source to average");
    }
    return cost::activity_of(network, pixels, spec.config.activity, seed);
}

CostSubject subject_of(const Network& network,
                       ConstFloatView pixels,
                       const cost::CostSpec& spec,
                       uint64_t seed,
                       const std::string& title) {
    CostSubject s;
    s.title = title;
    s.about = network.graph.name;
    s.condition = (spec.config.activity.source == cost::ActivitySource::kMeasured
                       ? "activity of " + std::to_string(pixels.rows) + " samples"
                       : std::string("average activity")) +
                  "; costs: " + (spec.preset.empty() ? "defaults" : "preset " + spec.preset);
    s.report = cost::of(network, activity(network, pixels, spec, seed), spec);
    return s;
}

// Rows of samples, or none.
Matrix<float> samples_of(nb::handle inputs, size_t most) {
    if (inputs.is_none()) {
        return {};
    }
    const Input in(inputs, "inputs");
    const size_t samples = in.shape().empty() ? 0 : in.is_vector() ? 1 : in.shape()[0];
    const std::span<const float> all = in.span();
    const size_t features = samples == 0 ? 0 : all.size() / samples;
    return matrix_of(ConstFloatView{all.data(), std::min(samples, most), features});
}

nb::dict converter(const cost::ToolConverter& c) {
    nb::dict d;
    d["tool"] = c.tool;
    d["energy_pj"] = c.energy_pj;
    d["latency_ns"] = c.latency_ns;
    d["area_um2"] = c.area_um2;
    d["source"] = c.source;
    d["note"] = c.note;
    return d;
}

}  // namespace

void bind_cost(nb::module_& m) {
    nb::class_<CostSubject>(
        m, "CostReport", "Energy, latency and area of a network, every number with its source.")
        .def("to_json", &cost_json, "Totals, layers, published chips and the three trees.")
        .def("text", &cost_text, "Totals and tables.")
        .def(
            "explanation",
            [](const CostSubject& s) { return cost_explanation(s.report); },
            "The trees: every number with its formula and source.")
        .def("html", &cost_html, "A page with pictures.");
    m.def(
        "network_cost",
        [](const Network& network,
           const std::string& json,
           nb::handle inputs,
           uint64_t seed,
           const std::string& title) {
            const cost::CostSpec spec = spec_of(json);
            const Matrix<float> pixels =
                samples_of(inputs, static_cast<size_t>(spec.config.activity.samples));
            const nb::gil_scoped_release release;
            return subject_of(network, pixels.view(), spec, seed, title);
        },
        nb::arg("network"),
        nb::arg("json"),
        nb::arg("inputs").none(),
        nb::arg("seed") = 1,
        nb::arg("title") = "",
        nb::sig("def network_cost(network: Network, json: str, inputs: numpy.typing.ArrayLike | "
                "None, seed: int = 1, title: str = '') -> CostReport"),
        "Costs of a network on hardware.");
    m.def(
        "run_cost",
        [](const std::string& run,
           const std::vector<std::string>& overrides,
           const std::string& network,
           const std::string& json) {
            const nb::gil_scoped_release release;
            const LoadedRun loaded = load_run(run, overrides);
            const cost::CostSpec spec = json.empty() ? loaded.run.cost : spec_of(json);
            Matrix<float> pixels;
            if (spec.config.activity.source == cost::ActivitySource::kMeasured) {
                const LabelledImages test = load_test_images(loaded.run.data);
                const auto samples = static_cast<size_t>(spec.config.activity.samples);
                pixels = pixels_of(test, 0, std::min(samples, test.count));
            }
            return subject_of(analog_network(loaded, network),
                              pixels.view(),
                              spec,
                              loaded.run.seed,
                              loaded.run.name.empty() ? run : loaded.run.name);
        },
        nb::arg("run"),
        nb::arg("overrides") = std::vector<std::string>{},
        nb::arg("network") = "",
        nb::arg("json") = "",
        nb::sig("def run_cost(run: str, overrides: collections.abc.Sequence[str] = [], network: "
                "str = '', json: str = '') -> CostReport"),
        "Costs of a trained run, as `mho cost` counts them.");
    m.def(
        "training_cost",
        [](const Network& network,
           const Hardware& hardware,
           const std::string& learner,
           size_t batch,
           const std::string& json) {
            nb::list all;
            for (const cost::LayerUpdate& u :
                 cost::update_costs(network.graph,
                                    hardware.mapping,
                                    learner_from_json_with_presets(learner),
                                    batch,
                                    spec_of(json).config.update)) {
                nb::dict d;
                d["layer"] = u.layer;
                d["tile_rows"] = u.tile_rows;
                d["tile_columns"] = u.tile_columns;
                d["vectors"] = u.vectors;
                d["update_ns"] = u.update_ns;
                d["read_ns"] = u.read_ns;
                d["sample_ns"] = u.sample_ns;
                d["energy_pj"] = u.energy_pj;
                all.append(d);
            }
            return all;
        },
        nb::arg("network"),
        nb::arg("hardware"),
        nb::arg("learner"),
        nb::arg("batch"),
        nb::arg("json"),
        nb::sig("def training_cost(network: Network, hardware: Hardware, learner: str, batch: int, "
                "json: str) -> list[dict[str, typing.Any]]"),
        "Time and energy of training each layer in memory, for one sample.");
    m.def(
        "compare_cost_presets",
        [](const Network& network,
           const std::string& json,
           nb::handle inputs,
           const std::string& layer,
           uint64_t seed) {
            const cost::CostSpec spec = spec_of(json);
            const Matrix<float> pixels =
                samples_of(inputs, static_cast<size_t>(spec.config.activity.samples));
            std::vector<cost::ToolLayer> tools;
            {
                const nb::gil_scoped_release release;
                tools = cost::compare_presets(
                    network, activity(network, pixels.view(), spec, seed), spec, layer);
            }
            nb::list all;
            for (const cost::ToolLayer& l : tools) {
                nb::dict d;
                d["preset"] = l.preset;
                d["node_nm"] = l.node_nm;
                d["energy_pj"] = l.energy_pj;
                d["latency_ns"] = l.latency_ns;
                d["area_um2"] = l.area_um2;
                d["network_tops_per_w"] = l.network_tops_per_w;
                d["source"] = l.source;
                all.append(d);
            }
            return all;
        },
        nb::arg("network"),
        nb::arg("json"),
        nb::arg("inputs").none(),
        nb::arg("layer"),
        nb::arg("seed") = 1,
        nb::sig("def compare_cost_presets(network: Network, json: str, inputs: "
                "numpy.typing.ArrayLike | None, layer: str, seed: int = 1) -> list[dict[str, "
                "typing.Any]]"),
        "One layer with the same activity by every preset.");
    m.def(
        "compare_adcs",
        [](int bits, double node_nm, double rows) {
            nb::list all;
            for (const cost::ToolConverter& c : cost::compare_adcs(bits, node_nm, rows)) {
                all.append(converter(c));
            }
            return all;
        },
        nb::arg("bits") = 8,
        nb::arg("node_nm") = 28.0,
        nb::arg("rows") = 256.0,
        nb::sig("def compare_adcs(bits: int = 8, node_nm: float = 28.0, rows: float = 256.0) -> "
                "list[dict[str, typing.Any]]"),
        "The same ADC by the models of the field's tools.");
}

}  // namespace mho::python
