"""The whole grid on the virtual cohorts beside the released code's way.

Usage: bench_grid.py [--only EXPR] [--trainers N] [--device cpu] [--store FILE] [--folder FOLDER] [--yardstick FILE]
Runs the selected cells of the paper's grid, full model, by default all methods of one pair and fold; wall time as a user
sees it, evaluation, metrics, checkpoints and store included. The yardstick (shared/tools/reference_step.py) gets the
same number of training steps of each method by the time that it takes for one on the training cohort's files (a file a
bag: no larger than ours, which join a patient's), and nothing for validation, evaluation or metrics: one process with
all cores as threads, which is the released code's way, and as many single-threaded processes as there are trainers.
From the selected cells' steps both are extrapolated to all 595.
"""
import argparse
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MTLGRID_BUILD", ROOT / "build"))
sys.path.insert(0, str(ROOT / "tests/trainer"))
from bench_train_step import python_with_torch  # noqa: E402

ALL_CELLS = 595


def run(arguments, folder, store):
    """Seconds of `mtlgrid run`, and {method: training steps}, cells."""
    text = (arguments.folder / "grid.ini").read_text()
    text = re.sub(r"(?m)^store = .*$", f"store = {store}", text)
    text = re.sub(r"(?m)^(clini|slides|features) = ", rf"\1 = {arguments.folder}/", text)
    config = folder / "grid.ini"
    config.write_text(text + f"\n[train]\ndevice = {arguments.device}\n{arguments.train}\n")
    start = time.perf_counter()
    subprocess.run([BUILD / "mtlgrid", "run", config, "--only", arguments.only, "--trainers", str(arguments.trainers)],
                   check=True)
    seconds = time.perf_counter() - start
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        steps = db.execute(
            "SELECT method, count(*), (SELECT count(*) FROM splits s WHERE s.grid_id = c.grid_id AND "
            "s.biomarker = c.biomarker AND s.auxiliary = c.auxiliary AND s.fold = c.fold AND role = 'train') "
            "FROM epochs JOIN cells c USING (cell_id) WHERE epochs.attempt = result_attempt GROUP BY cell_id"
        ).fetchall()
    by_method = {}
    for method, epochs, patients in steps:
        by_method[method] = by_method.get(method, 0) + epochs * patients
    return seconds, by_method, len(steps)


def yardstick(python, arguments, methods, processes, threads):
    """{method: seconds a step} of the yardstick on the training cohort's files, of all processes together."""
    command = [python, arguments.yardstick, "bench", arguments.folder / "VTCGA", "--bags", "30",
               "--threads", str(threads), "--methods", ",".join(["baseline", "cagrad", *methods])]  # once more, for what only first steps do
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    total = dict.fromkeys(methods, 0.0)
    for child in running:
        lines = child.communicate()[0].splitlines()
        if child.returncode != 0:
            raise SystemExit(f"{command}: status {child.returncode}")
        for method, text in dict(line.split("\t") for line in lines[1:]).items():
            if method in total:
                total[method] += float(text.split()[0]) / 1000
    return {method: seconds / processes ** 2 for method, seconds in total.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="biomarker=MSI,auxiliary=LF,fold=0")
    parser.add_argument("--trainers", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--train", default="", help="further lines of [train]")
    parser.add_argument("--store", type=Path, help="where the store is kept; a file that is not there yet")
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared/data/virtual")
    parser.add_argument("--yardstick", type=Path, default=ROOT.parent / "shared/tools/reference_step.py")
    arguments = parser.parse_args()
    if not arguments.folder.exists():
        raise SystemExit(f"{arguments.folder}: the virtual cohorts are not there")
    if arguments.store and arguments.store.exists():
        raise SystemExit(f"{arguments.store}: exists; its cells would be counted without having been timed")
    with tempfile.TemporaryDirectory() as folder:
        seconds, steps, cells = run(arguments, Path(folder), arguments.store or Path(folder) / "grid.db")
    print(f"\n{cells} cells, {sum(steps.values()):,} steps, {arguments.trainers} trainers: {seconds:.0f} s; "
          f"all {ALL_CELLS}: {seconds * ALL_CELLS / cells / 3600:.2f} h")
    python = python_with_torch() if arguments.yardstick.exists() else None
    if python is None:
        return print("no yardstick (its file, or a Python with torch)")
    cores = os.cpu_count()
    for processes, threads in ((1, cores), (arguments.trainers, 1)):
        times = yardstick(python, arguments, list(steps), processes, threads)
        theirs = sum(times[method] * n for method, n in steps.items())
        print(f"yardstick, {processes} at a time with {threads} thread(s), steps alone: {theirs:.0f} s; "
              f"all {ALL_CELLS}: {theirs * ALL_CELLS / cells / 3600:.2f} h; ratio {theirs / seconds:.1f}", flush=True)


if __name__ == "__main__":
    main()
