"""A training leaves Python free, and stops when told to."""

from __future__ import annotations

import _thread
import signal
import threading
from typing import Any

import pandas as pd
import pytest
import uu_predictor as uu


def test_other_threads_run_while_a_model_is_fitted(sample: pd.DataFrame, quick: dict[str, Any]) -> None:
    turns = 0
    ended = threading.Event()

    def count() -> None:
        nonlocal turns
        while not ended.is_set():
            turns += 1
            ended.wait(0.001)

    counting = threading.Thread(target=count)
    heard: list[int] = []
    counting.start()
    try:
        uu.fit(sample, settings=quick, progress=lambda stage, done, of: heard.append(turns))
    finally:
        ended.set()
        counting.join()
    # The counter moved between two reports of one fit, which the fit's own thread cannot have done.
    assert len(heard) >= 2
    assert heard[-1] > heard[0]


def test_ctrl_c_stops_a_training(sample: pd.DataFrame) -> None:
    heard: list[int] = []

    def interrupt(stage: str, done: int, of: int) -> None:
        heard.append(done)
        if len(heard) == 1:
            _thread.interrupt_main()

    endless = {"ratio": {"num_iterations": 20_000}}
    # A shell starts what runs in the background with the signal ignored, and Python then leaves it so.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            uu.fit(sample, settings=endless, progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard[-1] < 20_000


def test_an_error_of_the_progress_function_stops_a_training(sample: pd.DataFrame) -> None:
    def fail(stage: str, done: int, of: int) -> None:
        assert stage and 0 < done <= of
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        uu.fit(sample, settings={"ratio": {"num_iterations": 20_000}}, progress=fail)


def test_threads_may_share_a_model(model: uu.Model, sample: pd.DataFrame) -> None:
    answers: list[list[int]] = []
    asking = [
        threading.Thread(target=lambda: answers.append(model.predict(sample).to_pyarrow()["unique_users"].to_pylist()))
        for _ in range(4)
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(answers) == 4
    assert all(answer == answers[0] for answer in answers)
