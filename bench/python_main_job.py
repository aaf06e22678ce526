# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The main job through mho.torch: the recipe of the perceptron that bench/main_job.py runs by `mho train`.

    python bench/python_main_job.py [--float-epochs 15] [--hwa-epochs 3] [--programmings 5] [--out FILE]

Float training with Adam, then (naive) the float weights on the standard model with ranges from 100
batches, and (hwa) hardware-aware retraining with SGD, momentum 0.9 and weight noise 0.1; accuracy
after 1 s to 10 years on several chips. One thread, CPU seconds of every phase.
"""

import argparse
import copy
import gzip
import json
import os
import pathlib
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import mho.torch as mt
import numpy as np
import torch
from torch import nn

import mho
from bench.python_machine import line, machine

TIMES = {"1 s": 1.0, "1 h": 3600.0, "1 day": 86400.0, "1 year": 365 * 86400.0, "10 years": 3650 * 86400.0}
DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")


def fashion():
    """Images / 255 and labels, training and test."""
    def read(name, offset):
        for folder in (DATA, pathlib.Path("/usr/share/dataset-fashion-mnist"),
                       pathlib.Path(os.environ.get("MHO_DATA", "")) / "fashion-mnist"):
            for path in (folder / (name + ".gz"), folder / name):
                if path.exists():
                    data = path.read_bytes()
                    data = gzip.decompress(data) if path.suffix == ".gz" else data
                    return np.frombuffer(data, np.uint8, offset=offset)
        raise SystemExit("Fashion-MNIST is missing: apt-get install dataset-fashion-mnist, or set MHO_DATA")

    def both(name):
        x = read(f"{name}-images-idx3-ubyte", 16).reshape(-1, 784)
        y = read(f"{name}-labels-idx1-ubyte", 8)
        return torch.from_numpy(x / np.float32(255)), torch.from_numpy(y.astype(np.int64))

    return both("train"), both("t10k")


def train(model, optimizer, x, y, epochs, size, generator, drop_after):
    """Plain supervised training; CPU seconds of every epoch."""
    seconds = []
    for epoch in range(epochs):
        if epoch == drop_after:
            for group in optimizer.param_groups:
                group["lr"] *= 0.1
        start, total = time.process_time(), 0.0
        model.train()
        for index in torch.randperm(len(x), generator=generator).split(size):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[index]), y[index])
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(index)
        seconds.append(time.process_time() - start)
        print(f"epoch {epoch + 1}: loss {total / len(x):.4f}, {seconds[-1]:.1f} s CPU", flush=True)
    return seconds


@torch.no_grad()
def accuracy(model, x, y, size=500):
    """Share of correct answers."""
    model.eval()
    return sum(
        int((model(x[i : i + size]).argmax(1) == y[i : i + size]).sum()) for i in range(0, len(x), size)
    ) / len(x)


def over_time(model, x, y, chips):
    """Accuracy at every time on several chips, and CPU seconds of each phase."""
    result, cost = {name: [] for name in TIMES}, {"program": 0.0, "drift": 0.0, "inference": 0.0}
    for chip in range(chips):
        start = time.process_time()
        mt.program(model.eval(), chip=chip)
        cost["program"] += time.process_time() - start
        for k, (name, t) in enumerate(TIMES.items()):
            start = time.process_time()
            mt.advance_to(model, t, k + 1)
            mt.set_step(model, k + 1)
            cost["drift"] += time.process_time() - start
            start = time.process_time()
            result[name].append(accuracy(model, x, y))
            cost["inference"] += time.process_time() - start
    mt.set_step(model, None)
    mt.reset_chip(model)
    table = {n: {"mean": float(np.mean(v)), "std": float(np.std(v, ddof=1)) if chips > 1 else 0.0, "all": v}
             for n, v in result.items()}
    calls = chips * len(TIMES)
    return table, {"program_s_each": cost["program"] / chips, "drift_s_each": cost["drift"] / calls,
                   "inference_s_each": cost["inference"] / calls}


def compared(document):
    """Mean accuracies beside those that the field's tool had (tests/data), in points; limit: 0.5 and three
    standard errors of five chips."""
    peer = json.loads((ROOT / "tests/data/aihwkit_main_job_mlp_standard.json").read_text(encoding="utf-8"))
    for part in ("naive", "hwa"):
        for name, ours in document[part]["accuracy"].items():
            theirs = peer[part]["accuracy"][name]
            difference = 100 * (ours["mean"] - theirs["mean"])
            limit = 0.5 + 300 * theirs["std"] / 5**0.5
            print(f"{part:5} {name:8} {100 * ours['mean']:.2f}, aihwkit {100 * theirs['mean']:.2f}, {difference:+.2f} "
                  f"(limit {limit:.2f}){'' if abs(difference) <= limit else '  MISSED'}")


def main():
    """Run the job."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--float-epochs", type=int, default=15)
    parser.add_argument("--hwa-epochs", type=int, default=3)
    parser.add_argument("--hwa-lr", type=float, default=0.02)
    parser.add_argument("--modifier-std", type=float, default=0.1)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--programmings", type=int, default=5)
    parser.add_argument("--train-images", type=int, default=60000)
    parser.add_argument("--test-images", type=int, default=10000)
    parser.add_argument("--backend", default="core", choices=["core", "torch"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    where = machine()
    print(line(where), flush=True)
    (x, y), (xt, yt) = fashion()
    x, y, xt, yt = x[: args.train_images], y[: args.train_images], xt[: args.test_images], yt[: args.test_images]
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    train(model, adam, x, y, args.float_epochs, args.batch, generator, args.float_epochs - 3)
    document = {"benchmark": "mho main job through mho.torch", "machine": where, "arguments": vars(args),
                "float": {"accuracy": accuracy(model, xt, yt)}}
    print("float", document["float"]["accuracy"], flush=True)

    naive = mt.convert(copy.deepcopy(model), "standard", seed=args.seed, backend=args.backend).train()
    start = time.process_time()
    with torch.no_grad():
        for index in torch.randperm(len(x), generator=generator).split(args.batch)[:100]:
            naive(x[index])
    calibration = time.process_time() - start
    table, cost = over_time(naive, xt, yt, args.programmings)
    document["naive"] = {"accuracy": table, "calibration_cpu_s": calibration, "cost": cost}
    print("naive", {k: round(v["mean"], 4) for k, v in table.items()}, cost, flush=True)

    hardware = mho.preset("standard")
    hardware.modifier.kind, hardware.modifier.std = "additive normal", args.modifier_std
    analog = mt.convert(copy.deepcopy(model), hardware, seed=args.seed, backend=args.backend)
    sgd = mt.attach(torch.optim.SGD(analog.parameters(), lr=args.hwa_lr, momentum=0.9), analog)
    seconds = train(analog, sgd, x, y, args.hwa_epochs, args.batch, generator, args.hwa_epochs - 1)
    table, cost = over_time(analog, xt, yt, args.programmings)
    document["hwa"] = {"accuracy": table, "cpu_s_per_epoch": seconds, "cpu_s_total": sum(seconds), "cost": cost}
    print("hwa", {k: round(v["mean"], 4) for k, v in table.items()}, cost, flush=True)
    if args.train_images == 60000 and args.float_epochs == parser.get_default("float_epochs"):
        compared(document)
    if args.out:
        pathlib.Path(args.out).write_text(json.dumps(document, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
