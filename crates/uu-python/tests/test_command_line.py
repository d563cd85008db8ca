"""The wheel and the binary are one product: they train the same model and give the same estimates."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import uu_predictor as uu

BINARY = os.environ.get("BINARY_UNDER_TEST", "")

pytestmark = pytest.mark.skipif(not BINARY, reason="SKIPPED: BINARY_UNDER_TEST names no binary to compare with")


Trained = tuple[Path, dict[str, Any], pd.DataFrame]


def run(*arguments: str | Path) -> str:
    # The wheel trains on all rows it is given; a store would leave the sealed sites out.
    environment = os.environ | {"UU_TRAIN__SEALED_SITES": "0"}
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trained(sample: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A store in which the binary trained a model on a file, and the file's rows."""
    folder = tmp_path_factory.mktemp("binary")
    rows = sample.head(1500)
    rows.to_parquet(folder / "rows.parquet")
    report = run("train", "--data", folder / "rows.parquet", "--store", folder / "store", "--json")
    return folder, json.loads(report), rows


def test_the_binary_trains_the_same_model(trained: Trained) -> None:
    _, report, rows = trained
    model = uu.fit(rows)
    assert model.checksum == report["checksum"]


def test_the_binary_gives_the_same_estimates(trained: Trained) -> None:
    folder, report, rows = trained
    run("predict", "--input", folder / "rows.parquet", "--output", folder / "estimates.parquet", "--store", folder / "store")
    run("models", "export", "--artifact", folder / "exported.uumodel", "--store", folder / "store")
    model = uu.load(folder / "exported.uumodel")
    written = pq.read_table(folder / "estimates.parquet")
    estimated = model.predict(pq.read_table(folder / "rows.parquet")).to_pyarrow()
    assert estimated.column_names == written.column_names
    # The binary names the version of its store, the wheel the artifact's checksum.
    assert set(written["model"].to_pylist()) == {report["version"]}
    for name in set(written.column_names) - {"model"}:
        assert estimated[name].to_pylist() == written[name].to_pylist(), name


def test_the_binary_gives_the_same_judgement(trained: Trained) -> None:
    folder, report, rows = trained
    judged = json.loads(run("evaluate", "--data", folder / "rows.parquet", "--store", folder / "store", "--json"))
    model = uu.fit(rows)
    assert model.evaluate(rows)["evaluation"] == judged["evaluation"]
