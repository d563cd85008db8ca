#!/usr/bin/env python3
"""Measures the choices behind the model's main stage by cross-validation by site, one changed at a time.

Which columns stand beside the inputs (categories split natively, smoothed means over other sites, sums of logarithms, what the host name says, a
linear model), the loss, the trees that follow, the trees' settings, and how intervals are made. Plain LightGBM on the inputs as
observed: what is compared is the choice, not the product.

    bench/.venv/bin/python bench/choices.py --data FILE.csv [--folds 5]
"""

import argparse
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold

SMOOTHING, BRAND_SMOOTHING = 20.0, 1.0
PARTS = 5
TREES = dict(
    objective="l1", n_estimators=300, learning_rate=0.05, num_leaves=31, min_child_samples=20, subsample=0.8, subsample_freq=1,
    colsample_bytree=0.5, max_depth=8, cat_smooth=30.0, cat_l2=20.0, max_cat_threshold=64, verbosity=-1, n_jobs=1, random_state=0,
)  # fmt: skip
CORRECTION = dict(objective="huber", alpha=0.5, n_estimators=100, boost_from_average=False)
SLOPES = (0.0, 0.25, 0.5, 0.75, 1.0)
# Labels that stand before a country's own, as the product has them.
SECOND_LEVEL = set("ac asn co com edu gc gen go gob gouv gov in ne net nhs nom or org sch".split())
MIN_SITES = 5

CHOICES = {
    "the product's": {},
    "categories: none": {"without": ["category"]},
    "categories: target means only": {"without": ["category_code"]},
    "categories: native splits only": {"without": ["category_mean"]},
    "native splits: LightGBM's smoothing (10, 10)": {"cat_smooth": 10.0, "cat_l2": 10.0},
    "native splits: more smoothing (100, 50)": {"cat_smooth": 100.0, "cat_l2": 50.0},
    "rank against traffic: none": {"without": ["sum"]},
    "host name: none": {"without": ["host"]},
    "host name: suffix only": {"without": ["host_brand", "host_spelling"]},
    "linear model: none": {"without": ["linear"]},
    "loss: L1 alone": {"correction": 0.0},
    "loss: L1, then Huber at 0.25": {"correction": 0.25},
    "loss: L1, then Huber at 0.75": {"correction": 0.75},
    "loss: L1, then Huber at 1": {"correction": 1.0},
    "loss: L2 alone": {"objective": "l2", "correction": 0.0},
    "loss: Huber alone": {"objective": "huber", "alpha": 0.5, "correction": 0.0},
    "trees: 150, then 50": {"n_estimators": 150, "more": 50},
    "trees: 600 at half the rate, then 100": {"n_estimators": 600, "learning_rate": 0.025},
    "leaves: 15": {"num_leaves": 15},
    "leaves: 63, no limit of depth": {"num_leaves": 63, "max_depth": -1},
    "rows a leaf: 50": {"min_child_samples": 50},
    "share of columns: 0.8": {"colsample_bytree": 0.8},
}


def parts_of(site):
    """The brand and the suffix of a host name."""
    labels = site.split(".")
    if len(labels) == 1:
        return site, site
    if len(labels) > 2 and labels[-2] in SECOND_LEVEL:
        return labels[-3], ".".join(labels[-2:])
    return labels[-2], labels[-1]


def means(codes, values, fit, smoothing, only_seen):
    """Means by code over the rows `fit`, shrunk to the overall mean."""
    overall = values[fit].mean()
    grouped = values[fit].groupby(codes[fit])
    smoothed = (grouped.sum() + smoothing * overall) / (grouped.count() + smoothing)
    found = codes.map(smoothed).astype(float)
    return found if only_seen else found.fillna(overall).where(codes.notna())


