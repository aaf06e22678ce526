"""One epoch of training in memory, perceptron 784-256-128-10, batch 16: rows epoch.PRESET, CPU seconds per image.

Both sides train the recipe of aihwkit_training_job.py: sigmoid layers, start weights U(+-1 / sqrt(inputs)), the 784 inputs on
two tiles, digital biases, converters of PresetIOParameters forward and backward. Ours is `mho train` with a section
`learning`. Both report the seconds of the epoch without its test; rounds take turns, with the same number of images. The learning rate
is 0.5, that of the stored results of aihwkit_training_job.py, from which the specification's times are (ReRamSB 330,
TikiTaka 450 us per image): pulses, and with them times, grow with it. Rows epoch.PRESET.slow have its default, 0.1.

    python bench/run_peers.py epoch              the rows
    python -m bench.peers.epoch accuracy         the accuracies of both sides over five seeds (an hour)
"""

import argparse
import itertools
import json
import os
import pathlib
import random
import statistics
import struct
import subprocess
import tempfile

from bench.run_peers import ROOT, Context, Pair, find_peers

ROUNDS = 3
RATES = {"": 0.5, ".slow": 0.1}  # suffix of the row
# aihwkit relates the learning rate of ExpStep devices to their steps down alone, where it means the average of both: for the
# PCM preset every update is 4.9 times as large. Both sides make the same updates here.
# Row: our learner, their preset, images of the timed epoch, the learning rate of the accuracies (one at which theirs exceeds 60 % within
# ACCURACY_EPOCHS, or the best of 0.01, 0.03, 0.1, 0.3).
PRESETS = {
    "ReRamES": ({"preset": "sgd reram es", "device": {"preset": "reram es", "granularity_from_down": True}},
                "ReRamESPreset", 4000, 0.1),
    "ReRamSB": ({"preset": "sgd reram sb"}, "ReRamSBPreset", 4000, 0.1),
    "TikiTaka": ({"preset": "ttv1 reram sb"}, "TikiTakaReRamSBPreset", 4000, 0.1),
    "TTv2": ({"preset": "ttv2 reram sb"}, "TTv2ReRamSBPreset", 1000, 0.1),
    "AGAD": ({"preset": "agad reram sb"}, "AGADReRamSBPreset", 1000, 0.1),
    "PCM": ({"preset": "one sided pcm", "device": {"preset": "pcm", "granularity_from_down": True}}, "PCMPreset", 2000, 0.1),
}
SIZES = (784, 256, 128, 10)
ACCURACY_EPOCHS = 2
CONVERTERS = {
    "perfect": False, "dac": {"bound": 1, "steps": 126}, "adc": {"bound": 20, "steps": 510}, "output_noise": {"std": 0.1},
    "weight_noise": {"kind": "none", "std": 0}, "ir_drop": {"strength": 0},
    "noise_management": {"kind": "abs max", "threshold": 0},
}


def write_start(file: pathlib.Path, seed: int) -> None:
    """A network file of mho: the perceptron with sigmoids and the start weights of torch.nn.Linear."""
    layers, tensors, data = [{"name": "flatten", "op": "flatten"}], {}, b""
    generator = random.Random(seed)
    for i, (inputs, outputs) in enumerate(itertools.pairwise(SIZES), start=1):
        layers.append({"name": f"fc{i}", "op": "linear", "in_features": inputs, "out_features": outputs, "bias": True})
        if i + 1 < len(SIZES):
            layers.append({"name": f"sigmoid{i}", "op": "sigmoid"})
        bound = inputs ** -0.5
        for name, shape in (("weight", [outputs, inputs]), ("bias", [outputs])):
            count = outputs * (inputs if name == "weight" else 1)
            values = struct.pack(f"<{count}f", *(generator.uniform(-bound, bound) for _ in range(count)))
            tensors[f"fc{i}.{name}"] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
            data += values
    graph = {"name": "mlp", "input": {"shape": [1, 28, 28], "scale": 1 / 255, "mean": [0.0], "std": [1.0]}, "layers": layers}
    digital = json.dumps({"configurations": [], "layers": {}})
    header = json.dumps({"__metadata__": {"mho.format": "1", "mho.graph": json.dumps(graph), "mho.hardware": digital},
                         **tensors}).encode()
    header += b" " * (-len(header) % 8)
    file.write_bytes(struct.pack("<Q", len(header)) + header + data)


