#!/usr/bin/env python3
"""Traces tables back to a store: recomputes them from its raw predictions and embeddings, and compares.

Every value, confidence bound, star, and count of cells (have, want) of table1.csv, table2.csv, delong_*.csv and
comparison_*.csv in TABLES_DIR is computed again from the predictions and embeddings of STORE's grid that TABLES_DIR/tables.json names, by definitions written out
plainly (docs/statistics.md): pairs are counted, steps summed, silhouettes taken in O(n^2), DeLong's components averaged
in fractions. Nothing is taken from the store's metrics or views, and nothing is needed but Python: draws come from
streams.py. Prints how many values of each table agree, and how well; at the first disagreement beyond 1e-10 it says
which, and exits 1. Tables must be those of
the default, `--ci widest`.
"""
import argparse
import csv
import json
import math
import sqlite3
import struct
import sys
from fractions import Fraction
from pathlib import Path
from statistics import NormalDist

import streams
from plain_statistics import (CONFIDENCE, Row, bootstrap_p, differences, holm, mean, mean_of_means, quantile, replicate_means,
                              sample_variance, stars)
from trace_comparisons import Comparison

TOLERANCE = 1e-10  # relative to the larger of 1 and the value: percents and fractions alike


class Disagreement(Exception):
    pass


# --- Metrics, where patient i counts m[i] times -----------------------------------------------------------------------

def auroc(cell, m):
    won = pairs = 0
    for i in cell.positives:
        for j in cell.negatives:
            weight = m[i] * m[j]
            pairs += weight
            won += weight * ((cell.score[i] > cell.score[j]) + (cell.score[i] >= cell.score[j]))
    return won / (2 * pairs) if pairs else None


def auprc(cell, m):
    total = sum(m[i] for i in cell.positives)
    if total == 0 or total == sum(m):
        return None
    area = above = positives = 0
    for threshold in sorted(set(cell.score), reverse=True):
        here = [i for i, score in enumerate(cell.score) if score == threshold]
        above += sum(m[i] for i in here)
        step = sum(m[i] for i in here if cell.label[i])
        positives += step
        area += step / total * positives / above if step else 0
    return area


def silhouette(cell, m):
    size = [sum(m[i] for i in cell.negatives), sum(m[i] for i in cell.positives)]
    if 0 in size or sum(x > 0 for x in m) < 3:
        return None
    total = 0.0
    for i, own in enumerate(cell.label):
        others = size[own] - m[i]  # copies of a patient are not its neighbours
        if m[i] == 0 or others == 0:
            continue
        sums = [0.0, 0.0]
        for j, d in enumerate(cell.distance[i]):
            sums[cell.label[j]] += m[j] * d
        a, b = sums[own] / others, sums[1 - own] / size[1 - own]
        total += m[i] * (b - a) / max(a, b) if max(a, b) > 0 else 0
    return total / sum(m)


METRICS = {"auroc": auroc, "auprc": auprc, "silhouette": silhouette}


# --- What the store holds ---------------------------------------------------------------------------------------------

class CellOn:
    """A finished cell's patients on one cohort, in the order of their names."""

    def __init__(self, database, cell_id, attempt, cohort):
        rows = database.execute(
            "SELECT p.patient, label, score, vector FROM predictions p LEFT JOIN embeddings USING (cell_id, attempt, "
            "cohort, patient) WHERE cell_id = ? AND attempt = ? AND cohort = ?", (cell_id, attempt, cohort)).fetchall()
        rows.sort(key=lambda row: row[0].encode())
        self.patient = [row[0] for row in rows]
        self.label = [row[1] for row in rows]
        self.score = [row[2] for row in rows]
        self.positives = [i for i, y in enumerate(self.label) if y == 1]
        self.negatives = [i for i, y in enumerate(self.label) if y == 0]
        x = [struct.unpack(f"<{len(row[3]) // 4}f", row[3]) for row in rows if row[3] is not None]
        self.distance = [[math.dist(a, b) for b in x] for a in x] if cohort != "test" and len(x) == len(rows) else None

    def value(self, metric, m):
        if metric == "silhouette" and self.distance is None:
            return None
        return METRICS[metric](self, m)


