#!/usr/bin/env python3
"""Measures the choices behind the model's main stage by cross-validation by site, one changed at a time.

How categories are encoded (native splits, smoothed means of the target over the other sites, or both), which sums of logarithms stand
beside the inputs, the loss, the trees' settings, and how intervals are made. Plain LightGBM on the inputs as observed: what is compared
is the choice, not the product.

    bench/.venv/bin/python bench/choices.py --data FILE.csv [--folds 5]
"""

import argparse
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold

SMOOTHING = 20.0
TREES = dict(
    objective="l1", n_estimators=300, learning_rate=0.05, num_leaves=31, min_child_samples=20, subsample=0.8, subsample_freq=1,
    colsample_bytree=0.8, max_depth=8, cat_smooth=100.0, cat_l2=50.0, verbosity=-1, n_jobs=2, random_state=0,
)  # fmt: skip
SLOPES = (0.0, 0.25, 0.5, 0.75, 1.0)

CHOICES = {
    "the product's: both encodings, rank against traffic, L1": {},
    "encoding: none": {"encoding": ""},
    "encoding: target means": {"encoding": "means"},
    "encoding: native splits": {"encoding": "native"},
    "encoding: native splits, LightGBM's smoothing": {"encoding": "native", "cat_smooth": 10.0, "cat_l2": 10.0},
    "sums: none": {"sums": "none"},
    "sums: visits x pages, rank x visits, rank x pages": {"sums": "plain"},
    "loss: L2": {"objective": "l2"},
    "loss: Huber": {"objective": "huber", "alpha": 0.5},
    "trees: 150": {"n_estimators": 150},
    "trees: 600 at half the rate": {"n_estimators": 600, "learning_rate": 0.025},
    "leaves: 15": {"num_leaves": 15},
    "leaves: 63, no limit of depth": {"num_leaves": 63, "max_depth": -1},
    "rows a leaf: 50": {"min_child_samples": 50},
    "all rows and columns": {"subsample": 1.0, "colsample_bytree": 1.0},
}


def means(codes, target, fit):
    """Means of the target by code over the rows `fit`, shrunk to the overall mean."""
    overall = target[fit].mean()
    grouped = target[fit].groupby(codes[fit])
    smoothed = (grouped.sum() + SMOOTHING * overall) / (grouped.count() + SMOOTHING)
    return codes.map(smoothed).astype(float).fillna(overall).where(codes.notna())


def target_means(codes, target, train, test):
    """Each training row is encoded by the other four fifths of the training rows, a test row by all of them."""
    encoded = pd.Series(np.nan, index=codes.index)
    for fit, rest in KFold(5, shuffle=True, random_state=1).split(train):
        encoded.iloc[train[rest]] = means(codes, target, train[fit]).iloc[train[rest]]
    encoded.iloc[test] = means(codes, target, train).iloc[test]
    return encoded


def table(rows, target, train, test, encoding, sums):
    logs = {name: np.log(rows[name].where(rows[name] > 0)) for name in ("rank", "visits", "pages_per_visit")}
    columns = dict(logs)
    if sums != "none":
        columns["views"] = logs["visits"] + logs["pages_per_visit"]
        columns["rank_pages"] = logs["rank"] + logs["pages_per_visit"]
        for slope in SLOPES if sums == "slopes" else (0.0,):
            columns[f"rank_visits_{slope}"] = logs["rank"] + logs["visits"] + slope * logs["pages_per_visit"]
    category = rows["category"].where(rows["category"] != "All")
    top = category.str.split("/").str[0]
    if "native" in encoding:
        columns["category"], columns["top"] = category.astype("category"), top.astype("category")
    if "means" in encoding:
        columns["category_mean"], columns["top_mean"] = (target_means(codes, target, train, test) for codes in (category, top))
    return pd.DataFrame(columns, index=rows.index)


def log_points(rows, target, train, test, encoding="native means", sums="slopes", **changed):
    """Logarithm of the users of the rows `test`, bounded by 1 and visits."""
    inputs = table(rows, target, train, test, encoding, sums)
    model = lightgbm.LGBMRegressor(**{**TREES, **changed}).fit(inputs.iloc[train], target.iloc[train])
    log_visits = np.log(rows["visits"].iloc[test])
    return np.clip(log_visits - model.predict(inputs.iloc[test]), 0, log_visits)


