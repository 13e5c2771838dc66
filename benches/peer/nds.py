"""The supernets of the network design spaces in PyTorch, each running the architecture of benches/peer/nds.rs.

All weights have full width. A narrow layer uses a slice of them: the first outputs and inputs. The weight of a grouped convolution has
all input channels, and at full width each group uses its own block of it. At the widths here, all outputs are in the first block.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

WIDTH, STEM = 256, 16
DEPTHS, WIDTHS, STRIDES = (4, 4, 4), (64, 64, 128), (1, 2, 2)
RATIO, GROUPS = 0.5, 2


def weight(c_out, c_in, kernel):
    return nn.Parameter(torch.randn(c_out, c_in, kernel, kernel) * (2 / (kernel * kernel * c_out)) ** 0.5)


def conv_norm(x, w, outputs, stride=1, groups=1):
    block = w.shape[0] // groups
    assert groups == 1 or outputs <= block
    part = w[:outputs, : x.shape[1] // groups]
    return F.batch_norm(F.conv2d(x, part, None, stride, w.shape[2] // 2, 1, groups), None, None, training=True)


class Block(nn.Module):
    def __init__(self, c_in, stride, first, bottleneck):
        super().__init__()
        self.stride, self.bottleneck = stride, bottleneck
        self.shortcut = weight(WIDTH, c_in, 1) if first else None
        kernels = (1, 3, 1) if bottleneck else (3, 3)
        inputs = (c_in, WIDTH, WIDTH)
        self.branch = nn.ParameterList(weight(WIDTH, i, k) for i, k in zip(inputs, kernels))

    def forward(self, x, width):
        shortcut = x if self.shortcut is None else conv_norm(x, self.shortcut, width, self.stride)
        if self.bottleneck:
            inner, (a, b, c) = int(width * RATIO), self.branch
            y = F.relu(conv_norm(x, a, inner))
            y = F.relu(conv_norm(y, b, inner, self.stride, GROUPS))
            y = conv_norm(y, c, width)
        else:
            a, b = self.branch
            y = conv_norm(F.relu(conv_norm(x, a, width, self.stride)), b, width)
        return F.relu(shortcut + y)


class Supernet(nn.Module):
    def __init__(self, depth, bottleneck):
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(STEM, track_running_stats=False)
        self.stages, c_in = nn.ModuleList(), STEM
        for stride in STRIDES:
            first = Block(c_in, stride, True, bottleneck)
            self.stages.append(nn.ModuleList([first, *(Block(WIDTH, 1, False, bottleneck) for _ in range(depth - 1))]))
            c_in = WIDTH
        self.weight, self.bias = nn.Parameter(torch.randn(10, WIDTH) * 0.01), nn.Parameter(torch.zeros(10))

    def forward(self, x):
        x = F.relu(self.norm(self.stem(x)))
        for blocks, depth, width in zip(self.stages, DEPTHS, WIDTHS):
            for block in blocks[:depth]:
                x = block(x, width)
        return F.linear(x.mean((2, 3)), self.weight[:, : x.shape[1]], self.bias)


def network(case):
    return Supernet(24, False) if case.startswith("nds_resnet_") else Supernet(16, True)
