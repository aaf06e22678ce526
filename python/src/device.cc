// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings.h"
#include "laws.h"
#include "mho/analysis/device_fit.h"
#include "mho/analysis/device_response.h"
#include "mho/analysis/pulse_traces.h"
#include "mho/array/converter.h"
#include "mho/device/conductance.h"
#include "mho/device/step_table.h"
#include "mho/net/hardware.h"
#include "mho/net/training_presets.h"
#include "mho/util/error.h"

namespace mho::python {

namespace {

nb::dict band(ResponseBand&& b) {
    nb::dict d;
    d["mean"] = to_numpy(std::move(b.mean));
    d["low"] = to_numpy(std::move(b.low));
    d["high"] = to_numpy(std::move(b.high));
    return d;
}

nb::dict response(DeviceResponse&& r) {
    nb::dict d;
    d["granularity"] = r.granularity;
    d["states"] = r.states;
    d["pulse"] = to_numpy(std::move(r.pulse));
    d["nominal"] = to_numpy(std::move(r.nominal));
    d["cycle"] = band(std::move(r.cycle));
    d["spread"] = band(std::move(r.spread));
    nb::list cells;
    for (std::vector<double>& c : r.cells) {
        cells.append(to_numpy(std::move(c)));
    }
    d["cells"] = cells;
    d["weight"] = to_numpy(std::move(r.weight));
    d["up_step"] = to_numpy(std::move(r.up_step));
    d["down_step"] = to_numpy(std::move(r.down_step));
    d["symmetric_point"] = r.symmetric_point;
    d["symmetric_points"] = to_numpy(std::move(r.symmetric_points));
    return d;
}

nb::dict fit(const DeviceFit& f) {
    nb::dict d;
    d["device"] = pulsed_device_to_json(f.device);
    nb::list parameters;
    for (const FittedParameter& p : f.parameters) {
        nb::dict e;
        e["name"] = p.name;
        e["value"] = p.value;
        e["error"] = p.error;
        e["low"] = p.low;
        e["high"] = p.high;
        parameters.append(e);
    }
    d["parameters"] = parameters;
    d["log_likelihood"] = f.log_likelihood;
    d["aic"] = f.aic;
    d["readings"] = f.readings;
    d["residual_std"] = f.residual_std;
    d["band_low"] = to_numpy(std::vector<double>(f.band_low));
    d["band_high"] = to_numpy(std::vector<double>(f.band_high));
    d["band_mean"] = to_numpy(std::vector<double>(f.band_mean));
    nb::list notes;
    for (const std::string& n : f.notes) {
        notes.append(n);
    }
    d["notes"] = notes;
    return d;
}

}  // namespace

void bind_device(nb::module_& m) {
    m.def(
        "program_cells",
        [](const Hardware& hardware,
           nb::handle target_us,
           double t_s,
           uint64_t seed,
           const std::string& name,
           uint64_t programming,
           uint64_t read_step) {
            const Input in(target_us, "target_us");
            const auto target = in.span();
            std::vector<float> out(target.size());
            const double g_max = g_max_us(hardware.converter);
            {
                const nb::gil_scoped_release release;
                program_and_read(hardware.conductance,
                                 g_max,
                                 target,
                                 t_s,
                                 out,
                                 make_tile_key(seed, name),
                                 programming,
                                 read_step);
            }
            return to_numpy(std::move(out), in.shape());
        },
        nb::arg("hardware"),
        nb::arg("target_us"),
        nb::arg("t_s") = 0.0,
        nb::arg("seed") = 0,
        nb::arg("name") = "tile",
        nb::arg("programming") = 0,
        nb::arg("read_step") = 0,
        nb::sig("def program_cells(hardware: Hardware, target_us: numpy.typing.ArrayLike, t_s: "
                "float = 0.0, seed: int = 0, name: str = 'tile', programming: int = 0, read_step: "
                "int = 0) -> numpy.typing.NDArray[numpy.float32]"),
        "Conductances (uS) of cells t_s seconds after they were programmed to target_us.");
    m.def(
        "to_conductances",
        [](const Hardware& hardware, nb::handle weights) {
            const Input in(weights, "weights");
            Conductances g;
            {
                const nb::gil_scoped_release release;
                g = to_conductances(hardware.converter, in.view());
            }
            nb::list slices;
            for (Matrix<float>& s : g.slices) {
                slices.append(to_numpy(std::move(s)));
            }
            return nb::make_tuple(slices, g.scale.us_per_weight);
        },
        nb::arg("hardware"),
        nb::arg("weights"),
        nb::sig("def to_conductances(hardware: Hardware, weights: numpy.typing.ArrayLike) -> "
                "tuple[list[numpy.typing.NDArray[numpy.float32]], list[float]]"),
        "Target conductances (uS) of every device, and uS per weight.");
    m.def(
        "device_response",
        [](const std::string& json,
           size_t pulses,
           size_t cells,
           uint64_t seed,
           const nb::list& laws) {
            const PulsedDevice device = device_with_laws(json, laws);
            DeviceResponse r;
            {
                const nb::gil_scoped_release release;
                r = measure_response(device, {pulses, cells, seed});
            }
            return response(std::move(r));
        },
        nb::arg("device"),
        nb::arg("pulses") = 0,
        nb::arg("cells") = 400,
        nb::arg("seed") = 1,
        nb::arg("laws") = nb::list(),
        "Response of a pulsed device (JSON) to trains of pulses.");
    m.def(
        "fit_devices",
        [](const std::string& csv_file, const std::string& model, int threads, uint64_t seed) {
            std::vector<DeviceFit> fits;
            {
                const nb::gil_scoped_release release;
                fits =
                    fit_devices(read_pulse_traces(csv_file), {model, thread_count(threads), seed});
            }
            nb::list all;
            for (const DeviceFit& f : fits) {
                all.append(fit(f));
            }
            return all;
        },
        nb::arg("csv_file"),
        nb::arg("model") = "",
        nb::arg("threads") = 0,
        nb::arg("seed") = 1,
        "Fits device models to measured traces (a CSV file, as `mho fit` reads it); best first.");
    m.def(
        "read_step_table",
        [](const std::string& path, std::optional<double> w_min, std::optional<double> w_max) {
            return pulsed_device_to_json(read_step_table(path, {w_min, w_max}));
        },
        nb::arg("path"),
        nb::arg("w_min") = nb::none(),
        nb::arg("w_max") = nb::none(),
        "A measured device (JSON) from a CSV file.");
    m.def(
        "random_normal",
        [](uint64_t seed,
           const std::string& name,
           uint32_t stream,
           uint64_t step,
           uint64_t first,
           size_t count) {
            std::vector<float> out(count);
            fill_normal(make_tile_key(seed, name), static_cast<Stream>(stream), step, first, out);
            return to_numpy(std::move(out), {count});
        },
        nb::arg("seed"),
        nb::arg("name"),
        nb::arg("stream"),
        nb::arg("step"),
        nb::arg("first"),
        nb::arg("count"),
        "Standard normal numbers of a stream of a tile: the same that a noisy call draws.");
}

}  // namespace mho::python
