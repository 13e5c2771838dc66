"""The NAS-Bench-1Shot1 network of one architecture in PyTorch. benches/peer/nb101.rs runs the same network.

The edges are 0-1-2-3-4-5-output with 0-4, 2-5, and 3-output or, if `dense`, 0-output. As in the code of NAS-Bench-1Shot1, the outputs of
the five blocks of a cell are concatenated. Blocks that do not feed the output give zeros.
"""

import torch
import torch.nn as nn

BLOCKS = 5


class ConvNormRelu(nn.Sequential):
    def __init__(self, c_in, c_out, kernel):
        super().__init__(
            nn.Conv2d(c_in, c_out, kernel, 1, kernel // 2, bias=False),
            nn.BatchNorm2d(c_out, track_running_stats=False),
            nn.ReLU(),
        )


class Cell(nn.Module):
    def __init__(self, c_in, c, dense):
        super().__init__()
        self.project1, self.project4 = ConvNormRelu(c_in, c, 1), ConvNormRelu(c_in, c, 1)
        self.project6 = ConvNormRelu(c_in, BLOCKS * c, 1) if dense else None
        self.one, self.two = ConvNormRelu(c, c, 3), ConvNormRelu(c, c, 1)
        self.three = nn.MaxPool2d(3, 1, 1)
        self.four, self.five = ConvNormRelu(c, c, 3), ConvNormRelu(c, c, 1)

    def forward(self, x):
        two = self.two(self.one(self.project1(x)))
        three = self.three(two)
        five = self.five(two + self.four(self.project4(x) + three))
        none = torch.zeros_like(five)
        if self.project6 is not None:
            return torch.cat([none, none, none, none, five], 1) + self.project6(x)
        return torch.cat([none, none, three, none, five], 1)


def network(dense):
    c, layers = 16, 9
    parts = [ConvNormRelu(3, c, 3)]
    c_in = c
    for layer in range(layers):
        if layer in (layers // 3, 2 * layers // 3):
            parts.append(nn.MaxPool2d(2, 2, 1))
            c *= 2
        parts.append(Cell(c_in, c, dense))
        c_in = BLOCKS * c
    head = [nn.ReLU(), nn.Conv2d(c_in, c, 1, bias=False), nn.BatchNorm2d(c, affine=False, track_running_stats=False)]
    return nn.Sequential(*parts, *head, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 10)).train()
