// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// Crossbars as circuits of resistors: exact currents, effective conductances, closed forms.
#include "mho/array/wires.h"

#include "bindings.h"
#include "mho/array/wires_fast.h"
#include "mho/util/error.h"
#include "mho/util/json.h"

namespace mho::python {

namespace {

using PythonLaw = std::function<std::pair<double, double>(double, double)>;

WireConfig wires_from_json(const std::string& json) {
    WireConfig config;
    read_struct_or_throw(parse_json(json, "wires"), config, "wires");
    return config;
}

CellLaw cell_law(double curvature, PythonLaw law) {
    if (law) {
        if (curvature != 0) {
            throw InputError("curvature: give either a curvature or a law");
        }
        return [law = std::move(law)](double conductance, double voltage) {
            const auto [current, slope] = law(conductance, voltage);
            return CellCurrent{current, slope};
        };
    }
    return curvature != 0 ? sinh_cells(curvature) : CellLaw();
}

nb::list matrices(std::vector<Matrix<double>>&& all) {
    nb::list list;
    for (Matrix<double>& m : all) {
        list.append(to_numpy(std::move(m)));
    }
    return list;
}

nb::dict error_of(const FastModeError& e) {
    nb::dict d;
    d["mean"] = e.mean;
    d["worst"] = e.worst;
    d["drop"] = e.drop;
    d["warnings"] = e.warnings;
    return d;
}

}  // namespace

void bind_wires(nb::module_& m) {
    nb::class_<Wires>(m, "Wires", "A crossbar with resistive lines, factored once.")
        .def(
            "__init__",
            [](Wires* self, const std::string& json, nb::handle conductance, nb::object negative) {
                const WireConfig config = wires_from_json(json);
                const DoubleInput cells(conductance, "conductance");
                if (negative.is_none()) {
                    const nb::gil_scoped_release release;
                    new (self) Wires(config, cells.view());
                    return;
                }
                const DoubleInput others(negative, "negative");
                const nb::gil_scoped_release release;
                new (self) Wires(config, cells.view(), others.view());
            },
            nb::arg("json"),
            nb::arg("conductance"),
            nb::arg("negative") = nb::none(),
            nb::sig("def __init__(self, json: str, conductance: numpy.typing.ArrayLike, negative: "
                    "numpy.typing.ArrayLike | None = None) -> None"))
        .def_prop_ro("rows", &Wires::rows, "Inputs (word lines).")
        .def_prop_ro("columns", &Wires::columns, "Outputs (bit lines).")
        .def(
            "solve",
            [](const Wires& w,
               nb::handle inputs,
               double tolerance,
               int max_iterations,
               bool voltages,
               double curvature,
               PythonLaw law) {
                const DoubleInput in(inputs, "inputs");
                WireOptions options;
                options.tolerance = tolerance;
                options.max_iterations = max_iterations;
                options.voltages = voltages;
                options.law = cell_law(curvature, std::move(law));
                WireSolution s;
                {
                    const nb::gil_scoped_release release;
                    s = w.solve(in.span(), options);
                }
                nb::dict d;
                d["currents"] = to_numpy(std::move(s.currents));
                d["iterations"] = s.iterations;
                d["newton_steps"] = s.newton_steps;
                d["residual"] = s.residual;
                d["balance"] = s.balance;
                d["cell_voltages"] = matrices(std::move(s.cell_voltages));
                d["bit_voltages"] = to_numpy(std::move(s.bit_voltages));
                return d;
            },
            nb::arg("inputs"),
            nb::arg("tolerance") = 1e-10,
            nb::arg("max_iterations") = 10000,
            nb::arg("voltages") = false,
            nb::arg("curvature") = 0.0,
            nb::arg("law") = nb::none(),
            nb::sig("def solve(self, inputs: numpy.typing.ArrayLike, tolerance: float = 1e-10, "
                    "max_iterations: int = 10000, voltages: bool = False, curvature: float = 0.0, "
                    "law: collections.abc.Callable[[float, float], tuple[float, float]] | None = "
                    "None) -> dict[str, typing.Any]"),
            "Currents for one vector of input voltages.")
        .def(
            "effective",
            [](const Wires& w, int threads, double tolerance) {
                EffectiveConductances e;
                {
                    const nb::gil_scoped_release release;
                    e = w.effective(thread_count(threads), tolerance);
                }
                nb::dict d;
                d["conductance"] = to_numpy(std::move(e.conductance));
                d["solves"] = e.solves;
                d["iterations"] = e.iterations;
                d["residual"] = e.residual;
                return d;
            },
            nb::arg("threads") = 0,
            nb::arg("tolerance") = 1e-10,
            nb::sig("def effective(self, threads: int = 0, tolerance: float = 1e-10) -> dict[str, "
                    "typing.Any]"),
            "The conductances [inputs, outputs] that the circuit amounts to.");
    m.def(
        "dmr_conductances",
        [](const std::string& json, nb::handle conductance) {
            const DoubleInput cells(conductance, "conductance");
            const WireConfig config = wires_from_json(json);
            Matrix<double> effective;
            FastModeError error;
            {
                const nb::gil_scoped_release release;
                effective = dmr_conductances(config, cells.view());
                error = dmr_error(config, cells.view());
            }
            return nb::make_tuple(to_numpy(std::move(effective)), error_of(error));
        },
        nb::arg("json"),
        nb::arg("conductance"),
        nb::sig("def dmr_conductances(json: str, conductance: numpy.typing.ArrayLike) -> "
                "tuple[numpy.typing.NDArray[numpy.float64], dict[str, typing.Any]]"),
        "Effective conductances by dual mean resistance, and their measured error.");
    m.def(
        "column_recursion",
        [](const std::string& json, nb::handle conductance, nb::handle inputs) {
            const DoubleInput cells(conductance, "conductance");
            const DoubleInput in(inputs, "inputs");
            const WireConfig config = wires_from_json(json);
            std::vector<double> currents;
            FastModeError error;
            {
                const nb::gil_scoped_release release;
                currents = column_recursion(config, cells.view(), in.span());
                error = column_recursion_error(config, cells.view());
            }
            return nb::make_tuple(to_numpy(std::move(currents)), error_of(error));
        },
        nb::arg("json"),
        nb::arg("conductance"),
        nb::arg("inputs"),
        nb::sig("def column_recursion(json: str, conductance: numpy.typing.ArrayLike, inputs: "
                "numpy.typing.ArrayLike) -> tuple[numpy.typing.NDArray[numpy.float64], dict[str, "
                "typing.Any]]"),
        "Currents of supply lines in closed form, and their measured error.");
}

}  // namespace mho::python
