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


class HalfWay(mho.StepLaw):
    """Every pulse goes a tenth of the way to its bound, with cycle noise."""

    name = "half way"

    def pulse(self, weight, up, step, min_bound, max_bound, normal):
        return weight + 0.1 * ((max_bound if up else min_bound) - weight) + 1e-4 * normal


def test_a_pulsed_device_of_ones_own():
    array = mho.PulsedArray(HalfWay(), 3, 4, seed=1)
    for k in range(40):
        array.pulse_all(True, k)
    assert np.all(array.weights() > 0.9 * array.table("max_bound"))
    array.pulse_all(False, 40)
    assert np.all(array.weights() < array.table("max_bound"))
    data = mho.device_response(HalfWay(), cells=20)
    assert data["nominal"].max() > 0.3
    own = HalfWay()
    own.device = mho.config.UserStep(w_max=0.2, w_max_dtod=0.0, dw_min=0.02)
    small = mho.PulsedArray(own, 3, 4)
    for k in range(60):
        small.pulse_all(True, k)
    assert np.abs(small.weights() - 0.2).max() < 0.01


def test_learners_on_a_device_of_ones_own():
    config = mho.config.TikiTaka(devices=[HalfWay(), mho.config.SoftBounds()])
    text = config.to_json()
    assert '"model": "user step", ' in text and "half way" in text
    for model in (config, {"model": "analog sgd", "device": HalfWay()},
                  mho.config.AnalogSgd(device=HalfWay())):
        learner = mho.learner(model, 3, 4, seed=1)
        before = learner.weights()
        for step in range(5):
            learner.update(np.ones((4, 4)), np.ones((4, 3)), rate=0.1, step=step)
        assert learner.activity()["pulses"] > 0 and not np.array_equal(learner.weights(), before)
    with pytest.raises(mho.ConfigError, match="user step.*law|law.*StepLaw"):
        mho.learner({"model": "analog sgd", "device": {"model": "user step"}}, 3, 4)
    with pytest.raises(mho.ConfigError, match=r"learning\.device\.dw_minn.*did you mean"):
        mho._core.make_learner(
            '{"model": "analog sgd", "device": {"model": "user step", "dw_minn": 1}}', 3, 4,
            laws=[HalfWay()])

    class Broken(mho.StepLaw):
        def pulse(self, *arguments):
            raise ZeroDivisionError("in the law")

    with pytest.raises(ZeroDivisionError, match="in the law"):
        mho.PulsedArray(Broken(), 3, 4).pulse_all(True, 0)
