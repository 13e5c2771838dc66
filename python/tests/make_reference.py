"""Makes the reference vectors of ``fixtures/pytorch``, which ``nas-assay`` is tested against.

python tests/make_reference.py FOLDER

For each space and form, some small networks in double precision: ``SPACE-FORM-N.safetensors`` is an
exchange file whose logits come from the networks of this package, and ``SPACE-FORM-N.json`` has the
scores of its estimators, ``SPACE-FORM-N.newer.json`` those of the newer ones, whose random numbers
are given: see ``newer``. Architectures, weights and images are drawn here; nothing comes from
``nas-assay``. A score that is nothing but rounding is left out.

Weights and images are uniform numbers, scaled by basic operations, from a generator whose stream
NumPy does not change: they are the same bits everywhere.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import draws
import numpy as np
import torch
from numpy.random import RandomState
from torch import Tensor as Torch

from nas_assay.exchange import FORMS, SPACES, Exchange, Network, Tensor, write
from nas_assay.torch import (
    az_nas,
    batch,
    by_gradients,
    by_outputs,
    estimators,
    load,
    nb101,
    nb201,
    nb301,
    nds,
)
from nas_assay.torch import network as build

Scores = Callable[[Exchange], dict[str, float]]

BATCH = 4

MOST = 1500
"""A network has at most so many weights, so that all files together have some 400 kB."""

DISTURBED = 1e-13
"""Weights and images are multiplied by ``1 + DISTURBED * u``, with ``u`` from -1 to 1, to find out
which scores are rounding."""

STEADY = 1e-9
"""A score that moves by a larger part of itself when all is disturbed is rounding."""


def main(folder: Path) -> None:
    """Writes all files to a folder."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    for name, description, side, seed in networks():
        exchange = drawn(description, side, RandomState(seed))
        write(folder / f"{name}.safetensors", exchange)
        for end, scores in (("json", established), ("newer.json", newer)):
            kept = steady(exchange, scores, RandomState(seed + 1))
            text = json.dumps({"scores": kept}, indent=1, sort_keys=True)
            (folder / f"{name}.{end}").write_text(text + "\n")


def networks() -> Iterator[tuple[str, Network, int, int]]:
    """Name, description, side of the images and seed of each network."""
    pairs = [(space, form) for space in SPACES for form in FORMS]
    for place, (space, form) in enumerate(pairs):
        for number in range(2):
            seed = 1000 * (place + 1) + 10 * number
            random = RandomState(seed + 2)
            side = 8 if space == "nb201" else 8 + number
            sizes = skeleton(space, form, number)
            sizes = {**sizes, "classes": (10, 4)[number], "resolution": side}
            while True:
                description = Network(space, ARCHITECTURES[space](random), form, sizes, ())
                if parameters(description) <= MOST:
                    yield f"{space}-{form}-{number}", description, side, seed
                    break


def parameters(description: Network) -> int:
    """How many numbers the weights of a network have."""
    return sum(parameter.numel() for parameter in build(description).parameters())


def skeleton(space: str, form: str, number: int) -> dict[str, Any]:
    """The network around an architecture, without its classes and the side of its images.

    Each flag has both values somewhere in a space, and in most forms.
    """
    shared = form == "supernet"
    if space == "nb101" and shared:
        return {"channels": 1, "layers": 3, "affine": number == 1}
    if space == "nb101":
        return {"channels": 3 - number, "cells": 1}
    if space == "nb201":
        return {"channels": 2 - number, "cells": 1 + number, "cell_affine": (number == 1) == shared}
    if space == "nb301":
        sizes = {"channels": 2 - number, "layers": 2 + number, "cell_affine": not shared}
        return {**sizes, "pool_norm": shared}
    return {
        "stem": 16,
        "stem_stride": 1 + number,
        "width_divisor": 4,
        "block_affine": (number == 1) == shared,
        "projection": "every-stage" if shared else "where-shape-changes",
    }


