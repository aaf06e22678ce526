# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""A conductance model written in Python takes the place of phase-change memory."""

import numpy as np

import mho


class Filament(mho.ConductanceLaw):
    """Noise of programming grows with the conductance; the filament relaxes with the logarithm of time."""

    name = "filament"

    def program(self, g_max_us, target_us, programming_normal, drift_normal):
        noisy = target_us * (1 + 0.03 * programming_normal)
        return np.clip(noisy, 0, g_max_us), np.full_like(target_us, 0.005)

    def at_time(self, g_max_us, t_s, target_us, programmed_us, nu, read_normal, relaxation_normal):
        return programmed_us * (1 - nu * np.log1p(t_s)) * (1 + 0.01 * read_normal)


hardware = mho.preset("standard")
hardware.conductance = Filament()
tile = mho.Tile(hardware, 32, 32, seed=1)
weights = np.random.default_rng(0).uniform(-1, 1, (32, 32)).astype(np.float32)
tile.program(weights)
tile.advance_to(86400.0)
print(f"mean |w| after a day: {np.abs(tile.weights()).mean() / np.abs(weights).mean():.3f} of the target")
print(f"compensated by {tile.compensation[0]:.3f}")
