# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Layers: equal to the core's tiles bit by bit, gradients, states, copies."""

import copy
import io
import pickle

import mho.torch as mt
import numpy as np
import pytest
import torch
from torch import nn

import mho


def exact(**changes):
    hardware = mho.preset("floating_point")
    hardware.input_range.enabled = False
    hardware.modifier.kind = "none"
    return hardware.replace(**changes)


def test_a_pass_has_the_bits_of_the_core():
    layer = mt.AnalogLinear(700, 30, hardware="standard", name="fc", seed=7).eval()
    mt.set_step(layer, 3)
    x = torch.randn(9, 700)
    grid = mho.TileGrid("standard", 30, 700, seed=7, name="fc")
    grid.set_weights(layer.tile_weight.detach())
    grid.set_scales(layer.scale)
    grid.set_bias(layer.bias.detach())
    grid.set_input_ranges(layer.input_range.tolist())
    assert np.array_equal(grid.apply(x, step=3), layer(x).detach().numpy())
    layer.program(chip=2)
    layer.advance_to(3600.0, 5)
    chip = mho.TileGrid("standard", 30, 700, seed=7, name="fc", chip=2)
    chip.program(layer.tile_weight.detach())
    chip.set_scales(layer.scale)
    chip.set_bias(layer.bias.detach())
    chip.set_input_ranges(layer.input_range.tolist())
    chip.advance_to(3600.0, 5)
    assert np.array_equal(chip.apply(x, step=3), layer(x).detach().numpy())


@pytest.mark.parametrize(
    "plain, shape",
    [
        (nn.Linear(6, 5), (4, 6)),
        (nn.Linear(6, 5, bias=False), (2, 3, 6)),
        (nn.Conv1d(4, 6, 3, stride=2, padding=1), (2, 4, 11)),
        (nn.Conv2d(4, 6, (3, 2), padding=1, groups=2), (2, 4, 7, 6)),
        (nn.Conv2d(3, 4, 3, dilation=2, stride=2), (2, 3, 9, 9)),
        (nn.Conv3d(2, 4, 2, stride=(1, 2, 1), padding=1), (2, 2, 4, 5, 6)),
        (nn.RNN(5, 4, batch_first=True), (2, 6, 5)),
        (nn.LSTM(5, 4, num_layers=2, bidirectional=True), (6, 2, 5)),
        (nn.GRU(5, 4, bidirectional=True, bias=False), (6, 2, 5)),
    ],
)
@pytest.mark.parametrize("backend", ["core", "torch"])
@pytest.mark.parametrize("analog_bias", [False, True])
def test_exact_hardware_is_torch(plain, shape, backend, analog_bias):
    hardware = exact(mapping__analog_bias=analog_bias, mapping__max_inputs=4, remap__kind="none")
    analog = mt.convert(plain, hardware, backend=backend)
    x = torch.randn(shape, requires_grad=True)
    other = x.detach().clone().requires_grad_()
    first = lambda y: y[0] if isinstance(y, tuple) else y
    expected, got = first(plain(x)), first(analog(other))
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)
    direction = torch.randn_like(expected)
    (expected * direction).sum().backward()
    (got * direction).sum().backward()
    torch.testing.assert_close(other.grad, x.grad, rtol=1e-4, atol=1e-5)
    back = mt.to_digital(analog)
    assert type(back) is type(plain)
    for (name, p), (_, q) in zip(plain.named_parameters(), back.named_parameters()):
        torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6, msg=name)


