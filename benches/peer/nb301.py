"""The supernet of NAS-Bench-301 at the size of the paper in PyTorch, running the architecture of benches/peer/nb301.rs."""

import torch
import torch.nn as nn

CHANNELS, LAYERS, CLASSES = 16, 8, 10
OPERATIONS = (
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
)
# Operation, source and target of each edge.
NORMAL = (
    ("sep_conv_3x3", 0, 2),
    ("sep_conv_5x5", 1, 2),
    ("dil_conv_3x3", 0, 3),
    ("dil_conv_5x5", 2, 3),
    ("max_pool_3x3", 1, 4),
    ("skip_connect", 3, 4),
    ("avg_pool_3x3", 0, 5),
    ("sep_conv_3x3", 4, 5),
)
REDUCE = (
    ("skip_connect", 0, 2),
    ("skip_connect", 1, 2),
    ("avg_pool_3x3", 1, 3),
    ("max_pool_3x3", 2, 3),
    ("sep_conv_5x5", 0, 4),
    ("dil_conv_3x3", 2, 4),
    ("dil_conv_5x5", 1, 5),
    ("sep_conv_3x3", 2, 5),
)


def norm(channels, affine=False):
    return nn.BatchNorm2d(channels, affine=affine, track_running_stats=False)


def separable(channels, kernel, stride, dilation):
    """ReLU, depthwise convolution, 1x1 convolution, batch-norm."""
    padding = dilation * (kernel // 2)
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, stride, padding, dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        norm(channels),
    ]


class FactorisedReduction(nn.Module):
    """Two concatenated 1x1 convolutions of stride 2, one of them with an offset of one pixel."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.relu, self.norm = nn.ReLU(), norm(outputs)
        self.even = nn.Conv2d(inputs, outputs // 2, 1, 2, bias=False)
        self.odd = nn.Conv2d(inputs, outputs // 2, 1, 2, bias=False)

    def forward(self, x):
        x = self.relu(x)
        return self.norm(torch.cat([self.even(x), self.odd(x[:, :, 1:, 1:])], 1))


def operation(name, channels, stride):
    kernel = 5 if name.endswith("5x5") else 3
    if name.startswith("sep"):
        return nn.Sequential(*separable(channels, kernel, stride, 1), *separable(channels, kernel, 1, 1))
    if name.startswith("dil"):
        return nn.Sequential(*separable(channels, kernel, stride, 2))
    if name.startswith("max"):
        return nn.Sequential(nn.MaxPool2d(3, stride, 1), norm(channels))
    if name.startswith("avg"):
        return nn.Sequential(nn.AvgPool2d(3, stride, 1, count_include_pad=False), norm(channels))
    return nn.Identity() if stride == 1 else FactorisedReduction(channels, channels)


class Cell(nn.Module):
    """All operations on each of the 14 edges. Eight edges run."""

    def __init__(self, inputs, channels, reduce):
        super().__init__()
        self.chosen = REDUCE if reduce else NORMAL
        self.inputs = nn.ModuleList(
            FactorisedReduction(width, channels)
            if halved
            else nn.Sequential(nn.ReLU(), nn.Conv2d(width, channels, 1, bias=False), norm(channels))
            for width, halved in inputs
        )
        self.edges = nn.ModuleDict(
            {
                f"{name}_{source}_{target}": operation(name, channels, 2 if reduce and source < 2 else 1)
                for target in range(2, 6)
                for source in range(target)
                for name in OPERATIONS
            }
        )

    def forward(self, before, last):
        nodes = [self.inputs[0](before), self.inputs[1](last)]
        for one, two in zip(self.chosen[::2], self.chosen[1::2]):
            a, b = (self.edges["{}_{}_{}".format(*edge)](nodes[edge[1]]) for edge in (one, two))
            nodes.append(a + b)
        return torch.cat(nodes[2:], 1)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        channels, before, last = CHANNELS, (3 * CHANNELS, 0), (3 * CHANNELS, 0)
        self.stem = nn.Sequential(nn.Conv2d(3, 3 * channels, 3, 1, 1, bias=False), norm(3 * channels, True))
        cells, halvings = [], 0
        for layer in range(LAYERS):
            reduce = layer in (LAYERS // 3, 2 * LAYERS // 3)
            channels *= 2 if reduce else 1
            cells.append(Cell([(width, times < halvings) for width, times in (before, last)], channels, reduce))
            halvings += reduce
            before, last = last, (4 * channels, halvings)
        self.cells = nn.ModuleList(cells)
        self.classifier = nn.Linear(last[0], CLASSES)

    def forward(self, x):
        before = last = self.stem(x)
        for cell in self.cells:
            before, last = last, cell(before, last)
        return self.classifier(last.mean((2, 3)))


def network():
    return Network().train()
