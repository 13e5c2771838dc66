"""Settings of all tests."""

import os

import torch

torch.set_num_threads(1)
# Truth is what the program carries, whether there is a folder with data or not.
os.environ.pop("NAS_ASSAY_DATA", None)