def sample_nb101(random: RandomState) -> str:
    """A cell of which at least four vertices are used."""
    while True:
        matrix = np.zeros((nb101.VERTICES, nb101.VERTICES), dtype=int)
        for vertex, count in enumerate(nb101.PARENTS):
            matrix[random.permutation(vertex)[:count], vertex] = 1
        operations = [nb101.OPERATIONS[random.randint(3)] for _ in range(5)]
        bits = "".join(str(bit) for bit in matrix.flatten())
        text = f"{bits}:input|{'|'.join(operations)}|output"
        if len(nb101.Architecture.parse(text).used()) >= 4:
            return text


def sample_nb201(random: RandomState) -> str:
    """A cell of which at least four edges are executed."""
    while True:
        chosen = [nb201.OPERATIONS[random.randint(5)] for _ in nb201.EDGES]
        groups = [
            "".join(
                f"{operation}~{source}|"
                for (source, target), operation in zip(nb201.EDGES, chosen)
                if target == node
            )
            for node in range(1, nb201.NODES)
        ]
        text = "+".join(f"|{group}" for group in groups)
        if len(nb201.Architecture.parse(text).executed()) >= 4:
            return text


def sample_nb301(random: RandomState) -> str:
    """Two cells."""

    def cell() -> str:
        return ";".join(
            f"{nb301.OPERATIONS[random.randint(7)]}:{source}>{target}"
            for target in range(nb301.INPUTS, nb301.NODES)
            for source in sorted(random.permutation(target)[:2])
        )

    return f"{cell()}|{cell()}"


def sample_nds_resnet(random: RandomState) -> str:
    """Three stages of one or two blocks, with few channels."""
    depths = [str(1 + random.randint(2)) for _ in range(3)]
    widths = [str(nds.WIDTHS["nds_resnet"][random.randint(3)]) for _ in range(3)]
    return f"d{','.join(depths)} w{','.join(widths)}"


def sample_nds_resnext_a(random: RandomState) -> str:
    """Three stages of one or two blocks, with few channels."""
    depths = [str(1 + random.randint(2)) for _ in range(3)]
    widths = [str(nds.WIDTHS["nds_resnext_a"][random.randint(3)]) for _ in range(3)]
    ratios = [nds.RATIOS[random.randint(3)] for _ in range(3)]
    groups = [str(nds.GROUPS[random.randint(3)]) for _ in range(3)]
    return f"d{','.join(depths)} w{','.join(widths)} r{','.join(ratios)} g{','.join(groups)}"


ARCHITECTURES = {
    "nb101": sample_nb101,
    "nb201": sample_nb201,
    "nb301": sample_nb301,
    "nds_resnet": sample_nds_resnet,
    "nds_resnext_a": sample_nds_resnext_a,
}


def drawn(description: Network, side: int, random: RandomState) -> Exchange:
    """The network with weights, images, labels and the logits of PyTorch.

    The weights of a layer have variance 1 over fan-in; the scales of batch-norm are from 0.5 to
    1.5, or the negative of that for a few channels, and shifts and biases from -0.5 to 0.5.
    """

    def uniform(*shape: int) -> Any:
        return 2.0 * random.random_sample(shape) - 1.0

    weights = {}
    for name, parameter in build(description).named_parameters():
        shape = tuple(parameter.shape)
        if len(shape) > 1:
            weights[name] = uniform(*shape) * math.sqrt(3.0 / math.prod(shape[1:]))
        elif name.endswith("weight"):
            sign = np.where(random.random_sample(shape) < 0.2, -1.0, 1.0)
            weights[name] = sign * (1.0 + 0.5 * uniform(*shape))
        else:
            weights[name] = 0.5 * uniform(*shape)
    tensors = tuple(Tensor(name, array.shape) for name, array in weights.items())
    whole = Network(
        description.space, description.architecture, description.form, description.skeleton, tensors
    )
    images = 2.0 * uniform(BATCH, 3, side, side)
    labels = random.randint(description.size("classes"), size=BATCH).astype(np.int64)
    exchange = Exchange(whole, weights, images, labels, None)
    with torch.no_grad():
        logits = load(exchange)(batch(exchange)[0])
    return Exchange(whole, weights, images, labels, logits.numpy())


