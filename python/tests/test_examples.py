# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The numbered examples run, and say something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "python"
NEEDS = {"04": "torch", "05": "torch", "06": "torch", "07": "matplotlib", "08": "scipy"}


@pytest.mark.parametrize("script", sorted(FOLDER.glob("[0-9]*.py")), ids=lambda p: p.stem)
def test_example(script, tmp_path):
    pytest.importorskip(NEEDS.get(script.name[:2], "mho"))
    result = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path,
                            env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert result.returncode == 0, result.stderr
    assert result.stdout
