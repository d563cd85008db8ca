"""The study runs from its first cell to its last, and what is committed is what ran."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import ROOT

nbformat = pytest.importorskip("nbformat", reason="SKIPPED: the notebook's packages are not installed; `--full` installs them")
nbclient = pytest.importorskip("nbclient", reason="SKIPPED: the notebook's packages are not installed; `--full` installs them")

NOTEBOOK = ROOT / "research.ipynb"
MOST_BYTES = 2_000_000


def outputs(cells: list[Any]) -> list[Any]:
    return [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.long
def test_the_study_runs_from_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UU_NOTEBOOK_SITES", "500")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    nbclient.NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(ROOT)}}).execute()
    images = [output for output in outputs(notebook.cells) if "image/png" in output.get("data", {})]
    assert len(images) >= 8


def test_the_committed_study_was_executed_and_stays_small() -> None:
    assert NOTEBOOK.stat().st_size < MOST_BYTES
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert all(output.output_type != "error" for output in outputs(cells))
    interactive = [output.data for output in outputs(cells) if "application/vnd.plotly.v1+json" in output.get("data", {})]
    assert interactive and all("image/png" in data for data in interactive), "a page without scripts shows the image"
