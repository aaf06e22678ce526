# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Networks: files, execution, calibration; matrices for SciPy; runs and studies."""

import json

import numpy as np
import pytest

import mho
from mho import interop


def images(count=6):
    return np.random.default_rng(0).uniform(0, 255, (count, 784)).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    return mho.make_network("mlp", [1, 28, 28], [784, 20, 10], seed=1)


def test_files_and_execution(network, tmp_path):
    path = str(tmp_path / "n.safetensors")
    analog = network.map_to_hardware('{"preset": "standard"}')
    analog.initialize_input_ranges(images(64), batch=32)
    analog.save(path)
    again = mho.Network.load(path)
    assert again.analog_layers == ["fc1", "fc2"]
    assert json.loads(again.hardware_of("fc1")) == mho.preset("standard").to_dict()
    assert json.loads(again.graph)["layers"]
    outputs = []
    for n in (analog, again):
        chip = mho.Executor(n, seed=5, chip=2)
        chip.program()
        chip.advance_to(86400.0, 1)
        outputs.append(chip.run(images(), step=1))
    assert np.array_equal(*outputs)
    assert np.array_equal(chip.run(images()[2:], step=1, first_sample=2, threads=2), outputs[0][2:])
    assert chip.grid("fc1").inputs == 784
    assert sum(line["weights"] for line in again.summary()) > 784 * 20
    tensors = interop.read_safetensors(path)
    assert np.array_equal(tensors["fc1.tile_weight"], again.parameters["fc1.tile_weight"])
    with pytest.raises(mho.IoError, match="missing"):
        mho.Network.load(str(tmp_path / "missing"))


def test_digital_network_agrees_with_numpy(network):
    p = network.parameters
    x = images() / 255
    hidden = np.maximum(x @ p["fc1.weight"].T + p["fc1.bias"], 0)
    expected = hidden @ p["fc2.weight"].T + p["fc2.bias"]
    np.testing.assert_allclose(mho.Executor(network).run(images()), expected, rtol=1e-4, atol=1e-5)


def test_calibration(network):
    analog = network.map_to_hardware('{"preset": "light"}')
    analog.calibrate(images(50), '{"kind": "max"}')
    assert analog.parameters["fc1.input_range"].max() == pytest.approx(images(50).max() / 255)
    with pytest.raises(mho.ConfigError, match="calibration.kind"):
        analog.calibrate(images(50), '{"kind": "maximum"}')


def test_networks_from_parts():
    graph = {
        "name": "n", "input": {"shape": [1, 1, 3], "scale": 1.0},
        "layers": [{"name": "flatten", "op": "flatten", "inputs": ["input"]},
                   {"name": "fc", "op": "linear", "in_features": 3, "out_features": 2}],
    }
    w = np.arange(6, dtype=np.float32).reshape(2, 3)
    network = interop.network_from_parts(graph, {"fc.weight": w, "fc.bias": np.ones(2)})
    assert np.allclose(mho.Executor(network).run([[1, 2, 3]]), [[9, 27]])
    with pytest.raises(mho.ConfigError, match="fc"):
        interop.network_from_parts(graph, {"fc.weight": w})


def test_matrix():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(30, 30)) + 30 * np.eye(30)
    exact = mho.AnalogMatrix(a, "floating_point", programmed=False)
    x = rng.normal(size=30)
    assert exact.shape == (30, 30)
    np.testing.assert_allclose(exact @ x, a @ x, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(exact.T @ x, a.T @ x, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(exact @ a, a @ a, rtol=1e-3, atol=1e-2)
    noisy = mho.AnalogMatrix(a, "standard", seed=1)
    first = noisy @ x
    assert not np.array_equal(noisy @ x, first)
    noisy.reset()
    assert np.array_equal(noisy @ x, first)


def test_matrix_in_scipy():
    linalg = pytest.importorskip("scipy.sparse.linalg")
    rng = np.random.default_rng(1)
    a = rng.normal(size=(20, 20))
    a = a @ a.T + 20 * np.eye(20)
    operator = mho.AnalogMatrix(a, "floating_point", programmed=False).as_linear_operator()
    b = rng.normal(size=20)
    solution, _ = linalg.cg(operator, b, rtol=1e-4)
    np.testing.assert_allclose(a @ solution, b, atol=1e-2)


def test_studies():
    assert "mvm-error" in [s.name for s in mho.list_studies()]
    seen = []
    record = mho.run_study("mvm-error", threads=1, progress=lambda *a: seen.append(a))
    assert record["study"] == "mvm-error" and record["result" if "result" in record else "rows"]
    with pytest.raises(mho.ConfigError, match="did you mean"):
        mho.run_study("mvm-errors")


def test_zoo():
    assert mho.zoo_names()
    with pytest.raises(mho.InputError, match="did you mean"):
        mho.make_network("lenett")
