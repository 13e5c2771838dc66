"""Zero-shot estimators: scores of an untrained network from one batch of images.

Each is a function of a network, images ``[batch, 3, side, side]`` and labels ``[batch]``, and
returns one number. The network can be any module; images and parameters have the same precision.
It is looked at in training mode (batch-norm uses the statistics of the batch), as a copy, so that
nothing of it changes.

Where layers are summed over, these are all ``Conv2d`` and ``Linear`` modules, and only their
weights count: no biases, no batch-norm. ``W`` is a weight and ``g`` its gradient of the
mean cross-entropy. A weight that the logits do not depend on has gradient 0.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import Callable, Union

import torch
from torch import Tensor, nn
from torch.nn import functional

Layer = Union[nn.Conv2d, nn.Linear]
Estimator = Callable[[nn.Module, Tensor, Tensor], float]


def grad_norm(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum over layers of the L2 norm of the gradient: ``sum ||g||_2``."""
    _, gradients = _gradients(_copy(network), images, labels)
    return _total(gradient.double().norm() for gradient in gradients)


def snip(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``sum |g * W|`` over all elements of all layers (Lee et al. 2019)."""
    weights, gradients = _gradients(_copy(network), images, labels)
    return _total((g.double() * w).abs().sum() for w, g in zip(weights, gradients))


def plain(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``sum g * W`` over all elements of all layers; *lower* is said to be better.

    A convolution in front of batch-norm hardly changes the loss by its scale, so its own sum is
    almost 0, and rounding is a good part of the rest.
    """
    weights, gradients = _gradients(_copy(network), images, labels)
    return _total((g.double() * w).sum() for w, g in zip(weights, gradients))


def grasp(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``-sum W * (H g)``, where ``H`` is the Hessian of the loss by all weights (Wang et al. 2020).

    ``H g`` is exact: the gradient of ``sum g * G`` with the first factor held constant.
    """
    weights, gradients = _gradients(_copy(network), images, labels, twice=True)
    product = torch.stack([(g.detach() * g).sum() for g in gradients]).sum()
    curvature = _gradients_of(product, weights)
    return -_total((h.double() * w).sum() for w, h in zip(weights, curvature))


def fisher(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Empirical Fisher information of the output channels of all layers (Turner et al. 2020).

    ``y`` is the output of a layer, before batch-norm and with the bias. A channel has
    ``1/2 mean_n (sum over pixels of y dL/dy)^2``. As in zero-cost-nas, it counts once for each
    element of its weight, that is, times the fan-in.
    """
    network = _copy(network)
    outputs: list[tuple[Layer, Tensor]] = []
    for layer in _layers(network):
        layer.register_forward_hook(lambda layer, _, output: outputs.append((layer, output)))
    loss = functional.cross_entropy(network(images), labels)
    gradients = _gradients_of(loss, [output for _, output in outputs])
    total = 0.0
    for (layer, output), gradient in zip(outputs, gradients):
        saliency = gradient.double() * output
        if saliency.dim() > 2:
            saliency = saliency.flatten(start_dim=2).sum(dim=2)
        channels = saliency.square().mean(dim=0) / 2
        total += float(channels.sum().detach()) * layer.weight[0].numel()
    return total


def synflow(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Saliency of all paths from input to output, without data (Tanaka et al. 2020).

    ``sum |W * dR/dW|`` at ``|W|``, where ``R`` is the sum of the logits for one image of ones. All
    parameters are replaced by their absolute values, and batch-norm is left out. In double
    precision; no logarithm is taken. Of the images only the shape is used.
    """
    network = _copy(network)
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return _flow(network, images)


def synflow_bn(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """As ``synflow``, but with batch-norm, which uses the statistics of the one image.

    PyTorch raises ``ValueError`` if a map has a single pixel. Where maps are constant, pooling has
    ties, and rounding decides between them.
    """
    return _flow(_copy(network), images)


def jacob_cov(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Spectrum of the correlation between the images' gradients (Mellor et al. 2020, version 1).

    Row ``i`` of ``J`` is the gradient of the sum of *all* logits by image ``i``; ``v`` are the
    eigenvalues of the correlation matrix of the rows: ``-sum(ln(v + k) + 1 / (v + k))`` with
    ``k = 1e-5``. Without a value (NaN) if a row is constant.
    """
    images = images.detach().clone().requires_grad_()
    logits = _copy(network)(images)
    jacobian = _gradients_of(logits.sum(), [images])[0].flatten(start_dim=1).double()
    correlation = torch.corrcoef(jacobian)
    if not torch.isfinite(correlation).all():  # Some versions of PyTorch refuse such a matrix.
        return math.nan
    shifted = torch.linalg.eigvalsh(correlation) + 1e-5
    return -_total([(shifted.log() + 1 / shifted).sum()])


def relu_logdet(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``ln |det K|``, where ``K[i, j]`` is the number of ReLU elements, of all ``nn.ReLU`` modules,
    that are on for both of images ``i`` and ``j``, or off for both (Mellor et al. 2021)."""
    network = _copy(network)
    agreement = torch.zeros(len(images), len(images), dtype=torch.float64, device=images.device)

    def count(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        on = (output > 0).flatten(start_dim=1).double()
        off = 1 - on
        agreement.add_(on @ on.T + off @ off.T)

    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(images)
    return float(torch.linalg.slogdet(agreement)[1])


def l2_norm(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum over layers of the L2 norm of the weights: ``sum ||W||_2``. Uses no data."""
    return _total(layer.weight.double().norm() for layer in _layers(network))


ALL: dict[str, Estimator] = {
    "grad_norm": grad_norm,
    "snip": snip,
    "plain": plain,
    "grasp": grasp,
    "fisher": fisher,
    "synflow": synflow,
    "synflow_bn": synflow_bn,
    "jacob_cov": jacob_cov,
    "relu_logdet": relu_logdet,
    "l2_norm": l2_norm,
}
"""The estimators by the names that nas-assay has for them."""


def _copy(network: nn.Module) -> nn.Module:
    """A copy in training mode whose parameters all have gradients."""
    return copy.deepcopy(network).train().requires_grad_()


def _total(terms: Iterable[Tensor]) -> float:
    """The sum of single numbers, in double precision."""
    return math.fsum(float(term.detach()) for term in terms)


def _layers(network: nn.Module) -> list[Layer]:
    """All convolutions and linear layers."""
    return [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]


def _gradients_of(value: Tensor, inputs: list[Tensor], twice: bool = False) -> list[Tensor]:
    """The gradient of ``value`` by each input, zeros where it does not depend on it.

    ``twice``: the gradients can be differentiated again.
    """
    gradients = torch.autograd.grad(value, inputs, create_graph=twice, allow_unused=True)
    return [
        torch.zeros_like(x) if gradient is None else gradient
        for x, gradient in zip(inputs, gradients)
    ]


def _gradients(
    network: nn.Module, images: Tensor, labels: Tensor, twice: bool = False
) -> tuple[list[Tensor], list[Tensor]]:
    """The weights of all layers, and the gradient of the mean cross-entropy by each."""
    weights: list[Tensor] = [layer.weight for layer in _layers(network)]
    loss = functional.cross_entropy(network(images), labels)
    return weights, _gradients_of(loss, weights, twice)


def _flow(network: nn.Module, images: Tensor) -> float:
    """``sum |W * dR/dW|`` of ``synflow``, for a network that may be changed."""
    network.double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    ones = torch.ones(1, *images.shape[1:], dtype=torch.float64, device=images.device)
    weights: list[Tensor] = [layer.weight for layer in _layers(network)]
    gradients = _gradients_of(network(ones).sum(), weights)
    return _total((g.double() * w).abs().sum() for w, g in zip(weights, gradients))