class Biomarker:
    """All cells of a biomarker: {(auxiliary, method, fold, repeat): (cell_id, attempt or None)}."""

    def __init__(self, database, grid, name):
        self.database, self.grid, self.name = database, grid, name
        self.cells = {(a, m, f, r): (cell, attempt) for a, m, f, r, cell, attempt in database.execute(
            "SELECT auxiliary, method, fold, repeat, cell_id, result_attempt FROM cells WHERE grid_id = ? AND biomarker = ? "
            "ORDER BY cell_id", (grid, name))}
        self.auxiliaries = list(dict.fromkeys(a for a, *_ in self.cells))
        self.runs = sorted({(f, r) for _, _, f, r in self.cells})
        present = {m for _, m, *_ in self.cells}
        self.methods = [m for (m,) in database.execute("SELECT name FROM methods ORDER BY position") if m in present]
        self.cohorts = {"test" if role == "train" else cohort: cohort for cohort, role in database.execute(
            "SELECT cohort, role FROM grid_cohorts WHERE grid_id = ? AND biomarker = ? ORDER BY position",
            (grid, name))}

    def test_over_train(self):
        """Patients of held-out folds over those trained on, validation included."""
        counts = dict(self.database.execute(
            "SELECT role = 'test', count(*) FROM splits WHERE grid_id = ? AND biomarker = ? GROUP BY 1",
            (self.grid, self.name)))
        return counts[1] / counts[0]

    def on(self, cohort):
        """{(auxiliary, method, fold, repeat): CellOn} of the cells that have a result."""
        return {key: CellOn(self.database, cell, attempt, cohort)
                for key, (cell, attempt) in self.cells.items() if attempt is not None}


# --- What tables are made of ------------------------------------------------------------------------------------------

def usable(cell, m):
    drawn = [y for y, times in zip(cell.label, m) if times]
    return len(drawn) >= 3 and len(set(drawn)) == 2


def draw(cells, patients, stream, resamples):
    """Replicates as {patient: times}; those in which some cell lacks a class or a third patient are drawn again."""
    asked = list({(tuple(c.patient), tuple(c.label)): c for c in cells if usable(c, [1] * len(c.label))}.values())
    kept, number = [], 0
    while len(kept) < resamples and number < 100 * resamples:
        times = dict(zip(patients, streams.multiplicities(stream, number, len(patients))))
        number += 1
        if all(usable(c, [times[p] for p in c.patient]) for c in asked):
            kept.append(times)
    return kept if len(kept) == resamples else []


def draw_repeats(biomarker, stream_seed, resamples):
    """{(auxiliary, fold, repeat): how often it counts in each replicate}, of folds with results of several repeats: R - 1
    draws of their R repeats."""
    repeats, times = {}, {}
    for (a, _, f, r), (_, attempt) in biomarker.cells.items():
        if attempt is not None:
            repeats.setdefault((a, f), set()).add(r)
    for (a, f), numbers in repeats.items():
        if len(numbers) > 1:
            stream = streams.Stream(stream_seed, f"tables/repeats/{biomarker.name}/{a}/{f}")
            drawn = [streams.multiplicities(stream, k, len(numbers), len(numbers) - 1) for k in range(resamples)]
            for i, r in enumerate(sorted(numbers)):
                times[a, f, r] = [d[i] for d in drawn]
    return times


