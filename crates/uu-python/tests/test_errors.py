"""What goes wrong, said in Python's way."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import uu_predictor as uu

BAD = pd.DataFrame({"date": ["2024-01", "soon", "2024-02"], "visits": [1.0, 2.0, -5.0], "bounce_rate": [1.0, 2.0, 300.0]})


def test_every_error_is_a_uu_error() -> None:
    for error in (uu.ReadError, uu.RecordError, uu.CleanError, uu.FitError, uu.ArtifactError):
        assert issubclass(error, uu.UuError)
    assert issubclass(uu.UuError, Exception)


def test_a_record_error_lists_every_fault_of_every_row(model: uu.Model) -> None:
    with pytest.raises(uu.RecordError) as raised:
        model.predict(BAD)
    faults = [(fault.row, fault.field, fault.rule) for fault in raised.value.faults]
    assert faults == [(2, "date", "bad_date"), (3, "visits", "out_of_range"), (3, "bounce_rate", "out_of_range")]
    assert str(raised.value.faults[1]) == "`data` row 3: visits must be a number of visits, 0 or more, got -5"
    assert raised.value.faults[2].found == "300"


def test_faults_beyond_the_first_chunk_are_listed_too(model: uu.Model) -> None:
    rows = pd.DataFrame({"date": "2024-01", "visits": [1.0] * 50_000})
    rows.loc[[0, 49_999], "visits"] = -1.0
    with pytest.raises(uu.RecordError) as raised:
        model.predict(rows)
    assert [fault.row for fault in raised.value.faults] == [1, 50_000]


def test_bad_rows_can_be_skipped_and_are_counted(model: uu.Model) -> None:
    with pytest.warns(UserWarning, match="2 rows skipped: bad_date 1, out_of_range 1"):
        estimates = model.predict(BAD, skip_bad_rows=True)
    assert len(estimates) == 1


def test_a_missing_file_names_its_cause() -> None:
    with pytest.raises(uu.ReadError, match="`nowhere.csv` cannot be opened") as raised:
        uu.read("nowhere.csv")
    assert isinstance(raised.value.__cause__, FileNotFoundError)


def test_columns_that_are_needed_are_named(model: uu.Model) -> None:
    with pytest.raises(uu.ReadError, match="must have a column `date`, got `visits`"):
        model.predict(pd.DataFrame({"visits": [1.0]}))


def test_what_is_no_table_is_refused(model: uu.Model) -> None:
    with pytest.raises(TypeError, match="`data` must be a table with the Arrow stream interface .* got `dict`"):
        model.predict({"date": ["2024-01"]})  # type: ignore[arg-type]


def test_generated_and_measured_rows_do_not_mix(sample: pd.DataFrame) -> None:
    measured = sample.head(10).assign(source="panel")
    with pytest.raises(uu.CleanError, match="generated rows must not train a model together with measured ones"):
        uu.fit([sample, measured])


def test_too_few_rows_are_a_fit_error(sample: pd.DataFrame) -> None:
    with pytest.raises(uu.FitError, match="500 are needed"):
        uu.fit(sample.head(50))


def test_a_setting_that_is_none_is_named(sample: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="`settings`: unknown field `fold`"):
        uu.fit(sample, settings={"fold": 3})
    with pytest.raises(uu.FitError, match="`folds` must be"):
        uu.fit(sample, settings={"folds": 1})


def test_bytes_that_are_no_model_are_refused(model: uu.Model, tmp_path: Path) -> None:
    with pytest.raises(uu.ArtifactError, match="not a model artifact"):
        uu.Model(b"tree")
    cut = tmp_path / "cut.uumodel"
    cut.write_bytes(model.artifact[:-10])
    with pytest.raises(uu.ArtifactError, match="cut short"):
        uu.load(cut)
    with pytest.raises(FileNotFoundError):
        uu.load(tmp_path / "none.uumodel")


def test_an_extra_input_cannot_have_the_name_of_a_field(sample: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="names the field `bounce_rate`"):
        uu.fit(sample, extra_inputs=["bounceRate"])


def resealed(artifact: bytes, change: Any) -> bytes:
    """The artifact after a change, with a checksum that is right."""
    content = bytearray(artifact[:-32])
    change(content)
    return bytes(content) + hashlib.sha256(content).digest()


def test_an_artifact_with_anything_in_it_raises_what_python_can_catch(model: uu.Model, sample: pd.DataFrame, tmp_path: Path) -> None:
    artifact, rows, path = model.artifact, sample.head(20), tmp_path / "changed.uumodel"
    start = 24 + int.from_bytes(artifact[20:24], "little")
    refused = 0
    for place in [*range(start, start + 150), *range(start + 150, len(artifact) - 32, max(1, len(artifact) // 150))]:
        path.write_bytes(resealed(artifact, lambda content, place=place: content.__setitem__(place, 127)))
        try:
            changed = uu.load(path)
            estimates = changed.predict(rows).to_pandas()
            assert (estimates["unique_users_low"] <= estimates["unique_users_high"]).all()
        except uu.ArtifactError:
            refused += 1
    assert refused > 0


def test_a_column_of_no_input_is_named_by_its_index(model: uu.Model) -> None:
    columns = bytes([0, 0, 0, 1, 0, 2, 0, 3, 0, 4])
    bad = resealed(model.artifact, lambda content: content.__setitem__(content.index(columns) + 1, 127))
    with pytest.raises(uu.ArtifactError, match="the input of a column must be one of 5, got 127"):
        uu.Model(bad)
