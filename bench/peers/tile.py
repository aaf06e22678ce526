"""Analog products of one tile, 512 x 512, batch 64: rows forward.* and backward.* of bench_kernels."""

from bench.run_peers import Context, Pair

ROUNDS = 3
DEFAULT = "default (7/9 bit, out_noise 0.06, ABS_MAX, ITERATIVE)"
STANDARD = "StandardHWATraining (8/8 bit, CONSTANT, PCM_READ 0.0175, IR drop 1, out_noise 0.04)"
# Our row: their record, its direction.
RECORDS = {
    "forward.noisy": (DEFAULT, "forward"),
    "backward.noisy": (DEFAULT, "backward"),
    "forward.bound_management": ("default, out_bound 3 (bound management retries)", "forward"),
    "forward.pcm_read": ("default + PCM_READ 0.0175", "forward"),
    "backward.pcm_read": ("default + PCM_READ 0.0175", "backward"),
    "forward.standard": (STANDARD, "forward"),
    "backward.standard": (STANDARD, "backward"),
}
BATCH = 64


def measure(context: Context) -> dict[str, Pair]:
    """Seconds per batch of both sides."""
    theirs = context.run_peer("aihwkit_tile.py", "--parts", "mvm", "--batches", str(BATCH), "--repeats", "5")
    ours = context.run_bench("bench_kernels", *RECORDS)
    pairs = {}
    for row, (name, direction) in RECORDS.items():
        record = next(r for r in theirs["records"] if r["name"] == name and r["direction"] == direction)
        pairs[row] = Pair(ours[row]["mine_s"], record["us_per_sample_median"] * BATCH * 1e-6)
    return pairs