def mean_rows(biomarker, points, replicates, times, auxiliaries, scale):
    """{method: Row} of one column; points {(a, m, f, r): value or None}, replicates the same of lists, times as draw_repeats()
    has it."""
    rows, means, over = {}, {}, {}
    for method in biomarker.methods:
        wanted = [(a, f, r) for a, m, f, r in biomarker.cells if a in auxiliaries and m == method]
        row = rows[method] = Row(len(wanted))
        over[method] = [(a, f, r) for a, f, r in wanted if points.get((a, method, f, r)) is not None]
        row["have"] = len(over[method])
        if not over[method]:
            continue
        row["value"] = scale * mean_of_means({(a, f, r): points[a, method, f, r] for a, f, r in over[method]})
        of_cells = {(a, f, r): replicates[a, method, f, r] for a, f, r in over[method]}
        means[method] = replicate_means(of_cells, times)
        defined = [scale * v for v in means[method] if v is not None]
        if defined and 2 * len(defined) >= len(means[method]):
            row["ci_low"] = quantile(defined, (1 - CONFIDENCE) / 2)
            row["ci_high"] = quantile(defined, (1 + CONFIDENCE) / 2)
    p = {}
    for method in means:
        if method != "baseline" and means[method] and set(over[method]) == set(over.get("baseline", ())):
            if drawn := differences(means[method], means["baseline"]):
                p[method] = bootstrap_p(drawn)
    for method, adjusted in holm(p, len(biomarker.methods) - 1).items():
        rows[method]["stars"] = stars(adjusted)
    return rows


def variance(values):
    """The variance of the values' mean."""
    return sample_variance(values) / len(values)


def components(cell):
    """V10 of each positive and V01 of each negative, exact."""
    def share(i, j):
        return Fraction((cell.score[i] > cell.score[j]) + (cell.score[i] >= cell.score[j]), 2)

    v10 = [mean([share(i, j) for j in cell.negatives]) for i in cell.positives]
    v01 = [mean([share(i, j) for i in cell.positives]) for j in cell.negatives]
    return v10, v01


def delong_rows(biomarker, auxiliary, fold, repeat, cells):
    """{method: Row} of one column of a table delong_*."""
    rows, of = {}, {}
    for method in biomarker.methods:
        row = rows[method] = Row(int((auxiliary, method, fold, repeat) in biomarker.cells))
        cell = cells.get((auxiliary, method, fold, repeat))
        if cell is None or not cell.positives or not cell.negatives:
            continue
        of[method] = cell, *components(cell)
        row["have"], row["value"] = 1, float(mean(of[method][1]))
        if min(len(cell.positives), len(cell.negatives)) < 2:
            continue
        v = variance(of[method][1]) + variance(of[method][2])
        if v > 0:
            half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * math.sqrt(v)
            row["ci_low"], row["ci_high"] = max(0.0, row["value"] - half), min(1.0, row["value"] + half)
    p = {}
    for method, (cell, v10, v01) in of.items():
        if method == "baseline" or "baseline" not in of or min(len(v10), len(v01)) < 2:
            continue
        base, base10, base01 = of["baseline"]
        if (cell.patient, cell.label) != (base.patient, base.label):
            continue
        v = variance([a - b for a, b in zip(v10, base10)]) + variance([a - b for a, b in zip(v01, base01)])
        difference = mean(v10) - mean(base10)
        if v > 0:
            p[method] = math.erfc(abs(difference) / math.sqrt(2 * v))
        elif difference == 0:
            p[method] = 1.0
    for method, adjusted in holm(p, len(biomarker.methods) - 1).items():
        rows[method]["stars"] = stars(adjusted)
    return rows


# --- All tables of a grid ---------------------------------------------------------------------------------------------

