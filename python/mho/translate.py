# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Configuration objects of aihwkit, taken over."""

from __future__ import annotations

import dataclasses
import enum
import json
from typing import Any, NamedTuple

from . import _core
from .config import Hardware


class Note(NamedTuple):
    """Something that was not taken over literally; `dropped` may change results."""

    kind: str
    path: str
    message: str


def _plain(value: Any) -> Any:
    """The fields of the object under their own names, enumerations by name."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if dataclasses.is_dataclass(value):
        names = [f.name for f in dataclasses.fields(value)]
    else:
        names = list(vars(value))
    fields = {n: _plain(getattr(value, n)) for n in names if not n.startswith("_")}
    return {"class": type(value).__name__, **fields}


def hardware_from_aihwkit(rpu_config: Any) -> tuple[Hardware, list[Note]]:
    """Hardware of an rpu_config object of aihwkit (or its fields as a dictionary with the key `class`),
    and notes on what was expressed in another way or dropped. Configurations of aihwkit-lightning
    are refused: their layer has a law of its own, `LightningLayer` of the C++ library."""
    plain = _plain(rpu_config)
    if isinstance(plain, dict) and "noise_type" in (plain.get("modifier") or {}):
        raise ValueError(
            "rpu_config.modifier.noise_type: this is a configuration of aihwkit-lightning. Its layer is `LightningLayer` "
            "(C++, mho/adapt/lightning.h, examples/13_lightning_layer.cc); for mho.torch.convert give a Hardware with the "
            "same converters, weight noise and clip (docs: coming from other tools)"
        )
    text, notes = _core.translate_rpu_config(json.dumps(plain))
    return Hardware.from_json(text), [Note(*n) for n in notes]


def learner_from_aihwkit(rpu_config: Any) -> tuple[dict[str, Any], list[Note]]:
    """The learner of a configuration of aihwkit that trains in memory."""
    text, notes = _core.translate_learner(json.dumps(_plain(rpu_config)))
    return json.loads(text), [Note(*n) for n in notes]
