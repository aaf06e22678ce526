# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Random features: kernels, attention, ridge regression, and their products on tiles."""

import numpy as np
import pytest

import mho
from mho import features


def rows(count=30, size=16, seed=0):
    return np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)


@pytest.mark.parametrize("kernel", ["rbf", "arccos 0", "arccos 1", "arccos 2"])
def test_features_approach_the_kernel(kernel):
    x = rows()
    few = features.KernelFeatures(16, 64, kernel, gamma=0.1)
    many = features.KernelFeatures(16, 4096, kernel, gamma=0.1)
    assert many.error(x) < 0.5 * few.error(x) and many.error(x) < 0.1
    assert few(x).shape == (30, 128 if kernel == "rbf" else 64)


def test_the_kernels_themselves():
    x = rows(5)
    rbf = features.KernelFeatures(16, 8, "rbf", gamma=0.1).kernel_matrix(x)
    distance = ((x[:, None] - x) ** 2).sum(-1)
    np.testing.assert_allclose(rbf, np.exp(-0.1 * distance), rtol=1e-5)


@pytest.mark.parametrize("kind", ["gaussian", "orthogonal", "structured"])
def test_projections(kind):
    p = features.Projection(16, 32, kind, seed=3)
    assert p.matrix.shape == (32, 16)
    assert abs((p.matrix**2).mean() - 1) < 0.2
    if kind != "gaussian":
        gram = p.matrix[:16] @ p.matrix[:16].T
        assert np.abs(gram - np.diag(np.diag(gram))).max() < 1e-3
    np.testing.assert_allclose(p.project(rows()), rows() @ p.matrix.T, rtol=1e-5)
    with pytest.raises(mho.InputError, match="did you mean `gaussian`"):
        features.Projection(4, 4, "gausian")


def test_projections_on_tiles():
    x = np.clip(rows(200), -3, 3)
    z = features.KernelFeatures(16, 1024, gamma=0.1, seed=1)
    exact = z.error(x)
    digital = z(x)
    bound = features.adc_bound_for(z.projection, x, 3.0)
    z.projection.program(features.hermes_core(bound), input_range=3.0)
    assert 0.01 < np.linalg.norm(z(x) - digital) / np.linalg.norm(digital) < 0.3
    assert z.error(x) < exact + 0.1
    assert np.array_equal(z(x[5:], step=2, first_sample=5), z(x, step=2)[5:])
    z.projection.advance_to(365 * 86400.0)
    assert z.error(x) > exact + 0.05
    with pytest.raises(mho.InputError, match="program"):
        features.Projection(4, 4).advance_to(1.0)


def test_attention():
    q, k = rows(12, 8), rows(14, 8, 1)
    v = rows(14, 5, 2)
    exact = features.softmax_attention(q, k)
    scores = np.exp(q @ k.T / np.sqrt(8))
    np.testing.assert_allclose(exact, scores / scores.sum(1, keepdims=True), rtol=1e-5)
    favor = features.FavorAttention(8, 2048, seed=1)
    weights = favor.weights(q, k)
    assert np.linalg.norm(weights - exact) / np.linalg.norm(exact) < 0.2
    np.testing.assert_allclose(favor(q, k, v), weights @ v, rtol=1e-4, atol=1e-6)


def test_ridge_and_hadamard():
    z = rows(200, 6)
    y = z @ np.arange(12.0).reshape(2, 6).T + [1.0, -2.0]
    weights, intercept = features.fit_ridge(z, y, 1e-6)
    np.testing.assert_allclose(weights, np.arange(12.0).reshape(2, 6), atol=1e-3)
    np.testing.assert_allclose(intercept, [1, -2], atol=1e-3)
    labels = (z[:, 0] > 0).astype(int)
    weights, intercept = features.fit_ridge(z, labels, 1.0)
    assert ((z @ weights.T + intercept).argmax(1) == labels).mean() > 0.9
    h = features.fast_hadamard(np.eye(8))
    np.testing.assert_allclose(h @ h.T, np.eye(8), atol=1e-6)
    with pytest.raises(mho.InputError, match="power of two"):
        features.fast_hadamard(np.zeros(6))
