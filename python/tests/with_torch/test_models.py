# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Whole models: conversion, chips, calibration, checkpointing, adapters, processes."""

import json
import subprocess
import sys

import mho.torch as mt
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import mho


def small():
    return nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Sequential(nn.Linear(16, 16), nn.ReLU()), nn.Linear(16, 4))


def test_overrides_and_exclusions():
    analog = mt.convert(
        small(), "standard", overrides={"2.*": {"forward": {"adc": {"steps": 510}}}}, exclude=["3"]
    )
    layers = dict(mt.analog_layers(analog))
    assert list(layers) == ["0", "2.0"]
    assert layers["0"].hardware.forward.adc.steps == 254
    assert layers["2.0"].hardware.forward.adc.steps == 510
    assert layers["2.0"].hardware.conductance == layers["0"].hardware.conductance
    text = str(mt.report(analog))
    assert "3: digital" in text and "of the weights are analog" in text
    with pytest.raises(mho.InputError, match="no layer matches"):
        mt.convert(small(), exclude=["4"])
    with pytest.raises(mho.ConfigError, match=r"overrides\['0'\]\.forward\.adc\.stepz"):
        mt.convert(small(), overrides={"0": {"forward": {"adc": {"stepz": 3}}}})


def test_the_original_is_left_alone():
    model = small()
    mt.convert(model)
    assert isinstance(model[0], nn.Linear)
    assert isinstance(mt.convert(model, inplace=True)[0], mt.AnalogLinear)


def test_tied_heads_and_transposed_layers():
    class Conv1D(nn.Module):
        """As in transformers: weight [inputs, outputs]."""

        def __init__(self):
            super().__init__()
            self.nf = 6
            self.weight = nn.Parameter(torch.randn(4, 6))
            self.bias = nn.Parameter(torch.randn(6))

        def forward(self, x):
            return x @ self.weight + self.bias

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(10, 4)
            self.fused = Conv1D()
            self.out = nn.Linear(6, 4)
            self.head = nn.Linear(4, 10, bias=False)
            self.head.weight = self.embedding.weight

        def forward(self, i):
            return self.head(self.out(self.fused(self.embedding(i))))

    model = Model()
    hardware = mho.preset("floating_point").replace(input_range__enabled=False)
    analog = mt.convert(model, hardware)
    assert [n for n, _ in mt.analog_layers(analog)] == ["fused", "out"]
    assert analog.head.weight is analog.embedding.weight
    i = torch.arange(10)
    torch.testing.assert_close(analog(i), model(i), rtol=1e-4, atol=1e-5)
    untied = mt.convert(model, hardware, overrides={"head": True})
    torch.testing.assert_close(untied(i), model(i), rtol=1e-4, atol=1e-5)
    assert isinstance(untied.head, mt.AnalogLinear)


def test_hugging_face_models():
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(n_layer=2, n_head=2, n_embd=16, vocab_size=50, n_positions=32)
    model = transformers.GPT2LMHeadModel(config).eval()
    hardware = mho.preset("floating_point").replace(input_range__enabled=False)
    analog = mt.convert(model, hardware)
    names = [n for n, _ in mt.analog_layers(analog)]
    assert len(names) == 8 and "transformer.h.0.attn.c_attn" in names
    ids = torch.randint(0, 50, (2, 9))
    torch.testing.assert_close(analog(ids).logits, model(ids).logits, rtol=1e-3, atol=1e-4)
    noisy = mt.convert(model, "standard")
    mt.calibrate(noisy, [{"input_ids": ids}])
    assert torch.isfinite(noisy(ids, labels=ids).loss)
    mt.add_lora(noisy, "*.c_proj", rank=2)
    noisy.train()(ids, labels=ids).loss.backward()
    assert all(p.grad is not None for p in noisy.parameters() if p.requires_grad)


def test_options_without_a_counterpart_are_refused():
    for layer in (nn.Conv2d(2, 2, 3, padding="same"), nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"),
                  nn.RNN(2, 2, nonlinearity="relu"), nn.LSTM(4, 4, proj_size=2)):
        with pytest.raises(mho.InputError):
            mt.convert(nn.Sequential(layer))


