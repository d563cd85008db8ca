#!/usr/bin/env python3
"""Judges one model of several sources beside a model for each, and beside a pool that does not know who counted.

In each fold of a cross-validation by site, four trainings by the command line: all rows with their `source`, the same rows without it, and
the rows of each source alone. Every model estimates the fold's rows twice: with all they carry, and with only those inputs that
every source carries and no site, as a request looks that does not give away where it comes from. With `--one-month` each site's last row stands for it and
all are of one month: files of different years tell their source by their dates.

    bench/.venv/bin/python bench/sources.py --data FILE.csv --data FILE.csv [--folds 5] [--one-month] [--least-visits 50000 usgov_ga] [--binary target/release/uu-predictor]

`--least-visits` leaves rows of a source out that have fewer visits, or more users than visits: what is left of a source that samples its counts.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ["rank", "visits", "pages_per_visit", "bounce_rate", "avg_visit_duration", "category"]
TOGETHER, BLIND, APART = "together, each under its name", "together, names left out", "apart, a model for each"


def run(*arguments):
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, arguments))}\n{done.stderr}")


class Binary:
    def __init__(self, path, folder):
        self.path, self.folder = path, folder

    def train(self, rows, name):
        rows.to_csv(self.folder / "train.csv", index=False)
        run(self.path, "train", "--data", self.folder / "train.csv", "--store", self.folder / name, "--log", "error")
        return self.folder / name

    def estimates(self, rows, store):
        rows.drop(columns="unique_users").to_csv(self.folder / "test.csv", index=False)
        run(self.path, "predict", "--input", self.folder / "test.csv", "--output", self.folder / "out.csv", "--store", store)
        return pd.read_csv(self.folder / "out.csv")[["unique_users", "unique_users_low", "unique_users_high"]].set_index(rows.index)


def figures(part):
    actual, point = part["actual"], part["unique_users"]
    covered = (part["unique_users_low"] <= actual) & (actual <= part["unique_users_high"])
    rmsle = np.sqrt(np.mean((np.log1p(point) - np.log1p(actual)) ** 2))
    return f"{(np.abs(point - actual) / actual).median():.1%} | {rmsle:.3f} | {(point / actual).median():.2f} | {covered.mean():.0%}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, action="append", required=True, help="CSV with known visits, users and their source; once for each file")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--one-month", action="store_true", help="take the last row of each site, and give all the same month")
    parser.add_argument("--least-visits", nargs=2, action="append", default=[], metavar=("VISITS", "SOURCE"))
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/uu-predictor")
    arguments = parser.parse_args()
    rows = pd.concat([pd.read_csv(path) for path in arguments.data], ignore_index=True)
    rows = rows[(rows["visits"] >= 1) & (rows["unique_users"] >= 1)]
    for visits, source in arguments.least_visits:
        rows = rows[(rows["source"] != source) | ((rows["visits"] >= float(visits)) & (rows["unique_users"] <= rows["visits"]))]
    if arguments.one_month:
        rows = rows.sort_values("date", kind="stable").groupby(["source", "site"]).tail(1).assign(date=rows["date"].max())
    rows = rows.reset_index(drop=True)
    known = rows.groupby("source")[INPUTS].agg(lambda column: column.notna().any())
    own = [name for name in INPUTS if not known[name].all()]
    print(f"inputs that every source carries: {', '.join(name for name in INPUTS if name not in own)}", file=sys.stderr)
    parts = {}
    with tempfile.TemporaryDirectory() as folder:
        binary = Binary(arguments.binary, Path(folder))
        for fold, (train, test) in enumerate(GroupKFold(arguments.folds).split(rows, groups=rows["site"])):
            print(f"fold {fold + 1} of {arguments.folds}", file=sys.stderr)
            train, test = rows.iloc[train], rows.iloc[test]
            stores = {TOGETHER: binary.train(train, f"together{fold}"), BLIND: binary.train(train.assign(source=np.nan), f"blind{fold}")}
            for source, of_source in test.groupby("source"):
                stores[APART] = binary.train(train[train["source"] == source], f"{source}{fold}")
                shared = of_source.assign(site=np.nan, **{name: np.nan for name in own})
                for shown, asked in (("all", of_source), ("shared", shared)):
                    for name, store in stores.items():
                        out = binary.estimates(asked.assign(source=np.nan) if name == BLIND else asked, store)
                        parts.setdefault((source, shown, name), []).append(out.assign(actual=of_source["unique_users"]))
    print("| source | inputs | trained | median APE | RMSLE | median of estimate / truth | coverage |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: |")
    for (source, shown, name), found in parts.items():
        print(f"| {source} | {shown} | {name} | {figures(pd.concat(found))} |")


if __name__ == "__main__":
    main()
