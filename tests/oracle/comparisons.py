#!/usr/bin/env python3
"""Comparisons of methods by scipy, statsmodels, scikit-posthocs, autorank and baycomp: fixtures/comparisons.json.

Read by tests/results/comparisons, with the tolerances of the field `tolerances`. Formulas for which no package is
installed here are written out in NumPy and scipy: the corrected t of R's correctR (repkfold_ttest), the double integral
of a false claim, Tsamardinos' best of several, mean squares by least squares. Usage: comparisons.py FOLDER
"""
import importlib.metadata
import json
import pathlib
import sys
import warnings

import baycomp
import mpmath
import numpy as np
import pandas as pd
import scikit_posthocs
import statsmodels.api as sm
from autorank._util import RankResult, get_sorted_rank_groups
from scipy import integrate, stats
from scipy.special import expit, gammaln, logit
from statsmodels.formula.api import ols

SEED = 2003
# `absolute` where a library computes a tail as 1 - cdf; `mixedlm` is an optimiser's, `power` six standard errors of a simulation.
TOLERANCES = {"relative": 1e-9, "absolute": 1e-9, "mixedlm": 1e-6, "power": 0.0095}
PACKAGES = ["numpy", "scipy", "pandas", "statsmodels", "scikit-posthocs", "autorank", "baycomp", "mpmath"]


def corrected_t(d, ratio, confidence=0.95):
    """As correctR's repkfold_ttest: the t of all k r differences, with df k r - 1; two-sided here."""
    n, se = len(d), np.sqrt(np.var(d, ddof=1) * (1 / len(d) + ratio))
    low, high = stats.t.interval(confidence, n - 1, np.mean(d), se)
    t = np.mean(d) / se
    return {"mean": np.mean(d), "standard_error": se, "t": t, "p": 2 * stats.t.sf(abs(t), n - 1), "ci_low": low, "ci_high": high}


def fold_cases(rng):
    """Differences over repeated cross-validation, the corrected t and baycomp's probabilities for two ropes."""
    cases = []
    for folds, repeats, centre in [(5, 1, 0.02), (10, 10, 0.01), (2, 1, -0.3), (5, 20, 0.0), (10, 1, 0.2), (5, 3, -0.005)]:
        d = rng.normal(centre, 0.02, folds * repeats)
        zero = np.zeros_like(d)
        with_rope = baycomp.CorrelatedTTest.probs(zero, d, rope=0.01, runs=repeats)
        without = baycomp.CorrelatedTTest.probs(zero, d, rope=0, runs=repeats)
        cases.append({"folds": folds, "differences": d.tolist(), "corrected_t": corrected_t(d, 1 / (folds - 1)),
                      "rope": 0.01, "baycomp": list(map(float, with_rope)), "baycomp_without_rope": list(map(float, without))})
    return cases


def studentized_range():
    out = []
    for k in (2, 3, 5, 10, 17, 40, 100):
        for q in (0.05, 0.5, 1, 2, 3.3, 4.5, 6, 9):
            out.append({"k": k, "q": q, "survival": float(stats.studentized_range.sf(q, k, np.inf)),
                        "cdf": float(stats.studentized_range.cdf(q, k, np.inf))})
    return out


def studentized_range_tail():
    """Far tails, where 1 - cdf has no digits left, by 150 digits of mpmath from the definition."""
    out = []
    with mpmath.workdps(150):
        for k, q in [(2, 15), (3, 20), (17, 12), (40, 25), (5, 30)]:
            below = lambda z: mpmath.ncdf(z)
            density = lambda z: k * mpmath.npdf(z) * (below(z) ** (k - 1) - (below(z) - below(z - q)) ** (k - 1))
            value = mpmath.quad(density, mpmath.linspace(mpmath.mpf(q) / 2 - 14, mpmath.mpf(q) / 2 + 14, 29))
            out.append({"k": k, "q": float(q), "survival": float(value)})
    return out


def critical_values():
    return [{"k": k, "alpha": a, "q": float(stats.studentized_range.ppf(1 - a, k, np.inf))}
            for k in (2, 3, 5, 10, 17, 40) for a in (0.5, 0.1, 0.05, 0.01)]


