#!/usr/bin/env python3
"""Metrics of a cell and their bootstrap by scikit-learn, scipy and statsmodels: fixtures/statistics.json.

Read by metrics_test.cpp, bootstrap_test.cpp and replicates_test.cpp, which ask for 1e-12 relative. Made-up patients,
with what the libraries say of everyone and of resamples written out, copies side by side; the silhouette of a resample
is computed here from its definition in docs/statistics.md with plain loops, cross-entropy from log-odds by scipy's
log_expit (scikit-learn's log_loss clips probabilities). Usage: cell_statistics.py OUT
"""
import json
import math
import pathlib
import sys
import warnings

import numpy as np
import scipy
import sklearn
import statsmodels
from scipy.spatial.distance import cdist
from scipy.special import expit, log_expit
from scipy.stats import pearsonr
from sklearn import metrics
from statsmodels.stats.multitest import multipletests

import streams

SEED = 20240411
CLASSIFICATION = ("auroc", "auprc", "ce", "f1")
REGRESSION = ("pearson_r", "mae", "r2")


def cross_entropy(y, log_odds):
    losses = np.where(y == 1, -log_expit(log_odds), -log_expit(-log_odds))
    p = expit(log_odds)
    if np.abs(log_odds).max() < 15:  # where its clipping changes nothing, scikit-learn must agree
        assert abs(losses.mean() - metrics.log_loss(y, np.stack([1 - p, p], 1), labels=[0, 1])) < 1e-9
    return losses.mean()


def silhouette(y, distance, m):
    """Mean silhouette where patient i counts m[i] times and is not its own neighbour."""
    total = 0.0
    for i in range(len(y)):
        own = [j for j in range(len(y)) if y[j] == y[i] and j != i for _ in range(m[j])]
        other = [j for j in range(len(y)) if y[j] != y[i] for _ in range(m[j])]
        if m[i] == 0 or not own:
            continue
        a = math.fsum(distance[i][j] for j in own) / len(own)
        b = math.fsum(distance[i][j] for j in other) / len(other)
        total += m[i] * (b - a) / max(a, b)
    return total / sum(m)


class Patients:
    """Arrays of one value a patient."""

    def __init__(self, y, score, log_odds, target, prediction, x):
        self.y, self.score, self.log_odds = y, score, log_odds
        self.target, self.prediction, self.x = target, prediction, x
        self.distance = cdist(x.astype(np.float64), x.astype(np.float64))

    def metric(self, name, m):
        """On the resample in which patient i occurs m[i] times; None where it is undefined (docs/statistics.md)."""
        y, score, log_odds, t, p = (np.repeat(v, m) for v in
                                    (self.y, self.score, self.log_odds, self.target, self.prediction))
        if name == "ce":
            return cross_entropy(y, log_odds)
        if name == "mae":
            return metrics.mean_absolute_error(t, p)
        if name == "f1":
            called = (score > 0.5).astype(int)
            return metrics.f1_score(y, called) if y.any() or called.any() else None
        if name in REGRESSION:
            if len(t) < 2 or len(set(t)) < 2 or (name == "pearson_r" and len(set(p)) < 2):
                return None
            return pearsonr(t, p)[0] if name == "pearson_r" else metrics.r2_score(t, p)
        if len(set(y)) < 2:
            return None
        if name == "auroc":
            return metrics.roc_auc_score(y, score)
        if name == "auprc":
            return metrics.average_precision_score(y, score)
        return silhouette(self.y, self.distance, m) if (np.asarray(m) > 0).sum() > 2 else None

    def subset(self, rows):
        return Patients(*(v[rows] for v in (self.y, self.score, self.log_odds, self.target, self.prediction, self.x)))

    def metrics(self, m):
        return {name: self.metric(name, m) for name in (*CLASSIFICATION, *REGRESSION, "silhouette")}

    def as_json(self):
        return {"label": self.y.tolist(), "score": self.score.tolist(), "log_odds": self.log_odds.tolist(),
                "target": self.target.tolist(), "prediction": self.prediction.tolist(),
                "embeddings": self.x.astype(float).tolist()}


