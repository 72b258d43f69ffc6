#!/usr/bin/env python3
"""report.py STORE... --figure FILE.svg: the control experiment's tables (Markdown, to stdout) and figure; docs/control.md.

STORE: one a seed, as run.sh made them. Needs numpy and matplotlib. AUROC is computed here from the stored predictions,
by counting pairs. Two intervals for a difference of two arms' mean AUROC over folds and seeds:
  patients        percentile bootstrap over patients, trained models held fixed: as in the program's tables
  patients, runs  patients and training runs (fold and seed) drawn together: what other runs of the same training would
                  have changed as well
"""
import argparse
import pathlib
import sqlite3

import numpy as np

REPLICATES, SEED = 2000, 1337
ARMS = {"MSI": ["baseline", "Null", "LF", "LISS"], "HRD": ["baseline", "Null", "Prolif"]}


def read(stores):
    """{(biomarker, cohort): {arm: {(seed, fold): {patient: (label, log odds, target, prediction)}}}}"""
    runs = {}
    for store in stores:
        db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
        seed = pathlib.Path(store).stem
        rows = db.execute("""SELECT c.biomarker, p.cohort, c.method, c.auxiliary, c.fold, p.patient, p.label, p.log_odds,
            p.target, p.prediction FROM cells c JOIN predictions p ON p.cell_id = c.cell_id AND p.attempt = c.result_attempt""")
        for biomarker, cohort, method, auxiliary, fold, patient, *values in rows:
            arm = "baseline" if method == "baseline" else auxiliary
            arms = runs.setdefault((biomarker, cohort), {})
            arms.setdefault(arm, {}).setdefault((seed, fold), {})[patient] = values
    return runs


class Arm:
    """One arm on one cohort: for each run, the comparisons of its positives with its negatives."""

    def __init__(self, runs, patients):
        index = {p: i for i, p in enumerate(patients)}
        self.runs, self.parts = sorted(runs), []
        for key in self.runs:
            rows = [(index[p], label, odds) for p, (label, odds, _, _) in runs[key].items()]
            positive = [(i, s) for i, label, s in rows if label == 1]
            negative = [(i, s) for i, label, s in rows if label == 0]
            a, b = np.array([s for _, s in positive]), np.array([s for _, s in negative])
            wins = (a[:, None] > b) + 0.5 * (a[:, None] == b)
            self.parts.append((np.array([i for i, _ in positive]), np.array([i for i, _ in negative]), wins))

    def aurocs(self, m):
        """Of every run, patients weighted by multiplicity; NaN where a class was not drawn."""
        with np.errstate(invalid="ignore"):
            return np.array([m[i] @ wins @ m[j] / (m[i].sum() * m[j].sum()) for i, j, wins in self.parts])


def intervals(first, second, n, rng):
    """Difference of mean AUROCs and its two 95 % intervals. Both arms have the same runs."""
    everyone = np.ones(n)
    difference = first.aurocs(everyone) - second.aurocs(everyone)
    fixed, both = [], []
    while len(fixed) < REPLICATES:
        m = np.bincount(rng.integers(0, n, n), minlength=n).astype(float)
        d = first.aurocs(m) - second.aurocs(m)
        if np.isnan(d).any():
            continue
        fixed.append(d.mean())
        both.append(d[rng.integers(0, len(d), len(d))].mean())
    return difference, np.percentile(fixed, [2.5, 97.5]), np.percentile(both, [2.5, 97.5])


def correlation(runs):
    """Mean over runs of Pearson's r between target and prediction, where the target varies."""
    values = []
    for patients in runs.values():
        pairs = np.array([(t, p) for _, _, t, p in patients.values() if t is not None and p is not None], dtype=float)
        if len(pairs) > 2:
            values.append(np.corrcoef(pairs.T)[0, 1])
    return f"{np.mean(values):.2f}" if values else "–"


