// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
// The layer of aihwkit-lightning for mho.torch. What changes while it trains (ranges, their
// counters and extremes, clips) is held by torch and given by address; mho/torch/lightning.py
// checks shapes.
#include "mho/adapt/lightning.h"

#include <cmath>

#include "bindings.h"
#include "mho/tile/grid.h"
#include "mho/util/error.h"
#include "mho/util/json.h"

namespace mho::python {

namespace {

using Address = uintptr_t;

struct Engine {
    LightningLayer layer;
    size_t outputs;
    size_t inputs;
    TileKey key;

    size_t pieces() const { return split_axis(inputs, layer.max_inputs).size() - 1; }
    bool has_clips() const { return layer.clip == LightningClip::kLearnedPerChannel; }

    LightningState state(Address ranges, Address batches, Address extremes, Address clips) const {
        const size_t n = pieces();
        LightningState s;
        s.ranges.assign(pointer(ranges), pointer(ranges) + n);
        const auto* seen = reinterpret_cast<const int64_t*>(batches);
        s.batches_seen.assign(seen, seen + n);
        s.x_min.assign(pointer(extremes), pointer(extremes) + n);
        s.x_max.assign(pointer(extremes) + n, pointer(extremes) + 2 * n);
        if (has_clips()) {
            s.clip = Matrix<float>(n, outputs);
            std::copy_n(pointer(clips), n * outputs, s.clip.values.begin());
        }
        return s;
    }
};

}  // namespace

void bind_lightning(nb::module_& m) {
    nb::class_<LightningRecord>(m, "LightningRecord", "What backward needs of a forward pass.");
    nb::class_<Engine>(m, "LightningEngine", "The law of aihwkit-lightning's linear layer.")
        .def(
            "__init__",
            [](Engine* self,
               const std::string& json,
               size_t outputs,
               size_t inputs,
               uint64_t seed,
               const std::string& name) {
                LightningLayer layer;
                read_struct_or_throw(parse_json(json, "layer"), layer, "layer");
                new (self) Engine{layer, outputs, inputs, make_tile_key(seed, name)};
            },
            nb::arg("json"),
            nb::arg("outputs"),
            nb::arg("inputs"),
            nb::arg("seed"),
            nb::arg("name"))
        .def_prop_ro("pieces", &Engine::pieces, "Pieces that the inputs are cut into.")
        .def(
            "initial_clips",
            [](const Engine& e, Address weights) {
                return to_numpy(
                    lightning_state(e.layer, {pointer(weights), e.outputs, e.inputs}).clip);
            },
            nb::arg("weights"),
            "Largest weights [pieces, outputs], where learned clips start; empty for other clips.")
        .def(
            "forward",
            [](const Engine& e,
               Address weights,
               Address bias,
               Address x,
               size_t rows,
               Address y,
               Address ranges,
               Address batches,
               Address extremes,
               Address clips,
               bool training,
               uint64_t step,
               uint64_t first_sample,
               bool keep) {
                const nb::gil_scoped_release release;
                LightningState s = e.state(ranges, batches, extremes, clips);
                auto record = std::make_unique<LightningRecord>();
                lightning_forward(e.layer,
                                  {pointer(weights), e.outputs, e.inputs},
                                  {pointer(bias), bias == 0 ? 0 : e.outputs},
                                  {pointer(x), rows, e.inputs},
                                  {pointer(y), rows, e.outputs},
                                  s,
                                  {training, e.key, step, first_sample},
                                  keep ? record.get() : nullptr);
                give(s.ranges, ranges);
                std::copy(s.batches_seen.begin(),
                          s.batches_seen.end(),
                          reinterpret_cast<int64_t*>(batches));
                give(s.x_min, extremes);
                std::copy(s.x_max.begin(), s.x_max.end(), pointer(extremes) + s.x_min.size());
                return record;
            },
            "Outputs of a batch, and what the backward pass needs.")
        .def(
            "backward",
            [](const Engine& e,
               const LightningRecord& record,
               Address weights,
               Address x,
               size_t rows,
               Address upstream,
               Address ranges,
               Address batches,
               Address extremes,
               Address clips,
               Address for_x,
               Address for_weights,
               Address for_bias,
               Address for_ranges,
               Address for_clips) {
                const nb::gil_scoped_release release;
                const LightningGradients g =
                    lightning_backward(e.layer,
                                       {pointer(weights), e.outputs, e.inputs},
                                       {pointer(x), rows, e.inputs},
                                       {pointer(upstream), rows, e.outputs},
                                       e.state(ranges, batches, extremes, clips),
                                       record);
                give(g.inputs.values, for_x);
                give(g.weights.values, for_weights);
                give(g.bias, for_bias);
                give(g.ranges, for_ranges);
                give(g.clip.values, for_clips);
            },
            "Gradients of a recorded pass.")
        .def(
            "clip_weights",
            [](const Engine& e, Address weights) {
                const nb::gil_scoped_release release;
                lightning_clip_weights(e.layer, {pointer(weights), e.outputs, e.inputs});
            },
            nb::arg("weights"),
            "The gaussian clips, after an optimiser step.");
}

}  // namespace mho::python
