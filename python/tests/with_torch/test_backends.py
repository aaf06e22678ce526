# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""The two back ends mean the same: what is deterministic agrees, noise agrees in law."""

import mho.torch as mt
import pytest
import torch
from torch import nn

import mho


def pair(hardware, inputs=20, outputs=7, **options):
    made = []
    for backend in ("core", "torch"):
        torch.manual_seed(3)
        made.append(mt.AnalogLinear(inputs, outputs, hardware=hardware, backend=backend, **options))
    return made


def quiet(**changes):
    """The standard hardware without noise."""
    hardware = mho.preset("standard").replace(
        forward__output_noise__std=0.0, forward__weight_noise__kind="none",
        forward__weight_noise__std=0.0, modifier__kind="none",
    )
    return hardware.replace(**changes)


DETERMINISTIC = [
    quiet(),
    quiet(forward__adc__bound=1.5, mapping__max_inputs=8),
    quiet(forward__ir_drop__strength=0.0, mapping__learn_scales="none", remap__kind="none"),
    quiet(forward__noise_management__kind="abs max", input_range__enabled=False),
    quiet(gradient__mask_outputs=False, gradient__mask_inputs=False, forward__adc__bound=1.0),
    quiet(gradient__divide_by_range=True, mapping__per_column=False),
    quiet(input_range__decay=0.2, input_range__relative_gradient=False, clip__kind="layer gaussian"),
    quiet(modifier__kind="discretize", modifier__steps=14.0),
]


@pytest.mark.parametrize("first", [False, True], ids=["", "first layer"])
@pytest.mark.parametrize("hardware", DETERMINISTIC)
def test_deterministic_parts_agree(hardware, first):
    layers = pair(hardware)
    x = 2 * torch.randn(40, 20)
    direction = torch.randn(40, 7)
    results = []
    for layer in layers:
        layer.train()
        optimizer = mt.attach(torch.optim.SGD(layer.parameters(), lr=0.05), layer)
        for _ in range(3):
            leaf = x.clone().requires_grad_(not first)
            optimizer.zero_grad()
            y = layer(leaf)
            (y * direction).sum().backward()
            gradients = {n: p.grad.clone() for n, p in layer.named_parameters() if p.grad is not None}
            optimizer.step()
        results.append((y.detach(), leaf.grad, gradients, dict(layer.state_dict())))
    (y0, g0, d0, s0), (y1, g1, d1, s1) = results
    # The order of a sum may move a value over a rounding tie: to the next code of the ADC.
    close = (y0 - y1).abs() < 1e-4 * y0.abs().max()
    assert close.float().mean() > 0.97
    assert (g0 is None) == first
    if not first:
        torch.testing.assert_close(g0, g1, rtol=1e-3, atol=1e-3)
    assert d0.keys() == d1.keys()
    for name in d0:
        scale = float(d0[name].abs().max()) + 1e-6
        torch.testing.assert_close(d0[name] / scale, d1[name] / scale, rtol=0, atol=0.01, msg=name)
    for name in ("tile_weight", "scale", "input_range"):
        torch.testing.assert_close(s0[name], s1[name], rtol=1e-2, atol=1e-2, msg=name)


@pytest.mark.parametrize(
    "changes",
    [
        {"forward__output_noise__std": 0.04},
        {"forward__weight_noise__kind": "pcm read", "forward__weight_noise__std": 0.0175},
        {"forward__weight_noise__kind": "additive", "forward__weight_noise__std": 0.02},
        {"forward__dac__noise_std": 0.05},
        {"modifier__kind": "additive normal", "modifier__std": 0.1},
        {"modifier__kind": "multiplicative normal", "modifier__std": 0.1},
        {"modifier__kind": "drop connect", "modifier__drop_probability": 0.2},
    ],
)
def test_noise_agrees_in_law(changes):
    hardware = quiet(forward__adc__steps=0.0, forward__dac__steps=0.0, **changes)
    layers = pair(hardware)
    for layer in layers:
        layer.train()
        layer.range_batches.fill_(1000)
    x = torch.randn(3, 20)
    n = 400
    with torch.no_grad():
        samples = [torch.stack([layer(x) for _ in range(n)]) for layer in layers]
    # Standard deviations from n values: relative error 1 / sqrt(2 n), 21 outputs, 5.5 sigma.
    means = [s.mean(0) for s in samples]
    stds = [s.std(0) for s in samples]
    bound = 5.5 * (stds[0] ** 2 + stds[1] ** 2).sqrt() / n**0.5
    assert bool(((means[0] - means[1]).abs() <= bound + 1e-6).all())
    ratio = (stds[0] / stds[1]).log().abs()
    assert float(ratio.max()) < 5.5 * (1 / n) ** 0.5 * 1.3


def test_settings_that_the_torch_back_end_does_not_cover_are_refused():
    hardware = mho.preset("standard").replace(forward__mode="separate polarities")
    with pytest.raises(mho.InputError, match="hardware.forward.mode"):
        mt.AnalogLinear(4, 3, hardware=hardware, backend="torch")(torch.zeros(1, 4))


