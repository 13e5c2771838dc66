"""Newer zero-shot estimators that look at outputs of modules.

As in ``estimators``: each is a function of a network, images and labels, and the network is in
training mode, unless it is said otherwise, and stays as it is. Labels are not used.

Where something is drawn, it comes from a generator, by default always the same one. What is done
with it is a function of its own, with the numbers drawn as arguments: ``meco_of``, ``near_of``,
``zen_of`` and ``swap_of``. Weights that are drawn are those of the network given to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from nas_assay.torch.by_gradients import snr_by_layer
from nas_assay.torch.common import (
    CELLS,
    copied,
    correlation,
    drawn,
    fresh,
    generator_or,
    norms,
    redrawn,
)

POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
MAPS = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.Linear, *POOLS)

MECO_ROWS = 8
"""``meco_opt`` draws so many rows of each map."""

MIXED = 0.01
"""How much of the second noise ``zen`` adds to the first."""

SWAP_IMAGES = 64
"""``swap`` takes so many images at most."""


class _Once:
    """Tells outputs that a layer without weights computes a second time.

    It is the same if the layer is of the same kind, and its input is the same tensor, or computed
    in the same way from the same tensor. Cells that are isomorphic have equally many others.
    """

    def __init__(self) -> None:
        self._made: list[tuple[type[nn.Module], Tensor, Tensor]] = []
        self._again: list[tuple[Tensor, Tensor]] = []

    def is_first(self, module: nn.Module, x: Tensor, y: Tensor) -> bool:
        """Whether the output ``y`` of a module for ``x`` is one that is not there yet."""
        if not isinstance(module, (nn.ReLU, *POOLS)):
            return True
        source = next((first for other, first in self._again if other is x), x)
        for kind, other, first in self._made:
            if kind is type(module) and other is source and first.shape == y.shape:
                self._again.append((y, first))
                return False
        self._made.append((type(module), source, y))
        return True


@contextmanager
def outputs(network: nn.Module, kinds: tuple[type[nn.Module], ...]) -> Iterator[dict[str, Tensor]]:
    """Collects the outputs of modules by their names, in the order in which they are computed.

    A module that is called again has the output of the last call. A ReLU or a pool that gives what
    another one has given for the same tensor is left out.
    """
    found: dict[str, Tensor] = {}
    once = _Once()
    handles = []
    for name, module in network.named_modules():
        if isinstance(module, kinds):

            def keep(
                module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, name: str = name
            ) -> None:
                if once.is_first(module, inputs[0], output):
                    found[name] = output.detach()

            handles.append(module.register_forward_hook(keep))
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def lnwot(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum over layers of ``ln |det K|``, of which minus infinity counts as 0.

    ``K[i, j]`` is the number of elements of the output of a convolution or linear layer that are
    greater than 0 for both of images ``i`` and ``j``, or for none of them: not of ReLU modules, as
    in ``relu_logdet``. Batch-norm is in evaluation mode, and has seen no images.
    """
    return math.fsum(lnwot_by_layer(network, images).values())


def lnwot_by_layer(network: nn.Module, images: Tensor) -> dict[str, float]:
    """The term of each layer of ``lnwot``, by the name of its module."""
    network = fresh(network).eval()
    with torch.no_grad(), outputs(network, (nn.Conv2d, nn.Linear)) as found:
        network(images)
    return {name: code_logdet(output > 0) for name, output in found.items()}


def code_logdet(codes: Tensor) -> float:
    """``ln |det K|`` of the codes ``[batch, ...]``, 0 instead of minus infinity.

    The determinant is exact, in integers. With fewer elements than images less one, for example in
    the classifier, it is 0, of which rounding would make any small number.
    """
    on = codes.flatten(start_dim=1).double()
    off = 1 - on
    exact = determinant([[int(n) for n in row] for row in (on @ on.T + off @ off.T).tolist()])
    return math.log(exact) if exact else 0.0


def determinant(matrix: list[list[int]]) -> int:
    """The exact determinant of a symmetric matrix without negative eigenvalues (Bareiss 1968).

    If one of its leading minors is 0, so is its determinant; no rows are exchanged.
    """
    rows = [list(row) for row in matrix]
    before = 1
    for k in range(len(rows) - 1):
        pivot = rows[k][k]
        if pivot == 0:
            return 0
        for row in rows[k + 1 :]:
            first = row[k]
            for j in range(k + 1, len(rows)):
                row[j] = (row[j] * pivot - first * rows[k][j]) // before
        before = pivot
    return rows[-1][-1]


