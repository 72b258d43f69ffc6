"""How far off `plan` and the ETA of a run are: a small grid with early stopping, predicted against real.

Usage: bench_eta.py [--trainers N] [--epochs N] [--patients N] [--methods LIST] [--auxiliaries LIST] [--csv FILE]
The grid's first fold is run, then the rest. `plan` is asked before anything is done (a guess), between the two runs
(learned from the first fold), and at each quarter of the second: was the real time within its range, which is to hold 8
in 10? During both runs STORE.progress is read whenever it is written anew, and its `eta_seconds` compared with what
really was left until the last result. Ratios are predicted to real: 2 is twice too long.
"""
import argparse
import csv
import json
import math
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from grid import MTLGRID, Grid

PLANNER = MTLGRID
FOLDS = 3  # of the small grid
MOMENTS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9)  # parts of a run at which its ETA is looked at
QUARTERS = (0.25, 0.5, 0.75)  # of its cells, at which `plan` is asked
UNITS = {"h": 3600, "min": 60, "s": 1}


def seconds_of(text):
    """Seconds of a time as `plan` prints it: '3 min 05 s', 'under 1 s'."""
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+) (h|min|s)\b", text))


class Forecast:
    """What `plan` says of the cells that are not done."""

    def __init__(self, grid, trainers):
        self.asked = time.time()
        text = subprocess.run([PLANNER, "plan", grid.config], capture_output=True, text=True, check=True).stdout
        row = re.search(rf"(?m)^ *{trainers}  (\S.*?)  +(\S.*?) to (\S.*?)  ", text)
        basis = re.search(r"(?m)^  (from \d+ cells? .*|a guess.*)$", text)
        if not row or not basis:
            raise SystemExit(f"`plan` has no times for {trainers} trainers:\n{text}")
        self.expected, self.low, self.high = map(seconds_of, row.groups())
        self.basis = basis.group(1)
        self.cells = int(re.search(r"Expected times for the (\d+) cells", text).group(1))

    def against(self, real):
        """Whether the range holds the real time, and all of it in words. The times are printed in whole seconds, rounded up."""
        within = self.low - 1 <= real <= self.high
        return within, (f"{self.expected} s ({self.low} to {self.high}: {'within' if within else 'OUTSIDE'}), real "
                        f"{real:.0f} s, ratio {self.expected / real:.2f}; {self.basis}")


def watch(grid, run, trainers, cells, quarters):
    """[(time, eta or None)] of every STORE.progress seen until the run ended, and forecasts at quarters of its cells."""
    file = Path(str(grid.store) + ".progress")
    seen, forecasts, before = {}, [], grid.count_done() if grid.store.exists() else 0
    quarters = list(quarters)
    while run.process.poll() is None:
        try:
            picture = json.loads(file.read_text())
            seen[picture["time"]] = picture["eta_seconds"]
        except (FileNotFoundError, json.JSONDecodeError):
            pass
        if quarters and grid.count_done() - before >= quarters[0] * cells:
            quarters.pop(0)
            forecasts.append(Forecast(grid, trainers))
        time.sleep(0.2)
    if run.wait() != 0:
        raise SystemExit(f"the run ended with {run.process.returncode}:\n{run.output()}")
    return sorted(seen.items()), forecasts


def run_part(name, grid, trainers, cells, arguments, quarters, rows):
    """Runs and prints ETA against real; returns its seconds, its end and the forecasts made meanwhile."""
    before = time.time()
    pictures, forecasts = watch(grid, grid.start(trainers=trainers, arguments=arguments), trainers, cells, quarters)
    began, end = grid.rows(f"SELECT min(started), max(ended) FROM attempts WHERE started >= {before}")[0]
    real = end - began
    print(f"\n{name}: {cells} cells in {real:.0f} s; {len(pictures)} pictures, "
          f"{sum(eta is None for _, eta in pictures)} without an ETA")
    for moment in MOMENTS:
        later = [(t, eta) for t, eta in pictures if moment * real <= t - began < real]
        if later:
            t, eta = later[0]
            print(f"  {100 * (t - began) / real:3.0f} % gone\tETA " + ("unknown" if eta is None else f"{eta:.0f} s")
                  + f"\treal {end - t:.0f} s\tratio " + ("-" if eta is None else f"{eta / (end - t):.2f}"))
    rows += [(name, t - began, end - t, eta) for t, eta in pictures if t < end]
    # Of the last tenth some seconds are left, whose ratios say nothing.
    logs = [math.log(max(eta, 0.1) / (end - t)) for t, eta in pictures if eta is not None and end - t > 0.1 * real]
    if logs:
        off = math.exp(math.sqrt(sum(x * x for x in logs) / len(logs)))
        print(f"  ETA off by a factor of {off:.2f} (root mean square of the logarithm, first nine tenths), mean ratio "
              f"{math.exp(sum(logs) / len(logs)):.2f}", flush=True)
    return real, end, forecasts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainers", type=int, default=2, help="1, 2, 4, ... 64: a row of plan's table")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--patients", type=int, default=60)
    parser.add_argument("--methods", default="all")
    parser.add_argument("--auxiliaries", default="ITH")
    parser.add_argument("--csv", type=Path, help="every ETA: part, seconds gone, seconds left, eta_seconds")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mtlgrid-bench-"))
    rows, checks = [], []
    grid = None
    try:
        grid = Grid(folder, arguments.epochs, arguments.patients, arguments.methods, arguments.auxiliaries)
        guess = Forecast(grid, arguments.trainers)
        first, _, _ = run_part("first fold", grid, arguments.trainers, guess.cells // FOLDS, ("--only", "fold=0"), (), rows)
        learned = Forecast(grid, arguments.trainers)
        second, end, later = run_part("the rest", grid, arguments.trainers, learned.cells, (), QUARTERS, rows)
        print(f"\nplan, {arguments.trainers} trainers")
        for name, forecast, real in [("before anything", guess, first + second), ("after the first fold", learned, second),
                                     *(("during the rest", f, end - f.asked) for f in later)]:
            within, text = forecast.against(real)
            checks.append(within)
            print(f"  {name}: {text}")
        print(f"within their ranges: {sum(checks)} of {len(checks)} (they depend on each other: one grid)")
    finally:
        if grid:
            grid.end()
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file).writerows([("part", "gone", "left", "eta"), *rows])


if __name__ == "__main__":
    main()
