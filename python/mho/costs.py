# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Energy, latency and area of networks on analog hardware, every number with formula and source.

The activity of the lines comes from the simulation (or from averages), component values from a
preset ("isaac", "neurosim", "hermes", ...; mho.list_presets("cost")) or mho.config.CostConfig. What
is modelled: docs/models/cost.md.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Union

from . import _core
from ._configuration import Config
from ._core import InputError
from ._hardware import HardwareLike, core_hardware
from .config import CostConfig
from .devices import model_json
from .runs import override_words

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# The formula of a node that adds up its parts.
_SUM = "sum of the parts"
CostLike = Union[CostConfig, dict, str, None]


def cost_preset(name: str) -> CostConfig:
    """Component values by their name, for example "isaac"; a fresh object to change."""
    values = json.loads(_core.preset_json("cost", name))
    values.pop("preset", None)
    return CostConfig.from_dict(values, "cost")


def _cost_json(cost: CostLike) -> str:
    if isinstance(cost, Config):
        return cost.to_json()
    return json.dumps({"preset": cost} if isinstance(cost, str) else cost or {})


class CostReport:
    """What a network costs per sample.

    `totals` (energy_j, latency_s, interval_s, area_mm2, power_w, tops_per_w, tiles, ...), `layers` (a
    dictionary each), `chips` (published ones to hold it against), and the trees `energy` (pJ),
    `latency` (ns), `area` (um2): nested {name, value, unit, formula, source, parts}. `notes` warn of
    values outside the range of a model.
    """

    def __init__(self, report: _core.CostReport) -> None:
        self._report = report
        values = json.loads(report.to_json())
        self.totals: dict[str, float] = values["totals"]
        self.layers: list[dict[str, Any]] = values["layers"]
        self.chips: list[dict[str, Any]] = values["chips"]
        self.energy: dict[str, Any] = values["energy"]
        self.latency: dict[str, Any] = values["latency"]
        self.area: dict[str, Any] = values["area"]
        self.notes: list[str] = values["notes"]

    def __repr__(self) -> str:
        t = self.totals
        return f"CostReport({t['energy_j']:.3g} J, {t['latency_s']:.3g} s, {t['area_mm2']:.3g} mm2)"

    def __str__(self) -> str:
        return self._report.text()

    def explain(self) -> str:
        """The three trees as text: each number with its formula and source."""
        return self._report.explanation()

    def shares(self, by: str = "component") -> dict[str, float]:
        """Energy in pJ per sample by `component` (cells, ADCs, buffers, ...) or by `layer`, for
        mho.plots.budget."""
        if by == "layer":
            return {line["name"]: line["energy_pj"] for line in self.layers}
        if by != "component":
            raise InputError(f"by: must be component or layer, got `{by}`")
        shares: dict[str, float] = {}

        def add(node: dict[str, Any], factor: float) -> None:
            if node["formula"] == _SUM:
                for part in node["parts"]:
                    add(part, factor)
            else:
                shares[node["name"]] = shares.get(node["name"], 0.0) + factor * node["value"]

        root, factor = self.energy, 1.0
        if root["formula"] != _SUM:  # what layout and control add to the sum of the components
            factor = root["value"] / root["parts"][0]["value"]
            root = root["parts"][0]
        add(root, factor)
        return {name: value for name, value in shares.items() if value}

    def save_page(self, path: str | os.PathLike[str]) -> None:
        """A page with pictures (HTML)."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self._report.html())


def network_cost(
    network: _core.Network,
    cost: CostLike = None,
    inputs: ArrayLike | None = None,
    seed: int = 1,
    title: str = "",
) -> CostReport:
    """Costs of a network on hardware (`network.map_to_hardware`, `mho.torch.to_network`).

    `inputs` [samples, ...]: what the network takes, for the activity of its lines; not needed with
    cost.activity.source = "average". Raises ConfigError where configuration and network do not fit.
    """
    return CostReport(_core.network_cost(network, _cost_json(cost), inputs, seed, title))


def run_cost(
    run: str, cost: CostLike = None, network: str = "", overrides: dict[str, Any] | None = None
) -> CostReport:
    """Costs of a trained run (its folder, or a run file that names weights) with its test data.

    `cost`: None for the section `cost` of the run; `network`: naive, hwa, or the best that there is.
    """
    return CostReport(
        _core.run_cost(
            str(run), override_words(overrides), network, "" if cost is None else _cost_json(cost)
        )
    )


def training_cost(
    network: _core.Network,
    learner: Any,
    hardware: HardwareLike = None,
    batch: int = 1,
    cost: CostLike = None,
) -> list[dict[str, Any]]:
    """Time and energy per sample of training every layer in memory with a learner (a configuration,
    or the name of a preset); the time model of Wu et al., arXiv 2502.06309."""
    text, _ = model_json(learner)
    return _core.training_cost(network, core_hardware(hardware), text, batch, _cost_json(cost))


def compare_cost_presets(
    network: _core.Network,
    layer: str,
    cost: CostLike = None,
    inputs: ArrayLike | None = None,
    seed: int = 1,
) -> list[dict[str, Any]]:
    """The same layer with the same activity by every preset: how far the field's tools disagree."""
    return _core.compare_cost_presets(network, _cost_json(cost), inputs, layer, seed)


def compare_adcs(bits: int = 8, node_nm: float = 28.0, rows: float = 256.0) -> list[dict[str, Any]]:
    """The same ADC by the models of the field's tools; one that does not reach the node is left out."""
    return _core.compare_adcs(bits, node_nm, rows)
