// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"
#include "mho/analysis/pulse_traces.h"
#include "mho/analysis/step_family.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mho;
    return fuzz::parse(data, size, [](std::string_view input) {
        const std::vector<PulseTrace> traces = parse_pulse_traces(input, "fuzz");
        for (const PulseTrace& t : traces) {
            fuzz::require(!t.weight.empty() && t.pulses.size() == t.weight.size());
        }
        step_statistics(traces);
    });
}
