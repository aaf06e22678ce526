// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// Sweeps: which points there are, what computes them, the table they make. mho/sweeps.py hands the
// points to processes or to a cluster.
#include <algorithm>
#include <sstream>

#include "bindings.h"
#include "mho/cli/run_folder.h"
#include "mho/cli/sweep_folder.h"

namespace mho::python {

void bind_sweep(nb::module_& m) {
    nb::class_<SweepFolder>(m, "SweepFolder", "A sweep and the folder that keeps its points.")
        .def(
            "__init__",
            [](SweepFolder* self, const std::string& file, const std::string& folder) {
                new (self) SweepFolder(file);
                try {
                    self->open(folder);
                } catch (...) {
                    self->~SweepFolder();
                    throw;
                }
            },
            nb::arg("file"),
            nb::arg("folder") = "",
            "Reads and checks the sweep's file; keeps others out of the folder (runs/NAME).")
        .def_prop_ro(
            "folder", [](const SweepFolder& s) { return s.folder(); }, "Folder of the sweep.")
        .def_prop_ro(
            "costs", [](const SweepFolder& s) { return s.sweep().cost; }, "Are costs asked for?")
        .def_prop_ro(
            "point_count", [](const SweepFolder& s) { return s.points().size(); }, "All points.")
        .def(
            "missing",
            [](const SweepFolder& s, const std::string& into) {
                nb::list all;
                for (const SweepPoint& p : s.without_results()) {
                    all.append(nb::make_tuple(p.name, s.evaluation(p, into, 0)));
                }
                return all;
            },
            nb::arg("into"),
            nb::sig("def missing(self, into: str) -> list[tuple[str, list[str]]]"),
            "Points without results: name, and the arguments of `mho` that compute it into `into`.")
        .def(
            "missing_costs",
            [](const SweepFolder& s) {
                std::vector<std::vector<std::string>> all;
                for (const SweepPoint& p : s.without_costs()) {
                    all.push_back(SweepFolder::costing(s.point_folder(p)));
                }
                return all;
            },
            "Arguments of `mho` that count the costs of points that have results but no costs.")
        .def_static("costing",
                    &SweepFolder::costing,
                    nb::arg("folder"),
                    "Arguments of `mho` that count what the run in a folder costs.")
        .def(
            "finish",
            [](const SweepFolder& s, const std::string& x, const std::string& y) {
                const SweepTable table = s.table();
                std::ostringstream ignored;
                write_outputs(s.outputs(table, sweep_axes(table, {x, y})), ignored);
                return table.csv();
            },
            nb::arg("x") = "",
            nb::arg("y") = "",
            "Writes sweep.csv and sweep.html; the table as CSV.");
}

}  // namespace mho::python
