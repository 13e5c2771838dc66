"""The cases tau_*: Kendall's tau-b of two score vectors of this length by SciPy. Half of the second vector is noise."""

import numpy as np
from scipy import stats


def run(case, median):
    rows = int(case.removeprefix("tau_"))
    generator = np.random.default_rng(1)
    truth = generator.standard_normal(rows)
    scores = truth + generator.standard_normal(rows)
    return median(lambda: stats.kendalltau(truth, scores))
