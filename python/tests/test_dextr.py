"""The parts of Dextr, by hand and by differences."""

from __future__ import annotations

import math

import pytest
import torch
from test_by_gradients import TEXT, network, noise, tensor
from test_estimators import LABEL
from torch import Tensor, nn

from nas_assay.torch import by_outputs, dextr, nb101, nb201


def plane(seed: int = 1, side: int = 16) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 3, side, side, dtype=torch.float64, generator=generator)


def cells(text: str, channels: int = 2) -> nn.Module:
    torch.manual_seed(6)
    architecture = nb201.Architecture.parse(text)
    return nb201.CellNetwork(architecture, channels, cells=1, cell_affine=True).double()


def test_ratios_by_hand() -> None:
    assert dextr.ratio(tensor([[3.0, 0.0], [0.0, -1.0]])) == pytest.approx(1 / 3, rel=1e-14)
    # Rows at a right angle, of lengths 5 and 2; three rows of two numbers have two values.
    right = tensor([[3.0, 4.0, 0.0], [0.0, 0.0, 2.0]])
    assert dextr.ratio(right) == pytest.approx(0.4, rel=1e-14)
    assert dextr.ratio(tensor([[3.0, 0.0], [4.0, 0.0], [0.0, 2.0]])) == pytest.approx(0.4)
    assert dextr.ratio(tensor([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]])) < 1e-15
    assert dextr.ratio(torch.zeros(2, 3)) == 0
    assert dextr.ratio(tensor([[1.0], [-2.0], [5.0]])) == 1
    assert math.isnan(dextr.ratio(tensor([[1.0, math.nan]])))


def test_curvatures_by_hand() -> None:
    # A circle of radius 4 at speed 12, then the same while it gets faster in another plane.
    assert dextr.curvature(tensor([0.0, 12.0]), tensor([-36.0, 0.0]), 1) == pytest.approx(0.25)
    bent = dextr.curvature(tensor([0.0, 0.0, 12.0]), tensor([-36.0, 0.0, 5.0]), 1)
    assert bent == pytest.approx(0.25, rel=1e-14)
    assert dextr.curvature(tensor([1.0, 2.0]), tensor([3.0, 6.0]), 1) < 1e-15
    assert dextr.curvature(tensor([2.0]), tensor([7.0]), 1) == 0
    # The formula of the paper, of numbers that it does not cancel.
    v, a = tensor([1.0, -2.0, 0.5]), tensor([0.25, 3.0, -1.0])
    area = math.sqrt(float((v @ v) * (a @ a) - (v @ a) ** 2))
    expected = area / float(v.norm()) ** 3
    assert dextr.curvature(v, a, 1) == pytest.approx(expected, rel=1e-13)
    # Nothing moves but for rounding.
    assert math.isnan(dextr.curvature(torch.zeros(2), torch.zeros(2), 1))
    assert math.isnan(dextr.curvature(tensor([1e-12, 0.0]), tensor([0.0, 1e-12]), 1))


def test_a_linear_network_takes_the_circle_to_an_ellipse() -> None:
    axes = plane(side=4)
    layer = nn.Linear(48, 2, dtype=torch.float64)
    model = nn.Sequential(nn.Flatten(), layer)
    first = axes[0] / axes[0].norm()
    second = axes[1] - (axes[1] * first).sum() * first
    second /= second.norm()
    # Half axes of 3 and 2: at its end, the longer has the curvature 3 / 2**2.
    with torch.no_grad():
        layer.weight.copy_(torch.stack([3 * first.flatten(), 2 * second.flatten()]))
        layer.bias.copy_(tensor([7.0, -1.0]))
    v, a, greatest = dextr.motion(model, axes)
    assert torch.allclose(v, tensor([0.0, 2.0]), atol=1e-13)
    assert torch.allclose(a, tensor([-3.0, 0.0]), atol=1e-13)
    assert greatest == pytest.approx(10)
    assert dextr.curvature(v, a, greatest) == pytest.approx(3 / 4, rel=1e-12)
    side = dextr.motion(model, axes, angle=math.pi / 2)
    assert dextr.curvature(*side) == pytest.approx(2 / 9, rel=1e-12)


