# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Configuration objects of aihwkit-lightning 2, taken over.

Their layer keeps weights in their own scale and multiplies noise and bounds by the largest weight;
ours keeps weights in units of the largest one. With scales by column the two are the same per
channel, with one scale for a tile the same per tensor. mho.config.LightningLayer is their law itself,
which mho.torch.LightningLinear runs.
"""

from __future__ import annotations

import json
from typing import Any

from . import _core
from ._foreign import Fields, Note, plain_fields
from .config import Hardware, LightningLayer


def _steps(value: float) -> float:
    """Steps over the full range; values up to 1 are step sizes there, up to 0 means none."""
    return 0.0 if value <= 0 else value if value > 1 else 1 / value


class _Lightning:
    """The fields of TorchInferenceRPUConfig."""

    def __init__(self, rpu_config: Any) -> None:
        self.notes: list[Note] = []
        self.root = root = Fields(plain_fields(rpu_config), "rpu_config", self.notes)
        self.forward = forward = root.within("forward")
        self.input_steps = _steps(forward.number("inp_res", -1))
        self.output_steps = _steps(forward.number("out_res", -1))
        self.output_bound = forward.number("out_bound", 0.0)
        self.output_noise = forward.number("out_noise", 0.0)
        self.output_noise_per_channel = forward.flag("out_noise_per_channel", False)
        self.clip_fields = clip = root.within("clip")
        kinds = {
            "NONE": "none", "LAYER_GAUSSIAN": "layer gaussian",
            "LAYER_GAUSSIAN_PER_CHANNEL": "layer gaussian per channel",
            "LEARNABLE_PER_CHANNEL": "learned per channel",
        }
        self.clip = clip.choice("type", "NONE", kinds)
        self.clip_sigma = clip.number("sigma", -1.0)
        self.modifier_fields = modifier = root.within("modifier")
        scopes = {"NONE": "none", "ADD_NORMAL": "per tensor", "ADD_NORMAL_PER_CHANNEL": "per channel"}
        self.noise = modifier.choice("noise_type", "NONE", scopes)
        self.noise_std = modifier.number("std_dev", 0.0)
        scopes = {"NONE": "none", "DISCRETIZE": "per tensor", "DISCRETIZE_PER_CHANNEL": "per channel"}
        self.rounding = modifier.choice("quantization_type", "NONE", scopes)
        self.weight_steps = _steps(modifier.number("res", 0.0))
        modifier.ignore("enable_during_test")
        if modifier.value("type", "NONE") != "NONE":
            modifier.dropped("type", "deprecated since 2.0: give noise_type and quantization_type")
        self.max_inputs = max(root.within("mapping").integer("max_input_size", -1), 0)
        self.ranges = ranges = root.within("pre_post").within("input_range")
        enabled, dynamic = ranges.flag("enable", False), ranges.flag("dynamic", False)
        fast = ranges.flag("fast_mode", False)
        self.range = "none" if not enabled else "dynamic" if dynamic else "fast" if fast else "learned"
        self.learn_range = ranges.flag("learn_input_range", True)
        self.initial_range = ranges.number("init_value", 3.0)
        self.init_batches = ranges.integer("init_from_data", 100)
        self.init_std_factor = ranges.number("init_std_alpha", 3.0)
        self.range_decay = ranges.number("decay", 1e-3)
        self.min_share_inside = ranges.number("input_min_percentage", 0.95)
        self.fast_momentum = ranges.number("act_range_momentum", 0.95)
        root.finish()


def lightning_layer(rpu_config: Any) -> tuple[LightningLayer, list[Note]]:
    """The law of aihwkit-lightning's linear layer with these settings, all of them."""
    c = _Lightning(rpu_config)
    layer = LightningLayer(
        max_inputs=c.max_inputs, range=c.range, learn_range=c.learn_range, initial_range=c.initial_range,
        init_batches=c.init_batches, init_std_factor=c.init_std_factor, range_decay=c.range_decay,
        min_share_inside=c.min_share_inside, fast_momentum=c.fast_momentum, input_steps=c.input_steps,
        output_steps=c.output_steps, output_bound=c.output_bound, output_noise=c.output_noise,
        output_noise_scope="per channel" if c.output_noise_per_channel else "per tensor",
        clip=c.clip, clip_sigma=max(c.clip_sigma, 0.0), weight_noise_scope=c.noise, weight_noise=c.noise_std,
        weight_rounding=c.rounding, weight_steps=c.weight_steps,
    )
    return layer, c.notes


