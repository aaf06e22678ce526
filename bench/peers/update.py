"""Pulsed updates of one tile, 512 x 512, batch 64: rows update.* of bench_updates against the tile of aihwkit."""

from bench.run_peers import Context, Pair

ROUNDS = 3
BATCH = 64
RATES = {"sparse": 0.1, "dense": 1.0}
# Our row: their record. Laws with a suffix are options of ours for the same device.
RECORDS = {
    "ConstantStep": "ConstantStep",
    "LinearStep": "LinearStep",
    "SoftBounds": "SoftBounds",
    "SoftBoundsReference": "SoftBoundsReference",
    "ExpStep": "ExpStep",
    "PowStep": "PowStep",
    "PiecewiseStep": "PiecewiseStep",
    "TTv1": "Transfer (TTv1), BL 5, transfer every vector",
    "TTv2": "BufferedTransfer (TTv2), BL 5, transfer every vector",
    "cTTv2": "ChoppedTransfer (c-TTv2), BL 5, auto scale",
    "AGAD": "Dynamic (AGAD), BL 5, auto scale",
    "MixedPrecision": "MixedPrecision, transfer every batch",
}


def measure(context: Context) -> dict[str, Pair]:
    """Seconds per batch of both sides."""
    theirs = context.run_peer("aihwkit_tile.py", "--parts", "update", "--batches", str(BATCH), "--repeats", "3")
    ours = context.run_bench("bench_updates", "update")
    pairs = {}
    for name, row in ours.items():
        if not name.startswith("update."):
            continue
        device, density = name.split(".")[1:3]
        record = next(r for r in theirs["records"] if r["name"] == RECORDS[device] and r["lr"] == RATES[density])
        pairs[name] = Pair(row["mine_s"], record["us_per_sample_median"] * BATCH * 1e-6)
    return pairs