def patients(rng, n, rate, strength, grid=None, embedding=5):
    """`grid`: scores are rounded to 1/grid, which makes ties."""
    y = (rng.random(n) < rate).astype(int)
    y[:2] = [0, 1]
    log_odds = strength * (y - 0.5) + rng.normal(size=n)
    score = np.round(expit(log_odds) * grid) / grid if grid else expit(log_odds)
    target = rng.normal(3, 2, n)
    prediction = 0.6 * target + rng.normal(size=n)
    x = (rng.normal(size=(n, embedding)) + 0.7 * y[:, None]).astype(np.float32)
    return Patients(y, score, log_odds, target, prediction, x)


def case(rng, name, made):
    """Everyone, and three resamples in which every metric is defined."""
    n = len(made.y)
    everyone = made.metrics([1] * n)
    everyone["silhouette"] = metrics.silhouette_score(made.distance, made.y, metric="precomputed")
    if n > 2:
        everyone["pearson_p"] = pearsonr(made.target, made.prediction)[1]
    resamples = []
    while len(resamples) < 3:
        m = np.bincount(rng.integers(0, n, n), minlength=n).tolist()
        values = made.metrics(m)
        if None not in values.values():
            resamples.append({"multiplicity": m, "values": values})
    return {"name": name, **made.as_json(), "everyone": everyone, "resamples": resamples}


def extreme(rng):
    """Log-odds far beyond what exp() can take, right and wrong, and in between."""
    made = patients(rng, 24, 0.5, 1.0)
    made.log_odds = np.array([800, -800, 745.2, -745.2, 710, -710, 37, -37, 1e-9, -1e-9, 0, -0.0] * 2)
    made.score = expit(made.log_odds)
    return case(rng, "extreme log-odds", made)


def correlations(rng):
    """Pearson's r and p from chance to p below 1e-90, and two patients."""
    out = []
    for n, slope in ((2, 1.0), (3, 0.5), (4, -1.0), (10, 0.0), (50, -0.3), (100, 1.1), (100, -2.0), (600, 0.5),
                     (1000, 0.01)):
        t = rng.normal(3, 2, n)
        p = slope * t + rng.normal(size=n)
        r, probability = pearsonr(t, p)
        out.append({"n": n, "target": t.tolist(), "prediction": p.tolist(), "r": r, "p": probability})
    assert any(1e-45 < c["p"] < 1e-35 for c in out) and any(c["p"] < 1e-60 for c in out), [c["p"] for c in out]
    return out


