# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The package as a whole: import, command, types."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mho


def run_python(code, **kwargs):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **kwargs)


def test_import_loads_neither_numpy_nor_torch():
    result = run_python(
        "import sys, mho; print(sorted({'torch', 'numpy', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    assert result.stdout.strip() == "[]", result.stderr


def test_unknown_names_have_a_hint():
    with pytest.raises(AttributeError, match="did you mean `preset`"):
        mho.presett  # noqa: B018
    assert "preset" in dir(mho) and "Tile" in dir(mho)


def test_every_exported_name_is_there_and_documented():
    lazy_torch = {"torch"}
    for name in set(mho.__all__) - lazy_torch:
        assert getattr(mho, name) is not None
        assert name == "__version__" or getattr(mho, name).__doc__, name


@pytest.mark.parametrize("arguments", [["--version"], ["presets"], ["explain", "forward.adc.steps"]])
def test_the_command_runs(arguments):
    result = subprocess.run([sys.executable, "-m", "mho", *arguments], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout


def test_the_command_has_an_entry_point():
    program = Path(sys.executable).parent / "mho"
    if not program.exists():
        pytest.skip("the package is not installed")
    result = subprocess.run([program, "--version"], capture_output=True, text=True)
    assert result.stdout.strip() == f"mho {mho.__version__}"


def test_train_says_what_it_needs():
    result = subprocess.run([sys.executable, "-m", "mho", "train", "x"], capture_output=True, text=True)
    assert result.returncode == 2 and "LibTorch" in result.stderr


def test_stubs_fit_a_typical_program(tmp_path):
    mypy = pytest.importorskip("mypy.api")
    source = tmp_path / "program.py"
    source.write_text(
        "import numpy as np\n"
        "import mho\n"
        "hardware = mho.preset('standard')\n"
        "hardware.forward.adc.steps = 510\n"
        "tile = mho.Tile(hardware, 4, 3, seed=1)\n"
        "tile.program(np.zeros((4, 3), np.float32))\n"
        "y: np.ndarray = tile.apply(np.zeros((2, 3), np.float32), step=1)\n"
        "names: list[str] = mho.zoo_names()\n"
        "class Law(mho.StepLaw):\n"
        "    def pulse(self, weight, up, step, min_bound, max_bound, normal):  # type: ignore\n"
        "        return weight\n"
        "learner = mho.learner(mho.config.AnalogSgd(device=Law()), 4, 3)\n"
        "currents: np.ndarray = mho.Wires(np.ones((3, 2)), {}).solve([1.0, 0.0, 1.0]).currents\n"
        "energy: float = mho.network_cost(mho.make_network('mlp'), 'isaac', y).totals['energy_j']\n"
        "cost = mho.cost_preset('isaac')\n"
        "cost.array.rows = 128\n"
    )
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "import mho\n"
        "hardware = mho.preset(3)\n"
        "mho.Tile('standard', 4, 3).advance_to('soon')\n"
        "mho.preset('standard').forward.adc.stepz = 3\n"
        "mho.Wires([[1.0]], {}).solve([1.0]).current\n"
        "mho.cost_preset('isaac').array.rowz = 3\n"
    )
    out, err, code = mypy.run([str(source), "--cache-dir", str(tmp_path / "cache")])
    assert code == 0, out + err
    out, err, code = mypy.run([str(wrong), "--cache-dir", str(tmp_path / "cache")])
    assert out.count("error:") >= 5, out


def test_import_is_quick():
    # A bound far above the goal (0.15 s), for a machine that does other work.
    start = time.process_time()
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import mho"], capture_output=True, text=True
    )
    assert result.returncode == 0 and time.process_time() - start < 10
    modules = [line.split("|")[-1].strip() for line in result.stderr.splitlines()]
    assert "mho" in modules and "mho.torch" not in modules and "json" not in modules[:1]


def test_verify_against_recorded_data():
    folder = Path(os.environ.get("MHO_TEST_DATA", "")) / "golden"
    if not folder.is_dir():
        pytest.skip("MHO_TEST_DATA names no folder with golden records")
    results = mho.verify(str(folder))
    assert results and all(r["outcome"] != "failed" for r in results)
