# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Configuration objects of aihwkit, taken over. Those of aihwkit-lightning: translate_lightning; of
CrossSim: translate_crosssim."""

from __future__ import annotations

import json
from typing import Any

from . import _core
from ._foreign import Note, plain_fields
from .config import Hardware


def hardware_from_aihwkit(rpu_config: Any) -> tuple[Hardware, list[Note]]:
    """Hardware of an rpu_config object of aihwkit (or its fields as a dictionary with the key `class`),
    and notes on what was expressed in another way or dropped. A configuration of aihwkit-lightning is
    recognised and handed to hardware_from_lightning."""
    plain = plain_fields(rpu_config)
    if isinstance(plain, dict) and "noise_type" in (plain.get("modifier") or {}):
        from .translate_lightning import hardware_from_lightning

        return hardware_from_lightning(rpu_config)
    text, notes = _core.translate_rpu_config(json.dumps(plain))
    return Hardware.from_json(text), [Note(*n) for n in notes]


def learner_from_aihwkit(rpu_config: Any) -> tuple[dict[str, Any], list[Note]]:
    """The learner of a configuration of aihwkit that trains in memory."""
    text, notes = _core.translate_learner(json.dumps(plain_fields(rpu_config)))
    return json.loads(text), [Note(*n) for n in notes]
