"""Every newer estimator on networks of all spaces, and that none changes the network."""

from __future__ import annotations

import copy
import math
from typing import Any

import make_reference
import pytest
import torch
from numpy.random import RandomState
from torch import Tensor, nn

from nas_assay.exchange import FORMS, Network
from nas_assay.torch import estimators, load

BATCH = 20
SIDE = 16

SIZES: dict[str, list[dict[str, Any]]] = {
    "nb101": [{"channels": 4, "cells": 1}, {"channels": 2, "layers": 3, "affine": True}],
    "nb201": [{"channels": 4, "cells": 1, "cell_affine": flag} for flag in (True, False)],
    "nb301": [{"channels": 4, "layers": 3, "cell_affine": flag} for flag in (True, False)],
    **{
        space: [
            {"stem": 16, "stem_stride": 1, "width_divisor": 4, "block_affine": own, "projection": p}
            for own, p in ((True, "where-shape-changes"), (False, "every-stage"))
        ]
        for space in ("nds_resnet", "nds_resnext_a")
    },
}
"""The networks of either form."""


def drawn(space: str, form: str) -> tuple[nn.Module, Tensor, Tensor]:
    """A network of a space with random weights, images and labels."""
    random = RandomState(11)
    sizes = SIZES[space][FORMS.index(form)]
    text = make_reference.ARCHITECTURES[space](random)
    description = Network(space, text, form, {**sizes, "classes": 5, "resolution": SIDE}, ())
    exchange = make_reference.drawn(description, SIDE, random)
    network = load(exchange)
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(BATCH, 3, SIDE, SIDE, generator=generator, dtype=torch.float64)
    return network, images, torch.arange(BATCH) % 5


@pytest.mark.parametrize("space", SIZES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", estimators.NEWER)
def test_each_has_a_score_on_all_spaces(name: str, space: str, form: str) -> None:
    score = estimators.NEWER[name]
    if (name, space, form) == ("az_trainability", "nb101", "supernet"):
        # Pooling with padding takes 16 pixels to 9.
        with pytest.raises(ValueError, match="no multiple"):
            score(*drawn(space, form))
    elif (name, space, form) == ("ntk_cond", "nb101", "supernet"):
        # The sum of the logits over the batch is constant, and with it that of the rows of J.
        assert score(*drawn(space, form)) == math.inf
    else:
        assert math.isfinite(score(*drawn(space, form)))


def test_names_are_new() -> None:
    assert not set(estimators.NEWER) & set(estimators.ALL)


@pytest.mark.parametrize("name", estimators.NEWER)
@pytest.mark.parametrize("training", [False, True])
def test_a_network_is_left_as_it_was_and_the_score_does_not_depend_on_what_it_saw(
    name: str, training: bool
) -> None:
    network, images, labels = drawn("nb201", "stand-alone")
    frozen = next(network.parameters()).requires_grad_(False)
    score = estimators.NEWER[name]
    reference = score(network, images, labels)
    # Other running statistics.
    network(7 * images + 1)
    network.train(training)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert score(network, images, labels) == reference
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert all(module.training == training for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not frozen.requires_grad and images.grad is None and not images.requires_grad
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


def test_the_order_of_estimators_does_not_matter() -> None:
    network, images, labels = drawn("nb201", "stand-alone")
    there = {name: score(network, images, labels) for name, score in estimators.NEWER.items()}
    backwards = reversed(list(estimators.NEWER.items()))
    assert {name: score(network, images, labels) for name, score in backwards} == there


@pytest.mark.parametrize("name", ["meco_opt", "near", "zen", "swap", "az_expressivity"])
def test_what_is_drawn_comes_from_the_generator(name: str) -> None:
    network, images, _ = drawn("nb201", "stand-alone")

    def score(seed: int) -> float:
        function: Any = estimators.NEWER[name]
        return float(function(network, images, None, torch.Generator().manual_seed(seed)))

    scores = [score(seed) for seed in (1, 2, 1)]
    assert scores[0] == scores[2] != scores[1]


def test_single_precision_is_near_double_precision() -> None:
    network, images, labels = drawn("nb201", "stand-alone")
    for name in ("logsynflow", "snr_synflow", "epe_nas", "zico", "meco", "tcet"):
        score = estimators.NEWER[name]
        exact = score(network, images, labels)
        single = score(copy.deepcopy(network).float(), images.float(), labels)
        assert single == pytest.approx(exact, rel=1e-3), name
