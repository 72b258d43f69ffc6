#!/usr/bin/env python3
"""Writes fixtures/statistics.json: metrics by scikit-learn and scipy on made-up patients.

Each case holds inputs, a resample as multiplicities, and what the libraries say of everyone and of the resample written
out, copies side by side. The silhouette of a resample is computed here from its definition in docs/statistics.md, with
plain loops. Usage: make_statistics.py [OUT]
"""
import json
import pathlib
import sys

import numpy as np
import scipy
import sklearn
from scipy.spatial.distance import cdist
from scipy.stats import pearsonr
from sklearn import metrics

SEED = 20240411


def classification(y, score, log_odds):
    p = 1 / (1 + np.exp(-log_odds))
    return {
        "auroc": metrics.roc_auc_score(y, score),
        "auprc": metrics.average_precision_score(y, score),
        "ce": metrics.log_loss(y, np.stack([1 - p, p], 1), labels=[0, 1]),
        "f1": metrics.f1_score(y, (score > 0.5).astype(int), zero_division=np.nan),
    }


def regression(target, prediction):
    return {
        "pearson_r": pearsonr(target, prediction)[0],
        "mae": metrics.mean_absolute_error(target, prediction),
        "r2": metrics.r2_score(target, prediction),
    }


def silhouette_of_resample(y, distance, m):
    total = 0.0
    for i in range(len(y)):
        if m[i] == 0:
            continue
        own = [j for j in range(len(y)) if y[j] == y[i] and j != i for _ in range(m[j])]
        other = [j for j in range(len(y)) if y[j] != y[i] for _ in range(m[j])]
        if not own:
            continue
        a = sum(distance[i][j] for j in own) / len(own)
        b = sum(distance[i][j] for j in other) / len(other)
        total += m[i] * (b - a) / max(a, b)
    return total / sum(m)


def case(rng, name, n, rate, strength, grid=None, embedding=5):
    """`grid`: scores are rounded to 1/grid, which makes ties."""
    y = (rng.random(n) < rate).astype(int)
    y[:2] = [0, 1]
    log_odds = strength * (y - 0.5) + rng.normal(size=n)
    score = 1 / (1 + np.exp(-log_odds))
    if grid:
        score = np.round(score * grid) / grid
    target = rng.normal(3, 2, n)
    prediction = 0.6 * target + rng.normal(size=n)
    x = (rng.normal(size=(n, embedding)) + 0.7 * y[:, None]).astype(np.float32)
    distance = cdist(x.astype(np.float64), x.astype(np.float64))
    while True:
        m = np.bincount(rng.integers(0, n, n), minlength=n)
        if len(set(np.repeat(y, m))) == 2 and len(set(np.repeat(target, m))) > 1 and (m > 0).sum() > 2:
            break
    everyone = classification(y, score, log_odds) | regression(target, prediction)
    everyone["silhouette"] = metrics.silhouette_score(distance, y, metric="precomputed")
    resample = classification(*(np.repeat(v, m) for v in (y, score, log_odds)))
    resample |= regression(np.repeat(target, m), np.repeat(prediction, m))
    resample["silhouette"] = silhouette_of_resample(y, distance, m)
    return {
        "name": name, "label": y.tolist(), "score": score.tolist(), "log_odds": log_odds.tolist(),
        "target": target.tolist(), "prediction": prediction.tolist(), "embeddings": x.astype(float).tolist(),
        "multiplicity": m.tolist(), "everyone": everyone, "resample": resample,
    }


def main():
    rng = np.random.default_rng(SEED)
    cases = [
        case(rng, "plain", 60, 0.4, 1.0),
        case(rng, "ties", 80, 0.3, 1.0, grid=4),
        case(rng, "two scores", 40, 0.5, 1.0, grid=1),
        case(rng, "few positives", 30, 0.05, 2.0),
        case(rng, "separated", 25, 0.5, 40.0),
        case(rng, "chance", 100, 0.5, 0.0, grid=10),
        case(rng, "three patients", 3, 0.5, 1.0),
        case(rng, "wide embeddings", 20, 0.5, 1.0, embedding=37),
    ]
    values = sorted(rng.normal(size=21).tolist())
    quantiles = {str(q): float(np.quantile(values, q)) for q in (0.0, 0.025, 0.1, 0.3333, 0.5, 0.975, 1.0)}
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "fixtures/statistics.json"
    out.write_text(json.dumps({
        "seed": SEED, "numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__,
        "cases": cases, "sorted": values, "quantiles": quantiles}) + "\n")


main()
