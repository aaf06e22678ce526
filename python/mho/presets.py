# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Named hardware, devices and learners, and what every parameter means."""

from __future__ import annotations

import json
import typing
from typing import Any

from . import _core, config
from ._configuration import Config, _read
from ._core import ConfigError


class PresetInfo(typing.NamedTuple):
    """A preset in a list."""

    name: str
    about: str
    source: str


def list_presets(kind: str = "hardware") -> list[PresetInfo]:
    """Presets of `hardware`, `device` (pulsed cells), `training` (learners) or `cost` (components)."""
    return [PresetInfo(*entry) for entry in _core.list_presets(kind)]


def preset(name: str) -> config.Hardware:
    """Hardware by its name, for example "standard" or "light"; a fresh object to change."""
    return config.Hardware.from_json(_core.preset_json("hardware", name), "preset")


def _model(union: Any, values: dict[str, Any], path: str) -> Any:
    problems: list[str] = []
    result = _read(union, values, None, path, problems)
    if problems:
        raise ConfigError("\n".join(problems))
    return result


def device_preset(name: str) -> Config:
    """A pulsed device by its name, for example "reram es"."""
    return _model(config.PulsedDevice, json.loads(_core.preset_json("device", name)), "device")


def learner_preset(name: str) -> Config:
    """A learner on its devices by its name, for example "agad capacitor"."""
    return _model(config.LearnerConfig, json.loads(_core.preset_json("training", name)), "learning")


def explain(path: str = "") -> str:
    """Meaning, unit, range, default and source of a parameter of a run file, as `mho explain`."""
    rows = [p for p in _core.parameters() if path in ("", p["path"], p["path"].removeprefix("hardware."))]
    if not rows:
        names = [p["path"].removeprefix("hardware.") for p in _core.parameters()]
        near = _core.nearest_name(path, names)
        raise ConfigError(f"no parameter is called `{path}`" + (f", did you mean `{near}`?" if near else ""))
    lines = []
    for p in rows:
        lines.append(f"{p['path']}: {p['meaning']}")
        lines += [f"    {k}: {p[k]}" for k in ("type", "unit", "range", "default", "source") if p[k]]
    return "\n".join(lines)