def say(function, *arguments, **options):
    """What a library does with an input on which we say undefined: its number, warning or error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            text = f"returns {float(function(*arguments, **options)):g}"
        except ValueError:
            return "raises ValueError"
    return text + "".join(f", {w.category.__name__}" for w in caught)


def undefined():
    """Inputs on which our metrics are NaN, with our reason and what the libraries do."""
    score, varied, constant = [0.1, 0.4, 0.6], [0.1, 0.7, 0.3], [0.1, 0.1, 0.1]
    distance = 1 - np.eye(3)
    rows = []
    for y in ([0, 0, 0], [1, 1, 1]):
        one = {"label": y, "score": score, "reason": "one class only"}
        rows.append({"metric": "auroc", **one, "library": say(metrics.roc_auc_score, y, score)})
        rows.append({"metric": "auprc", **one, "library": say(metrics.average_precision_score, y, score)})
        rows.append({"metric": "silhouette", **one,
                     "library": say(metrics.silhouette_score, distance, y, metric="precomputed")})
    rows.append({"metric": "f1", "label": [0, 0, 0], "score": [0.1, 0.4, 0.5],
                 "reason": "no positives, neither true nor predicted",
                 "library": say(metrics.f1_score, [0, 0, 0], [0, 0, 0])})
    for target, prediction, reason in ((constant, varied, "target is constant"),
                                       ([1.0], [2.0], "fewer than two patients")):
        pair = {"target": target, "prediction": prediction, "reason": reason}
        rows.append({"metric": "pearson_r", **pair, "library": say(lambda t, p: pearsonr(t, p)[0], target, prediction)})
        rows.append({"metric": "r2", **pair, "library": say(metrics.r2_score, target, prediction)})
    rows.append({"metric": "pearson_r", "target": varied, "prediction": constant, "reason": "prediction is constant",
                 "library": say(lambda t, p: pearsonr(t, p)[0], varied, constant)})
    return rows


def bootstrap(rng, resamples=50, confidence=0.9):
    """All rows of a cell with percentile CIs: few positives, so that resamples are redrawn; five without a target."""
    made = patients(rng, 24, 0.0, 1.5, grid=8)
    made.y[:] = [1, 0, 0, 0, 0, 1] + [0] * 18
    made.score[0] = 0.875
    stream = streams.Stream(7, "MSI/LF/0/bootstrap")
    with_target = np.arange(24) % 5 != 3
    regression = made.subset(with_target)
    rows = []
    for name in (*CLASSIFICATION, *REGRESSION, "silhouette"):
        of = regression if name in REGRESSION else made
        n, values, redrawn, draw = len(of.y), [], 0, 0
        while len(values) < resamples:
            value = of.metric(name, streams.multiplicities(stream, draw, n))
            draw += 1
            redrawn += value is None
            values += [] if value is None else [value]
        tail = (1 - confidence) / 2
        low, high = (float(np.quantile(values, q)) for q in (tail, 1 - tail))
        rows.append({"metric": name, "value": of.metric(name, [1] * n), "ci_low": low, "ci_high": high, "n": n,
                     "redrawn": redrawn})
    as_json = made.as_json()
    as_json["target"] = [t if known else None for t, known in zip(as_json["target"], with_target)]
    return {"seed": 7, "stream": "MSI/LF/0/bootstrap", "resamples": resamples, "confidence": confidence, **as_json,
            "rows": rows}


def holm(rng):
    families = [[0.01, 0.04, 0.03, 0.005], [0.2, 0.2, 0.9], (rng.random(16) ** 4).tolist(), [0.02] * 16,
                [1e-40, 1.0, 0.5]]
    return [{"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()} for p in families]


def main(out):
    rng = np.random.default_rng(SEED)
    cases = [
        case(rng, "plain", patients(rng, 60, 0.4, 1.0)),
        case(rng, "ties", patients(rng, 80, 0.3, 1.0, grid=4)),
        case(rng, "two scores", patients(rng, 40, 0.5, 1.0, grid=1)),
        case(rng, "few positives", patients(rng, 30, 0.05, 2.0)),
        case(rng, "separated", patients(rng, 25, 0.5, 40.0)),
        case(rng, "chance", patients(rng, 100, 0.5, 0.0, grid=10)),
        case(rng, "three patients", patients(rng, 3, 0.5, 1.0)),
        case(rng, "wide embeddings", patients(rng, 20, 0.5, 1.0, embedding=37)),
        extreme(rng),
    ]
    values = sorted(rng.normal(size=21).tolist())
    quantiles = {str(q): float(np.quantile(values, q)) for q in (0.0, 0.025, 0.1, 0.3333, 0.5, 0.975, 1.0)}
    document = {
        "seed": SEED,
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__,
                     "statsmodels": statsmodels.__version__},
        "cases": cases, "correlations": correlations(rng), "undefined": undefined(), "sorted": values,
        "quantiles": quantiles, "bootstrap": bootstrap(rng), "holm": holm(rng),
    }
    (pathlib.Path(out) / "statistics.json").write_text(json.dumps(document, allow_nan=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
