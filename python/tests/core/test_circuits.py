# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Wires, converters, tiles of circuits."""

import numpy as np
import pytest

import mho


def cells(rows, columns, seed=0):
    return np.random.default_rng(seed).uniform(0.01, 1, (rows, columns))


def written_out(g, r):
    """Currents of a crossbar by the equations of all its nodes: word lines and bit lines with the
    resistance r on every segment, drivers at column 0, ground after the last row."""
    n, m = g.shape
    wire = 1 / r
    a = np.zeros((2 * n * m, 2 * n * m))
    source = np.zeros((2 * n * m, n))

    def add(i, j, conductance):
        a[i, i] += conductance
        if j is not None:
            a[j, j] += conductance
            a[i, j] -= conductance
            a[j, i] -= conductance

    for i in range(n):
        for j in range(m):
            word, bit = i * m + j, n * m + i * m + j
            add(word, bit, g[i, j])
            if j == 0:
                add(word, None, wire)
                source[word, i] = wire
            else:
                add(word, word - 1, wire)
            add(bit, bit + m if i + 1 < n else None, wire)
    potentials = np.linalg.solve(a, source)
    return (potentials[n * m + (n - 1) * m :] * wire).T  # [inputs, outputs]


def test_wires_against_the_circuit_written_out():
    g, r = cells(6, 5), 0.02
    wires = mho.Wires(g, {"row_resistance": r, "column_resistance": r})
    exact = written_out(g, r)
    v = np.random.default_rng(1).uniform(-1, 1, 6)
    found = wires.solve(v, tolerance=1e-13, voltages=True)
    np.testing.assert_allclose(found.currents, v @ exact, rtol=1e-9, atol=1e-12)
    assert found.residual < 1e-12 and found.newton_steps == 0 and found.balance < 1e-9
    assert found.cell_voltages[0].shape == (6, 5)
    effective = wires.effective()
    np.testing.assert_allclose(effective.conductance, exact, rtol=1e-8)
    assert effective.solves == 5
    assert np.allclose(mho.Wires(g).solve(v).currents, v @ g)


def test_closed_forms_say_how_wrong_they_are():
    g = cells(16, 12)
    lines = mho.config.WireConfig(row_resistance=1e-4, column_resistance=1e-4)
    effective, error = mho.dmr_conductances(g, lines)
    exact = mho.Wires(g, lines).effective().conductance
    assert 0 < np.abs(effective.sum(0) / exact.sum(0) - 1).max() < 2 * error.worst + 1e-6
    assert 0 < error.mean <= error.worst and error.drop > 0 and not error.warnings
    supply = {"topology": "supply line", "column_resistance": 1e-3}
    gates = (np.arange(16) % 2).astype(float)
    currents, error = mho.column_recursion(g, supply, gates)
    np.testing.assert_allclose(currents, mho.Wires(g, supply).solve(gates).currents, rtol=1e-8)
    assert error.worst < 1e-5


def test_cells_of_ones_own():
    g, v = cells(4, 3), np.array([1.0, 0.5, -0.3, 0.8])
    lines = {"row_resistance": 0.01, "column_resistance": 0.01}
    wires = mho.Wires(g, lines)
    k = 2.0
    own = lambda g, v: (g * np.sinh(k * v) / np.sinh(k), g * k * np.cosh(k * v) / np.sinh(k))
    found = wires.solve(v, law=own)
    np.testing.assert_allclose(found.currents, wires.solve(v, curvature=k).currents, rtol=1e-8)
    assert found.newton_steps > 0
    with pytest.raises(ZeroDivisionError):
        wires.solve(v, law=lambda g, v: 1 / 0)
    with pytest.raises(mho.InputError, match="curvature"):
        wires.solve(v, curvature=1.0, law=own)


def test_wrong_circuits_are_refused():
    with pytest.raises(mho.ConfigError, match=r"wires\.row_resistanc: unknown key, did you mean"):
        mho.Wires(cells(2, 2), {"row_resistanc": 1.0})
    with pytest.raises(mho.InputError, match="two matrices"):
        mho.Wires(cells(2, 2), {"topology": "input line pairs"})
    with pytest.raises((mho.InputError, mho.ConfigError)):
        mho.Wires(-cells(2, 2))
    with pytest.raises(mho.InputError):
        mho.Wires(cells(2, 2)).solve([1.0])


def test_converters():
    bank = mho.Converters("sar", 16)
    assert bank.converters == 2 and bank.codes == 256
    x = np.linspace(-1.2, 1.2, 64).reshape(4, 16)
    y = bank.convert(x)
    assert y.shape == x.shape and np.abs(y - np.clip(x, -1, 1)).max() < 2 / 256
    assert np.array_equal(bank.convert(2 * x, high=2.0), 2 * y)
    assert np.array_equal(mho.Converters("ideal", 16).convert(x), x.astype(np.float32))
    random = mho.Converters(mho.config.UniformAdc(bits=2, rounding="stochastic"), 16)
    assert not np.array_equal(random.convert(x, step=1), random.convert(x, step=2))
    assert np.array_equal(random.convert(x, step=1), random.convert(x, step=1))
    with pytest.raises(mho.InputError, match="16 columns"):
        bank.convert(np.zeros((2, 4)))
    with pytest.raises(mho.ConfigError, match="did you mean `sar`"):
        mho.Converters("sarr", 4)


def test_linearity():
    perfect = mho.adc_linearity(mho.config.SarAdc(bits=6), converters=2)
    assert all(c.largest_inl < 1e-6 and c.missing_codes == 0 for c in perfect)
    real = mho.adc_linearity(mho.config.SarAdc(bits=6, capacitor_sigma=0.05), converters=3)
    assert len(real) == 3 and len(real[0].dnl) == 62 and len(real[0].inl) == 63
    assert real[0].largest_inl > 0.01 and real[0].largest_inl != real[1].largest_inl


def test_a_tile_of_circuits():
    """Bit slices, converters and wires: the crossbar takes the place of the error terms."""
    hardware = mho.preset("crossbar sar")
    hardware.crossbar.adc = mho.config.IdealAdc()
    hardware.crossbar.cell.on_off_ratio = 0.0
    w = np.random.default_rng(2).uniform(-1, 1, (6, 20)).astype(np.float32)
    x = np.random.default_rng(3).uniform(-1, 1, (5, 20)).astype(np.float32)
    tile = mho.Tile(hardware, 6, 20)
    tile.set_weights(w)
    assert tile.g_max_us == 100.0
    slices = tile.conductances_us()
    assert len(slices) == 8 and slices[0].shape == (6, 20)
    # Eight bits of weight and input: errors of half a step each, over 20 inputs.
    assert np.abs(tile.apply(x) - x @ w.T).max() < 20 * 1.5 / 127
    hardware.crossbar.wires.row_resistance = hardware.crossbar.wires.column_resistance = 1e-3
    wired = mho.Tile(hardware, 6, 20)
    wired.set_weights(w)
    lost = np.abs(wired.apply(x)).sum() / np.abs(tile.apply(x)).sum()
    assert 0.5 < lost < 0.995
    # The slice of the highest bits by the solver itself: less current in every column that has any.
    lines = {name: getattr(hardware.crossbar.wires, name) for name in ("row_resistance", "column_resistance")}
    for g in (s.T / tile.g_max_us for s in slices[-2:]):
        behind = mho.Wires(g, lines).effective().conductance.sum(0)
        assert np.all(behind[g.sum(0) > 0] < g.sum(0)[g.sum(0) > 0])
