# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Plots: response of a device, drift of phase-change memory, a tile, weights."""

import sys

import matplotlib

import mho

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

figure, axes = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
mho.plots.response("reram es", axes[0, 0], cells=100)
mho.plots.drift("pcm", cells=200, ax=axes[0, 1])
tile = mho.Tile("standard", 32, 64, seed=1)
tile.program(np.random.default_rng(0).uniform(-1, 1, (32, 64)).astype(np.float32))
mho.plots.tile_response(tile, ax=axes[1, 0])
mho.plots.weights(tile.weights(), axes[1, 1])
path = sys.argv[1] if len(sys.argv) > 1 else "plots.png"
figure.savefig(path, dpi=80)
print("wrote", path)