def information(runs):
    """AUROC of the auxiliary's true value as a score of the label: what knowing it would be worth."""
    values = {p: (label, t) for patients in runs.values() for p, (label, _, t, _) in patients.items() if t is not None}
    positive, negative = ([t for label, t in values.values() if label == wanted] for wanted in (1, 0))
    wins = [(a > b) + 0.5 * (a == b) for a in positive for b in negative]
    return f"{np.mean(wins):.2f}" if wins else "–"


def draw(figure, panels):
    import matplotlib
    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    matplotlib.rcParams.update({"svg.hashsalt": "control", "font.size": 9, "svg.fonttype": "none"})
    shape, axes = plt.subplots(1, len(panels), figsize=(2.9 * len(panels), 3.2), sharey=True)
    for axis, (title, arms, seeds) in zip(np.atleast_1d(axes), panels):
        for x, (name, arm) in enumerate(arms.items()):
            values = arm.aurocs(np.ones(arm.n))
            for value, (seed, fold) in zip(values, arm.runs):
                axis.plot(x + 0.09 * (seeds.index(seed) - (len(seeds) - 1) / 2), value, "o", ms=3, alpha=0.6,
                          color=f"C{seeds.index(seed)}")
            axis.plot([x - 0.3, x + 0.3], [values.mean()] * 2, "k-", lw=1.5)
        axis.set_xticks(range(len(arms)), arms.keys())
        axis.axhline(0.5, color="0.7", lw=0.8, zorder=0)
        axis.set_title(title, fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    np.atleast_1d(axes)[0].set_ylabel("AUROC of a run")
    shape.tight_layout()
    shape.savefig(figure, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="+", metavar="STORE")
    parser.add_argument("--figure", metavar="FILE.svg")
    options = parser.parse_args()
    runs = read(options.stores)
    seeds = sorted({seed for arms in runs.values() for arm in arms.values() for seed, _ in arm})
    print("| biomarker, cohort | arm | runs | AUROC: mean | sd over runs | r of the auxiliary | AUROC of its true value |\n"
          "| --- | --- | --- | --- | --- | --- | --- |")
    lines, panels = [], []
    for biomarker, names in ARMS.items():
        for cohort in [c for b, c in sorted(runs, key=lambda k: k[1] != "test") if b == biomarker]:
            found = runs[biomarker, cohort]
            patients = sorted({p for arm in found.values() for run in arm.values() for p in run})
            common = set.intersection(*(set(found[name]) for name in names))  # runs that every arm has
            arms = {name: Arm({k: found[name][k] for k in common}, patients) for name in names}
            shown = "held-out folds" if cohort == "test" else "external"
            for name, arm in arms.items():
                arm.n = len(patients)
                values = arm.aurocs(np.ones(arm.n))
                print(f"| {biomarker}, {shown} | {name} | {len(values)} | {values.mean():.3f} | {values.std(ddof=1):.3f} | "
                      f"{correlation(found[name])} | {'–' if name == 'baseline' else information(found[name])} |")
            panels.append((f"{biomarker}, {shown}", arms, seeds))
            rng = np.random.default_rng(SEED)
            for first in names[2:]:
                for second in ("Null", "baseline"):
                    lines.append((biomarker, shown, first, second, *intervals(arms[first], arms[second], len(patients), rng)))
            lines.append((biomarker, shown, "Null", "baseline", *intervals(arms["Null"], arms["baseline"], len(patients), rng)))
    print("\n| biomarker, cohort | difference | AUROC | 95 %, patients | 95 %, patients and runs | runs above 0 |\n"
          "| --- | --- | --- | --- | --- | --- |")
    for biomarker, shown, first, second, d, fixed, both in lines:
        print(f"| {biomarker}, {shown} | {first} - {second} | {d.mean():+.3f} | {fixed[0]:+.3f} to {fixed[1]:+.3f} | "
              f"{both[0]:+.3f} to {both[1]:+.3f} | {(d > 0).sum()} of {len(d)} |")
    if options.figure:
        draw(options.figure, panels)


if __name__ == "__main__":
    main()
