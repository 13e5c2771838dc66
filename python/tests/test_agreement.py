"""Both compute the same for the exchange files in the folder ``NAS_ASSAY_EXCHANGE``.

Beside ``NAME.safetensors`` there can be ``NAME.scores.json``, from ``nas-assay score --json``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from nas_assay import read
from nas_assay.torch import batch, estimators, load

FOLDER = os.environ.get("NAS_ASSAY_EXCHANGE")
FILES = sorted(Path(FOLDER).rglob("*.safetensors")) if FOLDER else []
SCORED = [path for path in FILES if path.with_suffix(".scores.json").exists()]

pytestmark = pytest.mark.skipif(FOLDER is None, reason="NAS_ASSAY_EXCHANGE names no folder")


def name(path: Path) -> str:
    """The path inside the folder."""
    return str(path.relative_to(FOLDER or "").with_suffix(""))


def test_the_folder_has_exchange_files() -> None:
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=name)
def test_logits_agree(path: Path) -> None:
    exchange = read(path)
    network = load(exchange)
    names = [name for name, _ in network.named_parameters()]
    assert names == [tensor.name for tensor in exchange.description.tensors]
    images, _ = batch(exchange)
    with torch.no_grad():
        logits = network(images)
    expected = torch.from_numpy(exchange.logits)
    greatest = expected.abs().max()
    if expected.dtype == torch.float64:
        assert (logits - expected).abs().max() <= 1e-10 * greatest
        return
    # In single precision both round. Where the network magnifies that, nas-assay may be at most
    # twice as far from the exact logits as PyTorch is.
    with torch.no_grad():
        exact = network.double()(images.double())
    ours, theirs = (logits.double() - exact).abs().max(), (expected.double() - exact).abs().max()
    assert theirs <= max(1e-4 * greatest, 2 * ours)


@pytest.mark.parametrize("path", SCORED, ids=name)
def test_scores_agree(path: Path) -> None:
    exchange = read(path)
    network = load(exchange)
    images, labels = batch(exchange)
    scores = json.loads(path.with_suffix(".scores.json").read_text())["scores"]
    if "params" in scores:
        assert sum(parameter.numel() for parameter in network.parameters()) == scores["params"]
    for estimator, score in estimators.ALL.items():
        theirs = scores.get(estimator)
        if theirs is None or theirs == {"nonfinite": "rounding"}:
            continue
        ours = score(network, images, labels)
        if isinstance(theirs, dict):
            assert str(ours) == theirs["nonfinite"], estimator
        else:
            exact = 1e-8 if estimator == "grasp" else 1e-10
            assert ours == pytest.approx(theirs, rel=exact, abs=0), estimator
