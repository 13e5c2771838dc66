"""Each estimator by a case that can be computed by hand, and that none changes the network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from nas_assay.torch import estimators, nb201


class Square(nn.Module):
    """Logits whose sum has the gradient ``2 * image``."""

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(start_dim=1).square()


def linear(weight: Sequence[Sequence[float]]) -> nn.Module:
    values = torch.tensor(weight, dtype=torch.float64)
    layer = nn.Linear(values.shape[1], values.shape[0], bias=False, dtype=torch.float64)
    layer.weight = nn.Parameter(values)
    return nn.Sequential(nn.Flatten(), layer)


def images(*rows: Sequence[float]) -> Tensor:
    """One channel, one row of pixels."""
    return torch.tensor(rows, dtype=torch.float64).reshape(len(rows), 1, 1, -1)


LINEAR = linear([[1.0, 2.0], [3.0, -1.0]])
IMAGE = images([1.0, 0.0])
LABEL = torch.tensor([0])
# The logits are 1 and 3, the softmax gives class 1 this probability, and the gradient by W is
# [[-Q, 0], [Q, 0]].
Q = math.exp(2) / (1 + math.exp(2))

BY_HAND = {
    "grad_norm": Q * math.sqrt(2),
    "snip": Q + 3 * Q,
    "plain": -Q + 3 * Q,
    # By the logits, the Hessian is Q (1 - Q) [[1, -1], [-1, 1]]; times (-Q, Q).
    "grasp": -(1 - 3) * Q * (1 - Q) * -2 * Q,
    "fisher": 2 * (Q**2 + 9 * Q**2) / 2,
    "synflow": 1 + 2 + 3 + 1,
    "synflow_bn": 1 + 2 + 3 + 1,
    "l2_norm": math.sqrt(1 + 4 + 9 + 1),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_linear_layer_by_hand(name: str) -> None:
    assert estimators.ALL[name](LINEAR, IMAGE, LABEL) == pytest.approx(BY_HAND[name], rel=1e-12)


def test_the_loss_is_a_mean_over_images() -> None:
    twice, labels = images([1.0, 0.0], [1.0, 0.0]), torch.tensor([0, 0])
    for name in ("grad_norm", "snip", "plain", "grasp"):
        assert estimators.ALL[name](LINEAR, twice, labels) == pytest.approx(BY_HAND[name])
    # Each image has half of the gradient, its square a quarter, and the mean is over images.
    assert estimators.fisher(LINEAR, twice, labels) == pytest.approx(BY_HAND["fisher"] / 4)


def test_layers_are_summed_over_and_only_their_weights_count() -> None:
    two = nn.Sequential(nn.Conv2d(1, 2, 1, dtype=torch.float64), nn.Flatten(), linear([[1.0] * 4]))
    conv = two[0]
    assert isinstance(conv, nn.Conv2d) and conv.bias is not None
    conv.weight = nn.Parameter(torch.tensor([3.0, 4.0], dtype=torch.float64).reshape(2, 1, 1, 1))
    assert estimators.l2_norm(two, IMAGE, LABEL) == pytest.approx(5 + 2)
    conv.bias = nn.Parameter(torch.tensor([100.0, 0.0], dtype=torch.float64))
    assert estimators.l2_norm(two, IMAGE, LABEL) == pytest.approx(5 + 2)


def test_fisher_sums_over_pixels_before_the_square_and_sees_the_bias() -> None:
    conv = nn.Conv2d(1, 2, 1, dtype=torch.float64)
    conv.weight = nn.Parameter(torch.tensor([2.0, -1.0], dtype=torch.float64).reshape(2, 1, 1, 1))
    conv.bias = nn.Parameter(torch.tensor([0.5, 0.0], dtype=torch.float64))
    network = nn.Sequential(conv, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    # Outputs (2.5, 6.5) and (-1, -3); logits 4.5 and -2; the gradient by each pixel is +-r / 2.
    r = 1 / (1 + math.exp(-6.5))
    expected = ((9 * r / 2) ** 2 + (4 * r / 2) ** 2) / 2
    score = estimators.fisher(network, images([1.0, 3.0]), torch.tensor([1]))
    assert score == pytest.approx(expected, rel=1e-12)


def test_fisher_counts_a_channel_once_for_each_of_its_weights() -> None:
    grouped = nn.Conv2d(4, 4, 3, padding=1, groups=2, bias=False, dtype=torch.float64)
    network = nn.Sequential(grouped, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    batch = torch.randn(3, 4, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([0, 1, 2])
    output = grouped(batch)
    logits = output.mean(dim=(2, 3))
    error = (logits.softmax(dim=1) - nn.functional.one_hot(labels, 4)) / 3
    channels = (logits * error).square().mean(dim=0) / 2
    score = estimators.fisher(network, batch, labels)
    assert score == pytest.approx(float(channels.sum().detach()) * 2 * 9, rel=1e-12)


def flow() -> nn.Module:
    conv = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.constant_(conv.weight, -2.0)
    norm = nn.BatchNorm2d(1)
    nn.init.constant_(norm.weight, 5.0)
    nn.init.constant_(norm.bias, -3.0)
    last = nn.Linear(4, 1)
    nn.init.constant_(last.weight, -0.5)
    nn.init.constant_(last.bias, -9.0)
    return nn.Sequential(conv, norm, nn.ReLU(), nn.Flatten(), last)


def test_synflow_leaves_batch_norm_out() -> None:
    # Each of four pixels is 2, the sum of the logits but for the bias is 4, and so is each layer.
    batch = torch.randn(3, 1, 2, 2)
    assert estimators.synflow(flow(), batch, LABEL) == pytest.approx(4 + 4)


def test_synflow_bn_uses_the_statistics_of_an_image_of_ones() -> None:
    # Constant maps become the shift, |-3|; nothing depends on the convolution.
    batch = torch.randn(3, 1, 2, 2)
    assert estimators.synflow_bn(flow(), batch, LABEL) == pytest.approx(0 + 4 * 0.5 * 3)


def test_synflow_is_taken_in_double_precision() -> None:
    layers = [nn.Linear(8, 8, bias=False) for _ in range(60)]
    for layer in layers:
        nn.init.constant_(layer.weight, 10.0)
    score = estimators.synflow(nn.Sequential(nn.Flatten(), *layers), torch.ones(1, 1, 2, 4), LABEL)
    assert math.log10(score) == pytest.approx(math.log10(60 * 8) + 60 * math.log10(80))


@pytest.mark.parametrize(
    ("second", "correlation"), [([1.0, 1.0, -2.0], 0.0), ([1.0, 0.0, -1.0], 0.5)]
)
def test_jacob_cov_by_hand(second: list[float], correlation: float) -> None:
    score = estimators.jacob_cov(Square(), images([1.0, -1.0, 0.0], second), LABEL)
    k = 1e-5
    expected = 0.0
    for v in (1 - correlation + k, 1 + correlation + k):
        expected -= math.log(v) + 1 / v
    assert score == pytest.approx(expected, rel=1e-12)


def test_jacob_cov_has_no_value_if_a_gradient_is_constant() -> None:
    assert math.isnan(estimators.jacob_cov(Square(), images([1.0, 1.0], [1.0, 0.0]), LABEL))


def test_relu_logdet_counts_agreement_over_all_relus() -> None:
    batch = images([1.0, 2.0, -1.0], [3.0, -1.0, 0.0])
    network: nn.Module = nn.Sequential(nn.ReLU(), nn.Flatten())
    assert estimators.relu_logdet(network, batch, LABEL) == pytest.approx(math.log(9 - 4))
    # The second ReLU sees the same signs.
    network = nn.Sequential(nn.ReLU(), nn.ReLU(), nn.Flatten())
    assert estimators.relu_logdet(network, batch, LABEL) == pytest.approx(math.log(36 - 16))


def test_relu_logdet_of_equal_codes_is_minus_infinity() -> None:
    batch = images([1.0, 2.0], [3.0, 1.0])
    assert estimators.relu_logdet(nn.Sequential(nn.ReLU()), batch, LABEL) == -math.inf


@pytest.mark.parametrize("name", estimators.ALL)
@pytest.mark.parametrize("training", [False, True])
def test_a_network_is_left_as_it_was_and_looked_at_in_training_mode(
    name: str, training: bool
) -> None:
    torch.manual_seed(3)
    architecture = nb201.Architecture.parse(
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
    )
    network = nb201.CellNetwork(architecture, channels=2, cells=1, cell_affine=True)
    frozen = next(network.parameters()).requires_grad_(False)
    batch, labels = torch.randn(4, 3, 8, 8), torch.tensor([1, 2, 3, 4])
    reference = estimators.ALL[name](network.train(), batch, labels)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    score = estimators.ALL[name](network.train(training), batch, labels)
    assert score == reference
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert all(module.training == training for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not frozen.requires_grad and batch.grad is None
    assert not any(module._forward_hooks for module in network.modules())
