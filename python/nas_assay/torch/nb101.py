"""NAS-Bench-101, sub-space 3 of NAS-Bench-1Shot1.

A cell has seven vertices. Vertex 0 is its input and vertex 6 its output; each of the five between
applies one of three operations to the sum of its parents. Vertices without a path to the output
are not built.

``StandAlone`` is the network of NAS-Bench-101 (Ying et al. 2019, ``model_builder.py``), ``OneShot``
the part of the weight-sharing network of NAS-Bench-1Shot1 (Zela et al. 2020,
``optimizers/darts/model_search.py``) that a cell uses.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nas_assay.exchange import Network

VERTICES = 7
OUTPUT = VERTICES - 1
PARENTS = (0, 1, 1, 1, 2, 2, 2)
"""How many parents each vertex has."""

OPERATIONS = ("conv1x1-bn-relu", "conv3x3-bn-relu", "maxpool3x3")


@dataclass(frozen=True)
class Architecture:
    """The edges of a cell and the operations of its vertices 1 to 5."""

    matrix: tuple[tuple[bool, ...], ...]
    """``matrix[u][v]``: whether there is an edge from vertex ``u`` to vertex ``v``."""
    operations: tuple[str, ...]
    """``operations[v - 1]`` belongs to vertex ``v``."""

    @classmethod
    def parse(cls, text: str) -> Architecture:
        """Reads 49 bits, row by row, a colon, and seven labels between bars.

        Raises ``ValueError`` if the text is no cell of the sub-space.
        """
        operation = "|".join(map(re.escape, OPERATIONS))
        form = rf"([01]{{49}}):input((?:\|(?:{operation})){{5}})\|output"
        match = re.fullmatch(form, text)
        if match is None:
            raise ValueError(f"no cell of NAS-Bench-101: {text!r}")
        bits = [bit == "1" for bit in match[1]]
        matrix = tuple(tuple(bits[VERTICES * u : VERTICES * (u + 1)]) for u in range(VERTICES))
        if any(matrix[u][v] for u in range(VERTICES) for v in range(u + 1)):
            raise ValueError(f"an edge does not go to a later vertex: {text!r}")
        parents = tuple(sum(matrix[u][v] for u in range(VERTICES)) for v in range(VERTICES))
        if parents != PARENTS:
            raise ValueError(f"the vertices have {parents} parents, not {PARENTS}: {text!r}")
        return cls(matrix, tuple(match[2][1:].split("|")))

    def parents(self, vertex: int) -> list[int]:
        """The parents of ``vertex``, in ascending order."""
        return [u for u in range(vertex) if self.matrix[u][vertex]]

    def used(self) -> list[int]:
        """The vertices among 1 to 5 that have a path to the output, in ascending order.

        All have a path from the input.
        """
        used = {OUTPUT}
        for u in range(OUTPUT - 1, 0, -1):
            if any(self.matrix[u][v] and v in used for v in range(u + 1, VERTICES)):
                used.add(u)
        return sorted(used - {OUTPUT})

    def channels(self, outputs: int) -> dict[int, int]:
        """The channels of each used vertex in a stand-alone cell with ``outputs`` channels.

        The output concatenates its parents, so they share its channels; what is left over goes to
        the first ones, one each. Any other vertex is as wide as its widest child.
        """
        last = [v for v in self.parents(OUTPUT) if v != 0]
        share, left = divmod(outputs, len(last))
        channels = {v: share + (i < left) for i, v in enumerate(last)}
        for u in reversed(self.used()):
            if u not in channels:
                channels[u] = max(c for v, c in channels.items() if self.matrix[u][v])
        return channels


class ConvBnRelu(nn.Module):
    """Convolution, batch-norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, affine: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs, affine=affine)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn(self.conv(x)))
        return x


class Vertex(nn.Module):
    """An operation on the sum of the parents.

    The cell's input is projected to the width of the vertex, if it is a parent; other parents lend
    their first channels. ``inputs`` are the channels of the cell's input, or ``None`` if it is no
    parent.
    """

    def __init__(
        self, operation: str, inputs: int | None, channels: int, affine: bool = True
    ) -> None:
        super().__init__()
        self.channels = channels
        self.projection = ConvBnRelu(inputs, channels, 1, affine) if inputs is not None else None
        self.operation = operation.split("-")[0]
        if operation == "maxpool3x3":
            self.maxpool3x3 = nn.MaxPool2d(3, stride=1, padding=1)
        elif operation == "conv3x3-bn-relu":
            self.conv3x3 = ConvBnRelu(channels, channels, 3, affine)
        else:
            self.conv1x1 = ConvBnRelu(channels, channels, 1, affine)

    def forward(self, x: Tensor, parents: list[Tensor]) -> Tensor:
        terms = [parent[:, : self.channels] for parent in parents]
        if self.projection is not None:
            terms.append(self.projection(x))
        x = getattr(self, self.operation)(sum(terms[1:], terms[0]))
        return x


class Output(nn.Module):
    """What is added to the concatenated vertices: the projected input of the cell, or nothing."""

    def __init__(self, inputs: int | None, channels: int, affine: bool = True) -> None:
        super().__init__()
        self.projection = ConvBnRelu(inputs, channels, 1, affine) if inputs is not None else None

    def forward(self, x: Tensor, concatenated: Tensor) -> Tensor:
        if self.projection is None:
            return concatenated
        x = concatenated + self.projection(x)
        return x