def rank_case(name, values, alpha=0.05):
    """values [block][method], higher better."""
    blocks, methods = values.shape
    ranks = np.mean([stats.rankdata(-row) for row in values], axis=0)
    chi, chi_p = stats.friedmanchisquare(*values.T)
    f = (blocks - 1) * chi / (blocks * (methods - 1) - chi)
    q = stats.studentized_range.ppf(1 - alpha, methods, np.inf)
    difference = q / np.sqrt(2) * np.sqrt(methods * (methods + 1) / (6 * blocks))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nemenyi = scikit_posthocs.posthoc_nemenyi_friedman(values).to_numpy()
    frame = pd.DataFrame({"meanrank": ranks}).sort_values("meanrank", kind="stable")
    result = RankResult(*([None] * len(RankResult._fields)))._replace(rankdf=frame, cd=difference)
    _, names, groups = get_sorted_rank_groups(result, False)
    return {"name": name, "values": values.tolist(), "average_ranks": ranks.tolist(), "friedman": [chi, chi_p],
            "iman_davenport": [f, stats.f.sf(f, methods - 1, (methods - 1) * (blocks - 1))], "alpha": alpha,
            "critical_difference": difference, "nemenyi": nemenyi.tolist(),
            "cliques": [names[first:last + 1] for first, last in groups]}


def rank_cases(rng):
    effect = np.linspace(0, 1, 6)
    return [rank_case("no effect", rng.normal(size=(10, 5))),
            rank_case("effect", rng.normal(size=(30, 6)) + 2 * effect),
            rank_case("ties", np.round(rng.normal(size=(12, 4)) + effect[:4])),
            rank_case("three methods", rng.normal(size=(2, 3))),
            rank_case("seventeen methods", rng.normal(size=(28, 17)) + 0.1 * np.arange(17)),
            rank_case("many", rng.normal(size=(200, 6)) + 0.4 * effect)]


def wilcoxon_case(name, d):
    result = stats.wilcoxon(d, zero_method="wilcox", correction=False, method="auto")
    return {"name": name, "differences": d.tolist(), "statistic": float(result.statistic), "p": float(result.pvalue)}


def wilcoxon_cases(rng):
    tied = lambda n, shift=0.3: np.round(rng.normal(shift, 1, n) * 2) / 2
    return [wilcoxon_case("one", np.array([0.5])), wilcoxon_case("ten", rng.normal(0.5, 1, 10)),
            wilcoxon_case("fifty", rng.normal(0.3, 1, 50)), wilcoxon_case("fifty far", rng.normal(3, 1, 50)),
            wilcoxon_case("fifty-one", rng.normal(0.2, 1, 51)), wilcoxon_case("two hundred", rng.normal(0.1, 1, 200)),
            wilcoxon_case("thirteen with ties", tied(13)), wilcoxon_case("eight with ties and zeros", tied(8, 0.5)),
            wilcoxon_case("fourteen with ties", tied(14)), wilcoxon_case("thirty with ties and zeros", tied(30)),
            wilcoxon_case("eighty with ties", tied(80)), wilcoxon_case("zeros only beside distinct ones", np.array([0, 0, 1.0, -2, 3, 4.5])),
            wilcoxon_case("twenty, one zero", np.append(rng.normal(0.4, 1, 19), 0.0)),
            wilcoxon_case("all positive", np.arange(1, 31) / 7)]


def false_claims():
    """The paper's double integral over the Dirichlet density, and its Student's t."""
    accuracy = []
    for n, a, b, both in [(100, 0.9, 0.88, 0.85), (50, 0.8, 0.8, 0.7), (27, 20 / 27, 18 / 27, 17 / 27), (200, 0.91, 0.87, 0.862), (40, 0.7, 0.75, 0.65)]:
        x1, x2 = n * (a - both), n * (b - both)
        norm = np.exp(gammaln(n + 4) - gammaln(x1 + 1) - gammaln(x2 + 1) - gammaln(n - x1 - x2 + 2))
        density = lambda p2, p1: norm * p1**x1 * p2**x2 * (1 - p1 - p2) ** (n - x1 - x2 + 1)
        low = integrate.dblquad(density, 0, 0.5, lambda p1: p1, lambda p1: 1 - p1, epsabs=1e-13, epsrel=1e-12)[0]
        accuracy.append({"n": n, "a": a, "b": b, "both": both, "p": low})
    mean = []
    for n, a, sa, b, sb, r in [(50, 0.85, 0.1, 0.84, 0.12, 0.8), (10, 0.7, 0.2, 0.72, 0.2, 0.0), (300, 0.9, 0.05, 0.89, 0.06, -0.2)]:
        t = np.sqrt(n) * (b - a) / np.sqrt(sa**2 + sb**2 - 2 * sa * sb * r)
        mean.append({"n": n, "a": [a, sa], "b": [b, sb], "r": r, "p": float(stats.t.cdf(t, n - 1))})
    return {"accuracy": accuracy, "mean": mean}