class Columns:
    """The feature matrix of one split: what is learned of a training row is learned from the other parts of the training rows."""

    def __init__(self, rows, target, train, test):
        self.rows, self.target, self.train, self.test = rows, target, train, test
        self.learned_from = [(train[fit], train[rest]) for fit, rest in KFold(PARTS, shuffle=True, random_state=1).split(train)] + [(train, test)]
        self.table = {}
        self.fill()

    def put(self, name, values, kind):
        self.table[name] = (values, kind)

    def out_of_fold(self, of):
        values = pd.Series(np.nan, index=self.rows.index)
        for fit, rest in self.learned_from:
            values.iloc[rest] = np.asarray(of(fit))[rest]
        return values

    def mean(self, codes, values, smoothing=SMOOTHING, only_seen=False):
        return self.out_of_fold(lambda fit: means(codes, values, fit, smoothing, only_seen))

    def fill(self):
        rows, target = self.rows, self.target
        rank, visits, pages = logs = [np.log(rows[name].where(rows[name] > 0)) for name in ("rank", "visits", "pages_per_visit")]
        for name, values in zip(("rank", "visits", "pages"), logs):
            self.put(name, values, ["input"])
        self.put("views", visits + pages, ["sum"])
        self.put("rank_pages", rank + pages, ["sum"])
        for slope in SLOPES:
            self.put(f"rank_visits_{slope}", rank + visits + slope * pages, ["sum"])
        category = rows["category"].where(rows["category"] != "All")
        top = category.str.split("/").str[0]
        for name, codes in (("category", category), ("top", top)):
            self.put(name, codes.astype("category"), ["category", "category_code"])
            self.put(f"{name}_mean", self.mean(codes, target), ["category", "category_mean"])
        brand, suffix = (pd.Series(part, index=rows.index) for part in zip(*rows["site"].map(parts_of)))
        common = suffix.where(suffix.map(suffix.iloc[self.train].value_counts()).fillna(0) >= MIN_SITES)
        self.put("suffix", common.astype("category"), ["host", "host_suffix"])
        self.put("suffix_mean", self.mean(suffix, target), ["host", "host_suffix"])
        self.put("suffix_pages", self.mean(suffix, pages), ["host", "host_suffix"])
        self.put("brand_mean", self.mean(brand, target, BRAND_SMOOTHING, only_seen=True), ["host", "host_brand"])
        spelling = {"length": brand.str.len(), "dots": rows["site"].str.count(r"\."), "digits": brand.str.count(r"\d"), "hyphens": brand.str.count("-")}
        for name, values in spelling.items():
            self.put(name, values, ["host", "host_spelling"])
        self.put("linear", self.linear(logs, [category, top, suffix]), ["linear"])

    def linear(self, logs, groups):
        """A ridge regression on logarithms, their squares and products, and a constant for each group."""
        z = [((log - log.iloc[self.train].mean()) / log.iloc[self.train].std()).fillna(0) for log in logs]
        terms = np.column_stack(z + [a * b for place, a in enumerate(z) for b in z[place:]])
        dummies = [sparse.csr_matrix(pd.get_dummies(group).to_numpy(float)) for group in groups]
        # Scaled so that one penalty of 20 is 0.2 on terms and 5 on groups.
        inputs = sparse.hstack([sparse.csr_matrix(terms * 10), *(dummy * 2 for dummy in dummies)]).tocsr()

        def predicted(fit):
            return Ridge(alpha=20.0, solver="lsqr").fit(inputs[fit], self.target.iloc[fit]).predict(inputs)

        whole = sum(log.isna() for log in logs) == 0
        return self.out_of_fold(predicted).where(whole)

    def without(self, left_out):
        kept = {name: values for name, (values, kinds) in self.table.items() if not set(kinds) & set(left_out)}
        return pd.DataFrame(kept, index=self.rows.index)


def log_points(columns, without=(), correction=0.5, more=100, **changed):
    """Logarithm of the users of the rows `test`, bounded by 1 and visits."""
    inputs, target, train, test = columns.without(without), columns.target, columns.train, columns.test
    settings = {**TREES, **changed}
    first = lightgbm.LGBMRegressor(**settings).fit(inputs.iloc[train], target.iloc[train])
    predicted = first.predict(inputs.iloc[test])
    if correction:
        left = target.iloc[train] - first.predict(inputs.iloc[train])
        second = lightgbm.LGBMRegressor(**{**settings, **CORRECTION, "n_estimators": more}).fit(inputs.iloc[train], left)
        predicted = predicted + correction * second.predict(inputs.iloc[test])
    log_visits = np.log(columns.rows["visits"].iloc[test])
    return np.clip(log_visits - predicted, 0, log_visits)


def intervals(rows, target, train, test):
    """Ends of the 90 % interval by method: a third of the training rows calibrates, the others fit."""
    fit, held = next(KFold(3, shuffle=True, random_state=2).split(train))
    fit, held = train[fit], train[held]
    both = np.concatenate([held, test])
    log_users = np.log(rows["unique_users"])
    columns = Columns(rows, target, fit, both)
    centre = log_points(columns)
    residual = log_users.iloc[held] - centre.iloc[: len(held)]
    inputs = columns.without(())
    inner = KFold(4, shuffle=True, random_state=3).split(fit)
    error = pd.concat([(log_users - log_points(Columns(rows, target, fit[rest], fit[out]))).iloc[fit[out]] for rest, out in inner])
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
    points = np.exp(centre.iloc[is_test])
    return {name: np.exp(pd.DataFrame({"low": low, "high": high})).assign(point=points) for name, (low, high) in ends.items()}


def compare_points(rows, target, splits):
    print("| choice | median APE | RMSLE | MAE |\n| --- | ---: | ---: | ---: |")
    tables = [Columns(rows, target, train, test) for train, test in splits]
    for name, changed in CHOICES.items():
        print(name, file=sys.stderr)
        estimated = np.exp(pd.concat([log_points(columns, **changed) for columns in tables]))
        actual = rows["unique_users"].loc[estimated.index]
        error = np.abs(estimated - actual)
        rmsle = np.sqrt(np.mean((np.log1p(estimated) - np.log1p(actual)) ** 2))
        print(f"| {name} | {np.median(error / actual):.2%} | {rmsle:.4f} | {error.mean():,.0f} |", flush=True)


def compare_intervals(rows, target, splits):
    parts = [intervals(rows, target, train, test) for train, test in splits]
    print("\n| 90 % interval | coverage | median of high / low | median width / point |\n| --- | ---: | ---: | ---: |")
    for name in parts[0]:
        ends = pd.concat([part[name] for part in parts])
        actual = rows["unique_users"].loc[ends.index]
        covered = ((ends["low"] <= actual) & (actual <= ends["high"])).mean()
        high = np.minimum(ends["high"], rows["visits"].loc[ends.index])
        width = ((high - ends["low"]) / ends["point"]).median()
        print(f"| {name} | {covered:.1%} | {(ends['high'] / ends['low']).median():.2f} | {width:.2f} |")


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
