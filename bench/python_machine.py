# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""What the figures of the Python benchmarks belong to."""

import contextlib
import os
import pathlib
import platform
import time

import torch

import mho


def machine(**versions):
    """Processor, load, date and versions; `versions`: of further packages."""
    cpu = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), cpu)
    return {
        "cpu": cpu, "simd": torch.backends.cpu.get_cpu_capability(), "processors": os.cpu_count(),
        "threads": torch.get_num_threads(), "load": round(os.getloadavg()[0], 2), "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(), "mho": mho.__version__, "torch": torch.__version__, **versions,
    }


def line(report):
    """One line for people."""
    return ", ".join(f"{name} {value}" for name, value in report.items())
