"""NAS-Bench-301 (Siems et al. 2020), which is the space of DARTS (Liu et al. 2019).

A cell has six nodes. Nodes 0 and 1 are the outputs of the two cells before; nodes 2 to 5 are each
the sum over two edges, and the cell concatenates them. A reduction cell halves the maps: its edges
from nodes 0 and 1 have stride 2.

The stand-alone network and the supernet of one architecture have the same layers, except that
batch-norm in the cells of the supernet has no scale and shift, and that the key ``pool_norm`` of a
description can put one behind each pooling of an edge. Such a batch-norm never has scale and shift.
The search networks of DARTS and of aw_nas have it (``SharedOp`` in aw_nas,
``weights_manager/shared.py``), the networks that are trained alone do not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas_assay.exchange import Network

OPERATIONS = (
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
)

NODES = 6
INPUTS = 2


@dataclass(frozen=True)
class Edge:
    """An operation from one node to another."""

    operation: str
    source: int
    target: int


def parse_cell(text: str) -> tuple[Edge, ...]:
    """Reads ``op:from>to`` eight times with semicolons between, by target, then by source.

    Raises ``ValueError`` if the text is no cell.
    """
    edges = []
    for part in text.split(";"):
        match = re.fullmatch(rf"({'|'.join(OPERATIONS)}):([0-4])>([2-5])", part)
        if match is None:
            raise ValueError(f"no edge of NAS-Bench-301: {part!r}")
        edges.append(Edge(match[1], int(match[2]), int(match[3])))
    places = [(edge.target, edge.source) for edge in edges]
    if [target for target, _ in places] != [2, 2, 3, 3, 4, 4, 5, 5]:
        raise ValueError(f"each of nodes 2 to 5 has two edges: {text!r}")
    if places != sorted(set(places)) or any(source >= target for target, source in places):
        raise ValueError(f"the edges of a node come from different earlier nodes: {text!r}")
    return tuple(edges)


@dataclass(frozen=True)
class Architecture:
    """The edges of both cells."""

    normal: tuple[Edge, ...]
    reduction: tuple[Edge, ...]

    @classmethod
    def parse(cls, text: str) -> Architecture:
        """Reads ``NORMAL|REDUCTION``.

        Raises ``ValueError`` if the text is no architecture.
        """
        cells = text.split("|")
        if len(cells) != 2:
            raise ValueError(f"two cells with a bar between them: {text!r}")
        return cls(parse_cell(cells[0]), parse_cell(cells[1]))


class ReluConvBn(nn.Module):
    """ReLU, 1x1 convolution, batch-norm."""

    def __init__(self, inputs: int, outputs: int, affine: bool) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(self.relu(x)))
        return x


class FactorizedReduce(nn.Module):
    """Halves the maps: two 1x1 convolutions of stride 2, on even and on odd pixels.

    If the side is odd, zeros are added below and to the right for the odd pixels, as in the code of
    NAS-Bench-201. DARTS itself refuses odd sides, and aw_nas adds zeros above and to the left.
    """

    def __init__(self, inputs: int, outputs: int, affine: bool) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv_even = nn.Conv2d(inputs, outputs // 2, 1, stride=2, bias=False)
        self.conv_odd = nn.Conv2d(inputs, outputs // 2, 1, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(outputs, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(x)
        odd = functional.pad(x, (0, 1, 0, 1)) if x.shape[2] % 2 == 1 else x
        halves = [self.conv_even(x), self.conv_odd(odd[:, :, 1:, 1:])]
        x = self.bn(torch.cat(halves, dim=1))
        return x


class SepConv(nn.Module):
    """ReLU, depthwise convolution, 1x1 convolution, batch-norm; all of it twice."""

    def __init__(self, channels: int, kernel: int, stride: int, affine: bool) -> None:
        super().__init__()
        padding = kernel // 2
        self.relu1 = nn.ReLU()
        self.depthwise1 = nn.Conv2d(
            channels, channels, kernel, stride, padding, groups=channels, bias=False
        )
        self.pointwise1 = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels, affine=affine)
        self.relu2 = nn.ReLU()
        self.depthwise2 = nn.Conv2d(
            channels, channels, kernel, 1, padding, groups=channels, bias=False
        )
        self.pointwise2 = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn1(self.pointwise1(self.depthwise1(self.relu1(x))))
        x = self.bn2(self.pointwise2(self.depthwise2(self.relu2(x))))
        return x


class DilConv(nn.Module):
    """ReLU, depthwise convolution with dilation 2, 1x1 convolution, batch-norm."""

    def __init__(self, channels: int, kernel: int, stride: int, affine: bool) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.depthwise = nn.Conv2d(
            channels,
            channels,
            kernel,
            stride,
            padding=kernel - 1,
            dilation=2,
            groups=channels,
            bias=False,
        )
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.pointwise(self.depthwise(self.relu(x))))
        return x


def operation(
    name: str, channels: int, stride: int, affine: bool, pool_norm: bool = False
) -> nn.Module:
    """The module of an edge. ``pool_norm`` puts batch-norm without parameters behind pooling."""
    kernel = 5 if name.endswith("5x5") else 3
    if name.startswith("sep_conv"):
        return SepConv(channels, kernel, stride, affine)
    if name.startswith("dil_conv"):
        return DilConv(channels, kernel, stride, affine)
    if name in ("max_pool_3x3", "avg_pool_3x3"):
        pool: nn.Module = nn.MaxPool2d(3, stride=stride, padding=1)
        if name == "avg_pool_3x3":
            pool = nn.AvgPool2d(3, stride=stride, padding=1, count_include_pad=False)
        return nn.Sequential(pool, nn.BatchNorm2d(channels, affine=False)) if pool_norm else pool
    if stride == 1:
        return nn.Identity()
    return FactorizedReduce(channels, channels, affine)


class Cell(nn.Module):
    """A cell. ``inputs`` are the channels of its two inputs; ``larger`` says that the first input
    has maps of twice the side, since the cell before is a reduction cell."""

    def __init__(
        self,
        edges: tuple[Edge, ...],
        inputs: tuple[int, int],
        channels: int,
        reduction: bool,
        larger: bool,
        affine: bool,
        pool_norm: bool = False,
    ) -> None:
        super().__init__()
        convert = FactorizedReduce if larger else ReluConvBn
        self.preprocess0 = convert(inputs[0], channels, affine)
        self.preprocess1 = ReluConvBn(inputs[1], channels, affine)
        self.edges = edges
        for edge in edges:
            stride = 2 if reduction and edge.source < INPUTS else 1
            name = f"edge{edge.source}to{edge.target}"
            self.add_module(name, operation(edge.operation, channels, stride, affine, pool_norm))

    def forward(self, x0: Tensor, x1: Tensor) -> Tensor:
        nodes = [self.preprocess0(x0), self.preprocess1(x1)]
        for node in range(INPUTS, NODES):
            terms = [
                getattr(self, f"edge{edge.source}to{node}")(nodes[edge.source])
                for edge in self.edges
                if edge.target == node
            ]
            nodes.append(terms[0] + terms[1])
        return torch.cat(nodes[INPUTS:], dim=1)


class Stem(nn.Module):
    """3x3 convolution and batch-norm, without ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(x))
        return x


