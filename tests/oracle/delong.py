#!/usr/bin/env python3
"""DeLong's variances, intervals and tests by the definition of 1988 in NumPy, and by R's pROC: fixtures/delong.json.

Read by delong_test.cpp, which asks for 1e-12 relative. The definition: every pair of a positive and a negative is
compared, structural components are row and column means of these comparisons, and their sample covariances give those
of the AUROCs. What pROC says is checked here against it (1e-9) and kept in the fixture with its version. Its numbers
are made anew where Rscript is found (with pROC: Debian's r-cran-proc), by
  a <- roc(label, a, levels = c(0, 1), direction = "<"); b likewise
  c(a$auc, var(a), ci.auc(a, conf.level = 0.95, method = "delong"))
  roc.test(a, b, paired = TRUE, method = "delong")$p.value
and otherwise taken from the committed fixture. Usage: delong.py OUT
"""
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import scipy
from scipy.stats import norm

SEED = 1988
COMMITTED = pathlib.Path(__file__).parent / "fixtures/delong.json"
PROC = """
suppressMessages(library(pROC))
d <- read.csv(file("stdin"))
for (k in unique(d$case)) {
  x <- d[d$case == k, ]
  a <- roc(x$label, x$a, levels = c(0, 1), direction = "<")
  b <- roc(x$label, x$b, levels = c(0, 1), direction = "<")
  test <- roc.test(a, b, paired = TRUE, method = "delong")
  v <- c(a$auc, var(a), ci.auc(a, conf.level = 0.95, method = "delong")[c(1, 3)], test$p.value)
  cat(k, sprintf("%.17g", v), "\\n")
}
cat("version", as.character(packageVersion("pROC")), "\\n")
"""


def components(label, score):
    """(V10, V01) of one set of scores."""
    x, y = score[label == 1], score[label == 0]
    psi = np.where(x[:, None] > y[None, :], 1.0, np.where(x[:, None] == y[None, :], 0.5, 0.0))
    return psi.mean(axis=1), psi.mean(axis=0)


def by_definition(label, a, b, confidence=0.95):
    (a10, a01), (b10, b01) = components(label, a), components(label, b)
    s10, s01 = np.cov(np.stack([a10, b10])), np.cov(np.stack([a01, b01]))
    s = s10 / len(a10) + s01 / len(a01)
    difference, variance = a10.mean() - b10.mean(), s[0, 0] + s[1, 1] - 2 * s[0, 1]
    half = norm.ppf((1 + confidence) / 2) * np.sqrt(s[0, 0])
    auroc = a10.mean()
    return {"auroc": auroc, "variance": s[0, 0], "ci_low": max(0.0, auroc - half), "ci_high": min(1.0, auroc + half),
            "difference": difference, "difference_variance": variance,
            "p": 2 * norm.sf(abs(difference) / np.sqrt(variance))}


def case(rng, name, n, positives, strength, grid=None):
    """`b` is `a` and noise; `grid`: both are rounded to 1/grid, which makes ties."""
    label = rng.permutation([1] * positives + [0] * (n - positives))
    a = strength * label + rng.normal(size=n)
    b = a + 0.7 * rng.normal(size=n)
    if grid:
        a, b = np.round(a * grid) / grid, np.round(b * grid) / grid
    return {"name": name, "label": label.tolist(), "a": a.tolist(), "b": b.tolist(),
            "definition": by_definition(label, a, b)}


def proc(cases):
    """pROC's numbers of every case, and its version."""
    if shutil.which("Rscript") is None:
        print("delong.py: no Rscript: pROC's numbers are the committed ones, compared with the definition only")
        committed = json.loads(COMMITTED.read_text())
        return [c["pROC"] for c in committed["cases"]], committed["versions"]["pROC"]
    rows = ["case,label,a,b"]
    for i, c in enumerate(cases):
        rows += [f"{i},{y},{a!r},{b!r}" for y, a, b in zip(c["label"], c["a"], c["b"])]
    done = subprocess.run(["Rscript", "-e", PROC], input="\n".join(rows) + "\n", text=True, check=True,
                          capture_output=True)
    *lines, (_, version) = [line.split() for line in done.stdout.splitlines()]
    names = ("auroc", "variance", "ci_low", "ci_high", "p")
    return [dict(zip(names, map(float, values))) for _, *values in lines], version


def main(out):
    rng = np.random.default_rng(SEED)
    cases = [
        case(rng, "plain", 80, 30, 1.0),
        case(rng, "ties", 90, 30, 0.8, grid=1),
        case(rng, "few ties", 60, 20, 1.0, grid=8),
        case(rng, "two positives", 40, 2, 0.0),
        case(rng, "two negatives", 12, 10, 0.5),
        case(rng, "two and three", 5, 2, 0.0),
        case(rng, "clipped at 1", 30, 10, 1.8),
        case(rng, "below chance", 50, 20, -1.0),
        case(rng, "a clear difference", 300, 100, 2.0),
    ]
    numbers, version = proc(cases)
    for c, p in zip(cases, numbers, strict=True):
        assert all(abs(p[k] - c["definition"][k]) < 1e-9 for k in p), (c["name"], p, c["definition"])
        c["pROC"] = p
    assert any(c["definition"]["ci_high"] == 1 for c in cases)
    document = {"seed": SEED, "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "pROC": version},
                "cases": cases}
    (pathlib.Path(out) / "delong.json").write_text(json.dumps(document, allow_nan=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
