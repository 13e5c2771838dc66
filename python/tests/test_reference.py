"""The reference vectors in ``fixtures/pytorch`` are those that this package makes."""

from __future__ import annotations

import json
from pathlib import Path

import make_reference
import numpy as np
import pytest

from nas_assay import read

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "pytorch"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no fixtures: not in the repository")


def test_the_reference_vectors_are_made_again(tmp_path: Path) -> None:
    make_reference.main(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted(path.name for path in FOLDER.iterdir())
    for name in (name for name in names if name.endswith(".safetensors")):
        made, kept = read(tmp_path / name), read(FOLDER / name)
        assert made.description == kept.description
        for tensor, weight in kept.weights.items():
            assert np.array_equal(made.weights[tensor], weight), f"{tensor} of {name}"
        assert np.array_equal(made.images, kept.images) and np.array_equal(made.labels, kept.labels)
        assert made.logits is not None and kept.logits is not None
        assert np.abs(made.logits - kept.logits).max() <= 1e-12 * np.abs(kept.logits).max(), name
    for name in (name for name in names if name.endswith(".json")):
        scores = [
            json.loads((folder / name).read_text())["scores"] for folder in (tmp_path, FOLDER)
        ]
        # A machine with other vectors adds up in another order.
        assert scores[0] == pytest.approx(scores[1], rel=1e-10, abs=0), name
