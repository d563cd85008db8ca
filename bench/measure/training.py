"""Training 50,000 site-months against one plain LightGBM fit."""

import shutil
import statistics
from pathlib import Path

from .machine import CORES, PEERS, say
from .processes import peer, timed
from .table import Row, number

SITES = 12_500
"""Some four months each."""
MAIN_STAGE = "ratio"


def with_trained_store(tools, work, plan):
    """The store that all sections measure with."""
    data, store = work / "sample_50k.parquet", work / "store"
    say("training the model that is measured")
    timed([tools.predictor, "sample", "--sites", SITES, "--seed", 7, "--output", data], timeout=300)
    timed([tools.predictor, "train", "--data", data, "--store", store], timeout=1800)
    timed([tools.predictor, "models", "export", "--trees", work / "trees", "--store", store], timeout=60)
    return tools.with_store(store)


def measure(tools, work, plan):
    trees = {path.stem: path.read_text().count("\nTree=") for path in sorted((work / "trees").glob("*.txt"))}
    total, main = sum(trees.values()), trees[MAIN_STAGE]
    ours, as_many, as_main = [], [], []
    for round_number in range(plan.training_rounds):
        say(f"training, round {round_number + 1} of {plan.training_rounds}")
        ours.append(train(tools, work))
        as_many.append(fit(tools, work, total))
        as_main.append(fit(tools, work, main))
    raw = {"ours_s": ours, "as_many_trees_s": as_many, "main_stage_trees_s": as_main, "trees": trees, "threads": CORES}

    def row(what, plain, wanted):
        ratios = [own / other for own, other in zip(ours, plain)]
        return Row(what, ratios, wanted, ours=seconds(ours), peer=seconds(plain), raw=raw)

    return [
        row(f"training / plain LightGBM fit of as many trees ({total})", as_many, "<= 20"),
        row(f"training / plain LightGBM fit of the main stage's trees ({main})", as_main, ""),
    ]


def train(tools, work: Path):
    store = work / "store_again"
    shutil.rmtree(store, ignore_errors=True)
    return timed([tools.predictor, "train", "--data", work / "sample_50k.parquet", "--store", store], timeout=1800)[0]


def fit(tools, work, trees):
    like = work / "trees" / f"{MAIN_STAGE}.txt"
    arguments = ["--data", work / "sample_50k.parquet", "--like", like, "--trees", trees, "--threads", CORES]
    return peer(tools, PEERS / "lightgbm_fit.py", *arguments)["seconds"]


def seconds(values):
    return f"{number(statistics.median(values))} s"
