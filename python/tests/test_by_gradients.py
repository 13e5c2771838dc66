"""Estimators from gradients, by hand and against plain loops."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from test_estimators import IMAGE, LABEL, LINEAR, Square, flow, images, linear
from torch import Tensor, nn
from torch.nn import functional

from nas_assay.torch import by_gradients, nb201

TEXT = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"


def network() -> nn.Module:
    """A small network in double precision, with batch-norm."""
    torch.manual_seed(5)
    architecture = nb201.Architecture.parse(TEXT)
    return nb201.CellNetwork(architecture, channels=2, cells=1, cell_affine=True).double()


def noise(count: int, side: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(9)
    return torch.randn(count, 3, side, side, dtype=torch.float64, generator=generator)


def tensor(values: Sequence[object]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_logsynflow_by_hand() -> None:
    # The gradient of each weight is the image, which is all ones.
    expected = (1 + 2 + 3 + 1) * math.log(2)
    assert by_gradients.logsynflow(LINEAR, IMAGE, LABEL) == pytest.approx(expected, rel=1e-12)


def test_logsynflow_leaves_batch_norm_out_and_is_not_the_logarithm_of_synflow() -> None:
    # Weight 2 of the convolution has gradient 4 * 0.5, and each 0.5 of the last layer 2.
    expected = 2 * math.log(1 + 2) + 4 * 0.5 * math.log(1 + 2)
    score = by_gradients.logsynflow(flow(), torch.randn(3, 1, 2, 2), LABEL)
    assert score == pytest.approx(expected, rel=1e-6)


def test_snr_synflow_by_hand() -> None:
    # 1, 2, 3, 1 have sum 7, mean 7/4, and the squares of their differences add up to 11/4.
    expected = 7 / math.sqrt(11 / 4 / 3)
    assert by_gradients.snr_synflow(LINEAR, IMAGE, LABEL) == pytest.approx(expected, rel=1e-12)


def test_snr_of_equal_or_single_numbers_is_their_sum() -> None:
    assert by_gradients.snr(tensor([0.1, 0.1, 0.1])) == pytest.approx(0.3, rel=1e-12)
    assert by_gradients.snr(tensor([0.25])) == 0.25
    assert by_gradients.snr(tensor([0.0, 0.0])) == 0.0
    # As soon as they differ, the deviation divides.
    assert by_gradients.snr(tensor([1.0, 3.0])) == pytest.approx(4 / math.sqrt(2), rel=1e-12)


def test_snr_synflow_adds_up_layers() -> None:
    # Both layers have equal terms: 4 of the one weight, and 1 of each of four.
    batch = torch.randn(3, 1, 2, 2)
    assert by_gradients.snr_synflow(flow(), batch, LABEL) == pytest.approx(4 + 4, rel=1e-6)
    assert by_gradients.snr_by_layer(flow(), batch) == pytest.approx({"0": 4, "4": 4}, rel=1e-6)


G: list[list[float]] = [
    [1.0, 2.0, 4.0],
    [2.0, 1.0, 5.0],
    [4.0, 0.0, 1.0],
    [1.0, 3.0, 2.0],
    [2.0, 6.0, 5.0],
    [0.0, 1.0, 2.0],
]
CLASSES = [7, 7, 7, 2, 2, 5]


def spread(rows: Sequence[Sequence[float]]) -> float:
    """The sum over all pairs, by NumPy."""
    return float(np.log(np.abs(np.corrcoef(rows)) + 1e-5).sum())


def test_epe_nas_adds_up_classes_and_a_single_image_counts_by_its_diagonal() -> None:
    expected = abs(spread(G[:3])) + abs(spread(G[3:5])) + math.log(1 + 1e-5)
    score = by_gradients.epe_of(tensor(G), torch.tensor(CLASSES), "sum")
    assert score == pytest.approx(expected, rel=1e-10)


def test_epe_nas_of_many_classes_leaves_single_images_out() -> None:
    # Two classes are kept; both orders of the pair count.
    expected = 2 * abs(spread(G[:3]) / 3 - spread(G[3:5]) / 2) / 2
    score = by_gradients.epe_of(tensor(G), torch.tensor(CLASSES), "diff")
    assert score == pytest.approx(expected, rel=1e-10)
    assert by_gradients.epe_of(tensor(G), torch.arange(6), "diff") == 0.0


def test_epe_nas_of_uncorrelated_images() -> None:
    rows = tensor([[1.0, -1.0, 0.0], [1.0, 1.0, -2.0]])
    expected = abs(2 * math.log(1 + 1e-5) + 2 * math.log(1e-5))
    score = by_gradients.epe_of(rows, torch.tensor([0, 0]), "sum")
    assert score == pytest.approx(expected, rel=1e-12)


def test_epe_nas_has_no_value_if_a_gradient_that_counts_is_0() -> None:
    rows = tensor([[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]])
    assert math.isnan(by_gradients.epe_of(rows, torch.tensor([1, 1, 2]), "sum"))
    assert math.isnan(by_gradients.epe_of(rows[1:], torch.tensor([1, 2]), "sum"))
    assert by_gradients.epe_of(rows, torch.tensor([0, 1, 2]), "diff") == 0.0


class Wide(nn.Module):
    """So many logits; the gradient of their sum by an image is twice the image."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, batch: Tensor) -> Tensor:
        return batch.square().flatten(1).sum(1, keepdim=True).expand(-1, self.count) / self.count


