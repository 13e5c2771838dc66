"""NAS-Bench-201 (Dong and Yang 2020).

A cell has four nodes. Node 0 is its input; each other node is the sum over the edges from all
earlier nodes, and node 3 is the output. An edge is built only if it is executed: if its operation
is not ``none``, its source depends on the input and the output depends on its target.

The stand-alone network and the supernet of one architecture have the same layers.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nas_assay.exchange import Network

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")

NODES = 4
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""Source and target of each edge, in the order of the text form."""


@dataclass(frozen=True)
class Architecture:
    """The operation of each edge of a cell."""

    operations: tuple[str, ...]
    """``operations[i]`` belongs to ``EDGES[i]``."""

    @classmethod
    def parse(cls, text: str) -> Architecture:
        """Reads ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``.

        Raises ``ValueError`` if the text is no architecture.
        """
        operation = f"({'|'.join(OPERATIONS)})"
        groups = [
            r"\|" + "".join(rf"{operation}~{source}\|" for source in range(node))
            for node in range(1, NODES)
        ]
        match = re.fullmatch(r"\+".join(groups), text)
        if match is None:
            raise ValueError(f"no architecture of NAS-Bench-201: {text!r}")
        return cls(match.groups())

    def executed(self) -> list[tuple[int, int, str]]:
        """The executed edges as (source, target, operation), in the order of the text."""
        edges = [
            (source, target, operation)
            for (source, target), operation in zip(EDGES, self.operations)
            if operation != "none"
        ]
        reached = {0}
        for source, target, _ in edges:
            if source in reached:
                reached.add(target)
        needed = {NODES - 1}
        for source, target, _ in sorted(edges, reverse=True):
            if target in needed:
                needed.add(source)
        return [edge for edge in edges if edge[0] in reached and edge[1] in needed]


class ReluConvBn(nn.Module):
    """ReLU, convolution, batch-norm."""

    def __init__(self, channels: int, kernel: int, affine: bool) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(channels, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(self.relu(x)))
        return x


def operation(name: str, channels: int, affine: bool) -> nn.Module:
    """The module of an edge whose operation is not ``none``."""
    if name == "skip_connect":
        return nn.Identity()
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return ReluConvBn(channels, 1 if name == "nor_conv_1x1" else 3, affine)


class Cell(nn.Module):
    """A cell: the sum over edges at each node. Without a path to the output it gives zeros."""

    def __init__(self, architecture: Architecture, channels: int, affine: bool) -> None:
        super().__init__()
        self.edges = [(source, target) for source, target, _ in architecture.executed()]
        for source, target, name in architecture.executed():
            self.add_module(f"edge{source}to{target}", operation(name, channels, affine))

    def forward(self, x: Tensor) -> Tensor:
        nodes: dict[int, Tensor] = {0: x}
        for source, target in self.edges:
            value: Tensor = getattr(self, f"edge{source}to{target}")(nodes[source])
            nodes[target] = nodes[target] + value if target in nodes else value
        return nodes[NODES - 1] if NODES - 1 in nodes else torch.zeros_like(x)


class Shortcut(nn.Module):
    """2x2 average pooling and a 1x1 convolution, without batch-norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(2, stride=2)
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.pool(x))
        return x


class Reduction(nn.Module):
    """The residual block between two stages, which halves the maps."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.relu_a = nn.ReLU()
        self.conv_a = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.bn_a = nn.BatchNorm2d(outputs)
        self.relu_b = nn.ReLU()
        self.conv_b = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn_b = nn.BatchNorm2d(outputs)
        self.shortcut = Shortcut(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        branch = self.bn_a(self.conv_a(self.relu_a(x)))
        branch = self.bn_b(self.conv_b(self.relu_b(branch)))
        x = self.shortcut(x) + branch
        return x


class Stem(nn.Module):
    """3x3 convolution and batch-norm, without ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(x))
        return x


class Head(nn.Module):
    """Batch-norm, ReLU, global average pooling: the result has shape ``[batch, channels]``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn(x)).mean(dim=(2, 3))
        return x


class CellNetwork(nn.Sequential):
    """The network of an architecture: three stages of ``cells`` cells, reductions between them.

    ``cell_affine`` says whether batch-norm in the cells has a trained scale and shift.
    """

    def __init__(
        self,
        architecture: Architecture,
        channels: int = 16,
        cells: int = 5,
        classes: int = 10,
        cell_affine: bool = False,
    ) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["stem"] = Stem(channels)
        for stage in range(3):
            if stage > 0:
                layers[f"reduction{stage}"] = Reduction(channels, 2 * channels)
                channels *= 2
            for i in range(stage * cells, (stage + 1) * cells):
                layers[f"cell{i}"] = Cell(architecture, channels, cell_affine)
        layers["head"] = Head(channels)
        layers["classifier"] = nn.Linear(channels, classes)
        super().__init__(layers)


def network(description: Network) -> nn.Module:
    """The network of a description of space ``nb201``."""
    return CellNetwork(
        Architecture.parse(description.architecture),
        channels=description.size("channels"),
        cells=description.size("cells"),
        classes=description.size("classes"),
        cell_affine=description.flag("cell_affine"),
    )
