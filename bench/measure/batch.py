"""Parquet to Parquet against LightGBM's own predict of the same trees in memory, and memory at ten times the rows."""

from .machine import CORES, PEERS, say
from .processes import peer, timed
from .table import Row, number

EVERY_RECORD = ("ratio", "spread")
"""Stages every record needs; each other one fills the input it is named after, and only where that is unknown."""
KINDS = {"complete": "complete records", "as_generated": "as generated, with gaps"}


def measure(tools, work, plan):
    inputs = make_inputs(tools, work, plan)
    measured = {kind: [] for kind in KINDS}
    peaks = {}
    for round_number in range(plan.rounds):
        say(f"batch, round {round_number + 1} of {plan.rounds}")
        stages = peer(tools, PEERS / "lightgbm_predict.py", "--trees", work / "trees", "--threads", CORES)
        for kind in KINDS:
            seconds, peaks[kind] = predict(tools, work, inputs[kind])
            measured[kind].append({"ours": inputs[kind]["rows"] / seconds, "peer": 1 / seconds_per_row(stages, inputs[kind]["unknown"]), "stages": stages})
    rows = [row(KINDS[kind], measured[kind], inputs[kind]) for kind in KINDS]
    return [*rows, memory(tools, work, inputs, peaks)]


def make_inputs(tools, work, plan):
    say("making the rows of the batches")
    sample = work / "batch_sample.parquet"
    timed([tools.predictor, "sample", "--sites", plan.batch_rows // 4, "--seed", 11, "--output", sample], timeout=900)
    return peer(tools, PEERS / "batch_rows.py", "--sample", sample, "--rows", plan.batch_rows, "--folder", work)


def predict(tools, work, source):
    output = work / "predicted.parquet"
    result = timed([tools.predictor, "predict", "--input", source["path"], "--output", output, "--store", tools.store], timeout=3600)
    output.unlink()
    return result


def seconds_per_row(stages, unknown):
    """What LightGBM takes for the trees a row needs, given the share of rows that do not know each input."""
    needed = {stage: 1.0 if stage in EVERY_RECORD else unknown[stage] for stage in stages}
    return sum(share * stages[stage]["seconds_per_row"] for stage, share in needed.items())


def row(what, rounds, source):
    ours, other = ([one[name] for one in rounds] for name in ("ours", "peer"))
    ratios = [own / their for own, their in zip(ours, other)]
    middle = len(rounds) // 2

    def told(speeds):
        return f"{number(sorted(speeds)[middle])} rows/s"

    raw = {"rounds": rounds, "rows": source["rows"], "unknown": source["unknown"], "threads": CORES}
    return Row(f"batch, {what} / LightGBM predict", ratios, ">= 5", ours=told(ours), peer=told(other), raw=raw)


def memory(tools, work, inputs, peaks):
    say("batch, ten times the rows")
    seconds, tenfold = predict(tools, work, inputs["tenfold"])
    single = peaks["as_generated"]
    rows = inputs["tenfold"]["rows"]
    raw = {"mib": single, "tenfold_mib": tenfold, "tenfold_rows": rows, "tenfold_s": seconds}
    ours = f"{number(single)} MiB, then {number(tenfold)} MiB at {rows:,} rows"
    return Row("batch, peak memory at 10 x the rows", [tenfold / single], "<= 1.2", ours=ours, raw=raw)
