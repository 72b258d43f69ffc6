"""Tables of comparisons once more from raw predictions, for trace_tables.py (docs/statistics.md, Tables of comparisons)."""
import math

from plain_statistics import (CONFIDENCE, Row, bootstrap_p, difference, differences, holm, mean, mean_of_means, quantile,
                              range_tail, replicate_means, sample_variance, stars, student_quantile, student_tail)

ROPE = 0.01


def t_test(values, ratio, of_patients, patients):
    """(standard error, degrees of freedom) of a mean difference; None where its variance is 0."""
    if len(values) < 2:
        return None
    spread = max(values) - min(values)
    equal = spread <= 1e-12 * max(abs(d) for d in values)
    training = 0.0 if equal else (1 / len(values) + ratio) * sample_variance(values)
    both = training + of_patients
    if both == 0:
        return None
    df = both ** 2 / (training ** 2 / (len(values) - 1) + (of_patients ** 2 / (patients - 1) if of_patients else 0))
    return math.sqrt(both), df


class Comparison:
    """Every method against baseline, over all auxiliaries; higher is better. `points` and `replicates` as mean_rows()."""

    def __init__(self, biomarker, cells, points, replicates, times, external):
        self.methods, self.cells, self.external = biomarker.methods, cells, external
        self.ratio = biomarker.test_over_train()
        self.over = {m: [(a, f, r) for a, method, f, r in biomarker.cells if method == m
                         and points.get((a, m, f, r)) is not None] for m in self.methods}
        self.points, self.replicates, self.times = points, replicates, times
        self.compared = [m for m in self.methods if m != "baseline" and self.over[m]
                         and set(self.over[m]) == set(self.over["baseline"])]
        self.rows = {m: {} for m in self.methods}

    def drawn(self, method, times):
        own, other = ({(a, f, r): self.replicates[a, m, f, r] for a, f, r in self.over[m]} for m in (method, "baseline"))
        return differences(replicate_means(own, times), replicate_means(other, times))

    def value(self, method):
        return mean_of_means({(a, f, r): self.points[a, method, f, r] for a, f, r in self.over[method]})

    def folds(self, method):
        """The mean over auxiliaries of each fold and repeat, then over the repeats of each fold."""
        runs, folds = {}, {}
        for a, f, r in self.over[method]:
            runs.setdefault((f, r), []).append(self.points[a, method, f, r])
        for (f, _), values in sorted(runs.items()):
            folds.setdefault(f, []).append(mean(values))
        return {fold: mean(values) for fold, values in folds.items()}

    def put(self, method, name, value, low=None, high=None, adjusted=None):
        row = self.rows[method][name] = Row(1)
        row.update(value=value, ci_low=low, ci_high=high, have=1, stars=0 if adjusted is None else stars(adjusted))

    def t_rows(self, method):
        """{column: value} of the t test, and its p; nothing where there is none."""
        own, other = self.folds(method), self.folds("baseline")
        of_folds = [difference(own[fold], other[fold]) for fold in own]
        patients, v = {p for c in self.cells.values() for p in c.patient}, 0.0
        if self.external:
            v = sample_variance(self.drawn(method, {}))
        found = t_test(of_folds, self.ratio, v, len(patients))
        if found is None:
            return {}, None
        se, df = found
        centre = mean(of_folds)
        p = 2 * student_tail(abs(centre / se), df)
        half = student_quantile((1 + CONFIDENCE) / 2, df) * se
        worse, better = student_tail((centre + ROPE) / se, df), student_tail((ROPE - centre) / se, df)
        return {"interval": (centre - half, centre + half), "worse": worse, "better": better,
                "equivalent": 1 - worse - better, "false_claim": p / 2}, p

    def make(self):
        """{method: {column: Row}}."""
        columns = ("difference", "p", "worse", "equivalent", "better", "false_claim", "rank", "nemenyi_p",
                   "bootstrap_difference", "bootstrap_p")
        for method in self.methods:
            for name in columns:
                self.put(method, name, None)
        drawn = {m: self.drawn(m, self.times) for m in self.compared}
        p = {m: bootstrap_p(drawn[m]) for m in self.compared if drawn[m]}
        t = {m: self.t_rows(m) for m in self.compared}
        p_holm = holm(p, len(self.methods) - 1)
        t_holm = holm({m: q for m, (_, q) in t.items() if q is not None}, len(self.methods) - 1)
        for m in self.compared:
            bounds = [quantile(drawn[m], (1 + sign * CONFIDENCE) / 2) for sign in (-1, 1)] if drawn[m] else (None, None)
            found, value = t[m][0], difference(self.value(m), self.value("baseline"))
            self.put(m, "difference", value, *found.get("interval", (None, None)), t_holm.get(m))
            self.put(m, "p", t_holm.get(m))
            self.put(m, "bootstrap_difference", value, *bounds)
            self.put(m, "bootstrap_p", p_holm.get(m))
            for name in ("worse", "equivalent", "better", "false_claim"):
                self.put(m, name, found.get(name))
        self.add_ranks()
        return self.rows

    def add_ranks(self):
        ranked = [m for m in self.methods if m == "baseline" or m in self.compared]
        folds = {m: self.folds(m) for m in ranked}
        sums = dict.fromkeys(ranked, 0.0)
        for fold in folds["baseline"]:
            for m in ranked:
                own = folds[m][fold]
                others = [folds[o][fold] for o in ranked]
                tied = sum(difference(v, own) == 0 for v in others)
                sums[m] += sum(difference(v, own) > 0 for v in others) + (1 + tied) / 2
        n, k = len(folds["baseline"]), len(ranked)
        for m in ranked:
            self.put(m, "rank", sums[m] / n)
            if m != "baseline":
                q = math.sqrt(2) * abs(sums[m] - sums["baseline"]) / n / math.sqrt(k * (k + 1) / (6 * n))
                self.put(m, "nemenyi_p", range_tail(q, k))
