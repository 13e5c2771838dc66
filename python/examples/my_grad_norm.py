"""An estimator for ``nas-assay``: the sum over layers of the norm of the loss gradient.

nas-assay verify --command "python my_grad_norm.py"
"""

import torch
from torch import nn
from torch.nn import functional

import nas_assay


@nas_assay.estimator
def score(network: nn.Module, batch: nas_assay.Batch) -> float:
    weights = [
        module.weight for module in network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))
    ]
    loss = functional.cross_entropy(network(batch.images), batch.labels)
    gradients = torch.autograd.grad(loss, weights, allow_unused=True)
    return float(sum(gradient.double().norm() for gradient in gradients if gradient is not None))