def test_chips_drift_and_compensation():
    analog = mt.convert(small(), "standard", seed=3).eval()
    x = torch.randn(50, 12)
    mt.calibrate(analog, [x])
    exact = mt.to_digital(analog)(x)
    mt.program(analog)
    errors = []
    for t in (0.0, 1e8):
        mt.advance_to(analog, t, 1)
        errors.append([])
        for on in (True, False):
            mt.use_compensation(analog, on)
            mt.set_step(analog, 1)
            errors[-1].append(float((analog(x) - exact).norm() / exact.norm()))
    assert errors[0][0] < errors[1][0] < errors[1][1]
    read = mt.to_digital(analog, programmed=True)
    assert not torch.equal(read[0].weight, mt.to_digital(analog)[0].weight)
    mt.reset_chip(analog)
    with pytest.raises(mho.InputError, match="program"):
        mt.advance_to(analog, 1.0)


@pytest.mark.parametrize("rule", ["max", "moving std", "moving quantile", "cache quantile"])
def test_calibration(rule):
    analog = mt.convert(small(), mho.preset("light").replace(mapping__max_inputs=8))
    data = [torch.randn(64, 12) for _ in range(4)] + [torch.zeros(8, 12)]
    mt.calibrate(analog, data, rule)
    expected = {"max": max(float(d.abs().max()) for d in data), "moving std": 3.0,
                "moving quantile": 3.4, "cache quantile": 3.5}[rule]
    first = analog[0].input_range
    assert torch.all(first <= expected * 1.25) and torch.all(first > expected * 0.7)
    before = first.clone()
    analog.train()(data[0])
    assert torch.equal(analog[0].input_range, before)
    mt.calibrate(analog, data[:1], "max", outputs=True)
    assert analog[0].hardware.forward.adc.bound != 10


def test_calibration_follows_the_core():
    """The largest input of a layer, here and in mho evaluate."""
    plain = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))
    x = torch.rand(40, 1, 4, 4) * 255
    analog = mt.convert(plain, "light")
    mt.calibrate(analog, [x / 255], "max")
    network = mt.to_network(mt.convert(plain, "light"), [1, 4, 4], scale=1 / 255)
    network.calibrate(x.reshape(40, 16), '{"kind": "max"}')
    for i in ("1", "3"):
        mine = analog.get_submodule(i).input_range.detach().numpy()
        assert mine == pytest.approx(network.parameters[i + ".input_range"], rel=1e-5)


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("backend", ["core", "torch"])
def test_checkpointing_repeats_the_noise(reentrant, backend):
    hardware = mho.preset("standard").replace(modifier__kind="additive normal", modifier__std=0.05)
    x = torch.randn(8, 12, requires_grad=True)
    gradients = []
    for use in (False, True):
        torch.manual_seed(2)
        analog = mt.convert(small(), hardware, backend=backend).train()
        torch.manual_seed(11)
        y = checkpoint(analog, x, use_reentrant=reentrant) if use else analog(x)
        y.square().sum().backward()
        gradients.append([p.grad for p in analog.parameters() if p.grad is not None])
        ranges = [layer.range_batches.tolist() for _, layer in mt.analog_layers(analog)]
        assert ranges == [[1]] * 3
    for a, b in zip(*gradients):
        assert torch.equal(a, b)


def test_lora_on_a_frozen_base():
    analog = mt.convert(small(), "standard").train()
    expected = mt.set_step(analog, 1)(torch.ones(2, 12)).detach()
    mt.add_lora(analog, ["0", "2.*"], rank=2)
    mt.set_step(analog, 1)
    torch.testing.assert_close(analog(torch.ones(2, 12)), expected, rtol=0, atol=0)
    learned = [n for n, p in analog.named_parameters() if p.requires_grad]
    assert len(learned) == 4 and all(".up." in n or ".down." in n for n in learned)
    optimizer = torch.optim.AdamW([p for p in analog.parameters() if p.requires_grad], lr=0.01)
    x, y = torch.randn(64, 12), torch.randint(0, 4, (64,))
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(analog(x), y)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    whole = mt.to_digital(analog)(x)
    merged = mt.to_digital(mt.merge_lora(analog))(x)
    torch.testing.assert_close(merged, whole, rtol=1e-3, atol=1e-4)
    mixed = mt.add_lora(mt.convert(small(), "standard"), "0", analog=True, hardware="standard")
    assert mixed(torch.ones(2, 12)).shape == (2, 4)


