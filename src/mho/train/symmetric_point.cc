// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/train/symmetric_point.h"

#include "mho/util/error.h"

namespace mho {

Matrix<float> find_symmetric_points(PulsedArray& array, size_t pulses, uint64_t step) {
    if (pulses < 2) {
        throw InputError("the search for symmetric points needs at least two pulses");
    }
    // An even number of states: as many after up as after down pulses.
    const size_t averaged = std::max<size_t>(pulses / 4 * 2, 2);
    Matrix<double> sum(array.rows(), array.cols());
    for (size_t p = 0; p < pulses; p++) {
        array.pulse_all(p % 2 == 0, step + p);
        if (p + averaged < pulses) {
            continue;
        }
        const ConstFloatView w = array.hidden_weights();
        for (size_t r = 0; r < w.rows; r++) {
            for (size_t c = 0; c < w.cols; c++) {
                sum(r, c) += w(r, c);
            }
        }
    }
    Matrix<float> points(array.rows(), array.cols());
    for (size_t i = 0; i < points.values.size(); i++) {
        points.values[i] = static_cast<float>(sum.values[i] / static_cast<double>(averaged));
    }
    return points;
}

}  // namespace mho
