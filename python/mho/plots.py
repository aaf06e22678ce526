# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Plots with matplotlib; every function returns the axes, and takes axes to draw into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._core import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise InputError("plots need matplotlib: pip install matplotlib") from None
    return plt.subplots(layout="constrained")[1]


def _band(ax: Axes, x: Any, band: Mapping[str, Any], label: str) -> None:
    (line,) = ax.plot(x, band["mean"], label=label)
    ax.fill_between(x, band["low"], band["high"], color=line.get_color(), alpha=0.2, linewidth=0)


def response(device: Any, ax: Axes | None = None, pulses: int = 0, cells: int = 400) -> Axes:
    """Weight of a pulsed device along a train of up, then down pulses, with the range of 90 % of
    cells. `device`: a configuration, the name of a preset, or a result of mho.device_response."""
    from .devices import device_response

    data = device if isinstance(device, dict) and "pulse" in device else device_response(
        device, pulses, cells
    )
    ax = _axes(ax)
    _band(ax, data["pulse"], data["spread"], "cells as made")
    _band(ax, data["pulse"], data["cycle"], "equal cells, cycle noise")
    ax.plot(data["pulse"], data["nominal"], "k--", linewidth=1, label="nominal")
    ax.set_xlabel("pulse")
    ax.set_ylabel("weight")
    ax.legend(frameon=False)
    return ax


def drift(
    hardware: Any = None,
    targets_us: Sequence[float] = (2.5, 7.5, 12.5, 20.0),
    times_s: Sequence[float] | None = None,
    cells: int = 1000,
    ax: Axes | None = None,
) -> Axes:
    """Mean conductance over time of cells programmed to some targets, with one standard deviation."""
    import numpy as np

    from .devices import conductances_at

    ax = _axes(ax)
    times = np.logspace(0, 8, 17) if times_s is None else np.asarray(times_s, dtype=float)
    for target in targets_us:
        cell = np.full(cells, target, dtype=np.float32)
        g = [conductances_at(hardware, cell, t, read_step=i) for i, t in enumerate(times)]
        mean, std = np.mean(g, axis=1), np.std(g, axis=1)
        (line,) = ax.plot(times, mean, label=f"{target:g} µS")
        ax.fill_between(times, mean - std, mean + std, color=line.get_color(), alpha=0.2, linewidth=0)
    ax.set_xscale("log")
    ax.set_xlabel("time since programming (s)")
    ax.set_ylabel("conductance (µS)")
    ax.legend(frameon=False, title="target")
    return ax


def tile_response(tile: Any, vectors: int = 200, seed: int = 0, ax: Axes | None = None) -> Axes:
    """Analog outputs of a tile over the exact ones for random inputs."""
    import numpy as np

    ax = _axes(ax)
    x = np.random.default_rng(seed).uniform(-1, 1, (vectors, tile.inputs)).astype(np.float32)
    exact = x @ tile.weights().T
    ax.plot(exact.ravel(), tile.apply(x).ravel(), ".", markersize=2, alpha=0.4)
    limit = float(np.abs(exact).max())
    ax.plot([-limit, limit], [-limit, limit], "k--", linewidth=1)
    ax.set_xlabel("exact output")
    ax.set_ylabel("analog output")
    return ax


def weights(matrix: ArrayLike, ax: Axes | None = None, label: str = "weight") -> Axes:
    """A matrix as an image, symmetric around zero."""
    import numpy as np

    ax = _axes(ax)
    values = np.asarray(matrix)
    limit = float(np.abs(values).max()) or 1.0
    image = ax.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    ax.figure.colorbar(image, ax=ax, label=label)
    ax.set_xlabel("input")
    ax.set_ylabel("output")
    return ax


def accuracy(results: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Accuracy over time of the networks of a run: what mho.evaluate_run returns."""
    import numpy as np

    ax = _axes(ax)
    table = results.get("accuracy") or results.get("loss")
    if not table:
        raise InputError("results: expected what mho.evaluate_run returns")
    floating = None
    for name, curve in table.items():
        if not isinstance(curve, dict):
            floating = float(curve)
            continue
        times = list(curve)
        mean = [np.mean(_numbers(curve[t])) for t in times]
        std = [np.std(_numbers(curve[t])) for t in times]
        ax.errorbar(range(len(times)), mean, std, marker="o", capsize=3, label=name)
        ax.set_xticks(range(len(times)), times)
    if floating is not None:
        ax.axhline(floating, color="k", linestyle="--", linewidth=1, label="floating point")
    ax.set_xlabel("time since programming")
    ax.set_ylabel("accuracy" if "accuracy" in results else "loss (nats)")
    ax.legend(frameon=False)
    return ax


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return list(value.get("all", [value.get("mean")]))
    return list(value) if isinstance(value, (list, tuple)) else [float(value)]


def budget(shares: Mapping[str, Any], ax: Axes | None = None, unit: str = "") -> Axes:
    """Bars of named shares, the largest first: error budgets, energy, area. `shares`: numbers by name
    (CostReport.shares()), or what mho.error_budget returns, whose Shapley shares have intervals."""
    ax = _axes(ax)
    whiskers = None
    values: dict[str, float]
    if isinstance(shares.get("shares"), list):
        scale = 1.0 if shares["is_loss"] else 100.0
        unit = unit or ("nats" if shares["is_loss"] else "percentage points of accuracy")
        parts = {s["source"]: s["shapley"] for s in shares["shares"]}
        values = {name: scale * s["mean"] for name, s in parts.items()}
        whiskers = {name: scale * (s["high"] - s["low"]) / 2 for name, s in parts.items()}
    else:
        values = dict(shares)
    names = sorted(values, key=lambda name: abs(values[name]))
    error = [whiskers[n] for n in names] if whiskers else None
    ax.barh(names, [values[n] for n in names], xerr=error, ecolor="gray")
    ax.set_xlabel(unit)
    return ax


def pareto(
    x: ArrayLike,
    y: ArrayLike,
    labels: Sequence[str] | None = None,
    better: tuple[str, str] = ("low", "high"),
    ax: Axes | None = None,
) -> Axes:
    """Points and the line of those that no other point beats; `better` says which way is good."""
    import numpy as np

    ax = _axes(ax)
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    front = pareto_front(a, b, better)
    ax.plot(a, b, "o", alpha=0.6)
    order = front[np.argsort(a[front])]
    ax.step(a[order], b[order], where="post", color="k", linewidth=1)
    for i, label in enumerate(labels or []):
        ax.annotate(label, (a[i], b[i]), fontsize="small", xytext=(3, 3), textcoords="offset points")
    return ax


def pareto_front(x: Any, y: Any, better: tuple[str, str] = ("low", "high")) -> Any:
    """Indices of the points that no other point beats in both."""
    import numpy as np

    a = np.asarray(x, dtype=float) * (1 if better[0] == "low" else -1)
    b = np.asarray(y, dtype=float) * (1 if better[1] == "low" else -1)
    beaten = [
        bool(np.any((a <= a[i]) & (b <= b[i]) & ((a < a[i]) | (b < b[i])))) for i in range(len(a))
    ]
    return np.flatnonzero(~np.array(beaten))
