"""The four parts of AZ-NAS (Lee and Ham 2024), and how they are put together.

``f_0`` is the output of the stem of a network, ``f_1`` to ``f_L`` are those of its cells, for
normal noise and normal weights of variance 2 over fan-in, in training mode. In NAS-Bench-201, the
residual blocks between the stages are cells. For the other spaces the authors have no such list;
there the cells, or the residual blocks, are it.

What is drawn comes from a generator, by default always the same one: weights, noise, cotangents
from ``f_L`` to ``f_1``. The functions that end in ``_of`` have all of it as arguments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas_assay.torch.common import CELLS, copied, drawn, fresh, generator_or, layers, redrawn

SMALL_SHARE = 1e-8
"""Added to a share of the variance before its logarithm is taken."""

SMALL_NORM = 1e-6
"""Added to a spectral norm before it divides."""


def expressivity(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator | None = None,
) -> float:
    """Sum of the entropies of all features; see ``expressivity_of``."""
    return expressivity_of(_drawn_features(network, images, generator_or(generator)))


def expressivity_of(features: Sequence[Tensor]) -> float:
    """The sum of ``entropy`` over features, minus infinity if one has none."""
    return _or_least(math.fsum(entropy(feature) for feature in features))


def progressivity(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator | None = None,
) -> float:
    """How much the entropy grows from feature to feature; see ``progressivity_of``."""
    return progressivity_of(_drawn_features(network, images, generator_or(generator)))


def progressivity_of(features: Sequence[Tensor]) -> float:
    """The least difference of ``entropy`` to the feature before, minus infinity if one has none."""
    entropies = [entropy(feature) for feature in features]
    if any(math.isnan(value) for value in entropies):
        return -math.inf
    return min(after - before for before, after in zip(entropies, entropies[1:]))


def entropy(feature: Tensor) -> float:
    """``-sum p ln(p + 1e-8)`` of a feature ``[batch, channels, height, width]``.

    ``p`` are the eigenvalues, or 0 for negative ones, of the covariance of the channels over all
    pixels of all images, divided by their sum. NaN if that is 0.
    """
    rows = _rows(feature.detach().double())
    rows = rows - rows.mean(dim=0)
    covariance = rows.T @ rows / len(rows)
    if not bool(covariance.isfinite().all()):
        return math.nan
    values = torch.linalg.eigvalsh(covariance).clamp(min=0)
    shares = values / values.sum()
    return -float((shares * (shares + SMALL_SHARE).log()).sum())


def trainability(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator | None = None,
) -> float:
    """How close cells are to keeping the size of gradients; see ``trainability_of``."""
    generator = generator_or(generator)
    found = _drawn_features(network, images, generator)
    cotangents = [
        (torch.randint(2, f.shape, generator=generator) * 2 - 1).to(f.device, f.dtype)
        for f in reversed(found[1:])
    ]
    return trainability_of(found, cotangents[::-1])


def trainability_of(features: Sequence[Tensor], cotangents: Sequence[Tensor]) -> float:
    """The mean over cells of ``preservation``.

    ``features`` are ``f_0`` to ``f_L`` in their graph, ``cotangents`` ``u_1`` to ``u_L`` of 1 and
    -1, in the shapes of ``f_1`` to ``f_L``. ``v_l`` is the gradient of ``sum u_l f_l`` by
    ``f_(l-1)``, of which the cells before and after are no part. Minus infinity if it is NaN.
    """
    terms = []
    for before, after, cotangent in zip(features, features[1:], cotangents):
        (found,) = torch.autograd.grad(
            after, before, cotangent, retain_graph=True, allow_unused=True
        )
        terms.append(preservation(torch.zeros_like(before) if found is None else found, cotangent))
    return _or_least(math.fsum(terms) / len(terms))


def preservation(gradient: Tensor, cotangent: Tensor) -> float:
    """``2 - s - 1 / (s + 1e-6)``, at most almost 0 at ``s = 1``.

    ``s`` is the spectral norm of ``V' U / N``: the gradient by the input of a cell, and the
    cotangent of its output, both with a row for each of the ``N`` pixels of the output of all
    images. An input with maps of ``r`` times the side has ``r * r`` columns for a channel.

    Minus infinity if the cell only passes its input on: both are equal. Raises ``ValueError`` if
    ``r`` is not an integer, the same for height and width.
    """
    if gradient.shape == cotangent.shape and torch.equal(gradient, cotangent):
        return -math.inf
    (height, width), (least, narrow) = gradient.shape[2:], cotangent.shape[2:]
    ratio = height // least
    if (ratio * least, ratio * narrow) != (height, width):
        raise ValueError(f"maps of {height}x{width} are no multiple of {least}x{narrow}")
    inputs = _rows(functional.pixel_unshuffle(gradient.double(), ratio))
    matrix = inputs.T @ _rows(cotangent.double()) / len(inputs)
    if not bool(matrix.isfinite().all()):
        return math.nan
    norm = float(torch.linalg.matrix_norm(matrix, ord=2))
    return 2 - norm - 1 / (norm + SMALL_NORM)


def complexity(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The multiplications of weights for one image, of all convolutions and linear layers."""
    network = copied(network).eval()
    count = 0

    def add(layer: nn.Module, _inputs: object, output: Tensor) -> None:
        nonlocal count
        assert isinstance(layer, (nn.Conv2d, nn.Linear))
        count += output[0].numel() * layer.weight[0].numel()

    for layer in layers(network):
        layer.register_forward_hook(add)
    with torch.no_grad():
        network(images[:1])
    return float(count)


def aggregate(parts: Sequence[Sequence[float]]) -> list[float]:
    """The score of each of ``M`` networks, from their parts: ``sum ln(rank / M)`` over parts.

    Ranks go from 1, the least, to ``M``; equal numbers share the mean of theirs.
    """
    scores = [0.0] * len(parts)
    for column in zip(*parts):
        for i, value in enumerate(column):
            below = sum(other < value for other in column)
            equal = sum(other == value for other in column)
            scores[i] += math.log((below + (equal + 1) / 2) / len(parts))
    return scores


def features(network: nn.Module, noise: Tensor) -> list[Tensor]:
    """``f_0`` to ``f_L`` of a network with its weights, in their graph.

    ``f_0`` is the output of the module ``stem``. A feature that depends on nothing, such as the
    output of a cell without edges, is a constant.
    """
    network = fresh(network)
    found: list[Tensor] = []

    def keep(_: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        if not output.requires_grad:
            output = output.detach().requires_grad_()
        found.append(output)
        return output

    network.get_submodule("stem").register_forward_hook(keep)
    for module in network.modules():
        if isinstance(module, CELLS):
            module.register_forward_hook(keep)
    network(noise)
    return found


def kaiming(network: nn.Module, generator: torch.Generator) -> nn.Module:
    """A copy with normal weights of variance 2 over fan-in."""
    return redrawn(network, lambda layer: math.sqrt(2 / layer.weight[0].numel()), generator)


def _drawn_features(network: nn.Module, images: Tensor, generator: torch.Generator) -> list[Tensor]:
    """The features with weights and noise that are drawn."""
    network = kaiming(network, generator)
    return features(network, drawn(images, generator))


def _rows(maps: Tensor) -> Tensor:
    """``[batch, channels, height, width]`` to ``[batch * height * width, channels]``."""
    return maps.permute(0, 2, 3, 1).flatten(end_dim=2)


def _or_least(value: float) -> float:
    """Minus infinity instead of NaN."""
    return -math.inf if math.isnan(value) else value