def test_weight_gradients_are_those_of_the_logical_weights():
    plain = nn.Linear(8, 5)
    analog = mt.convert(plain, exact(remap__kind="none"))
    x, direction = torch.randn(6, 8), torch.randn(6, 5)
    (plain(x) * direction).sum().backward()
    (analog(x) * direction).sum().backward()
    scale = analog.scale[0][:, None]
    torch.testing.assert_close(analog.tile_weight.grad * scale, plain.weight.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(analog.bias.grad, plain.bias.grad)
    mt.attach(torch.optim.SGD(analog.parameters(), lr=0.1), analog).step()
    torch.optim.SGD(plain.parameters(), lr=0.1).step()
    torch.testing.assert_close(analog.logical_weight(), plain.weight.detach(), rtol=1e-4, atol=1e-5)


def test_masks_and_the_gradient_of_the_range():
    hardware = exact(input_range__enabled=True, input_range__init_batches=0, input_range__initial=1.0)
    layer = mt.AnalogLinear(3, 2, bias=False, hardware=hardware)
    layer.set_weights(torch.tensor([[1.0, 0.5, 0.25], [0.5, 1.0, 1.0]]))
    x = torch.tensor([[0.5, 2.0, -3.0]], requires_grad=True)
    y = layer(x)
    torch.testing.assert_close(y, torch.tensor([[0.5 + 0.5 - 0.25, 0.25 + 1 - 1]]))
    y[0, 0].neg().backward()
    torch.testing.assert_close(x.grad, torch.tensor([[-1.0, 0, 0]]))
    # Grows where larger inputs lower the loss: min(-0.5, 0) at x >= R; max(-0.25, 0) = 0 at x <= -R.
    # One of three inputs is inside: below the share from which the range decays.
    torch.testing.assert_close(layer.input_range.grad, torch.tensor([-0.5]))


def test_shapes_and_types_are_checked():
    layer = mt.AnalogLinear(3, 2, hardware="light")
    with pytest.raises(mho.InputError, match=r"inputs must be \[\.\.\., 3\]"):
        layer(torch.zeros(2, 4))
    with pytest.raises(mho.InputError, match="channels"):
        mt.AnalogConv2d(3, 4, 3, groups=2)
    with pytest.raises(mho.InputError, match="did you mean `torch`"):
        mt.AnalogLinear(3, 2, backend="tourch")
    with pytest.raises(mho.ConfigError, match="forward.adc.steps"):
        mt.AnalogLinear(3, 2, hardware={"forward": {"adc": {"steps": -2}}})
    with pytest.raises(mho.InputError, match="requires a gradient"):
        mho.Tile("ideal", 2, 3).apply(torch.zeros(1, 3, requires_grad=True))


def test_bfloat16_in_and_out():
    layer = mt.AnalogLinear(16, 8, hardware="light").train()
    x = torch.randn(4, 16, dtype=torch.bfloat16, requires_grad=True)
    y = layer(x)
    assert y.dtype == torch.bfloat16
    y.float().square().sum().backward()
    assert x.grad.dtype == torch.bfloat16 and layer.tile_weight.grad.dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(torch.randn(4, 16)).shape == (4, 8)


@pytest.mark.parametrize("backend", ["core", "torch"])
def test_models_of_another_type_keep_their_analog_weights(backend):
    plain = nn.Sequential(nn.Linear(16, 8), nn.LayerNorm(8), nn.Linear(8, 4))
    x = torch.randn(5, 16)
    analog = mt.convert(plain, exact(), backend=backend)
    for dtype, tolerance in ((torch.bfloat16, 0.05), (torch.float64, 1e-5)):
        other = copy.deepcopy(analog).to(dtype)
        assert other[0].tile_weight.dtype == torch.float32 and other[1].weight.dtype == dtype
        y = other(x.to(dtype))
        assert y.dtype == dtype
        torch.testing.assert_close(y.float(), plain(x), rtol=tolerance, atol=tolerance)
        y.sum().backward()
    half = {k: v.to(torch.bfloat16) if v.is_floating_point() else v for k, v in analog.state_dict().items()}
    analog.load_state_dict(half, assign=True)
    assert analog[0].tile_weight.dtype == torch.float32
    torch.testing.assert_close(analog[0](x), plain[0](x), rtol=0.05, atol=0.05)
    other = lightning(mho.config.LightningLayer()).bfloat16()
    assert other.weight.dtype == torch.float32 and other(torch.ones(2, 20).bfloat16()).dtype == torch.bfloat16
    # A model that is in bfloat16 when it is converted.
    early = mt.convert(copy.deepcopy(plain).bfloat16(), exact(), backend=backend)
    torch.testing.assert_close(early(x.bfloat16()).float(), plain(x), rtol=0.05, atol=0.05)


def trained(backend="core"):
    layer = mt.AnalogLinear(12, 6, hardware="standard", name="a", seed=4, backend=backend).train()
    optimizer = mt.attach(torch.optim.SGD(layer.parameters(), lr=0.1), layer)
    for _ in range(3):
        optimizer.zero_grad()
        layer(torch.randn(8, 12)).square().mean().backward()
        optimizer.step()
    return layer


def test_copies_give_the_same_numbers(tmp_path):
    layer = trained().eval()
    layer.program(chip=1)
    layer.advance_to(1e6, 2)
    mt.set_step(layer, 9)
    x = torch.randn(5, 12)
    expected = layer(x)
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    copies = [copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), torch.load(file, weights_only=False)]
    other = mt.AnalogLinear(12, 6, hardware="standard")
    path = tmp_path / "state.pt"
    torch.save(layer.state_dict(), path)
    other.load_state_dict(torch.load(path, weights_only=True))
    copies.append(other.eval())
    for c in copies:
        mt.set_step(c, 9)
        assert torch.equal(c(x), expected)


