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

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas_assay.torch import az_nas, by_gradients, by_outputs, by_responses
from nas_assay.torch.common import (
    Estimator,
    Layer,
    copied,
    flow,
    gradients_of,
    layers,
    loss_gradients,
    total,
    without_norms,
)
from nas_assay.torch.dextr import dextr
from nas_assay.torch.vkdnw import vkdnw, vkdnw_count


def grad_norm(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum over layers of the L2 norm of the gradient: ``sum ||g||_2``."""
    _, gradients = loss_gradients(copied(network), images, labels)
    return total(gradient.double().norm() for gradient in gradients)


def snip(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``sum |g * W|`` over all elements of all layers (Lee et al. 2019)."""
    weights, gradients = loss_gradients(copied(network), images, labels)
    return total((g.double() * w).abs().sum() for w, g in zip(weights, gradients))


def plain(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``sum g * W`` over all elements of all layers; *lower* is said to be better.

    A convolution in front of batch-norm hardly changes the loss by its scale, so its own sum is
    almost 0, and rounding is a good part of the rest.
    """
    weights, gradients = loss_gradients(copied(network), images, labels)
    return total((g.double() * w).sum() for w, g in zip(weights, gradients))


def grasp(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``-sum W * (H g)``, where ``H`` is the Hessian of the loss by all weights (Wang et al. 2020).

    ``H g`` is exact: the gradient of ``sum g * G`` with the first factor held constant.
    """
    weights, gradients = loss_gradients(copied(network), images, labels, twice=True)
    product = torch.stack([(g.detach() * g).sum() for g in gradients]).sum()
    curvature = gradients_of(product, weights)
    return -total((h.double() * w).sum() for w, h in zip(weights, curvature))


def fisher(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Empirical Fisher information of the output channels of all layers (Turner et al. 2020).

    ``y`` is the output of a layer, before batch-norm and with the bias. A channel has
    ``1/2 mean_n (sum over pixels of y dL/dy)^2``. As in zero-cost-nas, it counts once for each
    element of its weight, that is, times the fan-in.
    """
    network = copied(network)
    outputs: list[tuple[Layer, Tensor]] = []
    for layer in layers(network):
        layer.register_forward_hook(lambda layer, _, output: outputs.append((layer, output)))
    loss = functional.cross_entropy(network(images), labels)
    gradients = gradients_of(loss, [output for _, output in outputs])
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
    return _saliency(without_norms(copied(network)), images)


def synflow_bn(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """As ``synflow``, but with batch-norm, which uses the statistics of the one image.

    PyTorch raises ``ValueError`` if a map has a single pixel. Where maps are constant, pooling has
    ties, and rounding decides between them.
    """
    return _saliency(copied(network), images)


def jacob_cov(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Spectrum of the correlation between the images' gradients (Mellor et al. 2020, version 1).

    Row ``i`` of ``J`` is the gradient of the sum of *all* logits by image ``i``; ``v`` are the
    eigenvalues of the correlation matrix of the rows: ``-sum(ln(v + k) + 1 / (v + k))`` with
    ``k = 1e-5``. Without a value (NaN) if a row is constant.
    """
    images = images.detach().clone().requires_grad_()
    logits = copied(network)(images)
    jacobian = gradients_of(logits.sum(), [images])[0].flatten(start_dim=1).double()
    correlation = torch.corrcoef(jacobian)
    if not torch.isfinite(correlation).all():  # Some versions of PyTorch refuse such a matrix.
        return math.nan
    shifted = torch.linalg.eigvalsh(correlation) + 1e-5
    return -total([(shifted.log() + 1 / shifted).sum()])


def relu_logdet(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``ln |det K|``, where ``K[i, j]`` is the number of ReLU elements, of all ``nn.ReLU`` modules,
    that are on for both of images ``i`` and ``j``, or off for both (Mellor et al. 2021)."""
    network = copied(network)
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
    return total(layer.weight.double().norm() for layer in layers(network))


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

NEWER: dict[str, Estimator] = {
    "logsynflow": by_gradients.logsynflow,
    "snr_synflow": by_gradients.snr_synflow,
    "epe_nas": by_gradients.epe_nas,
    "zico": by_gradients.zico,
    "gradsign_sum": by_gradients.gradsign_sum,
    "gradsign_mean": by_gradients.gradsign_mean,
    "ntk_cond": by_gradients.ntk_cond,
    "lnwot": by_outputs.lnwot,
    "tcet": by_outputs.tcet,
    "meco": by_outputs.meco,
    "meco_opt": by_outputs.meco_opt,
    "near": by_outputs.near,
    "zen": by_outputs.zen,
    "swap": by_outputs.swap,
    "epsinas": by_outputs.epsinas,
    "wrcor": by_responses.wrcor,
    "az_expressivity": az_nas.expressivity,
    "az_progressivity": az_nas.progressivity,
    "az_trainability": az_nas.trainability,
    "az_complexity": az_nas.complexity,
    "vkdnw": vkdnw,
    "vkdnw_count": vkdnw_count,
    "dextr": dextr,
}
"""Newer estimators, of the modules ``by_gradients``, ``by_outputs``, ``by_responses``, ``az_nas``,
``vkdnw`` and ``dextr``.

``nas-assay`` may lack some of them, or have other options. ``linear_regions`` is not among them:
its network is another one, and so it is a function of a description.
"""


def _saliency(network: nn.Module, images: Tensor) -> float:
    """``sum |W * dR/dW|`` of ``synflow``, for a network that may be changed."""
    return total((g * w).abs().sum() for w, g in zip(*flow(network, images)))
