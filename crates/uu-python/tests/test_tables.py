"""Tables of pandas, polars and pyarrow, in and out."""

from __future__ import annotations

import math
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


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_estimates_are_explained_where_it_is_asked_for(model: uu.Model, frame: Callable[[Any], Any]) -> None:
    assert "explanation" not in model.predict(frame(ROWS)).column_names
    estimates = model.predict(frame(ROWS), explain=True).to_pyarrow().to_pylist()
    for row in estimates:
        base, factors = row["explanation"]["base"], row["explanation"]["factors"]
        assert {"visits", "rank", "month", "bounds"} <= factors.keys()
        assert round(base * math.prod(factors.values())) == row["unique_users"]


GERMAN = {"date": ["2024-12"], "site": ["a.com"], "visits": ["250.000"], "pages_per_visit": ["3,5"], "unique_users": ["90.000"]}
PLAIN = {"date": ["2024-12"], "site": ["a.com"], "visits": [250_000.0], "pages_per_visit": [3.5], "unique_users": [90_000.0]}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_numbers_in_texts_of_a_frame_have_the_decimal_mark_that_is_given(model: uu.Model, frame: Callable[[Any], Any]) -> None:
    german, plain = frame(GERMAN), frame(PLAIN)
    estimates, expected = (model.predict(german, decimal="comma").to_pandas(), model.predict(plain).to_pandas())
    for column in ["visits", "pages_per_visit", "unique_users", "unique_users_known"]:
        assert estimates[column].tolist() == expected[column].tolist()
    assert model.fill(german, decimal="comma").to_pandas()["visits"].tolist() == [250_000]
    assert model.predict(plain, decimal="comma").to_pandas()["visits"].tolist() == [250_000]
    rows, _ = uu.clean(german, decimal="comma")
    assert rows.to_pandas()[["visits", "unique_users"]].to_numpy().tolist() == [[250_000, 90_000]]
    judged = model.evaluate(german, decimal="comma")["evaluation"]["overall"]
    assert judged == model.evaluate(plain)["evaluation"]["overall"]
    with pytest.raises(ValueError, match="`decimal` must be point or comma, got `dot`"):
        model.predict(german, decimal="dot")  # type: ignore[arg-type]


def test_models_are_fitted_on_numbers_with_a_decimal_comma(model: uu.Model, sample: pd.DataFrame, quick: dict[str, Any]) -> None:
    numbers = ["visits", "unique_users", "pages_per_visit", "bounce_rate", "avg_visit_duration"]
    german = sample.copy()
    for column in numbers:
        german[column] = [None if pd.isna(value) else repr(float(value)).replace(".", ",") for value in sample[column]]
    assert uu.fit(german, settings=quick, decimal="comma").checksum == model.checksum
    assert model.retrain(german[:0], german, decimal="comma").checksum == model.checksum


def test_known_users_stand_beside_an_estimate_made_without_them(model: uu.Model) -> None:
    labelled = pa.table({**ROWS, "unique_users": [123.0, None]})
    estimates = model.predict(labelled).to_pandas()
    assert estimates["unique_users"].tolist() == model.predict(pa.table(ROWS)).to_pandas()["unique_users"].tolist()
    assert estimates["unique_users_known"].tolist()[0] == 123
    assert pd.isna(estimates["unique_users_known"][1])
    assert "unique_users_known" not in model.predict(pa.table(ROWS)).column_names
