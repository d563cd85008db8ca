#!/usr/bin/env python3
"""Judges `uu-predictor` on sites it never saw, beside a LightGBM trained for each pattern of inputs alone.

For each fold of a cross-validation by site: train on the other folds by the command line, predict the fold's rows once with all
inputs and once for every pattern of inputs with the others emptied, and compare with the truth. The peers see the same rows. What a
site's name says is known in all patterns, or in none with `--without-site`; the peers never see it.

    bench/.venv/bin/python bench/accuracy.py --data FILE.csv [--folds 5] [--without-site] [--binary target/release/uu-predictor]
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ["rank", "visits", "pages_per_visit", "bounce_rate", "avg_visit_duration", "category"]
PEER = dict(
    objective="l1", n_estimators=300, learning_rate=0.05, num_leaves=31, min_child_samples=20, subsample=0.8, subsample_freq=1, colsample_bytree=0.8,
    verbosity=-1, n_jobs=1, random_state=0,
)


def run(*arguments):
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, arguments))}\n{done.stderr}")
    return done.stdout


def features(rows, known):
    columns = {}
    for name in known:
        if name == "category":
            parts = rows["category"].fillna("").str.split("/", n=1, expand=True).reindex(columns=[0, 1])
            columns["top"], columns["sub"] = parts[0].astype("category"), rows["category"].astype("category")
        else:
            columns[name] = rows[name] if name == "bounce_rate" else np.log1p(rows[name])
    for a, b in (("visits", "pages_per_visit"), ("visits", "rank")):
        if a in columns and b in columns:
            columns[f"{a}x{b}"] = columns[a] + columns[b]
    return pd.DataFrame(columns, index=rows.index)


def dedicated(rows, train, test, known):
    """A LightGBM for this pattern alone: the ratio where visits are known, users where they are not."""
    table = features(rows, known)
    target = np.log(rows["unique_users"].clip(lower=1))
    offset = np.log(rows["visits"].clip(lower=1)) if "visits" in known else 0.0 * target
    model = lightgbm.LGBMRegressor(**PEER).fit(table.iloc[train], (target - offset).iloc[train])
    points = np.exp(model.predict(table.iloc[test]) + offset.iloc[test])
    return np.minimum(points, rows["visits"].iloc[test]) if "visits" in known else points


def figures(actual, points):
    error = np.abs(points - actual)
    log_error = np.log1p(points) - np.log1p(actual)
    return np.median(error / np.maximum(actual, 1)), np.sqrt(np.mean(log_error**2)), error.mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="CSV with known unique users")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--without-site", action="store_true", help="empty the sites of the rows that are predicted")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/uu-predictor")
    arguments = parser.parse_args()
    rows = pd.read_csv(arguments.data)
    for name in INPUTS:
        if name not in rows:
            rows[name] = np.nan
    present = [name for name in INPUTS if rows[name].notna().any()]
    patterns = [list(chosen) for size in range(len(present), 0, -1) for chosen in itertools.combinations(present, size)]
    # One row a site: the order of the file serves, as in the published reference; else sites are kept whole.
    one_each = rows["site"].is_unique
    splitter = KFold(arguments.folds, shuffle=True, random_state=0) if one_each else GroupKFold(arguments.folds)
    judged = {tuple(pattern): [] for pattern in patterns}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for fold, (train, test) in enumerate(splitter.split(rows, groups=rows["site"])):
            print(f"fold {fold + 1} of {arguments.folds}", file=sys.stderr)
            store = folder / f"store{fold}"
            rows.iloc[train].to_csv(folder / "train.csv", index=False)
            run(arguments.binary, "train", "--data", folder / "train.csv", "--store", store, "--log", "error")
            for pattern in patterns:
                shown = rows.iloc[test].drop(columns="unique_users").copy()
                shown[[name for name in INPUTS if name not in pattern]] = np.nan
                if arguments.without_site:
                    shown["site"] = np.nan
                shown.to_csv(folder / "test.csv", index=False)
                run(arguments.binary, "predict", "--input", folder / "test.csv", "--output", folder / "out.csv", "--store", store)
                out = pd.read_csv(folder / "out.csv")
                judged[tuple(pattern)].append(
                    pd.DataFrame(
                        {
                            "actual": rows["unique_users"].iloc[test].to_numpy(),
                            "point": out["unique_users"],
                            "low": out["unique_users_low"],
                            "high": out["unique_users_high"],
                            "peer": np.asarray(dedicated(rows, train, test, pattern)),
                            "known": rows.iloc[test][pattern].notna().all(axis=1).to_numpy(),
                        }
                    )
                )
    print("| known inputs | rows | median APE | peer's | difference | RMSLE | MAE | coverage | median width |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for pattern, parts in judged.items():
        part = pd.concat(parts)
        part = part[part["known"]]
        ape, rmsle, mae = figures(part["actual"], part["point"])
        peer, _, _ = figures(part["actual"], part["peer"])
        covered = ((part["low"] <= part["actual"]) & (part["actual"] <= part["high"])).mean()
        width = ((part["high"] - part["low"]) / part["point"].clip(lower=1)).median()
        print(
            f"| {', '.join(pattern)} | {len(part)} | {ape:.1%} | {peer:.1%} | {100 * (ape - peer):+.1f} | {rmsle:.3f} | {mae:,.0f} | {covered:.1%} | {width:.2f} |"
        )


if __name__ == "__main__":
    main()
