"""Texts of architectures, and what follows from the architecture alone."""

from __future__ import annotations

import pytest

from nas_assay.torch import nb101, nb201, nb301, nds

NB101 = (
    "0101000001011100001110000000000000000000000000000:"
    "input|conv1x1-bn-relu|maxpool3x3|conv3x3-bn-relu|conv1x1-bn-relu|conv1x1-bn-relu|output"
)
NB201 = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|"
CELL = (
    "sep_conv_3x3:0>2;skip_connect:1>2;dil_conv_5x5:0>3;max_pool_3x3:2>3;"
    "avg_pool_3x3:1>4;dil_conv_3x3:3>4;sep_conv_5x5:2>5;skip_connect:4>5"
)


def test_nb101_reads_edges_and_operations() -> None:
    architecture = nb101.Architecture.parse(NB101)
    assert [architecture.parents(v) for v in range(7)] == [
        [],
        [0],
        [1],
        [0],
        [1, 2],
        [1, 2],
        [1, 2],
    ]
    assert architecture.operations[:3] == ("conv1x1-bn-relu", "maxpool3x3", "conv3x3-bn-relu")


def test_nb101_vertices_without_a_path_to_the_output_are_not_used() -> None:
    assert nb101.Architecture.parse(NB101).used() == [1, 2]


def test_nb101_parents_of_the_output_share_its_channels_and_the_first_get_the_rest() -> None:
    architecture = nb101.Architecture.parse(NB101)
    assert architecture.channels(8) == {1: 4, 2: 4}
    assert architecture.channels(9) == {1: 5, 2: 4}


def test_nb101_other_vertices_are_as_wide_as_their_widest_child() -> None:
    # A chain from 0 to 5, with 0 to 4, 3 to 5 and 4 to 6 beside it. Only 4 and 5 feed the output.
    text = (
        "0100100001000000010000000110000001100000010000000:input|maxpool3x3|maxpool3x3|maxpool3x3"
        "|maxpool3x3|maxpool3x3|output"
    )
    assert nb101.Architecture.parse(text).channels(9) == {1: 5, 2: 5, 3: 5, 4: 5, 5: 4}


@pytest.mark.parametrize(
    "text",
    [
        "",
        NB101 + "|output",
        NB101.replace("maxpool3x3", "maxpool5x5"),
        "1" + NB101[1:],
        NB101.replace("010100", "010110", 1),
        NB101.replace(":", "", 1),
        # Vertex 1 is its own parent.
        NB101.replace("01010000010111", "00010000110111", 1),
    ],
)
def test_nb101_refuses_what_is_no_cell(text: str) -> None:
    with pytest.raises(ValueError):
        nb101.Architecture.parse(text)


def test_nb201_reads_the_operations_edge_by_edge() -> None:
    architecture = nb201.Architecture.parse(NB201)
    assert architecture.operations == (
        "nor_conv_3x3",
        "none",
        "skip_connect",
        "avg_pool_3x3",
        "none",
        "nor_conv_1x1",
    )


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        (NB201, [(0, 1), (1, 2), (0, 3), (2, 3)]),
        ("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", []),
        # Node 1 gets nothing, so that what comes from it is not executed.
        (
            "|none~0|+|none~0|skip_connect~1|+|skip_connect~0|skip_connect~1|skip_connect~2|",
            [(0, 3)],
        ),
        # Neither node 1 nor node 2 reaches the output.
        ("|skip_connect~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|none~2|", [(0, 3)]),
        # Node 2 does not reach the output.
        (
            "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|skip_connect~1|none~2|",
            [(0, 1), (1, 3)],
        ),
    ],
)
def test_nb201_executes_edges_between_input_and_output(
    text: str, edges: list[tuple[int, int]]
) -> None:
    executed = nb201.Architecture.parse(text).executed()
    assert [(source, target) for source, target, _ in executed] == edges


@pytest.mark.parametrize(
    "text", ["", NB201 + "|", NB201.replace("none", "zero"), NB201.replace("~2", "~1"), " " + NB201]
)
def test_nb201_refuses_what_is_no_architecture(text: str) -> None:
    with pytest.raises(ValueError):
        nb201.Architecture.parse(text)


def test_nb301_reads_both_cells() -> None:
    other = CELL.replace("sep_conv_3x3", "avg_pool_3x3")
    architecture = nb301.Architecture.parse(f"{CELL}|{other}")
    assert architecture.normal[0] == nb301.Edge("sep_conv_3x3", 0, 2)
    assert architecture.reduction[0] == nb301.Edge("avg_pool_3x3", 0, 2)
    assert architecture.normal[-1] == nb301.Edge("skip_connect", 4, 5)


@pytest.mark.parametrize(
    "cell",
    [
        CELL + ";skip_connect:4>5",
        CELL.rsplit(";", 1)[0],
        CELL.replace("1>2", "0>2"),
        CELL.replace("4>5", "5>5"),
        CELL.replace("2>3", "3>3"),
        CELL.replace("skip_connect", "none"),
        CELL.replace("0>2;skip_connect:1>2", "1>2;skip_connect:0>2"),
    ],
)
def test_nb301_refuses_what_is_no_cell(cell: str) -> None:
    with pytest.raises(ValueError):
        nb301.Architecture.parse(f"{cell}|{CELL}")
    with pytest.raises(ValueError):
        nb301.Architecture.parse(f"{CELL}|{cell}")


@pytest.mark.parametrize("text", [CELL, f"{CELL}|{CELL}|{CELL}", f"{CELL}|"])
def test_nb301_has_two_cells(text: str) -> None:
    with pytest.raises(ValueError):
        nb301.Architecture.parse(text)


def test_nds_reads_the_stages() -> None:
    assert nds.parse("nds_resnet", "d1,12,6 w24,256,16") == (
        nds.Stage(1, 24),
        nds.Stage(12, 256),
        nds.Stage(6, 16),
    )
    assert nds.parse("nds_resnext_a", "d1,16,4 w64,128,16 r0.25,0.5,1 g2,1,4") == (
        nds.Stage(1, 64, 16, 2),
        nds.Stage(16, 128, 64, 1),
        nds.Stage(4, 16, 16, 4),
    )


def test_nds_a_divided_bottleneck_has_no_more_groups_than_channels() -> None:
    assert nds.Stage(2, 32, 8, 4).divided(4) == nds.Stage(2, 8, 2, 2)
    assert nds.Stage(2, 32, 8, 4).divided(2) == nds.Stage(2, 16, 4, 4)
    assert nds.Stage(2, 24).divided(4) == nds.Stage(2, 6)


@pytest.mark.parametrize(
    ("space", "text"),
    [
        ("nds_resnet", "d1,12,5 w24,256,16"),
        ("nds_resnet", "d1,12,6 w24,256,17"),
        ("nds_resnet", "d1,12,6  w24,256,16"),
        ("nds_resnet", "d1,12,6 w24,256,16 r1,1,1 g1,1,1"),
        ("nds_resnext_a", "d1,16,4 w64,128,16"),
        ("nds_resnext_a", "d1,16,4 w64,128,16 r0.25,0.5,0.75 g2,1,4"),
        ("nds_resnext_a", "d1,16,4 w64,128,16 r0.25,0.5,1 g2,1,3"),
    ],
)
def test_nds_refuses_what_is_no_architecture(space: str, text: str) -> None:
    with pytest.raises(ValueError):
        nds.parse(space, text)
