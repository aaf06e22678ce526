// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// Arrays of cells that move by pulses, and the learners made of them.
#include "bindings.h"
#include "laws.h"
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

// What an array of cells and a learner on such arrays have in common.
template <class C>
void bind_cells(nb::class_<C>& cells) {
    cells.def_prop_ro("rows", &C::rows, "Outputs of the array.")
        .def_prop_ro("cols", &C::cols, "Inputs of the array.")
        .def_prop_ro(
            "granularity", &C::granularity, "The step to which the learning rate is related.")
        .def(
            "weights",
            [](const C& c) { return to_numpy(matrix_of(c.weights())); },
            "Visible weights [rows, cols].")
        .def(
            "set_weights",
            [](C& c, nb::handle weights, uint64_t step) {
                const Input in(weights, "weights");
                const nb::gil_scoped_release release;
                c.set_weights(in.view(), step);
            },
            nb::arg("weights"),
            nb::arg("step") = 0,
            nb::sig(
                "def set_weights(self, weights: numpy.typing.ArrayLike, step: int = 0) -> None"),
            "Writes weights [rows, cols], as far as the cells can hold them; `step` names the "
            "write noise.")
        .def("table_names", &C::table_names, "Tables that `table` knows.")
        .def(
            "table",
            [](const C& c, const std::string& name) { return to_numpy(c.table(name)); },
            nb::arg("name"),
            "A table of the cells, or a buffer of a learner [rows, cols].")
        .def(
            "set_table",
            [](C& c, const std::string& name, nb::handle values) {
                c.set_table(name, Input(values, "values").view());
            },
            nb::arg("name"),
            nb::arg("values"),
            nb::sig("def set_table(self, name: str, values: numpy.typing.ArrayLike) -> None"),
            "Puts values [rows, cols] in the place of a table of the cells, or of a buffer of a "
            "learner.")
        .def("reset_columns",
             &C::reset_columns,
             nb::arg("first"),
             nb::arg("count"),
             nb::arg("probability") = 1.0,
             nb::arg("step") = 0,
             nb::call_guard<nb::gil_scoped_release>(),
             "Resets columns [first, first + count) of every device, each cell with this "
             "probability.")
        .def("clip",
             &C::clip,
             nb::arg("limit"),
             nb::arg("step") = 0,
             nb::call_guard<nb::gil_scoped_release>(),
             "Clips the weights of every device to +-limit.")
        .def("drift",
             &C::drift,
             nb::arg("delta_ms"),
             nb::arg("step") = 0,
             nb::call_guard<nb::gil_scoped_release>(),
             "Lets time pass for the drift of every device, in ms.")
        .def("count_pulses",
             &C::count_pulses,
             nb::arg("on") = true,
             "Begins to count the pulses of every cell, or stops.");
}

const PulsedArray& device_of(const Learner& l, size_t device) {
    if (device >= l.device_count()) {
        throw InputError("device: there are " + std::to_string(l.device_count()));
    }
    return l.device(device);
}

}  // namespace

void bind_pulses(nb::module_& m) {
    nb::class_<PulsedArray> array(m, "PulsedArray", "A crossbar of cells that move by pulses.");
    array.def(
        "__init__",
        [](PulsedArray* self,
           const std::string& device,
           size_t rows,
           size_t cols,
           uint64_t seed,
           const std::string& name,
           const nb::list& laws) {
            const PulsedDevice made = device_with_laws(device, laws);
            const nb::gil_scoped_release release;
            new (self) PulsedArray(made, rows, cols, make_tile_key(seed, name));
        },
        nb::arg("device"),
        nb::arg("rows"),
        nb::arg("cols"),
        nb::arg("seed") = 0,
        nb::arg("name") = "array",
        nb::arg("laws") = nb::list());
    bind_cells(array);
    array
        .def_prop_ro("number_of_states",
                     &PulsedArray::number_of_states,
                     "Range of the weights over the step at weight 0.")
        .def("pulse_all",
             &PulsedArray::pulse_all,
             nb::arg("up"),
             nb::arg("step"),
             nb::call_guard<nb::gil_scoped_release>(),
             "One pulse for every cell.")
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
                                         learner_update(config),
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
        .def("decay",
             &PulsedArray::decay,
             nb::arg("alpha"),
             nb::arg("step"),
             nb::call_guard<nb::gil_scoped_release>(),
             "One step of the cells' own decay, `alpha` times its usual strength.")
        .def("diffuse",
             &PulsedArray::diffuse,
             nb::arg("step"),
             nb::call_guard<nb::gil_scoped_release>(),
             "One step of the cells' own diffusion.")
        .def(
            "endurance",
            [](const PulsedArray& a) { return wear_of(a); },
            nb::sig("def endurance(self) -> dict[str, float]"),
            "Pulses since count_pulses: of the most pulsed cell (`most`), and on average (`mean`).")
        .def(
            "state",
            [](const PulsedArray& a) { return arrays(a.state()); },
            "Everything that changes, by name.")
        .def(
            "set_state",
            [](PulsedArray& a, nb::dict state) { a.set_state(arrays(state)); },
            nb::arg("state"),
            "Continues from a state of an array of the same device, shape and seed.");

    nb::class_<Learner> learner(
        m, "Learner", "Learning inside the array: devices, and the rule that moves them.");
    bind_cells(learner);
    learner.def_prop_ro("device_count", &Learner::device_count, "Devices of every weight.")
        .def_prop_ro(
            "notes",
            [](const Learner& l) { return std::vector<std::string>(l.notes()); },
            "What the rule changed in its configuration.")
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
        .def("end_of_batch",
             &Learner::end_of_batch,
             nb::arg("step"),
             nb::call_guard<nb::gil_scoped_release>(),
             "What happens to every device after a batch: diffusion, then decay.")
        .def(
            "endurance",
            [](const Learner& l, size_t device) { return wear_of(device_of(l, device)); },
            nb::arg("device") = 0,
            nb::sig("def endurance(self, device: int = 0) -> dict[str, float]"),
            "Pulses since count_pulses: of the most pulsed cell (`most`), and on average (`mean`).")
        .def(
            "activity",
            [](const Learner& l, size_t device) {
                device_of(l, device);
                return activity(l.activity(device));
            },
            nb::arg("device") = 0,
            "What the pulses of all updates did.")
        .def(
            "state",
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
            },
            "Everything that changes: `arrays` and `numbers` by name.")
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
            nb::arg("state"),
            "Continues from a state of a learner of the same configuration, shape and seed.");
    m.def(
        "make_learner",
        [](const std::string& json,
           size_t rows,
           size_t cols,
           uint64_t seed,
           const std::string& name,
           uint32_t tile_row,
           uint32_t tile_col,
           const nb::list& laws) {
            const LearnerConfig config = learner_with_laws(json, laws);
            const nb::gil_scoped_release release;
            return make_learner(config, rows, cols, make_tile_key(seed, name, tile_row, tile_col));
        },
        nb::arg("json"),
        nb::arg("rows"),
        nb::arg("cols"),
        nb::arg("seed") = 0,
        nb::arg("name") = "learner",
        nb::arg("tile_row") = 0,
        nb::arg("tile_col") = 0,
        nb::arg("laws") = nb::list(),
        "The learner of a configuration (JSON); `laws`: for its devices of the model `user step`.");
}

}  // namespace mho::python
