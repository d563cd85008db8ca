"""Seconds a row of LightGBM's own predict, for each stage's trees, on random features within the ranges the trees were trained on."""

import argparse
import json
import statistics
import time
from pathlib import Path

import lightgbm
import numpy

ROWS = 100_000
REPEATS = 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trees", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    random = numpy.random.default_rng(0)
    stages = {path.stem: measure(path, random, arguments.threads) for path in sorted(arguments.trees.glob("*.txt"))}
    print(json.dumps(stages))


def measure(path, random, threads):
    text = path.read_text()
    booster = lightgbm.Booster(model_str=text)
    features = numpy.column_stack([column(info, random) for info in header(text, "feature_infos")])
    booster.predict(features[:1000], num_threads=threads)
    seconds = statistics.median(timed(booster, features, threads) for _ in range(REPEATS))
    return {"trees": booster.num_trees(), "features": features.shape[1], "seconds_per_row": seconds / ROWS}


def timed(booster, features, threads):
    start = time.perf_counter()
    booster.predict(features, num_threads=threads)
    return time.perf_counter() - start


def header(text, name):
    line = next(line for line in text.splitlines() if line.startswith(name + "="))
    return line.split("=", 1)[1].split()


def column(info, random):
    """`[low:high]` for a number, `a:b:c` for codes, `none` for a feature no tree uses."""
    if info.startswith("["):
        low, high = map(float, info[1:-1].split(":"))
        return random.uniform(low, high, ROWS)
    codes = [] if info == "none" else [float(code) for code in info.split(":")]
    return random.choice(codes, ROWS) if codes else numpy.zeros(ROWS)


main()