def tcet(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum over layers of their term of ``lnwot`` times that of ``snr_synflow``."""
    codes, flows = lnwot_by_layer(network, images), snr_by_layer(network, images)
    return math.fsum(term * flows[name] for name, term in codes.items())


def maps(network: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """The maps of ``meco`` for the first image, ``[n, p]`` with ``n`` channels of ``p`` pixels.

    They are the outputs of all convolutions, linear layers, batch-norms, ReLUs, poolings and
    cells, in the order in which they are computed, by the names of their modules. A linear layer
    has ``n`` features and ``p = 1``.

    Each tensor counts once. A cell can pass on a tensor, its input or the output of its only edge.
    Two ReLUs of one tensor are one ReLU, and two pools of one kind are one pool: the first counts.
    """
    network = copied(network)
    kept: dict[str, Tensor] = {}
    once = _Once()
    for name, module in network.named_modules():
        if not isinstance(module, MAPS + CELLS):
            continue

        def keep(
            module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, name: str = name
        ) -> None:
            if not once.is_first(module, inputs[0], output):
                return
            if isinstance(module, CELLS) and any(output is other for other in kept.values()):
                return
            kept[name] = output

        module.register_forward_hook(keep)
    with torch.no_grad():
        network(images[:1])
    return {name: output[0].reshape(output.shape[1], -1) for name, output in kept.items()}


def meco(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum over maps of the least eigenvalue of the correlation of channels (Jiang et al. 2023).

    Of the first image, which goes through the network by itself; see ``maps`` and ``meco_of``.
    PyTorch raises ``ValueError`` if batch-norm gets a single pixel.
    """
    return math.fsum(meco_of(channels) for channels in maps(network, images).values())


def meco_of(channels: Tensor, rows: Tensor | None = None) -> float:
    """The term of a map ``[n, p]`` in ``meco``, or in ``meco_opt`` with the numbers of its rows.

    Pearson's correlation of the channels, with 0 in the row and column of a channel whose pixels
    are all equal, has this least eigenvalue. In ``meco_opt`` it is that of 8 channels, multiplied
    by ``n / 8``; with ``n < 8`` all rows are taken, and there is no factor. A map of one channel
    has 0.
    """
    count = len(channels)
    if count == 1:
        return 0.0
    factor = 1.0
    if rows is not None and count >= MECO_ROWS:
        if len(set(rows.tolist())) != MECO_ROWS:
            raise ValueError(f"{MECO_ROWS} different rows are wanted, not {rows.tolist()}")
        channels, factor = channels[rows], count / MECO_ROWS
    matrix = correlation(channels).nan_to_num(nan=0.0)
    return factor * float(torch.linalg.eigvalsh(matrix)[0])


def meco_opt(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator | None = None,
) -> float:
    """As ``meco``, of 8 channels of each map, drawn without replacement; see ``meco_of``."""
    generator = generator_or(generator)
    return math.fsum(
        meco_of(channels, torch.randperm(len(channels), generator=generator)[:MECO_ROWS])
        for channels in maps(network, images).values()
    )


def rows_of(network: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """The output matrix ``[rows, n]`` of each convolution, linear layer, batch-norm and ReLU.

    The ``n`` columns are channels or features. A linear layer has a row for each image. All others
    have one for each pixel of each image: image by image, in an image from left to right, and in
    that order from top to bottom, as in the code of the authors.
    """
    network = copied(network)
    kinds = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.ReLU)
    with torch.no_grad(), outputs(network, kinds) as found:
        network(images)
    return {
        name: (output.permute(0, 3, 2, 1) if output.dim() == 4 else output).flatten(0, -2)
        for name, output in found.items()
    }


def near(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator | None = None,
) -> float:
    """Sum over modules of the effective rank of their outputs (Husistein et al. 2024).

    A square is cut out of the rows of each matrix of ``rows_of``, at an offset that is drawn; all
    of them are equally likely. See ``near_of``. With the weights of the network, once.
    """
    generator = generator_or(generator)
    terms = []
    for matrix in rows_of(network, images).values():
        most = max(matrix.shape[0] - matrix.shape[1], 0)
        offset = int(torch.randint(most + 1, (), generator=generator))
        terms.append(near_of(matrix, offset))
    return math.fsum(terms)


def near_of(matrix: Tensor, offset: int) -> float:
    """The effective rank of a square that is cut out of ``[rows, n]``: ``n`` rows from ``offset``.

    With fewer rows than columns all rows are taken, and the offset is 0. The effective rank is
    ``exp -sum p ln p``, where ``p`` are the singular values divided by their sum; it is 0 if all of
    them are.
    """
    count, size = matrix.shape
    if not 0 <= offset <= max(count - size, 0):
        raise ValueError(f"no {size} of {count} rows from {offset}")
    values = torch.linalg.svdvals(matrix[offset : offset + size].double())
    whole = float(values.sum())
    if whole == 0:
        return 0.0
    shares = values / whole
    return math.exp(-float(torch.special.xlogy(shares, shares).sum()))


def zen(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator | None = None,
) -> float:
    """How far a little noise moves the last maps, with normal weights (Lin et al. 2021, Zen-NAS).

    Weights are drawn first, standard normal, then both noises; see ``zen_of``. Of the images only
    the shape is used.
    """
    generator = generator_or(generator)
    network = redrawn(network, lambda _: 1.0, generator)
    first = drawn(images, generator)
    return zen_of(network, first, drawn(images, generator))


def zen_of(network: nn.Module, first: Tensor, second: Tensor) -> float:
    """``zen`` of a network with its weights, and two noises ``[batch, 3, side, side]``.

    The network sees ``first``, then ``first + second / 100``. The score is ``ln d + 1/2 sum ln v``:
    ``d`` is the mean over the batch of the sum of ``|difference|`` of the maps that are averaged at
    the end, and ``v`` the mean running variance of a batch-norm after both, starting from 1. It is
    minus infinity if the maps do not differ.
    """
    network = fresh(network)
    with torch.no_grad():
        # PyTorch has other sums, rounded otherwise, where numbers are not next to each other.
        noises = [noise.contiguous() for noise in (first, first + MIXED * second)]
        maps = [last_maps(network, noise) for noise in noises]
    apart = (maps[0].double() - maps[1].double()).abs().flatten(start_dim=1).sum(dim=1).mean()
    if not bool(apart > 0):
        return -math.inf if bool(apart == 0) else math.nan
    variances = [
        float(norm.running_var.double().mean())
        for norm in norms(network)
        if norm.running_var is not None
    ]
    return math.log(float(apart)) + math.fsum(math.log(variance) / 2 for variance in variances)


def last_maps(network: nn.Module, images: Tensor) -> Tensor:
    """The maps that are averaged at the end, ``[batch, channels, height, width]``.

    These are the input of the last adaptive pooling, or, without one, the last output of four
    dimensions of a module.
    """
    found: list[Tensor] = []
    pooled: list[Tensor] = []
    handles = []
    for module in network.modules():
        if isinstance(module, nn.AdaptiveAvgPool2d):

            def before(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
                pooled.append(inputs[0])

            handles.append(module.register_forward_pre_hook(before))
        else:

            def after(_: nn.Module, _inputs: object, output: Tensor) -> None:
                if output.dim() == 4:
                    found[:] = [output]

            handles.append(module.register_forward_hook(after))
    network(images)
    for handle in handles:
        handle.remove()
    return (found + pooled)[-1]


def swap(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator | None = None,
) -> float:
    """How many ReLU elements differ in what they do with the images (Peng et al. 2024, SWAP-NAS).

    Weights are drawn, standard normal, once; see ``swap_of``.
    """
    return swap_of(redrawn(network, lambda _: 1.0, generator_or(generator)), images)


def swap_of(network: nn.Module, images: Tensor) -> float:
    """``swap`` of a network with its weights: the number of different patterns of ReLU elements.

    The pattern of an element, of all ``nn.ReLU`` modules with maps, says for which images it is
    greater than 0. There can be 64 images at most. NaN if there are no such elements, or one of
    them is not finite.
    """
    if len(images) > SWAP_IMAGES:
        raise ValueError(f"swap takes {SWAP_IMAGES} images at most, not {len(images)}")
    network = copied(network)
    with torch.no_grad(), outputs(network, (nn.ReLU,)) as found:
        network(images)
    relus = [output for output in found.values() if output.dim() == 4]
    if not relus or not all(bool(output.isfinite().all()) for output in relus):
        return math.nan
    patterns = torch.zeros(sum(o[0].numel() for o in relus), dtype=torch.int64)
    for i in range(len(images)):
        on = torch.cat([(output[i] > 0).flatten() for output in relus])
        # The 64th bit is that of the sign.
        patterns |= on.cpu().to(torch.int64) << i
    return float(len(set(patterns.tolist())))


def epsinas(
    network: nn.Module, images: Tensor, labels: Tensor, a: float = 1e-4, b: float = 1.0
) -> float:
    """How far two constants as weights are apart (Gracheva 2023).

    All weights of layers and scales of batch-norm are ``a``, then ``b``; biases and shifts are 0.
    See ``epsinas_of``. All logits of an image are equal, as all weights of the classifier are, and
    one of them is taken: rounding can make a difference. Of ``a`` and ``b`` the authors look for
    the widest pair, from 1e-7 to 1, with which a score has a value; 1e-4 is the least that keeps
    chains with scales of batch-norm in the range of double precision.
    """
    network = copied(network)
    found = []
    for constant in (a, b):
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                parameter.fill_(constant if name.split(".")[-1] == "weight" else 0.0)
            found.append(network(images)[:, 0])
    return epsinas_of(found[0], found[1])


def epsinas_of(first: Tensor, second: Tensor) -> float:
    """``epsinas`` of the outputs with either constant, ``[batch]``.

    Either is taken to 0 for its least and 1 for its greatest output. The score is the mean
    difference divided by the mean of all, without the zeros; a difference counts if neither
    output is 0. NaN if nothing is left, or all outputs are equal.
    """
    shares = []
    for output in (first.double(), second.double()):
        least, greatest = output.amin(), output.amax()
        share = (output - least) / (greatest - least)
        share[share == 0] = math.nan
        shares.append(share)
    difference = (shares[0] - shares[1]).abs().nanmean()
    return float(difference / torch.cat(shares).nanmean())
