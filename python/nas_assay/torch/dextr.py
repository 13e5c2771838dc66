"""Dextr (Asthana et al. 2025): even singular values, and a curve of logits that bends.

As in ``estimators``: a function of a network, images and labels; the network is in training mode
and stays as it is. It sees one image, by itself, in double precision. Labels are not used.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.func import jvp

from nas_assay.torch.by_outputs import maps
from nas_assay.torch.common import copied, generator_or

SIDE = 64
"""Height and width of the inputs on the curve."""

LOGITS = 10
"""So many logits at most."""

STILL = 1e-9
"""A speed below this part of the greatest logit is rounding."""


def dextr(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator | None = None,
) -> float:
    """``dextr_of`` for the first image, with a plane that is drawn.

    Of more than 10 logits, 10 are drawn, too. PyTorch raises ``ValueError`` if batch-norm gets a
    single pixel of the image.
    """
    generator = generator_or(generator)
    plane = torch.randn(2, 3, SIDE, SIDE, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        count = copied(network)(images[:1]).shape[1]
    chosen = torch.randperm(count, generator=generator)[:LOGITS]
    return dextr_of(network, images, plane.to(images.device), chosen)


def dextr_of(
    network: nn.Module, images: Tensor, plane: Tensor, chosen: Tensor | None = None
) -> float:
    """``v k / (v + k)`` for the first image, a plane ``[2, 3, side, side]`` and some logits.

    ``v = ln(1 + sum of ratios)``, see ``ratios``, and ``k = ln(1 + curvature)``. It is ``v`` alone
    if there is no curvature. All logits are taken if none are chosen.
    """
    v = math.log1p(math.fsum(ratios(network, images)))
    bend = curvature(*motion(network, plane, chosen))
    if not math.isfinite(bend):
        return v
    k = math.log1p(bend)
    return v * k / (v + k) if k > 0 else 0.0


def ratios(network: nn.Module, images: Tensor) -> list[float]:
    """The least singular value of each tensor of the first image divided by the greatest.

    The tensors are those of ``by_outputs.maps``, ``[channels, pixels]``, and the inputs of linear
    layers that are none of these: the means before the classifier. A tensor of zeros has 0. One
    that would be zeros but for rounding has any number, such as the mean of all pixels of an output
    of batch-norm, to which average pooling takes a map of two by two pixels.
    """
    network, image = copied(network).double(), images[:1].double()
    found = list(maps(network, image).values())
    means: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        # Where the last maps have one pixel, a view of them is no tensor of its own.
        if not any(inputs[0].data_ptr() == other.data_ptr() for other in found):
            means.append(inputs[0].reshape(-1, 1))

    for module in network.modules():
        if isinstance(module, nn.Linear):
            module.register_forward_pre_hook(keep)
    with torch.no_grad():
        network(image)
    return [ratio(matrix) for matrix in found + means]


def ratio(matrix: Tensor) -> float:
    """The least singular value divided by the greatest. NaN if a number is not finite."""
    if not bool(matrix.isfinite().all()):
        return math.nan
    values = torch.linalg.svdvals(matrix)
    return float(values[-1] / values[0]) if bool(values[0] > 0) else 0.0


def motion(
    network: nn.Module, plane: Tensor, chosen: Tensor | None = None, angle: float = 0.0
) -> tuple[Tensor, Tensor, float]:
    """First and second derivative of the logits by the angle, and the greatest of all logits.

    The inputs are on the circle with radius 1 in the plane: at angle 0 on the first axis, and
    moving to the second.
    """
    # Derivatives of PyTorch's own batch-norm are wrong where they are taken forwards twice.
    network = _explicit(copied(network).double())
    first = plane[0] / plane[0].norm()
    second = plane[1] - (plane[1] * first).sum() * first
    second = second / second.norm()

    def logits(at: Tensor) -> Tensor:
        found: Tensor = network((at.cos() * first + at.sin() * second)[None])
        return found[0]

    one = plane.new_ones(())

    def velocity(at: Tensor) -> Tensor:
        found: Tensor = jvp(logits, (at,), (one,))[1]
        return found

    here = angle * one
    speeds, changes = jvp(velocity, (here,), (one,))[:2]
    with torch.no_grad():
        greatest = float(logits(here).abs().max())
    if chosen is None:
        return speeds, changes, greatest
    return speeds[chosen], changes[chosen], greatest


def curvature(velocity: Tensor, acceleration: Tensor, greatest: float) -> float:
    """The extrinsic curvature of a curve, ``sqrt(|v|^2 |a|^2 - (v a)^2) / |v|^3``.

    NaN if the logits do not move, but for rounding of the greatest. The area of ``v`` and ``a``
    is that of ``v`` and what is left of ``a`` across it, which loses no digits.
    """
    speed = float(velocity.norm())
    if speed <= STILL * greatest:
        return math.nan
    # The triangle of two columns: its corner is the length of the second across the first.
    corner = torch.linalg.qr(torch.stack([velocity, acceleration], dim=1), mode="r")[1]
    across = float(corner[1, 1].abs()) if len(corner) > 1 else 0.0
    return across / speed**2


class _Norm(nn.Module):
    """Batch-norm by the statistics of the batch, of plain operations."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        x = x - x.mean(dim=(0, 2, 3), keepdim=True)
        x = x / (x.square().mean(dim=(0, 2, 3), keepdim=True) + self.norm.eps).sqrt()
        if self.norm.affine:
            x = x * self.norm.weight[:, None, None] + self.norm.bias[:, None, None]
        return x


def _explicit(network: nn.Module) -> nn.Module:
    """The network, changed: batch-norm is ``_Norm``."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, _Norm(child))
    return network
