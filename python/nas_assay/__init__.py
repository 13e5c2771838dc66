"""The networks of nas-assay, with weights, images and logits, for programs in Python.

``nas_assay.exchange`` reads files that nas-assay wrote and needs NumPy only. ``nas_assay.torch``
builds their networks in PyTorch and has the zero-shot estimators. ``nas_assay.estimator`` makes a
function an estimator that nas-assay judges, and ``nas_assay.verify`` and ``nas_assay.records`` call
the program and return its numbers.
"""

from nas_assay.exchange import Exchange, Network, Tensor, read
from nas_assay.program import ProgramError, program, records, run, verify
from nas_assay.worker import Batch, estimator

__all__ = [
    "Batch",
    "Exchange",
    "Network",
    "ProgramError",
    "Tensor",
    "estimator",
    "program",
    "read",
    "records",
    "run",
    "verify",
]