@pytest.mark.parametrize("backend", ["core", "torch"])
def test_compiled_models_have_no_graph_breaks(backend):
    model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 4))
    hardware = mho.preset("light").replace(input_range__init_batches=0)
    analog = mt.convert(model, hardware, backend=backend).train()
    x = torch.randn(16, 10)
    compiled = torch.compile(analog, fullgraph=True, backend="aot_eager")
    y = compiled(x)
    y.square().mean().backward()
    assert y.shape == (16, 4) and analog[0].tile_weight.grad.abs().sum() > 0
    if backend == "core":
        mt.set_step(analog, 4)
        torch.testing.assert_close(compiled(x), analog(x), rtol=0, atol=0)


@pytest.mark.parametrize("case", ["inner layer", "first layer", "frozen"])
@pytest.mark.parametrize("backend", ["core", "torch"])
def test_compiled_gradients_are_those_of_eager_passes(backend, case):
    torch._dynamo.reset()  # compilations of earlier tests count against one limit
    model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 4))
    hardware = quiet(input_range__init_batches=0, forward__adc__bound=0.8)
    analog = mt.convert(model, hardware, backend=backend).train()
    if case == "frozen":
        analog.requires_grad_(False)
    first = case == "first layer"
    gradients = []
    x = torch.randn(16, 10)
    for run in (analog, torch.compile(analog, fullgraph=True, backend="aot_eager")):
        leaf = x.clone().requires_grad_(not first)
        analog.zero_grad()
        run(leaf).square().mean().backward()
        learned = {n: p.grad.clone() for n, p in analog.named_parameters() if p.requires_grad}
        gradients.append(learned if first else {"x": leaf.grad, **learned})
    assert gradients[0]["0.input_range" if first else "x"].abs().sum() > 0
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-6)


def test_operators_pass_the_checks_of_torch():
    layer = mt.AnalogLinear(6, 4, hardware="light").train()
    layer.range_batches.fill_(1000)
    arguments = (
        torch.randn(5, 6, requires_grad=True), layer.tile_weight, layer.learned_scale, layer.input_range,
        layer.bias, layer.scale, torch.tensor(3), layer._number, 0, 1.0, True,
    )
    torch.library.opcheck(
        torch.ops.mho.analog.default, arguments,
        test_utils=("test_schema", "test_faketensor", "test_autograd_registration"),
    )


def test_normal_numbers_of_the_torch_back_end():
    from mho.torch.noise import add_normals, normals_like

    torch.manual_seed(4)
    x = torch.full((400, 500), 2.0, requires_grad=True)
    y = add_normals(x, torch.tensor(0.5))
    y.sum().backward()
    assert bool((x.grad == 1).all())
    z = ((y - x) / 0.5).detach().flatten()
    n = z.numel()
    # Mean, variance and fourth moment at five standard errors; neighbours do not correlate.
    assert abs(float(z.mean())) < 5 / n**0.5
    assert abs(float(z.var()) - 1) < 5 * (2 / n) ** 0.5
    assert abs(float((z**4).mean()) - 3) < 5 * (96 / n) ** 0.5
    assert abs(float((z[1:] * z[:-1]).mean())) < 5 / n**0.5
    torch.manual_seed(4)
    torch.testing.assert_close(add_normals(x, 0.5), y, rtol=0, atol=0)
    assert not torch.equal(normals_like(x), normals_like(x))
    # In units of the largest |x|, 1 where all are 0.
    for values, unit in ((-3 * x.detach(), 6.0), (torch.zeros(400, 500), 1.0)):
        torch.manual_seed(4)
        relative = add_normals(values, 0.5 / unit, relative=True)
        torch.testing.assert_close(relative - values, (y - x).detach(), rtol=0, atol=1e-5)
    torch.library.opcheck(
        torch.ops.mho.add_normals.default,
        (x[:3, :4].detach(), torch.tensor(0.1), torch.tensor(7), False),
        test_utils=("test_schema", "test_faketensor", "test_autograd_registration"),
    )


@pytest.mark.parametrize("range_", [2.5, 0.5], ids=["few outside", "many outside"])
def test_gradients_of_the_inputs_outside_stand_for_the_whole_product(range_):
    from mho.torch.outside import outside_sums

    torch.manual_seed(5)
    u = torch.randn(40, 60) / range_
    u[0, :2] = torch.tensor([1.0, -1.0])  # on the edge is outside
    errors, weights = torch.randn(40, 30), torch.randn(30, 70)[:, 5:65]
    got = torch.ops.mho.outside_products(u, errors, weights)
    expected = torch.stack(outside_sums(u, errors @ weights))
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
    gradient = errors @ weights
    slow = sum(min(float(g) if v > 0 else -float(g), 0.0)
               for v, g in zip(u.flatten(), gradient.flatten()) if abs(float(v)) >= 1)
    assert abs(slow - float(got[0])) < 1e-3
    assert float(got[1]) == pytest.approx(float((u.abs() < 1).float().mean()), abs=1e-6)
    torch.library.opcheck(
        torch.ops.mho.outside_products.default, (u, errors, weights),
        test_utils=("test_schema", "test_faketensor"),
    )
