"""Files of any format as one table."""

from __future__ import annotations

import gzip
import json
import warnings
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
    with pytest.warns(UserWarning, match="columns not used: `note`"):
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


def test_columns_that_are_not_used_are_warned_of(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("date,site,Total Visits,bounce_rate\n2024-12,a.example,31000,52\n")
    with pytest.warns(UserWarning, match=r"columns not used: `Total Visits` \(is it `visits`\?\)"):
        uu.read(tmp_path / "rows.csv")


def test_a_frame_of_fractions_is_refused_until_its_unit_is_given(model: uu.Model) -> None:
    rates = [0.33, 0.36, 0.39, 0.42, 0.45, 0.48]
    frame = pd.DataFrame({"date": "2024-12", "site": [f"s{row}.example" for row in range(6)], "visits": 1e5, "bounce_rate": rates})
    with pytest.raises(uu.ReadError, match="must give bounce rates in percent"):
        model.predict(frame)
    percent = frame.assign(bounce_rate=frame["bounce_rate"] * 100)
    estimates = model.predict(frame, bounce_rate_unit="fraction").to_pandas()["unique_users"]
    assert estimates.tolist() == model.predict(percent).to_pandas()["unique_users"].tolist()


def test_daily_rows_of_a_frame_are_refused_unless_they_are_asked_for(model: uu.Model) -> None:
    frame = pd.DataFrame({"date": pd.date_range("2024-12-01", periods=31), "site": "a.example", "visits": 3000.0})
    with pytest.raises(uu.ReadError, match="one row for each site and month"):
        model.predict(frame)
    with pytest.warns(UserWarning, match="30 rows repeat the site and month"):
        assert len(model.predict(frame, allow_repeated_months=True)) == 31


def test_days_of_a_frame_without_a_site_are_refused_and_its_months_are_not(model: uu.Model) -> None:
    days = pd.DataFrame({"date": pd.date_range("2024-12-01", periods=31), "visits": 3000.0})
    with pytest.raises(uu.ReadError, match="no row has a site"):
        model.predict(days)
    months = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=12, freq="MS"), "visits": 3000.0})
    assert len(model.predict(months)) == 12


def test_rows_of_a_month_that_is_divided_by_device_are_refused(model: uu.Model) -> None:
    frame = pd.DataFrame({"date": "2024-12", "site": ["a.example", "a.example"], "visits": [3000.0, 9000.0]})
    with pytest.raises(uu.ReadError, match="got several rows for 1 of the 1 site-months"):
        model.predict(frame)


def test_periods_of_a_frame_are_months(model: uu.Model) -> None:
    frame = pd.DataFrame({"date": pd.period_range("2024-11", periods=2, freq="M"), "visits": [3000.0, 4000.0]})
    assert model.predict(frame).to_pandas()["unique_users"].notna().all()


