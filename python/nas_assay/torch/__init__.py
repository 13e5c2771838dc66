"""The networks of the five search spaces as PyTorch modules, and the zero-shot estimators.

>>> from nas_assay import read
>>> from nas_assay.torch import estimators, load
>>> exchange = read("network.safetensors")
>>> network = load(exchange)
>>> estimators.snip(network, images, labels)
"""

from __future__ import annotations

import torch
from torch import nn

from nas_assay.exchange import Exchange, ExchangeError, Network
from nas_assay.torch import (
    az_nas,
    by_gradients,
    by_outputs,
    by_responses,
    dextr,
    estimators,
    linear_regions,
    nb101,
    nb201,
    nb301,
    nds,
    vkdnw,
)

__all__ = [
    "az_nas",
    "batch",
    "by_gradients",
    "by_outputs",
    "by_responses",
    "dextr",
    "estimators",
    "linear_regions",
    "load",
    "nb101",
    "nb201",
    "nb301",
    "nds",
    "network",
    "vkdnw",
]

_BUILDERS = {
    "nb101": nb101.network,
    "nb201": nb201.network,
    "nb301": nb301.network,
    "nds_resnet": nds.network,
    "nds_resnext_a": nds.network,
}


def network(description: Network) -> nn.Module:
    """The network of a description, with PyTorch's default random weights in single precision.

    The names of its parameters are those of the description.
    """
    return _BUILDERS[description.space](description)


def load(exchange: Exchange) -> nn.Module:
    """The network of an exchange file with the weights of the file, in their precision.

    It is in training mode, so that batch-norm uses the statistics of the batch, as nas-assay does.

    Raises ``ExchangeError`` if the parameters of the network are not exactly the tensors of the
    file.
    """
    module = network(exchange.description)
    weights = {name: torch.from_numpy(array) for name, array in exchange.weights.items()}
    expected = {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if expected != found:
        odd = sorted({name for name, _ in set(expected.items()) ^ set(found.items())})
        raise ExchangeError(f"parameters and tensors differ: {', '.join(odd)}")
    module.to(next(iter(weights.values())).dtype)
    module.load_state_dict(weights, strict=False)
    return module.train()


def batch(exchange: Exchange) -> tuple[torch.Tensor, torch.Tensor]:
    """The images ``[batch, 3, side, side]`` and labels ``[batch]`` of an exchange file."""
    return torch.from_numpy(exchange.images), torch.from_numpy(exchange.labels)
