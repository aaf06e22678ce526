# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""CPU time of a hardware-aware training step in Python against plain torch.nn, and of single calls.

    python bench/python_step.py [--cases linear mlp] [--out FILE]

One step = zero_grad, forward, loss, backward, optimiser step, one thread. `linear`: 1024 -> 1024,
batch 128, mean square of the output; `mlp`: 784-512-512-10 with ReLU, batch 128, cross entropy. The
hardware is the full setting of aihwkit-lightning's users: weight noise per channel 0.06, learned
input range, 8-bit DAC and ADC, output noise 0.02, weights clipped at 2.5 standard deviations. Plain
and analog steps are measured in turns; the ratio of the medians is judged, as everywhere here (goals
1.35 for `core`, 2.0 for `torch`, compiled no slower than eager; a call 2 us, the import 0.15 s), that
of the minima stands beside it.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import mho.torch as mt
import torch
from torch import nn

import mho
from bench.python_machine import line, machine


def hardware():
    """The full setting."""
    h = mho.preset("floating_point")
    h.forward.perfect = False
    h.forward.dac.steps = h.forward.adc.steps = 254.0
    h.forward.dac.bound, h.forward.adc.bound = 1.0, 10.0
    h.forward.output_noise.std = 0.02
    h.forward.weight_noise.kind, h.forward.weight_noise.std = "none", 0.0
    h.forward.ir_drop.strength = 0.0
    h.mapping.max_inputs = 0
    h.mapping.per_column, h.mapping.learn_scales = True, "none"
    h.modifier.kind, h.modifier.std = "additive normal", 0.06
    h.input_range.enabled, h.input_range.learn, h.input_range.init_batches = True, True, 10
    h.clip.kind, h.clip.sigma, h.clip.value = "layer gaussian", 2.5, 0.0
    h.remap.kind = "none"
    return h


# For both sides: steps give back and fetch again the pages of the same tensors otherwise.
mho.torch.keep_freed_memory()


def plain_model(kind):
    """The digital reference."""
    if kind == "linear":
        return nn.Sequential(nn.Linear(1024, 1024))
    return nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )


def stepper(model, optimizer, x, target):
    """A closure that does one training step."""

    def step():
        optimizer.zero_grad()
        y = model(x)
        loss = y.square().mean() if target is None else nn.functional.cross_entropy(y, target)
        loss.backward()
        optimizer.step()

    return step


def alternate(calls, repeats, inner):
    """CPU seconds per call, measured in turns."""
    for call in calls:
        for _ in range(15):
            call()
    samples = [[] for _ in calls]
    for _ in range(repeats):
        for index, call in enumerate(calls):
            start = time.process_time()
            for _ in range(inner):
                call()
            samples[index].append((time.process_time() - start) / inner)
    return samples


GOALS = {"core": 1.35, "torch": 2.0}
MOST_US, MOST_IMPORT_S = 2.0, 0.15


def judged(row, value, goal):
    """Adds the goal and whether it holds."""
    row["goal"], row["holds"] = goal, None if goal is None else value <= goal


def verdict(row):
    """The same for people."""
    return "" if row["goal"] is None else f" <= {row['goal']:.3g}" + ("" if row["holds"] else "  MISSED")


def steps(kind, optimizer, args):
    """Rows of one model and optimiser: every back end against plain."""
    torch.manual_seed(1)
    x = torch.randn(args.batch, 1024 if kind == "linear" else 784)
    target = None if kind == "linear" else torch.randint(0, 10, (args.batch,))
    cls = getattr(torch.optim, optimizer)
    plain = plain_model(kind).train()
    calls, names = [stepper(plain, cls(plain.parameters(), lr=1e-4), x, target)], ["plain"]
    for name in args.backends:
        backend = name.split("-")[0]
        model = mt.convert(plain_model(kind), hardware(), backend=backend).train()
        opt = mt.attach(cls(model.parameters(), lr=1e-4), model)
        for _ in range(12):  # ranges start eagerly
            stepper(model, opt, x, target)()
        run = torch.compile(model) if name.endswith("compiled") else model
        calls.append(stepper(run, opt, x, target))
        names.append(name)
    samples = alternate(calls, args.repeats, args.inner)
    rows = []
    for name, s in zip(names[1:], samples[1:]):
        ratio = statistics.median(s) / statistics.median(samples[0])
        row = {
            "id": f"python.step.{kind}.{optimizer}.{name}",
            "ms": min(s) * 1e3,
            "plain_ms": min(samples[0]) * 1e3,
            "ratio": ratio,
            "ratio_of_minima": min(s) / min(samples[0]),
        }
        eager = next((r["ratio"] for r in rows if name == "torch-compiled" and r["id"].endswith(".torch")), None)
        judged(row, ratio, eager if eager is not None else GOALS.get(name))
        print("{id:<38} {ms:7.2f} ms, plain {plain_ms:7.2f} ms, x{ratio:.3f} (minima x{ratio_of_minima:.2f}){verdict}"
              .format(verdict=verdict(row), **row), flush=True)
        rows.append(row)
    return rows


def call_overhead(repeats=7, inner=3000):
    """A 4 x 4 tile through autograd.Function against the same Function without the call, us."""
    tile = mt.AnalogLinear(4, 4, hardware="ideal", bias=False)
    tile._load(tile.tile_weight, 0)
    engine = tile._training_engine
    x, y = torch.randn(1, 4, requires_grad=True), torch.empty(1, 4)

    class Call(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            engine.forward(x.data_ptr(), 1, y.data_ptr(), 0, 0, 1, 0, 0)
            return y.clone()

        @staticmethod
        def backward(ctx, g):
            return g

    class Nothing(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return y.clone()

        @staticmethod
        def backward(ctx, g):
            return g

    a, b = alternate([lambda: Call.apply(x), lambda: Nothing.apply(x)], repeats, inner)
    row = {"id": "python.call", "us": (min(a) - min(b)) * 1e6, "whole_us": min(a) * 1e6}
    judged(row, row["us"], MOST_US)
    print("{id:<38} +{us:.2f} us (whole {whole_us:.2f} us){verdict}".format(verdict=verdict(row), **row), flush=True)
    return row


def import_time():
    """Wall seconds of `import mho` in a fresh process, without starting Python, the best of five."""
    def best(code):
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times.append(time.perf_counter() - start)
        return min(times)

    row = {"id": "python.import", "s": best("import mho") - best("pass")}
    judged(row, row["s"], MOST_IMPORT_S)
    print("{id:<38} {s:.3f} s{verdict}".format(verdict=verdict(row), **row), flush=True)
    return row


def main():
    """All rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=["linear", "mlp"])
    parser.add_argument("--optimizers", nargs="+", default=["SGD", "AdamW"])
    parser.add_argument("--backends", nargs="+", default=["core", "torch", "torch-compiled"])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=25)
    parser.add_argument("--inner", type=int, default=5)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    where = machine()
    print(line(where))
    rows = [import_time(), call_overhead()]
    for kind in args.cases:
        for optimizer in args.optimizers:
            rows += steps(kind, optimizer, args)
    if args.out:
        with open(args.out, "w", encoding="utf-8") as file:
            json.dump({"machine": where, "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
