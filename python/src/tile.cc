// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/tile.h"

#include "bindings.h"
#include "mho/net/hardware.h"
#include "mho/tile/conductance_csv.h"
#include "mho/tile/grid.h"
#include "mho/util/error.h"
#include "no_copy.h"

namespace mho::python {

namespace {

// Runs f(x, y) without the interpreter's lock. y is `out`, or a new array of the shape of x with
// `outputs` numbers in the place of the last dimension.
template <class F>
nb::object product(nb::handle x, nb::object out, size_t outputs, const char* what, F&& f) {
    const Input in(x, what);
    if (!out.is_none()) {
        const Output to(out, "out");
        const nb::gil_scoped_release release;
        f(in.view(), to.view());
        return out;
    }
    Matrix<float> y(in.view().rows, outputs);
    {
        const nb::gil_scoped_release release;
        f(in.view(), y.view());
    }
    std::vector<size_t> shape = in.shape();
    if (shape.empty()) {
        throw InputError(std::string(what) + ": expected an array, got one number");
    }
    shape.back() = outputs;
    return nb::cast(to_numpy(std::move(y.values), shape));
}

ConductanceSwitches switches(bool programming, bool drift, bool read) {
    return {programming, drift, read};
}

nb::list arrays_of(std::vector<Matrix<float>>&& matrices) {
    nb::list list;
    for (Matrix<float>& m : matrices) {
        list.append(to_numpy(std::move(m)));
    }
    return list;
}

}  // namespace

void bind_tile(nb::module_& m) {
    nb::class_<Tile>(m,
                     "Tile",
                     "One crossbar with its converters: a matrix [outputs, inputs] of weights in "
                     "units of the largest weight.")
        .def(
            "__init__",
            [](Tile* self,
               const Hardware& hardware,
               size_t outputs,
               size_t inputs,
               uint64_t seed,
               const std::string& name,
               uint32_t chip) {
                const nb::gil_scoped_release release;
                new (self) Tile(hardware, outputs, inputs, make_tile_key(seed, name, 0, 0, chip));
            },
            nb::arg("hardware"),
            nb::arg("outputs"),
            nb::arg("inputs"),
            nb::arg("seed") = 0,
            nb::arg("name") = "tile",
            nb::arg("chip") = 0)
        .def_prop_ro("outputs", &Tile::outputs, "Columns of the array.")
        .def_prop_ro("inputs", &Tile::inputs, "Rows of the array.")
        .def_prop_ro(
            "key",
            [](const Tile& t) { return t.key().value; },
            "Names the noise: a hash of seed, name and chip.")
        .def_prop_ro("time_s", &Tile::time_s, "Seconds since programming.")
        .def_prop_ro(
            "is_programmed", &Tile::is_programmed, "Whether cells hold the weights, or exact ones.")
        .def_prop_ro("bytes", &Tile::bytes, "Memory that the tile takes.")
        .def_prop_ro("g_max_us", &Tile::g_max_us, "Conductance of a fully-on cell, in uS.")
        .def(
            "set_weights",
            [](Tile& t, nb::handle weights) {
                const Input in(weights, "weights");
                const nb::gil_scoped_release release;
                t.set_weights(in.view());
            },
            nb::arg("weights"),
            nb::sig("def set_weights(self, weights: numpy.typing.ArrayLike) -> None"),
            "Exact weights [outputs, inputs], without programming noise.")
        .def(
            "program",
            [](Tile& t,
               nb::handle target,
               uint64_t programming,
               bool noise,
               bool drift,
               bool read) {
                const Input in(target, "target");
                const nb::gil_scoped_release release;
                t.program(in.view(), programming, switches(noise, drift, read));
            },
            nb::arg("target"),
            nb::arg("programming") = 0,
            nb::arg("programming_noise") = true,
            nb::arg("drift") = true,
            nb::arg("read_noise") = true,
            nb::sig("def program(self, target: numpy.typing.ArrayLike, programming: int = 0, "
                    "programming_noise: bool = True, drift: bool = True, read_noise: bool = True) "
                    "-> None"),
            "Programs target weights; `programming` numbers independent programmings.")
        .def(
            "advance_to",
            [](Tile& t, double t_s, uint64_t read_step) {
                const nb::gil_scoped_release release;
                t.advance_to(t_s, read_step);
            },
            nb::arg("t_s"),
            nb::arg("read_step") = 0,
            "Moves to t_s seconds after programming: drift, read noise, compensation.")
        .def("use_compensation",
             &Tile::use_compensation,
             nb::arg("on"),
             "Switches the digital use of drift compensation on or off.")
        .def(
            "apply",
            [](const Tile& t, nb::handle x, uint64_t step, uint64_t first_sample, nb::object out) {
                return product(x, out, t.outputs(), "x", [&](ConstFloatView in, FloatView y) {
                    MvmScratch scratch;
                    RunningAbsMax running;
                    MvmCall call;
                    call.key = {step, first_sample};
                    call.running = &running;
                    t.apply(in, y, call, scratch);
                });
            },
            nb::arg("x"),
            nb::arg("step") = 0,
            nb::arg("first_sample") = 0,
            nb::arg("out") = nb::none(),
            nb::sig("def apply(self, x: numpy.typing.ArrayLike, step: int = 0, first_sample: int = "
                    "0, out: numpy.typing.NDArray[numpy.float32] | None = None) -> "
                    "numpy.typing.NDArray[numpy.float32]"),
            "The analog product W x of every row of x [..., inputs]; row r draws the noise of "
            "(step, first_sample + r).")
        .def(
            "apply_transposed",
            [](Tile& t, nb::handle d, uint64_t step, uint64_t first_sample, nb::object out) {
                return product(d, out, t.inputs(), "d", [&](ConstFloatView in, FloatView y) {
                    t.prepare_backward();
                    MvmScratch scratch;
                    RunningAbsMax running;
                    MvmCall call;
                    call.key = {step, first_sample};
                    call.running = &running;
                    call.backward = true;
                    t.apply_transposed(in, y, call, scratch);
                });
            },
            nb::arg("d"),
            nb::arg("step") = 0,
            nb::arg("first_sample") = 0,
            nb::arg("out") = nb::none(),
            nb::sig("def apply_transposed(self, d: numpy.typing.ArrayLike, step: int = 0, "
                    "first_sample: int = 0, out: numpy.typing.NDArray[numpy.float32] | None = "
                    "None) -> numpy.typing.NDArray[numpy.float32]"),
            "The product with the transpose, by the backward configuration.")
        .def(
            "weights", [](const Tile& t) { return to_numpy(t.weights()); }, "Present weights.")
        .def(
            "conductances_us",
            [](const Tile& t) { return arrays_of(t.conductances_us()); },
            nb::sig("def conductances_us(self) -> list[numpy.typing.NDArray[numpy.float32]]"),
            "Present conductances in uS, one matrix per slice (g+, g-, ...).")
        .def(
            "set_conductances_us",
            [](Tile& t, const std::vector<nb::object>& slices) {
                std::vector<Matrix<float>> all;
                for (const nb::object& s : slices) {
                    all.push_back(matrix_of(Input(s, "slices").view()));
                }
                const nb::gil_scoped_release release;
                t.set_conductances_us(all);
            },
            nb::arg("slices"),
            "Measured conductances in the place of the simulated ones.")
        .def_prop_ro(
            "compensation",
            [](const Tile& t) { return std::vector<float>(t.compensation()); },
            "Drift compensation: no, one factor, or one per output.");

    nb::class_<TileGrid>(m,
                         "TileGrid",
                         "A matrix cut into tiles with its digital periphery: scales, input "
                         "ranges, bias.")
        .def(
            "__init__",
            [](TileGrid* self,
               const Hardware& hardware,
               size_t outputs,
               size_t inputs,
               uint64_t seed,
               const std::string& name,
               uint32_t chip) {
                const nb::gil_scoped_release release;
                new (self) TileGrid(hardware, outputs, inputs, seed, name, chip);
            },
            nb::arg("hardware"),
            nb::arg("outputs"),
            nb::arg("inputs"),
            nb::arg("seed") = 0,
            nb::arg("name") = "layer",
            nb::arg("chip") = 0)
        .def_prop_ro("outputs", &TileGrid::outputs, "Rows of the matrix.")
        .def_prop_ro("inputs", &TileGrid::inputs, "Columns of the matrix.")
        .def_prop_ro(
            "input_offsets",
            [](const TileGrid& g) { return std::vector<size_t>(g.input_offsets()); },
            "Where the pieces of the inputs begin, and the end.")
        .def_prop_ro(
            "output_offsets",
            [](const TileGrid& g) { return std::vector<size_t>(g.output_offsets()); },
            "Where the pieces of the outputs begin, and the end.")
        .def_prop_ro("bytes", &TileGrid::bytes, "Memory that the tiles take.")
        .def(
            "write_conductances",
            [](const TileGrid& g, const std::string& path) { write_conductances(path, g); },
            nb::arg("path"),
            nb::call_guard<nb::gil_scoped_release>(),
            "Present conductances as CSV: tile_row,tile_col,slice,row,column,g_us.")
        .def(
            "read_conductances",
            [](TileGrid& g, const std::string& path) { read_conductances(path, g); },
            nb::arg("path"),
            nb::call_guard<nb::gil_scoped_release>(),
            "Measured conductances of that form in the place of the simulated ones.")
        .def("tile",
             nb::overload_cast<size_t, size_t>(&TileGrid::tile),
             nb::arg("output_piece"),
             nb::arg("input_piece"),
             nb::rv_policy::reference_internal,
             "The tile of two pieces.")
        .def(
            "set_logical_weights",
            [](TileGrid& g, nb::handle weights) {
                const Input in(weights, "weights");
                const nb::gil_scoped_release release;
                MappedWeights mapped = map_weights(g.config().mapping, in.view());
                g.set_weights(mapped.weights.view());
                g.set_scales(std::move(mapped.scales));
            },
            nb::arg("weights"),
            nb::sig("def set_logical_weights(self, weights: numpy.typing.ArrayLike) -> None"),
            "Maps weights of any size to tiles and digital scales, exactly.")
        .def(
            "program_logical",
            [](TileGrid& g, nb::handle weights, uint64_t programming) {
                const Input in(weights, "weights");
                const nb::gil_scoped_release release;
                MappedWeights mapped = map_weights(g.config().mapping, in.view());
                g.program(mapped.weights.view(), programming);
                g.set_scales(std::move(mapped.scales));
            },
            nb::arg("weights"),
            nb::arg("programming") = 0,
            nb::sig("def program_logical(self, weights: numpy.typing.ArrayLike, programming: int = "
                    "0) -> None"),
            "Maps weights of any size to tiles and scales, and programs the tiles.")
        .def(
            "set_weights",
            [](TileGrid& g, nb::handle weights) {
                const Input in(weights, "weights");
                const nb::gil_scoped_release release;
                g.set_weights(in.view());
            },
            nb::arg("weights"),
            nb::sig("def set_weights(self, weights: numpy.typing.ArrayLike) -> None"),
            "Exact weights [outputs, inputs] in units of the tiles.")
        .def(
            "program",
            [](TileGrid& g, nb::handle weights, uint64_t programming) {
                const Input in(weights, "weights");
                const nb::gil_scoped_release release;
                g.program(in.view(), programming);
            },
            nb::arg("weights"),
            nb::arg("programming") = 0,
            nb::sig("def program(self, weights: numpy.typing.ArrayLike, programming: int = 0) -> "
                    "None"),
            "Programs weights in units of the tiles.")
        .def(
            "set_scales",
            [](TileGrid& g, nb::handle scales) {
                g.set_scales(matrix_of(Input(scales, "scales").view()));
            },
            nb::arg("scales"),
            nb::sig("def set_scales(self, scales: numpy.typing.ArrayLike) -> None"),
            "Digital scales [input pieces, outputs].")
        .def(
            "set_bias",
            [](TileGrid& g, nb::handle bias) {
                const Input in(bias, "bias");
                const auto s = in.span();
                g.set_bias({s.begin(), s.end()});
            },
            nb::arg("bias"),
            nb::sig("def set_bias(self, bias: numpy.typing.ArrayLike) -> None"),
            "Digital bias [outputs].")
        .def(
            "set_input_ranges",
            [](TileGrid& g, const std::vector<float>& ranges) { g.set_input_ranges(ranges); },
            nb::arg("ranges"),
            "Input range of every piece of the inputs; 0 = none.")
        .def(
            "advance_to",
            [](TileGrid& g, double t_s, uint64_t read_step) {
                const nb::gil_scoped_release release;
                g.advance_to(t_s, read_step);
            },
            nb::arg("t_s"),
            nb::arg("read_step") = 0,
            "Moves all tiles to t_s seconds after programming.")
        .def("use_compensation",
             &TileGrid::use_compensation,
             nb::arg("on"),
             "Switches the digital use of drift compensation on or off.")
        .def_prop_ro(
            "scales",
            [](const TileGrid& g) { return to_numpy(Matrix<float>(g.scales())); },
            nb::rv_policy::move,
            "Digital scales [input pieces, outputs].")
        .def_prop_ro(
            "input_ranges",
            [](const TileGrid& g) { return std::vector<float>(g.input_ranges()); },
            "Input range of every piece of the inputs; 0 = none.")
        .def(
            "weights",
            [](const TileGrid& g) { return to_numpy(g.weights()); },
            "Present weights in units of the tiles [outputs, inputs].")
        .def(
            "apply",
            [](const TileGrid& g,
               nb::handle x,
               uint64_t step,
               uint64_t first_sample,
               nb::object out) {
                return product(x, out, g.outputs(), "x", [&](ConstFloatView in, FloatView y) {
                    TileGrid::Scratch scratch;
                    g.apply(in, y, {step, first_sample}, scratch);
                });
            },
            nb::arg("x"),
            nb::arg("step") = 0,
            nb::arg("first_sample") = 0,
            nb::arg("out") = nb::none(),
            nb::sig("def apply(self, x: numpy.typing.ArrayLike, step: int = 0, first_sample: int = "
                    "0, out: numpy.typing.NDArray[numpy.float32] | None = None) -> "
                    "numpy.typing.NDArray[numpy.float32]"),
            "W x with scales and bias for every row of x [..., inputs].")
        .def(
            "apply_transposed",
            [](TileGrid& g, nb::handle d, uint64_t step, uint64_t first_sample, nb::object out) {
                return product(d, out, g.inputs(), "d", [&](ConstFloatView in, FloatView y) {
                    g.prepare_backward();
                    TileGrid::Scratch scratch;
                    g.apply_transposed(in, y, {step, first_sample}, scratch);
                });
            },
            nb::arg("d"),
            nb::arg("step") = 0,
            nb::arg("first_sample") = 0,
            nb::arg("out") = nb::none(),
            nb::sig("def apply_transposed(self, d: numpy.typing.ArrayLike, step: int = 0, "
                    "first_sample: int = 0, out: numpy.typing.NDArray[numpy.float32] | None = "
                    "None) -> numpy.typing.NDArray[numpy.float32]"),
            "The product with the transpose, by the backward configuration.");
    m.def(
        "map_weights",
        [](const Hardware& hardware, nb::handle weights) {
            const Input in(weights, "weights");
            MappedWeights mapped;
            {
                const nb::gil_scoped_release release;
                mapped = map_weights(hardware.mapping, in.view());
            }
            return nb::make_tuple(to_numpy(std::move(mapped.weights)),
                                  to_numpy(std::move(mapped.scales)));
        },
        nb::arg("hardware"),
        nb::arg("weights"),
        nb::sig("def map_weights(hardware: Hardware, weights: numpy.typing.ArrayLike) -> "
                "tuple[numpy.typing.NDArray[numpy.float32], numpy.typing.NDArray[numpy.float32]]"),
        "Weights in units of the tiles [outputs, inputs] and digital scales [pieces, outputs].");
    m.def(
        "split_axis",
        [](size_t size, int limit) { return split_axis(size, limit); },
        nb::arg("size"),
        nb::arg("limit"),
        "Offsets of the pieces of an axis.");
}

}  // namespace mho::python
