// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_TESTS_WHOLE_REFUSALS_H
#define MHO_TESTS_WHOLE_REFUSALS_H

// What the tables refusals_*.test.cc share. A row names a function of a public header and calls it
// with one number that is not finite, or with one shape, index or count that does not fit; it must
// throw an Error that says something, and must take the same call with a good number.
//
// No rows have
// - kernels and what takes raw pointers (src/mho/kernels, *_kernel.h, *-inl.h, net/digital_ops.h,
//   net/sequence_ops.h, StuckMap::apply), and what runs once a cell or once an output inside of a
//   tile (unit_inputs, nearest_state, stage_code, near_memory, train_scale, means and spreads of
//   Cell; outputs of SlicedTile and ColumnPeriphery): their preconditions stand in the headers, and
//   their callers, which have rows, check;
// - what a training step does with weights and gradients (clips, remapping, sums of input ranges,
//   straight-through gradients, scales of batch norms): the next load of the weights checks;
// - headers that are not installed (*_internal.h, *_impl.h, *_json.h) and members that check
//   configurations (check(), Schema): every parameter's range is tested by run_file.test.cc;
// - the serial references of the kernels (reference_*) and formulas of one conductance model
//   (sigma_programming(PcmLike), ...): numbers in, a number out; NaN gives NaN, as do
//   mean() and standard_deviation(), which tables of diverged trainings need;
// - virtual functions that a user implements (laws, converters, step families), whose results the
//   callers check;
// - src/mho/nn, which needs LibTorch and has tests of its own.

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "mho/random/stream.h"
#include "mho/util/error.h"
#include "mho/util/matrix.h"

namespace mho::refusals {

inline Matrix<float> numbers(size_t rows, size_t cols, uint64_t step = 0) {
    Matrix<float> m(rows, cols);
    fill_uniform(TileKey{4}, Stream::kTest, step, 0, m.values);
    return m;
}

inline Matrix<double> doubles(size_t rows, size_t cols, uint64_t step = 0) {
    const Matrix<float> from = numbers(rows, cols, step);
    Matrix<double> m(rows, cols);
    m.values.assign(from.values.begin(), from.values.end());
    return m;
}

/// What a row may spoil: one number of something of the right shape.
struct Bad {
    float number = 0;
    Matrix<float> matrix(size_t rows, size_t cols) const {
        Matrix<float> m = numbers(rows, cols);
        m.values.back() = number;
        return m;
    }
    Matrix<double> double_matrix(size_t rows, size_t cols) const {
        Matrix<double> m = doubles(rows, cols);
        m.values.back() = scalar();
        return m;
    }
    std::vector<float> list(size_t n) const { return matrix(1, n).values; }
    std::vector<double> double_list(size_t n) const { return double_matrix(1, n).values; }
    double scalar() const { return static_cast<double>(number); }
};

struct Case {
    const char* name;
    std::function<void(const Bad&)> call;
    float good = 0.5f;
    bool has_good = true;  // a call that fails for another reason as well: only the bad ones
};

struct ShapeCase {
    const char* name;
    std::function<void()> call;
};

template <class F>
void expect_refusal(const std::string& name, F&& call) {
    try {
        call();
        ADD_FAILURE() << name << " is taken";
    } catch (const Error& e) {
        EXPECT_GT(std::string(e.what()).size(), 10u) << name;
    } catch (const std::exception& e) {
        ADD_FAILURE() << name << " leaves with a raw exception: " << e.what();
    }
}

inline void expect_refused_numbers(const std::vector<Case>& cases) {
    for (const Case& c : cases) {
        // The right number first: what is refused must be the bad one.
        if (c.has_good) {
            EXPECT_NO_THROW(c.call({c.good})) << c.name;
        }
        for (const float number : {std::numeric_limits<float>::quiet_NaN(),
                                   std::numeric_limits<float>::infinity(),
                                   -std::numeric_limits<float>::infinity()}) {
            expect_refusal(std::string(c.name) + " of " + std::to_string(number),
                           [&] { c.call({number}); });
        }
    }
}

inline void expect_refused_shapes(const std::vector<ShapeCase>& cases) {
    for (const ShapeCase& c : cases) {
        expect_refusal(c.name, c.call);
    }
}

}  // namespace mho::refusals

#endif  // MHO_TESTS_WHOLE_REFUSALS_H
