#!/usr/bin/env python3
"""Tables of a small made-up grid with CIs and stars, by NumPy and scikit-learn: fixtures/table_replicates.json.

Read by table_replicates_test.cpp, which writes a store with these predictions, makes its tables and asks for 1e-12
relative. The grid has what makes tables hard: pairs that use other patients, tied scores, few positives (replicates are
drawn again), a cell without a result, patients without a target, predictions that are constant in some replicates.
Metrics of a replicate are those of cell_statistics.py on the patients written out, copies side by side; draws come from
streams.py; what is done with them follows docs/statistics.md. Usage: table_replicates.py OUT
"""
import json
import math
import pathlib
import sys

import numpy as np
import scipy
import sklearn
from scipy.special import expit

import streams
from cell_statistics import CLASSIFICATION, REGRESSION, Patients

SEED, RESAMPLES, TABLES_SEED, CONFIDENCE = 77, 120, 1337, 0.95
METHODS, AUXILIARIES, FOLDS = ["baseline", "naive", "cagrad"], ["LF", "SF"], 2
COHORTS = {"test": "TRAIN", "EXT": "EXT"}  # key, and how tables call it
ORDER = ("auroc", "auprc", "f1", "ce", "pearson_r", "r2", "mae", "silhouette")
MISSING = ("SF", "naive", 1)  # the cell without a result
LOWER_IS_BETTER = ("ce", "mae")


class CellOn:
    """A cell's patients on one cohort."""

    def __init__(self, names, made, has_target):
        self.names, self.made, self.has_target = names, made, has_target
        self.rows = np.flatnonzero(has_target)
        self.regression = made.subset(self.rows)

    def metric(self, name, m):
        """m: multiplicities of all its patients; NaN where the metric is undefined."""
        value = self.regression.metric(name, m[self.rows]) if name in REGRESSION else self.made.metric(name, m)
        return np.nan if value is None else float(value)

    def as_json(self):
        j = self.made.as_json()
        j["target"] = [t if known else None for t, known in zip(j["target"], self.has_target)]
        return {"patient": self.names, **j}