def test_distillation():
    student, teacher = torch.randn(6, 5, requires_grad=True), torch.randn(6, 5)
    assert float(mt.distillation_loss(teacher, teacher)) == pytest.approx(0, abs=1e-6)
    mt.distillation_loss(student, teacher, torch.zeros(6, dtype=torch.long), weight=0.5).backward()
    assert student.grad.abs().sum() > 0


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(x + self.conv2(x))
        return self.fc(torch.flatten(self.pool(x), 1))


def test_export_runs_in_the_core(tmp_path):
    model = Residual().eval()
    model.bn1.running_mean.uniform_(-0.1, 0.1)
    x = torch.rand(5, 1, 8, 8)
    plain = mho.Executor(mt.to_network(model, [1, 8, 8])).run(x)
    np.testing.assert_allclose(plain, model(x).detach().numpy(), rtol=1e-4, atol=1e-5)
    analog = mt.convert(model, "standard", seed=6)
    mt.calibrate(analog, [x])
    path = str(tmp_path / "n.safetensors")
    mt.to_network(analog, [1, 8, 8]).save(path)
    chip = mho.Executor(mho.Network.load(path), seed=6, chip=3)
    chip.program()
    chip.advance_to(86400.0, 2)
    mt.program(analog.eval(), chip=3)
    mt.advance_to(analog, 86400.0, 2)
    mt.set_step(analog, 2)
    mine = analog(x).detach().numpy()
    theirs = chip.run(x, step=2)
    # Digital layers between the tiles may round otherwise; the first analog layer is equal.
    np.testing.assert_allclose(mine, theirs, atol=0.05 * np.abs(theirs).max())
    first = chip.grid("conv1")
    patches = nn.functional.unfold(x, 3, padding=1).transpose(1, 2).reshape(-1, 9)
    rows = analog.conv1(x).detach().permute(0, 2, 3, 1).reshape(-1, 4)
    assert np.array_equal(first.apply(patches, step=2), rows.numpy())
    with pytest.raises(mho.InputError, match="softmax|no counterpart"):
        mt.to_network(nn.Sequential(nn.Linear(3, 2), nn.Softmax(1)), [3])


def test_networks_of_the_core_become_modules():
    network = mho.make_network("resnet cifar", [3, 32, 32], depth=8, seed=2).fold_batch_norm()
    x = torch.rand(3, 3, 32, 32) * 255
    expected = mho.Executor(network).run(x)
    module = mt.from_network(network)
    np.testing.assert_allclose(module(x).detach().numpy(), expected, rtol=1e-3, atol=1e-4)
    analog = network.map_to_hardware('{"preset": "standard"}')
    module = mt.from_network(analog, seed=4)
    chip = mho.Executor(analog, seed=4, chip=1)
    chip.program()
    chip.advance_to(86400.0, 1)
    mt.advance_to(mt.program(module, chip=1), 86400.0, 1)
    mt.set_step(module, 1)
    mine, theirs = module(x).detach().numpy(), chip.run(x, step=1)
    np.testing.assert_allclose(mine, theirs, atol=0.02 * np.abs(theirs).max())
    with pytest.raises(mho.InputError, match="no module"):
        mt.from_network(mho.onnx.from_onnx(lstm_model()))


def lstm_model():
    from onnx import TensorProto, helper, numpy_helper

    node = helper.make_node("LSTM", ["x", "w", "r"], ["y"], "cell", hidden_size=2)
    zeros = np.zeros((1, 8, 2), np.float32)
    graph = helper.make_graph(
        [node], "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 1, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3, 1, 1, 2])],
        [numpy_helper.from_array(zeros, "w"), numpy_helper.from_array(zeros, "r")],
    )
    return helper.make_model(graph)


