"""Fitting, asking, judging, keeping and re-training a model."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import uu_predictor as uu


def test_the_same_rows_in_any_order_give_the_same_model(model: uu.Model, sample: pd.DataFrame, quick: dict[str, Any]) -> None:
    shuffled = sample.sample(frac=1.0, random_state=7)
    assert uu.fit(shuffled, settings={**quick, "threads": 1}).checksum == model.checksum


def test_rows_that_were_cleaned_before_give_the_same_model(model: uu.Model, sample: pd.DataFrame, quick: dict[str, Any]) -> None:
    rows, report = uu.clean(sample)
    assert report["rows_read"] == len(sample)
    assert report["rows_kept"] == len(rows)
    assert uu.fit(rows, settings=quick, cleaned=True).checksum == model.checksum


def test_a_model_says_what_it_is(model: uu.Model, sample: pd.DataFrame) -> None:
    about = model.about
    assert about["sites"] == sample["site"].nunique()
    assert about["sources"] == ["generated"]
    assert model.report["settings"]["folds"] == 3
    assert model.report["evaluation"]["overall"]["errors"]["median_ape"] == about["median_ape"]
    assert model.checksum[:12] in repr(model)


def test_estimates_keep_their_laws(model: uu.Model, sample: pd.DataFrame) -> None:
    estimates = model.predict(sample.drop(columns="unique_users"), level=0.8).to_pandas()
    wider = model.predict(sample.drop(columns="unique_users"), level=0.95).to_pandas()
    assert (estimates["unique_users_low"] <= estimates["unique_users"]).all()
    assert (estimates["unique_users"] <= estimates["unique_users_high"]).all()
    assert (wider["unique_users_low"] <= estimates["unique_users_low"]).all()
    assert (wider["unique_users_high"] >= estimates["unique_users_high"]).all()
    visits = estimates["visits"]
    assert (estimates["unique_users"][visits >= 1] <= visits[visits >= 1].round()).all()
    assert set(estimates["model"]) == {model.checksum[:12]}


def test_an_explanation_of_an_earlier_output_stands_beside_no_new_estimate(model: uu.Model, sample: pd.DataFrame) -> None:
    explained = model.predict(sample.head(20), explain=True).to_pandas()
    assert explained["explanation"].notna().all()
    assert model.predict(explained).to_pandas()["explanation"].isna().all()
    as_texts = explained.assign(explanation=explained["explanation"].astype(str))
    assert model.predict(as_texts).to_pandas()["explanation"].isna().all()


def test_fill_fills_the_inputs_and_nothing_else(model: uu.Model, sample: pd.DataFrame) -> None:
    inputs = ["visits", "pages_per_visit", "bounce_rate", "avg_visit_duration", "rank"]
    filled = model.fill(sample).to_pandas()
    assert list(filled.columns) == [*sample.columns, "filled"]
    assert filled[inputs].notna().all(axis=None)
    known = sample["visits"].notna()
    assert (filled["visits"][known] == sample["visits"][known]).all()
    assert filled["unique_users"].equals(sample["unique_users"])
    assert all("visits" in names for names in filled["filled"][~known])


def test_judging_tells_seen_sites_from_others(model: uu.Model, sample: pd.DataFrame) -> None:
    judged = model.evaluate(sample)
    overall = judged["evaluation"]["overall"]
    assert judged["rows_of_training_sites"] == overall["errors"]["rows"] > 0
    assert 0 < overall["errors"]["median_ape"] < 0.5
    assert model.evaluate(sample, unseen_only=True)["evaluation"] is None


def test_a_saved_model_is_the_same_when_loaded(model: uu.Model, tmp_path: Path) -> None:
    path = tmp_path / "kept.uumodel"
    model.save(path)
    assert path.read_bytes() == model.artifact
    for again in (uu.load(path), uu.load(str(path)), pickle.loads(pickle.dumps(model)), uu.Model(model.artifact)):
        assert again.checksum == model.checksum
        assert again.about == model.about


def test_a_model_is_saved_over_a_file_and_over_nothing_else(model: uu.Model, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "registry.sqlite").write_bytes(b"rows")
    (tmp_path / "lost").symlink_to("nowhere")
    for path, reason in [
        (tmp_path, "is a folder"),
        (tmp_path / "lost", "which does not exist"),
        (store / "registry.sqlite", "lies in the store"),
        (store / "new.uumodel", "lies in the store"),
    ]:
        with pytest.raises(OSError, match=reason):
            model.save(path)
    assert (tmp_path / "lost").is_symlink()
    assert (store / "registry.sqlite").read_bytes() == b"rows"

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    model.save(pipe)
    reader.join()
    assert read == [model.artifact]
    assert pipe.is_fifo()

    (tmp_path / "kept.uumodel").write_bytes(b"before")
    (tmp_path / "link.uumodel").symlink_to("kept.uumodel")
    model.save(tmp_path / "link.uumodel")
    assert (tmp_path / "link.uumodel").is_symlink()
    assert (tmp_path / "kept.uumodel").read_bytes() == model.artifact
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.uumodel", "link.uumodel", "lost", "pipe", "store"]


def test_retraining_learns_from_old_and_new_rows(model: uu.Model, sample: pd.DataFrame) -> None:
    sites = sorted(sample["site"].unique())
    is_new = sample["site"].isin(sites[700:])
    first = uu.fit(sample[~is_new], settings=model.report["settings"])
    again = first.retrain(sample[~is_new], sample[is_new])
    assert again.checksum == model.checksum
    assert first.about["sites"] == 700


def test_of_two_labels_the_new_one_stands(model: uu.Model, sample: pd.DataFrame) -> None:
    corrected = sample[sample["unique_users"].notna()].head(300)
    corrected = corrected.assign(unique_users=(corrected["unique_users"] * 0.9).round())
    _, before = uu.clean(sample)
    rows, _ = uu.clean([sample, corrected])
    assert len(rows) == before["rows_kept"]
    assert model.retrain(sample, corrected).checksum != model.checksum


def test_extra_inputs_are_learned_and_filled(sample: pd.DataFrame, quick: dict[str, Any]) -> None:
    with_extra = sample.assign(backlinks=sample["visits"] * 2)
    fitted = uu.fit(with_extra, settings=quick, extra_inputs=["backlinks"])
    assert fitted.extra_inputs == ["backlinks"]
    assert fitted.fill(sample.head(3)).to_pandas()["backlinks"].notna().all()


def test_settings_are_those_of_the_defaults_but_for_what_is_given(quick: dict[str, Any]) -> None:
    defaults = uu.default_settings()
    assert defaults["ratio"]["num_iterations"] > quick["ratio"]["num_iterations"]
    assert set(quick) <= set(defaults)


@pytest.mark.parametrize("level", [0.4, 1.0, float("nan")])
def test_a_level_that_no_interval_can_have_is_refused(model: uu.Model, sample: pd.DataFrame, level: float) -> None:
    with pytest.raises(ValueError, match="`level` must be between 0.5 and 0.99"):
        model.predict(sample, level=level)
