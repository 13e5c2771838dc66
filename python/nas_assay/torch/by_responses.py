"""Newer zero-shot estimators that look at how a network responds to images.

As in ``estimators``: each is a function of a network, images and labels, and the network is in
training mode and stays as it is.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas_assay.torch.common import CELLS, copied, correlation, gradients_of


def wrcor(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The logarithm of ``|det K|`` of weighted correlations between images (Jing et al. 2025).

    ``K`` is the sum over ``nn.ReLU`` modules of ``2 ** cell (|C| + |D|)``: ``C`` has the
    correlations between images of the inputs of the module, ``D`` those of the gradients of the
    loss by these inputs. A matrix with a row without variance is left out. Cells count from 0, or
    from 1 if a ReLU comes before the first. What comes after the last has the next number.

    Minus infinity if nothing is left, NaN if ``K`` is singular up to rounding.
    """
    count = len(images)
    total = torch.zeros(count, count, dtype=torch.float64)
    for inputs, gradient, cell in responses(network, images, labels):
        for rows in (inputs, gradient):
            found = correlation(rows.flatten(start_dim=1).cpu()).abs()
            if bool(found.isfinite().all()):
                total += 2.0**cell * found
    sizes = torch.linalg.eigvalsh(total).abs()
    if bool((sizes == 0).all()):
        return -math.inf
    step = torch.finfo(images.dtype).eps
    if float(sizes.min()) <= count * step * float(sizes.max()):
        return math.nan
    return math.fsum(math.log(float(size)) for size in sizes)


def responses(
    network: nn.Module, images: Tensor, labels: Tensor
) -> list[tuple[Tensor, Tensor, int]]:
    """The input of each ReLU, the gradient of the loss by it, and the number of its cell.

    A module that is called again gives one more. The gradient is that which comes by this ReLU.
    """
    network = copied(network)
    seen: list[tuple[Tensor, Tensor, int]] = []
    # How many cells have begun, and how many ended.
    begun, ended = 0, 0

    def begin(_: nn.Module, _inputs: object) -> None:
        nonlocal begun, ended
        if begun == 0 and seen:
            ended += 1
        begun += 1

    def end(_: nn.Module, _inputs: object, _output: Tensor) -> None:
        nonlocal ended
        ended += 1

    def rectify(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        change = torch.zeros_like(output, requires_grad=True)
        seen.append((inputs[0].detach(), change, ended))
        return output + change

    handles = []
    for module in network.modules():
        if isinstance(module, CELLS):
            handles.append(module.register_forward_pre_hook(begin))
            handles.append(module.register_forward_hook(end))
        elif isinstance(module, nn.ReLU):
            handles.append(module.register_forward_hook(rectify))
    loss = functional.cross_entropy(network(images), labels)
    for handle in handles:
        handle.remove()
    gradients = gradients_of(loss, [change for _, change, _ in seen])
    return [
        (inputs, torch.where(inputs > 0, gradient, 0.0), cell)
        for (inputs, _, cell), gradient in zip(seen, gradients)
    ]
