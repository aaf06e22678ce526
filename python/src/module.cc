// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "bindings.h"
#include "mho/cli/command.h"
#include "mho/util/error.h"
#include "mho/util/threads.h"

namespace mho::python {

void bind_errors(nb::module_& m) {
    auto base = nb::exception<Error>(m, "Error", PyExc_Exception);
    auto config = nb::exception<ConfigError>(m, "ConfigError", base);
    auto io = nb::exception<IoError>(m, "IoError", base);
    auto input = nb::exception<InputError>(m, "InputError", base);
    base.attr("__doc__") = "Base of every exception that mho raises on purpose.";
    config.attr("__doc__") = "Wrong parameters, each with its full path, one a line.";
    io.attr("__doc__") = "A file that cannot be read or written, or holds something else.";
    input.attr("__doc__") =
        "Arguments that do not fit: shapes, non-finite numbers, order of calls.";
}

}  // namespace mho::python

NB_MODULE(_core, m) {
    using namespace mho::python;
    m.doc() = "The core of mho: tiles, devices, networks and analyses, without torch.";
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        throw std::runtime_error("this processor lacks AVX2 or FMA, which mho needs");
    }
    // What a traceback or a cache still holds at the end is no leak of ours.
    nb::set_leak_warnings(false);
    m.attr("__version__") = MHO_VERSION;
    bind_errors(m);
    bind_schema(m);
    bind_hardware(m);
    bind_tile(m);
    bind_device(m);
    bind_pulses(m);
    bind_wires(m);
    bind_converters(m);
    bind_features(m);
    bind_network(m);
    bind_analysis(m);
    bind_cost(m);
    bind_budgets(m);
    bind_sweep(m);
    bind_layer(m);
    bind_lightning(m);
    bind_noise(m);
    m.def(
        "run_command",
        [](const std::vector<std::string>& arguments, const std::vector<std::string>& program) {
            const nb::gil_scoped_release release;
            const int code =
                mho::run_mho(arguments, mho::core_commands(), std::cout, std::cerr, program);
            std::cout.flush();
            std::cerr.flush();
            return code;
        },
        nb::arg("arguments"),
        nb::arg("program") = std::vector<std::string>{},
        nb::sig("def run_command(arguments: collections.abc.Sequence[str], program: "
                "collections.abc.Sequence[str] = []) -> int"),
        "Runs a command of the program `mho` and returns its exit code. `program`: the words that "
        "start it in another process (`mho sweep` does so).");
    m.def("available_threads",
          &mho::available_threads,
          "What OMP_NUM_THREADS says, else the processors that this process may use.");
    m.def(
        "nearest_name",
        [](const std::string& name, const std::vector<std::string>& known) {
            return mho::nearest_name(name, known);
        },
        nb::arg("name"),
        nb::arg("known"),
        "The name among `known` that is nearest to `name`, or an empty string.");
}
