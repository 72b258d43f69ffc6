#!/usr/bin/env python3
"""Folds of whole groups by scikit-learn, for grouped_folds_test.cpp: fixtures/grouped_folds.json.

Each case: classes, groups, k, seed, the test rows of StratifiedGroupKFold(k, shuffle=True, random_state=seed), which
keeps groups whole and balances classes greedily, and those of LeaveOneGroupOut, one a group in the order of the codes.
Usage: grouped_folds.py OUT
"""
import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold

SEED = 20261130
SHAPES = [  # patients, groups, k, share of positives, how unequal the groups are (Zipf's exponent), seed
    (60, 8, 3, 0.4, 0.0, 1337), (60, 8, 3, 0.4, 1.0, 1337), (90, 12, 4, 0.3, 0.7, 0), (120, 10, 5, 0.5, 0.5, 7),
    (150, 20, 5, 0.25, 0.5, 1337), (200, 25, 5, 0.15, 1.0, 1337), (240, 40, 5, 0.3, 1.0, 42), (300, 24, 5, 0.3, 0.8, 3),
    (300, 60, 10, 0.35, 0.6, 1337), (427, 36, 5, 0.3, 0.9, 1337), (500, 100, 5, 0.2, 0.7, 11), (400, 30, 2, 0.1, 1.2, 5),
]


def case(n, groups, k, positives, exponent, seed, rng):
    """Groups of unequal sizes whose shares of positives differ, each with at least one patient."""
    weights = 1 / np.arange(1, groups + 1) ** exponent
    group = np.concatenate([np.arange(groups), rng.choice(groups, n - groups, p=weights / weights.sum())])
    rate = np.clip(rng.beta(4 * positives, 4 * (1 - positives), groups), 0.02, 0.98)
    y = (rng.random(n) < rate[group]).astype(int)
    order = rng.permutation(n)
    group, y = group[order], y[order]
    x = np.zeros(n)
    stratified = [test.tolist() for _, test in
                  StratifiedGroupKFold(k, shuffle=True, random_state=seed).split(x, y, group)]
    one_out = [test.tolist() for _, test in LeaveOneGroupOut().split(x, y, group)]
    return {"classes": y.tolist(), "groups": group.tolist(), "k": k, "seed": seed, "tests": stratified,
            "leave_one_out": one_out}


def main(out):
    rng = np.random.default_rng(SEED)
    cases = [case(*shape, rng) for shape in SHAPES]
    header = {"versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__}, "seed": SEED}
    with open(Path(out) / "grouped_folds.json", "w") as file:
        lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
        file.write(json.dumps(header)[:-1] + ', "cases": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main(sys.argv[1])
