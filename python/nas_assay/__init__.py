"""The networks of nas-assay, with weights, images and logits, for programs in Python.

``nas_assay.exchange`` reads files that nas-assay wrote and needs NumPy only. ``nas_assay.torch``
builds their networks in PyTorch and has the zero-shot estimators.
"""

from nas_assay.exchange import Exchange, Network, Tensor, read

__all__ = ["Exchange", "Network", "Tensor", "read"]
