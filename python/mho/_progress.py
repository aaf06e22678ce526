# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Progress of long calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ProgressCallback = Callable[[str, int, int, str], None]


def progress(show: bool = True) -> ProgressCallback | None:
    """A callback for `progress=`: bars of tqdm where it is installed, else lines of text."""
    if not show:
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _lines()
    bars: dict[str, Any] = {}

    def update(label: str, done: int, total: int, unit: str) -> None:
        if label not in bars:
            for bar in bars.values():
                bar.close()
            bars.clear()
            bars[label] = tqdm(total=total, desc=label, unit=" " + unit)
        bars[label].update(done - bars[label].n)
        if done >= total:
            bars.pop(label).close()

    return update


def _lines() -> ProgressCallback:
    shown: dict[str, int] = {}

    def update(label: str, done: int, total: int, unit: str) -> None:
        tenth = 10 * done // max(total, 1)
        if shown.get(label) != tenth:
            shown[label] = tenth
            print(f"{label}: {done} of {total} {unit}", flush=True)

    return update
