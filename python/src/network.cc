// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/net/network.h"

#include "bindings.h"
#include "mho/net/calibrate.h"
#include "mho/net/executor.h"
#include "mho/net/zoo.h"
#include "mho/util/error.h"
#include "mho/util/json.h"
#include "no_copy.h"

namespace mho::python {

namespace {

Tensor tensor_of(nb::handle values, const std::string& name) {
    const Input in(values, name.c_str());
    Tensor t;
    t.shape = in.shape();
    const ConstFloatView v = in.view();
    t.values.reserve(v.rows * v.cols);
    for (size_t r = 0; r < v.rows; r++) {
        t.values.insert(t.values.end(), v.row(r), v.row(r) + v.cols);
    }
    return t;
}

InputSpec input_of(const std::vector<int>& shape) {
    if (shape.size() != 3) {
        throw InputError("input_shape: expected [channels, height, width]");
    }
    InputSpec spec;
    spec.shape = {shape[0], shape[1], shape[2]};
    return spec;
}

nb::list summary(const Network& network) {
    nb::list layers;
    for (const LayerSummary& l : summarize(network).layers) {
        nb::dict d;
        d["name"] = l.name;
        d["kind"] = l.kind;
        d["output"] = std::vector<int>(l.output);
        d["weights"] = l.weights;
        d["multiply_adds"] = l.multiply_adds;
        d["tiles"] = l.tiles;
        d["rows"] = l.rows;
        d["columns"] = l.columns;
        d["utilisation"] = l.utilisation;
        layers.append(d);
    }
    return layers;
}

}  // namespace

void bind_network(nb::module_& m) {
    nb::class_<Network>(m,
                        "Network",
                        "A network with its parameters and the hardware of its layers: the file "
                        "format of the program `mho`.")
        .def(
            "__init__",
            [](Network* self, const std::string& graph, nb::dict parameters, nb::dict analog) {
                Network n;
                n.graph = graph_from_json(graph);
                for (const auto& [name, values] : parameters) {
                    const auto key = nb::cast<std::string>(name);
                    n.parameters[key] = tensor_of(values, key);
                }
                for (const auto& [name, hardware] : analog) {
                    n.analog[nb::cast<std::string>(name)] = nb::cast<const Hardware&>(hardware);
                }
                validate_network(n);
                new (self) Network(std::move(n));
            },
            nb::arg("graph"),
            nb::arg("parameters"),
            nb::arg("analog") = nb::dict(),
            nb::sig("def __init__(self, graph: str, parameters: dict[str, "
                    "numpy.typing.ArrayLike], analog: dict[str, Hardware] = {}) -> None"))
        .def_static(
            "load",
            [](const std::string& path) {
                const nb::gil_scoped_release release;
                return read_network(path);
            },
            nb::arg("path"),
            "Reads the file that `save` writes.")
        .def(
            "save",
            [](const Network& n, const std::string& path) {
                const nb::gil_scoped_release release;
                write_network(path, n);
            },
            nb::arg("path"),
            "Writes one safetensors file.")
        .def_prop_ro(
            "graph",
            [](const Network& n) { return graph_to_json(n.graph); },
            "Layers as JSON (docs/network-format.md).")
        .def_prop_ro(
            "name", [](const Network& n) { return n.graph.name; }, "Name of the graph.")
        .def_prop_ro(
            "parameters",
            [](const Network& n) {
                nb::dict d;
                for (const auto& [name, t] : n.parameters) {
                    d[name.c_str()] = to_numpy(std::vector<float>(t.values), t.shape);
                }
                return d;
            },
            "Copies of all parameters, by name.")
        .def_prop_ro(
            "analog_layers",
            [](const Network& n) {
                std::vector<std::string> names;
                for (const auto& [name, hardware] : n.analog) {
                    names.push_back(name);
                }
                return names;
            },
            "Names of the layers on tiles.")
        .def(
            "hardware_of",
            [](const Network& n, const std::string& layer) {
                const auto it = n.analog.find(layer);
                if (it == n.analog.end()) {
                    throw InputError("layer " + layer + " is not analog");
                }
                return hardware_to_json(it->second);
            },
            nb::arg("layer"),
            "Hardware of an analog layer as JSON.")
        .def("summary", &summary, "Size, tiles and use of every layer.")
        .def(
            "fold_batch_norm",
            [](const Network& n) { return fold_batch_norm(n); },
            nb::call_guard<nb::gil_scoped_release>(),
            "Batch norms multiplied into the matrices before them.")
        .def(
            "map_to_hardware",
            [](const Network& n, const std::string& hardware) {
                const nb::gil_scoped_release release;
                return map_to_hardware(n, hardware_from_json(hardware));
            },
            nb::arg("hardware"),
            "Linear, convolution and recurrent layers on tiles; hardware as JSON.")
        .def(
            "to_digital",
            [](const Network& n) { return to_digital(n); },
            nb::call_guard<nb::gil_scoped_release>(),
            "All layers with their logical weights, in floating point.")
        .def(
            "calibrate",
            [](Network& n,
               nb::handle inputs,
               const std::string& rule,
               size_t batch,
               uint64_t seed) {
                const Input in(inputs, "inputs");
                CalibrationOptions options;
                read_struct_or_throw(parse_json(rule, "calibration"), options.rule, "calibration");
                options.batch = batch;
                options.seed = seed;
                const nb::gil_scoped_release release;
                calibrate_input_ranges(n, in.view(), options);
            },
            nb::arg("inputs"),
            nb::arg("rule") = "{}",
            nb::arg("batch") = 100,
            nb::arg("seed") = 1,
            nb::sig("def calibrate(self, inputs: numpy.typing.ArrayLike, rule: str = '{}', batch: "
                    "int = 100, seed: int = 1) -> None"),
            "Sets all input ranges from sample inputs [samples, features].")
        .def(
            "initialize_input_ranges",
            [](Network& n, nb::handle inputs, size_t batch, uint64_t seed, int threads) {
                const Input in(inputs, "inputs");
                const nb::gil_scoped_release release;
                initialize_input_ranges(n, in.view(), batch, seed, thread_count(threads));
            },
            nb::arg("inputs"),
            nb::arg("batch") = 100,
            nb::arg("seed") = 1,
            nb::arg("threads") = 0,
            nb::sig("def initialize_input_ranges(self, inputs: numpy.typing.ArrayLike, batch: int "
                    "= 100, seed: int = 1, threads: int = 0) -> None"),
            "Sets all input ranges as the first batches of hardware-aware training do.");

    nb::class_<Executor>(m,
                         "Executor",
                         "Runs a network forward: digital layers exactly, analog ones on the "
                         "tiles of one simulated chip.")
        .def(nb::init<const Network&, uint64_t, uint32_t>(),
             nb::arg("network"),
             nb::arg("seed") = 1,
             nb::arg("chip") = 0,
             nb::call_guard<nb::gil_scoped_release>())
        .def(
            "program",
            [](Executor& e, uint64_t programming) {
                const nb::gil_scoped_release release;
                e.program(programming);
            },
            nb::arg("programming") = 0,
            "Programs the chip; `programming` numbers independent programmings.")
        .def(
            "advance_to",
            [](Executor& e, double t_s, uint64_t read_step) {
                const nb::gil_scoped_release release;
                e.advance_to(t_s, read_step);
            },
            nb::arg("t_s"),
            nb::arg("read_step") = 0,
            "Moves the chip to t_s seconds after programming.")
        .def("use_compensation",
             &Executor::use_compensation,
             nb::arg("on"),
             "Switches the digital use of drift compensation on or off.")
        .def_prop_ro("output_features", &Executor::output_features, "Numbers of an output.")
        .def_prop_ro("analog_layers", &Executor::analog_layers, "Names of the layers on tiles.")
        .def_prop_ro("state_bytes", &Executor::state_bytes, "Memory that the chip takes.")
        .def(
            "grid",
            [](Executor& e, const std::string& layer, size_t group) -> TileGrid& {
                std::vector<TileGrid>& grids = e.grids(layer);
                if (group >= grids.size()) {
                    throw InputError("group: layer " + layer + " has " +
                                     std::to_string(grids.size()));
                }
                return grids[group];
            },
            nb::arg("layer"),
            nb::arg("group") = 0,
            nb::rv_policy::reference_internal,
            "The tiles of an analog layer.")
        .def(
            "run",
            [](const Executor& e,
               nb::handle inputs,
               uint64_t step,
               uint64_t first_sample,
               int threads) {
                const Input in(inputs, "inputs");
                ConstFloatView rows = in.view();
                size_t features = 1;
                for (size_t d = 1; d < in.shape().size(); d++) {
                    features *= in.shape()[d];
                }
                if (in.shape().size() > 2) {
                    const std::span<const float> all = in.span();
                    rows = {all.data(), in.shape()[0], features};
                }
                Matrix<float> y(rows.rows, e.output_features());
                {
                    const nb::gil_scoped_release release;
                    e.run(rows, y.view(), {step, first_sample}, thread_count(threads));
                }
                return to_numpy(std::move(y));
            },
            nb::arg("inputs"),
            nb::arg("step") = 0,
            nb::arg("first_sample") = 0,
            nb::arg("threads") = 0,
            nb::sig("def run(self, inputs: numpy.typing.ArrayLike, step: int = 0, first_sample: "
                    "int = 0, threads: int = 0) -> numpy.typing.NDArray[numpy.float32]"),
            "Outputs [samples, features] of inputs [samples, ...] in the network's order; results "
            "do not depend on threads nor on how samples are cut into calls.");

    m.def("zoo_names", &zoo_names, "Networks that make_network() knows.");
    m.def(
        "make_network",
        [](const std::string& model,
           const std::vector<int>& input_shape,
           const std::vector<int>& widths,
           int depth,
           uint64_t seed) {
            const InputSpec input = input_of(input_shape);
            Graph graph;
            if (model == "mlp") {
                graph = mlp(widths, input);
            } else if (model == "lenet") {
                graph = lenet5(input);
            } else if (model == "resnet cifar") {
                graph = resnet_cifar(depth, input);
            } else if (model == "vgg small") {
                graph = vgg_small(input);
            } else {
                throw InputError("model: unknown network `" + model + "`" +
                                 suggestion(model, {"mlp", "lenet", "resnet cifar", "vgg small"}));
            }
            return initialize(graph, seed);
        },
        nb::arg("model"),
        nb::arg("input_shape") = std::vector<int>{1, 28, 28},
        nb::arg("widths") = std::vector<int>{784, 256, 128, 10},
        nb::arg("depth") = 20,
        nb::arg("seed") = 1,
        "A network of the zoo with PyTorch's default start parameters.");
}

}  // namespace mho::python
