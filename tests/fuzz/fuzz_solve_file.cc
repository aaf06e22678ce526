// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "files.h"
#include "fuzz.h"
#include "mho/cli/solve_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        // Not the files of a run: they have fuzzers of their own.
        if (input.find("run") != std::string_view::npos) {
            return;
        }
        const SolveProblem p = read_solve_file(fuzz::folder().put("solve.json", input));
        fuzz::require(p.voltage.size() == p.conductance.rows);
        if (p.conductance.values.size() <= 64) {
            WireOptions options;
            options.law = p.cell_law();
            options.tolerance = p.tolerance;
            Wires(p.wires, p.conductance.view(), p.negative_view()).solve(p.voltage, options);
        }
    });
}
