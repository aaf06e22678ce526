"""aihwkit: one programming of a trained CIFAR-10 ResNet-32 on the standard model, and 100 test images one second later.

CPU seconds of programming, of drift with its compensation, and of the forward pass, one thread. Accuracy is printed beside, so
that both sides are known to do the same: input ranges come from the inputs of the exact network (quantile 0.9995), as in
`examples/runs/resnet32.json`, batch norms are folded into the convolutions.
"""

import argparse
import json
import lzma
import os
import pathlib
import time

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = os.environ.get("BENCH_THREADS", "1")

import numpy as np
import torch
from aihwkit.nn.conversion import convert_to_analog
from aihwkit.simulator.presets import StandardHWATrainingPreset
from torch import nn

torch.set_num_threads(int(os.environ.get("BENCH_THREADS", "1")))


def read_safetensors(path):
    """Every tensor of a file of float32."""
    raw = pathlib.Path(path).read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    return {name: torch.from_numpy(np.frombuffer(raw[8 + length + h["data_offsets"][0] : 8 + length + h["data_offsets"][1]],
                                                 dtype="<f4").reshape(h["shape"]).copy()) for name, h in header.items()}


def images(path, count):
    """Pixels, normalised as the networks want them, and labels."""
    records = np.frombuffer(lzma.decompress(pathlib.Path(path).read_bytes()), dtype=np.uint8).reshape(-1, 3073)[:count]
    x = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (x - mean[:, None, None]) / std[:, None, None], torch.from_numpy(records[:, 0].astype(np.int64))


def folded(weights, conv, norm, stride, epsilon):
    """A convolution with its batch norm in it."""
    w = weights[conv + ".weight"]
    gain = weights[norm + ".weight"] / torch.sqrt(weights[norm + ".running_var"] + epsilon)
    layer = nn.Conv2d(w.shape[1], w.shape[0], w.shape[2], stride=stride, padding=w.shape[2] // 2)
    layer.weight.data = w * gain[:, None, None, None]
    layer.bias.data = weights[norm + ".bias"] - weights[norm + ".running_mean"] * gain
    return layer


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, weights, prefix, stride):
        super().__init__()
        self.conv1 = folded(weights, prefix + ".conv1", prefix + ".bn1", stride, 1e-5)
        self.conv2 = folded(weights, prefix + ".conv2", prefix + ".bn2", 1, 1e-5)
        self.shortcut = nn.Identity()
        if prefix + ".downsample.0.weight" in weights:
            self.shortcut = folded(weights, prefix + ".downsample.0", prefix + ".downsample.1", stride, 1e-5)

    def forward(self, x):
        return torch.relu(self.conv2(torch.relu(self.conv1(x))) + self.shortcut(x))


def resnet32(weights):
    """The network of the file."""
    layers = [folded(weights, "conv1", "bn1", 1, 1e-3), nn.ReLU()]
    for stage in (1, 2, 3):
        layers += [Block(weights, f"res{stage}.{i}", 2 if stage > 1 and i == 0 else 1) for i in range(5)]
    head = nn.Linear(64, 10)
    head.weight.data, head.bias.data = weights["classifier.2.weight"], weights["classifier.2.bias"]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


def input_quantiles(model, x, quantile):
    """Quantile of the magnitudes of the inputs of every layer, by name."""
    found, hooks = {}, []
    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            hooks.append(module.register_forward_hook(
                lambda _m, given, _o, name=name: found.__setitem__(
                    name, float(np.quantile(given[0].abs().numpy().ravel(), quantile)))))
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return found


def main():
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder with models/ and images/")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    data = pathlib.Path(args.data)
    torch.manual_seed(1)
    model = resnet32(read_safetensors(data / "models/resnet32-cifar10.safetensors")).eval()
    ranges = input_quantiles(model, images(data / "images/cifar10-lossless-train4k.bin.xz", 100)[0], 0.9995)
    x, labels = images(data / "images/cifar10-lossless-test1k.bin.xz", args.images)
    with torch.no_grad():
        exact = float((model(x).argmax(1) == labels).float().mean())
        analog = convert_to_analog(model, StandardHWATrainingPreset()).eval()
        for name, layer in analog.named_modules():
            if name in ranges:
                for tile in layer.analog_tiles():
                    tile.set_input_range(ranges[name])
        start = time.process_time()
        analog.program_analog_weights()
        programmed = time.process_time()
        analog.drift_analog_weights(1.0)
        drifted = time.process_time()
        accuracy = float((analog(x).argmax(1) == labels).float().mean())
        end = time.process_time()
    result = {"program_cpu_s": programmed - start, "drift_cpu_s": drifted - programmed, "inference_cpu_s": end - drifted,
              "accuracy": accuracy, "exact_accuracy": exact, "images": args.images}
    print(result)
    pathlib.Path(args.out).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
