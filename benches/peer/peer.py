"""One case of the comparison, in PyTorch: prints its median time in milliseconds.

peer.py CASE THREADS; the cases are those of benches/peer.rs.
"""

import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

import measures
import nb101
import nb301
import nds

BATCH = 64
# name: channels in, channels out, size, kernel, stride, padding, dilation, groups
CONVOLUTIONS = {
    "conv3x3_16": (16, 16, 32, 3, 1, 1, 1, 1),
    "conv3x3_32": (32, 32, 16, 3, 1, 1, 1, 1),
    "conv3x3_64": (64, 64, 8, 3, 1, 1, 1, 1),
    "conv1x1_16": (16, 16, 32, 1, 1, 0, 1, 1),
    "conv1x1_32": (32, 32, 16, 1, 1, 0, 1, 1),
    "conv1x1_64": (64, 64, 8, 1, 1, 0, 1, 1),
    "conv3x3_s2_16_32": (16, 32, 32, 3, 2, 1, 1, 1),
    "conv3x3_s2_32_64": (32, 64, 16, 3, 2, 1, 1, 1),
    "conv3x3_dilated_36": (36, 36, 16, 3, 1, 2, 2, 1),
    "conv3x3_groups4_64": (64, 64, 8, 3, 1, 1, 1, 4),
    "depthwise3x3_16": (16, 16, 32, 3, 1, 1, 1, 16),
    "depthwise3x3_64": (64, 64, 8, 3, 1, 1, 1, 64),
    "depthwise5x5_36": (36, 36, 16, 5, 1, 2, 1, 36),
}


def median(work):
    work()
    start, times = time.perf_counter(), []
    while len(times) < 5 or (time.perf_counter() - start < 0.7 and len(times) < 300):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1e3)
    return sorted(times)[len(times) // 2]


def timed(shapes, forward, work):
    tensors = [(torch.rand(shape) - 0.5).requires_grad_(not forward) for shape in shapes]

    def both():
        y = work(*tensors)
        torch.autograd.grad(y, tensors, torch.ones_like(y))

    if forward:
        with torch.no_grad():
            return median(lambda: work(*tensors))
    return median(both)


class ConvNorm(nn.Sequential):
    """ReLU, convolution, batch-norm: the form of all convolutions in the space."""

    def __init__(self, c_in, c_out, kernel, stride=1, affine=False):
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(c_out, affine=affine, track_running_stats=False),
        )


class Cell(nn.Module):
    """Edges 0-1 conv3x3, 0-2 conv1x1, 1-2 skip, 0-3 average pool, 1-3 conv3x3, 2-3 conv1x1."""

    def __init__(self, c):
        super().__init__()
        self.a, self.b, self.c, self.d = ConvNorm(c, c, 3), ConvNorm(c, c, 1), ConvNorm(c, c, 3), ConvNorm(c, c, 1)
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)

    def forward(self, x):
        one = self.a(x)
        two = self.b(x) + one
        return self.pool(x) + self.c(one) + self.d(two)


class Reduction(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b = ConvNorm(c, 2 * c, 3, 2, True), ConvNorm(2 * c, 2 * c, 3, 1, True)
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(c, 2 * c, 1, bias=False))

    def forward(self, x):
        return self.b(self.a(x)) + self.shortcut(x)


def network():
    c, cells = 16, 5
    stem = [nn.Conv2d(3, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c, track_running_stats=False)]
    body = []
    for stage in range(3):
        if stage:
            body.append(Reduction(c * 2 ** (stage - 1)))
        body += [Cell(c * 2**stage) for _ in range(cells)]
    c *= 4
    head = [nn.BatchNorm2d(c, track_running_stats=False), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 10)]
    return nn.Sequential(*stem, *body, *head).train()


def run(case):
    name, forward = (case[:-4], True) if case.endswith("_fwd") else (case, False)
    if name in CONVOLUTIONS:
        c_in, c_out, size, kernel, stride, padding, dilation, groups = CONVOLUTIONS[name]
        shapes = [(BATCH, c_in, size, size), (c_out, c_in // groups, kernel, kernel)]
        return timed(shapes, forward, lambda x, w: F.conv2d(x, w, None, stride, padding, dilation, groups))
    labels = torch.arange(BATCH) * 7 % 10
    image = lambda c, size: [(BATCH, c, size, size)]
    cases = {
        "batch_norm_16": (image(16, 32), lambda x: F.batch_norm(x, None, None, training=True)),
        "batch_norm_64": (image(64, 8), lambda x: F.batch_norm(x, None, None, training=True)),
        "relu_16": (image(16, 32), F.relu),
        "add_16": (image(16, 32) * 2, torch.add),
        "avg_pool3x3_16": (image(16, 32), lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)),
        "max_pool3x3_16": (image(16, 32), lambda x: F.max_pool2d(x, 3, 1, 1)),
        "global_pool_64": (image(64, 8), lambda x: x.mean((2, 3))),
        "linear_64_10": ([(BATCH, 64), (10, 64), (10,)], F.linear),
        "cross_entropy_10": ([(BATCH, 10)], lambda x: F.cross_entropy(x, labels)),
    }
    if name in cases:
        return timed(cases[name][0], forward, cases[name][1])
    if name.startswith("tau_"):
        import tau  # SciPy takes a second to load, and no other case needs it.

        return tau.run(name, median)
    if name.startswith("nb101_"):
        return timed_network(name, nb101.network(dense="_dense_" in name), labels)
    if name.startswith("nb301_"):
        return timed_network(name, nb301.network(), labels)
    if name.startswith("nds_"):
        return timed_network(name, nds.network(name), labels)
    if name.startswith("nb201_"):
        return timed_network(name, network(), labels)
    sys.exit(f"no case is called {case}")


def timed_network(name, net, labels):
    images = torch.rand(BATCH, 3, 32, 32) - 0.5
    if "_measures" in name:
        return median(lambda: measures.all_measures(net, images, labels))
    if "_step" in name:
        optimiser = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9, weight_decay=5e-4)

        def step():
            optimiser.zero_grad()
            F.cross_entropy(net(images), labels).backward()
            optimiser.step()

        return median(step)
    with torch.no_grad():
        return median(lambda: net(images))


if __name__ == "__main__":
    torch.manual_seed(1)
    torch.set_num_threads(int(sys.argv[2]))
    print(f"{run(sys.argv[1]):.4f}")