def intervals(rows, target, train, test):
    """Ends of the 90 % interval by method: a third of the training rows calibrates, the others fit."""
    fit, held = next(KFold(3, shuffle=True, random_state=2).split(train))
    fit, held = train[fit], train[held]
    both = np.concatenate([held, test])
    log_users = np.log(rows["unique_users"])
    centre = log_points(rows, target, fit, both)
    residual = log_users.iloc[held] - centre.iloc[: len(held)]
    inputs = table(rows, target, fit, both, "native means", "slopes")
    inner = list(KFold(4, shuffle=True, random_state=3).split(fit))
    error = pd.concat([(log_users - log_points(rows, target, fit[rest], fit[out])).iloc[fit[out]] for rest, out in inner])
    error = np.log(error.loc[rows.index[fit]].abs().clip(lower=0.01))
    small = {**TREES, "objective": "l2", "n_estimators": 50, "learning_rate": 0.1, "num_leaves": 15, "min_child_samples": 50}
    spread = np.exp(lightgbm.LGBMRegressor(**small).fit(inputs.iloc[fit], error).predict(inputs.iloc[both]))
    quantiles = {}
    for alpha in (0.05, 0.95):
        model = lightgbm.LGBMRegressor(**{**TREES, "objective": "quantile", "alpha": alpha}).fit(inputs.iloc[fit], target.iloc[fit])
        quantiles[alpha] = np.log(rows["visits"].iloc[both]) - model.predict(inputs.iloc[both])
    low, high = quantiles[0.95], quantiles[0.05]
    is_held, is_test = slice(0, len(held)), slice(len(held), None)
    ends = {}
    for name, scale in (("the same width for all, in logarithms", np.ones(len(both))), ("over the expected spread (the product's)", spread)):
        score = residual / scale[is_held]
        ends[name] = [centre.iloc[is_test] + np.quantile(score, level) * scale[is_test] for level in (0.05, 0.95)]
    held_users = log_users.iloc[held]
    below = np.quantile(low.iloc[is_held] - held_users, 0.95)
    above = np.quantile(held_users - high.iloc[is_held], 0.95)
    ends["quantile pair, not calibrated"] = [low.iloc[is_test], high.iloc[is_test]]
    ends["conformalized quantiles"] = [low.iloc[is_test] - below, high.iloc[is_test] + above]
    return {name: np.exp(pd.DataFrame({"low": low, "high": high})) for name, (low, high) in ends.items()}


def compare_points(rows, target, splits):
    print("| choice | median APE | RMSLE | MAE |\n| --- | ---: | ---: | ---: |")
    for name, changed in CHOICES.items():
        print(name, file=sys.stderr)
        estimated = np.exp(pd.concat([log_points(rows, target, train, test, **changed) for train, test in splits]))
        actual = rows["unique_users"].loc[estimated.index]
        error = np.abs(estimated - actual)
        rmsle = np.sqrt(np.mean((np.log1p(estimated) - np.log1p(actual)) ** 2))
        print(f"| {name} | {np.median(error / actual):.2%} | {rmsle:.4f} | {error.mean():,.0f} |", flush=True)


def compare_intervals(rows, target, splits):
    parts = [intervals(rows, target, train, test) for train, test in splits]
    print("\n| 90 % interval | coverage | median of high / low |\n| --- | ---: | ---: |")
    for name in parts[0]:
        ends = pd.concat([part[name] for part in parts])
        actual = rows["unique_users"].loc[ends.index]
        covered = ((ends["low"] <= actual) & (actual <= ends["high"])).mean()
        print(f"| {name} | {covered:.1%} | {(ends['high'] / ends['low']).median():.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="CSV with known visits and unique users")
    parser.add_argument("--folds", type=int, default=5)
    arguments = parser.parse_args()
    rows = pd.read_csv(arguments.data)
    rows = rows[(rows["visits"] >= 1) & (rows["unique_users"] >= 1)].reset_index(drop=True)
    target = np.log(rows["visits"] / rows["unique_users"])
    splitter = KFold(arguments.folds, shuffle=True, random_state=0) if rows["site"].is_unique else GroupKFold(arguments.folds)
    splits = list(splitter.split(rows, groups=rows["site"]))
    compare_points(rows, target, splits)
    compare_intervals(rows, target, splits)


if __name__ == "__main__":
    main()
