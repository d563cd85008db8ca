"""A small model and its rows, made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import uu_predictor as uu

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "data" / "sample.parquet"


@pytest.fixture(scope="session")
def sample() -> pd.DataFrame:
    """Rows of the first thousand sites of the bundled sample."""
    rows = uu.read(SAMPLE).to_pandas()
    sites = sorted(rows["site"].unique())[:1000]
    return rows[rows["site"].isin(sites)].reset_index(drop=True)


@pytest.fixture(scope="session")
def quick() -> dict[str, Any]:
    """Settings that keep a training within a second or two."""
    trees = {"ratio": 60, "visits": 30, "fill": 12, "spread": 10}
    stages = {stage: {"num_iterations": number} for stage, number in trees.items()}
    return {"folds": 3, "copies": 1, "correction": {"trees": {"num_iterations": 30}}, **stages}


@pytest.fixture(scope="session")
def model(sample: pd.DataFrame, quick: dict[str, Any]) -> uu.Model:
    return uu.fit(sample, settings=quick)