def test_states_of_other_hardware_are_refused():
    state = mt.AnalogLinear(12, 6, hardware="standard").state_dict()
    with pytest.raises(RuntimeError, match=r"hardware\.forward\.adc\.steps is 254.* there, 510"):
        mt.AnalogLinear(
            12, 6, hardware=mho.preset("standard").replace(forward__adc__steps=510.0)
        ).load_state_dict(state)
    with pytest.raises(RuntimeError, match="size mismatch"):
        mt.AnalogLinear(12, 7, hardware="standard").load_state_dict(state)
    del state["scale"]
    with pytest.raises(RuntimeError, match="Missing key"):
        mt.AnalogLinear(12, 6, hardware="standard").load_state_dict(state)


def test_forward_leaves_weights_alone_and_noise_is_fresh():
    layer = mt.AnalogLinear(12, 6, hardware=mho.preset("standard").replace(
        modifier__kind="additive normal", modifier__std=0.1)).train()
    before = layer.tile_weight.detach().clone()
    x = torch.randn(4, 12)
    first, second = layer(x), layer(x)
    assert not torch.equal(first, second)
    assert torch.equal(layer.tile_weight, before)
    torch.manual_seed(5)
    first = layer(x)
    torch.manual_seed(5)
    assert torch.equal(layer(x), first)


def test_learning_in_memory():
    model = nn.Sequential(nn.Linear(10, 12), nn.Tanh(), nn.Linear(12, 2))
    analog = mt.convert(model, "floating_point", seed=1).train()
    optimizer = mt.AnalogSGD(analog, lr=0.2, learner={"model": "analog sgd"})
    x = torch.randn(64, 10)
    y = (x[:, :2].sum(1) > 0).long()
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(analog(x), y)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
    twin = copy.deepcopy(analog)
    for (_, a), (_, b) in zip(mt.analog_layers(analog), mt.analog_layers(twin)):
        assert torch.equal(a.tile_weight, b.tile_weight)
        assert all(np.array_equal(p[1].weights(), q[1].weights()) for p, q in zip(a._learners, b._learners))
    with pytest.raises(mho.InputError, match="no learner"):
        mt.AnalogSGD(mt.convert(model), lr=0.1)


@pytest.mark.parametrize("backend", ["core", "torch"])
@pytest.mark.parametrize("per_column", [False, True])
def test_adc_bounds_of_aihwkit_lightning(backend, per_column):
    """aihwkit-lightning 2.1: for every piece of the inputs with range R and largest weight w_max (of a
    row, or of all rows), outputs are rounded to steps of 2 b / n and cut at b = out_bound R w_max; errors
    pass where they were not cut, inputs where |x| <= R."""
    bound, steps, r = 1.5, 62.0, 2.0
    hardware = exact(
        mapping__per_column=per_column, mapping__max_inputs=10, remap__kind="none", input_range__enabled=True,
        input_range__learn=False, input_range__init_batches=0, input_range__initial=r, forward__perfect=False,
        forward__dac__steps=254.0, forward__adc__steps=steps, forward__adc__bound=bound,
        forward__output_noise__std=0.0, forward__weight_noise__kind="none", forward__ir_drop__strength=0.0,
    )
    plain = nn.Linear(20, 6)
    layer = mt.convert(plain, hardware, backend=backend).train()
    x = (1.5 * torch.randn(64, 20)).requires_grad_()
    y = layer(x)
    direction = torch.randn(64, 6)
    (y * direction).sum().backward()
    expected, error, cut = plain.bias.detach().repeat(64, 1), torch.zeros(64, 20), 0
    for piece in (slice(0, 10), slice(10, 20)):
        w = plain.weight.detach()[:, piece]
        largest = w.abs().amax(1) if per_column else w.abs().max().expand(6)
        inputs = x.detach()[:, piece].clamp(-r, r)
        inputs = torch.round(inputs / (2 * r / 254)) * (2 * r / 254)
        raw, b = inputs @ w.t(), bound * r * largest
        expected = expected + (torch.round(raw / (2 * b / steps)) * (2 * b / steps)).clamp(-b, b)
        passed = direction * (raw.abs() <= b)
        cut += int((raw.abs() > b).sum())
        error[:, piece] = (passed @ w) * (x.detach()[:, piece].abs() <= r)
    assert cut > 20
    # A sum in another order may fall on the other side of a rounding tie: one step of one piece.
    step = 2 * bound * r * plain.weight.abs().max() / steps
    off = (y - expected).abs()
    assert (off < 1e-4).float().mean() > 0.97 and off.max() <= 1.01 * step
    close = (x.grad - error).abs() < 1e-4
    assert close.float().mean() > 0.97


