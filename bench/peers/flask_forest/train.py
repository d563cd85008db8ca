"""Trains the forest of the Flask service on raw unique users."""

import argparse
import json
from pathlib import Path

import joblib
import numpy
import pyarrow.compute
import pyarrow.parquet
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

INPUTS = ["rank", "visits", "pages_per_visit", "bounce_rate", "avg_visit_duration"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    table = pyarrow.parquet.read_table(arguments.data)
    table = table.filter(pyarrow.compute.is_valid(table["unique_users"]))
    names = [name.as_py() for name in pyarrow.compute.unique(pyarrow.compute.cast(table["category"], "string")) if name.is_valid]
    codes = {name: code for code, name in enumerate(sorted(names))}
    columns = [pyarrow.compute.fill_null(pyarrow.compute.cast(table[name], "float64"), float("nan")).to_numpy() for name in INPUTS]
    columns.append(numpy.array([codes.get(name, numpy.nan) for name in pyarrow.compute.cast(table["category"], "string").to_pylist()]))
    forest = make_pipeline(SimpleImputer(strategy="median"), RandomForestRegressor(n_estimators=100, n_jobs=-1, random_state=0))
    forest.fit(numpy.column_stack(columns), pyarrow.compute.cast(table["unique_users"], "float64").to_numpy())
    # One row at a time is quickest on one thread.
    forest[-1].n_jobs = 1
    joblib.dump({"forest": forest, "categories": codes}, arguments.output)
    print(json.dumps({"rows": table.num_rows}))


main()
