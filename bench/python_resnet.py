# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""A trained network three ways: `mho evaluate`, mho.evaluate_run, and mho.torch on the same chips.

    python bench/python_resnet.py [--run examples/runs/resnet32.json] [--images 200] [--chips 1]

Prints the accuracies, and the largest difference of the outputs of mho.torch from those of the core.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")
import mho.torch as mt
import numpy as np
import torch

import mho

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    """All three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default=str(ROOT / "examples/runs/resnet32.json"))
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--chips", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(1)
    changes = {
        "evaluation.images": args.images, "evaluation.programmings": args.chips, "evaluation.ablation.enabled": False,
        "evaluation.times": [{"name": "1 day", "t_s": 86400.0}], "evaluation.uncompensated": False,
        "evaluation.error_images": 0, "evaluation.digital": [],
    }
    sets = [a for k, v in changes.items() for a in ("--set", f"{k}={json.dumps(v)}")]
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([sys.executable, "-m", "mho", "evaluate", args.run, "--out", out, "--quiet", *sets], check=True,
                       stdout=subprocess.DEVNULL)
        command = json.loads((pathlib.Path(out) / "results.json").read_text(encoding="utf-8"))["accuracy"]
    package = mho.evaluate_run(args.run, changes)["accuracy"]
    network = mho.run_networks(args.run, changes)["naive"]
    images, labels = mho.run_test_data(args.run, args.images, changes)
    seed = json.loads(pathlib.Path(args.run).read_text(encoding="utf-8")).get("seed", 1)
    module = mt.from_network(network, seed=seed)
    accuracies, worst = [], 0.0
    for chip in range(args.chips):
        mt.advance_to(mt.program(module, chip=chip), 86400.0, 1)
        mt.set_step(module, 1)
        core = mho.Executor(network, seed=seed, chip=chip)
        core.program()
        core.advance_to(86400.0, 1)
        outputs = []
        with torch.no_grad():
            for first in range(0, len(images), 50):
                mt.set_sample(module, first)
                outputs.append(module(torch.from_numpy(images[first : first + 50])).numpy())
        mine, theirs = np.concatenate(outputs), core.run(images, step=1)
        worst = max(worst, float(np.abs(mine - theirs).max() / np.abs(theirs).max()))
        accuracies.append(float((mine.argmax(1) == labels).mean()))
    print("mho evaluate     ", command["naive"])
    print("mho.evaluate_run ", package["naive"])
    print("mho.torch        ", accuracies, f"largest difference of an output {worst:.1e} of the largest")


if __name__ == "__main__":
    main()
