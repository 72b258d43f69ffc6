"""What the orchestration costs a cell: a grid of empty cells (trainers return made-up results at once).

Prints microseconds a cell for local workers and for 4 ranks under mpirun, start-up and shut-down left out (first
attempt's start to last attempt's end, from the store), and the ratio to a yardstick of the same run: one fsynced append
and one SQLite transaction a cell, by a loop that does nothing else.
"""
import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

from grid import Grid

METHODS = "all"
CELLS = 2 * 17 * 3


def yardstick(folder, cells):
    """Seconds a cell of the least that a durable store needs: a journal record and a transaction, both synced."""
    log = os.open(folder / "journal", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    db = sqlite3.connect(folder / "rows.db", isolation_level=None)
    db.execute("CREATE TABLE results (cell INTEGER PRIMARY KEY, payload BLOB)")
    payload = b"x" * 2000
    start = time.perf_counter()
    for cell in range(cells):
        os.write(log, payload)
        os.fdatasync(log)
        db.execute("BEGIN")
        db.execute("INSERT INTO results VALUES (?, ?)", (cell, payload))
        db.execute("COMMIT")
    return (time.perf_counter() - start) / cells


def measure(folder, name, ranks, workers):
    (folder / name).mkdir()
    grid = Grid(folder / name, methods=METHODS)
    status = grid.run(ranks, workers, ("--empty-cells", "0"))
    assert status == 0, status
    (span,) = grid.rows("SELECT max(ended) - min(started) FROM attempts")[0]
    assert grid.count_done() == CELLS
    return span / CELLS


def main():
    folder = Path(tempfile.mkdtemp(prefix="mtlgrid-bench-"))
    try:
        least = yardstick(folder, CELLS)
        print(f"yardstick\t{1e6 * least:.0f} us a cell (fsynced append and SQLite transaction)")
        for name, ranks, workers in (("1 local worker", 0, 1), ("4 local workers", 0, 4), ("4 ranks", 4, 1)):
            if ranks and shutil.which("mpirun") is None:
                print(f"{name}\tskipped: no mpirun")
                continue
            seconds = measure(folder, name.replace(" ", "-"), ranks, workers)
            print(f"{name}\t{1e6 * seconds:.0f} us a cell\t{seconds / least:.1f} x the yardstick")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
