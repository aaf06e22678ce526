// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// The training of one layer for mho.torch. Numbers are given by address: torch holds them, and a
// tensor costs two microseconds to unwrap. The Python side (mho/torch/core.py) checks type, shape
// and contiguity, and keeps the tensors alive during the call.
#include <algorithm>

#include "bindings.h"
#include "mho/adapt/modifier.h"
#include "mho/adapt/outside_gradients.h"
#include "mho/kernels/gradient_products.h"
#include "mho/net/matrix_training.h"
#include "mho/util/error.h"
#include "mho/util/threads.h"
#include "no_copy.h"

namespace mho::python {

namespace {

using Address = uintptr_t;

ConstFloatView matrix(Address a, size_t rows, size_t cols) {
    return {pointer(a), rows, cols};
}

FloatView writable(Address a, size_t rows, size_t cols) {
    return {pointer(a), rows, cols};
}

uint8_t* bytes(Address a) {
    return reinterpret_cast<uint8_t*>(a);
}

struct Sizes {
    size_t all, inputs, width, pieces;
    explicit Sizes(const MatrixTraining& t)
        : all(t.groups() * t.outputs()),
          inputs(t.inputs()),
          width(t.groups() * t.inputs()),
          pieces(t.pieces()) {}
};

// One matrix of those that a group's inputs are cut into.
struct Part {
    size_t output, outputs;  // the first of all outputs, and how many
    size_t input, inputs;    // the first of the group's inputs, and how many
    size_t row_input;        // the same of rows of all groups

    Part(const MatrixTraining& t, size_t group, size_t piece) {
        if (group >= t.groups() || piece >= t.pieces()) {
            throw InputError("gradient: there are " + std::to_string(t.groups()) + " groups of " +
                             std::to_string(t.pieces()) + " pieces");
        }
        outputs = t.outputs();
        output = group * outputs;
        const auto& offsets = t.grid(group).input_offsets();
        input = offsets[piece];
        inputs = offsets[piece + 1] - input;
        row_input = group * t.inputs() + input;
    }

