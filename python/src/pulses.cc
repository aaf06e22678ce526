// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// Arrays of cells that move by pulses, and the learners made of them.
#include "bindings.h"
#include "mho/device/pulsed_array.h"
#include "mho/net/training_presets.h"
#include "mho/train/learner.h"
#include "mho/train/programming_cost.h"
#include "mho/train/pulse_rule.h"
#include "mho/util/error.h"

namespace mho::python {

namespace {

nb::dict wear_of(const PulsedArray& array) {
    const Endurance e = endurance(array);
    nb::dict d;
    d["most"] = static_cast<double>(e.most);
    d["mean"] = e.mean;
    return d;
}

Matrix<float> matrix_of(ConstFloatView view) {
    Matrix<float> m(view.rows, view.cols);
    for (size_t r = 0; r < m.rows; r++) {
        std::copy_n(view.row(r), m.cols, m.row(r));
    }
    return m;
}

nb::dict arrays(const std::map<std::string, std::vector<float>>& parts) {
    nb::dict d;
    for (const auto& [name, values] : parts) {
        d[name.c_str()] = to_numpy(std::vector<float>(values), {values.size()});
    }
    return d;
}

std::map<std::string, std::vector<float>> arrays(nb::dict parts) {
    std::map<std::string, std::vector<float>> all;
    for (const auto& [name, values] : parts) {
        const Input in(values, "state");
        const auto s = in.span();
        all[nb::cast<std::string>(name)] = {s.begin(), s.end()};
    }
    return all;
}

nb::dict activity(const PulseActivity& a) {
    nb::dict d;
    d["pulses"] = a.pulses;
    d["normals"] = a.normals;
    d["batch_cells"] = a.batch_cells;
    d["sample_cells"] = a.sample_cells;
    d["pulse_cells"] = a.pulse_cells;
    return d;
}

// Analog SGD on one device has the rule of a plain pulsed update.
const PulseUpdate& rule(const LearnerConfig& config) {
    return learner_update(config);
}

}  // namespace

void bind_pulses(nb::module_& m) {
    nb::class_<PulsedArray>(m, "PulsedArray", "A crossbar of cells that move by pulses.")
        .def(
            "__init__",
            [](PulsedArray* self,
               const std::string& device,
               size_t rows,
               size_t cols,
               uint64_t seed,
               const std::string& name) {
                new (self) PulsedArray(
                    pulsed_device_from_json(device), rows, cols, make_tile_key(seed, name));
            },
            nb::arg("device"),
            nb::arg("rows"),
            nb::arg("cols"),
            nb::arg("seed") = 0,
            nb::arg("name") = "array")
        .def_prop_ro("rows", &PulsedArray::rows)
        .def_prop_ro("cols", &PulsedArray::cols)
        .def_prop_ro("granularity", &PulsedArray::granularity)
        .def_prop_ro("number_of_states", &PulsedArray::number_of_states)
        .def("weights", [](const PulsedArray& a) { return to_numpy(matrix_of(a.weights())); })
        .def(
            "set_weights",
            [](PulsedArray& a, nb::handle weights, uint64_t step) {
                a.set_weights(Input(weights, "weights").view(), step);
            },
            nb::arg("weights"),
            nb::arg("step") = 0,
            nb::sig(
                "def set_weights(self, weights: numpy.typing.ArrayLike, step: int = 0) -> None"))
        .def("pulse_all", &PulsedArray::pulse_all, nb::arg("up"), nb::arg("step"))
        .def(
            "update",
            [](PulsedArray& a,
               nb::handle x,
               nb::handle d,
               double rate,
               const std::string& learner,
               uint64_t step,
               uint64_t first_sample,
               int threads) {
                const Input inputs(x, "x");
                const Input errors(d, "d");
                const LearnerConfig config = learner_from_json_with_presets(learner, "update");
                PulseActivity done;
                {
                    const nb::gil_scoped_release release;
                    done = pulsed_update(a,
                                         rule(config),
                                         inputs.view(),
                                         errors.view(),
                                         rate,
                                         {step, first_sample},
                                         thread_count(threads));
                }
                return activity(done);
            },
            nb::arg("x"),
            nb::arg("d"),
            nb::arg("rate"),
            nb::arg("learner") = "{\"model\": \"analog sgd\"}",
            nb::arg("step") = 0,
            nb::arg("first_sample") = 0,
            nb::arg("threads") = 1,
            nb::sig("def update(self, x: numpy.typing.ArrayLike, d: numpy.typing.ArrayLike, rate: "
                    "float, learner: str = '{\"model\": \"analog sgd\"}', step: int = 0, "
                    "first_sample: int = 0, threads: int = 1) -> dict[str, int]"),
            "W -= rate d x' by pulses: x [samples, cols], d [samples, rows]. The pulse rule is "
            "that of the learner (JSON).")
        .def("decay", &PulsedArray::decay, nb::arg("alpha"), nb::arg("step"))
        .def("diffuse", &PulsedArray::diffuse, nb::arg("step"))
        .def("drift", &PulsedArray::drift, nb::arg("delta_ms"), nb::arg("step"))
        .def("table_names", &PulsedArray::table_names)
        .def(
            "table",
            [](const PulsedArray& a, const std::string& name) { return to_numpy(a.table(name)); },
            nb::arg("name"))
        .def(
            "set_table",
            [](PulsedArray& a, const std::string& name, nb::handle values) {
                a.set_table(name, Input(values, "values").view());
            },
            nb::arg("name"),
            nb::arg("values"),
            nb::sig("def set_table(self, name: str, values: numpy.typing.ArrayLike) -> None"),
            "Puts values [rows, cols] in the place of a table of the cells.")
        .def("reset_columns",
             &PulsedArray::reset_columns,
             nb::arg("first"),
             nb::arg("count"),
             nb::arg("probability") = 1.0,
             nb::arg("step") = 0,
             "Resets columns [first, first + count), each cell with this probability.")
        .def("drift",
             &PulsedArray::drift,
             nb::arg("delta_ms"),
             nb::arg("step") = 0,
             "Lets time pass for the drift, in ms.")
        .def("count_pulses",
             &PulsedArray::count_pulses,
             nb::arg("on") = true,
             "Begins to count the pulses of every cell, or stops.")
        .def(
            "endurance",
            [](const PulsedArray& a) { return wear_of(a); },
            nb::sig("def endurance(self) -> dict[str, float]"),
            "Pulses since count_pulses: of the most pulsed cell (`most`), and on average (`mean`).")
        .def("state", [](const PulsedArray& a) { return arrays(a.state()); })
        .def("set_state", [](PulsedArray& a, nb::dict state) { a.set_state(arrays(state)); });

    nb::class_<Learner>(
        m, "Learner", "Learning inside the array: devices, and the rule that moves them.")
        .def_prop_ro("rows", &Learner::rows)
        .def_prop_ro("cols", &Learner::cols)
        .def_prop_ro("granularity", &Learner::granularity)
        .def_prop_ro("device_count", &Learner::device_count)
        .def_prop_ro("notes", [](const Learner& l) { return std::vector<std::string>(l.notes()); })
        .def("weights", [](const Learner& l) { return to_numpy(matrix_of(l.weights())); })
        .def(
            "set_weights",
            [](Learner& l, nb::handle weights, uint64_t step) {
                l.set_weights(Input(weights, "weights").view(), step);
            },
            nb::arg("weights"),
            nb::arg("step") = 0,
            nb::sig(
                "def set_weights(self, weights: numpy.typing.ArrayLike, step: int = 0) -> None"))
        .def(
            "update",
            [](Learner& l,
               nb::handle x,
               nb::handle d,
               double rate,
               uint64_t step,
               uint64_t first_sample,
               size_t batch_size,
               int threads) {
                const Input inputs(x, "x");
                const Input errors(d, "d");
                const nb::gil_scoped_release release;
                UpdateCall call;
                call.rate = rate;
                call.key = {step, first_sample};
                call.batch_size = batch_size;
                call.threads = thread_count(threads);
                l.update(inputs.view(), errors.view(), call);
            },
            nb::arg("x"),
            nb::arg("d"),
            nb::arg("rate"),
            nb::arg("step") = 0,
            nb::arg("first_sample") = 0,
            nb::arg("batch_size") = 0,
            nb::arg("threads") = 1,
            nb::sig("def update(self, x: numpy.typing.ArrayLike, d: numpy.typing.ArrayLike, rate: "
                    "float, step: int = 0, first_sample: int = 0, batch_size: int = 0, threads: "
                    "int = 1) -> None"),
            "W -= rate d x', sample after sample: x [samples, cols], d [samples, rows].")
        .def("end_of_batch", &Learner::end_of_batch, nb::arg("step"))
        .def("drift", &Learner::drift, nb::arg("delta_ms"), nb::arg("step"))
        .def("clip", &Learner::clip, nb::arg("limit"), nb::arg("step"))
        .def("table_names", &Learner::table_names)
        .def(
            "table",
            [](const Learner& l, const std::string& name) { return to_numpy(l.table(name)); },
            nb::arg("name"))
        .def(
            "set_table",
            [](Learner& l, const std::string& name, nb::handle values) {
                l.set_table(name, Input(values, "values").view());
            },
            nb::arg("name"),
            nb::arg("values"),
            nb::sig("def set_table(self, name: str, values: numpy.typing.ArrayLike) -> None"),
            "Puts values in the place of a table of its devices or of a buffer of the rule.")
        .def("reset_columns",
             &Learner::reset_columns,
             nb::arg("first"),
             nb::arg("count"),
             nb::arg("probability") = 1.0,
             nb::arg("step") = 0,
             "Resets columns of every device, each cell with this probability.")
        .def("drift",
             &Learner::drift,
             nb::arg("delta_ms"),
             nb::arg("step") = 0,
             "Lets time pass for the drift of the devices, in ms.")
        .def("count_pulses",
             &Learner::count_pulses,
             nb::arg("on") = true,
             "Begins to count the pulses of every cell of every device, or stops.")
        .def(
            "endurance",
            [](const Learner& l, size_t device) {
                if (device >= l.device_count()) {
                    throw InputError("device: there are " + std::to_string(l.device_count()));
                }
                return wear_of(l.device(device));
            },
            nb::arg("device") = 0,
            nb::sig("def endurance(self, device: int = 0) -> dict[str, float]"),
            "Pulses since count_pulses: of the most pulsed cell (`most`), and on average (`mean`).")
        .def(
            "activity",
            [](const Learner& l, size_t device) {
                if (device >= l.device_count()) {
                    throw InputError("device: there are " + std::to_string(l.device_count()));
                }
                return activity(l.activity(device));
            },
            nb::arg("device") = 0,
            "What the pulses of all updates did.")
        .def("state",
             [](const Learner& l) {
                 const LearnerState s = l.state();
                 nb::dict numbers;
                 for (const auto& [name, value] : s.numbers) {
                     numbers[name.c_str()] = value;
                 }
                 nb::dict d;
                 d["arrays"] = arrays(s.arrays);
                 d["numbers"] = numbers;
                 return d;
             })
        .def(
            "set_state",
            [](Learner& l, nb::dict state) {
                LearnerState s;
                s.arrays = arrays(nb::cast<nb::dict>(state["arrays"]));
                for (const auto& [name, value] : nb::cast<nb::dict>(state["numbers"])) {
                    s.numbers[nb::cast<std::string>(name)] = nb::cast<uint64_t>(value);
                }
                l.set_state(s);
            },
            nb::arg("state"));
    m.def(
        "make_learner",
        [](const std::string& json,
           size_t rows,
           size_t cols,
           uint64_t seed,
           const std::string& name,
           uint32_t tile_row,
           uint32_t tile_col) {
            return make_learner(learner_from_json_with_presets(json),
                                rows,
                                cols,
                                make_tile_key(seed, name, tile_row, tile_col));
        },
        nb::arg("json"),
        nb::arg("rows"),
        nb::arg("cols"),
        nb::arg("seed") = 0,
        nb::arg("name") = "learner",
        nb::arg("tile_row") = 0,
        nb::arg("tile_col") = 0);
}

}  // namespace mho::python
