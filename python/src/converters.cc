// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// Output converters by themselves: what they make of currents, and their linearity.
#include "bindings.h"
#include "mho/cli/adc_page.h"
#include "mho/convert/adc_bank.h"
#include "mho/convert/adc_json.h"
#include "mho/util/error.h"

namespace mho::python {

namespace {

// Converters and the key that names their draws.
struct Converters {
    AdcBank bank;
    TileKey key;

    Matrix<float> convert(ConstFloatView currents, double high, uint64_t step) const {
        if (currents.cols != bank.columns()) {
            throw InputError("currents: expected " + std::to_string(bank.columns()) +
                             " columns, got " + std::to_string(currents.cols));
        }
        if (!(high > 0)) {
            throw InputError("high: must be above 0, got " + std::to_string(high));
        }
        require_finite(currents, "currents");
        Matrix<float> y = matrix_of(currents);
        std::vector<float> uniforms(needs_rounding_draws(bank.model()) ? y.cols : size_t{0});
        for (size_t r = 0; r < y.rows; r++) {
            if (!uniforms.empty()) {
                fill_uniform(key, Stream::kAdcRounding, step, r * y.cols, uniforms);
            }
            bank.convert_row({y.row(r), y.cols},
                             {bank.is_signed() ? -high : 0.0, high},
                             uniforms.empty() ? nullptr : uniforms.data());
        }
        return y;
    }
};

}  // namespace

void bind_converters(nb::module_& m) {
    nb::class_<Converters>(
        m, "Converters", "Output converters of some columns, each with its mismatch.")
        .def(
            "__init__",
            [](Converters* self,
               const std::string& json,
               size_t columns,
               bool is_signed,
               uint64_t seed,
               const std::string& name) {
                const TileKey key = make_tile_key(seed, name);
                new (self)
                    Converters{AdcBank(adc_from_json(json, "adc"), columns, is_signed, key), key};
            },
            nb::arg("json"),
            nb::arg("columns"),
            nb::arg("is_signed") = true,
            nb::arg("seed") = 1,
            nb::arg("name") = "adc")
        .def_prop_ro(
            "columns",
            [](const Converters& c) { return c.bank.columns(); },
            "Currents that are converted at once.")
        .def_prop_ro(
            "converters",
            [](const Converters& c) { return c.bank.converters(); },
            "How many there are: columns share them in groups.")
        .def_prop_ro(
            "codes",
            [](const Converters& c) { return c.bank.codes(); },
            "Number of codes; 0 for the ideal converter.")
        .def(
            "convert",
            [](const Converters& c, nb::handle currents, double high, uint64_t step) {
                const Input in(currents, "currents");
                Matrix<float> y;
                {
                    const nb::gil_scoped_release release;
                    y = c.convert(in.view(), high, step);
                }
                return to_numpy(std::move(y.values), in.shape());
            },
            nb::arg("currents"),
            nb::arg("high") = 1.0,
            nb::arg("step") = 0,
            nb::sig("def convert(self, currents: numpy.typing.ArrayLike, high: float = 1.0, step: "
                    "int = 0) -> numpy.typing.NDArray[numpy.float32]"),
            "What the converters make of currents [..., columns]; their range is [-high, high], or "
            "[0, high] for unsigned ones. `step` names the draws of stochastic rounding.");
    m.def(
        "adc_linearity",
        [](const std::string& json, size_t converters, bool is_signed, uint64_t seed) {
            AdcReport report;
            {
                const nb::gil_scoped_release release;
                report = measure_adc(adc_from_json(json, "adc"), converters, is_signed, seed);
            }
            nb::list all;
            for (Linearity& l : report.converters) {
                nb::dict d;
                d["dnl"] = to_numpy(std::move(l.dnl));
                d["inl"] = to_numpy(std::move(l.inl));
                d["missing_codes"] = l.missing_codes;
                d["gain_error"] = l.gain_error;
                d["largest_dnl"] = l.largest_dnl;
                d["largest_inl"] = l.largest_inl;
                all.append(d);
            }
            return all;
        },
        nb::arg("json"),
        nb::arg("converters") = 20,
        nb::arg("is_signed") = true,
        nb::arg("seed") = 1,
        nb::sig("def adc_linearity(json: str, converters: int = 20, is_signed: bool = True, seed: "
                "int = 1) -> list[dict[str, typing.Any]]"),
        "Differential and integral non-linearity of converters of one kind, in steps.");
}

}  // namespace mho::python
