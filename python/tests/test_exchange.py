"""Reading exchange files, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from nas_assay import exchange
from nas_assay.exchange import ExchangeError, Network

DESCRIPTION: dict[str, Any] = {
    "format": "nas-assay network 1",
    "space": "nb201",
    "architecture": "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    "form": "supernet",
    "skeleton": {"channels": 4, "cell_affine": False, "projection": "every-stage"},
    "tensors": [{"name": "b", "shape": [2]}, {"name": "a", "shape": [1, 2]}],
}


def tensors() -> dict[str, NDArray[Any]]:
    return {
        "a": np.array([[1.0, 2.0]]),
        "b": np.array([3.0, 4.0]),
        "input.images": np.zeros((2, 3, 4, 4)),
        "input.labels": np.array([1, 0]),
        "output.logits": np.ones((2, 10)),
    }


def write(path: Path, content: dict[str, NDArray[Any]], description: dict[str, Any]) -> Path:
    save_file(content, path, metadata={"network": json.dumps(description)})
    return path


def test_a_file_is_read_with_its_tensors_in_the_order_of_the_description(tmp_path: Path) -> None:
    read = exchange.read(write(tmp_path / "x.safetensors", tensors(), DESCRIPTION))
    assert list(read.weights) == ["b", "a"]
    assert read.weights["a"].tolist() == [[1.0, 2.0]]
    assert read.images.shape == (2, 3, 4, 4)
    assert read.labels.tolist() == [1, 0]
    assert read.logits is not None and read.logits.shape == (2, 10)
    assert read.description.form == "supernet"
    assert [tensor.shape for tensor in read.description.tensors] == [(2,), (1, 2)]


def test_a_description_is_written_as_it_was_read() -> None:
    assert json.loads(Network.from_json(json.dumps(DESCRIPTION)).to_json()) == DESCRIPTION


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "nas-assay network 2"}, "only 'nas-assay network 1' is known"),
        ({"space": "nb202"}, "the space 'nb202'"),
        ({"form": "oneshot"}, "the form 'oneshot'"),
    ],
)
def test_an_unknown_description_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ExchangeError, match=message):
        Network.from_json(json.dumps({**DESCRIPTION, **change}))


def test_a_key_may_be_unknown_and_none_may_be_missing() -> None:
    more = Network.from_json(json.dumps({**DESCRIPTION, "more": 1}))
    assert more == Network.from_json(json.dumps(DESCRIPTION))
    for key in ("format", "space", "architecture", "form", "skeleton"):
        less = {name: value for name, value in DESCRIPTION.items() if name != key}
        with pytest.raises(ExchangeError, match="has the keys"):
            Network.from_json(json.dumps(less))


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(ExchangeError, match="is not JSON"):
        Network.from_json("{")


def test_fields_of_the_skeleton_have_a_type() -> None:
    network = Network.from_json(json.dumps(DESCRIPTION))
    assert network.size("channels") == 4
    assert network.flag("cell_affine") is False
    assert network.word("projection", ("every-stage",)) == "every-stage"
    for ask in (
        lambda: network.size("cell_affine"),
        lambda: network.size("cells"),
        lambda: network.flag("channels"),
        lambda: network.word("projection", ("where-shape-changes",)),
    ):
        with pytest.raises(ExchangeError, match="skeleton"):
            ask()


@pytest.mark.parametrize("missing", ["a", "input.images", "input.labels"])
def test_a_missing_tensor_is_named(missing: str, tmp_path: Path) -> None:
    content = tensors()
    del content[missing]
    path = write(tmp_path / "x.safetensors", content, DESCRIPTION)
    with pytest.raises(ExchangeError, match=missing):
        exchange.read(path)


def test_a_tensor_that_is_not_described_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", {**tensors(), "c": np.zeros(1)}, DESCRIPTION)
    with pytest.raises(ExchangeError, match="differ: c"):
        exchange.read(path)


def test_a_tensor_of_another_shape_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", {**tensors(), "b": np.zeros(3)}, DESCRIPTION)
    with pytest.raises(ExchangeError, match=r"b has shape \(3,\), and \(2,\)"):
        exchange.read(path)


def test_a_file_without_a_description_is_refused(tmp_path: Path) -> None:
    save_file(tensors(), tmp_path / "x.safetensors")
    with pytest.raises(ExchangeError, match="no description"):
        exchange.read(tmp_path / "x.safetensors")
