"""The parts of VKDNW, by hand and by their formulas."""

from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np
import pytest
import torch
from test_by_gradients import network, noise, tensor
from test_estimators import LABEL
from torch import Tensor, nn

from nas_assay.torch import az_nas, nb201, vkdnw


def jacobian(model: nn.Module, images: Tensor, step: float = 1e-6) -> Tensor:
    """Differences of the logits when the first element of each tensor moves."""
    model.eval()
    columns = []
    with torch.no_grad():
        for parameter in model.parameters():
            first = parameter.view(-1)[:1]
            ends = []
            for move in (step, -2 * step):
                first += move
                ends.append(model(images))
            first += step
            columns.append((ends[0] - ends[1]) / (2 * step))
    return torch.stack(columns, dim=2)


def test_the_entropy_of_deciles_by_hand() -> None:
    assert vkdnw.entropy(tensor([3.0] * 7)) == pytest.approx(math.log(9), rel=1e-12)
    # Of 0 to 10, the deciles are 1 to 9.
    shares = [k / 45 for k in range(1, 10)]
    expected = -sum(q * math.log(q) for q in shares)
    assert vkdnw.entropy(torch.arange(11).double()) == pytest.approx(expected, rel=1e-12)
    # Between two numbers, they are interpolated.
    assert vkdnw.entropy(tensor([0.0, 10.0])) == pytest.approx(expected, rel=1e-12)
    # One number is the only one.
    assert vkdnw.entropy(tensor([4.0])) == pytest.approx(math.log(9), rel=1e-12)
    # Below the greatest eigenvalue there is nothing: 0.1 of it is the last decile, of ten.
    assert vkdnw.entropy(tensor([0.0] * 9 + [5.0])) == 0
    assert math.isnan(vkdnw.entropy(tensor([0.0] * 10 + [5.0])))
    assert math.isnan(vkdnw.entropy(tensor([1.0, math.nan])))


def test_eigenvalues_are_as_many_as_tensors() -> None:
    random = torch.randn(3, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    values = vkdnw.eigenvalues(random)
    assert values.shape == (6,) and int((values > 0).sum()) == 3
    expected = torch.linalg.eigvalsh(random.T @ random)
    assert torch.allclose(values.sort().values, expected, atol=1e-12)
    # What is 0 but for rounding is 0: the rank is 2.
    twice = torch.cat([random[:2], random[:2].sum(dim=0, keepdim=True) / 3])
    assert int((vkdnw.eigenvalues(twice) > 0).sum()) == 2
    assert not vkdnw.eigenvalues(torch.zeros(4, 2)).any()
    random[0, 0] = math.inf
    assert bool(vkdnw.eigenvalues(random).isnan().all())


def test_the_information_is_that_of_the_formula() -> None:
    model, batch = az_nas.kaiming(network(), torch.Generator().manual_seed(3)), noise(4)
    found = vkdnw.directions(model, batch)
    j = jacobian(model, batch).numpy()
    logits = model(batch).detach().numpy()
    expected = np.zeros((j.shape[2], j.shape[2]))
    for image in range(4):
        p = np.exp(logits[image]) / np.exp(logits[image]).sum() * 0.95 + 0.05 / 10
        expected += j[image].T @ (np.diag(p) - np.outer(p, p)) @ j[image] / 4
    information = (found.T @ found).numpy()
    assert abs(information - expected).max() < 1e-7 * abs(expected).max()
    values = np.maximum(np.linalg.eigvalsh(expected), 0)
    deciles = np.quantile(values, np.arange(1, 10) / 10)
    q = deciles / deciles.sum()
    entropy = -sum(x * math.log(x) for x in q if x > 0)
    count = len(list(model.parameters()))
    assert 0.1 < entropy < math.log(9)
    score = vkdnw.vkdnw_of(model, batch)
    assert score == pytest.approx(count + entropy / 10, rel=1e-7)


def test_images_do_not_see_each_other() -> None:
    model, batch = network(), noise(3)
    whole = vkdnw.directions(model, batch).reshape(3, 10, -1)
    for image in range(3):
        alone = vkdnw.directions(model, batch[image : image + 1])
        assert torch.allclose(alone / math.sqrt(3), whole[image], rtol=1e-10, atol=1e-14)
    # Batch-norm has seen nothing.
    model(5 * batch + 1)
    assert torch.equal(vkdnw.directions(model, batch).reshape(3, 10, -1), whole)


def test_the_first_128_tensors_count() -> None:
    layers = [nn.Linear(3, 3, dtype=torch.float64) for _ in range(70)]
    model = nn.Sequential(OrderedDict((f"l{i}", layer) for i, layer in enumerate(layers)))
    batch = torch.eye(3, dtype=torch.float64)
    assert vkdnw.directions(model, batch).shape == (9, 128)
    short = nn.Sequential(*layers[:64], nn.Identity())
    assert vkdnw.directions(short, batch).shape == (9, 128)
    # Three images with three classes have at most rank 6: nine tenths of the eigenvalues are 0.
    assert 0 < int((vkdnw.eigenvalues(vkdnw.directions(model, batch)) > 0).sum()) <= 6
    assert math.isnan(vkdnw.vkdnw_of(model, batch))


def test_a_network_without_a_path_has_no_entropy() -> None:
    none = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    model = nb201.CellNetwork(nb201.Architecture.parse(none), channels=2, cells=1)
    assert math.isnan(vkdnw.vkdnw(model.double(), noise(4), LABEL))


def test_more_tensors_always_win() -> None:
    texts = ["skip_connect", "nor_conv_1x1", "nor_conv_3x3"]
    scores = []
    for text in texts:
        cell = nb201.Architecture((text,) * 6)
        model = nb201.CellNetwork(cell, channels=2, cells=1, cell_affine=True).double()
        scores.append(vkdnw.vkdnw(model, noise(6), LABEL))
        count = len(list(model.parameters()))
        assert count < scores[-1] <= count + math.log(9) / 10
    assert scores[0] < scores[1]
    assert int(scores[1]) == int(scores[2]) and scores[1] != scores[2]
