"""VKDNW (Tybl and Neumann 2025): how evenly the eigenvalues of the Fisher information are spread.

As in ``estimators``: a function of a network, images and labels; the network stays as it is. Here
it is in evaluation mode, and batch-norm has seen no images. Labels are not used.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp, vmap

from nas_assay.torch.az_nas import kaiming
from nas_assay.torch.common import drawn, fresh, generator_or

TENSORS = 128
"""So many parameter tensors at most have a row in the Fisher information."""

AT_ONCE = 16
"""So many derivatives are computed at once."""

SMOOTHING = 0.05
"""How much of the probabilities is the same for all classes."""


def vkdnw(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator | None = None,
) -> float:
    """The number of parameter tensors, and a tenth of the entropy of ``vkdnw_of``.

    Normal weights of variance 2 over fan-in are drawn first, then normal noise. Of the images only
    the shape is used.
    """
    generator = generator_or(generator)
    network = kaiming(network, generator)
    return vkdnw_of(network, drawn(images, generator))


def vkdnw_count(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The number of parameter tensors: what ``vkdnw`` ranks by first."""
    return float(len(list(network.parameters())))


def vkdnw_of(network: nn.Module, noise: Tensor) -> float:
    """``vkdnw`` of a network with its weights, for noise ``[batch, 3, side, side]``.

    The entropy is at most ``ln 9``, so that it decides only between networks with equally many
    tensors. NaN if it has no value.
    """
    count = len(list(network.parameters()))
    return count + entropy(eigenvalues(directions(network, noise))) / 10


def directions(network: nn.Module, noise: Tensor) -> Tensor:
    """The matrix ``B`` of a Fisher information ``B' B``, ``[batch * classes, tensors]``.

    The information is the mean over images of the covariance, over classes with their
    probabilities, of the derivatives of the logits by the first element of each of the first 128
    parameter tensors. ``B`` has the deviations from the mean over classes, each times the root of
    its probability and divided by that of the number of images.
    """
    network = fresh(network).eval().requires_grad_(False)
    parameters = dict(list(network.named_parameters())[:TENSORS])

    def logits(moves: Tensor) -> Tensor:
        """The logits when the first elements have moved."""
        moved = {}
        for (name, parameter), move in zip(parameters.items(), moves):
            first = torch.zeros_like(parameter)
            first.view(-1)[0] = 1
            moved[name] = parameter + move * first
        found: Tensor = functional_call(network, moved, (noise,))
        return found

    here = noise.new_zeros(len(parameters))
    with torch.no_grad():
        plain = logits(here)

    def derivative(axis: Tensor) -> Tensor:
        found: Tensor = jvp(logits, (here,), (axis,))[1]
        return found

    columns = vmap(derivative, chunk_size=AT_ONCE)(torch.eye(len(here)).to(here))
    jacobian = columns.movedim(0, 2).double()
    classes = plain.shape[1]
    p = (1 - SMOOTHING) * plain.double().softmax(dim=1)[:, :, None] + SMOOTHING / classes
    deviations = jacobian - (p * jacobian).sum(dim=1, keepdim=True)
    return (deviations * (p / len(noise)).sqrt()).flatten(end_dim=1)


def eigenvalues(matrix: Tensor) -> Tensor:
    """All eigenvalues of ``B' B``: the squares of the singular values of ``B``, or 0.

    A singular value that is rounding of the greatest is 0.
    """
    if not bool(matrix.isfinite().all()):
        return torch.full((matrix.shape[1],), math.nan, dtype=torch.float64)
    values = torch.zeros(matrix.shape[1], dtype=torch.float64)
    found = torch.linalg.svdvals(matrix.double()).cpu()
    rounding = max(matrix.shape) * torch.finfo(torch.float64).eps * found.max()
    values[: len(found)] = torch.where(found > rounding, found.square(), 0.0)
    return values


def entropy(values: Tensor) -> float:
    """``-sum q ln q`` for the nine deciles of values, divided by their sum; NaN if that is 0."""
    tenths = torch.arange(1, 10, dtype=torch.float64) / 10
    deciles = torch.quantile(values, tenths)
    return float(torch.special.entr(deciles / deciles.sum()).sum())
