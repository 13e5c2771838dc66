"""The parts of AZ-NAS, by hand and against plain loops."""

from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np
import pytest
import torch
from test_by_gradients import TEXT, network, noise, tensor
from test_estimators import LABEL
from torch import Tensor, nn

from nas_assay.torch import az_nas, nb201


def signs(*shape: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.randint(2, shape, generator=generator) * 2 - 1).double()


def cell(text: str, channels: int = 4) -> nn.Module:
    """A cell of NAS-Bench-201 behind a stem that keeps the images."""
    return nn.Sequential(
        OrderedDict(
            stem=nn.Identity(), cell=nb201.Cell(nb201.Architecture.parse(text), channels, True)
        )
    ).double()


def feature(*columns: list[float]) -> Tensor:
    """One image with one row of pixels, a column for each channel."""
    return tensor(columns).reshape(1, len(columns), 1, -1)


def test_entropy_of_white_features_is_the_logarithm_of_channels() -> None:
    white = feature([1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0], [1.0, -1.0, -1.0, 1.0])
    assert az_nas.entropy(white) == pytest.approx(math.log(3), rel=1e-7)
    # Neither scale nor shift matters.
    assert az_nas.entropy(5 * white + 3) == pytest.approx(math.log(3), rel=1e-7)


def test_entropy_of_one_direction_is_0() -> None:
    values = [1.0, 2.0, -4.0, 0.5]
    one = feature(values, [2 * value for value in values], [-value for value in values])
    assert az_nas.entropy(one) == pytest.approx(0, abs=1e-6)


def test_entropy_by_hand() -> None:
    # Covariance diag(4, 1): shares 4/5 and 1/5.
    two = feature([2.0, 2.0, -2.0, -2.0], [1.0, -1.0, 1.0, -1.0])
    expected = -sum(p * math.log(p + 1e-8) for p in (0.8, 0.2))
    assert az_nas.entropy(two) == pytest.approx(expected, rel=1e-12)


def test_entropy_goes_over_all_pixels_of_all_images() -> None:
    maps = torch.randn(3, 5, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    rows = [maps[n, :, h, w].numpy() for n in range(3) for h in range(4) for w in range(2)]
    values = np.linalg.eigvalsh(np.cov(np.stack(rows).T, bias=True))
    shares = values / values.sum()
    expected = -float((shares * np.log(shares + 1e-8)).sum())
    assert az_nas.entropy(maps) == pytest.approx(expected, rel=1e-10)


def test_constant_features_have_no_entropy() -> None:
    constant, white = torch.ones(2, 3, 2, 2), feature([1.0, -1.0], [0.0, 0.0])
    assert math.isnan(az_nas.entropy(constant))
    assert az_nas.expressivity_of([white, constant]) == -math.inf
    assert az_nas.progressivity_of([white, constant, white]) == -math.inf
    assert az_nas.expressivity_of([white, white]) == pytest.approx(0, abs=1e-7)


def test_progressivity_is_the_least_step() -> None:
    one = feature([1.0, -1.0, 1.0, -1.0], [1.0, -1.0, 1.0, -1.0])
    two = feature([1.0, -1.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0])
    whole = math.log(2)
    assert az_nas.progressivity_of([one, two]) == pytest.approx(whole, abs=1e-6)
    assert az_nas.progressivity_of([one, two, two]) == pytest.approx(0, abs=1e-6)
    assert az_nas.progressivity_of([one, two, one]) == pytest.approx(-whole, abs=1e-6)
    assert az_nas.expressivity_of([one, two, two]) == pytest.approx(2 * whole, abs=1e-6)


def test_an_identity_cell_is_minus_infinity_and_a_double_one_is_not() -> None:
    def score(text: str) -> float:
        found = az_nas.features(cell(text), noise(2).repeat(1, 2, 1, 1)[:, :4])
        return az_nas.trainability_of(found, [signs(*found[1].shape)])

    assert score("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|") == -math.inf
    assert score("|skip_connect~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|") == -math.inf
    # Two paths: v = 2 u, and V'U/N = 2 U'U/N.
    double = "|skip_connect~0|+|none~0|none~1|+|skip_connect~0|skip_connect~1|none~2|"
    u = signs(2, 4, 8, 8).permute(0, 2, 3, 1).flatten(end_dim=2).numpy()
    norm = 2 * np.linalg.norm(u.T @ u / len(u), 2)
    assert score(double) == pytest.approx(2 - norm - 1 / (norm + 1e-6), rel=1e-10)


def test_a_cell_without_edges_has_a_gradient_of_0() -> None:
    none = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    found = az_nas.features(cell(none), noise(2).repeat(1, 2, 1, 1)[:, :4])
    assert az_nas.trainability_of(found, [signs(*found[1].shape)]) == pytest.approx(2 - 1e6)
    model = nb201.CellNetwork(nb201.Architecture.parse(none), channels=2, cells=1)
    batch = torch.ones(2, 3, 8, 8)
    assert az_nas.expressivity(model, batch, LABEL) == -math.inf
    assert az_nas.progressivity(model, batch, LABEL) == -math.inf
    # Three of its five cells are such, and the other two have some small number.
    assert az_nas.trainability(model, batch, LABEL) == pytest.approx(-3e6 / 5, rel=1e-4)


def test_an_orthogonal_convolution_keeps_the_norm() -> None:
    generator = torch.Generator().manual_seed(4)
    matrix, _ = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64, generator=generator))
    conv = nn.Conv2d(4, 4, 1, bias=False, dtype=torch.float64)
    conv.weight = nn.Parameter(matrix[:, :, None, None])
    before = noise(64, 32).repeat(1, 2, 1, 1)[:, :4].requires_grad_()
    after = conv(before)
    cotangent = signs(*after.shape)
    # U'U/N is the identity but for the noise of N = 65536 rows.
    assert az_nas.trainability_of([before, after], [cotangent]) == pytest.approx(0, abs=1e-3)
    # A factor of 3 is worse, and known.
    with torch.no_grad():
        conv.weight.mul_(3)
    score = az_nas.trainability_of([before, conv(before)], [cotangent])
    assert score == pytest.approx(2 - 3 - 1 / 3, abs=0.05)