def test_derivatives_are_differences() -> None:
    model, axes, step = network(), plane(), 1e-7
    for angle in (0.0, 0.7):
        v, a, _ = dextr.motion(model, axes, angle=angle)
        ahead, behind = (dextr.motion(model, axes, angle=angle + s)[0] for s in (step, -step))
        assert float(a.abs().max()) > 0
        change = (ahead - behind) / (2 * step)
        assert float((change - a).abs().max()) < 1e-6 * float(a.abs().max())
        # And velocities are those of PyTorch's own batch-norm, backwards.
        first = axes[0] / axes[0].norm()
        second = axes[1] - (axes[1] * first).sum() * first
        second /= second.norm()
        at = torch.tensor(angle, dtype=torch.float64, requires_grad=True)
        logits = model((at.cos() * first + at.sin() * second)[None])[0]
        speeds, changes = [], []
        for logit in logits:
            (speed,) = torch.autograd.grad(logit, at, create_graph=True)
            (bend,) = torch.autograd.grad(speed, at, retain_graph=True)
            speeds.append(speed.detach())
            changes.append(bend)
        assert torch.allclose(torch.stack(speeds), v, rtol=1e-10, atol=1e-12)
        assert torch.allclose(torch.stack(changes), a, rtol=1e-10, atol=1e-12)


def test_some_logits_are_those_that_are_chosen() -> None:
    model, axes = network(), plane()
    chosen = torch.tensor([7, 2, 3])
    all_of_them, some = dextr.motion(model, axes), dextr.motion(model, axes, chosen)
    assert torch.equal(some[0], all_of_them[0][chosen])
    assert torch.equal(some[1], all_of_them[1][chosen])
    assert some[2] == all_of_them[2]


def test_both_parts_make_the_score() -> None:
    model, batch, axes = network(), noise(3), plane()
    v = math.log1p(sum(dextr.ratios(model, batch)))
    k = math.log1p(dextr.curvature(*dextr.motion(model, axes)))
    assert v > 0 and k > 0
    expected = 1 / (1 / v + 1 / k)
    assert dextr.dextr_of(model, batch, axes) == pytest.approx(expected, rel=1e-12)
    # Only the first image counts.
    other = torch.cat([batch[:1], 3 - batch[1:]])
    assert dextr.dextr_of(model, other, axes) == dextr.dextr_of(model, batch, axes)


def test_tensors_are_those_of_meco_and_the_means() -> None:
    model, batch = network(), noise(2)
    found = dextr.ratios(model, batch)
    maps = by_outputs.maps(model, batch)
    assert len(found) == len(maps) + 1
    # The classifier and its input are vectors.
    assert list(maps)[-1] == "classifier" and found[-2] == found[-1] == 1
    expected = [torch.linalg.svdvals(m.double()) for m in maps.values()]
    for own, values in zip(found, expected):
        assert own == pytest.approx(float(values.min() / values.max()), rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("form", ["nb201", "nb101"])
def test_without_a_motion_the_singular_values_are_the_score(form: str) -> None:
    if form == "nb201":
        model = cells("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    else:
        # The means of an output of batch-norm without a shift are 0.
        text = "0100110001001000010000000100000000100000010000000:input"
        text += "|maxpool3x3|conv1x1-bn-relu|maxpool3x3|conv3x3-bn-relu|conv3x3-bn-relu|output"
        torch.manual_seed(2)
        model = nb101.OneShot(nb101.Architecture.parse(text), channels=1, layers=3).double()
    assert math.isnan(dextr.curvature(*dextr.motion(model, plane())))
    expected = math.log1p(sum(dextr.ratios(model, noise(1))))
    assert dextr.dextr(model, noise(1), LABEL) == pytest.approx(expected, rel=1e-14)
    assert expected >= math.log(3)


def test_the_spelling_of_a_cell_does_not_matter() -> None:
    # In both, two convolutions read the input and the output adds them up.
    one = cells("|skip_connect~0|+|none~0|none~1|+|nor_conv_1x1~0|nor_conv_3x3~1|none~2|")
    two = cells("|nor_conv_1x1~0|+|nor_conv_3x3~0|none~1|+|none~0|skip_connect~1|skip_connect~2|")
    with torch.no_grad():
        for there, here in zip(one.parameters(), two.parameters()):
            there.copy_(here)
    assert torch.equal(one(noise(2)), two(noise(2)))
    scores = [dextr.dextr_of(model, noise(1), plane()) for model in (one, two)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-13)


def test_single_precision_is_taken_to_double() -> None:
    model = cells(TEXT)
    single = model.float()
    doubled = cells(TEXT)
    doubled.load_state_dict(single.state_dict())
    image = noise(1).float()
    assert dextr.dextr_of(single, image, plane()) == dextr.dextr_of(
        doubled, image.double(), plane()
    )
