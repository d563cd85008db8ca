"""Tables of pandas, polars and pyarrow, in and out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import uu_predictor as uu

ROWS = {
    "date": ["2024-12-01", "2024-11-01"],
    "site": ["a.com", "b.com"],
    "visits": [1_000_000.0, None],
    "category": ["Sports/Soccer", None],
    "note": ["kept", "too"],
}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_every_kind_of_table_gets_the_same_estimates(model: uu.Model, frame: Callable[[Any], Any]) -> None:
    estimates = model.predict(frame(ROWS)).to_pyarrow()
    expected = model.predict(pa.table(ROWS)).to_pyarrow()
    numbers = ["visits", "rank", "bounce_rate", "unique_users", "unique_users_low", "unique_users_high"]
    assert estimates.select(numbers).equals(expected.select(numbers))
    assert estimates["note"].to_pylist() == ["kept", "too"]
    assert estimates["visits"][0].as_py() == 1_000_000
    assert set(estimates["filled"][1].as_py()) == {"rank", "visits", "pages_per_visit", "bounce_rate", "avg_visit_duration"}


def test_a_table_goes_into_every_library_and_back(model: uu.Model, sample: pd.DataFrame) -> None:
    table = model.predict(sample)
    as_pyarrow, as_polars, as_pandas = pa.table(table), pl.DataFrame(table), table.to_pandas()
    assert as_pyarrow.num_rows == as_polars.height == len(as_pandas) == len(table) == table.num_rows == len(sample)
    assert as_pyarrow.column_names == as_polars.columns == list(as_pandas.columns) == table.column_names
    again = [model.predict(back).to_pyarrow()["unique_users"].to_pylist() for back in (as_pyarrow, as_polars, as_pandas, table)]
    assert again[0] == again[1] == again[2] == again[3] == as_pandas["unique_users"].tolist()


def test_columns_that_do_not_change_are_shared_and_not_copied(model: uu.Model) -> None:
    given = pa.table({"date": ["2024-12"], "visits": [5000.0], "note": ["x" * 1000]})
    returned = pa.table(model.predict(given))
    address = given["note"].chunk(0).buffers()[2].address
    assert returned["note"].chunk(0).buffers()[2].address == address


def test_types_of_frames_are_understood(model: uu.Model) -> None:
    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(["2024-12-17"]),
            "visits": pd.array([250_000], dtype="Int64"),
            "category": pd.Categorical(["Sports/Soccer"]),
        }
    )
    as_text = pl.DataFrame({"date": ["2024-12"], "visits": ["250000"], "category": ["Sports/Soccer"]})
    one, other = (model.predict(rows).to_polars()["unique_users"][0] for rows in (frame, as_text))
    assert one == other
    assert 1 <= one <= 250_000


def test_a_later_batch_and_a_sliced_table_count_too(model: uu.Model, sample: pd.DataFrame) -> None:
    whole = pa.table(sample)
    pieces = pa.concat_tables([whole.slice(0, 100), whole.slice(100, 1), whole.slice(101)])
    assert model.predict(pieces).to_pyarrow()["unique_users"].to_pylist() == model.predict(whole).to_pyarrow()["unique_users"].to_pylist()


def test_a_table_without_rows_keeps_its_columns(model: uu.Model) -> None:
    empty = pa.table(ROWS).slice(0, 0)
    estimates = model.predict(empty)
    assert len(estimates) == 0
    assert estimates.column_names[: len(ROWS)] == list(ROWS)
    assert "unique_users_high" in estimates.column_names
