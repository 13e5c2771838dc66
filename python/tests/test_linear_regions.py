"""Linear regions of thin networks, by hand and counted another way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import make_reference
import pytest
import torch
from numpy.random import RandomState
from test_newer import SIZES
from torch import Tensor, nn

from nas_assay.exchange import FORMS, Network
from nas_assay.torch import az_nas, linear_regions, nds

PLACE = torch.arange(4 * 3 * 8 * 8, dtype=torch.float64).reshape(4, 3, 8, 8)


def images(count: int = 5, side: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(4)
    return torch.randn(count, 3, side, side, dtype=torch.float64, generator=generator)


def described(space: str, text: str | None = None, form: str = "stand-alone") -> Network:
    sizes: dict[str, Any] = {**SIZES[space][FORMS.index(form)], "classes": 5, "resolution": 16}
    text = text or make_reference.ARCHITECTURES[space](RandomState(12))
    return Network(space, text, form, sizes, ())


def one_edge(operation: str) -> Network:
    return described("nb201", f"|none~0|+|none~0|none~1|+|{operation}~0|none~1|none~2|")


def thin(description: Network, seed: int = 3) -> linear_regions.Thin:
    network = linear_regions.Thin(description).double()
    found = az_nas.kaiming(network, torch.Generator().manual_seed(seed))
    assert isinstance(found, linear_regions.Thin)
    return found


def batches(count: int = 2) -> list[Tensor]:
    generator = torch.Generator().manual_seed(5)
    places = [linear_regions.drawn_places(images(), generator) for _ in range(count)]
    return [linear_regions.cut(images(), place) for place in places]


def test_patches_are_nine_neighbours_of_one_channel() -> None:
    places = linear_regions.drawn_places(PLACE, torch.Generator().manual_seed(1))
    patches = linear_regions.cut(PLACE, places)
    assert patches.shape == (1000, 1, 3, 3)
    for patch, (image, channel, top, left) in zip(patches, places.tolist()):
        for row in range(3):
            for column in range(3):
                place = ((image * 3 + channel) * 8 + top + row) * 8 + left + column
                assert patch[0, row, column] == place
    # With 432 places, a batch of 1000 misses a few.
    assert len(set(map(tuple, places.tolist()))) > 350
    assert places.amin(0).tolist() == [0] * 4 and places.amax(0).tolist() == [3, 2, 5, 5]
    assert linear_regions.bounds(torch.zeros(1, 3, 2, 9)) == (1, 3, 1, 7)
    smaller = linear_regions.cut(PLACE[..., :2, :5], torch.tensor([[0, 0, 0, 2]]))
    assert smaller.shape == (1, 1, 2, 3)


def test_rows_are_counted_and_not_columns() -> None:
    class Whole(linear_regions.Thin):
        """A ReLU of the patches."""

        def __init__(self) -> None:
            nn.Module.__init__(self)
            self.relu = nn.ReLU()

        def forward(self, patches: Tensor) -> Tensor:
            patches = self.relu(patches)
            return patches

    rows = torch.tensor([[1.0, 2.0, 0.0, -1.0], [3.0, 0.5, -0.0, -2.0], [1.0, -1.0, 0.0, 0.0]])
    shaped = rows.reshape(3, 1, 2, 2)
    assert linear_regions.regions(Whole(), [shaped]) == 2
    assert linear_regions.regions(Whole(), [rows.T.reshape(4, 1, 1, 3)]) == 3
    # Equal patterns of two batches are one.
    assert linear_regions.regions(Whole(), [shaped, shaped.flip(0), shaped[:1]]) == 2
    assert linear_regions.regions(Whole(), [shaped[:1], shaped[2:]]) == 2
    for broken in (math.nan, math.inf, -math.inf):
        assert math.isnan(linear_regions.regions(Whole(), [shaped, shaped * broken]))


def test_regions_of_cells_with_one_edge_are_known() -> None:
    drawn = batches()

    def count(pixel: Callable[[Tensor], Tensor], *more: Callable[[Tensor], Tensor]) -> int:
        patterns = set()
        for batch in drawn:
            mean = pixel(batch).mean()
            for patch in batch:
                bits = [pixel(patch) > mean, *(bit(patch) for bit in more)]
                patterns.add(tuple(torch.cat([b.flatten() for b in bits]).tolist()))
        return len(patterns)

    def score(operation: str) -> float:
        return linear_regions.regions(thin(one_edge(operation)), drawn)

    # Without a path all is 0.
    assert score("none") == 1
    skip = count(lambda x: x)
    assert 50 < skip < 512 and score("skip_connect") == skip
    # The sign of the only weight turns bits, but not their number.
    convolution = count(torch.relu, lambda x: x > 0)
    assert convolution > skip and score("nor_conv_1x1") == convolution
    # Of equal patches there is one region.
    same = [torch.ones(7, 1, 3, 3, dtype=torch.float64)] * 2
    assert linear_regions.regions(thin(one_edge("nor_conv_3x3")), same) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("space", SIZES)
def test_patterns_are_those_of_all_relus_of_the_part(space: str, form: str) -> None:
    description = described(space, form=form)
    network, patches = thin(description), batches(1)[0][:40]
    found = linear_regions.patterns(network, patches)
    assert found is not None
    outputs: list[Tensor] = []
    for name, module in network.named_modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda _m, _i, o: outputs.append(o.flatten(1) > 0))
            if name.startswith(("network.stem", "network.head", "network.cell2")):
                module.register_forward_hook(lambda _m, _i, _o: pytest.fail("not of the part"))
    network(patches)
    assert torch.equal(torch.cat(outputs, dim=1), found)
    rows = {tuple(row) for row in found.tolist()}
    assert linear_regions.regions(network, [patches]) == len(rows) > 1
    score = linear_regions.linear_regions(description, images())
    assert 1 < score <= 3000 and score == linear_regions.linear_regions(description, images())
    other = torch.Generator().manual_seed(1)
    assert linear_regions.linear_regions(description, images(), other) != score


def test_thin_networks_are_thin() -> None:
    for space, form in ((space, form) for space in SIZES for form in FORMS):
        network = linear_regions.Thin(described(space, form=form))
        first = batches(1)[0][:5].float()
        part = network.network.get_submodule("stage0" if space.startswith("nds") else "cell0")
        shapes: list[torch.Size] = []
        part.register_forward_hook(lambda _m, i, _o, shapes=shapes: shapes.append(i[0].shape))
        network(first)
        expected = {"nb101": 1, "nb201": 1, "nb301": 3, "nds_resnet": 4, "nds_resnext_a": 4}[space]
        if (space, form) == ("nb101", "stand-alone"):
            expected = network.channels
            assert expected in (1, 2)
        assert shapes[0] == (5, expected, 3, 3)


def test_the_thin_network_of_a_design_space_has_a_quarter_of_the_width() -> None:
    text = "d1,2,1 w16,24,48"
    for divisor in (1, 2, 4):
        sizes = {**SIZES["nds_resnet"][0], "width_divisor": divisor, "classes": 5}
        network = linear_regions.Thin(Network("nds_resnet", text, "stand-alone", sizes, ()))
        model = network.network
        assert isinstance(model, nds.ResNet)
        widths = [
            module.conv_b.out_channels
            for module in model.modules()
            if isinstance(module, nds.BasicBlock)
        ]
        assert widths == [4, 6, 6, 12]


def test_a_cell_has_a_channel_for_each_vertex_of_its_output() -> None:
    counts = set()
    for seed in range(40):
        text = make_reference.sample_nb101(RandomState(seed))
        # The last column of the matrix, without the input of the cell.
        parents = text[6:49:7][1:].count("1")
        assert linear_regions.Thin(described("nb101", text)).channels == parents
        counts.add(parents)
    assert counts == {1, 2}
