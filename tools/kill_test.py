"""Kills `mho train` (hardware-aware, and in memory by every learner) and `mho evaluate` with SIGKILL at random moments, continues
them with --resume, and compares what they end with to the unbroken run, bit for bit. Then disks that are full at several moments,
limits on the size of files, and folders that cannot be written.

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
NETWORKS = ["float.safetensors", "further.safetensors", "naive.safetensors", "hwa.safetensors"]
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
        "training": {"floating_point": train, "continue_floating_point": True,
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


def results(folder: pathlib.Path) -> dict:
    """What an evaluation found, without dates and times."""
    content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    content.pop("run")
    return content


def same_run(a: pathlib.Path, b: pathlib.Path) -> bool:
    """Equal networks to the bit, equal results."""
    return all((a / n).read_bytes() == (b / n).read_bytes() for n in NETWORKS) and results(a) == results(b)


def same_evaluation(a: pathlib.Path, b: pathlib.Path) -> bool:
    """Equal results."""
    return results(a) == results(b)


def same_learning(a: pathlib.Path, b: pathlib.Path) -> bool:
    """Equal tables (accuracies, pulses), equal networks to the bit, every rule finished."""
    first, second = (json.loads((f / "learning.json").read_text(encoding="utf-8")) for f in (a, b))
    return first == second and len(first) == 1 + len(learners()) and all(
        row["finished"] and (a / f"learning-{i}.safetensors").read_bytes() == (b / f"learning-{i}.safetensors").read_bytes()
        for i, row in enumerate(first))


def clean(folder: pathlib.Path) -> bool:
    """Whether nothing temporary is left."""
    return not [p for p in folder.iterdir() if p.name.startswith(".mho-tmp-") or p.name.endswith(".checkpoint")]


def good_networks(folder: pathlib.Path, whole: pathlib.Path) -> bool:
    """Whether every network that is there is whole, and the one of the unbroken run."""
    return all(p.read_bytes() == (whole / p.name).read_bytes() for p in folder.glob("*.safetensors"))


class Work:
    """A command whose folder can be thrown away and made again, and what it makes if nothing disturbs it."""

    def __init__(self, what: str, words: list[str], whole: pathlib.Path, equal):
        self.what, self.words, self.whole, self.equal = what, words, whole, equal

    def into(self, folder: pathlib.Path, *more: str) -> list[str]:
        """The command line for a folder."""
        return [*self.words, "--out", str(folder), "--threads", "1", "--quiet", *more]

    def unbroken(self) -> float:
        """Runs it, and says how many seconds it took."""
        start = time.monotonic()
        subprocess.run(self.into(self.whole), check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - start


def kill_at_random(work: Work, broken: pathlib.Path, seconds: float, kills: int, rng: random.Random) -> None:
    """Starts a command again and again and kills it somewhere in its first stretch; in the end it must be like the unbroken one."""
    call = work.into(broken, "--resume")
    # Each kill loses little: what is done stays, so that many short stretches go through the whole run.
    stretch = max(0.1, 1.8 * seconds / kills)
    killed = starts = 0
    while killed < kills and starts < 20 * kills:
        starts += 1
        process = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(rng.uniform(0.02, stretch))
        process.kill()
        _, error = process.communicate()
        killed += process.returncode == -9
        if process.returncode == 0 and killed < kills:  # came to its end too early: once more, in shorter stretches
            shutil.rmtree(broken)
            stretch *= 0.6
        elif process.returncode not in (-9, 0):
            check(False, f"{work.what}: ended with {process.returncode}: {error.decode()[-300:]}")
            return
    done = subprocess.run(call, stdout=subprocess.DEVNULL, check=False)
    check(killed == kills and done.returncode == 0 and work.equal(work.whole, broken),
          f"{work.what}: killed {killed} times, ends like the unbroken one")
    check(clean(broken), f"{work.what}: nothing temporary is left")


def full_disks(work: Work, broken: pathlib.Path) -> None:
    """Disks with room for a part of what the command writes: the last good state stays, and goes on when there is room again."""
    broken.mkdir()
    pages = sum(-(-p.stat().st_size // 4096) for p in work.whole.iterdir())
    for share in (0.1, 0.35, 0.6, 0.85):
        size = max(4, int(share * pages)) * 4096
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(broken)], check=True)
        try:
            first = subprocess.run(work.into(broken, "--resume"), capture_output=True, text=True, check=False)
            kept = sorted(p.name for p in broken.glob("*.safetensors"))
            check(first.returncode == 1 and "No space left" in first.stderr and good_networks(broken, work.whole),
                  f"{work.what}, disk of {size >> 10} KiB: {first.stderr.strip()[-90:]}; good: {', '.join(kept) or 'nothing yet'}")
            subprocess.run(["mount", "-o", "remount,size=64m", str(broken)], check=True)
            again = subprocess.run(work.into(broken, "--resume"), capture_output=True, text=True, check=False)
            check(again.returncode == 0 and work.equal(work.whole, broken) and clean(broken),
                  f"{work.what}, disk of {size >> 10} KiB: with room again it ends like the unbroken one")
        finally:
            subprocess.run(["umount", str(broken)], check=False)


def small_files(work: Work, folder: pathlib.Path) -> None:
    """Limits on the size of files stop writes in the middle, as a full disk does."""
    sizes = sorted({p.stat().st_size for p in work.whole.iterdir() if p.stat().st_size > 4096})
    for i, size in enumerate((sizes[0], sizes[-1])):
        limited = folder / f"limited-{work.what.replace(' ', '-')}-{i}"
        limit = max(1, size // 2048)  # half of it, in KiB
        first = subprocess.run(["bash", "-c", f'trap "" XFSZ; ulimit -f {limit}; exec "$@"', "bash", *work.into(limited, "--resume")],
                               capture_output=True, text=True, check=False)
        check(first.returncode == 1 and "File too large" in first.stderr and good_networks(limited, work.whole),
              f"{work.what}, files up to {limit} KiB: {first.stderr.strip()[-120:]}")
        again = subprocess.run(work.into(limited, "--resume"), capture_output=True, text=True, check=False)
        check(again.returncode == 0 and work.equal(work.whole, limited), f"{work.what}: without the limit it ends like the unbroken one")


def unwritable(work: Work, locked: pathlib.Path) -> None:
    """A folder with an unfinished run that takes no new files: a clear message, and nothing good is lost."""
    shutil.copytree(work.whole, locked)
    last = max(locked.glob("*.safetensors"), key=lambda p: p.stat().st_mtime)
    for name in ("results.json", "report.html", "learning.json", "learning.html", last.name):
        (locked / name).unlink(missing_ok=True)  # as if it had been killed before its last network
    before = {p.name: p.read_bytes() for p in locked.iterdir()}
    root = os.geteuid() == 0
    if root and subprocess.run(["chattr", "+i", str(locked)], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        print(f"skip  {work.what}, unwritable folder: root may write everywhere here, and files cannot be frozen")
        return
    if not root:
        locked.chmod(0o555)
    try:
        done = subprocess.run(work.into(locked, "--resume"), capture_output=True, text=True, check=False)
        check(done.returncode == 1 and str(locked) in done.stderr, f"{work.what}, unwritable folder: {done.stderr.strip()[-160:]}")
    finally:
        if root:
            subprocess.run(["chattr", "-i", str(locked)], check=False)
        locked.chmod(0o755)
    # It may still let what is there change: the logs, the lock with the number of its process.
    after = {p.name: p.read_bytes() for p in locked.iterdir()}
    changed = [n for n, b in before.items() if not n.endswith(".jsonl") and n != ".mho.lock" and after.get(n) != b]
    check(not changed, f"{work.what}, unwritable folder: networks are as they were {changed or ''}".rstrip())


def main() -> int:
    """All of it; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mho", default=str(ROOT / "build/release/bin/mho"))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        write_data(work / "data")
        write_run(work / "run.json", work / "data")
        write_learning_run(work / "learning.json", work / "data")
        kinds = [Work("train", [args.mho, "train", str(work / "run.json")], work / "trained", same_run),
                 Work("evaluate", [args.mho, "evaluate", str(work / "trained")], work / "evaluated", same_evaluation),
                 Work("learning", [args.mho, "train", str(work / "learning.json")], work / "learnt", same_learning)]
        mounts = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False, stderr=subprocess.DEVNULL).returncode == 0
        if mounts:
            subprocess.run(["umount", "/mnt"], check=True)
        for kind in kinds:
            seconds = kind.unbroken()
            kill_at_random(kind, work / f"{kind.what}-killed", seconds, args.kills, rng)
            if mounts:
                full_disks(kind, work / f"{kind.what}-full")
            else:
                print("skip  full disk: mounting a small file system needs root")
            small_files(kind, work)
            unwritable(kind, work / f"{kind.what}-locked")
    print(f"{len(FAILURES)} wrong")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
