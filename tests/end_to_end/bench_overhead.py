"""What the orchestration costs a cell: a grid of empty cells (trainers return made-up results at once).

Prints microseconds a cell for local trainers and for 4 ranks under mpirun, start-up and shut-down left out (first
attempt's start to last attempt's end, from the store), and the ratio to a yardstick of the same run: one fsynced append
and one SQLite transaction a cell, by a loop that does nothing else. Beside it, with 4 workers and where this Python has
them (`pip install hyperqueue "dask[distributed]"`): HyperQueue, which starts `true` for each of 2,000 tasks, and Dask,
which calls a function that does nothing. Neither makes anything durable.
"""
import contextlib
import io
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


def measure(folder, name, ranks, trainers):
    (folder / name).mkdir()
    grid = Grid(folder / name, methods=METHODS)
    status = grid.run(ranks, trainers, ("--empty-cells", "0"))
    assert status == 0, status
    (span,) = grid.rows("SELECT max(ended) - min(started) FROM attempts")[0]
    assert grid.count_done() == CELLS
    return span / CELLS


OTHERS_TASKS = 2000


def hyperqueue(folder):
    """Seconds a task; its client asks once a second whether all are done, which is left in. The two files that it
    writes for each task, stdout and stderr, go into folder."""
    from hyperqueue import Job, LocalCluster
    from hyperqueue.cluster import WorkerConfig
    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=4))
        client = cluster.client()
        job = Job()
        for _ in range(OTHERS_TASKS):
            job.program(["true"], cwd=str(folder))
        start = time.perf_counter()
        with contextlib.redirect_stderr(io.StringIO()):
            client.wait_for_jobs([client.submit(job)])
        return (time.perf_counter() - start) / OTHERS_TASKS


def nothing(task):
    return task


def dask(folder):
    """Seconds a task; nothing is written into folder."""
    from dask.distributed import Client, LocalCluster
    with LocalCluster(n_workers=4, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.gather(client.map(nothing, range(4)))  # everything is loaded
        start = time.perf_counter()
        client.gather(client.map(nothing, range(OTHERS_TASKS), pure=False))
        return (time.perf_counter() - start) / OTHERS_TASKS


def main():
    folder = Path(tempfile.mkdtemp(prefix="mtlgrid-bench-"))
    try:
        least = yardstick(folder, CELLS)
        print(f"yardstick\t{1e6 * least:.0f} us a cell (fsynced append and SQLite transaction)")
        for name, ranks, trainers in (("1 local trainer", 0, 1), ("4 local trainers", 0, 4), ("4 ranks", 4, 1)):
            if ranks and shutil.which("mpirun") is None:
                print(f"{name}\tskipped: no mpirun")
                continue
            seconds = measure(folder, name.replace(" ", "-"), ranks, trainers)
            print(f"{name}\t{1e6 * seconds:.0f} us a cell\t{seconds / least:.1f} x the yardstick")
        for other in (hyperqueue, dask):
            try:
                seconds = other(folder)
            except ImportError as error:
                print(f"{other.__name__}\tskipped: {error}")
                continue
            print(f"{other.__name__}\t{1e6 * seconds:.0f} us a task\t{seconds / least:.1f} x the yardstick")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
