"""Seconds of one plain LightGBM fit of the inputs to the logarithm of unique users, with the hyperparameters of a given model."""

import argparse
import json
import re
import time
from pathlib import Path

import lightgbm
import numpy
import pyarrow.compute
import pyarrow.parquet

INPUTS = ["rank", "visits", "pages_per_visit", "bounce_rate", "avg_visit_duration"]
SAME = {
    "objective": str,
    "learning_rate": float,
    "num_leaves": int,
    "max_depth": int,
    "min_data_in_leaf": int,
    "feature_fraction": float,
    "bagging_fraction": float,
    "bagging_freq": int,
    "lambda_l2": float,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--like", type=Path, required=True, help="a model as LightGBM's text; its hyperparameters are used")
    parser.add_argument("--trees", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    table = pyarrow.parquet.read_table(arguments.data)
    features, target = matrix(table), numpy.log1p(numbers(table, "unique_users"))
    settings = parameters(arguments.like.read_text()) | {"num_threads": arguments.threads, "verbosity": -1, "seed": 1}
    start = time.perf_counter()
    booster = lightgbm.train(settings, lightgbm.Dataset(features, target), num_boost_round=arguments.trees)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "trees": booster.num_trees(), "rows": len(target), "settings": settings}))


def parameters(text):
    found = dict(re.findall(r"^\[(\w+): (\S*)\]$", text, re.MULTILINE))
    return {name: kind(found[name]) for name, kind in SAME.items() if name in found}


def matrix(table):
    columns = [numbers(table, name) for name in INPUTS]
    columns.append(codes(table, "category"))
    columns.append(pyarrow.compute.month(table["date"]).to_numpy().astype(float))
    return numpy.column_stack(columns)


def numbers(table, name):
    column = pyarrow.compute.cast(table[name], "float64")
    return pyarrow.compute.fill_null(column, float("nan")).to_numpy()


def codes(table, name):
    column = table[name].combine_chunks()
    column = column if hasattr(column, "indices") else column.dictionary_encode()
    return pyarrow.compute.fill_null(column.indices.cast("float64"), float("nan")).to_numpy(zero_copy_only=False)


main()
