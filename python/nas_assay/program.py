"""Calls of the program ``nas-assay``, with its numbers as rows.

A row is a dictionary of plain values, so that ``pandas.DataFrame(rows)`` is a table.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Union

Row = dict[str, Any]
Scores = Union[str, "os.PathLike[str]", Mapping[str, float]]


class ProgramError(RuntimeError):
    """The program was not found, or it ended with an error. The text is what it said."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        """The exit code of the program; ``None`` if it was not started."""


def program() -> str:
    """The path of the program: ``NAS_ASSAY_PROGRAM``, or beside this Python, or on the path."""
    named = os.environ.get("NAS_ASSAY_PROGRAM")
    if named:
        return named
    beside = Path(sys.executable).parent / "nas-assay"
    found = str(beside) if beside.is_file() else shutil.which("nas-assay")
    if found is None:
        raise ProgramError("the program nas-assay is not installed; NAS_ASSAY_PROGRAM can name it")
    return found


def run(arguments: Sequence[str], *, store: str | os.PathLike[str] | None = None) -> Any:
    """Runs the program with ``--json`` and returns what it prints.

    Raises ``ProgramError`` if it ends with an error.
    """
    options = [] if store is None else ["--store", os.fspath(store)]
    done = subprocess.run(
        [program(), *arguments, "--json", "--quiet", *options],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise ProgramError(done.stderr.strip(), done.returncode)
    return json.loads(done.stdout)


def verify(
    scores: Scores,
    space: str,
    *,
    options: Sequence[str] = (),
    store: str | os.PathLike[str] | None = None,
) -> list[Row]:
    """Judges scores against the truth of a space, beside the baselines.

    ``scores`` is a file that ``nas-assay verify --scores`` reads, or a dictionary from the texts of
    architectures to numbers. ``options`` are further options of that command, such as
    ``["--direction", "lower"]``. The rows are those of :func:`records`.
    """
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(scores, Mapping):
            path = Path(folder) / "scores.jsonl"
            lines = (
                json.dumps({"architecture": text, "score": _plain(score)})
                for text, score in scores.items()
            )
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        else:
            path = Path(scores)
        record = run(["verify", "--scores", str(path), "--space", space, *options], store=store)
    return rows(record)


def _plain(score: float) -> float | str:
    number = float(score)
    return number if number - number == 0.0 else str(number)


def records(store: str | os.PathLike[str] = ".nas-assay") -> list[Row]:
    """A row for each estimator of each panel of each finished record in a store."""
    found: list[Row] = []
    for held in run(["store", "list"], store=store)["records"]:
        if held["condition"] == "finished":
            found += rows(run(["show", held["record"].split("@")[0]], store=store))
    return found


def rows(record: Mapping[str, Any]) -> list[Row]:
    """The rows of a record: the spec, the panel, the estimator, and its numbers by name."""
    found: list[Row] = []
    for panel in record["panels"]:
        for estimator in panel["estimators"]:
            row: Row = {
                "name": record["name"],
                "spec": record["spec_hash"],
                "space": record["space"],
                "panel": panel["name"],
                "architectures": len(panel["architectures"]),
                "estimator": estimator["id"],
                "variant": estimator.get("variant"),
                "checkpoint": estimator.get("checkpoint"),
                "direction": estimator["direction"],
            }
            _flatten(row, "", estimator["criteria"])
            found.append(row)
    return found


def _flatten(row: Row, before: str, value: Any) -> None:
    """Adds the numbers of nested tables and lists, with names like ``kendall.tau_b``."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _flatten(row, f"{before}.{name}" if before else name, inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _flatten(row, f"{before}.{place}", inner)
    else:
        row[before] = value
