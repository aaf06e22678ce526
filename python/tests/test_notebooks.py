# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The notebooks run from the first cell to the last, and what is stored in them is what they print."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "notebooks"
WITHOUT_TORCH = ("01", "07")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda p: p.stem)
def test_notebook(path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    if path.name[:2] not in WITHOUT_TORCH:
        pytest.importorskip("torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    stored = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        fresh, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    figures = lambda notebook: sum(
        "image/png" in output.get("data", {})
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )
    assert figures(fresh) == figures(stored) > 0
    assert not [o for cell in fresh.cells for o in cell.get("outputs", []) if o.get("name") == "stderr"]
