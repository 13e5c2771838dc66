"""Scores of estimators with the random numbers that ``nas-assay score`` draws, and their parts.

The names of the parts are those of the details of the program. What is drawn is drawn again by
``streams``.
"""

from __future__ import annotations

import functools
import math

import streams
import torch
from torch import Tensor, nn

from nas_assay.exchange import Exchange
from nas_assay.torch import batch, by_outputs, dextr, linear_regions, load, vkdnw


def with_weights(network: nn.Module, stream: streams.Stream, gain: float | None) -> nn.Module:
    """The network, changed: normal weights of variance ``gain / fan_in``, or 1."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.dim() == 1:
                parameter.fill_(1.0 if name.endswith("weight") else 0.0)
                continue
            deviation = 1.0 if gain is None else math.sqrt(gain / parameter[0].numel())
            numbers = stream.normals(*parameter.shape)
            parameter.copy_(torch.from_numpy(deviation * numbers))
    return network


@functools.cache
def plane() -> Tensor:
    return torch.from_numpy(streams.shared("dextr", "circle").normals(2, 3, 64, 64))


@functools.cache
def image() -> Tensor:
    return torch.from_numpy(streams.shared("meco", "noise").normals(1, 3, 64, 64))


@functools.cache
def places(bounds: tuple[int, ...]) -> Tensor:
    """All patches of ``linear_regions``, one after another."""
    stream = streams.shared("linear_regions", "patches")
    count = linear_regions.DRAWS * linear_regions.BATCHES * linear_regions.PATCHES
    return torch.tensor([[stream.below(bound) for bound in bounds] for _ in range(count)])


def vkdnw_parts(exchange: Exchange) -> dict[str, float]:
    text, (images, _) = exchange.description.architecture, batch(exchange)
    network = with_weights(load(exchange), streams.own("vkdnw", text, "weights"), 2.0)
    noise = torch.from_numpy(streams.own("vkdnw", text, "noise").normals(*images.shape))
    entropy = vkdnw.entropy(vkdnw.eigenvalues(vkdnw.directions(network, noise)))
    score = vkdnw.vkdnw_of(network, noise)
    return {"score": score, "count": float(len(exchange.weights)), "entropy": entropy}


def dextr_parts(exchange: Exchange) -> dict[str, float]:
    network, (images, _) = load(exchange), batch(exchange)
    classes = exchange.description.size("classes")
    chosen = torch.arange(classes)
    if classes > dextr.LOGITS:
        stream = streams.shared("dextr", "logits")
        chosen = torch.tensor(stream.choose(classes, dextr.LOGITS))
    ratios = dextr.ratios(network, images)
    return {
        "score": dextr.dextr_of(network, images, plane(), chosen),
        "singular_ratios": math.fsum(ratios),
        "tensors": float(len(ratios)),
        "curvature": dextr.curvature(*dextr.motion(network, plane(), chosen)),
    }


def linear_regions_parts(exchange: Exchange) -> dict[str, float]:
    description, (images, _) = exchange.description, batch(exchange)
    patches = linear_regions.cut(images, places(linear_regions.bounds(images)))
    draws = patches.chunk(linear_regions.DRAWS)
    counts, units = [], 0
    for number, own in enumerate(draws):
        thin = linear_regions.Thin(description).double()
        stream = streams.own("linear_regions", description.architecture, f"weights {number}")
        with_weights(thin.network, stream, 2.0)
        counts.append(linear_regions.regions(thin, own.chunk(linear_regions.BATCHES)))
        found = linear_regions.patterns(thin, own[:2])
        assert found is not None
        units = found.shape[1]
    score = math.fsum(counts) / len(counts)
    return {"score": score, "share": score / 3000, "units": float(units)}


def meco_parts(exchange: Exchange) -> dict[str, float]:
    maps = by_outputs.maps(load(exchange), image())
    score = math.fsum(by_outputs.meco_of(channels) for channels in maps.values())
    return {"score": score, "tensors": float(len(maps))}


def swap_parts(exchange: Exchange) -> dict[str, float]:
    stream = streams.own("swap", exchange.description.architecture, "weights")
    network = with_weights(load(exchange), stream, None)
    return {"score": by_outputs.swap_of(network, batch(exchange)[0])}


def zen_parts(exchange: Exchange) -> dict[str, float]:
    text, (images, _) = exchange.description.architecture, batch(exchange)
    network = with_weights(load(exchange), streams.own("zen", text, "weights"), None)
    first, second = torch.from_numpy(streams.own("zen", text, "noise").normals(2, *images.shape))
    return {"score": by_outputs.zen_of(network, first, second)}


PARTS = {
    "vkdnw": vkdnw_parts,
    "dextr": dextr_parts,
    "linear_regions": linear_regions_parts,
    "meco": meco_parts,
    "swap": swap_parts,
    "zen": zen_parts,
}

ESTIMATORS = tuple(PARTS)