class Cell(nn.Module):
    """The vertices of a cell and its output; subclasses say how the output is put together."""

    def __init__(
        self,
        architecture: Architecture,
        inputs: int,
        widths: dict[int, int],
        outputs: int,
        affine: bool = True,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        for v in architecture.used():
            projected = inputs if architecture.matrix[0][v] else None
            operation = architecture.operations[v - 1]
            self.add_module(f"vertex{v}", Vertex(operation, projected, widths[v], affine))
        projected = inputs if architecture.matrix[0][OUTPUT] else None
        self.output = Output(projected, outputs, affine)

    def vertices(self, x: Tensor) -> dict[int, Tensor]:
        """The value of each used vertex."""
        values: dict[int, Tensor] = {}
        for v in self.architecture.used():
            parents = [values[u] for u in self.architecture.parents(v) if u != 0]
            values[v] = getattr(self, f"vertex{v}")(x, parents)
        return values


class StandAloneCell(Cell):
    """A cell of NAS-Bench-101: the output concatenates its parents."""

    def __init__(self, architecture: Architecture, inputs: int, outputs: int) -> None:
        super().__init__(architecture, inputs, architecture.channels(outputs), outputs)

    def forward(self, x: Tensor) -> Tensor:
        values = self.vertices(x)
        parents = [values[v] for v in self.architecture.parents(OUTPUT) if v != 0]
        x = self.output(x, torch.cat(parents, dim=1) if len(parents) > 1 else parents[0])
        return x


class OneShotCell(Cell):
    """A cell of NAS-Bench-1Shot1: the output concatenates all five vertices, each ``channels``
    wide, with zeros for those that are no parents of the output."""

    def __init__(
        self, architecture: Architecture, inputs: int, channels: int, affine: bool
    ) -> None:
        widths = {v: channels for v in range(1, OUTPUT)}
        super().__init__(architecture, inputs, widths, channels * len(widths), affine)
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        values = self.vertices(x)
        zeros = x.new_zeros(x.shape[0], self.channels, *x.shape[2:])
        parents = self.architecture.parents(OUTPUT)
        blocks = [values[v] if v in parents else zeros for v in range(1, OUTPUT)]
        x = self.output(x, torch.cat(blocks, dim=1))
        return x


class ReluConvBn(nn.Module):
    """ReLU, 1x1 convolution, batch-norm without scale and shift."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(self.relu(x)))
        return x


class GlobalAveragePool(nn.Module):
    """``[batch, channels, height, width]`` to ``[batch, channels]``."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))


class StandAlone(nn.Sequential):
    """The network of NAS-Bench-101 of a cell: a stem and three stacks of ``cells`` cells.

    Max pooling halves the maps before the second and the third stack, rounding up (TensorFlow's
    padding "same"), and the channels double.
    """

    def __init__(
        self, architecture: Architecture, channels: int = 128, cells: int = 3, classes: int = 10
    ) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["stem"] = ConvBnRelu(3, channels, 3)
        inputs = channels
        for stack in range(3):
            if stack > 0:
                layers[f"pool{stack}"] = nn.MaxPool2d(2, stride=2, ceil_mode=True)
            outputs = channels << stack
            for i in range(stack * cells, (stack + 1) * cells):
                layers[f"cell{i}"] = StandAloneCell(architecture, inputs, outputs)
                inputs = outputs
        layers["pool"] = GlobalAveragePool()
        layers["classifier"] = nn.Linear(inputs, classes)
        super().__init__(layers)


class OneShot(nn.Sequential):
    """The part of the network of NAS-Bench-1Shot1 that a cell uses: ``layers`` cells.

    Max pooling *with padding* before the cells at one and two thirds takes maps of side ``s`` to
    ``s // 2 + 1``, and the channels double.
    """

    def __init__(
        self,
        architecture: Architecture,
        channels: int = 16,
        layers: int = 9,
        classes: int = 10,
        affine: bool = True,
    ) -> None:
        parts: OrderedDict[str, nn.Module] = OrderedDict()
        parts["stem"] = ConvBnRelu(3, channels, 3, affine)
        inputs = channels
        for i in range(layers):
            if i in (layers // 3, 2 * layers // 3):
                parts[f"pool{i}"] = nn.MaxPool2d(2, stride=2, padding=1)
                channels *= 2
            parts[f"cell{i}"] = OneShotCell(architecture, inputs, channels, affine)
            inputs = channels * (OUTPUT - 1)
        parts["head"] = ReluConvBn(inputs, channels)
        parts["pool"] = GlobalAveragePool()
        parts["classifier"] = nn.Linear(channels, classes)
        super().__init__(parts)


def network(description: Network) -> nn.Module:
    """The network of a description of space ``nb101``."""
    architecture = Architecture.parse(description.architecture)
    if description.form == "stand-alone":
        return StandAlone(
            architecture,
            channels=description.size("channels"),
            cells=description.size("cells"),
            classes=description.size("classes"),
        )
    return OneShot(
        architecture,
        channels=description.size("channels"),
        layers=description.size("layers"),
        classes=description.size("classes"),
        affine=description.flag("affine"),
    )
