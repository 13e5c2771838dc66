"""Estimators from outputs, by hand and against plain loops."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from test_by_gradients import TEXT, network, noise, tensor
from test_estimators import IMAGE, LABEL, images, linear
from torch import Tensor, nn

from nas_assay.torch import by_gradients, by_outputs, nb101, nb201
from nas_assay.torch.common import redrawn


def test_lnwot_of_codes_by_hand() -> None:
    # Of four elements, two images agree in one: K = [[4, 1], [1, 4]].
    codes = torch.tensor([[True, True, False, False], [True, False, True, True]])
    assert by_outputs.code_logdet(codes) == pytest.approx(math.log(16 - 1), rel=1e-12)


def test_lnwot_counts_equal_codes_as_0() -> None:
    assert by_outputs.code_logdet(torch.tensor([[True, False]] * 2)) == 0
    # Two elements are too few for four images, though all codes differ. Rounding does not see it.
    codes = torch.tensor(list(itertools.product([True, False], repeat=2)))
    assert by_outputs.code_logdet(codes) == 0
    several = torch.rand(20, 10, generator=torch.Generator().manual_seed(3)) > 0.5
    assert len({tuple(code) for code in several.tolist()}) == 20
    assert by_outputs.code_logdet(several) == 0
    on = several.double()
    rounded = float(torch.linalg.slogdet(on @ on.T + (1 - on) @ (1 - on).T)[1])
    assert rounded < -1


def test_determinant_is_exact() -> None:
    assert by_outputs.determinant([[7]]) == 7
    assert by_outputs.determinant([[2, 1], [1, 3]]) == 5
    random = np.random.RandomState(4)
    factor = random.randint(-3, 4, size=(6, 6))
    matrix = factor @ factor.T
    assert by_outputs.determinant(matrix.tolist()) == round(np.linalg.det(factor)) ** 2 > 0
    # Its first leading minor is 0, and with it everything.
    assert by_outputs.determinant([[0, 0], [0, 5]]) == 0
    wide = torch.rand(12, 500, generator=torch.Generator().manual_seed(5)) > 0.5
    on = wide.double()
    expected = float(torch.linalg.slogdet(on @ on.T + (1 - on) @ (1 - on).T)[1])
    assert by_outputs.code_logdet(wide) == pytest.approx(expected, rel=1e-12)


def test_lnwot_looks_at_outputs_of_layers_and_not_of_relus() -> None:
    batch = images([1.0, 1.0], [-3.0, 1.0])
    layer = linear([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    # Outputs (+, +, -) and (-, +, -): K = [[3, 2], [2, 3]].
    expected = math.log(9 - 4)
    assert by_outputs.lnwot(layer, batch, LABEL) == pytest.approx(expected, rel=1e-12)
    with_relus = nn.Sequential(nn.ReLU(), layer, nn.ReLU())
    # The ReLU before turns -3 to 0, which is off as well.
    assert by_outputs.lnwot(with_relus, batch, LABEL) == pytest.approx(expected, rel=1e-12)


def test_lnwot_is_taken_in_evaluation_mode_with_no_images_seen() -> None:
    norm = nn.BatchNorm2d(1, momentum=1.0, dtype=torch.float64)
    model = nn.Sequential(norm, linear([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]]))
    batch = images([3.0, 5.0], [4.0, 1.0])
    # The signs of the batch are those of the images; its mean, 13/4, would turn two of them.
    expected = by_outputs.lnwot(model[1], batch, LABEL)
    assert by_outputs.lnwot(model, batch, LABEL) == pytest.approx(expected, rel=1e-12)
    with torch.no_grad():
        shifted = model[1](norm(batch)) > 0
    assert by_outputs.code_logdet(shifted) != pytest.approx(expected)
    assert norm.running_mean is not None and float(norm.running_mean) == 13 / 4
    assert by_outputs.lnwot(model, batch, LABEL) == pytest.approx(expected, rel=1e-12)


def test_tcet_multiplies_layer_by_layer() -> None:
    model, batch = network(), noise(6)
    codes, flows = by_outputs.lnwot_by_layer(model, batch), by_gradients.snr_by_layer(model, batch)
    assert set(codes) == set(flows) and len(codes) == sum(
        isinstance(m, (nn.Conv2d, nn.Linear)) for m in model.modules()
    )
    expected = sum(codes[name] * flows[name] for name in codes)
    assert by_outputs.tcet(model, batch, LABEL) == pytest.approx(expected, rel=1e-12)
    # By hand: ln(9 - 4), and 4 weights 1, 2, 1 and -1 and ones as input.
    layer, two = linear([[1.0, 0.0], [0.0, 2.0]]), images([1.0, 1.0], [-3.0, 1.0])
    saliency = np.array([1.0, 0.0, 0.0, 2.0])
    expected = math.log(4 - 1) * saliency.sum() / saliency.std(ddof=1)
    assert by_outputs.tcet(layer, two, LABEL) == pytest.approx(expected, rel=1e-12)


def least(channels: Sequence[Sequence[float]] | Tensor) -> float:
    """The least eigenvalue of the correlation, by NumPy, without channels that are constant."""
    return float(np.linalg.eigvalsh(np.corrcoef(torch.as_tensor(channels).numpy()))[0])


def test_meco_of_uncorrelated_channels_is_1() -> None:
    channels = tensor([[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0], [1.0, -1.0, -1.0, 1.0]])
    assert by_outputs.meco_of(channels) == pytest.approx(1, rel=1e-12)
    # By hand: correlation -1/2 has the eigenvalues 1/2 and 3/2.
    pair = tensor([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]])
    assert by_outputs.meco_of(pair) == pytest.approx(0.5, rel=1e-12)


def test_meco_of_too_few_pixels_or_of_a_dead_channel_is_0() -> None:
    random = torch.randn(6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    assert by_outputs.meco_of(random) == pytest.approx(least(random), rel=1e-9)
    assert least(random) > 1e-4
    assert abs(by_outputs.meco_of(random[:, :6])) < 1e-12
    dead = torch.cat([random[:4], torch.zeros(1, 7, dtype=torch.float64)])
    assert by_outputs.meco_of(dead) == 0
    # The mean of three times 0.1 is not 0.1.
    constant = tensor([[0.1, 0.1, 0.1], [1.0, 2.0, 5.0]])
    assert by_outputs.meco_of(constant) == 0
    # Vectors have one pixel, and a single channel has no other.
    assert by_outputs.meco_of(random[:, :1]) == 0
    assert by_outputs.meco_of(random[:1]) == 0


def test_meco_opt_takes_8_rows_and_weights_them() -> None:
    random = torch.randn(12, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    rows = torch.tensor([11, 3, 5, 0, 1, 8, 9, 2])
    expected = 12 / 8 * least(random[rows])
    assert by_outputs.meco_of(random, rows) == pytest.approx(expected, rel=1e-9)
    assert by_outputs.meco_of(random[:8], torch.arange(8)) == pytest.approx(least(random[:8]))
    # Fewer than 8: all of them, without a factor.
    for some in (torch.arange(7), torch.tensor([0])):
        assert by_outputs.meco_of(random[:7], some) == by_outputs.meco_of(random[:7])
    for wrong in (torch.arange(7), torch.zeros(8, dtype=torch.int64)):
        with pytest.raises(ValueError, match="8 different rows"):
            by_outputs.meco_of(random, wrong)


def test_meco_counts_each_tensor_once() -> None:
    # All edges of the first cell do nothing, or are not there.
    none = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    for text, inside in ((none, []), (TEXT, ["edge0to1.relu", "edge0to1.conv", "edge0to1.bn"])):
        model = nb201.CellNetwork(nb201.Architecture.parse(text), channels=2, cells=1)
        found = by_outputs.maps(model, torch.randn(3, 3, 8, 8))
        first = [name for name in found if name.startswith("cell0")]
        own = [f"cell0.{name}" for name in inside]
        assert first[: len(own)] == own
        assert ("cell0" in found) == bool(inside)
        assert list(found)[:2] == ["stem.conv", "stem.bn"]
        reduction = [name for name in found if name.startswith("reduction1")]
        assert len(reduction) == 6 + 2 + 1 and reduction[-1] == "reduction1"
        assert list(found)[-3:] == ["head.bn", "head.relu", "classifier"]
        assert found["classifier"].shape == (10, 1) and found["stem.bn"].shape == (2, 64)


def test_meco_counts_relus_of_one_tensor_once() -> None:
    # Both edges begin with the ReLU of the input of the cell.
    text = "|nor_conv_1x1~0|+|nor_conv_3x3~0|none~1|+|none~0|skip_connect~1|skip_connect~2|"
    model = nb201.CellNetwork(nb201.Architecture.parse(text), channels=2, cells=1)
    found = by_outputs.maps(model, torch.randn(1, 3, 8, 8))
    assert "cell0.edge0to1.relu" in found and "cell0.edge0to2.relu" not in found
    # A skip passes on the same tensor.
    text = "|skip_connect~0|+|none~0|none~1|+|nor_conv_1x1~0|nor_conv_3x3~1|none~2|"
    model = nb201.CellNetwork(nb201.Architecture.parse(text), channels=2, cells=1)
    found = by_outputs.maps(model, torch.randn(1, 3, 8, 8))
    assert "cell0.edge0to3.relu" in found and "cell0.edge1to3.relu" not in found


def test_meco_counts_equal_tensors() -> None:
    # Two networks side by side have the same values, but not the same tensors.
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.ReLU(), nn.ReLU()

        def forward(self, batch: Tensor) -> Tensor:
            both: Tensor = self.first(batch) + self.second(batch.clone())
            return both

    found = by_outputs.maps(Twice(), noise(1))
    assert torch.equal(found["first"], found["second"])


def test_meco_does_not_count_a_concatenation_of_one_vertex() -> None:
    # Vertices 1 to 5 in a row: the output has a single parent beside the input.
    def cell(output: set[int]) -> dict[str, Tensor]:
        matrix = [[False] * 7 for _ in range(7)]
        for u, v in [(0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 5), *((u, 6) for u in output)]:
            matrix[u][v] = True
        operations = ("conv1x1-bn-relu",) * 5
        architecture = nb101.Architecture(tuple(map(tuple, matrix)), operations)
        model = nb101.StandAlone(architecture, channels=4, cells=1)
        return by_outputs.maps(model, torch.randn(1, 3, 8, 8))

    assert "cell0" not in cell({5})
    # A sum with the input, or two vertices side by side, is a new tensor.
    assert "cell0" in cell({0, 5})
    assert "cell0" in cell({4, 5})


def test_meco_is_the_sum_over_maps_of_the_first_image_alone() -> None:
    model, batch = network(), noise(4, side=16)
    seen: dict[str, Tensor] = {}
    kinds = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.AvgPool2d, nb201.Cell, nb201.Reduction)
    for name, module in model.named_modules():
        if isinstance(module, kinds):
            module.register_forward_hook(lambda _m, _i, o, name=name: seen.update({name: o[0]}))
    model(batch[:1])
    expected = 0.0
    for feature in seen.values():
        rows = feature.detach().flatten(1).numpy()
        if all(row.min() < row.max() for row in rows):
            expected += float(np.linalg.eigvalsh(np.corrcoef(rows))[0])
    assert by_outputs.meco(model, batch, LABEL) == pytest.approx(expected, rel=1e-9)
    generator = torch.Generator().manual_seed(8)
    opt = by_outputs.meco_opt(model, batch, LABEL, generator)
    # With two, four and eight channels there is nothing to draw.
    assert opt == pytest.approx(expected, rel=1e-9)


def test_near_of_equal_and_of_single_singular_values() -> None:
    assert by_outputs.near_of(torch.eye(5, dtype=torch.float64), 0) == pytest.approx(5, rel=1e-12)
    assert by_outputs.near_of(tensor([[1.0, 2.0], [2.0, 4.0]]), 0) == pytest.approx(1, rel=1e-9)
    assert by_outputs.near_of(torch.zeros(3, 2), 1) == 0
    # Shares 3/4 and 1/4.
    expected = math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert by_outputs.near_of(tensor([[3.0, 0.0], [0.0, 1.0]]), 0) == pytest.approx(expected)


def test_near_cuts_a_square_at_the_offset() -> None:
    matrix = tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    shares = (1 / 3, 2 / 3)
    assert by_outputs.near_of(matrix, 0) == pytest.approx(1)
    assert by_outputs.near_of(matrix, 1) == pytest.approx(2)
    assert by_outputs.near_of(matrix, 2) == pytest.approx(1)
    for wrong in (3, -1):
        with pytest.raises(ValueError, match="no 2 of 4 rows"):
            by_outputs.near_of(matrix, wrong)
    # Fewer rows than columns: all of them.
    wide = tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    expected = math.exp(-sum(p * math.log(p) for p in shares))
    assert by_outputs.near_of(wide, 0) == pytest.approx(expected)
    with pytest.raises(ValueError, match="rows from 1"):
        by_outputs.near_of(wide, 1)


def test_near_has_a_row_for_each_pixel_of_each_image_and_a_column_for_each_channel() -> None:
    model = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(2 * 2 * 3, 5, dtype=torch.float64))
    batch = torch.rand(4, 2, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = by_outputs.rows_of(model, batch)
    assert list(found) == ["0", "2"]
    rows = [batch[n, :, h, w] for n in range(4) for w in range(3) for h in range(2)]
    assert torch.equal(found["0"], torch.stack(rows))
    assert found["2"].shape == (4, 5)


def test_near_adds_up_convolutions_linear_layers_batch_norms_and_relus() -> None:
    model, batch = network(), noise(2)
    kinds = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.ReLU)
    names = [name for name, module in model.named_modules() if isinstance(module, kinds)]
    found = by_outputs.rows_of(model, batch)
    assert sorted(found) == sorted(names)
    generator = torch.Generator().manual_seed(2)
    score = by_outputs.near(model, batch, LABEL, generator)
    assert len(names) < score < sum(matrix.shape[1] for matrix in found.values())


class Pooled(nn.Module):
    """Batch-norm with a momentum, and the mean of its maps."""

    def __init__(self, momentum: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(2, momentum=momentum, dtype=torch.float64)

    def forward(self, batch: Tensor) -> Tensor:
        maps: Tensor = self.norm(batch)
        return maps.mean(dim=(2, 3))


@pytest.mark.parametrize("momentum", [0.1, 0.997])
def test_zen_by_hand(momentum: float) -> None:
    first, second = noise(3)[:, :2], 5 * noise(6)[3:, :2]
    mixed = first + 0.01 * second
    variances, maps = [], []
    for batch in (first, mixed):
        channels = batch.transpose(0, 1).flatten(1).numpy()
        variances.append(channels.var(axis=1, ddof=1))
        mean, biased = channels.mean(axis=1), channels.var(axis=1)
        shape = (1, 2, 1, 1)
        root = np.sqrt(biased + 1e-5).reshape(shape)
        maps.append((batch.numpy() - mean.reshape(shape)) / root)
    apart = np.abs(maps[0] - maps[1]).sum() / 3
    m = momentum
    running = (1 - m) ** 2 + m * (1 - m) * variances[0] + m * variances[1]
    expected = math.log(apart) + 0.5 * math.log(running.mean())
    model = Pooled(momentum)
    assert by_outputs.zen_of(model, first, second) == pytest.approx(expected, rel=1e-9)
    # What batch-norm saw before does not count.
    model(9 * first)
    assert by_outputs.zen_of(model, first, second) == pytest.approx(expected, rel=1e-9)


def test_zen_of_maps_that_do_not_differ_is_minus_infinity() -> None:
    first = noise(3)[:, :2]
    assert by_outputs.zen_of(Pooled(0.1), first, torch.zeros_like(first)) == -math.inf
    # Batch-norm without a scale of its own.
    model = Pooled(0.1)
    nn.init.zeros_(model.norm.weight)
    assert by_outputs.zen_of(model, first, first.flip(0)) == -math.inf
    assert math.isfinite(by_outputs.zen_of(Pooled(0.1), first, first.flip(0)))
    nothing = nb201.CellNetwork(nb201.Architecture(("none",) * 6), channels=2, cells=1)
    assert by_outputs.zen(nothing, torch.ones(3, 3, 8, 8), LABEL) == -math.inf


def test_zen_draws_standard_normal_weights() -> None:
    model = nb201.CellNetwork(nb201.Architecture(("nor_conv_3x3",) * 6), channels=32, cells=1)
    nn.init.constant_(model.get_submodule("head.bn").weight, 3.0)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(0)
    found = redrawn(model, lambda _: 1.0, generator)
    for name, parameter in found.named_parameters():
        if parameter.dim() > 1:
            assert float(parameter.detach().std()) == pytest.approx(1, abs=0.1), name
            assert float(parameter.detach().mean()) == pytest.approx(0, abs=0.1), name
        else:
            expected = 1.0 if name.endswith("weight") else 0.0
            assert bool((parameter == expected).all()), name


@pytest.mark.parametrize("after", [False, True])
def test_the_last_maps_are_those_before_the_mean(after: bool) -> None:
    model = network()
    expected: list[Tensor] = []
    model.get_submodule("head.relu").register_forward_hook(lambda _m, _i, o: expected.append(o))
    assert torch.equal(by_outputs.last_maps(model, noise(2)), expected[0])
    pooled = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten() if after else nn.ReLU())
    assert torch.equal(by_outputs.last_maps(pooled, noise(2)), noise(2).relu())


def test_swap_by_hand() -> None:
    # Three images of four elements: the second and the fourth have the same pattern.
    batch = images([1.0, 2.0, -1.0, 3.0], [0.0, -1.0, 1.0, -0.0], [-2.0, 1.0, 4.0, 0.5])
    patterns = {(1, 0, 0), (1, 0, 1), (0, 1, 1)}
    assert by_outputs.swap_of(nn.ReLU(), batch) == len(patterns) == 3
    # Patterns of images, the rows, are four for two elements; those of elements are not.
    batch = images([1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0])
    assert by_outputs.swap_of(nn.ReLU(), batch) == 2


def test_swap_is_the_number_of_patterns_of_all_relus() -> None:
    model, batch = network(), noise(64)
    seen: dict[str, Tensor] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda _m, _i, o, name=name: seen.update({name: o}))
    # Enough for the 64th image to decide, and an order that changes nothing.
    for count in (1, 5, 63, 64):
        model(batch[:count])
        columns = torch.cat([output.flatten(1) for output in seen.values()], dim=1) > 0
        expected = len({tuple(column) for column in columns.T.tolist()})
        assert by_outputs.swap_of(model, batch[:count]) == expected
        order = torch.randperm(count, generator=torch.Generator().manual_seed(3))
        assert by_outputs.swap_of(model, batch[:count][order]) == expected
    with pytest.raises(ValueError, match="64 images"):
        by_outputs.swap_of(model, noise(65))


def test_swap_sees_the_64th_image() -> None:
    batch = torch.ones(64, 1, 1, 2)
    assert by_outputs.swap_of(nn.ReLU(), batch) == 1
    batch[63, 0, 0, 1] = -1
    assert by_outputs.swap_of(nn.ReLU(), batch) == 2


def test_swap_has_no_value_without_maps_or_with_numbers_that_are_not_finite() -> None:
    assert math.isnan(by_outputs.swap_of(nn.Sequential(nn.Flatten(), nn.ReLU()), IMAGE))
    assert math.isnan(by_outputs.swap_of(nn.Identity(), IMAGE))
    assert math.isnan(by_outputs.swap_of(nn.ReLU(), images([1.0, math.inf])))
    assert by_outputs.swap_of(nn.ReLU(), images([1.0, -math.inf])) == 2


def test_epsinas_by_hand() -> None:
    # Shares 0, 1/4, 1 and 1, 0, 1/2, 1: only the last two images have both.
    first, second = tensor([1.0, 2.0, 3.0, 5.0]), tensor([4.0, 0.0, 2.0, 4.0])
    expected = (0 + 0) / 2
    difference = (abs(0.5 - 0.5) + abs(1 - 1)) / 2
    assert by_outputs.epsinas_of(first, second) == expected == difference
    first = tensor([1.0, 2.0, 4.0, 5.0])
    mean = (0.25 + 0.75 + 1 + 1 + 0.5 + 1) / 6
    expected = (abs(0.75 - 0.5) + abs(1 - 1)) / 2 / mean
    assert by_outputs.epsinas_of(first, second) == pytest.approx(expected, rel=1e-12)
    # Neither scale nor shift of the outputs matters.
    assert by_outputs.epsinas_of(8 * first - 3, second / 4) == pytest.approx(expected, rel=1e-12)


def test_epsinas_has_no_value_if_outputs_are_equal_or_nothing_is_left() -> None:
    same, other = tensor([2.0, 2.0, 2.0]), tensor([1.0, 2.0, 3.0])
    assert math.isnan(by_outputs.epsinas_of(same, same))
    # A pair is left only where neither is 0.
    assert math.isnan(by_outputs.epsinas_of(other[:2], other[:2].flip(0)))
    assert math.isnan(by_outputs.epsinas_of(same, other))
    assert by_outputs.epsinas_of(other, other) == 0


def test_epsinas_sets_all_weights_and_no_bias() -> None:
    layer = nn.Linear(2, 3, dtype=torch.float64)
    norm = nn.BatchNorm2d(1, dtype=torch.float64)
    model = nn.Sequential(norm, nn.ReLU(), nn.Flatten(), layer)
    batch = images([1.0, 2.0], [-4.0, 1.0], [3.0, 0.5], [-1.0, 6.0])

    def outputs(constant: float) -> Tensor:
        scaled = (batch - batch.mean()) / (batch.var(correction=0) + 1e-5).sqrt()
        return constant * (constant * scaled).relu().flatten(1).sum(1)

    expected = by_outputs.epsinas_of(outputs(0.5), outputs(-2.0))
    score = by_outputs.epsinas(model, batch, LABEL, 0.5, -2.0)
    assert math.isfinite(score) and score > 0.01
    assert score == pytest.approx(expected, rel=1e-9)
