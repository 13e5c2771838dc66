"""Both compute the same for the exchange files in the folder ``NAS_ASSAY_EXCHANGE``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from nas_assay import read
from nas_assay.torch import batch, load

FOLDER = os.environ.get("NAS_ASSAY_EXCHANGE")
FILES = sorted(Path(FOLDER).glob("*.safetensors")) if FOLDER else []

pytestmark = pytest.mark.skipif(FOLDER is None, reason="NAS_ASSAY_EXCHANGE names no folder")


def test_the_folder_has_exchange_files() -> None:
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_logits_agree(path: Path) -> None:
    exchange = read(path)
    network = load(exchange)
    names = [name for name, _ in network.named_parameters()]
    assert names == [tensor.name for tensor in exchange.description.tensors]
    images, _ = batch(exchange)
    with torch.no_grad():
        logits = network(images)
    expected = torch.from_numpy(exchange.logits)
    exact = 1e-10 if expected.dtype == torch.float64 else 1e-4
    assert (logits - expected).abs().max() <= exact * expected.abs().max()
