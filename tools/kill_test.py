"""Kills `mho train` (hardware-aware, and in memory by every learner) and `mho evaluate` with SIGKILL at random moments, continues
them with --resume, and compares what they end with to the unbroken run, bit for bit. Then a full disk, a file-size limit and a
folder that cannot be written.

    python3 tools/kill_test.py [--kills 20] [--seed 1] [--mho build/release/bin/mho]
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
NETWORKS = ["float.safetensors", "naive.safetensors", "hwa.safetensors"]
FAILURES = []


def check(good: bool, what: str) -> None:
    """Remembers what went wrong."""
    print(("ok    " if good else "WRONG ") + what, flush=True)
    if not good:
        FAILURES.append(what)


def idx(dimensions: list[int], values: bytes) -> bytes:
    """An IDX file of unsigned bytes."""
    return struct.pack(f">I{len(dimensions)}I", 0x800 + len(dimensions), *dimensions) + values


def write_data(folder: pathlib.Path) -> None:
    """Pictures of 28 x 28 with a bright row that tells the class."""
    rng = random.Random(5)
    folder.mkdir()
    for part, count in (("train", 512), ("t10k", 128)):
        labels = bytes(i % 10 for i in range(count))
        pixels = bytes(rng.randrange(60) + (150 if row == label + 1 else 0)
                       for label in labels for row in range(28) for _ in range(28))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx([count, 28, 28], pixels))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx([count], labels))


def write_run(path: pathlib.Path, data: pathlib.Path) -> None:
    """A run of a few seconds: both trainings, and an evaluation of many short units."""
    train = {"epochs": 30, "batch": 32, "schedule": {"kind": "one cycle"}}
    path.write_text(json.dumps({
        "name": "kill", "seed": 3, "data": {"folder": str(data)},
        "network": {"model": {"model": "mlp", "hidden": [32]}, "mean": [0.3], "std": [0.3]},
        "hardware": {"preset": "standard", "input_range": {"init_batches": 4},
                     "modifier": {"kind": "additive normal", "std": 0.1}},
        "training": {"floating_point": train,
                     "hardware_aware": {**train, "augmentation": "shift", "max_shift": 1, "distillation": 0.3}},
        "evaluation": {"programmings": 60, "ablation": {"enabled": True, "programmings": 20, "images": 128}},
    }), encoding="utf-8")


def learners() -> list[dict]:
    """One rule of every kind, on a device with cycle noise and asymmetry, with short periods so that all state is in use."""
    device = {"model": "soft bounds", "dw_min": 0.002, "up_down": -0.2, "write_noise_std": 0.5}
    plain = {k: v for k, v in device.items() if k != "write_noise_std"}  # single cells with write noise cannot be reset
    pair = {"devices": [device, device]}
    chopped = {**pair, "auto_scale": True, "transfer_columns": False, "transfer_rate": 10}
    rules = {
        "analog SGD": {"model": "analog sgd", "device": device},
        "vector cell": {"model": "vector cell", **pair, "policy": "single random"},
        "reference pair": {"model": "reference pair", **pair},
        "one-sided": {"model": "one-sided", "device": plain, "refresh_every": 2, "refresh_upper": 0.1, "refresh_lower": 0.01},
        "TTv1": {"model": "tiki-taka", **pair, "transfer_in_batches": False},
        "TTv2": {"model": "tiki-taka v2", **pair, "transfer_in_batches": False, "transfer_rate": 10},
        "c-TTv2": {"model": "chopped tiki-taka", **chopped, "input_chop_probability": 0.2, "output_chop_probability": 0.2},
        "AGAD": {"model": "agad", **chopped, "input_chop_probability": 0.5},
        "RL": {"model": "residual learning", **pair, "zero_shift_pulses": 200},
        "RLv2": {"model": "residual learning", **pair, "version": "v2", "zero_shift_pulses": 200, "transfer_rate": 10},
        "mixed precision": {"model": "mixed precision", "device": device, "transfer_every": 0.25},
    }
    return [{"name": name, "learner": learner} for name, learner in rules.items()]


def write_learning_run(path: pathlib.Path, data: pathlib.Path) -> None:
    """A run that trains the same small network by every learner, one after the other."""
    path.write_text(json.dumps({
        "name": "kill-learning", "seed": 4, "data": {"folder": str(data)},
        "network": {"model": {"model": "mlp", "hidden": [24]}, "mean": [0.3], "std": [0.3]},
        "hardware": {"preset": "standard_io", "mapping": {"omega": 0}, "backward": {"perfect": False}},
        "learning": {"training": {"epochs": 8, "batch": 16, "learning_rate": 0.05}, "rules": learners()},
        "evaluation": {"ablation": {"enabled": False}},
    }), encoding="utf-8")


def command(mho: str, *arguments: str) -> list[str]:
    """A call of the program on one thread."""
    return [mho, *arguments, "--threads", "1", "--quiet"]


def same(a: pathlib.Path, b: pathlib.Path) -> bool:
    """Equal networks to the bit, equal results but for dates and times."""
    def results(folder: pathlib.Path) -> dict:
        content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        content.pop("run")
        return content

    return all((a / n).read_bytes() == (b / n).read_bytes() for n in NETWORKS) and results(a) == results(b)


def kill_at_random(what: str, call: list[str], seconds: float, kills: int, rng: random.Random) -> int:
    """Starts `call` again and again and kills it somewhere in its first stretch; how often it was still running."""
    killed = 0
    for _ in range(4 * kills):
        if killed == kills:
            break
        process = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(rng.uniform(0.02, seconds))
        process.kill()
        _, error = process.communicate()
        killed += process.returncode == -9
        if process.returncode not in (-9, 0):
            check(False, f"{what}: ended with {process.returncode}: {error.decode()[-300:]}")
            break
    return killed


def killed_runs(mho: str, work: pathlib.Path, run: pathlib.Path, kills: int, rng: random.Random) -> pathlib.Path:
    """SIGKILL in train and in evaluate."""
    whole, broken = work / "whole", work / "broken"
    start = time.monotonic()
    subprocess.run(command(mho, "train", str(run), "--out", str(whole)), check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    # Each kill loses little: what is done stays, so that many short stretches go through the whole run.
    call = command(mho, "train", str(run), "--out", str(broken), "--resume")
    killed = kill_at_random("train", call, max(0.3, 1.8 * seconds / kills), kills, rng)
    done = subprocess.run(call, stdout=subprocess.DEVNULL, check=False)
    check(done.returncode == 0 and same(whole, broken), f"train: killed {killed} times, ends like the unbroken run")
    left = [p.name for p in broken.iterdir() if p.name.startswith(".mho-tmp-") or p.name.endswith(".checkpoint")]
    check(not left, f"train: nothing temporary is left {left}")

    out = work / "evaluated"
    call = command(mho, "evaluate", str(whole), "--out", str(out), "--resume")
    start = time.monotonic()
    subprocess.run(command(mho, "evaluate", str(whole), "--out", str(work / "fresh")), check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    killed = kill_at_random("evaluate", call, max(0.1, 1.8 * seconds / kills), kills, rng)
    done = subprocess.run(call, stdout=subprocess.DEVNULL, check=False)
    check(done.returncode == 0 and same(whole, out), f"evaluate: killed {killed} times, ends like the unbroken one")
    return whole


def killed_learning(mho: str, work: pathlib.Path, kills: int, rng: random.Random) -> None:
    """SIGKILL in training in memory: every rule ends with the accuracies, pulses and weights of the unbroken run."""
    run, whole, broken = work / "learning.json", work / "learnt", work / "learnt_in_pieces"
    write_learning_run(run, work / "data")
    start = time.monotonic()
    subprocess.run(command(mho, "train", str(run), "--out", str(whole)), check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    call = command(mho, "train", str(run), "--out", str(broken), "--resume")
    killed = kill_at_random("learning", call, max(0.3, 1.8 * seconds / kills), kills, rng)
    done = subprocess.run(call, stdout=subprocess.DEVNULL, check=False)
    check(done.returncode == 0, f"learning: killed {killed} times, comes to an end")
    if done.returncode != 0:
        return
    table, wanted = (json.loads((f / "learning.json").read_text(encoding="utf-8")) for f in (broken, whole))
    check(len(wanted) == 1 + len(learners()), "learning: a row for digital training and for every learner")
    for i, row in enumerate(wanted):
        name = f"learning-{i}.safetensors"
        equal = table[i] == row and (broken / name).read_bytes() == (whole / name).read_bytes()
        check(equal and row["finished"], f"learning: {row['name']} ends like the unbroken run")
    left = [p.name for p in broken.iterdir() if p.name.startswith(".mho-tmp-") or p.name.endswith(".checkpoint")]
    check(not left, f"learning: nothing temporary is left {left}")


def refused_writes(mho: str, work: pathlib.Path, run: pathlib.Path, whole: pathlib.Path) -> None:
    """No room, no permission: a clear message, and the last good state goes on."""
    broken = work / "full"
    broken.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(broken)], check=False, stderr=subprocess.DEVNULL).returncode == 0
    if mounted:
        call = command(mho, "train", str(run), "--out", str(broken), "--resume")
        try:
            first = subprocess.run(call, capture_output=True, text=True, check=False)
            check(first.returncode == 1 and "No space left" in first.stderr, f"full disk: {first.stderr.strip()[-160:]}")
            subprocess.run(["mount", "-o", "remount,size=64m", str(broken)], check=True)
            again = subprocess.run(call, capture_output=True, text=True, check=False)
            check(again.returncode == 0 and same(whole, broken), "full disk: with room again the run ends like the unbroken one")
        finally:
            subprocess.run(["umount", str(broken)], check=False)
    else:
        print("skip  full disk: mounting a small file system needs root")

    # A limit on the size of files stops writes in the middle, as a full disk does.
    limited = work / "limited"
    call = command(mho, "train", str(run), "--out", str(limited), "--resume")
    first = subprocess.run(["bash", "-c", 'trap "" XFSZ; ulimit -f 16; exec "$@"', "bash", *call],
                           capture_output=True, text=True, check=False)
    check(first.returncode == 1 and "File too large" in first.stderr, f"file-size limit: {first.stderr.strip()[-160:]}")
    again = subprocess.run(call, capture_output=True, text=True, check=False)
    check(again.returncode == 0 and same(whole, limited), "file-size limit: without it the run ends like the unbroken one")

    locked = work / "read_only"
    shutil.copytree(whole, locked)
    before = {p.name: p.read_bytes() for p in locked.iterdir()}
    frozen = os.geteuid() == 0 and subprocess.run(["chattr", "+i", str(locked)], check=False, stderr=subprocess.DEVNULL).returncode == 0
    if os.geteuid() != 0:
        locked.chmod(0o555)
    if frozen or os.geteuid() != 0:
        try:
            done = subprocess.run(command(mho, "evaluate", str(locked)), capture_output=True, text=True, check=False)
            check(done.returncode == 1 and str(locked) in done.stderr, f"unwritable folder: {done.stderr.strip()[-160:]}")
        finally:
            if frozen:
                subprocess.run(["chattr", "-i", str(locked)], check=False)
            locked.chmod(0o755)
        # A folder that takes no new files may still let what is there change: the log of the evaluation, the lock with the
        # number of its process.
        after = {p.name: p.read_bytes() for p in locked.iterdir()}
        changed = [n for n, b in before.items() if n not in ("evaluation.jsonl", ".mho.lock") and after.get(n) != b]
        check(not changed, f"unwritable folder: networks and results are as they were {changed or ''}".rstrip())
    else:
        print("skip  unwritable folder: root may write everywhere here, and files cannot be frozen")


def main() -> int:
    """All of it; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mho", default=str(ROOT / "build/release/bin/mho"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        write_data(work / "data")
        write_run(work / "run.json", work / "data")
        whole = killed_runs(args.mho, work, work / "run.json", args.kills, random.Random(args.seed))
        killed_learning(args.mho, work, args.kills, random.Random(args.seed + 1))
        refused_writes(args.mho, work, work / "run.json", whole)
    print(f"{len(FAILURES)} wrong")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