def variance_case(name, y, nested):
    """Mean squares by ordinary least squares with indicator variables (statsmodels), components by hand."""
    a, b, c = y.shape
    m, f, r = np.meshgrid(range(a), range(b), range(c), indexing="ij")
    frame = pd.DataFrame({"y": y.ravel(), "m": m.ravel(), "f": f.ravel(), "r": r.ravel()})
    formula = "y ~ C(m) + C(r) + C(r):C(f)" if nested else "y ~ C(m) + C(f) + C(r)"
    table = sm.stats.anova_lm(ols(formula, frame).fit(), typ=1)
    squares = (table["sum_sq"] / table["df"]).to_dict()
    fold_row = "C(r):C(f)" if nested else "C(f)"
    s = squares["Residual"]
    raw = {"method": (squares["C(m)"] - s) / (b * c), "fold": (squares[fold_row] - s) / (a if nested else a * c),
           "repeat": (squares["C(r)"] - (squares[fold_row] if nested else s)) / (a * b), "residual": s}
    mean_squares = {"method": squares["C(m)"], "fold": squares[fold_row], "repeat": squares["C(r)"], "residual": s}
    return {"name": name, "values": y.tolist(), "nested": nested, "mean_squares": mean_squares, "raw": raw}


def mixed_model(y):
    """REML of the crossed model; on a balanced design it is the method of moments where no estimate is negative."""
    a, b, c = y.shape
    m, f, r = np.meshgrid(range(a), range(b), range(c), indexing="ij")
    frame = pd.DataFrame({"y": 100 * y.ravel(), "m": m.ravel(), "f": f.ravel(), "r": r.ravel(), "one": 1})
    parts = {"method": "0 + C(m)", "fold": "0 + C(f)", "repeat": "0 + C(r)"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = sm.MixedLM.from_formula("y ~ 1", groups="one", vc_formula=parts, re_formula="0", data=frame).fit(
            reml=True, method=["bfgs", "powell"], gtol=1e-10)
    names = fit.model.exog_vc.names
    found = {**dict(zip(names, fit.vcomp)), "residual": fit.scale}
    return [float(found[n]) / 1e4 for n in ("method", "fold", "repeat", "residual")]


def variance_cases(rng):
    def crossed(a, b, c, sm_, sf, sr, se):
        return (0.8 + rng.normal(0, sm_, (a, 1, 1)) + rng.normal(0, sf, (1, b, 1)) + rng.normal(0, sr, (1, 1, c)) + rng.normal(0, se, (a, b, c)))
    def nested(a, b, c, sm_, sf, sr, se):
        return (0.8 + rng.normal(0, sm_, (a, 1, 1)) + rng.normal(0, sf, (1, b, c)) + rng.normal(0, sr, (1, 1, c)) + rng.normal(0, se, (a, b, c)))
    cases = [variance_case("all sources", crossed(6, 5, 8, 0.03, 0.05, 0.04, 0.02), False),
             variance_case("residual alone", crossed(4, 5, 3, 0, 0, 0, 0.02), False),
             variance_case("nested", nested(5, 5, 10, 0.03, 0.05, 0.04, 0.02), True),
             variance_case("nested, no repeats' own variation", nested(3, 4, 6, 0.02, 0.05, 0, 0.02), True)]
    cases[0]["mixedlm"] = mixed_model(np.array(cases[0]["values"]))
    assert any(v < 0 for c in cases for v in c["raw"].values()), "a negative estimate must occur"
    return cases


def best_of_case(rng, name, replicates, methods, higher, undefined=0.0, grid=None):
    inside = rng.normal(0.8, 0.03, (replicates, methods))
    outside = rng.normal(0.8, 0.04, (replicates, methods))
    if grid:
        inside = np.round(inside * grid) / grid
    if undefined:
        inside[rng.random(replicates) < undefined] = np.nan
        outside[rng.random((replicates, methods)) < undefined] = np.nan
    values, losses = [], []
    for row, out in zip(inside, outside):
        if np.isnan(row).any():
            continue
        best = row.max() if higher else row.min()
        value = out[row == best].mean()
        if not np.isnan(value):
            values.append(value)
            losses.append((best - value) * (1 if higher else -1))
    clean = lambda x: [[None if np.isnan(v) else v for v in row] for row in x.tolist()]
    return {"name": name, "higher": higher, "in_bag": clean(inside), "out_of_bag": clean(outside), "corrected": np.mean(values),
            "interval": np.quantile(values, [0.025, 0.975]).tolist(), "optimism": np.mean(losses), "used": len(values)}


def power_cases(rng):
    """The share of simulated experiments that find the difference: means over R repeats on the same patients."""
    out = []
    for shrinking, fixed, difference, repeats in [(0.001, 0.00002, 0.02, 32), (0.0004, 0, 0.02, 4), (0.002, 0.00003, 0.025, 41)]:
        experiments = 100_000
        mean = difference + rng.normal(0, np.sqrt(fixed), experiments)
        mean += rng.normal(0, np.sqrt(shrinking / repeats), experiments)
        z = mean / np.sqrt(fixed + shrinking / repeats)
        out.append({"shrinking": shrinking, "fixed": fixed, "difference": difference, "repeats": repeats,
                    "found": float(np.mean(z > stats.norm.ppf(0.975)))})
    return out


def bca_case(name, data, statistic, resamples, confidence=0.95):
    result = stats.bootstrap((data,), statistic, n_resamples=resamples, confidence_level=confidence, method="BCa",
                             vectorized=False, rng=np.random.default_rng(SEED))
    jackknife = [statistic(np.delete(data, i)) for i in range(len(data))]
    low, high = result.confidence_interval
    return {"name": name, "estimate": float(statistic(data)), "replicates": result.bootstrap_distribution.tolist(),
            "jackknife": list(map(float, jackknife)), "confidence": confidence, "interval": [float(low), float(high)]}


def bca_cases(rng):
    return [bca_case("mean of skewed", rng.exponential(1, 30), np.mean, 400), bca_case("variance", rng.normal(0, 1, 25), np.var, 300, 0.9),
            bca_case("ties", np.round(rng.normal(0, 2, 12)), np.mean, 300)]


def logit_intervals():
    """Forward and back by scipy's logit and expit."""
    out = []
    for v, se, confidence in [(0.8, 0.03, 0.95), (0.99, 0.02, 0.95), (0.5, 0.1, 0.9), (0.02, 0.01, 0.99)]:
        half = stats.norm.ppf((1 + confidence) / 2) * se * (1 / v + 1 / (1 - v))
        out.append({"value": v, "standard_error": se, "confidence": confidence, "interval": [float(expit(logit(v) - half)), float(expit(logit(v) + half))]})
    return out


def main(folder):
    rng = np.random.default_rng(SEED)
    document = {
        "seed": SEED, "versions": {p: importlib.metadata.version(p) for p in PACKAGES}, "tolerances": TOLERANCES,
        "folds": fold_cases(rng), "studentized_range": studentized_range(), "studentized_range_tail": studentized_range_tail(),
        "critical_values": critical_values(), "ranks": rank_cases(rng), "wilcoxon": wilcoxon_cases(rng), "false_claims": false_claims(),
        "variance": variance_cases(rng),
        "best_of": [best_of_case(rng, "higher", 200, 5, True), best_of_case(rng, "lower, undefined", 300, 3, False, 0.1),
                    best_of_case(rng, "ties", 200, 6, True, grid=20)],
        "power": power_cases(rng), "bca": bca_cases(rng), "logit": logit_intervals(),
    }
    (pathlib.Path(folder) / "comparisons.json").write_text(json.dumps(document, allow_nan=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
