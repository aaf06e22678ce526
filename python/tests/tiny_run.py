# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""A run of a few random images and an untrained perceptron, in a folder: run.json."""

import json
import struct

import numpy as np

import mho


def idx(path, values):
    values = np.asarray(values, np.uint8)
    header = struct.pack(">BBBB", 0, 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
    path.write_bytes(header + values.tobytes())


def write_tiny_run(folder):
    """Writes run.json and what it names; returns its path."""
    r = np.random.default_rng(1)
    for name, count in (("train", 40), ("t10k", 30)):
        idx(folder / f"{name}-images-idx3-ubyte", r.integers(0, 256, (count, 28, 28)))
        idx(folder / f"{name}-labels-idx1-ubyte", r.integers(0, 10, count))
    mho.make_network("mlp", [1, 28, 28], [784, 12, 10], seed=1).save(str(folder / "float.safetensors"))
    run = {
        "name": "tiny",
        "data": {"set": "fashion mnist", "folder": str(folder)},
        "network": {"model": {"model": "mlp", "hidden": [12]}, "weights": "float.safetensors"},
        "hardware": {"preset": "standard"},
        "evaluation": {
            "times": [{"name": "1 day", "t_s": 86400.0}],
            "programmings": 2,
            "images": 30,
            "error_images": 0,
            "ablation": {"enabled": False, "time": "1 day"},
        },
    }
    (folder / "run.json").write_text(json.dumps(run))
    return str(folder / "run.json")
