"""Exchange files: a network with its weights, a batch of images, and the logits of the batch.

An exchange file is a safetensors file. Each trained tensor stands under its name; beside them are

* ``input.images``, shape ``[batch, 3, side, side]``;
* ``input.labels``, shape ``[batch]``, 64-bit integers;
* ``output.logits``, shape ``[batch, classes]``: what nas-assay computed from the images. Files for
  estimators do not have it.

The metadata key ``network`` holds the description of the network as a JSON text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

FORMAT = "nas-assay network 1"
"""The only value of ``format`` in a description that this version reads."""

SPACES = ("nb101", "nb201", "nb301", "nds_resnet", "nds_resnext_a")
"""The search spaces whose architectures have networks."""

FORMS = ("stand-alone", "supernet")
"""``stand-alone``: the benchmark's own network of an architecture. ``supernet``: the part of the
paper's weight-sharing network that the architecture uses."""

IMAGES, LABELS, LOGITS = "input.images", "input.labels", "output.logits"

_FIELDS = {"format", "space", "architecture", "form", "skeleton"}


class ExchangeError(ValueError):
    """A file or a description is not what it should be. The text says what, and where."""


@dataclass(frozen=True)
class Tensor:
    """Name and shape of a trained tensor."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Network:
    """What is needed to build a network, without its weights."""

    space: str
    """One of ``SPACES``."""
    architecture: str
    """The architecture in the text form of its space."""
    form: str
    """One of ``FORMS``."""
    skeleton: Mapping[str, Any]
    """Everything about the network except the architecture: channels, depth, classes and so on.
    The keys depend on space and form."""
    tensors: tuple[Tensor, ...]
    """The trained tensors, in the order of the network."""

    @classmethod
    def from_json(cls, text: str) -> Network:
        """Reads a description.

        Keys that it does not know are passed over; ``tensors`` may be left out.

        Raises ``ExchangeError`` if the text is no JSON object, if a key is missing, or if format,
        space or form is unknown.
        """
        try:
            fields = json.loads(text)
        except json.JSONDecodeError as error:
            raise ExchangeError(f"the description of the network is not JSON: {error}") from error
        if not isinstance(fields, dict) or not set(fields) >= _FIELDS:
            raise ExchangeError(f"the description of a network has the keys {sorted(_FIELDS)}")
        if fields["format"] != FORMAT:
            raise ExchangeError(f"the format is {fields['format']!r}; only {FORMAT!r} is known")
        if fields["space"] not in SPACES:
            raise ExchangeError(f"the space {fields['space']!r} is none of {SPACES}")
        if fields["form"] not in FORMS:
            raise ExchangeError(f"the form {fields['form']!r} is none of {FORMS}")
        return cls(
            space=fields["space"],
            architecture=str(fields["architecture"]),
            form=fields["form"],
            skeleton=dict(fields["skeleton"]),
            tensors=tuple(
                Tensor(str(tensor["name"]), tuple(int(size) for size in tensor["shape"]))
                for tensor in fields.get("tensors", ())
            ),
        )

    def to_json(self) -> str:
        """The text that ``from_json`` reads."""
        return json.dumps(
            {
                "format": FORMAT,
                "space": self.space,
                "architecture": self.architecture,
                "form": self.form,
                "skeleton": dict(self.skeleton),
                "tensors": [
                    {"name": tensor.name, "shape": list(tensor.shape)} for tensor in self.tensors
                ],
            }
        )

    def size(self, key: str) -> int:
        """The field ``key`` of the skeleton, which is a positive whole number."""
        value = self.skeleton.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ExchangeError(f"skeleton: {key} is {value!r}, not a positive whole number")
        return value

    def flag(self, key: str) -> bool:
        """The field ``key`` of the skeleton, which is true or false."""
        value = self.skeleton.get(key)
        if not isinstance(value, bool):
            raise ExchangeError(f"skeleton: {key} is {value!r}, not true or false")
        return value

    def word(self, key: str, words: tuple[str, ...]) -> str:
        """The field ``key`` of the skeleton, which is one of ``words``."""
        value = self.skeleton.get(key)
        if value not in words:
            raise ExchangeError(f"skeleton: {key} is {value!r}, none of {words}")
        return str(value)


@dataclass(frozen=True)
class Exchange:
    """The content of an exchange file."""

    description: Network
    weights: Mapping[str, NDArray[np.floating[Any]]]
    """The trained tensors by name, in the order of the description."""
    images: NDArray[np.floating[Any]]
    """Shape ``[batch, 3, side, side]``."""
    labels: NDArray[np.int64]
    """Shape ``[batch]``."""
    logits: NDArray[np.floating[Any]] | None
    """Shape ``[batch, classes]``: what nas-assay computed. ``None`` in a file for an estimator."""


def write(path: str | os.PathLike[str], exchange: Exchange) -> None:
    """Writes an exchange file, for ``nas-assay score``."""
    tensors: dict[str, NDArray[Any]] = dict(exchange.weights)
    tensors[IMAGES], tensors[LABELS] = exchange.images, exchange.labels
    if exchange.logits is not None:
        tensors[LOGITS] = exchange.logits
    plain = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    save_file(plain, os.fspath(path), metadata={"network": exchange.description.to_json()})


def read(path: str | os.PathLike[str]) -> Exchange:
    """Reads an exchange file.

    Raises ``ExchangeError`` if it has no description, or if its tensors are not those of the
    description with these shapes.
    """
    where = os.fspath(path)
    with safe_open(where, framework="numpy") as file:
        text = (file.metadata() or {}).get("network")
        if text is None:
            raise ExchangeError(f"{where}: no description of a network in the metadata")
        names = file.keys()
        tensors: dict[str, NDArray[Any]] = {name: file.get_tensor(name) for name in names}
    description = Network.from_json(text)
    for name in (IMAGES, LABELS):
        if name not in tensors:
            raise ExchangeError(f"{where}: no tensor {name}")
    images, labels = tensors.pop(IMAGES), tensors.pop(LABELS)
    logits = tensors.pop(LOGITS, None)
    described = {tensor.name: tensor.shape for tensor in description.tensors}
    if set(described) != set(tensors):
        odd = sorted(set(described) ^ set(tensors))
        raise ExchangeError(f"{where}: tensors and description differ: {', '.join(odd)}")
    for name, shape in described.items():
        if tensors[name].shape != shape:
            raise ExchangeError(
                f"{where}: {name} has shape {tensors[name].shape}, and {shape} in the description"
            )
    weights = {name: tensors[name] for name in described}
    return Exchange(description, weights, images, labels, logits)
