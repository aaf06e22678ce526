# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Executes notebooks and stores their outputs, without what changes from run to run.

    python python/tools/run_notebooks.py [NOTEBOOK ...]

Needs the packages of requirements-python-test.txt, torch, and mho. Without names: all of
examples/notebooks.
"""

import pathlib
import sys
import time

import nbformat
from nbclient import NotebookClient

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "examples" / "notebooks"


def execute(path):
    """Runs a notebook in its folder; the notebook with outputs."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", record_timing=False, resources={"metadata": {"path": str(path.parent)}}
    )
    return client.execute()


def main():
    """All notebooks, or those that are named."""
    for path in [pathlib.Path(p).resolve() for p in sys.argv[1:]] or sorted(FOLDER.glob("*.ipynb")):
        start = time.perf_counter()
        notebook = execute(path)
        notebook.metadata = {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        for i, cell in enumerate(notebook.cells):
            cell.metadata, cell.id = {}, f"cell-{i + 1}"
        nbformat.write(notebook, path)
        print(f"{path.name}: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
