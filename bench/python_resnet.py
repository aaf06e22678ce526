# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""A trained network four ways, with the same numbers: `mho evaluate` of a build with LibTorch, `mho evaluate` and
mho.evaluate_run of the wheel in an environment without torch, and mho.torch on the same chips.

    python bench/python_resnet.py [--run examples/runs/resnet32.json] [--images 200] [--chips 2]
                                  [--program build/release/bin/mho] [--wheel build/wheels/mho-*.whl]

Prints the accuracies and the largest difference of the outputs of mho.torch from those of the core; exit code 1
where accuracies differ. What is not there (no build, no wheel) is said and left out.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import venv

os.environ.setdefault("OMP_NUM_THREADS", "1")
import mho.torch as mt
import numpy as np
import torch

import mho

ROOT = pathlib.Path(__file__).resolve().parent.parent


def evaluated(words, run, changes):
    """Accuracies of `mho evaluate`, started by these words."""
    sets = [a for k, v in changes.items() for a in ("--set", f"{k}={json.dumps(v)}")]
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([*words, "evaluate", run, "--out", out, "--quiet", *sets], check=True, stdout=subprocess.DEVNULL)
        return json.loads((pathlib.Path(out) / "results.json").read_text(encoding="utf-8"))["accuracy"]


def clean_environment(folder, wheel):
    """The interpreter of a new environment that holds the wheel and no torch."""
    venv.create(folder, with_pip=True)
    python = str(pathlib.Path(folder) / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel], check=True)
    found = subprocess.run([python, "-c", "import torch"], capture_output=True, check=False)
    assert found.returncode != 0, "torch is in the clean environment"
    return python


def by_torch(run, changes, chips, images):
    """Accuracies of mho.torch, and the largest difference of an output from the core's."""
    network = mho.run_networks(run, changes)["naive"]
    pixels, labels = mho.run_test_data(run, images, changes)
    seed = json.loads(pathlib.Path(run).read_text(encoding="utf-8")).get("seed", 1)
    module = mt.from_network(network, seed=seed)
    accuracies, worst = [], 0.0
    for chip in range(chips):
        mt.advance_to(mt.program(module, chip=chip), 86400.0, 1)
        mt.set_step(module, 1)
        core = mho.Executor(network, seed=seed, chip=chip)
        core.program()
        core.advance_to(86400.0, 1)
        outputs = []
        with torch.no_grad():
            for first in range(0, len(pixels), 50):
                mt.set_sample(module, first)
                outputs.append(module(torch.from_numpy(pixels[first : first + 50])).numpy())
        mine, theirs = np.concatenate(outputs), core.run(pixels, step=1)
        worst = max(worst, float(np.abs(mine - theirs).max() / np.abs(theirs).max()))
        accuracies.append(float((mine.argmax(1) == labels).mean()))
    return accuracies, worst


def main():
    """All of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default=str(ROOT / "examples/runs/resnet32.json"))
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--chips", type=int, default=2)
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/mho"))
    parser.add_argument("--wheel", default=next(iter(map(str, (ROOT / "build/wheels").glob("mho-*.whl"))), ""))
    args = parser.parse_args()
    torch.set_num_threads(1)
    changes = {
        "evaluation.images": args.images, "evaluation.programmings": args.chips, "evaluation.ablation.enabled": False,
        "evaluation.times": [{"name": "1 day", "t_s": 86400.0}], "evaluation.uncompensated": False,
        "evaluation.error_images": 0, "evaluation.digital": [],
    }
    print(f"mho {mho.__version__}, torch {torch.__version__}, {args.images} images, {args.chips} chips, after a day")
    rows = {}
    if os.access(args.program, os.X_OK):
        rows["mho evaluate, build with LibTorch"] = evaluated([args.program], args.run, changes)["naive"]["1 day"]["all"]
    else:
        print(f"no program {args.program}: left out (make build)")
    if args.wheel:
        with tempfile.TemporaryDirectory() as folder:
            python = clean_environment(folder, args.wheel)
            rows["mho evaluate, wheel without torch"] = evaluated([python, "-m", "mho"], args.run, changes)["naive"]["1 day"]["all"]
            code = "import json, sys, mho; print(json.dumps(mho.evaluate_run(sys.argv[1], json.loads(sys.argv[2]))['accuracy']))"
            said = subprocess.run([python, "-c", code, args.run, json.dumps(changes)], check=True, capture_output=True, text=True)
            rows["mho.evaluate_run, wheel without torch"] = json.loads(said.stdout)["naive"]["1 day"]["all"]
    else:
        print("no wheel in build/wheels: left out (make python-wheel)")
    rows["mho.torch"], worst = by_torch(args.run, changes, args.chips, args.images)
    for name, accuracies in rows.items():
        print(f"{name:38} {accuracies}")
    print(f"largest difference of an output of mho.torch from the core's: {worst:.1e} of the largest output")
    same = len({json.dumps(a) for a in rows.values()}) == 1
    print("same numbers" if same else "NOT the same numbers")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
