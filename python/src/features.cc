// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// Random features: projections on tiles, kernels, linear attention, ridge regression.
#include "bindings.h"
#include "mho/features/attention.h"
#include "mho/features/hadamard.h"
#include "mho/features/kernel_features.h"
#include "mho/features/projection.h"
#include "mho/features/ridge.h"
#include "mho/net/hardware.h"
#include "mho/util/error.h"
#include "no_copy.h"

template <>
struct nanobind::detail::is_copy_constructible<mho::AnalogProjection> : std::false_type {};

namespace mho::python {

namespace {

// An enumerator by the name that configuration files give it.
template <class E>
E named(const std::string& name, const char* what) {
    std::vector<std::string> known;
    for (const auto& [value, text] : EnumNames<E>::names) {
        if (text == name) {
            return value;
        }
        known.emplace_back(text);
    }
    throw InputError(std::string(what) + ": unknown `" + name + "`" + suggestion(name, known));
}

Kernel kernel_of(const std::string& kind, double gamma) {
    return {named<KernelKind>(kind, "kernel"), gamma};
}

// Work without the interpreter's lock.
template <class F>
auto released(F&& f) {
    const nb::gil_scoped_release release;
    return f();
}

void bind_projections(nb::module_& m) {
    nb::class_<AnalogProjection>(m, "AnalogProjection", "A random matrix programmed on tiles.")
        .def(
            "__init__",
            [](AnalogProjection* self,
               const Hardware& hardware,
               nb::handle projection,
               float input_range,
               uint64_t seed,
               const std::string& name,
               uint32_t chip) {
                const Matrix<float> w = matrix_of(Input(projection, "projection").view());
                new (self) AnalogProjection(hardware, w, input_range, seed, name, chip);
            },
            nb::arg("hardware"),
            nb::arg("projection"),
            nb::arg("input_range"),
            nb::arg("seed") = 0,
            nb::arg("name") = "projection",
            nb::arg("chip") = 0,
            nb::sig("def __init__(self, hardware: Hardware, projection: numpy.typing.ArrayLike, "
                    "input_range: float, seed: int = 0, name: str = 'projection', chip: int = 0) "
                    "-> None"))
        .def("advance_to",
             &AnalogProjection::advance_to,
             nb::arg("t_s"),
             nb::arg("read_step") = 0,
             nb::call_guard<nb::gil_scoped_release>(),
             "Moves to t_s seconds after programming.")
        .def(
            "project",
            [](const AnalogProjection& p, nb::handle inputs, uint64_t step, uint64_t first) {
                const Input in(inputs, "inputs");
                return to_numpy(released([&] { return p.project(in.view(), {step, first}); }));
            },
            nb::arg("inputs"),
            nb::arg("step") = 0,
            nb::arg("first_sample") = 0,
            nb::sig(
                "def project(self, inputs: numpy.typing.ArrayLike, step: int = 0, first_sample: "
                "int = 0) -> numpy.typing.NDArray[numpy.float32]"),
            "W x of every row [rows, features]; row r draws the noise of (step, first_sample + "
            "r).");
    m.def(
        "draw_projection",
        [](const std::string& kind,
           size_t features,
           size_t inputs,
           uint64_t seed,
           const std::string& name) {
            const auto which = named<ProjectionKind>(kind, "projection");
            return to_numpy(released([&] {
                return draw_projection(which, features, inputs, make_tile_key(seed, name));
            }));
        },
        nb::arg("kind"),
        nb::arg("features"),
        nb::arg("inputs"),
        nb::arg("seed") = 0,
        nb::arg("name") = "projection",
        "A random matrix [features, inputs]: `gaussian`, `orthogonal` or `structured`.");
    m.def(
        "adc_bound_for",
        [](nb::handle projection, nb::handle inputs, float input_range, double margin) {
            const Matrix<float> w = matrix_of(Input(projection, "projection").view());
            const Input in(inputs, "inputs");
            return adc_bound_for(w, in.view(), input_range, margin);
        },
        nb::arg("projection"),
        nb::arg("inputs"),
        nb::arg("input_range"),
        nb::arg("margin") = 1.1,
        nb::sig("def adc_bound_for(projection: numpy.typing.ArrayLike, inputs: "
                "numpy.typing.ArrayLike, input_range: float, margin: float = 1.1) -> float"),
        "Range of an ADC that takes the exact products of the mapped projection.");
    m.def(
        "hermes_core",
        [](double adc_bound) {
            Hardware hardware;
            static_cast<TileConfig&>(hardware) = hermes_core(adc_bound);
            return hardware_to_json(hardware);
        },
        nb::arg("adc_bound"),
        "The HERMES chip as hardware (JSON).");
    m.def(
        "fast_hadamard",
        [](nb::handle values) {
            const Input in(values, "values");
            Matrix<float> y = matrix_of(in.view());
            released([&] {
                for (size_t r = 0; r < y.rows; r++) {
                    fast_hadamard({y.row(r), y.cols});
                }
            });
            return to_numpy(std::move(y.values), in.shape());
        },
        nb::arg("values"),
        nb::sig("def fast_hadamard(values: numpy.typing.ArrayLike) -> "
                "numpy.typing.NDArray[numpy.float32]"),
        "Rows times the normalised Hadamard matrix; their length is a power of two.");
}

void bind_kernels(nb::module_& m) {
    m.def(
        "kernel_matrix",
        [](nb::handle rows, const std::string& kernel, double gamma) {
            const Input in(rows, "rows");
            const Kernel k = kernel_of(kernel, gamma);
            return to_numpy(released([&] { return kernel_matrix(k, in.view()); }));
        },
        nb::arg("rows"),
        nb::arg("kernel"),
        nb::arg("gamma"),
        nb::sig("def kernel_matrix(rows: numpy.typing.ArrayLike, kernel: str, gamma: float) -> "
                "numpy.typing.NDArray[numpy.float64]"),
        "The kernel of all pairs of rows.");
    m.def(
        "projection_factor",
        [](const std::string& kernel, double gamma) {
            return projection_factor(kernel_of(kernel, gamma));
        },
        nb::arg("kernel"),
        nb::arg("gamma"),
        "What a random matrix is multiplied by for the kernel.");
    m.def(
        "kernel_features",
        [](nb::handle projected, const std::string& kernel, double gamma) {
            const Input in(projected, "projected");
            const Kernel k = kernel_of(kernel, gamma);
            return to_numpy(released([&] { return kernel_features(k, in.view()); }));
        },
        nb::arg("projected"),
        nb::arg("kernel"),
        nb::arg("gamma"),
        nb::sig("def kernel_features(projected: numpy.typing.ArrayLike, kernel: str, gamma: float) "
                "-> numpy.typing.NDArray[numpy.float32]"),
        "z(x) from projections u = W x.");
    m.def(
        "favor_features",
        [](nb::handle scaled, nb::handle projected, const std::string& kind) {
            const Input x(scaled, "scaled");
            const Input u(projected, "projected");
            const auto which = named<FavorKind>(kind, "kind");
            return to_numpy(released([&] { return favor_features(which, x.view(), u.view()); }));
        },
        nb::arg("scaled"),
        nb::arg("projected"),
        nb::arg("kind") = "positive",
        nb::sig("def favor_features(scaled: numpy.typing.ArrayLike, projected: "
                "numpy.typing.ArrayLike, kind: str = 'positive') -> "
                "numpy.typing.NDArray[numpy.float32]"),
        "FAVOR+ features of vectors divided by d^(1/4), from their projections.");
    m.def(
        "scale_for_favor",
        [](nb::handle vectors) {
            const Input in(vectors, "vectors");
            return to_numpy(scale_for_favor(in.view()));
        },
        nb::arg("vectors"),
        nb::sig("def scale_for_favor(vectors: numpy.typing.ArrayLike) -> "
                "numpy.typing.NDArray[numpy.float32]"),
        "Queries or keys divided by d^(1/4).");
    m.def(
        "softmax_attention",
        [](nb::handle queries, nb::handle keys) {
            const Input q(queries, "queries");
            const Input k(keys, "keys");
            return to_numpy(released([&] { return softmax_attention(q.view(), k.view()); }));
        },
        nb::arg("queries"),
        nb::arg("keys"),
        nb::sig("def softmax_attention(queries: numpy.typing.ArrayLike, keys: "
                "numpy.typing.ArrayLike) -> numpy.typing.NDArray[numpy.float64]"),
        "Attention weights exp(q . k / sqrt(d)), rows divided by their sums.");
    m.def(
        "feature_attention",
        [](nb::handle queries, nb::handle keys) {
            const Input q(queries, "query_features");
            const Input k(keys, "key_features");
            return to_numpy(released([&] { return feature_attention(q.view(), k.view()); }));
        },
        nb::arg("query_features"),
        nb::arg("key_features"),
        nb::sig("def feature_attention(query_features: numpy.typing.ArrayLike, key_features: "
                "numpy.typing.ArrayLike) -> numpy.typing.NDArray[numpy.float64]"),
        "The attention weights that features stand for.");
    m.def(
        "linear_attention",
        [](nb::handle queries, nb::handle keys, nb::handle values) {
            const Input q(queries, "query_features");
            const Input k(keys, "key_features");
            const Input v(values, "values");
            return to_numpy(
                released([&] { return linear_attention(q.view(), k.view(), v.view()); }));
        },
        nb::arg("query_features"),
        nb::arg("key_features"),
        nb::arg("values"),
        nb::sig("def linear_attention(query_features: numpy.typing.ArrayLike, key_features: "
                "numpy.typing.ArrayLike, values: numpy.typing.ArrayLike) -> "
                "numpy.typing.NDArray[numpy.float64]"),
        "Attention without its quadratic matrix.");
}

}  // namespace

void bind_features(nb::module_& m) {
    bind_projections(m);
    bind_kernels(m);
    nb::class_<Ridge>(m, "Ridge", "Ridge regression of which only sums are kept.")
        .def(nb::init<size_t, size_t>(), nb::arg("features"), nb::arg("outputs"))
        .def_prop_ro("rows", &Ridge::rows, "Rows that were added.")
        .def(
            "add",
            [](Ridge& r, nb::handle features, nb::handle targets) {
                const Input z(features, "features");
                const Input y(targets, "targets");
                released([&] { r.add(z.view(), y.view()); });
            },
            nb::arg("features"),
            nb::arg("targets"),
            nb::sig("def add(self, features: numpy.typing.ArrayLike, targets: "
                    "numpy.typing.ArrayLike) -> None"),
            "Features [rows, features] and targets [rows, outputs], in any number of pieces.")
        .def(
            "solve",
            [](const Ridge& r, double shrinkage) {
                RidgeModel model = released([&] { return r.solve(shrinkage); });
                return nb::make_tuple(to_numpy(std::move(model.weights)),
                                      to_numpy(std::move(model.intercept)));
            },
            nb::arg("shrinkage"),
            nb::sig("def solve(self, shrinkage: float) -> "
                    "tuple[numpy.typing.NDArray[numpy.float64], "
                    "numpy.typing.NDArray[numpy.float64]]"),
            "Weights [outputs, features] and intercept that minimise sum |y - W z - c|^2 + "
            "shrinkage |W|^2.");
}

}  // namespace mho::python
