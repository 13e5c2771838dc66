"""In how many linear regions of a thin network small patches of images lie (TE-NAS, Chen et al.
2021).

The network is not that of an exchange file but a thin one of the same architecture, and so the
estimator is a function of a description and images. See ``Thin``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from nas_assay.exchange import Network
from nas_assay.torch import nb101, nb201, nb301, nds
from nas_assay.torch.az_nas import kaiming
from nas_assay.torch.common import fresh, generator_or

SIDE = 3
"""Height and width of a patch."""

PATCHES = 1000
"""Patches of a batch."""

BATCHES = 3
"""Batches for each draw of weights."""

DRAWS = 3
"""Draws of weights."""


def linear_regions(
    description: Network, images: Tensor, generator: torch.Generator | None = None
) -> float:
    """The mean of ``regions`` over three draws: of weights, then of three batches of patches.

    Weights are normal with variance 2 over fan-in.
    """
    generator = generator_or(generator)
    counts = []
    for _ in range(DRAWS):
        thin = kaiming(Thin(description).to(images.dtype), generator)
        assert isinstance(thin, Thin)
        batches = [cut(images, drawn_places(images, generator)) for _ in range(BATCHES)]
        counts.append(regions(thin, batches))
    return math.fsum(counts) / DRAWS


def drawn_places(images: Tensor, generator: torch.Generator) -> Tensor:
    """Image, channel, top and left of each patch of a batch, ``[1000, 4]``."""
    return torch.stack(
        [torch.randint(bound, (PATCHES,), generator=generator) for bound in bounds(images)], dim=1
    )


def bounds(images: Tensor) -> tuple[int, int, int, int]:
    """How many images, channels, tops and lefts of patches there are."""
    count, channels, height, width = images.shape
    return count, channels, max(height - SIDE, 0) + 1, max(width - SIDE, 0) + 1


def cut(images: Tensor, places: Tensor) -> Tensor:
    """The patches ``[n, 1, 3, 3]`` at ``places``: image, channel, top and left of each, ``[n, 4]``.

    Smaller images have smaller patches.
    """
    return torch.stack(
        [
            images[image, channel : channel + 1, top : top + SIDE, left : left + SIDE]
            for image, channel, top, left in places.tolist()
        ]
    )


def regions(thin: Thin, batches: Sequence[Tensor]) -> float:
    """The number of different patterns of all patches; NaN if an input of a ReLU is not finite.

    The pattern of a patch says of each element of each ReLU whether its input is greater than 0.
    Batch-norm uses the statistics of each batch of patches.
    """
    different: set[bytes] = set()
    for batch in batches:
        found = patterns(thin, batch)
        if found is None:
            return math.nan
        different.update(row.tobytes() for row in found.numpy())
    return float(len(different))


def patterns(thin: Thin, patches: Tensor) -> Tensor | None:
    """The pattern of each patch, ``[n, elements]``; ``None`` if an input is not finite."""
    network = fresh(thin)
    seen: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0].detach().flatten(start_dim=1))

    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_pre_hook(keep)
    with torch.no_grad():
        network(patches)
    inputs = torch.cat(seen, dim=1)
    return (inputs > 0).cpu() if bool(inputs.isfinite().all()) else None


class Thin(nn.Module):
    """A thin network of an architecture, of which a part reads patches ``[n, 1, 3, 3]``.

    - NAS-Bench-201: the first cell, of one channel, and batch-norm with ReLU.
    - NAS-Bench-301: the first two cells, a normal and a reduction cell, of a network that begins
      with one channel, and batch-norm with ReLU. Their inputs are three times the patch.
    - NAS-Bench-101: the first cell, with the fewest channels that leave one for each vertex.
    - Design spaces: all blocks, of a quarter of the width.

    All channels that the part reads are the patch. The other parts of the network are there for
    the order in which weights are drawn.
    """

    def __init__(self, description: Network) -> None:
        super().__init__()
        self.space = description.space
        text = description.architecture
        classes = description.size("classes")
        self.closed: nn.Module = nn.Identity()
        if self.space == "nb201":
            affine = description.flag("cell_affine")
            self.network: nn.Module = nb201.CellNetwork(
                nb201.Architecture.parse(text), 1, 1, classes, affine
            )
            self.channels = 1
            self.closed = closing(1)
        elif self.space == "nb301":
            sizes = {**description.skeleton, "channels": 1, "layers": 3}
            self.network = nb301.network(replace(description, skeleton=sizes))
            self.channels = 3
            # The reduction cell has four nodes of two channels.
            self.closed = closing(8)
        elif self.space == "nb101":
            sizes = {**description.skeleton, **narrowest(description)}
            self.network = nb101.network(replace(description, skeleton=sizes))
            self.channels = sizes["channels"]
        else:
            stem = description.size("stem")
            divisor = next(by for by in (4, 2, 1) if stem % by == 0)
            sizes = {**description.skeleton, "width_divisor": divisor}
            self.network = nds.network(replace(description, skeleton=sizes))
            self.channels = stem // divisor

    def forward(self, patches: Tensor) -> Tensor:
        parts = self.network.get_submodule
        x = patches.repeat(1, self.channels, 1, 1)
        if self.space == "nb301":
            x = parts("cell1")(x, parts("cell0")(x, x))
        elif self.space in ("nb101", "nb201"):
            x = parts("cell0")(x)
        else:
            for stage in ("stage0", "stage1", "stage2"):
                x = parts(stage)(x)
        found: Tensor = self.closed(x)
        return found


def closing(channels: int) -> nn.Module:
    """Batch-norm with ReLU."""
    return nn.Sequential(nn.BatchNorm2d(channels, affine=False), nn.ReLU())


def narrowest(description: Network) -> dict[str, Any]:
    """The sizes of a thin network of ``nb101``."""
    if description.form == "supernet":
        return {"channels": 1, "layers": 3}
    architecture = nb101.Architecture.parse(description.architecture)
    channels = 1
    while min(architecture.channels(channels).values()) < 1:
        channels += 1
    return {"channels": channels, "cells": 1}