def test_epe_nas_goes_by_the_number_of_logits() -> None:
    batch, labels = images(*G), torch.tensor(CLASSES)
    for count, branch in ((1, "sum"), (100, "sum"), (101, "diff"), (120, "diff")):
        score = by_gradients.epe_nas(Wide(count), batch, labels)
        assert score == pytest.approx(by_gradients.epe_of(2 * batch.flatten(1), labels, branch))
    assert by_gradients.epe_nas(Wide(120), batch, labels, "sum") == pytest.approx(
        by_gradients.epe_nas(Wide(10), batch, labels)
    )
    with pytest.raises(ValueError, match="branch"):
        by_gradients.epe_nas(Wide(1), batch, labels, "both")


def test_epe_nas_takes_the_gradient_of_the_logits_of_all_images() -> None:
    # Batch-norm mixes the images, so that the sum of the logits of one image is not enough.
    model, batch, labels = network(), noise(6), torch.tensor([0, 0, 0, 1, 1, 2])
    leaf = batch.clone().requires_grad_()
    model(leaf).sum().backward()
    assert leaf.grad is not None
    expected = sum(
        abs(spread(leaf.grad[labels == c].flatten(1).tolist())) for c in (0, 1)
    ) + math.log(1 + 1e-5)
    assert by_gradients.epe_nas(model, batch, labels) == pytest.approx(expected, rel=1e-8)


def test_zico_of_two_batches_is_one_where_signs_differ() -> None:
    # (|a| + |b|) / |a - b|: 1, 3 and 1; the last, with equal gradients, does not count.
    term = by_gradients.zico_of(tensor([[1.0, 2.0, 0.0, 5.0], [-3.0, 1.0, 4.0, 5.0]]))
    assert term == pytest.approx(math.log(1 + 3 + 1), rel=1e-12)


