// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/analysis/simulated_traces.h"

#include <fmt/format.h>

#include "mho/device/pulsed_array.h"
#include "mho/util/error.h"
#include "mho/util/finite.h"

namespace mho {

std::vector<PulseTrace> simulate_traces(
    const PulsedDevice& device, size_t cells, int pulses, int cycles, int pairs, uint64_t seed) {
    if (pulses < 0 || cycles < 0 || pairs < 0) {
        throw InputError("numbers of pulses, cycles and pairs must be at least 0");
    }
    PulsedArray array(device, 1, cells, make_tile_key(seed, "experiment"));
    array.set_weights(Matrix<float>(1, cells).view(), 0);
    std::vector<PulseTrace> traces(cells);
    uint64_t step = 0;
    const auto read = [&](int n) {
        for (size_t i = 0; i < cells; i++) {
            traces[i].cell = static_cast<double>(i);
            traces[i].pulses.push_back(n);
            traces[i].weight.push_back(double{array.weights()(0, i)});
        }
    };
    const auto pulse = [&](bool up) {
        array.pulse_all(up, ++step);
        read(up ? 1 : -1);
    };
    read(0);
    for (int c = 0; c < cycles; c++) {
        for (const bool up : {true, false}) {
            for (int k = 0; k < pulses; k++) {
                pulse(up);
            }
        }
    }
    for (int k = 0; k < pairs; k++) {
        pulse(true);
        pulse(false);
    }
    return traces;
}

std::string traces_to_csv(const std::vector<PulseTrace>& traces) {
    std::string csv = "cell,pulses,weight\n";
    for (const PulseTrace& t : traces) {
        if (t.weight.size() != t.pulses.size()) {
            throw InputError("a trace needs as many numbers of pulses as readings");
        }
        require_all_finite(t.weight, "readings of a trace");
        for (size_t i = 0; i < t.pulses.size(); i++) {
            csv += fmt::format("{},{},{}\n", t.cell, t.pulses[i], t.weight[i]);
        }
    }
    return csv;
}

}  // namespace mho
