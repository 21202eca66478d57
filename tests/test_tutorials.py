"""The tutorial runs as written, and says what its text says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorials" / "from-survey-to-map.ipynb"


def printed(notebook: Any) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def pictures(notebook: Any) -> int:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_from_a_survey_to_a_map(tmp_path: Path) -> None:
    kept = nbformat.read(TUTORIAL, as_version=4)
    run = nbformat.read(TUTORIAL, as_version=4)
    for cell in run.cells:
        if cell.cell_type == "code":
            cell["outputs"] = []
    NotebookClient(run, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert pictures(run) == pictures(kept) == 2
    assert printed(run) == printed(kept), "run the notebook again and keep its outputs"
    held = int(printed(run).split(" of 28 intervals hold the truth")[0].split()[-1])
    assert held >= 25