def make_cell(rng, auxiliary, method, fold, cohort):
    """Scores of cagrad part the classes; pair SF lacks every seventh training patient."""
    # The same for all methods.
    noise = np.random.default_rng([SEED, AUXILIARIES.index(auxiliary), fold, cohort == "EXT"])
    if cohort == "test":
        numbers = [i for i in range(40) if i % FOLDS == fold and (auxiliary == "LF" or i % 7)]
    else:
        numbers = list(range(26))
    n = len(numbers)
    y = np.array([int(i // 2 % 5 == 0 if cohort == "test" else i % 10 == 0) for i in numbers])
    log_odds = {"baseline": 0.2, "naive": 0.3, "cagrad": 3.0}[method] * (y - 0.5) + noise.normal(size=n)
    log_odds += 0.1 * rng.normal(size=n)
    score = np.round(expit(log_odds) * 16) / 16 if fold == 0 else expit(log_odds)
    target = 100 * noise.random(n)
    prediction = target + 40 * noise.normal(size=n)
    if (auxiliary, method, fold, cohort) == ("LF", "cagrad", 1, "test"):
        prediction[1:] = 50.0
    x = (noise.normal(size=(n, 3)) + log_odds[:, None]).astype(np.float32)
    has_target = np.array([cohort == "test" or i % 6 != 1 for i in numbers])
    names = [f"{cohort[0]}{1000 + i}" for i in numbers]
    return CellOn(names, Patients(y, score, log_odds, target, prediction, x), has_target)


def draw(cells, names, stream):
    """Multiplicities of the replicates with both classes and three patients in every cell, and how many were not."""
    kept, redrawn, number = [], 0, 0
    while len(kept) < RESAMPLES:
        m = dict(zip(names, streams.multiplicities(stream, number, len(names))))
        number += 1
        drawn = [[y for name, y in zip(c.names, c.made.y) if m[name]] for c in cells]
        if all(len(ys) >= 3 and len(set(ys)) == 2 for ys in drawn):
            kept.append([m[name] for name in names])
        else:
            redrawn += 1
    return kept, redrawn


def mean_of_means(of_cell):
    """Over folds, then over auxiliaries; of_cell: {(auxiliary, fold): value or array}."""
    by_auxiliary = [np.mean([v for (a, _), v in of_cell.items() if a == auxiliary], axis=0)
                    for auxiliary in AUXILIARIES if any(a == auxiliary for a, _ in of_cell)]
    return np.mean(by_auxiliary, axis=0)


def holm(p, tests):
    adjusted, largest = [0.0] * len(p), 0.0
    for rank, i in enumerate(np.argsort(p, kind="stable")):
        largest = max(largest, min(1.0, (tests - rank) * p[i]))
        adjusted[i] = largest
    return adjusted


def column(points, replicates, metric, auxiliary, scale):
    """Rows by method of one column; `points` and `replicates`: by (auxiliary, method, fold), of cells with results."""
    rows, means = [], {}
    for method in METHODS:
        wanted = [(a, f) for a in AUXILIARIES for f in range(FOLDS)
                  if auxiliary in (a, "mean") and not (method == "baseline" and metric in REGRESSION)]
        values = {(a, f): points[a, method, f] for a, f in wanted if (a, method, f) in points}
        row = {"method": method, "value": None, "ci_low": None, "ci_high": None, "have": len(values),
               "want": len(wanted), "stars": 0, "p": None}
        if values:
            row["value"] = scale * float(mean_of_means(values))
            means[method] = (set(values), mean_of_means({k: replicates[k[0], method, k[1]] for k in values}))
            defined = means[method][1][~np.isnan(means[method][1])]
            if 2 * len(defined) >= RESAMPLES:
                bounds = np.quantile(scale * defined, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
                row["ci_low"], row["ci_high"] = bounds.tolist()
        rows.append(row)
    tested = [r for r in rows if "baseline" in means and r["method"] != "baseline" and r["method"] in means
              and means[r["method"]][0] == means["baseline"][0]]
    for row in tested:
        d = means[row["method"]][1] - means["baseline"][1]
        size = np.maximum(np.abs(means[row["method"]][1]), np.abs(means["baseline"][1]))
        near = (np.abs(d) > 1e-14 * size) & (np.abs(d) < 1e-9 * size)
        assert not near.any(), "the width of the tie rule would decide"
        d = np.where(np.isclose(means[row["method"]][1], means["baseline"][1], rtol=1e-12, atol=0), 0, d)[~np.isnan(d)]
        row["p"] = min(1.0, 2 * (min((d <= 0).sum(), (d >= 0).sum()) + 1) / (len(d) + 1))
    for row, adjusted in zip(tested, holm([r["p"] for r in tested], len(METHODS) - 1)):
        row["stars"] = int(sum(adjusted < level for level in (0.05, 0.01, 0.001)))
    fullest = max(r["have"] for r in rows if r["value"] is not None)
    competing = [r["value"] for r in rows if r["value"] is not None and r["have"] == fullest]
    best = (min if metric in LOWER_IS_BETTER else max)(competing)
    for row in rows:
        row["best"] = len(competing) > 1 and row["have"] == fullest and math.isclose(row["value"], best, rel_tol=1e-12)
    return rows


def cohort_columns(cells, cohort):
    """Every column of a cohort, its replicates, and how many were drawn again."""
    names = sorted({name for c in cells.values() for name in c.names})
    multiplicity, redrawn = draw(cells.values(), names, streams.Stream(TABLES_SEED, f"tables/MSI/{cohort}"))
    number = {name: i for i, name in enumerate(names)}
    drawn = np.array(multiplicity)
    columns = []
    for metric in ORDER[:7] if cohort == "test" else ORDER:
        points, replicates = {}, {}
        for key, c in cells.items():
            if metric in REGRESSION and key[1] == "baseline":
                continue
            own = drawn[:, [number[name] for name in c.names]]
            points[key] = c.metric(metric, np.ones(len(c.names), int))
            replicates[key] = np.array([c.metric(metric, m) for m in own])
        for auxiliary in (*AUXILIARIES, "mean"):
            scale = 100 if metric in ("auroc", "auprc") and auxiliary == "mean" else 1
            rows = column(points, replicates, metric, auxiliary, scale)
            columns.append({"cohort": COHORTS[cohort], "metric": metric, "auxiliary": auxiliary, "rows": rows})
    return columns, {"patients": names, "multiplicity": multiplicity, "redrawn": redrawn}


def main(out):
    rng = np.random.default_rng(SEED)
    versions = {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__}
    document = {"seed": SEED, "versions": versions,
                "resamples": RESAMPLES, "tables_seed": TABLES_SEED, "confidence": CONFIDENCE,
                "cells": [], "columns": [], "replicates": {}}
    for cohort in COHORTS:
        keys = [(a, m, f) for a in AUXILIARIES for m in METHODS for f in range(FOLDS)]
        cells = {key: make_cell(rng, *key, cohort) for key in keys if key != MISSING}
        columns, document["replicates"][cohort] = cohort_columns(cells, cohort)
        document["columns"] += columns
        for (auxiliary, method, fold), c in cells.items():
            document["cells"].append({"auxiliary": auxiliary, "method": method, "fold": fold, "cohort": cohort,
                                      **c.as_json()})
    rows = [r for c in document["columns"] for r in c["rows"]]
    assert all(document["replicates"][cohort]["redrawn"] for cohort in COHORTS)
    assert any(r["stars"] for r in rows), [r["p"] for r in rows]
    (pathlib.Path(out) / "table_replicates.json").write_text(json.dumps(document, allow_nan=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