def test_preservation_of_maps_of_another_side() -> None:
    before = noise(2, 4).requires_grad_()
    conv = nn.Conv2d(3, 5, 3, stride=2, padding=1, bias=False, dtype=torch.float64)
    cotangent = signs(2, 5, 2, 2)
    (gradient,) = torch.autograd.grad(conv(before), before, cotangent)
    total = np.zeros((12, 5))
    for n in range(2):
        for h in range(2):
            for w in range(2):
                block = gradient[n, :, 2 * h : 2 * h + 2, 2 * w : 2 * w + 2].flatten().numpy()
                total += np.outer(block, cotangent[n, :, h, w].numpy()) / 8
    norm = float(np.linalg.norm(total, 2))
    expected = 2 - norm - 1 / (norm + 1e-6)
    assert az_nas.preservation(gradient, cotangent) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("sides", [(16, 9, 9), (9, 5, 5), (4, 8, 8), (4, 2, 1)])
def test_only_integer_ratios_of_sides_have_a_value(sides: tuple[int, int, int]) -> None:
    before, height, width = sides
    with pytest.raises(ValueError, match="no multiple"):
        az_nas.preservation(torch.ones(1, 2, before, before), torch.ones(1, 2, height, width))


def test_features_are_the_stem_and_all_cells_and_their_gradients_are_local() -> None:
    model, batch = network(), noise(3)
    found = az_nas.features(model, batch)
    # Stem, three cells, and two reductions between.
    assert [tuple(f.shape[1:]) for f in found] == [
        (2, 8, 8),
        (2, 8, 8),
        (4, 4, 4),
        (4, 4, 4),
        (8, 2, 2),
        (8, 2, 2),
    ]
    cotangents = [signs(*f.shape, seed=i) for i, f in enumerate(found[1:])]
    terms = []
    modules = ("cell0", "reduction1", "cell1", "reduction2", "cell2")
    x = model.get_submodule("stem")(batch).detach()
    for name, cotangent in zip(modules, cotangents):
        x.requires_grad_()
        after = model.get_submodule(name)(x)
        (gradient,) = torch.autograd.grad(after, x, cotangent)
        terms.append(az_nas.preservation(gradient, cotangent))
        x = after.detach()
    expected = sum(terms) / 5
    assert az_nas.trainability_of(found, cotangents) == pytest.approx(expected, rel=1e-10)


def test_complexity_counts_multiplications() -> None:
    model = network()
    # Of 8 x 8, 4 x 4 and 2 x 2 pixels.
    stem = 64 * 3 * 2 * 9
    cells = sum(pixels * c * c * (9 + 1) for pixels, c in ((64, 2), (16, 4), (4, 8)))
    blocks = sum(pixels * c * (c // 2 * 9 + c * 9 + c // 2) for pixels, c in ((16, 4), (4, 8)))
    assert TEXT.count("nor_conv") == 2
    assert az_nas.complexity(model, noise(5), LABEL) == stem + cells + blocks + 80


def test_weights_have_variance_2_over_fan_in() -> None:
    conv = nn.Conv2d(32, 64, 3, groups=2, dtype=torch.float64)
    layer = nn.Linear(64, 100, dtype=torch.float64)
    model = nn.Sequential(conv, nn.BatchNorm2d(64), layer)
    found = az_nas.kaiming(model, torch.Generator().manual_seed(0))
    for name, fan in (("0", 16 * 9), ("2", 64)):
        weight = found.get_parameter(f"{name}.weight").detach()
        assert float(weight.square().mean()) == pytest.approx(2 / fan, rel=0.06)
        assert not found.get_parameter(f"{name}.bias").any()
    assert bool((found.get_parameter("1.weight") == 1).all())


def test_the_aggregate_adds_up_logarithms_of_ranks() -> None:
    parts = [[3.0, -math.inf], [5.0, -math.inf], [5.0, 7.0], [-1.0, 0.0]]
    ranks = [(2, 1.5), (3.5, 1.5), (3.5, 4), (1, 3)]
    expected = [math.log(a / 4) + math.log(b / 4) for a, b in ranks]
    assert az_nas.aggregate(parts) == pytest.approx(expected, rel=1e-12)
    # A growing function of a part changes nothing.
    other = [[a**3, math.exp(b)] for a, b in parts]
    assert az_nas.aggregate(other) == az_nas.aggregate(parts)