def test_local_months_are_those_of_their_own_zone(tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": pd.to_datetime(["2023-01-01", "2023-02-01"]).tz_localize("Asia/Tokyo"), "visits": [5.0, 6.0]})
    frame.to_parquet(tmp_path / "rows.parquet")
    months = uu.read(tmp_path / "rows.parquet").to_pandas()["date"]
    assert months.tolist() == [pd.Timestamp("2023-01-01"), pd.Timestamp("2023-02-01")]


def test_estimates_of_an_earlier_run_are_not_taken_for_known_users(model: uu.Model, tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": "2024-12", "site": ["a.example", "b.example"], "visits": [12400.0, 88000.0]})
    first = model.predict(frame)
    with pytest.warns(UserWarning, match="output of this product"):
        again = model.predict(first)
    assert first.to_pandas()["unique_users"].tolist() == again.to_pandas()["unique_users"].tolist()
    with pytest.warns(UserWarning, match="output of this product"):
        assert model.evaluate(first)["evaluation"] is None


def test_totals_are_dropped_from_what_was_read_and_names_that_are_no_hosts_are_not(tmp_path: Path) -> None:
    sites = [*(f"s{row}.example" for row in range(5)), "Total", "blog", "nan"]
    frame = pd.DataFrame({"date": "2024-12", "site": sites, "visits": [1000.0 + row for row in range(8)], "unique_users": 400.0})
    frame.to_csv(tmp_path / "tot.csv", index=False)
    rows = uu.read(tmp_path / "tot.csv")
    assert rows.to_pandas()["site"].tolist()[:7] == sites[:7]
    cleaned, report = uu.clean(rows)
    assert len(cleaned) == 7
    counted = {rule["rule"]: rule["rows"] for rule in report["rules"]}
    assert (counted["total_row"], counted["not_a_host"]) == (1, 1)


@pytest.mark.parametrize("lost", [["unique_users_low", "unique_users_high"], ["unique_users_low"]])
def test_estimates_without_their_interval_are_not_taken_for_known_users(model: uu.Model, lost: list[str]) -> None:
    frame = pd.DataFrame({"date": "2024-12", "site": ["a.example", "b.example"], "visits": [12400.0, 88000.0]})
    first = model.predict(frame).to_pandas().drop(columns=lost)
    with pytest.warns(UserWarning, match="output of this product"):
        assert model.evaluate(first.rename(columns=str.title))["evaluation"] is None


def test_a_rate_that_is_no_fraction_is_refused_as_it_was_given(model: uu.Model) -> None:
    frame = pd.DataFrame({"date": ["2024-12"], "site": ["a.example"], "visits": [12400.0], "bounce_rate": [45.0]})
    with pytest.raises(uu.RecordError, match="a fraction between 0 and 1, as declared, got 45"):
        model.predict(frame, bounce_rate_unit="fraction")


def test_a_column_of_identifiers_names_its_sites(tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": "2024-12", "site": [10577, 10578], "visits": [12400.0, 88000.0], "unique_users": 400.0})
    frame.to_parquet(tmp_path / "ids.parquet")
    cleaned, _ = uu.clean(uu.read(tmp_path / "ids.parquet"))
    assert cleaned.to_pandas()["site"].tolist() == ["10577", "10578"]


def test_an_output_without_the_column_of_its_filled_inputs_gives_no_labels(model: uu.Model, tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": "2024-12", "site": ["a.example", "b.example"], "visits": [12400.0, None], "rank": [None, 500.0]})
    first = model.predict(frame).to_pandas()
    unmarked = first.drop(columns="filled")
    with pytest.warns(UserWarning, match="inputs that were filled cannot be told from those that were given") as warned:
        again = model.predict(unmarked).to_pandas()
    assert not any("is it" in str(warning.message) for warning in warned)
    assert all("filled_inputs_unmarked" in warnings for warnings in again["warnings"])
    with pytest.warns(UserWarning, match="output of this product"):
        assert model.evaluate(unmarked)["evaluation"] is None
    # As pandas writes lists.
    first.to_csv(tmp_path / "first.csv", index=False)
    with pytest.warns(UserWarning, match="its estimates and filled inputs were treated as unknown"):
        rows = uu.read(tmp_path / "first.csv").to_pandas()
    assert rows[["visits", "rank"]].isna().to_numpy().tolist() == [[False, True], [True, False]]
    assert rows["unique_users"].isna().all()


def test_files_with_rows_of_one_month_are_warned_of(tmp_path: Path) -> None:
    sites = [f"s{row}.example" for row in range(100)]
    frame = pd.DataFrame({"date": "2024-12", "site": sites, "visits": 1000.0})
    frame.to_parquet(tmp_path / "once.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(uu.read(tmp_path / "once.parquet")) == 100
    frame.loc[1, "site"] = "s0.example"
    frame.to_parquet(tmp_path / "twice.parquet")
    frame.to_csv(tmp_path / "twice.csv", index=False)
    for name in ["twice.parquet", "twice.csv"]:
        with pytest.warns(UserWarning, match="1 row repeats a site and month of an earlier row, such as `s0.example`"):
            assert len(uu.read(tmp_path / name)) == 100
