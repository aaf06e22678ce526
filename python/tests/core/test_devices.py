# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Cells over time, pulsed arrays, learners, fits."""

import numpy as np
import pytest

import mho


def test_conductances_over_time():
    target = np.full((50, 40), 20.0, np.float32)
    at_0 = mho.conductances_at("pcm", target)
    later = mho.conductances_at("pcm", target, 1e7)
    assert at_0.shape == (50, 40)
    assert abs(at_0.mean() - 20) < 1 and at_0.std() > 0.1
    assert later.mean() < at_0.mean()
    assert np.array_equal(at_0, mho.conductances_at("pcm", target))


def test_pulsed_updates_follow_the_gradient():
    device = mho.device_preset("idealized")
    array = mho.PulsedArray(device, 6, 5, seed=1)
    rng = np.random.default_rng(0)
    x, d = rng.normal(size=(200, 5)), rng.normal(size=(200, 6))
    done = array.update(x, d, rate=0.001)
    wanted = -0.001 * d.T @ x
    assert np.corrcoef(array.weights().ravel(), wanted.ravel())[0, 1] > 0.9
    assert done["pulses"] > 0
    state = array.state()
    before = array.weights()
    array.update(x, d, rate=0.001, step=1)
    array.set_state(state)
    assert np.array_equal(array.weights(), before)


def test_learners_learn_and_keep_their_state():
    learner = mho.learner("agad capacitor", 4, 3, seed=2)
    rng = np.random.default_rng(0)
    target = rng.uniform(-0.3, 0.3, (4, 3))
    for step in range(450):
        x = rng.normal(size=(10, 3))
        learner.update(x, x @ (learner.weights() - target).T, rate=0.05, step=step)
        learner.end_of_batch(step)
    assert np.abs(learner.weights() - target).mean() < 0.6 * np.abs(target).mean()
    copy = mho.learner("agad capacitor", 4, 3, seed=2)
    copy.set_state(learner.state())
    assert np.array_equal(copy.weights(), learner.weights())
    assert learner.device_count >= 1 and learner.activity()["pulses"] > 0
    with pytest.raises(mho.ConfigError, match="did you mean"):
        mho.learner("agad capacitorr", 4, 3)
    with pytest.raises(mho.InputError):
        learner.update(np.zeros((2, 4)), np.zeros((2, 4)), 0.1)


def test_tables_resets_and_wear():
    array = mho.PulsedArray("idealized", 3, 4, seed=1)
    array.set_weights(np.full((3, 4), 0.2))
    steps = array.table("dwmin_up")
    array.set_table("dwmin_up", 2 * steps)
    assert np.allclose(array.table("dwmin_up"), 2 * steps)
    with pytest.raises(mho.InputError):
        array.set_table("dwmin_up", np.ones((2, 2)))
    with pytest.raises(mho.InputError, match="dwmin_upp"):
        array.set_table("dwmin_upp", steps)
    array.reset_columns(1, 2)
    weights = array.weights()
    assert np.abs(weights[:, [0, 3]] - 0.2).max() < 1e-6 and np.abs(weights[:, 1:3]).max() < 0.19
    array.drift(1000.0)
    with pytest.raises(mho.InputError):
        array.endurance()
    learner = mho.learner("sgd idealized", 4, 3, seed=2)
    learner.count_pulses()
    learner.update(np.ones((5, 3)), np.ones((5, 4)), rate=0.01)
    wear = learner.endurance()
    assert wear["most"] >= wear["mean"] > 0
    learner.reset_columns(0, 1)
    learner.set_table("dwmin_up", learner.table("dwmin_up"))


def test_response_of_a_device():
    data = mho.device_response("reram es", cells=50)
    assert len(data["pulse"]) == len(data["nominal"]) == len(data["spread"]["mean"])
    assert data["states"] > 1


def test_fit_recovers_a_device(tmp_path):
    array = mho.PulsedArray(
        {"model": "constant step", "dw_min": 0.02, "dw_min_dtod": 0, "up_down": 0,
         "up_down_dtod": 0, "w_max_dtod": 0, "w_min_dtod": 0, "dw_min_std": 0.2}, 1, 1)
    rows = ["pulses,weight", f"0,{array.weights()[0, 0]}"]
    for k in range(60):
        array.pulse_all(k < 30, k)
        rows.append(f"{1 if k < 30 else -1},{array.weights()[0, 0]}")
    file = tmp_path / "trace.csv"
    file.write_text("\n".join(rows))
    try:
        fits = mho.fit_devices(str(file), model="constant step")
    except mho.IoError as error:
        pytest.fail(str(error))
    assert fits[0]["device"]["dw_min"] == pytest.approx(0.02, rel=0.15)
