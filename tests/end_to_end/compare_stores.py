"""How far the results of two stores' newest grids are apart, cell by cell: by rounding, precision, device, version.

Usage: compare_stores.py A.db B.db
Prints, for the cells that both have, the largest and the mean difference of every metric by cohort, of the predictions,
and of the numbers of epochs; then Table 1's values (means over folds and auxiliaries, percent) side by side.
"""
import sqlite3
import sys
from collections import defaultdict

CELL = "biomarker || '/' || auxiliary || '/' || method || '/' || fold"


def rows(file, columns, table):
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        return db.execute(f"SELECT {CELL}, {columns} FROM {table} JOIN cells USING (cell_id) "
                          f"WHERE {table}.attempt = result_attempt AND grid_id = (SELECT max(grid_id) FROM cells)"
                          ).fetchall()


def both(a, b, columns, keys, table):
    """{key: (value in A, value in B)} of the cells that both have; None where one has no such row. `columns`: keys
    first, then one value."""
    read = [{row[:1 + keys]: row[-1] for row in rows(file, columns, table)} for file in (a, b)]
    cells = {key[0] for key in read[0]} & {key[0] for key in read[1]}
    return {key: (read[0].get(key), read[1].get(key)) for key in sorted({*read[0], *read[1]}) if key[0] in cells}


def gaps(pairs):
    return [abs(x - y) for x, y in pairs if x is not None and y is not None]


def in_one_alone(pairs):
    return sum((x is None) != (y is None) for x, y in pairs)


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    a, b = sys.argv[1:]
    metrics = both(a, b, "cohort, metric, value", 2, "metrics")
    cells_of = [{row[0] for row in rows(file, "epoch", "epochs")} for file in (a, b)]
    print(f"{len(cells_of[0] & cells_of[1])} cells in both, {len(cells_of[0] ^ cells_of[1])} in one alone\n")
    print("| cohort | metric | largest difference | mean difference | in | defined in one alone |")
    print("| --- | --- | --- | --- | --- | --- |")
    groups = defaultdict(dict)
    for (cell, cohort, metric), pair in metrics.items():
        groups[cohort, metric][cell] = pair
    for (cohort, metric), cells in sorted(groups.items()):
        found = gaps(cells.values())
        alone = in_one_alone(cells.values())
        if found:
            worst = max(cells, key=lambda cell: max(gaps([cells[cell]]), default=0))
            print(f"| {cohort} | {metric} | {max(found):.1e} | {sum(found) / len(found):.1e} | {worst} | {alone} |")
        elif alone:
            print(f"| {cohort} | {metric} | | | | {alone} |")
    for what in ("score", "prediction"):
        pairs = both(a, b, f"cohort, patient, {what}", 2, "predictions").values()
        found = gaps(pairs)
        print(f"\nLargest difference of a {what}: {max(found, default=0):.1e} of {len(found):,}, "
              f"{in_one_alone(pairs)} in one alone.")
    epochs = both(a, b, "epoch, epoch", 1, "epochs")
    other = {cell for (cell, _), pair in epochs.items() if None in pair}
    print(f"\nCells that stopped at another epoch: {len(other)}.")
    print("\n| method | cohort | AUROC | | AUPRC | |\n| --- | --- | --- | --- | --- | --- |")
    table = defaultdict(list)
    for (cell, cohort, metric), pair in metrics.items():
        if metric in ("auroc", "auprc") and None not in pair:
            table[cell.split("/")[2], cohort, metric].append(pair)
    mean = lambda pairs, side: 100 * sum(pair[side] for pair in pairs) / len(pairs)
    for method, cohort in dict.fromkeys((m, c) for m, c, _ in table):
        values = [f"{mean(table[method, cohort, metric], side):.1f}"
                  for metric in ("auroc", "auprc") for side in (0, 1)]
        print(f"| {method} | {cohort} | {' | '.join(values)} |")


if __name__ == "__main__":
    main()
