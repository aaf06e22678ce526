# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of CrossSim 3, taken over as a crossbar of circuits (docs/models/crossbar.md)."""

from __future__ import annotations

import json
from typing import Any

from . import _core
from ._foreign import Fields, Note, plain_fields
from .config import Hardware

_ADCS = {
    "IdealADC": "ideal", "QuantizerADC": "uniform", "SignMagnitudeADC": "sign magnitude", "RampADC": "ramp",
    "SarADC": "sar", "PipelineADC": "pipeline", "CyclicADC": "cyclic",
}
_DACS = {"IdealDAC": "analog", "QuantizerDAC": "uniform", "SignMagnitudeDAC": "sign magnitude"}
_CELLS = {"PCMJoshi": "pcm joshi", "RRAMMilo": "rram milo", "RRAMWan": "rram wan", "SONOS": "sonos"}
_SHAPES = {"Normal": "normal", "Uniform": "uniform"}
_DEPENDENCES = {"Independent": "independent", "Proportional": "proportional", "InverseProportional": "inverse"}


def hardware_from_crosssim(parameters: Any) -> tuple[Hardware, list[Note]]:
    """Hardware of CrossSimParameters of CrossSim 3 (the object, or its fields as a dictionary), and notes
    on what was expressed in another way or dropped.

    Times are given later, by `advance_to`, in seconds. Settings of the simulation itself (back end,
    tolerances of the wire solver) have no counterpart and need none.
    """
    notes: list[Note] = []
    root = Fields(plain_fields(parameters), "parameters", notes)
    root.ignore("simulation")
    xbar = root.within("xbar")
    crossbar: dict[str, Any] = {"enabled": True}
    mapping, input_range = _core_of(root.within("core"), crossbar)
    r_min = _device(xbar.within("device"), crossbar)
    _array(xbar.within("array"), crossbar, r_min)
    _dac(xbar.within("dac"), crossbar)
    _adc(xbar.within("adc"), crossbar)
    root.finish()
    hardware = {
        "mapping": mapping, "crossbar": crossbar, "input_range": input_range, "drift_compensation": "none",
        "clip": {"kind": "none"}, "remap": {"kind": "none"},
    }
    return Hardware.from_json(_core.check_hardware(json.dumps(hardware))), notes


