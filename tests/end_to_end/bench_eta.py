"""How far off `plan` and the ETA of a run are: a small grid, predicted against real.

Usage: bench_eta.py [--workers N] [--epochs N] [--patients N] [--methods LIST] [--folder FOLDER --only EXPR] [--csv FILE]
Runs a grid twice, halves of its cells (folds), each with an empty queue at its end. Before the first half `plan` guesses;
before the second it knows the first. During both, STORE.progress is read whenever it is written anew: `eta_seconds`
is compared with what really was left until the last result. Prints, by how much of the run had gone, the ratio of
predicted to real (1 is right, 2 twice too long), and whether the real time was within the range that `plan` gave.
With --folder the cells are those of the grid.ini there that --only selects, instead of a synthetic grid.
"""
import argparse
import csv
import json
import math
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from grid import METHODS, MTLGRID, Grid

UNITS = {"h": 3600, "min": 60, "s": 1}
MOMENTS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9)  # parts of a run at which its ETA is looked at


def seconds(text):
    """Of a time as `plan` prints it: '3 min 05 s', 'under 1 s'."""
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+) (h|min|s)\b", text))


def planned(grid, workers):
    """{workers: (expected, low, high)} in seconds of the cells that are not done, what it is based on."""
    text = grid.call("plan", grid.config).stdout
    rows = re.findall(r"(?m)^ *(\d+)  ((?:under )?\d.*?)  +((?:under )?\d.*?) to (.*?)   ", text)
    times = {int(row[0]): tuple(map(seconds, row[1:])) for row in rows}
    if workers not in times:
        raise SystemExit(f"`plan` has no row for {workers} workers:\n{text}")
    basis = re.search(r"Expected times.*\n(?:.*\n)+?  (from .*|a guess.*)\n", text).group(1)
    return times[workers], basis


def watch(grid, run):
    """[(wall time, eta or None)] of every STORE.progress that was seen until the run ended."""
    file = Path(str(grid.store) + ".progress")
    seen = {}
    while run.process.poll() is None:
        try:
            picture = json.loads(file.read_text())
            seen[picture["time"]] = picture["eta_seconds"]
        except (FileNotFoundError, json.JSONDecodeError):
            pass
        time.sleep(0.2)
    if run.wait() != 0:
        raise SystemExit(f"the run ended with {run.process.returncode}:\n{run.output()}")
    return sorted(seen.items())


def ratio(predicted, real):
    return "-" if real <= 0 else f"{predicted / real:.2f}"


class Figures:
    def __init__(self):
        self.logs, self.within, self.rows = [], [], []

    def half(self, grid, fold, workers):
        cells = grid.rows(f"SELECT count(*) FROM cells WHERE state <> 'done' AND {fold}")[0][0] if grid.store.exists() else 0
        return cells


def run_part(grid, workers, only, planned_time, figures, name):
    (expected, low, high), basis = planned_time
    before = time.time()
    run = grid.start(workers=workers, arguments=("--only", only) if only else ())
    pictures = watch(grid, run)
    began, end = grid.rows(f"SELECT min(started), max(ended) FROM attempts WHERE started >= {before}")[0]
    real = end - began
    within = low <= real <= high
    figures["within"].append(within)
    print(f"{name}: {real:.0f} s real, plan said {expected} s ({low} to {high}: {'within' if within else 'OUTSIDE'}), ratio "
          f"{ratio(expected, real)}; {basis}")
    for moment in MOMENTS:
        later = [(t, eta) for t, eta in pictures if t - began >= moment * real and end - t > 0]
        if not later:
            continue
        t, eta = later[0]
        left = end - t
        print(f"  {100 * (t - began) / real:3.0f} % gone: ETA {'unknown' if eta is None else f'{eta:.0f} s'}, real {left:.0f} s"
              f", ratio {'-' if eta is None else ratio(eta, left)}")
    for t, eta in pictures:
        left = end - t
        figures["rows"].append((name, t - began, left, eta))
        if eta is not None and left > 0.1 * real:  # of the last tenth seconds are left: ratios say nothing
            figures["logs"].append(math.log(max(eta, 0.1) / left))
    unknown = sum(eta is None for _, eta in pictures)
    print(f"  {len(pictures)} pictures, {unknown} without an ETA", flush=True)