def test_onnx(tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    values = {
        "w1": rng.normal(size=(4, 1, 3, 3)), "b1": rng.normal(size=4), "w2": rng.normal(size=(3, 64)),
        "b2": rng.normal(size=3),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c"], "conv", pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "w2", "b2"], ["y"], "fc", transB=1),
    ]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in values.items()],
    )
    path = str(tmp_path / "n.onnx")
    onnx.save(helper.make_model(graph), path)
    network = mho.interop.load_network(path)
    x = torch.rand(3, 1, 8, 8)
    t = {k: torch.from_numpy(v.astype(np.float32)) for k, v in values.items()}
    expected = nn.functional.conv2d(x, t["w1"], t["b1"], padding=1).relu()
    expected = nn.functional.max_pool2d(expected, 2).flatten(1) @ t["w2"].t() + t["b2"]
    np.testing.assert_allclose(mho.Executor(network).run(x), expected.numpy(), rtol=1e-4, atol=1e-4)
    nodes[1] = helper.make_node("Elu", ["c"], ["r"])
    broken = helper.make_graph(nodes, "net", graph.input, graph.output, graph.initializer)
    with pytest.raises(mho.InputError, match="Elu"):
        mho.onnx.from_onnx(helper.make_model(broken))


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_onnx_recurrent(kind):
    pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    plain = getattr(nn, kind)(3, 4)
    gates = {"RNN": [0], "LSTM": [0, 3, 1, 2], "GRU": [1, 0, 2]}[kind]

    def ordered(values):
        parts = values.detach().numpy().reshape(len(gates), 4, -1)
        return np.concatenate([parts[i] for i in gates])

    w, r = ordered(plain.weight_ih_l0)[None], ordered(plain.weight_hh_l0)[None]
    b = np.concatenate([ordered(plain.bias_ih_l0), ordered(plain.bias_hh_l0)]).reshape(1, -1)
    options = {"linear_before_reset": 1} if kind == "GRU" else {}
    node = helper.make_node(kind, ["x", "w", "r", "b"], ["y"], "cell", hidden_size=4, **options)
    graph = helper.make_graph(
        [node], "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [6, 1, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [6, 1, 1, 4])],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in (("w", w), ("r", r), ("b", b))],
    )
    network = mho.onnx.from_onnx(helper.make_model(graph))
    x = torch.randn(6, 2, 3)
    expected = plain(x)[0].transpose(0, 1).reshape(2, 24)
    mine = mho.Executor(network).run(x.transpose(0, 1).reshape(2, 18))
    np.testing.assert_allclose(mine, expected.detach().numpy(), rtol=1e-4, atol=1e-5)


PROCESS = """
import json, os, sys, torch, mho, mho.torch as mt
from torch import nn
rank, world, port = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(1)
torch.manual_seed(1)
hardware = mho.preset("standard").replace(modifier__kind="additive normal", modifier__std=0.05,
                                          input_range__init_batches=2)
model = mt.convert(nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)), hardware).train()
x, y = torch.randn(16, 6), torch.randint(0, 3, (16,))
if world > 1:
    import torch.distributed as dist
    dist.init_process_group("gloo", init_method="tcp://127.0.0.1:" + port, rank=rank, world_size=world)
    run = nn.parallel.DistributedDataParallel(model)
else:
    run = model
optimizer = mt.attach(torch.optim.SGD(model.parameters(), lr=0.1), model)
block = slice(rank * 16 // world, (rank + 1) * 16 // world)
for step in range(4):
    torch.manual_seed(100 + step)
    optimizer.zero_grad()
    outputs = run(x[block])
    first = outputs.tolist() if step == 0 else first
    nn.functional.cross_entropy(outputs, y[block]).backward()
    optimizer.step()
print(json.dumps([first, {n: p.detach().flatten().tolist() for n, p in model.named_parameters()}]), flush=True)
# At an ordinary end of the program a thread of gloo may still be giving back a Python object of the last reduction;
# the interpreter stops that thread inside a destructor, and the process aborts (torch 2.13, one end in fifteen).
os._exit(0)
"""


def test_two_processes_are_one():
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = str(s.getsockname()[1])

    def start(rank, world):
        return subprocess.Popen([sys.executable, "-c", PROCESS, str(rank), str(world), port],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    one = start(0, 1)
    alone, err = one.communicate(timeout=120)
    assert one.returncode == 0, err
    both = [start(r, 2) for r in range(2)]
    texts = [p.communicate(timeout=240) for p in both]
    assert [p.returncode for p in both] == [0, 0], texts
    (outputs, weights), (first, mine), (second, theirs) = (
        json.loads(text) for text in (alone, texts[0][0], texts[1][0])
    )
    # The noise is that of the joint batch, bit by bit, before the weights differ by rounding.
    assert first + second == outputs
    assert mine == theirs
    for name, values in weights.items():
        # A range decays while enough inputs lie inside, of which each process sees its own: at most
        # decay * rate * range in each of the four steps.
        atol = 4 * 1e-3 * 0.1 * 4 if name.endswith("input_range") else 2e-6
        np.testing.assert_allclose(mine[name], values, rtol=1e-5, atol=atol, err_msg=name)
