"""Calls of the program, where it is at hand."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from nas_assay import ProgramError, program, records, run, verify


def has_program() -> bool:
    try:
        program()
    except ProgramError:
        return False
    return True


pytestmark = pytest.mark.skipif(not has_program(), reason="the program nas-assay is not installed")


def test_scores_are_judged_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[1]))
    store = tmp_path / "store"
    listed = run(["show", "latest"], store=judged(tmp_path, store))
    texts = [row["architecture"] for row in listed["panels"][0]["architectures"]]
    scores = {text: float(len(text)) for text in texts} | {texts[0]: math.nan}
    table = verify(scores, "nb201", options=["--name", "mine"], store=store)
    assert [row["estimator"] for row in table] == ["params", "flops", "relu_count", "mine"]
    assert all(isinstance(row["kendall.tau_b"], float) for row in table)
    kept = records(store)
    assert len(kept) == len(table) + 4
    assert {row["space"] for row in kept} == {"nb201"}


def judged(folder: Path, store: Path) -> Path:
    """A store with the record of an estimator that is another program."""
    (folder / "one.py").write_text(
        "import nas_assay\n\n@nas_assay.estimator(raw=True)\ndef score(exchange):\n"
        "    return float(sum(weight.size for weight in exchange.weights.values()))\n"
    )
    command = f"{sys.executable} {folder / 'one.py'}"
    rows = run(["verify", "--command", command, "--space", "nb201"], store=store)
    assert rows["spaces"][0]["tau_b"] > 0.3
    return store


def test_an_error_of_the_program_is_an_exception() -> None:
    with pytest.raises(ProgramError, match="did you mean") as caught:
        run(["run", "nb201-mirco"])
    assert caught.value.code == 2