def hardware_from_lightning(rpu_config: Any) -> tuple[Hardware, list[Note]]:
    """Hardware of a TorchInferenceRPUConfig of aihwkit-lightning 2 (the object, or its fields as a
    dictionary), and notes on what was expressed in another way or dropped.

    Chips (programming, drift) are those of mho's standard model, for lightning has none.
    """
    c = _Lightning(rpu_config)
    scopes = {
        "modifier.noise_type": c.noise if c.noise_std > 0 else "none",
        "modifier.quantization_type": c.rounding if c.weight_steps > 0 else "none",
        "forward.out_bound": ("per channel" if c.clip.endswith("per channel") else "per tensor")
        if c.output_bound > 0 else "none",
        "forward.out_noise": ("per channel" if c.output_noise_per_channel else "per tensor")
        if c.output_noise > 0 else "none",
    }
    per_channel = "per channel" in scopes.values()
    for path, scope in scopes.items():
        if per_channel and scope == "per tensor":
            c.root.interpreted(path, "scaled by the largest weight of each column, not of the tensor")
    mapping = {"max_inputs": c.max_inputs, "max_outputs": 0, "per_column": per_channel, "learn_scales": "none"}
    bounded = c.range != "none"
    if c.input_steps > 0 and not bounded:
        c.forward.dropped("inp_res", "needs an input range")
    if c.output_steps > 0 and c.output_bound <= 0:
        c.forward.dropped("out_res", "needs out_bound")
    forward: dict[str, Any] = {
        "dac": {"steps": c.input_steps if bounded else 0.0, "bound": 1.0 if bounded else 0.0},
        "adc": {"steps": c.output_steps if c.output_bound > 0 else 0.0, "bound": c.output_bound},
        "output_noise": {"std": c.output_noise},
        "weight_noise": {"kind": "none", "std": 0.0},
        "ir_drop": {"strength": 0.0},
        "noise_management": {"kind": "abs max" if c.range == "dynamic" else "none"},
    }
    if c.output_noise > 0:
        c.forward.interpreted("out_noise", "acts in evaluation, too; there in training only")
        if c.max_inputs > 0:
            c.forward.interpreted("out_noise", "of every tile; there divided by the root of their number")
    input_range = {
        "enabled": c.range in ("learned", "fast"), "learn": c.learn_range, "initial": c.initial_range,
        "init_batches": c.init_batches, "init_std_factor": c.init_std_factor, "decay": c.range_decay,
        "min_share_inside": c.min_share_inside,
    }
    if c.range == "fast":
        c.ranges.dropped("fast_mode", "ranges start from the spread of the inputs, not from their extremes")
    rounds, noisy = scopes["modifier.quantization_type"] != "none", scopes["modifier.noise_type"] != "none"
    kinds = {(False, False): "none", (False, True): "additive normal", (True, False): "discretize",
             (True, True): "discretize and additive normal"}
    modifier = {
        "kind": kinds[rounds, noisy], "std": c.noise_std if noisy else 0.0,
        "steps": c.weight_steps if rounds else 0.0, "in_evaluation": rounds and not noisy,
    }
    if rounds and noisy:
        c.modifier_fields.interpreted(
            "quantization_type", "with noise in training; in evaluation weights are neither rounded nor noisy, "
            "there they are rounded"
        )
    clip = {"kind": "layer gaussian" if c.clip.startswith("layer gaussian") else "none",
            "sigma": max(c.clip_sigma, 0.0), "value": 0.0}
    if c.clip == "layer gaussian per channel":
        c.clip_fields.interpreted("type", "the deviation of a whole tile, in which columns have one scale")
    elif c.clip == "learned per channel":
        c.clip_fields.dropped("type", "learned clips: use lightning_layer and mho.torch.LightningLinear")
    hardware = {
        "mapping": mapping, "forward": forward, "input_range": input_range, "modifier": modifier, "clip": clip,
        "remap": {"kind": "column" if per_channel else "layer"},
    }
    return Hardware.from_json(_core.check_hardware(json.dumps(hardware))), c.notes
