"""Files of any format as one table."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
import uu_predictor as uu

from conftest import SAMPLE

COLUMNS = [
    "source",
    "site",
    "date",
    "visits",
    "unique_users",
    "pages_per_visit",
    "bounce_rate",
    "avg_visit_duration",
    "rank",
    "rank_source",
    "category",
]


def test_the_bundled_sample_is_read_as_it_is() -> None:
    rows = uu.read(SAMPLE).to_pandas()
    given = pd.read_parquet(SAMPLE)
    assert list(rows.columns) == COLUMNS
    assert len(rows) == len(given)
    assert rows["visits"].equals(given["visits"].astype(float))


def test_formats_and_spellings_come_out_as_the_same_columns(tmp_path: Path) -> None:
    record = {"date": "2024-12", "domain": "A.com", "pagesPerVisit": 5_000_000, "bounceRate": 40, "category": 100}
    (tmp_path / "rows.json").write_text(json.dumps([record]))
    (tmp_path / "rows.ndjson").write_text(json.dumps(record) + "\n")
    header, cells = ",".join(record), ",".join(map(str, record.values()))
    with gzip.open(tmp_path / "rows.csv.gz", "wt") as file:
        file.write(f"{header}\n{cells}\n")
    pd.DataFrame([record]).to_parquet(tmp_path / "rows.parquet")
    rows = uu.read(sorted(tmp_path.iterdir())).to_pandas()
    assert len(rows) == 4
    assert rows.drop_duplicates().shape[0] == 1
    first = rows.iloc[0]
    assert (first["site"], first["date"], first["category"]) == ("a.com", pd.Timestamp("2024-12-01"), "100")
    # Not to be believed, and here all the same: it is for the model to say so.
    assert first["pages_per_visit"] == 5_000_000


def test_fractions_become_percent(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("date,visits,bounce_rate\n2024-12,10,0.425\n")
    rows = uu.read(tmp_path / "rows.csv", bounce_rate_unit="fraction").to_pandas()
    assert rows["bounce_rate"].tolist() == [42.5]


def test_extra_inputs_are_columns_and_other_columns_are_not(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("date,visits,backlinks,note\n2024-12,10,7,x\n")
    rows = uu.read(tmp_path / "rows.csv", extra_inputs=["backlinks"])
    assert rows.column_names == [*COLUMNS, "backlinks"]


def test_bad_rows_are_an_error_or_skipped(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("date,visits\n2024-12,10\n2024-12,many\n")
    with pytest.raises(uu.RecordError) as raised:
        uu.read(tmp_path / "rows.csv")
    assert [(fault.row, fault.field) for fault in raised.value.faults] == [(2, "visits")]
    with pytest.warns(UserWarning, match="1 rows skipped: not_a_number 1"):
        assert len(uu.read(tmp_path / "rows.csv", skip_bad_rows=True)) == 1


@pytest.mark.parametrize("wrong", [{"format": "xlsx"}, {"bounce_rate_unit": "per mille"}])
def test_names_that_mean_nothing_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be"):
        uu.read(SAMPLE, **wrong)  # type: ignore[arg-type]
