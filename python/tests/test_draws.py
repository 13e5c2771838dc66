"""Estimators with random numbers have the scores of the program ``nas-assay``, with its draws.

For networks of every space and form, ``nas-assay score`` and this package compute the same number,
and its parts, in double precision.
"""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import make_reference
import numpy as np
import pytest
from draws import ESTIMATORS, PARTS
from numpy.random import RandomState
from test_program import has_program

from nas_assay import program, run
from nas_assay.exchange import FORMS, Exchange, Network, write
from nas_assay.torch import estimators

pytestmark = pytest.mark.skipif(not has_program(), reason="the program nas-assay is not installed")

SPACES = tuple(make_reference.ARCHITECTURES)

NO_PATH = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


def exchange(space: str, form: str, number: int, text: str | None = None) -> Exchange:
    """A small network with weights and images. The first has ten classes, and others 12 or 4."""
    random = RandomState(700 + number)
    text = text or make_reference.ARCHITECTURES[space](random)
    sizes = make_reference.skeleton(space, form, number % 2)
    sizes = {**sizes, "classes": (10, 12, 4)[number % 3], "resolution": 8}
    if space.startswith("nds"):
        # Else the last maps of eight pixels have a single one.
        sizes["stem_stride"] = 1
    return make_reference.drawn(Network(space, text, form, sizes, ()), 8, random)


def program_scores(exchange: Exchange, folder: Path, ids: Sequence[str] = ESTIMATORS) -> Any:
    """The scores of the program and their details, ``None`` for what has no value."""
    path = folder / "network.safetensors"
    write(path, exchange)
    command = [program(), "score", "--weights", str(path), "--estimators", ",".join(ids)]
    options = ["--dtype", "f64", "--json", "--quiet"]
    done = subprocess.run([*command, *options], capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert not found["errors"]
    details = found["details"]
    return {
        name: {"score": score, **details.get(name, {})} for name, score in found["scores"].items()
    }


def apart(ours: float, theirs: Any) -> float:
    """The difference as a part of theirs; 0 if neither has a value."""
    if isinstance(theirs, dict):
        return 0.0 if str(ours) == theirs["nonfinite"] else math.inf
    return abs(ours - float(theirs)) / max(abs(float(theirs)), 1e-300)


NEAR = {"score": 1e-12, "singular_ratios": 1e-12, "curvature": 1e-11}
"""How near the parts have to be, as a part of themselves. All others are counts, and equal."""


STILL = -20.0
"""A logarithm of the change of features below which the change is only rounding."""


def compare(exchange: Exchange, folder: Path, ids: Sequence[str] = ESTIMATORS) -> Any:
    """Compares all parts, and returns those of the program."""
    theirs = program_scores(exchange, folder, ids)
    for name in ids:
        for part, ours in PARTS[name](exchange).items():
            found = theirs[name][part]
            if part == "entropy" and not isinstance(found, dict):
                # Some deciles are 0 here, and rounding of the greatest there.
                assert abs(ours - found) <= 1e-11, (name, part, ours, found)
            elif name == "zen" and theirs[name]["log_change"] < STILL:
                assert ours - theirs[name]["log_scales"] < STILL, (name, part, ours, found)
            else:
                near = NEAR.get(part, 0.0)
                assert apart(ours, found) <= near, (name, part, ours, found)
    return theirs


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("space", SPACES)
def test_scores_and_their_parts_are_those_of_the_program(
    space: str, form: str, number: int, tmp_path: Path
) -> None:
    found = compare(exchange(space, form, number), tmp_path)
    assert 1 < found["linear_regions"]["score"] < 3000
    # The mean of an output of batch-norm without a shift is 0 for a single image.
    still = form == "supernet" and space in ("nb101", "nb301")
    assert isinstance(found["dextr"]["curvature"], dict) == still


def test_a_cell_without_a_path_has_one_region_and_no_curvature(tmp_path: Path) -> None:
    found = compare(exchange("nb201", "stand-alone", 0, NO_PATH), tmp_path, ESTIMATORS[:3])
    assert found["linear_regions"]["score"] == 1
    assert found["vkdnw"]["score"] == {"nonfinite": "nan"}
    assert found["dextr"]["curvature"] == {"nonfinite": "nan"}
    expected = math.log1p(found["dextr"]["singular_ratios"])
    assert found["dextr"]["score"] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("operation", ["skip_connect", "nor_conv_1x1", "avg_pool_3x3"])
def test_cells_with_one_edge(operation: str, tmp_path: Path) -> None:
    text = f"|none~0|+|none~0|none~1|+|{operation}~0|none~1|none~2|"
    compare(exchange("nb201", "stand-alone", 0, text), tmp_path)


@pytest.mark.parametrize("space", SPACES)
def test_patches_of_few_colours_have_equal_patterns(space: str, tmp_path: Path) -> None:
    own = exchange(space, "stand-alone", 0)
    two = replace(own, images=np.where(own.images > 0.5, 1.0, -1.0))
    found = compare(two, tmp_path, ["linear_regions"])
    # At most one for each way to colour nine pixels.
    assert 1 < found["linear_regions"]["score"] <= 3 * 512
    one = replace(own, images=np.full_like(own.images, 0.75))
    assert compare(one, tmp_path, ["linear_regions"])["linear_regions"]["score"] == 1


def test_no_zero_shot_estimator_of_the_program_is_missing() -> None:
    listed = run(["estimators"])["estimators"]
    there = {row["id"] for row in listed if row["kind"] == "zero_shot"}
    here = {*estimators.ALL, *estimators.NEWER, "linear_regions"}
    assert len(there) > 30 and there <= here
