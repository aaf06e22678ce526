# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Laws written in Python take the place of those of the core."""

import numpy as np
import pytest

import mho


class ScaledNoise(mho.ConductanceLaw):
    name = "two percent"

    def program(self, g_max_us, target_us, programming_normal, drift_normal):
        noisy = np.clip(target_us + 0.02 * g_max_us * programming_normal, 0, None)
        return noisy.astype(np.float32), np.full_like(target_us, 0.05)

    def at_time(self, g_max_us, t_s, target_us, programmed_us, nu, read_normal, relaxation_normal):
        return programmed_us * (1 + t_s) ** -nu


class OnePair(mho.ConverterLaw):
    g_max_us = 20.0

    def slice_factors(self):
        return [1.0, -1.0]

    def fit_scale(self, weights):
        return 20.0 / max(float(np.abs(weights).max()), 1e-7)

    def to_slices(self, weights, us_per_weight):
        g = weights * us_per_weight
        return [np.clip(g, 0, 20), np.clip(-g, 0, 20)]

    def to_weights(self, slices, us_per_weight):
        return (slices[0] - slices[1]) / us_per_weight


class Mean(mho.CompensationLaw):
    def read(self, outputs):
        return float(np.abs(outputs).mean())

    def factors(self, baseline, present):
        return float(baseline[0] / present[0])


def weights():
    return np.random.default_rng(0).uniform(-1, 1, (24, 32)).astype(np.float32)


def test_conductance_and_converter():
    hardware = mho.preset("ideal")
    hardware.conductance, hardware.converter = ScaledNoise(), OnePair()
    hardware.drift_compensation = "none"
    tile = mho.Tile(hardware, 24, 32, seed=2)
    tile.program(weights())
    error = tile.weights() - weights()
    # Weights of |w| g_max far from 0 have the noise of their own device, 2 % of g_max.
    assert abs(error.std() - 0.02 * 1.25) < 0.01
    programmed = tile.weights()
    tile.advance_to(99.0)
    np.testing.assert_allclose(tile.weights(), programmed * 100**-0.05, rtol=2e-3, atol=1e-4)


def test_compensation():
    hardware = mho.preset("ideal")
    hardware.conductance = ScaledNoise()
    hardware.drift_compensation = Mean()
    tile = mho.Tile(hardware, 24, 32, seed=2)
    tile.program(weights())
    tile.advance_to(99.0)
    assert tile.compensation == pytest.approx([100**0.05], rel=1e-3)


def test_exceptions_of_a_law_arrive():
    class Broken(ScaledNoise):
        def program(self, *arguments):
            raise ZeroDivisionError("in the law")

    class Short(ScaledNoise):
        def at_time(self, *arguments):
            return np.zeros(1, np.float32)

    hardware = mho.preset("ideal")
    hardware.conductance = Broken()
    with pytest.raises(ZeroDivisionError, match="in the law"):
        mho.Tile(hardware, 24, 32).program(weights())
    hardware.conductance = Short()
    with pytest.raises(mho.InputError, match="at_time must return"):
        tile = mho.Tile(hardware, 24, 32)
        tile.program(weights())
        tile.advance_to(10.0)
    with pytest.raises(mho.InputError, match="has no program"):
        mho._core.Hardware("{}", conductance=3)
