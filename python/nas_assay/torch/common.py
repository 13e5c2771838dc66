"""What estimators share: copies of a network, its layers, gradients, and draws of weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import Callable, Union

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas_assay.torch import nb101, nb201, nb301, nds

Layer = Union[nn.Conv2d, nn.Linear]
Estimator = Callable[[nn.Module, Tensor, Tensor], float]

CELLS = (nb101.Cell, nb201.Cell, nb201.Reduction, nb301.Cell, nds.BasicBlock, nds.Bottleneck)
"""The modules that are the cells of a network. Residual blocks are cells, too."""


def copied(network: nn.Module) -> nn.Module:
    """A copy in training mode whose parameters all have gradients."""
    return copy.deepcopy(network).train().requires_grad_()


def fresh(network: nn.Module) -> nn.Module:
    """A copy as ``copied`` makes it, where batch-norm has seen no images: its running statistics
    are mean 0 and variance 1."""
    network = copied(network)
    for norm in norms(network):
        norm.reset_running_stats()
    return network


def total(terms: Iterable[Tensor]) -> float:
    """The sum of single numbers, in double precision."""
    return math.fsum(float(term.detach()) for term in terms)


def layers(network: nn.Module) -> list[Layer]:
    """All convolutions and linear layers."""
    return [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]


def norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    """All batch-norms."""
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


def gradients_of(value: Tensor, inputs: list[Tensor], twice: bool = False) -> list[Tensor]:
    """The gradient of ``value`` by each input, zeros where it does not depend on it.

    ``twice``: the gradients can be differentiated again.
    """
    found = torch.autograd.grad(value, inputs, create_graph=twice, allow_unused=True)
    return [
        torch.zeros_like(x) if gradient is None else gradient for x, gradient in zip(inputs, found)
    ]


def loss_gradients(
    network: nn.Module, images: Tensor, labels: Tensor, twice: bool = False
) -> tuple[list[Tensor], list[Tensor]]:
    """The weights of all layers, and the gradient of the mean cross-entropy by each."""
    weights: list[Tensor] = [layer.weight for layer in layers(network)]
    loss = functional.cross_entropy(network(images), labels)
    return weights, gradients_of(loss, weights, twice)


def without_norms(network: nn.Module) -> nn.Module:
    """The network, changed: batch-norm is left out."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return network


def flow(network: nn.Module, images: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """``|W|`` of all layers and ``dR/dW`` there, for a network that may be changed.

    ``R`` is the sum of the logits for one image of ones, with the absolute values of all
    parameters, in double precision. Of the images only the shape is used.
    """
    network.double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    ones = torch.ones(1, *images.shape[1:], dtype=torch.float64, device=images.device)
    weights: list[Tensor] = [layer.weight for layer in layers(network)]
    return weights, gradients_of(network(ones).sum(), weights)


def correlation(rows: Tensor) -> Tensor:
    """Pearson's correlation of the rows of ``[n, p]``: ``[n, n]``, in double precision and at most
    1, NaN for a row whose numbers are all equal."""
    rows = rows.double()
    centred = rows - rows.mean(dim=1, keepdim=True)
    norm = centred.norm(dim=1)
    # The mean of equal numbers is rounded, so that their norm need not be 0.
    norm[rows.amax(dim=1) == rows.amin(dim=1)] = math.nan
    # Each row first: the product of two small norms could be 0.
    unit = centred / norm[:, None]
    product: Tensor = (unit @ unit.T).clamp(-1, 1)
    return product


def generator_or(generator: torch.Generator | None) -> torch.Generator:
    """The generator, or a new one, which is always the same."""
    return torch.Generator().manual_seed(0) if generator is None else generator


def drawn(like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal numbers of the shape, the precision and the device of ``like``."""
    return torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)


def redrawn(
    network: nn.Module, deviation: Callable[[Layer], float], generator: torch.Generator
) -> nn.Module:
    """A copy with new weights: normal with mean 0 and a deviation for each layer, biases 0, scales
    of batch-norm 1 and shifts 0. Batch-norm has seen no images."""
    network = fresh(network)
    with torch.no_grad():
        for layer in layers(network):
            layer.weight.copy_(drawn(layer.weight, generator) * deviation(layer))
            if layer.bias is not None:
                layer.bias.zero_()
        for norm in norms(network):
            if norm.affine:
                norm.weight.fill_(1)
                norm.bias.zero_()
    return network