def test_zico_is_scale_free_and_at_least_the_logarithm_of_what_counts() -> None:
    gradients = torch.randn(2, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    term = by_gradients.zico_of(gradients)
    assert term >= math.log(40)
    assert by_gradients.zico_of(gradients * 1024) == pytest.approx(term, rel=1e-12)


def test_zico_uses_the_population_deviation_of_signed_gradients() -> None:
    gradients = [[1.0, -2.0], [3.0, 1.0], [-2.0, 4.0]]
    columns = np.array(gradients).T
    expected = math.log(sum(np.abs(g).mean() / g.std(ddof=0) for g in columns))
    assert by_gradients.zico_of(tensor(gradients)) == pytest.approx(expected, rel=1e-12)


def test_zico_of_one_batch_or_of_equal_batches_is_0() -> None:
    assert by_gradients.zico_of(tensor([[1.0, 2.0]])) == 0
    # The means of three equal numbers are rounded.
    assert by_gradients.zico_of(torch.linspace(0.1, 0.9, 200).repeat(3, 1)) == 0
    assert by_gradients.zico_of(tensor([[0.0, 0.0]] * 2)) == 0


def test_zico_counts_what_has_a_deviation_in_single_precision() -> None:
    def term(apart: float) -> float:
        return by_gradients.zico_of(tensor([[1.0, apart], [-1.0, 2 * apart]]))

    # The deviation is half of the difference; the square of 1e-23 is no number of single precision.
    assert term(1e-20) == pytest.approx(math.log(1 + 3), rel=1e-12)
    assert term(1e-23) == pytest.approx(math.log(1), abs=1e-12)
    # The same in double precision, but not in single precision.
    near = tensor([[1.0, 1.0], [-1.0, 1.0 + 1e-9]])
    assert by_gradients.zico_of(near) == pytest.approx(0, abs=1e-12)


def test_zico_takes_two_halves_each_by_itself() -> None:
    model, batch, labels = network(), noise(9), torch.arange(9)
    expected = 0.0
    grads = []
    for half in (slice(0, 4), slice(4, 8)):
        model.zero_grad()
        torch.autograd.backward(functional.cross_entropy(model(batch[half]), labels[half]))
        grads.append(
            [
                m.weight.grad.flatten().tolist()  # type: ignore[union-attr]
                for m in model.modules()
                if isinstance(m, (nn.Conv2d, nn.Linear))
            ]
        )
    for first, second in zip(*grads):
        ratios = [(abs(a) + abs(b)) / abs(a - b) for a, b in zip(first, second) if a != b]
        expected += math.log(sum(ratios))
    assert by_gradients.zico(model, batch, labels) == pytest.approx(expected, rel=1e-10)
    # The ninth image is left out.
    assert by_gradients.zico(model, batch[:8], labels[:8]) == by_gradients.zico(
        model, batch, labels
    )
    with pytest.raises(ValueError, match="two images"):
        by_gradients.zico(model, batch[:1], labels[:1])


class Dead(nn.Module):
    """A linear layer, and one that the logits do not depend on."""

    def __init__(self) -> None:
        super().__init__()
        self.used = linear([[1.0, 2.0], [3.0, -1.0]])
        self.dead = linear([[1.0, 1.0]])

    def forward(self, batch: Tensor) -> Tensor:
        self.dead(batch)
        logits: Tensor = self.used(batch)
        return logits


def test_a_layer_that_the_logits_do_not_depend_on_has_no_part() -> None:
    batch, labels = (
        images([1.0, 0.5], [2.0, -1.0], [0.0, 1.0], [1.0, 1.0]),
        torch.tensor([0, 1] * 2),
    )
    model, only = Dead(), LINEAR
    for name in ("zico", "gradsign_sum", "ntk_cond", "logsynflow", "snr_synflow"):
        score = getattr(by_gradients, name)
        # The kernel of a linear layer has no more than two eigenvalues other than 0.
        count = 2 if name == "ntk_cond" else 4
        with_dead, without = (score(m, batch[:count], labels[:count]) for m in (model, only))
        assert with_dead == pytest.approx(without, rel=1e-12), name


def test_gradsign_adds_up_signs_image_by_image() -> None:
    # The gradient by W is the outer product of softmax - label, signs (-, +) or (+, -), and image.
    batch = images([1.0, 0.0], [2.0, -1.0], [-1.0, 3.0])
    labels = torch.tensor([0, 0, 1])
    # Votes of the first row: -(1, 0) - (1, -1) + (-1, 1) = (-3, 2); the second is the negative.
    assert by_gradients.gradsign_sum(LINEAR, batch, labels) == 2 * (3 + 2)
    assert by_gradients.gradsign_mean(LINEAR, batch, labels) == 2 * (3 + 2) / 4


def test_gradsign_has_the_statistics_of_one_image() -> None:
    model, batch, labels = network(), noise(3, side=16), torch.tensor([0, 1, 2])
    votes: dict[str, Tensor] = {}
    for i in range(3):
        model.zero_grad()
        loss = functional.cross_entropy(model(batch[i : i + 1]), labels[i : i + 1])
        torch.autograd.backward(loss)
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and parameter.grad is not None:
                votes[name] = votes.get(name, torch.tensor(0)) + parameter.grad.sign()
    total = sum(float(vote.abs().sum()) for vote in votes.values())
    count = sum(vote.numel() for vote in votes.values())
    assert by_gradients.gradsign_sum(model, batch, labels) == total
    assert by_gradients.gradsign_mean(model, batch, labels) == pytest.approx(total / count)
    # An image counts the same with others, or without.
    one = [by_gradients.gradsign_sum(model, batch[i : i + 1], labels[i : i + 1]) for i in range(3)]
    assert by_gradients.gradsign_sum(model, batch[:1], labels) == one[0] <= count


def test_ntk_cond_of_a_linear_layer() -> None:
    # The gradient of the sum of two logits has the image twice: the kernel is 2 X X'.
    # X X' = [[1, 1], [1, 4]] has the eigenvalues (5 -+ sqrt 13) / 2.
    batch = images([1.0, 0.0], [1.0, math.sqrt(3)])
    expected = (5 + math.sqrt(13)) / (5 - math.sqrt(13))
    assert by_gradients.ntk_cond(LINEAR, batch, LABEL) == pytest.approx(expected, rel=1e-12)


def test_ntk_cond_of_images_that_are_equal_is_the_worst() -> None:
    assert by_gradients.ntk_cond(LINEAR, images([1.0, 2.0], [1.0, 2.0]), LABEL) == math.inf
    assert by_gradients.ntk_cond(LINEAR, images([1.0, 2.0], [-3.0, -6.0]), LABEL) == math.inf
    assert by_gradients.ntk_cond(LINEAR, images([0.0, 0.0]), LABEL) == math.inf
    for rounding in (1e-17, -1e-17):
        assert by_gradients.condition(tensor([[1.0, 0.0], [0.0, rounding]])) == math.inf
    assert by_gradients.condition(tensor([[1.0, 0.0], [0.0, 1e-12]])) == pytest.approx(1e12)
    assert math.isnan(by_gradients.condition(tensor([[1.0, math.nan], [math.nan, 1.0]])))


def test_ntk_cond_sees_weights_and_scales_of_the_first_16_images() -> None:
    model, batch = network(), noise(18)
    names = [
        name
        for name, module in model.named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear, nn.BatchNorm2d))
    ]
    parameters = dict(model.named_parameters())
    rows = []
    for i in range(16):
        model.zero_grad()
        model(batch[:16])[i].sum().backward()
        grads = [parameters[f"{name}.weight"].grad for name in names]
        rows.append(np.concatenate([g.flatten().numpy() for g in grads if g is not None]))
    jacobian = np.stack(rows)
    expected = np.linalg.cond(jacobian @ jacobian.T)
    score = by_gradients.ntk_cond(model, batch, torch.arange(18))
    assert score == pytest.approx(float(expected), rel=1e-6)
    assert score == by_gradients.ntk_cond(model, batch[:16], torch.arange(16))


def test_epe_nas_of_one_image_is_its_diagonal() -> None:
    score = by_gradients.epe_nas(Square(), images([1.0, -2.0]), LABEL)
    assert score == pytest.approx(math.log(1 + 1e-5), rel=1e-10)