class CellNetwork(nn.Module):
    """The network of an architecture: a stem to ``3 * channels`` and ``layers`` cells.

    The cells at one and two thirds of the depth are reduction cells, where the channels double.
    ``cell_affine`` says whether batch-norm in the cells has a trained scale and shift,
    ``pool_norm`` whether batch-norm without them stands behind each pooling of an edge.
    """

    def __init__(
        self,
        architecture: Architecture,
        channels: int = 36,
        layers: int = 8,
        classes: int = 10,
        cell_affine: bool = True,
        pool_norm: bool = False,
    ) -> None:
        super().__init__()
        self.layers = layers
        self.stem = Stem(3 * channels)
        inputs = (3 * channels, 3 * channels)
        larger = False
        for i in range(layers):
            reduction = i in (layers // 3, 2 * layers // 3)
            if reduction:
                channels *= 2
            edges = architecture.reduction if reduction else architecture.normal
            cell = Cell(edges, inputs, channels, reduction, larger, cell_affine, pool_norm)
            self.add_module(f"cell{i}", cell)
            inputs = (inputs[1], channels * (NODES - INPUTS))
            larger = reduction
        self.classifier = nn.Linear(inputs[1], classes)

    def forward(self, images: Tensor) -> Tensor:
        x0 = x1 = self.stem(images)
        for i in range(self.layers):
            x0, x1 = x1, getattr(self, f"cell{i}")(x0, x1)
        logits: Tensor = self.classifier(x1.mean(dim=(2, 3)))
        return logits


def network(description: Network) -> nn.Module:
    """The network of a description of space ``nb301``."""
    return CellNetwork(
        Architecture.parse(description.architecture),
        channels=description.size("channels"),
        layers=description.size("layers"),
        classes=description.size("classes"),
        cell_affine=description.flag("cell_affine"),
        pool_norm="pool_norm" in description.skeleton and description.flag("pool_norm"),
    )
