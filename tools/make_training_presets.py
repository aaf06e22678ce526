#!/usr/bin/env python3
# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Writes presets/training: the training presets of aihwkit 1.2, one file per learner and device.

    python3 tools/make_training_presets.py           write the files
    python3 tools/make_training_presets.py --check   fail when a file differs (a test)

The tables below are the defining settings; whatever they do not name has the default of the
learner. The products of training are described by the hardware preset `preset io`.
"""

import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "presets" / "training"

RASCH24 = "Rasch et al., Nat. Commun. 15, 7133 (2024), arXiv 2303.04721"
SOURCES = {
    "sgd": "Gokmen and Vlasov, Front. Neurosci. 10, 333 (2016)",
    "one-sided": "Nandakumar et al., J. Appl. Phys. 124, 152135 (2018); Boybat et al., "
    "Nat. Commun. 9, 2514 (2018)",
    "multi": "Boybat et al., Nat. Commun. 9, 2514 (2018)",
    "ttv1": "Gokmen and Haensch, Front. Neurosci. 14, 103 (2020)",
    "ttv2": "Gokmen, Front. Artif. Intell. 4, 699148 (2021); " + RASCH24,
    "chopped ttv2": RASCH24,
    "agad": RASCH24,
    "mixed precision": "Nandakumar et al., Front. Neurosci. 14, 406 (2020)",
}
DEVICES = {
    "reram es": "ReRAM (exponential step)",
    "reram sb": "ReRAM (soft bounds)",
    "capacitor": "capacitor cells",
    "ecram": "lithium ECRAM",
    "ecram mo": "metal-oxide ECRAM",
    "idealized": "idealised cells",
    "gokmen vlasov": "cells of Gokmen and Vlasov",
    "pcm": "phase-change memory",
}
CLASSES = {
    "reram es": "ReRamES",
    "reram sb": "ReRamSB",
    "capacitor": "Capacitor",
    "ecram": "EcRam",
    "ecram mo": "EcRamMO",
    "idealized": "Idealized",
    "gokmen vlasov": "GokmenVlasov",
    "pcm": "PCM",
}
SIX = ["reram es", "reram sb", "capacitor", "ecram", "ecram mo", "idealized"]

# Reads of single lines: aihwkit's PresetIOParameters where they differ from the default read.
PRESET_READ = {"adc": {"bound": 20}, "output_noise": {"std": 0.1}}

# fast rate, auto granularity, train length
TTV2 = {
    "reram es": (0.5, 1000, 31),
    "reram sb": (0.5, 1000, 31),
    "capacitor": (0.1, 1000, 31),
    "ecram": (0.1, 500, 100),
    "ecram mo": (0.1, 500, 100),
    "idealized": (0.1, 500, 100),
}
# chop probability, fast rate, auto granularity, train length
CHOPPED = {
    "reram es": (0.01, 0.5, 1000, 31),
    "reram sb": (0.01, 0.5, 1000, 31),
    "capacitor": (0.01, 0.1, 1000, 31),
    "ecram": (0.01, 1.0, 500, 100),
    "ecram mo": (0.001, 0.1, 500, 100),
    "idealized": (0.001, 0.1, 500, 100),
}
# chop probability, fast rate, auto granularity, tail weight, train length
AGAD = {
    "reram es": (0.02, 0.5, 1000, 5, 31),
    "reram sb": (0.02, 0.5, 1000, 5, 31),
    "capacitor": (0.01, 0.1, 1000, 20, 31),
    "ecram": (0.005, 0.1, 750, 50, 31),
    "ecram mo": (0.005, 0.1, 500, 50, 100),
    "idealized": (0.005, 0.1, 500, 50, 100),
}


def pair(device):
    """Fast and slow device; ReRAM with soft bounds is zero-shifted in transfer learners."""
    one = {"preset": device}
    if device == "reram sb":
        one["subtract_symmetry_point"] = True
    return [one, dict(one)]


def chopped(device, model, probability, fast, granularity, length, more):
    """A learner of the chopped family."""
    return {
        "model": model,
        "devices": pair(device),
        "transfer_every": 1,
        "transfer_in_batches": False,
        "fast_rate": fast,
        "auto_scale": True,
        "auto_granularity": granularity,
        "input_chop_probability": probability,
        **more,
        "transfer_read": PRESET_READ,
        "update": {"desired_length": length},
    }


def presets():
    """(name, about, source, name of the original, learning) of every preset."""
    for device in [*SIX, "gokmen vlasov"]:
        yield (
            f"sgd {device}",
            f"Analog SGD on {DEVICES[device]}.",
            "sgd",
            f"{CLASSES[device]}Preset",
            {"model": "analog sgd", "device": {"preset": device}},
        )
    yield (
        "one sided pcm",
        "Analog SGD on pairs of phase-change cells, refreshed after every batch.",
        "one-sided",
        "PCMPreset",
        {
            "model": "one-sided",
            "device": {"preset": "pcm"},
            "refresh_every": 1,
            "refresh_in_batches": True,
            "refresh_read": PRESET_READ,
        },
    )
    for word, count in (("two", 2), ("four", 4)):
        for device in SIX:
            yield (
                f"{word} {device}",
                f"{word.capitalize()} devices per weight, one pulsed at random: {DEVICES[device]}.",
                "multi",
                f"{CLASSES[device]}{count}Preset",
                {
                    "model": "vector cell",
                    "devices": [{"preset": device} for _ in range(count)],
                    "policy": "single random",
                },
            )
    for device in SIX:
        yield (
            f"ttv1 {device}",
            f"Tiki-Taka on {DEVICES[device]}: one line is transferred every batch.",
            "ttv1",
            f"TikiTaka{CLASSES[device]}Preset",
            {
                "model": "tiki-taka",
                "devices": pair(device),
                "transfer_every": 1,
                "transfer_in_batches": True,
                "transfer_read": PRESET_READ,
            },
        )
    for device in SIX:
        fast, granularity, length = TTV2[device]
        yield (
            f"ttv2 {device}",
            f"Tiki-Taka with a digital buffer on {DEVICES[device]}, at automatic rates.",
            "ttv2",
            f"TTv2{CLASSES[device]}Preset",
            chopped(device, "chopped tiki-taka", 0.0, fast, granularity, length, {}),
        )
    for device in SIX:
        probability, fast, granularity, length = CHOPPED[device]
        yield (
            f"chopped ttv2 {device}",
            f"Buffered Tiki-Taka with chopped signs on {DEVICES[device]}.",
            "chopped ttv2",
            f"ChoppedTTv2{CLASSES[device]}Preset",
            chopped(
                device, "chopped tiki-taka", probability, fast, granularity, length, {}
            ),
        )
    for device in SIX:
        probability, fast, granularity, tail, length = AGAD[device]
        yield (
            f"agad {device}",
            f"Chopped Tiki-Taka with a reference estimated on the fly, on {DEVICES[device]}.",
            "agad",
            f"AGAD{CLASSES[device]}Preset",
            chopped(
                device,
                "agad",
                probability,
                fast,
                granularity,
                length,
                {"tail_weight": tail},
            ),
        )
    for device in [*SIX, "gokmen vlasov", "pcm"]:
        yield (
            f"mixed precision {device}",
            f"Digital gradients, written row by row to {DEVICES[device]}.",
            "mixed precision",
            f"MixedPrecision{CLASSES[device]}Preset",
            {"model": "mixed precision", "device": {"preset": device}},
        )


def main():
    """Writes or checks the files."""
    check = sys.argv[1:] == ["--check"]
    wanted = {}
    for name, about, source, original, learning in presets():
        content = {
            "about": about,
            "source": f"{SOURCES[source]}; aihwkit, arXiv 2104.02184 ({original})",
            "learning": learning,
        }
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        wanted[name.replace(" ", "_") + ".json"] = text
    present = {p.name: p.read_text(encoding="utf-8") for p in FOLDER.glob("*.json")}
    if check:
        # Presets of other origin may stand beside these.
        differing = [n for n, text in wanted.items() if present.get(n) != text]
        if differing:
            sys.exit("run tools/make_training_presets.py: " + ", ".join(differing))
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(wanted)} presets")


if __name__ == "__main__":
    main()
