# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Tiles, grids, arrays of all kinds, threads."""

import threading

import numpy as np
import pytest

import mho


def weights(rows, cols, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (rows, cols)).astype(np.float32)


def test_exact_hardware_is_a_product():
    tile = mho.Tile("floating_point", 5, 7)
    w, x = weights(5, 7), weights(3, 7, 1)
    tile.set_weights(w)
    np.testing.assert_allclose(tile.apply(x), x @ w.T, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(tile.apply_transposed(weights(2, 5, 2)), weights(2, 5, 2) @ w, rtol=1e-5, atol=1e-6)


def test_noise_belongs_to_step_and_sample():
    tile = mho.Tile("standard", 16, 8, seed=3)
    tile.set_weights(weights(16, 8))
    x = weights(6, 8, 1)
    y = tile.apply(x, step=4)
    assert np.array_equal(y, tile.apply(x, step=4))
    assert not np.array_equal(y, tile.apply(x, step=5))
    assert np.array_equal(y[2:], tile.apply(x[2:], step=4, first_sample=2))


def test_life_of_a_programmed_tile():
    tile = mho.Tile("pcm", 16, 32, seed=1)
    w = weights(16, 32)
    with pytest.raises(mho.InputError):
        tile.advance_to(1.0)
    tile.program(w)
    first = tile.weights()
    assert 0.001 < np.abs(first - w).std() < 0.2
    tile.advance_to(365 * 86400.0)
    assert np.abs(tile.weights()).mean() < np.abs(first).mean()
    assert tile.time_s == 365 * 86400.0 and tile.is_programmed
    plus, minus = tile.conductances_us()
    assert plus.shape == (16, 32) and plus.min() >= 0 and minus.min() >= 0
    tile.set_conductances_us([plus, minus])
    again = mho.Tile("pcm", 16, 32, seed=1)
    again.program(w)
    assert np.array_equal(again.weights(), first)


def test_vectors_and_shapes():
    tile = mho.Tile("ideal", 4, 3)
    tile.set_weights(weights(4, 3))
    x = weights(6, 3, 1)
    rows = tile.apply(x)
    assert tile.apply(x[0]).shape == (4,)
    assert np.array_equal(tile.apply(x[0]), rows[0])
    assert np.array_equal(tile.apply(x.reshape(2, 3, 3)), rows.reshape(2, 3, 4))


def test_arrays_are_not_copied_without_need():
    tile = mho.Tile("ideal", 4, 3)
    tile.set_weights(weights(4, 3))
    x = weights(8, 6, 1)
    out = np.zeros((8, 4), np.float32)
    assert tile.apply(np.ascontiguousarray(x[:, :3]), out=out) is out
    assert np.array_equal(tile.apply(x[:, :3]), out)  # rows with a stride
    assert np.array_equal(tile.apply(x[:, :3].astype(np.float64)), out)
    assert np.array_equal(tile.apply(x[:, :3].tolist()), out)
    assert np.array_equal(tile.apply(np.asfortranarray(x[:, :3])), out)


@pytest.mark.parametrize(
    "x, message",
    [
        (np.zeros((2, 4), np.float32), "4"),
        (np.full((2, 3), np.nan, np.float32), "NaN|finite"),
        ("abc", "array of numbers"),
        (3.0, "product|array"),
        (object(), "array of numbers"),
    ],
)
def test_bad_inputs_are_refused(x, message):
    tile = mho.Tile("ideal", 4, 3)
    with pytest.raises(mho.InputError, match=message):
        tile.apply(x)


def test_bad_outputs_are_refused():
    tile = mho.Tile("ideal", 4, 3)
    x = np.zeros((2, 3), np.float32)
    frozen = np.zeros((2, 4), np.float32)
    frozen.flags.writeable = False
    for out in (frozen, np.zeros((2, 4)), np.zeros((2, 5), np.float32)):
        with pytest.raises(mho.InputError):
            tile.apply(x, out=out)


def test_grid_cuts_and_scales():
    hardware = mho.preset("floating_point")
    hardware.mapping.max_inputs = 10
    hardware.mapping.max_outputs = 4
    grid = mho.TileGrid(hardware, 9, 25)
    w = 7 * weights(9, 25)
    grid.set_logical_weights(w)
    assert grid.input_offsets == [0, 9, 17, 25] and len(grid.output_offsets) == 4
    grid.set_bias(np.arange(9.0))
    x = weights(3, 25, 1)
    np.testing.assert_allclose(grid.apply(x), x @ w.T + np.arange(9), rtol=1e-4, atol=1e-4)
    assert grid.scales.shape == (3, 9)
    assert grid.tile(0, 1).inputs == 8


def test_threads_run_while_the_core_works():
    tile = mho.Tile("standard", 512, 512)
    tile.set_weights(weights(512, 512))
    x = weights(2000, 512, 1)
    turns, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            turns[0] += 1

    other = threading.Thread(target=count)
    other.start()
    before = turns[0]
    tile.apply(x)
    during = turns[0] - before
    stop.set()
    other.join()
    # Were the lock held, the other thread would not turn at all.
    assert during > 100
