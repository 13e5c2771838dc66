"""What one training step asks of a GPU in PyTorch's eager mode, counted on the CPU.

count.py CASE [BATCH] [--time DEVICE]; the cases are those of benches/device.rs: nb201, nb101, nb301, nds_resnet, nds_resnext_a. Prints launches, bytes that
kernels read and write, and bytes that are held at the end of the forward pass (weights, momentum and saved tensors).

Every operation that moves numbers is a launch, every one that only makes a view is none. Bytes are those of its inputs and outputs, each
counted once, as if kernels read nothing twice. The gradient of a convolution is a launch for the image and one for the weights. Lists of
tensors (`_foreach_*`) are one launch. All of this is in PyTorch's favour.

With `--time cuda` it prints the median time of a step on a GPU instead, in milliseconds.
"""

import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import nb101
import nb301
import nds
import peer

# Operations that launch nothing: they make views or reserve memory.
SILENT = {
    "view", "_unsafe_view", "t", "transpose", "permute", "expand", "detach", "slice", "select", "as_strided", "unsqueeze", "squeeze",
    "alias", "empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "split", "narrow", "unbind", "_reshape_alias",
    "set_", "is_same_size", "resize_", "lift_fresh", "_local_scalar_dense",
}


def size(tensors):
    return sum(t.numel() * t.element_size() for t in tensors if isinstance(t, torch.Tensor))


class Count(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.launches, self.bytes, self.by_name = 0, 0, {}

    def add(self, name, launches, moved):
        self.launches += launches
        self.bytes += moved
        count, total = self.by_name.get(name, (0, 0))
        self.by_name[name] = (count + launches, total + moved)

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        name = function.overloadpacket.__name__
        if name in SILENT:
            return result
        inputs, outputs = tree_leaves((arguments, keywords or {})), tree_leaves(result)
        if name == "convolution_backward":
            gradient, image, weight = arguments[:3]
            of_image, of_weight, _ = result
            if of_image is not None:
                self.add(name, 1, size([gradient, weight, of_image]))
            if of_weight is not None:
                self.add(name, 1, size([gradient, image, of_weight]))
        elif name in ("slice_backward", "select_backward"):
            # Zeros, and a copy into a part of them.
            self.add(name, 2, size(outputs) + 2 * size(inputs))
        else:
            self.add(name, 1, size(inputs) + size(outputs))
        return result


class Nb201Cell(nn.Module):
    """The cell of benches/device.rs: edges 0-1 conv3x3, 0-2 conv1x1, 1-2 conv3x3, 0-3 skip, 1-3 average pool, 2-3 conv3x3."""

    def __init__(self, c):
        super().__init__()
        kernels = (3, 1, 3, 3)
        self.a, self.b, self.c, self.d = (peer.ConvNorm(c, c, kernel, affine=True) for kernel in kernels)
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)

    def forward(self, x):
        one = self.a(x)
        two = self.b(x) + self.c(one)
        return x + self.pool(one) + self.d(two)


def network(case):
    if case == "nb201":
        peer.Cell = Nb201Cell
        return peer.network()
    if case == "nb101":
        return nb101.network(False)
    if case == "nb301":
        return nb301.network()
    return nds.network(f"{case}_step")


def timed(case, batch, device, steps=50):
    torch.manual_seed(1)
    # Numbers of single precision, as here.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    net = network(case).to(device)
    parameters = list(net.parameters())
    optimiser = torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=5e-4, foreach=True)
    images = torch.rand(batch, 3, 32, 32, device=device)
    labels = torch.randint(10, (batch,), device=device)
    times = []
    for _ in range(steps):
        torch.cuda.synchronize()
        begun = time.perf_counter()
        optimiser.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        nn.utils.clip_grad_norm_(parameters, 5.0, foreach=True)
        optimiser.step()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - begun) * 1e3)
    print(f"{case}\tmedian of {steps} steps {sorted(times)[steps // 2]:.3f} ms")


def main(case, batch):
    torch.manual_seed(1)
    net = network(case)
    parameters = list(net.parameters())
    optimiser = torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=5e-4, foreach=True)
    images, labels = torch.rand(batch, 3, 32, 32), torch.randint(10, (batch,))
    saved = {}

    def pack(tensor):
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    def step():
        optimiser.zero_grad()
        saved.clear()
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss = F.cross_entropy(net(images), labels)
        # Some saved tensors are the weights themselves.
        held.update(saved)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 5.0, foreach=True)
        optimiser.step()

    held = {}
    step()  # makes the momentum
    held.clear()
    with Count() as count:
        step()
    held.update({p.untyped_storage().data_ptr(): size([p]) for p in parameters})
    momentum = sum(size(state.values()) for state in optimiser.state.values())
    print(f"{case}\tlaunches {count.launches}\tGB {count.bytes / 1e9:.3f}\theld MB {(sum(held.values()) + momentum) / 1e6:.1f}")
    if "-v" in sys.argv:
        for name, (launches, moved) in sorted(count.by_name.items(), key=lambda item: -item[1][0]):
            print(f"    {name:40} {launches:6} {moved / 1e6:10.1f} MB")


if __name__ == "__main__":
    device = sys.argv[sys.argv.index("--time") + 1] if "--time" in sys.argv else None
    words = [word for word in sys.argv[1:] if not word.startswith("-") and word != device]
    batch = int(words[1]) if len(words) > 1 else 64
    if device:
        timed(words[0], batch, device)
    else:
        main(words[0], batch)
