"""The phases of the main job (784-256-128-10 perceptron, standard model): rows main_job.* in CPU seconds.

One epoch of hardware-aware training and two programmings are enough for the cost of a phase; the accuracies of the whole
job are compared by bench/main_job.py.
"""

from bench.main_job import phase_seconds, run
from bench.run_peers import Context, Pair

ROUNDS = 1


def measure(context: Context) -> dict[str, Pair]:
    """CPU seconds of every phase."""
    peer = context.run_peer("aihwkit_main_job.py", "--float-epochs", "1", "--hwa-epochs", "1", "--programmings", "2")
    results, events = run(context.programs / "mho", 1, context.work / "run",
                          "training.hardware_aware.epochs=1", "evaluation.programmings=2")
    ours = phase_seconds(results, events)
    cost = peer["hwa"]["cost"]
    theirs = {
        "calibration": peer["naive"]["calibration_cpu_s"],
        "training": peer["hwa"]["cpu_s_per_epoch"][0],
        "program": cost["program_s_each"],
        "drift": cost["drift_s_each"],
        "inference": cost["inference_s_each"],
    }
    return {f"main_job.{phase}": Pair(ours[phase], seconds) for phase, seconds in theirs.items()}