def train(program: pathlib.Path, work: pathlib.Path, learner: dict, images: int, **settings: float) -> dict:
    """One `mho train` on one thread; returns its last epoch."""
    seed = int(settings.get("seed", 1))
    write_start(work / "start.safetensors", seed)
    run = {
        "name": "epoch", "seed": seed,
        "data": {"set": "fashion mnist", "train_images": images, "test_images": int(settings.get("test_images", 100))},
        "network": {"model": {"model": "mlp"}, "mean": [0], "std": [1], "weights": str(work / "start.safetensors")},
        "hardware": {"preset": "preset io", "mapping": {"omega": 0, "per_column": False}, "backward": CONVERTERS},
        "learning": {
            "training": {"epochs": int(settings.get("epochs", 1)), "batch": 16, "optimizer": "sgd",
                         "learning_rate": settings.get("rate", 0.1)},
            "digital": False, "rules": [{"name": "all", "learner": learner}]},
        "evaluation": {"ablation": {"enabled": False}},
    }
    (work / "run.json").write_text(json.dumps(run), encoding="utf-8")
    out = work / "out"
    subprocess.run([str(program), "train", str(work / "run.json"), "--threads", "1", "--out", str(out), "--quiet"],
                   check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    events = [json.loads(line) for line in (out / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    subprocess.run(["rm", "-r", str(out)], check=True)
    return [e for e in events if e["event"] == "epoch"][-1]


def measure(context: Context) -> dict[str, Pair]:
    """Seconds per image of both sides."""
    pairs = {}
    for row, (ours, theirs, images, _) in PRESETS.items():
        for suffix, rate in RATES.items():
            peer = context.run_peer("aihwkit_training_job.py", "--batch", "16", "--epochs", "1", "--images", str(images), "--lr", str(rate),
                                    "--test-images", "100", "--presets", theirs)
            epoch = train(context.programs / "mho", context.work, ours, images, rate=rate)
            seconds = peer["records"][0]["epochs"][0]["cpu_s"] / images
            pairs[f"epoch.{row}{suffix}"] = Pair(epoch["cpu_s"] / images, seconds)
    return pairs


def compare_accuracy(context: Context, rows: list[str], seeds: list[int], images: int) -> list[dict]:
    """Mean test accuracies in % of both sides; the difference must be below 3 standard errors + 1 point."""
    results = []
    print(f"{'row':24} {'rate':>6} {'aihwkit':>16} {'mho':>16} {'diff':>7} {'limit':>7}")
    for row in rows:
        ours, theirs, _, rate = PRESETS[row]
        peer = context.run_peer("aihwkit_training_job.py", "--batch", "16", "--epochs", str(ACCURACY_EPOCHS), "--lr", str(rate),
                                "--images", str(images), "--presets", theirs, "--seeds", *map(str, seeds))
        b = [100 * r["epochs"][-1]["test_accuracy"] for r in peer["records"]]
        a = [100 * train(context.programs / "mho", context.work, ours, images, seed=s, rate=rate, epochs=ACCURACY_EPOCHS,
                         test_images=2000)["test_accuracy"] for s in seeds]
        error = ((statistics.variance(a) + statistics.variance(b)) / len(seeds)) ** 0.5
        difference, limit = statistics.mean(a) - statistics.mean(b), 3 * error + 1
        holds = abs(difference) < limit
        print(f"epoch.accuracy.{row:9} {rate:6g} {spread(b):>16} {spread(a):>16} {difference:+7.2f} {limit:7.2f} "
              f"{'ok' if holds else 'MISS'}", flush=True)
        results.append({"name": f"epoch.accuracy.{row}", "ratio": abs(difference), "goal": limit, "sense": "<=", "holds": holds,
                        "note": f"rate {rate}: aihwkit {spread(b)}, mho {spread(a)} %, seeds {seeds}, {images} images"})
    return results


def spread(values: list[float]) -> str:
    """Mean and standard deviation."""
    return f"{statistics.mean(values):.2f} +- {statistics.stdev(values):.2f}"


def main() -> None:
    """The accuracies, as a command of their own: they take long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["accuracy"])
    parser.add_argument("rows", nargs="*", help="of " + ", ".join(PRESETS) + "; none = all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--images", type=int, default=10000)
    parser.add_argument("--rate", type=float, help="instead of those of PRESETS")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench-epoch-accuracy.json")
    args = parser.parse_args()
    if args.rate:
        PRESETS.update({row: (*kept, args.rate) for row, (*kept, _) in PRESETS.items()})
    with tempfile.TemporaryDirectory() as work:
        context = Context(find_peers(), ROOT / ".peers/bin/python", ROOT / "build/release/bin", pathlib.Path(work), None)
        results = compare_accuracy(context, args.rows or list(PRESETS), args.seeds, args.images)
    args.out.write_text(json.dumps({"results": results}, indent=1) + "\n", encoding="utf-8")
    print(args.out)


if __name__ == "__main__":
    main()