    // Of weights [all outputs, inputs of a group].
    template <class View>
    View of(View matrix) const {
        return matrix.row_block(output, outputs).column_block(input, inputs);
    }
    // Of inputs [rows, inputs of all groups].
    template <class View>
    View of_rows(View matrix) const {
        return matrix.column_block(row_input, inputs);
    }
};

// One gradient of a group and piece, where the core is the faster one: false means that nothing was
// done. `work(part, errors, share)` calls share(lines, one), which calls one(first, count, room):
// lines of a gradient are independent, so no bit depends on how many threads share them.
template <class Work>
bool own_gradient(const MatrixTraining& t,
                  size_t group,
                  size_t piece,
                  Address errors,
                  size_t rows,
                  size_t threads,
                  const Work& work) {
    const Part part(t, group, piece);
    if (!prefers_own_gradients(rows, part.outputs, part.inputs)) {
        return false;
    }
    const auto share = [&](size_t lines, const auto& one) {
        const size_t parts = std::clamp<size_t>(threads, 1, lines);
        parallel_for(parts, parts, [&](size_t p, size_t) {
            thread_local GradientRoom room;
            const size_t first = lines * p / parts;
            one(first, lines * (p + 1) / parts - first, room);
        });
    };
    work(part, matrix(errors, rows, Sizes(t).all).column_block(part.output, part.outputs), share);
    return true;
}

std::vector<int> flags(const std::vector<uint8_t>& values) {
    return {values.begin(), values.end()};
}

}  // namespace

void bind_layer(nb::module_& m) {
    nb::class_<MatrixSums>(m, "MatrixSums", "What a backward pass sums up beside its products.")
        .def_prop_ro(
            "outside",
            [](const MatrixSums& s) { return flags(s.outside); },
            "Ranges that some input exceeds.")
        .def_prop_ro(
            "wants_product",
            [](const MatrixSums& s) { return flags(s.wants_product); },
            "Ranges whose gradient needs the product of the backward pass.")
        .def_prop_ro(
            "any_outside",
            [](const MatrixSums& s) {
                return std::any_of(
                    s.outside.begin(), s.outside.end(), [](uint8_t v) { return v != 0; });
            },
            "Whether any input exceeds its range.")
        .def_prop_ro(
            "any_product",
            [](const MatrixSums& s) {
                return std::any_of(s.wants_product.begin(), s.wants_product.end(), [](uint8_t v) {
                    return v != 0;
                });
            },
            "Whether any range needs the product.");

    nb::class_<LayerScales>(m, "LayerScales", "Scales and input ranges of a pass.")
        .def(
            "learned_over_mapping",
            [](const LayerScales& s) {
                Matrix<float> quotient(s.learned);
                for (size_t i = 0; i < quotient.values.size(); i++) {
                    quotient.values[i] /= s.mapping.values[i];
                }
                return to_numpy(std::move(quotient));
            },
            "Learned scale over that of the mapping, [pieces, all outputs].");

    m.def(
        "outside_products",
        [](Address u,
           Address errors,
           Address weights,
           size_t rows,
           size_t inputs,
           size_t outputs,
           Address sums) {
            const nb::gil_scoped_release release;
            thread_local std::vector<uint32_t> found;
            thread_local OutsideRoom room;
            const ConstFloatView x = matrix(u, rows, inputs);
            if (!few_outside(x, 1.0f, most_outside(rows * inputs), found)) {
                return false;
            }
            InputRangeSums total;
            add_outside_gradients(found,
                                  x,
                                  {matrix(weights, outputs, inputs)},
                                  matrix(errors, rows, outputs),
                                  1.0f,
                                  room,
                                  total);
            pointer(sums)[0] = static_cast<float>(total.shrink - total.grow);
            pointer(sums)[1] = static_cast<float>(static_cast<double>(total.inside) /
                                                  static_cast<double>(total.count));
            return true;
        },
        "What the gradient of a range needs of inputs u over their range, where few lie outside "
        "(else false): sum of min(sign(u) g, 0) over these with g = errors weights, share inside.");

    nb::class_<MatrixTraining>(
        m, "LayerEngine", "The tiles of one layer; mho.torch drives it, by addresses.")
        .def(nb::init<const Hardware&,
                      size_t,
                      size_t,
                      size_t,
                      uint64_t,
                      const std::string&,
                      uint32_t>(),
             nb::arg("hardware"),
             nb::arg("groups"),
             nb::arg("outputs"),
             nb::arg("inputs"),
             nb::arg("seed"),
             nb::arg("path"),
             nb::arg("chip") = 0,
             nb::call_guard<nb::gil_scoped_release>())
        .def_prop_ro("groups", &MatrixTraining::groups, "Groups of a convolution.")
        .def_prop_ro("outputs", &MatrixTraining::outputs, "Outputs of a group.")
        .def_prop_ro("inputs", &MatrixTraining::inputs, "Inputs of a group.")
        .def_prop_ro(
            "pieces", &MatrixTraining::pieces, "Pieces that the inputs of a group are cut into.")
        .def_prop_ro(
            "input_offsets",
            [](const MatrixTraining& t) { return std::vector<size_t>(t.grid(0).input_offsets()); },
            "Where the pieces of the inputs begin, and the end.")
        .def_prop_ro(
            "output_offsets",
            [](const MatrixTraining& t) { return std::vector<size_t>(t.grid(0).output_offsets()); },
            "Where the pieces of the outputs begin, and the end.")
        .def_prop_ro("exact_backward",
                     &MatrixTraining::exact_backward,
                     "Whether backward products are plain ones, which torch makes.")
        .def_prop_ro(
            "modifies",
            [](const MatrixTraining& t) { return modifies(t.hardware().modifier); },
            "Whether training changes the weights of each pass.")
        .def_prop_ro("keeps_clipped",
                     &MatrixTraining::keeps_clipped,
                     "Whether a pass records where ADCs cut.")
        .def_prop_ro("keeps_sums",
                     &MatrixTraining::keeps_sums,
                     "Whether a pass records the sums of the tiles.")
        .def_prop_ro("bytes", &MatrixTraining::bytes, "Memory that the tiles take.")
        .def(
            "grid",
            [](MatrixTraining& t, size_t group) -> TileGrid& {
                if (group >= t.groups()) {
                    throw InputError("group: there are " + std::to_string(t.groups()));
                }
                return t.grid(group);
            },
            nb::arg("group") = 0,
            nb::rv_policy::reference_internal,
            "The tiles of a group.")
        .def(
            "load_weights",
            [](MatrixTraining& t, Address weights) {
                const nb::gil_scoped_release release;
                const Sizes s(t);
                t.load_weights(matrix(weights, s.all, s.inputs));
            },
            "Exact weights of the next passes.")
        .def(
            "load_modified",
            [](MatrixTraining& t, Address weights, Address modified, uint64_t step) {
                const nb::gil_scoped_release release;
                const Sizes s(t);
                t.load_modified(
                    matrix(weights, s.all, s.inputs), writable(modified, s.all, s.inputs), step);
            },
            "Weights of the next passes with the noise of a step, which are given back.")
        .def(
            "program",
            [](MatrixTraining& t, Address weights, uint64_t programming) {
                const nb::gil_scoped_release release;
                const Sizes s(t);
                t.program(matrix(weights, s.all, s.inputs), programming);
            },
            "Programs the chip.")
        .def(
            "advance_to",
            [](MatrixTraining& t, double t_s, uint64_t read_step) {
                const nb::gil_scoped_release release;
                t.advance_to(t_s, read_step);
            },
            "Moves the chip to t_s seconds after programming.")
        .def("use_compensation",
             &MatrixTraining::use_compensation,
             "Switches drift compensation on or off.")
        .def(
            "weights",
            [](const MatrixTraining& t) { return to_numpy(t.weights()); },
            "Present weights [groups * outputs, inputs].")
        .def(
            "load_scales",
            [](MatrixTraining& t, Address mapping, Address learned, Address ranges, Address bias) {
                const Sizes s(t);
                t.load_scales(matrix(mapping, s.pieces, s.all),
                              matrix(learned, s.pieces, s.all),
                              {pointer(ranges), t.groups() * s.pieces},
                              {pointer(bias), bias == 0 ? 0 : s.all});
                return t.scales();
            },
            "Scales of mapping and training, input ranges and bias of the next passes; returns "
            "what "
            "begin_backward() needs of them.")
        // Moments: [groups * pieces][sum, squares, count], which processes add up.
        .def(
            "input_moments",
            [](const MatrixTraining& t, Address x, size_t rows, Address moments) {
                const nb::gil_scoped_release release;
                const Sizes s(t);
                auto* to = reinterpret_cast<double*>(moments);
                for (const InputMoments& one : t.input_moments(matrix(x, rows, s.width))) {
                    *to++ = one.sum;
                    *to++ = one.squares;
                    *to++ = static_cast<double>(one.count);
                }
            },
            "Sums, squares and counts of the inputs of every range.")
        .def(
            "start_ranges",
            [](const MatrixTraining& t, Address moments, Address ranges, Address batches) {
                const auto* from = reinterpret_cast<const double*>(moments);
                auto* seen = reinterpret_cast<int64_t*>(batches);
                for (size_t i = 0; i < t.groups() * t.pieces(); i++, from += 3) {
                    const InputMoments all{from[0], from[1], static_cast<uint64_t>(from[2])};
                    auto count = static_cast<uint64_t>(seen[i]);
                    initialize_input_range(
                        t.hardware().input_range, all, pointer(ranges)[i], count);
                    seen[i] = static_cast<int64_t>(count);
                }
            },
            "One batch of the initialisation of the ranges, from moments.")
        .def(
            "forward",
            [](MatrixTraining& t,
               Address x,
               size_t rows,
               Address y,
               uint64_t step,
               uint64_t first_sample,
               size_t threads,
               Address clipped,
               Address sums) {
                const nb::gil_scoped_release release;
                const Sizes s(t);
                t.forward(matrix(x, rows, s.width),
                          writable(y, rows, s.all),
                          {step, first_sample},
                          threads,
                          bytes(clipped),
                          pointer(sums));
            },
            "Outputs of a batch, and what the backward pass needs.")
        .def(
            "begin_backward",
            [](MatrixTraining& t,
               Address errors,
               Address x,
               size_t rows,
               Address weights,
               Address clipped,
               Address sums,
               bool wants_inputs,
               Address for_weights,
               Address for_inputs,
               const LayerScales& scales) {
                const nb::gil_scoped_release release;
                const Sizes s(t);
                // The layer may have made other passes since.
                t.load_scales(scales.mapping.view(), scales.learned.view(), scales.ranges, {});
                return t.begin_backward(matrix(errors, rows, s.all),
                                        matrix(x, rows, s.width),
                                        matrix(weights, s.all, s.inputs),
                                        bytes(clipped),
                                        pointer(sums),
                                        wants_inputs,
                                        pointer(for_weights),
                                        pointer(for_inputs));
            },
            "Errors for the products of the backward pass, and its sums.")
        .def(
            "cut_inputs",
            [](const MatrixTraining& t, Address x, size_t rows, Address to) {
                const nb::gil_scoped_release release;
                const Sizes s(t);
                t.cut_inputs(matrix(x, rows, s.width), writable(to, rows, s.width));
            },
            "Inputs cut to their ranges.")
        .def(
            "weight_gradient",
            [](const MatrixTraining& t,
               size_t group,
               size_t piece,
               Address errors,
               Address x,
               size_t rows,
               Address gradient,
               size_t threads) {
                const nb::gil_scoped_release release;
                const auto work = [&](const Part& part, ConstFloatView e, const auto& share) {
                    const Sizes s(t);
                    const ConstFloatView in = part.of_rows(matrix(x, rows, s.width));
                    const FloatView to = part.of(writable(gradient, s.all, s.inputs));
                    share(part.outputs, [&](size_t first, size_t count, GradientRoom& room) {
                        weight_gradient(
                            e.column_block(first, count), in, to.row_block(first, count), room);
                    });
                };
                return own_gradient(t, group, piece, errors, rows, threads, work);
            },
            "Gradient of the weights of a group and piece; false: torch is faster, nothing done.")
        .def(
            "input_gradient",
            [](const MatrixTraining& t,
               size_t group,
               size_t piece,
               Address errors,
               Address weights,
               size_t rows,
               Address gradient,
               size_t threads) {
                const nb::gil_scoped_release release;
                const auto work = [&](const Part& part, ConstFloatView e, const auto& share) {
                    const Sizes s(t);
                    const ConstFloatView w = part.of(matrix(weights, s.all, s.inputs));
                    const FloatView to = part.of_rows(writable(gradient, rows, s.width));
                    share(part.inputs, [&](size_t first, size_t count, GradientRoom& room) {
                        input_gradient(
                            e, w.column_block(first, count), to.column_block(first, count), room);
                    });
                };
                return own_gradient(t, group, piece, errors, rows, threads, work);
            },
            "Gradient of the inputs of a group and piece; false: torch is faster, nothing done.")
        .def(
            "transposed",
            [](const MatrixTraining& t,
               Address errors,
               size_t rows,
               Address gradient,
               uint64_t step,
               uint64_t first_sample,
               Address clipped) {
                const nb::gil_scoped_release release;
                const Sizes s(t);
                t.transposed(matrix(errors, rows, s.all),
                             writable(gradient, rows, s.width),
                             {step, first_sample},
                             bytes(clipped));
            },
            "The analog product of the errors with the transpose.")
        .def(
            "end_backward",
            [](const MatrixTraining& t,
               Address x,
               Address gradient,
               size_t rows,
               MatrixSums& sums) {
                const nb::gil_scoped_release release;
                const Sizes s(t);
                t.end_backward(matrix(x, rows, s.width), writable(gradient, rows, s.width), sums);
            },
            "Masks the gradient of the inputs and completes the sums.")
        .def(
            "gradients",
            [](const MatrixTraining& t,
               const MatrixSums& sums,
               size_t rows,
               double share,
               Address learned,
               Address bias,
               Address ranges) {
                if (learned != 0) {
                    give(t.learned_gradient(sums).values, learned);
                }
                give(sums.bias, bias);
                if (ranges != 0) {
                    give(t.range_gradient(sums, rows, share), ranges);
                }
            },
            "Gradients of learned scales, bias and ranges.")
        .def(
            "post_step",
            [](const MatrixTraining& t,
               Address weights,
               Address mapping,
               Address learned,
               Address ranges) {
                const nb::gil_scoped_release release;
                const Sizes s(t);
                t.post_step(writable(weights, s.all, s.inputs),
                            writable(mapping, s.pieces, s.all),
                            writable(learned, s.pieces, s.all),
                            {pointer(ranges), t.groups() * s.pieces});
            },
            "Clips and remaps after an optimiser step.");
}

}  // namespace mho::python
