"""Networks: their sizes against the benchmarks' own tables, and small parts by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch import nn

from nas_assay.exchange import Exchange, ExchangeError, Network, Tensor
from nas_assay.torch import load, nb101, nb201, nb301, nds, network

MAX = "input|maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3|output"
PAIRS = [(0, 2), (1, 2), (0, 3), (1, 3), (0, 4), (1, 4), (0, 5), (1, 5)]


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def cell301(operation: str) -> str:
    return ";".join(f"{operation}:{source}>{target}" for source, target in PAIRS)


def describe(space: str, architecture: str, form: str, **skeleton: Any) -> Network:
    return Network(space, architecture, form, skeleton, ())


def test_nb101_has_as_many_parameters_as_in_the_benchmark() -> None:
    # The cell in the README of NAS-Bench-101, which is not in the sub-space, and two of its rows.
    matrix = ["0111010", "0000001", "0000001", "0000100", "0000001", "0000001", "0000000"]
    readme = nb101.Architecture(
        tuple(tuple(bit == "1" for bit in row) for row in matrix),
        ("conv1x1-bn-relu", "conv3x3-bn-relu", "conv3x3-bn-relu", "conv3x3-bn-relu", "maxpool3x3"),
    )
    assert parameters(nb101.StandAlone(readme)) == 2_694_282
    row = nb101.Architecture.parse(
        "0100000001000000011100000101000001000000010000000:input|conv3x3-bn-relu|conv3x3-bn-relu"
        "|maxpool3x3|conv1x1-bn-relu|conv1x1-bn-relu|output"
    )
    assert parameters(nb101.StandAlone(row)) == 5_617_418


def test_nb201_has_as_many_parameters_as_in_the_benchmark() -> None:
    convolutions = nb201.Architecture(("nor_conv_3x3",) * 6)
    assert parameters(nb201.CellNetwork(convolutions, cell_affine=True)) == 1_531_546
    nothing = nb201.Architecture(("none",) * 6)
    assert parameters(nb201.CellNetwork(nothing, cell_affine=True)) == 73_306
    row = nb201.Architecture.parse(
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1"
        "|skip_connect~2|"
    )
    assert parameters(nb201.CellNetwork(row, cell_affine=True)) == 129_306


@pytest.mark.parametrize(
    ("operation", "normal", "reduction"),
    [
        ("sep_conv_3x3", 119_952, 56_592),
        ("sep_conv_5x5", 136_080, 63_504),
        ("dil_conv_3x3", 59_976, 28_296),
        ("dil_conv_5x5", 68_040, 31_752),
        ("max_pool_3x3", 0, 0),
        ("avg_pool_3x3", 0, 0),
        ("skip_connect", 0, 26_352),
    ],
)
def test_nb301_has_as_many_parameters_as_the_closed_form(
    operation: str, normal: int, reduction: int
) -> None:
    pool, tested = cell301("max_pool_3x3"), cell301(operation)
    first = nb301.CellNetwork(nb301.Architecture.parse(f"{tested}|{pool}"))
    second = nb301.CellNetwork(nb301.Architecture.parse(f"{pool}|{tested}"))
    assert parameters(first) == 495_190 + 8 * normal
    assert parameters(second) == 495_190 + 8 * reduction


@pytest.mark.parametrize(
    ("space", "text", "count", "flops"),
    [
        ("nds_resnet", "d12,12,16 w24,32,40", 808_234, 216_687_514),
        ("nds_resnext_a", "d16,1,4 w64,128,16 r0.25,0.25,0.25 g2,1,2", 83_002, 69_890_986),
    ],
)
def test_nds_has_as_many_parameters_and_flops_as_in_the_benchmark(
    space: str, text: str, count: int, flops: int
) -> None:
    module = nds.ResNet(nds.parse(space, text))
    assert parameters(module) == count
    total = 0

    def add(layer: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.Conv2d):
            total += output[0].numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.BatchNorm2d):
            total += 5 * output[0].numel()
        elif isinstance(layer, nn.Linear):
            total += layer.weight.numel() + layer.bias.numel()

    for layer in module.modules():
        layer.register_forward_hook(add)
    module.to("meta")(torch.zeros(2, 3, 32, 32, device="meta"))
    assert total == flops


@pytest.mark.parametrize("side", [16, 15])
def test_nb101_pooling_rounds_up_and_padded_pooling_adds_a_pixel(side: int) -> None:
    architecture = nb101.Architecture.parse(
        f"0100001001101000001000000100000001000000010000000:{MAX}"
    )
    sides: dict[str, int] = {}

    def watch(name: str) -> Any:
        return lambda _module, _inputs, output: sides.__setitem__(name, output.shape[-1])

    for module in (
        nb101.StandAlone(architecture, channels=4, cells=1),
        nb101.OneShot(architecture, channels=2, layers=3),
    ):
        sides.clear()
        for name, layer in module.named_children():
            if name.startswith("cell"):
                layer.register_forward_hook(watch(name))
        assert module(torch.randn(2, 3, side, side)).shape == (2, 10)
        padded = isinstance(module, nb101.OneShot)
        second = side // 2 + 1 if padded else (side + 1) // 2
        third = second // 2 + 1 if padded else (second + 1) // 2
        assert sides == {"cell0": side, "cell1": second, "cell2": third}


def test_nb101_a_narrow_vertex_takes_the_first_channels_of_its_parents() -> None:
    vertex = nb101.Vertex("maxpool3x3", None, 2)
    parent = torch.arange(3.0).reshape(1, 3, 1, 1)
    assert vertex(torch.zeros(1), [parent, parent]).flatten().tolist() == [0.0, 2.0]


def test_nb101_one_shot_cells_give_zeros_for_blocks_that_are_no_parents_of_the_output() -> None:
    # The output has parents 0 and 5.
    architecture = nb101.Architecture.parse(
        f"0100001001101000001000000100000001000000010000000:{MAX}"
    )
    cell = nb101.OneShotCell(architecture, 3, 2, affine=True)
    nn.init.zeros_(cell.output.projection.bn.weight)  # type: ignore[union-attr]
    blocks = cell(torch.randn(4, 3, 5, 5)).reshape(4, 5, 2, 5, 5)
    assert blocks[:, :4].abs().max() == 0
    assert blocks[:, 4].abs().max() > 0


def test_nb201_a_cell_sums_what_arrives_at_a_node() -> None:
    cell = nb201.Cell(nb201.Architecture(("skip_connect",) * 6), 1, affine=False)
    # Node 1 is x, node 2 is x + x, node 3 is x + x + 2x.
    assert cell(torch.ones(1, 1, 2, 2)).flatten().tolist() == [4.0] * 4


def test_nb201_a_cell_without_a_path_gives_zeros_and_padding_is_not_averaged() -> None:
    x = torch.full((1, 1, 3, 3), 2.0)
    assert nb201.Cell(nb201.Architecture(("none",) * 6), 1, affine=False)(x).abs().sum() == 0
    pooled = nb201.Architecture(("none", "none", "none", "avg_pool_3x3", "none", "none"))
    assert torch.equal(nb201.Cell(pooled, 1, affine=False)(x), x)


@pytest.mark.parametrize(
    ("side", "even", "odd"),
    [(4, [0, 2, 8, 10], [5, 7, 13, 15]), (3, [0, 2, 6, 8], [4, 0, 0, 0])],
)
def test_nb301_a_factorised_reduction_takes_even_and_odd_pixels(
    side: int, even: list[int], odd: list[int]
) -> None:
    layer = nb301.FactorizedReduce(1, 2, affine=False)
    layer.bn = nn.Identity()  # type: ignore[assignment]
    nn.init.ones_(layer.conv_even.weight)
    nn.init.ones_(layer.conv_odd.weight)
    output = layer(torch.arange(float(side * side)).reshape(1, 1, side, side))
    assert output[0, 0].flatten().tolist() == even
    assert output[0, 1].flatten().tolist() == odd


def test_nb301_cells_halve_the_maps_at_one_and_two_thirds() -> None:
    architecture = nb301.Architecture.parse(f"{cell301('sep_conv_3x3')}|{cell301('dil_conv_5x5')}")
    module = nb301.CellNetwork(architecture, channels=2, layers=5)
    shapes = []
    for i in range(5):
        getattr(module, f"cell{i}").register_forward_hook(
            lambda _module, _inputs, output: shapes.append(tuple(output.shape[1:]))
        )
    module(torch.randn(2, 3, 15, 15))
    assert shapes == [(8, 15, 15), (16, 8, 8), (16, 8, 8), (32, 4, 4), (32, 4, 4)]


def test_nb301_may_have_batch_norm_behind_pooling() -> None:
    architecture = f"{cell301('max_pool_3x3')}|{cell301('avg_pool_3x3')}"
    skeleton = {"channels": 2, "layers": 3, "classes": 3, "cell_affine": True}

    def behind(**more: bool) -> list[nn.Module]:
        module = network(describe("nb301", architecture, "supernet", **skeleton, **more))
        edges = [part for name, part in module.named_modules() if name.split(".")[-1][:4] == "edge"]
        assert len(edges) == 24
        for edge in edges:
            assert not list(edge.parameters())
        return [part for edge in edges for part in edge.modules() if part is not edge]

    assert behind() == behind(pool_norm=False) == []
    parts = behind(pool_norm=True)
    kinds = [type(part) for part in parts[:2] + parts[16:18]]
    assert kinds == [nn.MaxPool2d, nn.BatchNorm2d, nn.AvgPool2d, nn.BatchNorm2d]
    images = torch.randn(4, 2, 5, 5)
    edge = nb301.operation("max_pool_3x3", 2, 2, affine=True, pool_norm=True)
    pooled = nn.functional.max_pool2d(images, 3, 2, 1)
    centred = pooled - pooled.mean(dim=(0, 2, 3), keepdim=True)
    spread = (pooled.var(dim=(0, 2, 3), keepdim=True, unbiased=False) + 1e-5).sqrt()
    assert torch.allclose(edge(images), centred / spread, atol=1e-5)


def test_nds_projections_stand_where_the_skeleton_says() -> None:
    stages = nds.parse("nds_resnet", "d2,1,1 w16,16,24")

    def projected(projection: str) -> list[str]:
        module = nds.ResNet(stages, projection=projection)
        return [
            name
            for name, block in module.named_modules()
            if isinstance(block, nds.BasicBlock) and isinstance(block.shortcut, nds.Projection)
        ]

    assert projected("where-shape-changes") == ["stage1.block0", "stage2.block0"]
    assert projected("every-stage") == ["stage0.block0", "stage1.block0", "stage2.block0"]


def test_the_network_of_a_description_follows_its_skeleton() -> None:
    resnext = describe(
        "nds_resnext_a",
        "d1,1,2 w32,32,16 r0.25,1,0.5 g4,2,1",
        "supernet",
        stem=16,
        stem_stride=2,
        width_divisor=4,
        classes=7,
        block_affine=False,
        projection="every-stage",
    )
    module = network(resnext)
    shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
    assert shapes["stem.conv.weight"] == (4, 3, 3, 3)
    assert shapes["stage0.block0.conv_b.weight"] == (2, 1, 3, 3)
    assert shapes["classifier.weight"] == (7, 4)
    assert [name for name in shapes if ".bn" in name] == ["stem.bn.weight", "stem.bn.bias"]
    assert module(torch.randn(3, 3, 16, 16)).shape == (3, 7)


def exchange(description: Network, module: nn.Module) -> Exchange:
    weights = {name: p.detach().numpy() for name, p in module.named_parameters()}
    tensors = tuple(Tensor(name, array.shape) for name, array in weights.items())
    full = Network.from_json(
        Network(
            description.space,
            description.architecture,
            description.form,
            description.skeleton,
            tensors,
        ).to_json()
    )
    nothing = torch.zeros(1).numpy()
    return Exchange(full, weights, nothing, nothing.astype("int64"), nothing)


NONE = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


def test_weights_are_loaded_in_their_precision_and_the_network_trains() -> None:
    skeleton = {"channels": 2, "cells": 1, "classes": 3, "cell_affine": True}
    description = describe("nb201", NONE.replace("none", "nor_conv_1x1"), "stand-alone", **skeleton)
    original = network(description).double()
    loaded = load(exchange(description, original))
    assert loaded.training
    images = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    assert torch.equal(loaded(images), original(images))


def test_weights_of_another_network_are_refused_by_name() -> None:
    skeleton = {"channels": 2, "cells": 1, "classes": 3, "cell_affine": True}
    description = describe("nb201", NONE, "stand-alone", **skeleton)
    other = network(describe("nb201", NONE, "stand-alone", **{**skeleton, "classes": 4}))
    with pytest.raises(ExchangeError, match=r"differ: classifier.bias, classifier.weight$"):
        load(exchange(description, other))


def test_a_description_is_json() -> None:
    text = describe("nb201", NONE, "supernet", channels=2).to_json()
    assert json.loads(text)["skeleton"] == {"channels": 2}
