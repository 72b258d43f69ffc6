"""The whole grid on the virtual cohorts beside the released code's way, one model after the other.

Usage: bench_grid.py [--only EXPR] [--workers N] [--device cpu] [--store FILE] [--folder shared/data/virtual] [--yardstick FILE]
Runs the selected cells of the paper's grid, full model, by default all methods of one pair and fold; wall time as a user
sees it, evaluation, metrics, checkpoints and store included. The yardstick (shared/tools/reference_step.py, all cores as
its threads) gets the same number of training steps of each method by the time that it takes for one on the same bags,
and nothing for validation, evaluation or metrics. From the selected cells' steps both are extrapolated to all 595.
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
    subprocess.run([BUILD / "mtlgrid", "run", config, "--only", arguments.only, "--workers", str(arguments.workers)],
                   check=True)
    seconds = time.perf_counter() - start
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        steps = db.execute(
            "SELECT method, count(*), (SELECT count(*) FROM splits s WHERE s.grid_id = c.grid_id AND "
            "s.biomarker = c.biomarker AND s.auxiliary = c.auxiliary AND s.fold = c.fold AND role = 'train') "
            "FROM epochs JOIN cells c USING (cell_id) WHERE epochs.attempt = result_attempt GROUP BY cell_id").fetchall()
    by_method = {}
    for method, epochs, patients in steps:
        by_method[method] = by_method.get(method, 0) + epochs * patients
    return seconds, by_method, len(steps)


def yardstick(arguments, methods):
    """{method: seconds a step} of the yardstick on the training cohort's bags; None without it."""
    python = python_with_torch() if arguments.yardstick.exists() else None
    if python is None:
        return None
    out = subprocess.run([python, arguments.yardstick, "bench", arguments.folder / "VTCGA", "--bags", "30", "--threads",
                          str(os.cpu_count()), "--methods", ",".join(["baseline", *methods])],
                         capture_output=True, text=True, check=True).stdout
    return {line.split("\t")[0]: float(line.split("\t")[1].split()[0]) / 1000 for line in out.splitlines()[1:]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="biomarker=MSI,auxiliary=LF,fold=0")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--train", default="", help="further lines of [train]")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared/data/virtual")
    parser.add_argument("--yardstick", type=Path, default=ROOT.parent / "shared/tools/reference_step.py")
    arguments = parser.parse_args()
    if not arguments.folder.exists():
        raise SystemExit(f"{arguments.folder}: the virtual cohorts are not there")
    with tempfile.TemporaryDirectory() as folder:
        seconds, steps, cells = run(arguments, Path(folder), arguments.store or Path(folder) / "grid.db")
    print(f"\n{cells} cells, {sum(steps.values()):,} steps, {arguments.workers} trainers: {seconds:.0f} s; "
          f"all {ALL_CELLS}: {seconds * ALL_CELLS / cells / 3600:.2f} h")
    times = yardstick(arguments, list(steps))
    if times is None:
        return print("no yardstick (its file, or a Python with torch)")
    theirs = sum(times[method] * n for method, n in steps.items())
    print(f"yardstick, one after the other, {os.cpu_count()} threads, steps alone: {theirs:.0f} s; "
          f"all {ALL_CELLS}: {theirs * ALL_CELLS / cells / 3600:.2f} h; ratio {theirs / seconds:.1f}")


if __name__ == "__main__":
    main()
