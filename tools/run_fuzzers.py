"""Runs every fuzzer of build/fuzz/bin for some seconds from its seeds in tests/fuzz/corpus, and says what they found.

    python3 tools/run_fuzzers.py [--seconds 60] [--jobs 1] [names ...]

Inputs that are found interesting on the way are kept below build/fuzz/corpus and taken up by the next run; an input that
crashes a fuzzer is left in build/fuzz/findings: fix, add it to tests/fuzz/corpus, and start again.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/fuzz"


def run(name: str, seconds: int) -> tuple[str, bool, str]:
    """One fuzzer: its name, whether it is clean, a line about it."""
    corpus, seeds, findings = BUILD / "corpus" / name, ROOT / "tests/fuzz/corpus" / name, BUILD / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    largest = max([p.stat().st_size for p in seeds.glob("*")] + [2048])
    # A golden record of weight noise takes two seconds of processor time under sanitizers, and several fuzzers may share one.
    command = [str(BUILD / f"bin/fuzz_{name}"), f"-max_total_time={seconds}", "-timeout=90", "-rss_limit_mb=3000",
               f"-max_len={2 * largest}", f"-artifact_prefix={findings}/{name}-", "-print_final_stats=1", str(corpus)]
    if seeds.exists():
        command.append(str(seeds))
    # libFuzzer looks for leaks now and then; ASan's allocator answers absurd requests like malloc.
    env = {**os.environ, "ASAN_OPTIONS": "allocator_may_return_null=1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=env, check=False)
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    line = f"{runs.group(1) if runs else '?'} inputs"
    if done.returncode != 0:
        (findings / f"{name}.log").write_text(done.stderr, encoding="utf-8")
        summary = re.findall(r"^(?:SUMMARY|==\d+== ERROR|.*runtime error).*$", done.stderr, re.MULTILINE)
        line += f"; FINDING, see {findings}/{name}.log: {summary[-1] if summary else done.stderr[-200:]}"
    return name, done.returncode == 0, line


def main() -> int:
    """Run all; 1 if any found something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    names = args.names or sorted(p.name.removeprefix("fuzz_") for p in (BUILD / "bin").glob("fuzz_*"))
    clean = True
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for name, good, line in pool.map(lambda n: run(n, args.seconds), names):
            print(f"{name:16} {line}", flush=True)
            clean = clean and good
    print(f"{len(names)} fuzzers, {args.seconds} s each: {'no finding' if clean else 'FINDINGS'}")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
