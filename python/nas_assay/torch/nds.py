"""Two network design spaces for CIFAR-10 (Radosavovic et al. 2019): ResNet and ResNeXt-A.

A network is a stem, three stages of residual blocks and a classifier. Each stage has its own depth
and width; ResNeXt-A has bottleneck blocks, whose ratio and groups are decided for each stage too.

The stand-alone network has a projection in a shortcut only where the shape changes, the supernet
in the first block of each stage.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

from torch import Tensor, nn

from nas_assay.exchange import Network

STRIDES = (1, 2, 2)
"""The stride of the first block of each stage."""

DEPTHS = {"nds_resnet": (1, 2, 3, 4, 6, 8, 12, 16, 24), "nds_resnext_a": (1, 2, 4, 8, 16)}
WIDTHS = {
    "nds_resnet": (16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256),
    "nds_resnext_a": (16, 32, 64, 128, 256),
}
RATIOS = ("0.25", "0.5", "1")
GROUPS = (1, 2, 4)

PROJECTIONS = ("where-shape-changes", "every-stage")


@dataclass(frozen=True)
class Stage:
    """A stage of equal residual blocks."""

    depth: int
    width: int
    inner: int = 0
    """The channels of the 3x3 convolution of a bottleneck; 0 for basic blocks."""
    groups: int = 1
    """The groups of the 3x3 convolution of a bottleneck."""

    def divided(self, divisor: int) -> Stage:
        """The stage with all channels divided by ``divisor``.

        A bottleneck with fewer channels than groups has as many groups as channels.
        """
        inner = self.inner // divisor
        groups = min(self.groups, inner) if inner else 1
        return Stage(self.depth, self.width // divisor, inner, groups)


def parse(space: str, text: str) -> tuple[Stage, ...]:
    """Reads ``d1,2,3 w16,24,32``, and with ``r0.25,0.5,1 g1,2,4`` for ResNeXt-A.

    Raises ``ValueError`` if the text is no architecture of the space.
    """
    bottleneck = space == "nds_resnext_a"
    letters = "dwrg" if bottleneck else "dw"
    form = " ".join(rf"{letter}([\d.]+),([\d.]+),([\d.]+)" for letter in letters)
    match = re.fullmatch(form, text)
    if match is None:
        raise ValueError(f"no architecture of {space}: {text!r}")
    known = [[str(depth) for depth in DEPTHS[space]], [str(width) for width in WIDTHS[space]]]
    if bottleneck:
        known += [list(RATIOS), [str(groups) for groups in GROUPS]]
    for i, value in enumerate(match.groups()):
        if value not in known[i // 3]:
            raise ValueError(f"{value} is none of {', '.join(known[i // 3])}: {text!r}")
    stages = []
    for i in range(3):
        values = match.groups()[i::3]
        depth, width = int(values[0]), int(values[1])
        if bottleneck:
            inner = round(width * float(values[2]))
            stages.append(Stage(depth, width, inner, int(values[3])))
        else:
            stages.append(Stage(depth, width))
    return tuple(stages)


class Projection(nn.Module):
    """A shortcut that changes the shape: 1x1 convolution with the block's stride, batch-norm."""

    def __init__(self, inputs: int, outputs: int, stride: int, affine: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.bn = nn.BatchNorm2d(outputs, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(x))
        return x


class BasicBlock(nn.Module):
    """A residual block with two 3x3 convolutions."""

    def __init__(
        self, inputs: int, stage: Stage, stride: int, projection: bool, affine: bool
    ) -> None:
        super().__init__()
        width = stage.width
        self.shortcut = Projection(inputs, width, stride, affine) if projection else nn.Identity()
        self.conv_a = nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False)
        self.bn_a = nn.BatchNorm2d(width, affine=affine)
        self.relu_a = nn.ReLU()
        self.conv_b = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn_b = nn.BatchNorm2d(width, affine=affine)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        branch = self.relu_a(self.bn_a(self.conv_a(x)))
        branch = self.bn_b(self.conv_b(branch))
        x = self.relu(self.shortcut(x) + branch)
        return x


class Bottleneck(nn.Module):
    """A residual block with a 1x1, a grouped 3x3 and a 1x1 convolution. The 3x3 one strides."""

    def __init__(
        self, inputs: int, stage: Stage, stride: int, projection: bool, affine: bool
    ) -> None:
        super().__init__()
        width, inner, groups = stage.width, stage.inner, stage.groups
        self.shortcut = Projection(inputs, width, stride, affine) if projection else nn.Identity()
        self.conv_a = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn_a = nn.BatchNorm2d(inner, affine=affine)
        self.relu_a = nn.ReLU()
        self.conv_b = nn.Conv2d(inner, inner, 3, stride, padding=1, groups=groups, bias=False)
        self.bn_b = nn.BatchNorm2d(inner, affine=affine)
        self.relu_b = nn.ReLU()
        self.conv_c = nn.Conv2d(inner, width, 1, bias=False)
        self.bn_c = nn.BatchNorm2d(width, affine=affine)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        branch = self.relu_a(self.bn_a(self.conv_a(x)))
        branch = self.relu_b(self.bn_b(self.conv_b(branch)))
        branch = self.bn_c(self.conv_c(branch))
        x = self.relu(self.shortcut(x) + branch)
        return x


class Stem(nn.Module):
    """3x3 convolution, batch-norm, ReLU."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3, stride, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn(self.conv(x)))
        return x


class GlobalAveragePool(nn.Module):
    """``[batch, channels, height, width]`` to ``[batch, channels]``."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))


class ResNet(nn.Sequential):
    """The network of an architecture of either space.

    ``block_affine`` says whether batch-norm in the blocks has a trained scale and shift;
    ``projection`` is one of ``PROJECTIONS``.
    """

    def __init__(
        self,
        stages: tuple[Stage, ...],
        stem: int = 16,
        stem_stride: int = 1,
        classes: int = 10,
        block_affine: bool = True,
        projection: str = "where-shape-changes",
    ) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["stem"] = Stem(stem, stem_stride)
        inputs = stem
        for i, stage in enumerate(stages):
            blocks: OrderedDict[str, nn.Module] = OrderedDict()
            for j in range(stage.depth):
                stride = STRIDES[i] if j == 0 else 1
                if projection == "every-stage":
                    projected = j == 0
                else:
                    projected = stride != 1 or inputs != stage.width
                block = Bottleneck if stage.inner else BasicBlock
                blocks[f"block{j}"] = block(inputs, stage, stride, projected, block_affine)
                inputs = stage.width
            layers[f"stage{i}"] = nn.Sequential(blocks)
        layers["pool"] = GlobalAveragePool()
        layers["classifier"] = nn.Linear(inputs, classes)
        super().__init__(layers)


def network(description: Network) -> nn.Module:
    """The network of a description of space ``nds_resnet`` or ``nds_resnext_a``."""
    divisor = description.size("width_divisor")
    stages = parse(description.space, description.architecture)
    return ResNet(
        tuple(stage.divided(divisor) for stage in stages),
        stem=description.size("stem") // divisor,
        stem_stride=description.size("stem_stride"),
        classes=description.size("classes"),
        block_affine=description.flag("block_affine"),
        projection=description.word("projection", PROJECTIONS),
    )