def recompute(database, grid, resamples, seed):
    """{table: {(method, biomarker, cohort, auxiliary, metric, fold or "", repeat or ""): Row}} of a grid."""
    names = [name for (name,) in database.execute(
        "SELECT biomarker FROM cells WHERE grid_id = ? GROUP BY biomarker ORDER BY min(cell_id)", (grid,))]
    tables = {"table1": {}, "table2": {}}
    for biomarker in (Biomarker(database, grid, name) for name in names):
        times = draw_repeats(biomarker, seed, resamples)
        for cohort, label in biomarker.cohorts.items():
            cells = biomarker.on(cohort)
            patients = sorted({p for c in cells.values() for p in c.patient}, key=str.encode)
            drawn = draw(cells.values(), patients, streams.Stream(seed, f"tables/{biomarker.name}/{cohort}"), resamples)

            def add(table, rows, auxiliary, metric, fold="", repeat=""):
                for method, row in rows.items():
                    tables.setdefault(table, {})[method, biomarker.name, label, auxiliary, metric, fold, repeat] = row

            for metric in ("auroc", "auprc") if cohort == "test" else METRICS:
                points = {key: c.value(metric, [1] * len(c.label)) for key, c in cells.items()}
                replicates = {key: [c.value(metric, [times[p] for p in c.patient]) for times in drawn]
                              for key, c in cells.items()}
                if metric == "silhouette":
                    for auxiliary in biomarker.auxiliaries:
                        add("table2", mean_rows(biomarker, points, replicates, times, [auxiliary], 1), auxiliary,
                            metric)
                elif "baseline" in biomarker.methods:
                    compared = Comparison(biomarker, cells, points, replicates, times, cohort != "test").make()
                    for column in compared["baseline"]:
                        add(f"comparison_{biomarker.name}_{label}_{metric}",
                            {m: rows[column] for m, rows in compared.items()}, "mean", f"{metric}_{column}")
                table, scale = ("table2", 1) if metric == "silhouette" else ("table1", 100)
                add(table, mean_rows(biomarker, points, replicates, times, biomarker.auxiliaries, scale), "mean", metric)
            for auxiliary in biomarker.auxiliaries:
                for fold, repeat in biomarker.runs:
                    rows = delong_rows(biomarker, auxiliary, fold, repeat, cells)
                    add(f"delong_{biomarker.name}_{auxiliary}", rows, auxiliary, "auroc", str(fold), str(repeat))
    return tables


def compare(file, expected):
    """(values compared, largest difference); raises Disagreement."""
    with open(file, newline="") as text:
        found = {(r["method"], r["biomarker"], r["cohort"], r["auxiliary"], r["metric"], r["fold"], r["repeat"]): r
                 for r in csv.DictReader(text)}
    if found.keys() != expected.keys():
        raise Disagreement(f"{file}: rows differ from the grid's: {sorted(found.keys() ^ expected.keys())[:3]}")
    compared, largest = 0, 0.0
    for key, row in expected.items():
        for name, value in row.items():
            shown = found[key][name]
            where = f"{file}, {'/'.join(key)}, {name}: {shown or 'empty'}, from the store {value}"
            compared += 1
            if (value is None) != (shown == ""):
                raise Disagreement(where)
            if value is not None:
                difference = abs(float(shown) - value) / max(1.0, abs(value))
                largest = max(largest, difference)
                if difference > TOLERANCE:
                    raise Disagreement(where)
    return compared, largest


def main():
    parser = argparse.ArgumentParser(description="Recompute tables from a store's raw predictions, and compare.")
    parser.add_argument("store", metavar="STORE")
    parser.add_argument("tables", metavar="TABLES_DIR", type=Path)
    parser.add_argument("--resamples", type=int, default=1000, help="replicates of the tables (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1337, help="seed of the tables (default: %(default)s)")
    options = parser.parse_args()
    grid = json.loads((options.tables / "tables.json").read_text())["grid"]
    with sqlite3.connect(f"{Path(options.store).resolve().as_uri()}?mode=ro", uri=True) as database:
        tables = recompute(database, grid, options.resamples, options.seed)
    try:
        for name, expected in tables.items():
            compared, largest = compare(options.tables / f"{name}.csv", expected)
            print(f"{compared} values of {name} agree to {largest:.1e}")
    except Disagreement as disagreement:
        print(f"DISAGREE: {disagreement}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