def _core_of(core: Fields, crossbar: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    style = core.choice("style", "BALANCED", {"BALANCED": "balanced", "BITSLICED": "sliced", "OFFSET": "offset"}, True)
    weight_bits = core.integer("weight_bits", 0)
    balanced, sliced, offset = (core.within(n) for n in ("balanced", "bit_sliced", "offset"))
    coding = {"BALANCED": "balanced", "OFFSET": "offset"}
    # CrossSim numbers BALANCED 1 and OFFSET 3 here.
    inner = sliced.value("style", "BALANCED")
    inner = {1: "BALANCED", 3: "OFFSET"}.get(inner, inner)
    sliced.values["style"] = inner
    weights: dict[str, Any] = {
        "coding": sliced.choice("style", "BALANCED", coding) if style == "sliced" else style,
        "two_sided": balanced.choice("style", "ONE_SIDED", {"ONE_SIDED": False, "TWO_SIDED": True}, True),
        "subtract_before_adc": balanced.flag("subtract_current_in_xbar", True),
        "interleaved": balanced.flag("interleaved_posneg", False),
        "correction": offset.choice(
            "style", "DIGITAL_OFFSET", {"DIGITAL_OFFSET": "digital", "UNIT_COLUMN_SUBTRACTION": "unit column"}, True
        ),
    }
    slices = sliced.integer("num_slices", 2)
    if style == "sliced":
        weights.update(weight_bits=weight_bits, slices=slices)
    elif weight_bits > 0:
        core.dropped("weight_bits", "acts in bit-sliced cores only; states of cells are xbar.device.cell_bits")
    for name in ("complex_matrix", "complex_input"):
        if core.flag(name, False):
            core.dropped(name, "matrices and inputs are real")
    core.ignore("output_dtype", "output_dtype_strategy")
    limits = core.within("mapping")
    of_weights = limits.within("weights")
    percentile = of_weights.value("percentile", 1.0)
    if percentile is None:
        of_weights.dropped("max", "the largest weight of a tile sets the scale, not a fixed limit")
        percentile = 1.0
    weights["percentile"] = float(percentile)
    of_weights.ignore("clipping", "min", "max", "row_partition_priority", "col_partition_priority")
    for name in ("row_partition_strategy", "col_partition_strategy"):
        if of_weights.choice(name, "EQUAL", {"MAX": True, "EQUAL": False}, True):
            of_weights.interpreted(name, "pieces are as equal as possible")
    inputs = limits.within("inputs")
    inputs.ignore("vmm")
    of_inputs = inputs.within("mvm")
    of_inputs.ignore("clipping")
    if of_inputs.value("percentile") is not None:
        of_inputs.interpreted("percentile", "starts at 1: set by mho.torch.calibrate or network.calibrate")
        low, high = -1.0, 1.0
    else:
        low, high = of_inputs.number("min", -1.0), of_inputs.number("max", 1.0)
    of_inputs.ignore("min", "max")
    if low not in (-high, 0.0):
        of_inputs.interpreted("min", "input ranges are symmetric, or from zero on for unsigned converters")
    crossbar["weights"] = weights
    return (
        {"per_column": False, "max_inputs": core.integer("rows_max", 1024), "max_outputs": core.integer("cols_max", 1024)},
        {"enabled": True, "learn": False, "initial": max(abs(low), abs(high)), "init_batches": 0},
    )


def _device(device: Fields, crossbar: dict[str, Any]) -> float:
    """The cells; the resistance of a fully-on one, in ohms."""
    r_min, r_max = device.number("Rmin", 1000.0), device.number("Rmax", 10000.0)
    infinite = device.flag("infinite_on_off_ratio", False)
    cell: dict[str, Any] = {
        "g_max_us": 1e6 / r_min,
        "on_off_ratio": 0.0 if infinite else r_max / r_min,
        "bits": device.integer("cell_bits", 0),
        "clip": device.flag("clip_conductance", False),
        "read_voltage_v": device.number("Vread", 0.1),
        "read_noise": False,
    }
    if device.number("time", 0.0) > 0:
        device.interpreted("time", "advance_to(seconds) after programming")
    errors: dict[str, tuple[str, float]] = {}
    for kind in ("programming_error", "read_noise", "drift_error", "nonlinear_current", "nonlinear_IV"):
        if kind.startswith("nonlinear") and kind not in device.values:
            continue
        error = device.within(kind)
        enabled = error.flag("enable", False)
        model, magnitude = error.value("model", "IdealDevice"), error.number("magnitude", 0.0)
        if enabled and model not in ("IdealDevice", "EmptyDevice"):
            errors[kind] = (str(model), magnitude)
    cell["ohmic"] = not any(kind.startswith("nonlinear") for kind in errors)
    models = {model for model, _ in errors.values()}
    fitted = sorted(models & set(_CELLS))
    generic = sorted(models - set(_CELLS))
    if fitted:
        cell["model"] = {"model": _CELLS[fitted[0]]}
        cell["read_noise"] = errors.get("read_noise", ("", 0.0))[0] == fitted[0]
        for name in [*fitted[1:], *generic]:
            device.dropped(name, f"all errors of a cell are those of {fitted[0]}")
        if "programming_error" not in errors and "drift_error" not in errors:
            device.interpreted("programming_error", f"{fitted[0]} has its error of programming, too")
    elif generic:
        first = next(model for model, _ in errors.values())
        shape, dependence = _generic(device, first)
        for kind, (name, _) in errors.items():
            if name != first:
                device.dropped(kind, f"takes the law of {first}")
        if "drift_error" in errors:
            device.dropped("drift_error", "generic cells drift by an exponent: crossbar.cell.model.drift_nu")
        cell["model"] = {
            "model": "generic", "shape": shape, "dependence": dependence,
            "programming": errors.get("programming_error", ("", 0.0))[1],
            "read": errors.get("read_noise", ("", 0.0))[1],
        }
        cell["read_noise"] = "read_noise" in errors
        if shape == "uniform" and "read_noise" in errors:
            device.interpreted("read_noise", "normal with the deviation of the uniform error")
            cell["model"]["read"] /= 12**0.5
    crossbar["cell"] = cell
    return r_min


def _generic(device: Fields, model: str) -> tuple[str, str]:
    """Shape and dependence of NormalIndependentDevice and its kin."""
    name = model.removesuffix("Device")
    for shape, text in _SHAPES.items():
        if name.startswith(shape) and name[len(shape) :] in _DEPENDENCES:
            return text, _DEPENDENCES[name[len(shape) :]]
    device.dropped(model, "a model of its own: write it as a table (TableCell), or as a law")
    return "normal", "independent"


def _array(array: Fields, crossbar: dict[str, Any], r_min: float) -> None:
    crossbar["column_limit"] = array.number("Icol_max", 0.0)
    lines = array.within("parasitics")
    acts = lines.flag("enable", False)
    wires: dict[str, Any] = {}
    for name, there in (("row_resistance", "Rp_row"), ("column_resistance", "Rp_col"),
                        ("driver_resistance", "Rp_row_terminal"), ("sense_resistance", "Rp_col_terminal")):
        ohms = lines.number(there, 0.0)
        wires[name] = ohms / r_min if acts else 0.0
    gated = lines.flag("gate_input", False) or not lines.flag("current_from_input", True)
    wires["topology"] = "supply line" if gated else "input line"
    without = (lines.value("disable_slices") or [])[: crossbar["weights"].get("slices", 0)]
    wires["ideal_slices"] = [i for i, off in enumerate(without) if off]
    if lines.value("selected_rows", "top") != "top":
        lines.dropped("selected_rows", "arrays are as large as their matrix")
    crossbar["wires"] = wires


def _forward_of(pair: Fields) -> Fields:
    """The converters of products with the matrix; those with its transpose have them, too."""
    other = pair.value("vmm")
    if other and other != pair.values.get("mvm"):
        pair.dropped("vmm", "products with the transpose have the converters of mvm")
    return pair.within("mvm")


def _dac(dac: Fields, crossbar: dict[str, Any]) -> None:
    mvm = _forward_of(dac)
    coding, bits = mvm.choice("model", "IdealDAC", _DACS), mvm.integer("bits", 0)
    slices, size = mvm.flag("input_bitslicing", False), mvm.integer("slice_size", 1)
    mvm.ignore("mapping")
    crossbar["input"] = {
        "coding": coding if bits > 0 else "analog", "bits": bits or 8,
        "is_signed": mvm.flag("signed", True), "slice_bits": size if slices else 0,
    }


def _adc(adc: Fields, crossbar: dict[str, Any]) -> None:
    mvm = _forward_of(adc)
    name = mvm.choice("model", "IdealADC", _ADCS)
    bits = mvm.integer("bits", 0)
    per_pass = mvm.flag("adc_per_ibit", False)
    model: dict[str, Any] = {"model": name if bits > 0 else "ideal"}
    if bits > 0 and name != "ideal":
        model["bits"] = bits
    stochastic = mvm.flag("stochastic_rounding", False)
    if stochastic and name in ("uniform", "sign magnitude"):
        model["rounding"] = "stochastic"
    elif stochastic:
        mvm.dropped("stochastic_rounding", f"converters of the kind {name} decide by their circuit")
    if bits > 0 and name in ("ramp", "sar", "pipeline", "cyclic"):
        model["gain_db"] = mvm.number("gain_db", 100.0)
        model["comparator_sigma"] = mvm.number("sigma_comparator", 0.0)
        if name in ("ramp", "sar"):
            model["capacitor_sigma"] = mvm.number("sigma_capacitor", 0.0)
        else:
            first, second = mvm.number("sigma_C1", 0.0), mvm.number("sigma_C2", 0.0)
            model["capacitor_sigma"] = max(first, second)
            if first != second:
                mvm.interpreted("sigma_C1", "both capacitors deviate by the larger of sigma_C1 and sigma_C2")
            if mvm.number("sigma_Cpar", 0.0) > 0:
                mvm.dropped("sigma_Cpar", "the parasitic capacitance has no spread")
        if name == "ramp":
            model["sign_capacitors"] = mvm.flag("symmetric_cdac", True)
        elif name == "sar":
            model["split"] = mvm.flag("split_cdac", True)
        if name != "ramp":
            model["group_size"] = mvm.integer("group_size", 8)
    mvm.ignore("gain_db", "sigma_comparator", "sigma_capacitor", "sigma_C1", "sigma_C2", "sigma_Cpar", "symmetric_cdac",
               "split_cdac", "group_size", "signed", "weight_bits")
    rules = {"CALIBRATED": "calibrated", "MAX": "max", "GRANULAR": "granular"}
    rule = mvm.choice("adc_range_option", "CALIBRATED", rules, True)
    limits = _limits(mvm)
    if rule == "calibrated" and not limits and bits > 0:
        mvm.interpreted("calibrated_range", "none given: the range is `max` until it is calibrated")
    crossbar["adc"], crossbar["adc_range"] = model, {"rule": rule, "limits": limits if rule == "calibrated" else []}
    # Without slices of the inputs both are one conversion.
    crossbar["input"]["accumulation"] = "digital" if per_pass or not crossbar["input"]["slice_bits"] else "analog"


def _limits(mvm: Fields) -> list[float]:
    """One limit for each slice from [min, max], or from a list of such pairs."""
    given = mvm.value("calibrated_range") or []
    pairs = given if given and isinstance(given[0], list) else [given] if given else []
    for low, high in pairs:
        if low not in (-high, 0):
            mvm.interpreted("calibrated_range", "symmetric, or from zero on: the larger side")
    return [max(abs(float(low)), abs(float(high))) for low, high in pairs]
