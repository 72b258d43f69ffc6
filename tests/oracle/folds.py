#!/usr/bin/env python3
"""Splits by scikit-learn for many data shapes, for folds_test.cpp: fixtures/folds.json.

Each case: classes y, k, validation share, seed and per fold the test rows, and the train and validation rows in
scikit-learn's order. Usage: folds.py OUT
"""
import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.model_selection import StratifiedKFold, train_test_split

SEED = 20240308
SHAPES = [  # n, k, share of each class, validation share, seed
    (10, 2, [0.5, 0.5], 0.4, 0), (13, 2, [0.7, 0.3], 0.25, 1), (17, 3, [0.6, 0.4], 0.2, 1337),
    (20, 4, [0.5, 0.5], 0.3, 7), (21, 3, [0.7, 0.3], 0.5, 1337), (25, 5, [0.6, 0.4], 0.2, 42),
    (31, 3, [0.8, 0.2], 0.2, 1337), (33, 5, [0.3, 0.7], 0.2, 2**31), (40, 5, [0.6, 0.4], 0.2, 1337),
    (48, 6, [0.75, 0.25], 0.15, 3), (50, 10, [0.7, 0.3], 0.1, 1337), (64, 8, [0.5, 0.5], 0.2, 4294967295),
    (77, 7, [0.8, 0.2], 0.35, 99), (97, 5, [0.9, 0.1], 0.2, 1337), (100, 5, [0.9, 0.1], 0.1, 12345),
    (128, 4, [0.5, 0.5], 0.25, 5), (150, 5, [0.7, 0.3], 0.2, 1337), (199, 5, [0.85, 0.15], 0.2, 6),
    (256, 16, [0.6, 0.4], 0.2, 8), (333, 3, [0.95, 0.05], 0.2, 1337), (427, 5, [0.7, 0.3], 0.2, 0),
    (512, 5, [0.97, 0.03], 0.2, 11), (700, 10, [0.5, 0.5], 0.33, 1337), (60, 5, [0.4, 0.35, 0.25], 0.2, 1337),
    (90, 3, [0.25, 0.25, 0.25, 0.25], 0.2, 13), (41, 4, [0.34, 0.33, 0.33], 0.1, 21), (1001, 5, [0.88, 0.12], 0.2, 1337),
]


def labels(n, k, shares, rng, order):
    """n classes of about the given shares, each at least k + 1 times, shuffled or sorted either way."""
    counts = [max(k + 1, round(s * n)) for s in shares]
    counts[int(np.argmax(counts))] += n - sum(counts)
    y = np.repeat(np.arange(len(shares)), counts)
    if order == "shuffled":
        rng.shuffle(y)
    return y[::-1] if order == "descending" else y


def case(y, k, validation, seed):
    folds = []
    for train, test in StratifiedKFold(k, shuffle=True, random_state=seed).split(np.zeros(len(y)), y):
        inner, valid = train_test_split(train, test_size=validation, stratify=y[train], random_state=seed)
        folds.append({"train": inner.tolist(), "valid": valid.tolist(), "test": test.tolist()})
    return {"classes": y.tolist(), "k": k, "validation": validation, "seed": seed, "folds": folds}


def main(out):
    rng = np.random.default_rng(SEED)
    orders = ["shuffled", "shuffled", "ascending", "shuffled", "descending"]
    cases = [case(labels(n, k, shares, rng, orders[i % len(orders)]), k, validation, seed)
             for i, (n, k, shares, validation, seed) in enumerate(SHAPES)]
    header = {"versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__}, "seed": SEED}
    with open(Path(out) / "folds.json", "w") as file:
        lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
        file.write(json.dumps(header)[:-1] + ', "cases": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main(sys.argv[1])
