#!/usr/bin/env python3
"""Compares the accuracy of `uu-predictor` with AutoGluon, CatBoost, LightGBM and scikit-learn's forest: the same inputs, folds and cores.

Each model is trained on the other folds of a cross-validation by site and judged on the fold it never saw. What was measured goes to a file of
results after each fit, and is not measured again: a long comparison can be stopped, and goes on where it was.

    bench/peers/accuracy.py --data FILE.csv [--folds 5] [--fold N ...] [--only NAME ...] [--minutes 12] [--binary target/release/uu-predictor]

It makes an environment of its own in `bench/peers/.venv` at its first start. AutoGluon takes `--minutes` for each of its fits, and every fit is
given two cores: leave the machine alone meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ENVIRONMENT = HERE / ".venv"
REQUIREMENTS = HERE / "requirements.txt"
CORES = 2


def own_environment():
    """Starts this script again in its own environment, which is made where it is missing or its requirements have changed."""
    if Path(sys.prefix) == ENVIRONMENT:
        return
    installed = ENVIRONMENT / "installed.txt"
    if not installed.exists() or installed.read_text() != REQUIREMENTS.read_text():
        print("making the peers' environment; this takes some minutes once", file=sys.stderr)
        venv.create(ENVIRONMENT, with_pip=True)
        subprocess.run([ENVIRONMENT / "bin/pip", "install", "--quiet", "--requirement", REQUIREMENTS], check=True)
        installed.write_text(REQUIREMENTS.read_text())
    sys.exit(subprocess.run([ENVIRONMENT / "bin/python", __file__, *sys.argv[1:]]).returncode)


own_environment()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from sklearn.model_selection import GroupKFold, KFold  # noqa: E402

PRODUCT = "UU Predictor"
INPUTS = ["rank", "visits", "pages_per_visit", "bounce_rate", "avg_visit_duration"]
# Labels that stand before a country's own, as the product has them.
SECOND_LEVEL = set("ac asn co com edu gc gen go gob gouv gov in ne net nhs nom or org sch".split())
# The settings of the published reference on these folds.
LIGHTGBM = dict(
    n_estimators=600, learning_rate=0.03, num_leaves=31, min_child_samples=20, subsample=0.8, subsample_freq=1, colsample_bytree=0.8,
    verbosity=-1, n_jobs=CORES, random_state=0,
)  # fmt: skip


def host_parts(site):
    """The brand and the suffix of a host name."""
    labels = site.split(".")
    if len(labels) == 1:
        return site, site
    if len(labels) > 2 and labels[-2] in SECOND_LEVEL:
        return labels[-3], ".".join(labels[-2:])
    return labels[-2], labels[-1]


def features(rows):
    """All that the product knows of a row, as columns: logarithms, the sums that matter, both category levels, what the host name says."""
    columns = {}
    for name in INPUTS:
        if name in rows and rows[name].notna().any():
            columns[name] = rows[name] if name == "bounce_rate" else np.log1p(rows[name])
    for a, b in (("visits", "pages_per_visit"), ("visits", "rank")):
        if a in columns and b in columns:
            columns[f"{a}_x_{b}"] = columns[a] + columns[b]
    columns["top"] = rows["category"].str.split("/").str[0].astype("category")
    columns["category"] = rows["category"].astype("category")
    brand, suffix = (pd.Series(part, index=rows.index) for part in zip(*rows["site"].map(host_parts)))
    columns |= {"brand": brand.astype("category"), "suffix": suffix.astype("category")}
    columns |= {"brand_length": brand.str.len(), "brand_digits": brand.str.count(r"\d"), "brand_hyphens": brand.str.count("-")}
    columns["host_dots"] = rows["site"].str.count(r"\.")
    return pd.DataFrame(columns, index=rows.index)


class Split:
    """Rows to learn from and rows to be judged on."""

    def __init__(self, rows, train, test, folder, arguments):
        self.rows, self.train, self.test, self.folder = rows, train, test, folder
        self.binary, self.minutes = arguments.binary, arguments.minutes
        self.inputs = features(rows)
        self.log_ratio = np.log(rows["visits"] / rows["unique_users"])

    def users(self, log_ratio):
        return self.rows["visits"].iloc[self.test].to_numpy() / np.exp(np.asarray(log_ratio))

    def without_brand(self):
        """The columns for engines that take every value of a category for one of its own."""
        return self.inputs.drop(columns="brand")


# Each model returns a function that estimates the users of the test rows, so that fitting and estimating are timed apart.


def product(split):
    store, output = split.folder / "store", split.folder / "out.csv"

    def run(*arguments):
        command = [str(argument) for argument in (split.binary, *arguments, "--store", store, "--log", "error")]
        # The peers learn from every row, and so does the product here: no site is left out to judge later models on.
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"UU_TRAIN__SEALED_SITES": "0"})
        if done.returncode != 0:
            sys.exit(f"error: {split.binary} {' '.join(map(str, arguments))}\n{done.stderr}")

    split.rows.iloc[split.train].to_csv(split.folder / "train.csv", index=False)
    split.rows.iloc[split.test].drop(columns="unique_users").to_csv(split.folder / "test.csv", index=False)
    run("train", "--data", split.folder / "train.csv", "--threads", CORES)

    def estimate():
        run("predict", "--input", split.folder / "test.csv", "--output", output)
        return pd.read_csv(output)["unique_users"]

    return estimate


def autogluon(metric):
    def fit(split):
        from autogluon.tabular import TabularPredictor

        table = split.inputs.assign(label=split.log_ratio)
        predictor = TabularPredictor("label", problem_type="regression", eval_metric=metric, path=split.folder / "autogluon", verbosity=0)
        predictor.fit(table.iloc[split.train], presets="best_quality", time_limit=60 * split.minutes, num_cpus=CORES, num_gpus=0)
        return lambda: split.users(predictor.predict(split.inputs.iloc[split.test]))

    return fit


def lightgbm(objective):
    def fit(split):
        import lightgbm

        inputs = split.without_brand()
        model = lightgbm.LGBMRegressor(objective=objective, **LIGHTGBM).fit(inputs.iloc[split.train], split.log_ratio.iloc[split.train])
        return lambda: split.users(model.predict(inputs.iloc[split.test]))

    return fit


def catboost(loss, raw_users=False):
    def fit(split):
        from catboost import CatBoostRegressor

        categories = ["top", "category", "suffix"]
        inputs = split.without_brand()
        inputs[categories] = inputs[categories].astype(object).fillna("unknown")
        target = split.rows["unique_users"] if raw_users else split.log_ratio
        model = CatBoostRegressor(loss_function=loss, iterations=1000, random_seed=0, thread_count=CORES, verbose=False, allow_writing_files=False)
        model.fit(inputs.iloc[split.train], target.iloc[split.train], cat_features=categories)
        estimate = (lambda values: values) if raw_users else split.users
        return lambda: estimate(model.predict(inputs.iloc[split.test]))

    return fit


def forest(split):
    """What the replaced system compared: raw users, raw inputs, categories as indicators."""
    from sklearn.ensemble import RandomForestRegressor

    known = [name for name in INPUTS if name in split.rows and split.rows[name].notna().any()]
    inputs = pd.concat([split.rows[known].fillna(-1), pd.get_dummies(split.rows["category"].fillna("unknown"))], axis=1).to_numpy(np.float32)
    model = RandomForestRegressor(n_jobs=CORES, random_state=0).fit(inputs[split.train], split.rows["unique_users"].iloc[split.train])
    return lambda: model.predict(inputs[split.test])


MODELS = {
    PRODUCT: product,
    "AutoGluon best_quality, MAE": autogluon("mean_absolute_error"),
    "AutoGluon best_quality, RMSE": autogluon("root_mean_squared_error"),
    "CatBoost, MAE": catboost("MAE"),
    "CatBoost, RMSE": catboost("RMSE"),
    "LightGBM, L1": lightgbm("l1"),
    "LightGBM, L2": lightgbm("l2"),
    "random forest on raw users": forest,
    "CatBoost on raw users": catboost("RMSE", raw_users=True),
}
FIGURES = {"median_ape": "{:.2%}", "rmsle": "{:.4f}", "mae": "{:,.0f}"}


def judged(name, split):
    start = time.monotonic()
    estimate = MODELS[name](split)
    fitted = time.monotonic()
    points = np.asarray(estimate(), dtype=float)
    done = time.monotonic()
    rows = split.rows.iloc[split.test]
    points, actual = np.clip(points, 1, rows["visits"].to_numpy()), rows["unique_users"].to_numpy()
    error = np.abs(points - actual)
    return {
        "median_ape": np.median(error / actual),
        "rmsle": np.sqrt(np.mean((np.log1p(points) - np.log1p(actual)) ** 2)),
        "mae": error.mean(),
        "fit_seconds": fitted - start,
        "microseconds_a_row": 1e6 * (done - fitted) / len(points),
        "rows": len(points),
    }


def table(results, models):
    """Means over the folds that every model was measured on; differences are paired by fold."""
    measured = [model for model in models if model in results]
    common = sorted(set.intersection(*(set(results[model]) for model in measured)), key=int) if measured else []
    if not common:
        return "no fold was measured on all models\n"
    lines = [f"Means over {len(common)} folds ({', '.join(common)}); after ± the standard error of the difference from {PRODUCT}.", ""]
    lines += ["| model | median APE | RMSLE | MAE | fit, s | µs a row |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for model in measured:
        cells = []
        for figure, style in FIGURES.items():
            values = np.array([results[model][fold][figure] for fold in common])
            cells.append(style.format(values.mean()))
            if model != PRODUCT and PRODUCT in measured and len(common) > 1:
                difference = values - [results[PRODUCT][fold][figure] for fold in common]
                cells[-1] += " ± " + style.format(difference.std(ddof=1) / np.sqrt(len(common)))
        mean = {name: np.mean([results[model][fold][name] for fold in common]) for name in ("fit_seconds", "microseconds_a_row")}
        lines.append(f"| {model} | {' | '.join(cells)} | {mean['fit_seconds']:,.1f} | {mean['microseconds_a_row']:,.0f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="CSV with known visits and unique users")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--fold", type=int, action="append", help="only this fold, counted from 1; may be given several times")
    parser.add_argument("--only", action="append", choices=MODELS, metavar="NAME", help=f"only this model: {', '.join(MODELS)}; may be given several times")
    parser.add_argument("--minutes", type=float, default=12, help="what each fit of AutoGluon may take")
    parser.add_argument("--results", type=Path, default=HERE.parent / "results/peers.json", help="file of what was measured")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/uu-predictor")
    arguments = parser.parse_args()
    results = json.loads(arguments.results.read_text()) if arguments.results.exists() else {}
    rows = pd.read_csv(arguments.data)
    rows = rows[(rows["visits"] >= 1) & (rows["unique_users"] >= 1)].reset_index(drop=True)
    splitter = KFold(arguments.folds, shuffle=True, random_state=0) if rows["site"].is_unique else GroupKFold(arguments.folds)
    for fold, (train, test) in enumerate(splitter.split(rows, groups=rows["site"]), start=1):
        for name in arguments.only or MODELS:
            if str(fold) in results.get(name, {}) or (arguments.fold and fold not in arguments.fold):
                continue
            print(f"fold {fold} of {arguments.folds}: {name}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory() as folder:
                figures = judged(name, Split(rows, train, test, Path(folder), arguments))
            results.setdefault(name, {})[str(fold)] = {key: round(float(value), 6) for key, value in figures.items()}
            arguments.results.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results, arguments.only or MODELS), end="")


if __name__ == "__main__":
    main()
