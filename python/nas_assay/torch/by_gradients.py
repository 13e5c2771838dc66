"""Newer zero-shot estimators that look at gradients.

As in ``estimators``: each is a function of a network, images and labels, only the weights of
``Conv2d`` and ``Linear`` modules count unless it is said otherwise, and the network is in training
mode and stays as it is. Sums are taken in double precision.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from nas_assay.torch.common import (
    copied,
    correlation,
    flow,
    layers,
    loss_gradients,
    norms,
    total,
    without_norms,
)

CLASSES_OF_SUM = 100
"""``epe_nas`` adds up its classes if there are at most so many, and else their differences."""

NTK_IMAGES = 16
"""``ntk_cond`` looks at so many images."""


def logsynflow(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``sum |W * ln(1 + dR/dW)|`` over all elements of all layers (Cavagnero et al. 2023, FreeREA).

    ``R`` is that of ``synflow``: one image of ones, absolute parameters, no batch-norm.
    """
    weights, gradients = flow(without_norms(copied(network)), images)
    return total((w * g.log1p()).abs().sum() for w, g in zip(weights, gradients))


def snr_synflow(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum over layers of ``sum s / std s``, where ``s = |W * dR/dW|`` are the terms of ``synflow``.

    ``std`` is the unbiased standard deviation over the elements of a layer. If they are all equal,
    or there is only one, the layer has ``sum s``.
    """
    return math.fsum(snr_by_layer(network, images).values())


def snr_by_layer(network: nn.Module, images: Tensor) -> dict[str, float]:
    """The term of each layer of ``snr_synflow``, by the name of its module."""
    network = without_norms(copied(network))
    names = {id(module): name for name, module in network.named_modules()}
    keys = [names[id(layer)] for layer in layers(network)]
    weights, gradients = flow(network, images)
    return {key: snr((w * g).abs()) for key, w, g in zip(keys, weights, gradients)}


def snr(saliency: Tensor) -> float:
    """``sum s / std s`` of all elements, or ``sum s`` if all are equal."""
    saliency = saliency.detach().double().flatten()
    whole = total([saliency.sum()])
    # Rounding can give equal numbers a deviation other than 0.
    if bool(saliency.amax() == saliency.amin()):
        return whole
    return whole / float(saliency.std())


def epe_nas(network: nn.Module, images: Tensor, labels: Tensor, branch: str = "auto") -> float:
    """How the images of one class differ for the network (Lopes et al. 2021).

    Row ``i`` of ``G`` is the gradient of the sum of all logits by image ``i``. See ``epe_of`` for
    the rest. ``branch`` is ``sum``, ``diff``, or ``auto``: ``sum`` for at most 100 logits.
    """
    images = images.detach().clone().requires_grad_()
    logits = copied(network)(images)
    rows = torch.autograd.grad(logits.sum(), images)[0].flatten(start_dim=1)
    if branch == "auto":
        branch = "sum" if logits.shape[1] <= CLASSES_OF_SUM else "diff"
    return epe_of(rows, labels, branch)


def epe_of(rows: Tensor, labels: Tensor, branch: str) -> float:
    """``epe_nas`` of the gradients ``[batch, size]`` by images with their labels ``[batch]``.

    For each class ``c`` with ``n`` images, ``S = sum ln(|R| + 1e-5)`` over all ``n * n``
    correlations between its rows. ``sum`` is the sum of ``|S|`` over classes. ``diff`` leaves out
    classes with one image, and is the sum of ``|S / n - S' / n'|`` over all ordered pairs of
    classes, divided by the number of classes.

    NaN if the numbers of a row that counts are all equal, as in a gradient of 0.
    """
    if branch not in ("sum", "diff"):
        raise ValueError(f"no branch of epe_nas: {branch!r}")
    classes = []
    for label in sorted(set(labels.tolist())):
        members = rows[labels == label]
        if branch == "diff" and len(members) == 1:
            continue
        spread = total([(correlation(members).abs() + 1e-5).log().sum()])
        classes.append(abs(spread) if branch == "sum" else spread / len(members))
    if branch == "sum":
        return math.fsum(classes)
    if not classes:
        return 0.0
    return math.fsum(abs(s - t) for s in classes for t in classes) / len(classes)


def zico(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """How steady gradients are from batch to batch, with two batches (Li et al. 2023).

    They are the first and the second half of the images; the last of an odd number is left out.
    Each goes through the network by itself, so that batch-norm has the statistics of the half. See
    ``zico_of`` for the rest. A layer that the logits do not depend on is skipped.
    """
    network = copied(network)
    half = len(images) // 2
    if half == 0:
        raise ValueError("zico needs at least two images")
    halves = [
        loss_gradients(network, images[i : i + half], labels[i : i + half])[1] for i in (0, half)
    ]
    return math.fsum(zico_of(torch.stack(pair)) for pair in zip(*halves))


def zico_of(gradients: Tensor) -> float:
    """The term of a layer in ``zico``: ``ln sum m / sd`` over its weights.

    ``gradients`` are ``[batches, ...]``; ``m`` is the mean of ``|g|`` over batches, and ``sd`` the
    population standard deviation of ``g``. A weight counts if ``sd`` is not 0 *in single
    precision*, where the squares of tiny numbers are 0. Without such a weight the term is 0.
    """
    gradients = gradients.detach().flatten(start_dim=1)
    single = gradients.float()
    counts = (single - single.mean(dim=0)).square().mean(dim=0).sqrt() != 0
    # The mean of three equal numbers is rounded.
    counts &= single.amax(dim=0) != single.amin(dim=0)
    kept = gradients.double()[:, counts]
    if kept.shape[1] == 0:
        return 0.0
    ratios = kept.abs().mean(dim=0) / kept.std(dim=0, correction=0)
    return math.log(float(ratios.sum()))


def gradsign_sum(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``sum |sum_i sign g_i|`` over all elements of all layers (Zhang and Jia 2022, GradSign).

    ``g_i`` is the gradient of the cross-entropy of image ``i``, which goes through the network by
    itself: batch-norm has the statistics of one image. PyTorch raises ``ValueError`` if a map has a
    single pixel.
    """
    return math.fsum(float(votes.abs().sum()) for votes in _votes(network, images, labels))


def gradsign_mean(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """``gradsign_sum`` divided by the number of elements, as later works have it."""
    votes = _votes(network, images, labels)
    count = sum(vote.numel() for vote in votes)
    return math.fsum(float(vote.abs().sum()) for vote in votes) / count


def _votes(network: nn.Module, images: Tensor, labels: Tensor) -> list[Tensor]:
    """``sum_i sign g_i`` of each layer."""
    network = copied(network)
    votes = [torch.zeros_like(layer.weight, dtype=torch.float64) for layer in layers(network)]
    for i in range(len(images)):
        _, gradients = loss_gradients(network, images[i : i + 1], labels[i : i + 1])
        for vote, gradient in zip(votes, gradients):
            vote += gradient.sign()
    return votes


def ntk_cond(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Condition of the tangent kernel (Chen et al. 2021, TE-NAS); *lower* is said to be better.

    Of the first 16 images, in one pass: row ``i`` of ``J`` is the gradient of the sum of the logits
    of image ``i`` by the weights of all layers and the scales of batch-norm. See ``condition``.
    """
    network = copied(network)
    scales = [norm.weight for norm in norms(network) if norm.affine]
    weights: list[Tensor] = [*(layer.weight for layer in layers(network)), *scales]
    logits = network(images[:NTK_IMAGES])
    rows = []
    for own in logits:
        gradients = torch.autograd.grad(own.sum(), weights, retain_graph=True, allow_unused=True)
        # What no logit depends on has no gradient for any image, or 0.
        rows.append(
            torch.cat(
                [
                    torch.zeros_like(w).flatten() if g is None else g.flatten()
                    for w, g in zip(weights, gradients)
                ]
            ).double()
        )
    jacobian = torch.stack(rows)
    return condition(jacobian @ jacobian.T)


def condition(kernel: Tensor) -> float:
    """The greatest eigenvalue of a symmetric ``[n, n]`` matrix, divided by the least.

    It is infinite, the worst, if the least is at most ``n * 2**-52`` times the greatest: such an
    eigenvalue is rounding, and can be negative.
    """
    if not bool(kernel.isfinite().all()):
        return math.nan
    values = torch.linalg.eigvalsh(kernel.double())
    least, greatest = float(values[0]), float(values[-1])
    if least <= len(kernel) * 2.0**-52 * greatest:
        return math.inf
    return greatest / least