def steady(exchange: Exchange, scores: Scores, random: RandomState) -> dict[str, float]:
    """The scores that do not move when weights and images are disturbed a little."""

    def disturbed(array: Any) -> Any:
        return array * (1.0 + DISTURBED * (2.0 * random.random_sample(array.shape) - 1.0))

    def scored(exchange: Exchange) -> dict[str, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # A determinant of 0, and a variance of 0.
            return scores(exchange)

    exact = scored(exchange)
    for _ in range(3):
        weights = {name: disturbed(array) for name, array in exchange.weights.items()}
        other = Exchange(
            exchange.description, weights, disturbed(exchange.images), exchange.labels, None
        )
        near = scored(other)
        for name in list(exact):
            if not abs(near[name] - exact[name]) <= STEADY * abs(exact[name]):
                del exact[name]
    return exact


def established(exchange: Exchange) -> dict[str, float]:
    """The scores of the estimators of ``estimators.ALL``."""
    network, (images, labels) = load(exchange), batch(exchange)
    return {name: score(network, images, labels) for name, score in estimators.ALL.items()}


def newer(exchange: Exchange) -> dict[str, float]:
    """The scores of newer estimators, infinite if there is none, for 16 images.

    These are the four images, then each from right to left, then upside down, then both, with their
    labels; for ``epe_nas``, such a group of four is a class.

    Where random numbers belong to a definition, these are taken in their place:

    - weights: those of the network;
    - noise, and the first of two: the images; the second: the images in reverse order;
    - cotangents: 1 where the sum of the indices of image, channel, row and column is a multiple of
      3, and else -1;
    - rows of ``meco_opt``: the last 8 of a map, in reverse order;
    - offsets of ``near``: the greatest.

    The constants of ``epsinas`` are 0.1 and 1. ``meco``, ``vkdnw`` and ``dextr`` have the numbers
    that ``nas-assay score`` draws: see ``draws``.
    """
    network, (images, labels) = load(exchange), batch(exchange)

    def cotangent(feature: Torch) -> Torch:
        total = sum(torch.meshgrid(*map(torch.arange, feature.shape), indexing="ij"))
        return torch.where(torch.as_tensor(total) % 3 == 0, 1.0, -1.0).to(feature.dtype)

    turned = [images.flip(axes) for axes in ([], [3], [2], [2, 3])]
    images, labels = torch.cat(turned), labels.repeat(len(turned))
    groups = torch.arange(len(images)) // BATCH
    whole = replace(exchange, images=images.numpy(), labels=labels.numpy())
    maps = by_outputs.maps
    rows = by_outputs.rows_of
    own: dict[str, Callable[[], float]] = {
        "epe_nas": lambda: by_gradients.epe_nas(network, images, groups),
        "meco": lambda: draws.meco_parts(whole)["score"],
        "meco_opt": lambda: math.fsum(
            by_outputs.meco_of(m, torch.arange(len(m)).flip(0)[:8])
            for m in maps(network, images).values()
        ),
        "near": lambda: math.fsum(
            by_outputs.near_of(m, max(m.shape[0] - m.shape[1], 0))
            for m in rows(network, images).values()
        ),
        "zen": lambda: by_outputs.zen_of(network, images, images.flip(0)),
        "swap": lambda: by_outputs.swap_of(network, images),
        "epsinas": lambda: by_outputs.epsinas(network, images, labels, 0.1, 1.0),
        "az_expressivity": lambda: az_nas.expressivity_of(az_nas.features(network, images)),
        "az_progressivity": lambda: az_nas.progressivity_of(az_nas.features(network, images)),
        "az_trainability": lambda: az_nas.trainability_of(
            found := az_nas.features(network, images), [cotangent(f) for f in found[1:]]
        ),
        "vkdnw": lambda: draws.vkdnw_parts(whole)["score"],
        "dextr": lambda: draws.dextr_parts(whole)["score"],
    }
    scores = {}
    for name, score in estimators.NEWER.items():
        try:
            scores[name] = own[name]() if name in own else score(network, images, labels)
        except ValueError:  # A map has a single pixel, or sides that are no multiples.
            scores[name] = math.inf
    return scores


if __name__ == "__main__":
    main(Path(sys.argv[1]))