class Fading(mho.ConductanceLaw):
    """No noise; conductances fall to a tenth after any time."""

    def program(self, g_max_us, target_us, programming_normal, drift_normal):
        return target_us, np.zeros_like(target_us)

    def at_time(self, g_max_us, t_s, target_us, programmed_us, nu, read_normal, relaxation_normal):
        return programmed_us * (0.1 if t_s > 0 else 1.0)


class Doubling(mho.CompensationLaw):
    """A factor of two whatever was read."""

    def read(self, outputs):
        return 1.0

    def factors(self, baseline, present):
        return 2.0


def test_laws_of_ones_own_in_a_converted_model():
    hardware = exact(remap__kind="none")
    hardware.conductance, hardware.drift_compensation = Fading(), Doubling()
    plain = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4, bias=False))
    analog = mt.convert(plain, hardware).eval()
    for model in (analog, copy.deepcopy(analog), pickle.loads(pickle.dumps(analog))):
        mt.program(model)
        x = torch.randn(3, 6)
        torch.testing.assert_close(model[0](x), plain[0](x), rtol=1e-4, atol=1e-5)
        mt.advance_to(model, 10.0)
        faded = 0.2 * (plain[0](x) - plain[0].bias) + plain[0].bias
        torch.testing.assert_close(model[0](x), faded, rtol=1e-4, atol=1e-5)
        mt.use_compensation(model, False)
        torch.testing.assert_close(model[2](x[:, :5]), 0.1 * plain[2](x[:, :5]), rtol=1e-4, atol=1e-5)


class Stubborn(mho.StepLaw):
    """Steps up act, steps down do nothing."""

    def pulse(self, weight, up, step, min_bound, max_bound, normal):
        return weight + (step if up else 0.0)


def test_a_device_of_ones_own_learns_in_a_model():
    layer = mt.convert(nn.Linear(4, 3, bias=False), "floating_point", seed=1).train()
    optimizer = mt.AnalogSGD(layer, lr=0.1, learner=mho.config.AnalogSgd(device=Stubborn()))
    before = layer.tile_weight.detach().clone()
    for sign in (1.0, -1.0):
        optimizer.zero_grad()
        (sign * layer(torch.ones(8, 4))).sum().backward()
        optimizer.step()
    change = layer.tile_weight.detach() - before
    assert change.min() >= 0 and change.mean() > 0.01
    twin = pickle.loads(pickle.dumps(layer))
    assert torch.equal(twin.tile_weight, layer.tile_weight) and isinstance(twin._learner_laws[0], Stubborn)


def lightning(layer, rows=6, columns=20, **options):
    torch.manual_seed(2)
    return mt.LightningLinear(columns, rows, layer=layer, name="fc", seed=4, **options)


def test_the_layer_of_aihwkit_lightning():
    """Against its law written out: range, rounding, bound and learned clips, in evaluation."""
    config = mho.config.LightningLayer(
        max_inputs=10, range="learned", initial_range=1.5, input_steps=62.0, output_steps=126.0, output_bound=3.0,
        clip="learned per channel", weight_noise_scope="per channel", weight_noise=0.05, init_batches=0,
    )
    layer = lightning(config).eval()
    with torch.no_grad():
        layer.weight_clip.mul_(0.8)
    x = torch.randn(16, 20)
    expected = layer.bias.detach().repeat(16, 1)
    for p, piece in enumerate((slice(0, 10), slice(10, 20))):
        w, clip = layer.weight.detach()[:, piece], layer.weight_clip.detach()[p][:, None]
        step = 2 * 1.5 / 62
        inputs = torch.round(x[:, piece].clamp(-1.5, 1.5) / step) * step
        bound = 3.0 * 1.5 * w.abs().amax(1)
        y = inputs @ w.clamp(-clip, clip).t()
        expected = expected + (torch.round(y / (2 * bound / 126)) * (2 * bound / 126)).clamp(-bound, bound)
    got = layer(x)
    assert ((got - expected).abs() < 1e-5).float().mean() > 0.97
    torch.testing.assert_close(got, expected, rtol=0, atol=2 * float(2 * 3.0 * 1.5 * layer.weight.abs().max() / 126))
    assert not torch.equal(layer.train()(x), layer(x))


