# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""One crossbar: program a matrix, multiply, let a year pass."""

import numpy as np

import mho

rng = np.random.default_rng(0)
weights = rng.uniform(-1, 1, (64, 128)).astype(np.float32)
x = rng.uniform(-1, 1, (10, 128)).astype(np.float32)

tile = mho.Tile("standard", outputs=64, inputs=128, seed=1)
tile.program(weights)
for name, t in (("now", 0.0), ("a day", 86400.0), ("a year", 365 * 86400.0)):
    tile.advance_to(t, read_step=1)
    y = tile.apply(x, step=1)
    exact = x @ weights.T
    error = np.linalg.norm(y - exact) / np.linalg.norm(exact)
    print(f"{name:>7}: relative error {error:.3f}, compensation {tile.compensation[0]:.3f}")