def test_the_layer_of_aihwkit_lightning_learns():
    config, _ = mho.lightning_layer({
        "forward": {"inp_res": 254, "out_res": 254, "out_bound": 10.0},
        "clip": {"type": "LAYER_GAUSSIAN", "sigma": 2.0},
        "modifier": {"noise_type": "ADD_NORMAL_PER_CHANNEL", "std_dev": 0.02},
        "pre_post": {"input_range": {"enable": True, "init_from_data": 5, "decay": 0.01}},
    })
    model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 2))
    trained = mt.convert_lightning(model, config).train()
    assert torch.equal(trained[0].weight, model[0].weight)
    optimizer = mt.attach(torch.optim.AdamW(trained.parameters(), lr=0.01), trained)
    x = torch.randn(128, 12)
    y = (x[:, 0] > x[:, 1]).long()
    for _ in range(60):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(trained(x), y)
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.3
    # The clip acts after a step: the deviation that it was taken from is at most that of now.
    assert trained[0].weight.abs().max() <= 2.0 * trained[0].weight.std() * 1.2
    assert torch.all(trained[0].range_batches == 5) and torch.all(trained[0].input_range != 3.0)
    # Copies, states, and on to chips with the ranges that were learned.
    twin = pickle.loads(pickle.dumps(trained)).eval()
    fresh = mt.convert_lightning(model, config).eval()
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(twin(x), trained.eval()(x)) and torch.equal(fresh(x), twin(x))
    analog = mt.convert(trained, "standard")
    assert isinstance(analog[0], mt.AnalogLinear) and torch.equal(analog[0].input_range, trained[0].input_range)
    mt.advance_to(mt.program(analog), 86400.0)
    with torch.no_grad():
        assert ((analog(x).argmax(1) == y).float().mean()) > 0.85
    with pytest.raises(mho.InputError, match="no linear layer matches"):
        mt.convert_lightning(model, config, exclude=["7"])
    with pytest.raises(mho.ConfigError, match=r"layer\.output_steps"):
        mt.LightningLinear(4, 3, layer=mho.config.LightningLayer(output_steps=3.0))


def test_gradients_of_learned_clips_and_ranges():
    """The learned clip moves where weights are cut, the range where inputs are."""
    config = mho.config.LightningLayer(range="learned", init_batches=0, initial_range=0.5, clip="learned per channel")
    layer = lightning(config).train()
    with torch.no_grad():
        layer.weight_clip.mul_(0.5)
    x = torch.randn(8, 20, requires_grad=True)
    layer(x).square().sum().backward()
    assert layer.weight_clip.grad.shape == (1, 6) and layer.weight_clip.grad.abs().min() > 0
    assert layer.input_range.grad.abs() > 0
    assert torch.equal(x.grad == 0, x.detach().abs() > 0.5)


def test_the_layer_of_aihwkit_lightning_itself():
    """Where the package is installed: its own layer with the same weights gives the same numbers."""
    configs = pytest.importorskip("aihwkit_lightning.simulator.configs")
    from aihwkit_lightning.nn import AnalogLinear

    rpu = configs.TorchInferenceRPUConfig()
    rpu.forward.inp_res, rpu.forward.out_res, rpu.forward.out_bound = 254, 254, 8.0
    rpu.pre_post.input_range.enable, rpu.pre_post.input_range.init_value = True, 2.0
    rpu.pre_post.input_range.init_from_data = 0
    rpu.mapping.max_input_size = 12
    theirs = AnalogLinear(20, 6, rpu_config=rpu)
    mine = lightning(mho.lightning_layer(rpu)[0])
    with torch.no_grad():
        mine.weight.copy_(theirs.weight)
        mine.bias.copy_(theirs.bias)
    x = torch.randn(32, 20)
    leaves = [x.clone().requires_grad_() for _ in range(2)]
    outputs = [layer(leaf) for layer, leaf in zip((theirs, mine), leaves)]
    assert ((outputs[0] - outputs[1]).abs() < 1e-5).float().mean() > 0.97
    for y in outputs:
        (y * torch.arange(6.0)).sum().backward()
    close = (leaves[0].grad - leaves[1].grad).abs() < 1e-4
    assert close.float().mean() > 0.97
    torch.testing.assert_close(mine.weight.grad, theirs.weight.grad, rtol=1e-3, atol=1e-3)
    # The same settings as hardware of tiles.
    hardware = mho.hardware_from_lightning(rpu)[0]
    tiles = mt.convert(mine, hardware).eval()
    exact = mine.eval()(x)
    assert ((tiles(x) - exact).abs() < 1e-4).float().mean() > 0.9
